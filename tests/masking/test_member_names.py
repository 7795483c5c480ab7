"""Names that masking rules hide."""

from __future__ import annotations

from typing import Literal

import pytest

from countersign.masking.member_names import masked_names
from countersign.rulebook.values import MaskingRule, Source


def rule(
    *paths: str, directions: tuple[Literal["request", "response", "schema"], ...] = ("request", "response")
) -> MaskingRule:
    return MaskingRule("r", ("main*",), ("order-*",), directions, paths, (), (), "redact", 0, Source("masking.yaml", 1))


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
    assert masked_names([rule(path)], connection="main", subject="order-1") == names


def test_rules_hold_for_their_connections_and_subjects_and_for_data() -> None:
    """As masking itself has it; a rule that speaks of schemas alone names keywords, no members of data."""
    rules = [rule("$..iban")]
    assert masked_names(rules, connection="main-2", subject="order-1") == {"iban"}
    assert masked_names(rules, connection="main", subject=None) == {"iban"}
    assert not masked_names(rules, connection="other", subject="order-1")
    assert not masked_names(rules, connection="main", subject="invoice")
    assert not masked_names([rule("$..iban.default", directions=("schema",))], connection="main", subject="order-1")
