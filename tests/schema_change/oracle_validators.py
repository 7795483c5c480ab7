"""Two validators that know nothing of each other or of us: `jsonschema` (Python) and `jsonschema-rs` (Rust).

Where they differ there is no telling who is right, and the instance is left out and counted. Both follow anchors, nested
identifiers with relative references, `$dynamicRef`, `$recursiveRef` and references into a bundle, the way that each dialect
has them. `jsonschema-rs` refuses a schema with a reference that leads nowhere; `jsonschema` only sees it on the way.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import jsonschema_rs
from referencing import Registry
from referencing.exceptions import Unresolvable

from countersign.schema_change.dialect import NAMED
from countersign.schema_change.validators import LIBRARY_VALIDATORS
from tests.schema_change.oracle_targets import Side

_RUST: dict[str, Any] = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}
_RUST_DRAFTS = {
    "draft-04": jsonschema_rs.Draft4,
    "draft-06": jsonschema_rs.Draft6,
    "draft-07": jsonschema_rs.Draft7,
    "2019-09": jsonschema_rs.Draft201909,
    "2020-12": jsonschema_rs.Draft202012,
}
_RUST_BASE = "json-schema:///"  #: of relative names, and of a document without an identifier


class Refused(Exception):
    """A validator does not take the schema."""


class Judge:
    """What both validators say of instances of one schema. Neither asserts formats."""

    def __init__(self, side: Side, dialect: str) -> None:
        self._side, self._dialect = side, dialect
        named = [(name if ":" in name else _RUST_BASE + name, schema) for name, schema in side.bundle.items()]
        try:
            registry = jsonschema_rs.Registry(named, draft=_RUST_DRAFTS[dialect]) if named else None
            self.rust: Any = _RUST[dialect](side.document, validate_formats=False, registry=registry)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise Refused(str(error)) from error

    @cached_property
    def _python(self) -> Any:
        create = NAMED[self._dialect].specification.create_resource
        registry: Registry[Any] = Registry()
        named = [(name, create(schema)) for name, schema in self._side.bundle.items()]
        return LIBRARY_VALIDATORS[self._dialect](self._side.document, registry=registry.with_resources(named))

    def python(self, value: Any) -> bool | None:
        """What the Python validator says; None where it cannot."""
        try:
            return bool(self._python.is_valid(value))
        except (RecursionError, OverflowError, ArithmeticError, ValueError, Unresolvable):
            return None
