"""Where the subschemas of a schema object stand, by its keywords; of all drafts of JSON Schema, in one vocabulary.

Does not tell drafts apart, and follows no references.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.masking.schemas.schema_locations import Location
from countersign.strict_json import Json

REFERENCES: Final = frozenset(("$ref", "$dynamicRef", "$recursiveRef"))
DEFINITIONS: Final = frozenset(("$defs", "definitions"))
_IN_PLACE: Final = frozenset(
    "allOf anyOf oneOf not if then else extends propertyNames dependentSchemas dependencies".split()
)
_MAPS: Final = DEFINITIONS | {"properties", "patternProperties", "dependentSchemas", "dependencies"}
_PARTS: Final = frozenset(
    """
    properties patternProperties additionalProperties unevaluatedProperties
    items prefixItems additionalItems unevaluatedItems contains contentSchema
    """.split()
)
SUBSCHEMAS: Final = DEFINITIONS | _IN_PLACE | _PARTS
#: Behind these stand values that instances may have.
INSTANCE_VALUES: Final = frozenset(("default", "examples", "example", "const", "enum"))
_OTHER_KEYWORDS: Final = frozenset(
    """
    $schema $id id $anchor $dynamicAnchor $recursiveAnchor $vocabulary $comment title description format type deprecated
    readOnly writeOnly nullable required dependentRequired multipleOf divisibleBy minimum maximum exclusiveMinimum
    exclusiveMaximum minLength maxLength pattern minItems maxItems uniqueItems minContains maxContains minProperties
    maxProperties contentEncoding contentMediaType discriminator xml externalDocs disallow
    """.split()
)
KEYWORDS: Final = SUBSCHEMAS | REFERENCES | _OTHER_KEYWORDS


def subschemas_at(location: Location) -> Iterator[tuple[str, str | int | None, Location]]:
    """Where keywords say that subschemas stand: the keyword, the member's name or the item's index behind it, the place."""
    if not isinstance(location.value, dict):
        return
    for keyword, value in location.value.items():
        if keyword not in SUBSCHEMAS:
            continue
        if keyword in _MAPS and isinstance(value, dict):
            members = location.down(keyword)
            for name, member in value.items():
                yield from ((keyword, name, each) for _, each in _objects(members, name, member))
        elif keyword not in _MAPS:
            yield from ((keyword, key, each) for key, each in _objects(location, keyword, value))


def _objects(above: Location, token: str, value: Json) -> Iterator[tuple[int | None, Location]]:
    """The object that `value` is, or the objects in the array that it is."""
    if isinstance(value, dict):
        yield None, above.down(token)
    elif isinstance(value, list):
        items = above.down(token)
        yield from ((index, items.down(index)) for index, item in enumerate(value) if isinstance(item, dict))


def loose_objects(location: Location) -> Iterator[tuple[str, Location]]:
    """Other objects in this one, with the keyword: behind unknown ones, or in another form than it has; not instances' values."""
    assert isinstance(location.value, dict)
    for keyword, value in location.value.items():
        if keyword in INSTANCE_VALUES or not isinstance(value, dict | list):
            continue
        if keyword in SUBSCHEMAS and (isinstance(value, dict) or keyword not in _MAPS):
            continue
        yield from ((keyword, each) for each in outermost_objects(location.down(keyword)))


def outermost_objects(location: Location) -> Iterator[Location]:
    """The object at `location`, or the objects in the array that is there."""
    waiting = [location]
    while waiting:
        here = waiting.pop()
        if isinstance(here.value, dict):
            yield here
        elif isinstance(here.value, list):
            items = enumerate(here.value)
            waiting.extend(here.down(index) for index, item in items if isinstance(item, dict | list))
