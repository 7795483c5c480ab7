"""Which dialect of JSON Schema a document is written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from referencing import Specification
from referencing.jsonschema import DRAFT4, DRAFT6, DRAFT7, DRAFT201909, DRAFT202012, Schema

from countersign.schema_change import keywords
from countersign.strict_json import Json


@dataclass(frozen=True, slots=True)
class Dialect:
    """One published dialect and where its rules differ."""

    name: str
    uri: str  #: of its meta-schema, without an empty fragment
    specification: Specification[Schema]
    ref_has_siblings: bool  #: keywords next to `$ref` count (2019-09 and later)
    tuple_items: bool  #: an array in `items` is a tuple, `additionalItems` speaks of the rest
    boolean_exclusive: bool  #: `exclusiveMinimum: true` (draft-04)
    float_integers: bool  #: 1.0 is an integer (draft-06 and later)
    is_stated: bool = True  #: documents name it in `$schema`; else the service knows it, whatever a document states
    prunes: bool = False  #: members that an object's schema does not declare are not kept, defaults are filled in

    assertions: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "assertions", keywords.ASSERTIONS[self.name])

    def annotates(self, keyword: str) -> bool:
        """Whether `keyword` is known to leave validation alone."""
        more = keywords.MORE_ANNOTATIONS.get(self.name, ())
        return keyword not in self.assertions and (keywords.is_annotation(keyword) or keyword in more)


DRAFT_04 = Dialect("draft-04", "http://json-schema.org/draft-04/schema", DRAFT4, False, True, True, False)
DRAFT_06 = Dialect("draft-06", "http://json-schema.org/draft-06/schema", DRAFT6, False, True, False, True)
DRAFT_07 = Dialect("draft-07", "http://json-schema.org/draft-07/schema", DRAFT7, False, True, False, True)
DRAFT_2019_09 = Dialect("2019-09", "https://json-schema.org/draft/2019-09/schema", DRAFT201909, True, True, False, True)
DRAFT_2020_12 = Dialect(
    "2020-12", "https://json-schema.org/draft/2020-12/schema", DRAFT202012, True, False, False, True
)
#: The Schema Object of OpenAPI 3.0.x, and the structural schemas of Kubernetes' CustomResourceDefinition (v1).
OPENAPI_3_0 = Dialect("openapi-3.0", "openapi-3.0", DRAFT4, False, True, True, False, is_stated=False)
KUBERNETES = Dialect("kubernetes", "kubernetes", DRAFT4, False, True, True, True, is_stated=False, prunes=True)
#: By what `$schema` says.
DIALECTS = {each.uri: each for each in (DRAFT_04, DRAFT_06, DRAFT_07, DRAFT_2019_09, DRAFT_2020_12)}
#: By the name that a dialect file, an option or a caller gives.
NAMED = {each.name: each for each in (*DIALECTS.values(), OPENAPI_3_0, KUBERNETES)}
DIALECT_NAMES = tuple(NAMED)


def named(identifier: str) -> Dialect | None:
    """The dialect of this name or `$schema`; None where there is none."""
    return NAMED.get(identifier) or DIALECTS.get(identifier.removesuffix("#"))


def stated(document: Json) -> str | None:
    """The `$schema` of `document` without an empty fragment; None where it has none."""
    uri = document.get("$schema") if isinstance(document, dict) else None
    return uri.removesuffix("#") if isinstance(uri, str) else None


def readings(*documents: Json) -> tuple[Dialect, ...]:
    """The dialects in which documents without `$schema` can be meant, by the keywords that they use.

    Where several fit and the difference counts, all are returned: a verdict then has to hold in each.
    """
    old = new = four = siblings = integers = False
    for document in documents:
        for schema in subschemas(document):
            old = old or not keywords.ONLY_OLD.isdisjoint(schema) or isinstance(schema.get("items"), list)
            old = old or str(schema.get("$id")).startswith("#")  # a plain name of draft-06 and draft-07
            new = new or not keywords.ONLY_NEW.isdisjoint(schema)
            four = four or any(isinstance(schema.get(end), bool) for end in ("exclusiveMinimum", "exclusiveMaximum"))
            siblings = siblings or ("$ref" in schema and bool(DRAFT_2020_12.assertions & (schema.keys() - {"$ref"})))
            integers = integers or _has_whole_float(schema)
    if four:
        return (DRAFT_04, DRAFT_2020_12) if new else (DRAFT_04,)
    if old != new:
        found: tuple[Dialect, ...] = (DRAFT_07,) if old else (DRAFT_2020_12,)
    else:
        found = (DRAFT_2020_12, DRAFT_07) if old or siblings else (DRAFT_2020_12,)
    return (*found, replace(found[0], float_integers=False)) if integers and not new else found


def _has_whole_float(schema: dict[str, Json]) -> bool:
    """Whether a value such as 1.0 is named, which is an integer in some dialects only."""
    if "enum" not in schema and "const" not in schema:
        return False
    values = schema.get("enum")
    named = [*(values if isinstance(values, list) else []), schema.get("const")]
    return any(isinstance(value, float) and value.is_integer() for value in named)


def subschemas(document: Json) -> Iterator[dict[str, Json]]:
    """Every schema object in `document`, itself included, found through the keywords that hold schemas."""
    waiting = [document]
    while waiting:
        schema = waiting.pop()
        if not isinstance(schema, dict):
            continue
        yield schema
        for keyword, value in schema.items():
            if not isinstance(value, dict | list) or keyword not in keywords.SUBSCHEMAS:
                continue
            if isinstance(value, list):
                waiting.extend(value)
            elif "map" in keywords.SUBSCHEMAS[keyword]:
                waiting.extend(value.values())
            else:
                waiting.append(value)
