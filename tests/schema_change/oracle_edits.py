"""Realistic edits of made-up schemas."""

from __future__ import annotations

import copy

from tests.schema_change.oracle_schemas import NAMES, PATTERNS, SIZES, Maker
from tests.schema_change.oracle_targets import IDENTIFIERS, REFERENCES, Side, subschemas

_KEPT = ("$schema", "$defs", "definitions", *IDENTIFIERS)


def edited(maker: Maker, side: Side) -> Side:
    """A copy with one to four edits, as people make them."""
    changed = copy.deepcopy(side)
    for _ in range(maker.random.choice((1, 1, 1, 2, 2, 3, 4))):
        _edit(maker, changed)
    return changed


def _edit(maker: Maker, side: Side) -> None:
    random = maker.random
    if random.random() < 0.05 and _exchange(maker, side):
        return
    schemas = [schema for root in side.roots for schema in subschemas(root)]
    inside = {id(each) for schema in schemas for each in subschemas({"$defs": schema.get(maker.definitions, {})})}
    used = [schema for schema in schemas if id(schema) not in inside]  # mostly what surely counts
    schema = random.choice(schemas if random.random() < 0.2 or side.bundle else used)
    names = [name for name in schema if name not in _KEPT]
    name = random.choice(names) if names else ""
    value, roll = schema.get(name), random.random()
    if not name or roll < 0.25:
        random.choice(maker.keywords())(schema, 2)
    elif roll < 0.4:
        del schema[name]
    elif name in REFERENCES:
        schema[name] = random.choice([each[name] for each in schemas if name in each])
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


def _exchange(maker: Maker, side: Side) -> bool:
    """Two schemas exchange their names, so that references lead elsewhere; False where there are none."""
    keyword = maker.random.choice(IDENTIFIERS)
    named = [schema for root in side.roots for schema in subschemas(root) if keyword in schema]
    if len(named) < 2:
        return False
    one, other = maker.random.sample(named, 2)
    one[keyword], other[keyword] = other[keyword], one[keyword]
    return True
