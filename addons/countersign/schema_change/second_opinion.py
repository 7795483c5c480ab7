"""Does a value match a schema, in the words of another program: `jsonschema`, bounded, fetching and asserting no formats.

Regular expressions are judged by our own automata, as the library's engine backtracks; references lead where `references`
has them lead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry

from countersign.schema_change import keywords
from countersign.schema_change.patterns import matches
from countersign.schema_change.references import Place
from countersign.schema_change.service_validators import SERVICE_BASES, SERVICE_RULES
from countersign.schema_change.steps import Spend
from countersign.schema_change.validators import LIBRARY_VALIDATORS, extended
from countersign.strict_json import Json

_ENTRIES_PER_STEP = 16  # of lists and maps in one schema


class NoOpinion(Exception):
    """The library cannot say: past a limit, a reference to nowhere, an expression that is not understood, no schema."""


@dataclass(frozen=True, slots=True)
class _Run:
    place: Place
    spend: Spend


_run: ContextVar[_Run] = ContextVar("run")  # the library hands nothing of ours through to its rules


def is_valid(place: Place, value: Json, spend: Spend) -> bool:
    """Whether `value` matches the schema at `place`. Raises NoOpinion.

    `spend` is called once for each step (some microseconds) and may raise to end the work.
    """
    token = _run.set(_Run(place, spend))
    try:
        _watch(place.schema)
        validator: Any = _VALIDATORS[place.dialect.name]
        found: bool = validator(place.schema, registry=_NO_REGISTRY, _resolver=place.resolver).is_valid(value)
    except Exception as error:
        raise NoOpinion from error
    finally:
        _run.reset(token)
    return found


def _watch(schema: Json) -> None:
    count = 1
    if isinstance(schema, dict):
        count += len(schema) // _ENTRIES_PER_STEP
        for value in schema.values():
            if isinstance(value, dict | list):
                count += len(value) // _ENTRIES_PER_STEP
    _run.get().spend(count)


def _reference(validator: Any, reference: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    target = replace(_run.get().place, resolver=validator._resolver).follow(reference)
    yield from validator.descend(value, target.schema, resolver=target.resolver)


def _pattern(validator: Any, expression: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _is_found(expression, value):
        yield ValidationError("the pattern is not found")


def _pattern_properties(validator: Any, patterns: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for expression, subschema in patterns.items():
            for name, member in value.items():
                if _is_found(expression, name):
                    yield from validator.descend(member, subschema)


def _additional_properties(validator: Any, rest: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        for name, member in value.items():
            patterns = schema.get("patternProperties", {})
            if name not in schema.get("properties", {}) and not any(_is_found(each, name) for each in patterns):
                yield from validator.descend(member, rest)


def _unevaluated_properties(validator: Any, rest: Any, value: Json, schema: Any) -> Iterator[ValidationError]:
    """The library's own rule where it runs no regular expression."""
    if "patternProperties" in schema or keywords.APPLIED_IN_PLACE & schema.keys():
        raise NoOpinion
    yield from (
        LIBRARY_VALIDATORS[_run.get().place.dialect.name].VALIDATORS["unevaluatedProperties"](
            validator, rest, value, schema
        )
        or ()
    )


def _is_found(expression: str, text: str) -> bool:
    answer = matches(expression, text, _run.get().spend)
    if answer is None:
        raise NoOpinion
    return answer


_RULES = {
    "$ref": _reference,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
}
_VALIDATORS: dict[str, type[Validator]] = {
    name: extended(
        base,
        {**_RULES, "unevaluatedProperties": _unevaluated_properties}
        if "unevaluatedProperties" in base.VALIDATORS
        else _RULES,
        _watch,
    )
    for name, base in LIBRARY_VALIDATORS.items()
} | {name: extended(base, {**_RULES, **SERVICE_RULES[name]}, _watch) for name, base in SERVICE_BASES.items()}
_NO_REGISTRY: Registry[Any] = Registry()
