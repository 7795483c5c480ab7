"""Schemas whose parts mean different things on different ways to them, or to different validators.

Does not say what they mean: of such a schema nothing but a schema written exactly alike is called compatible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from countersign.schema_change.dialect import Dialect, stated, subschemas
from countersign.schema_change.json_values import is_same
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json

_BY_THE_WAY = frozenset({"$dynamicRef", "$recursiveRef"})  #: lead where the way to them says
_IDENTIFIERS = ("$id", "id", "$anchor", "$dynamicAnchor")
_NAMING = frozenset({"$schema", *_IDENTIFIERS})


def is_ambiguous(side: Bundle, dialect: Dialect) -> bool:
    """Whether a document and what its references name, read in `dialect`, can be read in more than one way.

    True where a reference is dynamic (JSON Schema core 2020-12, 8.2.3.2), where a part states another dialect, which
    a pointer into it would pass by, or where two different schemas have one name: then the validator chooses.
    """
    documents = (side.document, *side.schemas.values())
    if not _BY_THE_WAY.isdisjoint(side.names) and any(map(_has_dynamic_reference, documents)):
        return True
    if _NAMING.isdisjoint(side.names):
        return False
    moving = [schema for each in documents for schema in subschemas(each) if "$dynamicAnchor" in schema]
    if _shares_names(moving, {}):
        return True  # across documents too: validators take `$ref` to such an anchor for a dynamic reference
    for each in documents:
        named = [schema for schema in subschemas(each) if not _NAMING.isdisjoint(schema)]
        if any(_states_another(schema, dialect) for schema in named if schema is not side.document):
            return True  # what the root of the document that is compared states is compared as a change
        if _shares_names(named, side.schemas):
            return True
    return False


def is_written_alike(one: Json, other: Json) -> bool:
    """Equal, in the same order: which of two schemas of one name counts can depend on which comes first."""
    return repr(one) == repr(other)


def is_read_alike(bundle: Bundle, dialects: Iterable[Dialect]) -> bool:
    """Whether the document of `bundle` says the same in each of `dialects`: nodes know no dialect's spelling."""
    reader = Reader()
    return len({reader.read(bundle.root(each)) for each in dialects}) == 1


def _has_dynamic_reference(document: Json) -> bool:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if not _BY_THE_WAY.isdisjoint(value) and any(isinstance(value.get(each), str) for each in _BY_THE_WAY):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def _states_another(schema: dict[str, Json], dialect: Dialect) -> bool:
    uri = stated(schema)
    return uri is not None and uri != dialect.uri


def _shares_names(schemas: Iterable[dict[str, Json]], bundle: Mapping[str, Json]) -> bool:
    named: dict[tuple[str, str], Json] = {}
    for schema in schemas:
        for keyword in _IDENTIFIERS:
            name = schema.get(keyword)
            if not isinstance(name, str):
                continue
            others = [named.setdefault((keyword.removeprefix("$"), name), schema)]
            if keyword in ("$id", "id"):
                others += [each for other, each in bundle.items() if f"/{name}".removesuffix("#").endswith(f"/{other}")]
            if any(other is not schema and not is_same(other, schema) for other in others):
                return True
    return False


__all__ = ["is_ambiguous", "is_read_alike", "is_written_alike"]
