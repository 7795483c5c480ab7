"""Realistic edits of made-up schemas."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tests.schema_change.oracle_schemas import IN_PLACE, NAMES, PATTERNS, SIZES, Maker


def edited(maker: Maker, document: dict[str, Any]) -> dict[str, Any]:
    """A copy with one to four edits, as people make them."""
    changed = copy.deepcopy(document)
    for _ in range(maker.random.choice((1, 1, 1, 2, 2, 3, 4))):
        _edit(maker, changed)
    return changed


def _edit(maker: Maker, document: dict[str, Any]) -> None:
    random = maker.random
    used = document if random.random() < 0.2 else {**document, maker.definitions: {}}  # mostly what surely counts
    schema = random.choice(list(_schemas(used)))
    schema = document if schema is used else schema
    names = [name for name in schema if name not in ("$schema", maker.definitions)]
    name = random.choice(names) if names else ""
    value, roll = schema.get(name), random.random()
    if not name or roll < 0.25:
        random.choice(maker.keywords())(schema, 2)
    elif roll < 0.4:
        del schema[name]
    elif isinstance(value, bool):
        schema[name] = not value
    elif isinstance(value, int | float):
        schema[name] = max(0 if name in SIZES else value - 1, value + random.choice((-1, 1)))
    elif isinstance(value, list) and value:
        if len(value) > 1 and random.random() < 0.5:
            value.pop(random.randrange(len(value)))
        elif name == "enum":
            value.extend(each for each in ["new"] if each not in value)
        elif name == "required":
            value.extend(each for each in [random.choice(NAMES)] if each not in value)
        elif name in ("allOf", "anyOf", "oneOf", "prefixItems"):
            value.append(maker.schema(3))
    elif isinstance(value, dict) and name in ("properties", "patternProperties"):
        value[random.choice(NAMES)] = maker.child(3)
    elif name == "type":
        schema["type"] = [value, "null"] if value != "null" else ["null", "string"]
    elif isinstance(value, str) and name == "pattern":
        schema[name] = random.choice(PATTERNS)


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema that is an object, found by where schemas stand."""
    if not isinstance(value, dict):
        return
    yield value
    for keyword, inner in value.items():
        if keyword in ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"):
            for each in inner.values():
                yield from _schemas(each)
        elif keyword not in ("enum", "const"):
            for each in inner if isinstance(inner, list) else [inner]:
                yield from _schemas(each)


def leads_back(document: dict[str, Any]) -> bool:
    """Whether a reference leads to where it stands, at the same value: validators recurse for ever."""

    def visit(schema: Any, around: tuple[int, ...]) -> bool:
        if not isinstance(schema, dict):
            return False
        if id(schema) in around:
            return True
        inner: list[Any] = []
        for keyword in IN_PLACE:
            value = schema.get(keyword, [])
            by_name = keyword in ("dependentSchemas", "dependencies")
            inner += (
                list(value.values())
                if by_name and isinstance(value, dict)
                else value
                if isinstance(value, list)
                else [value]
            )
        if isinstance(schema.get("$ref"), str):
            target: Any = document
            for part in schema["$ref"].split("/")[1:]:
                target = target[part]
            inner.append(target)
        return any(visit(each, (*around, id(schema))) for each in inner)

    return any(visit(schema, ()) for schema in _schemas(document))
