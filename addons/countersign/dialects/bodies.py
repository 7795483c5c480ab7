"""The one reading of a JSON body, and where schemas and references stand in it. Does not check what a schema means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from countersign import limits, strict_json
from countersign.dialects import targets
from countersign.dialects.operations import Reference
from countersign.dialects.quotation import quoted
from countersign.errors import BadInput, TooLarge, UnsupportedMedia
from countersign.rulebook.values import BundlePlace, SchemaPlace
from countersign.strict_json import Json

_JSON_TYPE = re.compile(r"(?:application|text)/(?:json|[a-z0-9!#$&^_.+-]+\+json|x-amz-json-1\.[01])")
_CHARSET = re.compile(r'charset="?([^";]*)"?', re.IGNORECASE)


def check_media_type(media_type: str | None) -> None:
    """Raise UnsupportedMedia unless a Content-Type says JSON in UTF-8, or nothing at all (RFC 8259 section 8.1)."""
    if media_type is None:
        return
    essence, *parameters = (part.strip() for part in media_type.split(";"))
    if not _JSON_TYPE.fullmatch(essence.lower()):
        raise UnsupportedMedia("the body is not sent as JSON; send Content-Type: application/json")
    for parameter in parameters:
        charset = _CHARSET.fullmatch(parameter)
        if charset is None and "charset" in parameter.lower():
            raise UnsupportedMedia("the charset of the body cannot be read; leave it out")
        if charset is not None and charset[1].lower() not in ("utf-8", "utf8"):
            raise UnsupportedMedia("JSON is UTF-8; send the body so, and no other charset")


def parse(body: bytes, *, max_values: int | None = None) -> Json:
    """The body as JSON whose numbers every reader sees alike; `max_values` as for `strict_json.loads`. Raises BadInput, TooLarge."""
    if not body:
        raise BadInput("the body is empty; this operation needs a JSON body")
    return strict_json.loads(body, exact_numbers=True, max_values=max_values)


def check_members(document: Json, members: Sequence[str], only_if: Mapping[str, str]) -> None:
    """Raise BadInput unless `document` has only `members` (none given: any) and those of `only_if` with their values."""
    if not members and not only_if:
        return
    if not isinstance(document, dict):
        raise BadInput("the body is not a JSON object")
    for member, wanted in only_if.items():
        if document.get(member) != wanted:
            raise BadInput(f"the member {member!r} of the body must be {wanted!r}")
    for member in document if members else ():
        if member not in members:
            raise BadInput(
                f"the body has the member {quoted(member)}, which reviewers would not see; "
                f"only these are let through: {', '.join(members)}"
            )


def schema_at(place: SchemaPlace, document: Json, *, max_values: int | None = None) -> Json:
    """The schema, an object or a boolean; `max_values` of one in a string. Raises BadInput naming the place, TooLarge."""
    found, value = _at(place.path, document)
    if not found:
        raise BadInput(f"there is no schema at {place.path} of the body")
    if place.form == "json-string":
        if not isinstance(value, str):
            raise BadInput(f"the schema at {place.path} of the body is not a string that holds JSON")
        try:
            value = strict_json.loads(value.encode(), exact_numbers=True, max_values=max_values)
        except BadInput as error:
            raise type(error)(f"the schema at {place.path} of the body: {error.detail}") from None
    if not isinstance(value, dict | bool):
        raise BadInput(f"what stands at {place.path} of the body is not a schema; it must be an object or a boolean")
    return value


def references_at(bundle: BundlePlace | None, document: Json, depth: int = 1) -> tuple[Reference, ...]:
    """The references that `document` lists; none where it has no list. Raises BadInput, TooLarge."""
    if bundle is None:
        return ()
    found, entries = _at(bundle.path, document)
    if not found or entries is None:
        return ()
    if not isinstance(entries, list):
        raise BadInput(f"what stands at {bundle.path} of the body is not a list")
    if len(entries) > limits.MAX_REFERENCES or (entries and depth > limits.MAX_REFERENCE_DEPTH):
        raise TooLarge(
            f"a schema has more than {limits.MAX_REFERENCES} references, "
            f"or they are nested deeper than {limits.MAX_REFERENCE_DEPTH}"
        )
    references = tuple(_reference(bundle, entry, depth) for entry in entries)
    if len({reference.name for reference in references}) != len(references):
        raise BadInput(f"{bundle.path} of the body names a reference twice")
    return references


def _reference(bundle: BundlePlace, entry: Json, depth: int) -> Reference:
    if not isinstance(entry, dict):
        raise BadInput(f"an entry of {bundle.path} of the body is not an object")
    name = entry.get(bundle.name)
    if not isinstance(name, str) or not name:
        raise BadInput(f"an entry of {bundle.path} of the body has no {bundle.name!r}")
    values: dict[str, str] = {}
    for placeholder in targets.placeholders(bundle.lookup.path):
        value = entry.get(placeholder)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadInput(f"an entry of {bundle.path} of the body has no {placeholder!r}")
        values[placeholder] = str(value)
    try:
        target = targets.fill(bundle.lookup.path, values)
    except BadInput:
        raise BadInput(f"an entry of {bundle.path} of the body has a value that cannot stand in a path") from None
    return Reference(
        name=name,
        target=target,
        schema=bundle.lookup.schema,
        references=bundle if bundle.nested else bundle.lookup.references,
        only_if=bundle.lookup.only_if,
        depth=depth,
    )


def _at(path: str, document: Json) -> tuple[bool, Json]:
    """What stands at a JSONPath of member names: at most one place, since members are unique."""
    value = document
    for member in path.split(".")[1:]:
        if not isinstance(value, dict) or member not in value:
            return False, None
        value = value[member]
    return True, value
