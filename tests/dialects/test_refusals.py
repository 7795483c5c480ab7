from __future__ import annotations

from countersign.dialects.refusals import refusal_members
from countersign.rulebook.values import Dialect, Source


def test_confluent_clients_get_a_number_and_a_message(confluent: Dialect) -> None:
    """error_code is an int in their form, message what they show; digits in a detail stay text."""
    assert refusal_members(confluent, status=503, detail="42", code="approval-pending") == {
        "error_code": 50300,
        "message": "42",
    }


def test_a_dialect_may_add_nothing(rest: Dialect) -> None:
    """The plain service has problem+json alone."""
    assert refusal_members(rest, status=403, detail="no", code="denied") == {}


def test_all_words_are_filled_in_once() -> None:
    """Braces in a detail are not templates."""
    dialect = Dialect("d", (), {"a": "{code}: {detail} ({status})", "b": "7", "c": "{status}"}, Source("d.yaml", 1))
    members = refusal_members(dialect, status=403, detail="{code}", code="denied")
    assert members == {"a": "denied: {code} (403)", "b": 7, "c": 403}
