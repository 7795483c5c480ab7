"""`jsonschema`'s validator classes with rules of our own, made so that a hostile schema cannot switch those off.

Does not resolve references or choose a dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, Draft6Validator, Draft7Validator, Draft201909Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from countersign.schema_change.json_values import canonical
from countersign.strict_json import Json

#: A keyword's rule as the library has it: of a validator, the keyword's value, the instance and the schema around it.
type Rule = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]

#: By the name of the dialect.
LIBRARY_VALIDATORS: dict[str, type[Validator]] = {
    "draft-04": Draft4Validator,
    "draft-06": Draft6Validator,
    "draft-07": Draft7Validator,
    "2019-09": Draft201909Validator,
    "2020-12": Draft202012Validator,
}
_NO_RULES: Mapping[str, Rule] = {}


def unwatched(schema: Json) -> None:
    """For meta-schemas, which end by themselves."""


def extended(
    base: type[Validator], rules: Mapping[str, Rule] = _NO_RULES, watch: Callable[[Json], None] = unwatched
) -> type[Validator]:
    """`base` with `rules` in the place of its own; `watch` sees every subschema before it is used, and may raise.

    The library goes on with a class of its own wherever a subschema states a `$schema`; these stay what they are.
    """
    validator: Any = extend(base, {"uniqueItems": _unique, **rules})  # type: ignore[no-untyped-call]

    def evolve(self: Any, **changes: Any) -> Any:
        watch(changes.get("schema"))
        changes.setdefault("schema", self.schema)
        changes.setdefault("format_checker", self.format_checker)
        changes.setdefault("registry", self._registry)
        changes.setdefault("_resolver", self._resolver)
        return validator(**changes)

    validator.evolve = evolve
    found: type[Validator] = validator
    return found


def _unique(validator: Any, unique: Json, value: Json, schema: Any) -> Iterator[ValidationError]:
    """`uniqueItems` in linear time: the library compares each with each where a hostile list cannot be sorted."""
    if unique and isinstance(value, list) and len({canonical(item) for item in value}) != len(value):
        yield ValidationError("items repeat")
