"""Made-up schemas of the dialects that services have: OpenAPI 3.0, and structural schemas of Kubernetes."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.schema_change.oracle_edits import edited
from tests.schema_change.oracle_schemas import Maker
from tests.schema_change.oracle_targets import Side, leads_back

SERVICES = ("openapi-3.0", "kubernetes")
_LEFT_OUT = {
    "openapi-3.0": ("$schema", "patternProperties", "additionalItems", "dependencies"),
    "kubernetes": ("$schema", "patternProperties", "additionalItems", "dependencies", "$ref", "definitions"),
}
_MORE: dict[str, list[dict[str, Any]]] = {
    "openapi-3.0": [
        {"nullable": True},
        {"readOnly": True},
        {"writeOnly": True},
        {"discriminator": {"propertyName": "a"}},
    ],
    "kubernetes": [
        {"nullable": True},
        {"default": 1},
        {"x-kubernetes-preserve-unknown-fields": True},
        {"x-kubernetes-int-or-string": True},
        {"x-kubernetes-list-type": "set"},
        {"x-kubernetes-validations": [{"rule": "true"}]},
    ],
}


def service_pair(random: Random, dialect: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema and an edited one."""
    maker = Maker(random, "draft-04")
    while True:
        old = Side(maker.document())
        new = edited(maker, old)
        if not leads_back(old) and not leads_back(new):
            seed = random.random()  # the same on both sides, so that they differ by the edits alone
            return _of(Random(seed), dialect, old.document), _of(Random(seed), dialect, new.document)


def _of(random: Random, dialect: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of draft 4 in the words of `dialect`, with some that only that dialect has."""
    made: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _LEFT_OUT[dialect]:
            continue
        if keyword == "type":
            names = value if isinstance(value, list) else [value]
            made["type"] = next((name for name in names if name != "null"), "object")
            if "null" in names:
                made["nullable"] = True
        elif keyword in ("properties", "definitions"):
            made[keyword] = {name: _of(random, dialect, each) for name, each in value.items()}
        elif keyword in ("allOf", "anyOf", "oneOf"):
            made[keyword] = [_of(random, dialect, each) for each in value]
        elif keyword == "items":
            made["items"] = _of(random, dialect, value[0] if isinstance(value, list) else value)
        elif keyword in ("not", "additionalProperties") and isinstance(value, dict):
            made[keyword] = _of(random, dialect, value)
        else:
            made[keyword] = value
    if dialect == "kubernetes":
        made.setdefault("type", random.choice(("object", "object", "string", "array")))
    if random.random() < 0.1:
        made.update(random.choice(_MORE[dialect]))
    return made
