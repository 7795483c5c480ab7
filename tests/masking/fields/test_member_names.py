"""Names that masking rules hide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from countersign.masking.fields.field_names import BUILT_IN_NAMES
from countersign.masking.fields.member_names import masked_names
from countersign.rulebook.values import BuiltInMasking, MaskingDirection, MaskingRule, Source

NOTHING = BuiltInMasking(names_off=tuple(BUILT_IN_NAMES))
NAMES = {"password", "iban", "cards", "number", "a", "b", "secrets", "payment", "default", "colour"}


def rule(*paths: str, directions: tuple[MaskingDirection, ...] = ("request", "response")) -> MaskingRule:
    return MaskingRule("r", ("main*",), ("order-*",), directions, paths, (), (), "redact", 0, Source("masking.yaml", 1))


def found(*rules: MaskingRule, connection: str = "main", subject: str | None = "order-1") -> set[str]:
    """Those of NAMES that the rules hide, where nothing is built in."""
    names = masked_names(rules, NOTHING, connection=connection, subject=subject)
    return {name for name in NAMES if name in names}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("$..password", {"password"}),
        ("$.payment.iban", {"iban"}),
        ("$..cards[*]", {"cards"}),
        ("$..cards[0].number", {"number"}),
        ("$.['a','b']", {"a", "b"}),
        ("$..*", set()),
        ("$.secrets.*", {"secrets"}),
    ],
)
def test_the_last_name_of_a_path_is_hidden(path: str, names: set[str]) -> None:
    """An index or a wildcard belongs to what it stands behind; alone it names nothing."""
    assert found(rule(path)) == names


def test_rules_hold_for_their_connections_and_subjects_and_for_data() -> None:
    """As masking itself has it; a rule that speaks of schemas alone names keywords, no members of data."""
    assert found(rule("$..iban"), connection="main-2") == {"iban"}
    assert found(rule("$..iban"), subject=None) == {"iban"}
    assert found(rule("$..iban"), connection="other") == set()
    assert found(rule("$..iban"), subject="invoice") == set()
    assert found(rule("$..iban.default", directions=("schema",))) == set()


def test_names_in_rules_are_hidden_in_any_spelling() -> None:
    """A rule by name masks them all; a path names one spelling."""
    names = masked_names([replace(rule("$.tint"), names=("tax id",))], NOTHING, connection="main", subject=None)
    assert all(name in names for name in ("taxId", "tax_id", "TAX-ID", "tint"))
    assert not any(name in names for name in ("tax", "Tint", 7))


def test_built_in_names_are_hidden_unless_they_are_switched_off() -> None:
    """They are masked without any rule."""
    names = masked_names([], BuiltInMasking(), connection="main", subject=None)
    assert all(name in names for name in ("password", "db_password", "iban"))
    assert "colour" not in names
    assert "iban" not in masked_names([], BuiltInMasking(names_off=("iban",)), connection="main", subject=None)
