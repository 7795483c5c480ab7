"""Two validators that know nothing of each other or of us: `jsonschema` (Python) and `jsonschema-rs` (Rust).

Where they differ there is no telling who is right, and the instance is left out and counted.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import jsonschema_rs
from referencing import Registry

from countersign.schema_change.validators import LIBRARY_VALIDATORS

_RUST: dict[str, Any] = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}


class Refused(Exception):
    """A validator does not take the schema."""


class Judge:
    """What both validators say of instances of one schema. Neither asserts formats."""

    def __init__(self, schema: Any, dialect: str) -> None:
        self._schema, self._dialect = schema, dialect
        try:
            self.rust: Any = _RUST[dialect](schema, validate_formats=False)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise Refused(str(error)) from error

    @cached_property
    def _python(self) -> Any:
        return LIBRARY_VALIDATORS[self._dialect](self._schema, registry=Registry())

    def python(self, value: Any) -> bool | None:
        """What the Python validator says; None where it cannot."""
        try:
            return bool(self._python.is_valid(value))
        except (RecursionError, OverflowError, ArithmeticError, ValueError):
            return None
