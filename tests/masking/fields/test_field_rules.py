"""Who masks the value of a field by the field's name."""

from __future__ import annotations

import pytest

from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRules
from tests.masking.rules import rule

FIRST, SECOND = rule("first", names=("team", "token")), rule("second", names=("team", "room_number"))
BUILT_IN = built_in_rule("field-name")


def name_of(fields: FieldRules, name: str) -> str | None:
    """The rule for `name`."""
    found = fields.of(name)
    return None if found is None else found.rule.name


def test_rules_go_before_the_built_in_names() -> None:
    """The first rule that has a name, in any spelling, masks by it; then what is built in; then nobody."""
    fields = FieldRules([FIRST, SECOND], BUILT_IN)
    assert [name_of(fields, each) for each in ("team", "TEAM", "roomNumber", "access[token]", "password", "colour")] == [
        "first", "first", "second", "first", "built-in:field-name", None
    ]  # fmt: skip


def test_a_rule_is_explicit_and_a_built_in_name_is_not() -> None:
    """A mark goes between the two."""
    fields = FieldRules([FIRST], BUILT_IN)
    named, built_in = fields.of("team"), fields.of("password")
    assert named is not None
    assert built_in is not None
    assert (named.is_explicit, built_in.is_explicit) == (True, False)


def test_a_rule_has_only_its_own_names() -> None:
    """Those that are built in count for it no more than for any other, and can be absent."""
    fields = FieldRules([FIRST], None)
    assert (name_of(fields, "password"), name_of(fields, "team")) == (None, "first")
    assert not FieldRules([], None).is_secret("password")


def test_a_built_in_name_can_be_off() -> None:
    """Where it is no secret here; the others stay."""
    fields = FieldRules([], BUILT_IN, names_off=("token",))
    assert not fields.is_secret("token")
    assert fields.is_secret("password")


def test_marked_properties_count_by_their_exact_names() -> None:
    """After the rules, and without changing what they were added to."""
    fields = FieldRules([FIRST], BUILT_IN)
    marked = fields.also({"team": rule("mark"), "colour": rule("mark")})
    assert [name_of(marked, each) for each in ("team", "colour", "Colour")] == ["first", "mark", None]
    assert not fields.is_secret("colour")


@pytest.mark.parametrize(
    ("names", "found"),
    [(["users", "0", "password"], "built-in:field-name"), (["password", "team"], "first"), (["users", "name"], None)],
)
def test_a_path_of_names(names: list[str], found: str | None) -> None:
    """Any of them says that the value is a secret; a rule goes before a built-in name."""
    rule_found = FieldRules([FIRST], BUILT_IN).of_path(names)
    assert (rule_found.rule.name if rule_found else None) == found
