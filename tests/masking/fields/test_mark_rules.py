"""Who masks what a mark says is sensitive."""

from __future__ import annotations

from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.schema_marks import FIELD_NAME, TOO_COMPLEX, UNRESOLVED
from countersign.rulebook.values import BuiltInMasking
from tests.masking.rules import rule


def test_a_rule_changes_who_masks_by_a_mark() -> None:
    """The first one that names it, and before all that is built in."""
    rules = MarkRules(
        [rule("one", marks=("x-internal", "x-pii")), rule("two", marks=("x-internal",))], BuiltInMasking()
    )
    mark = rules.marks.of({"x-secret": True, "x-internal": True})
    assert mark == "x-internal"
    assert rules.rule_of("x-internal").name == "one"
    assert rules.rule_of("x-pii").name == "one"
    assert rules.rule_of("x-secret").name == "built-in:x-secret"


def test_built_in_marks_can_be_off_one_by_one_and_all() -> None:
    """A mark that is off marks nothing, unless a rule names it."""
    off = BuiltInMasking(marks_off=("X-PII", "writeOnly"))
    assert MarkRules([], off).marks.of({"x-pii": True, "writeOnly": True}) is None
    assert MarkRules([], off).marks.of({"x-secret": True}) == "x-secret"
    assert MarkRules([rule(marks=("x-pii",))], off).marks.of({"x-pii": True}) == "x-pii"
    assert MarkRules([], None).marks.of({"x-secret": True}) is None


def test_what_schemas_say_without_a_mark_has_rules_too() -> None:
    """A reference that leads nowhere, a schema that says too much, a name that is secret."""
    rules = MarkRules([], None)
    for mark in (FIELD_NAME, TOO_COMPLEX, UNRESOLVED):
        assert rules.rule_of(mark).name == f"built-in:{mark}"
