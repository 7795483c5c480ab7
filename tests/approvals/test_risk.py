"""How risky a held change is, in a word."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from countersign.approvals.request import ApprovalRequest
from countersign.approvals.risk import risk_of

type MakeRequest = Callable[..., ApprovalRequest]

VERDICTS = ("compatible", "breaking", "unknown")


@pytest.mark.parametrize(
    ("backward", "forward", "level", "words"),
    [
        ("breaking", "compatible", "high", "valid today would be refused"),
        ("unknown", "compatible", "high", "nobody could prove that what is valid today"),
        ("compatible", "breaking", "medium", "would become valid"),
        ("compatible", "unknown", "medium", "nobody could prove that today's readers"),
        ("compatible", "compatible", "low", "stays the same"),
    ],
)
def test_the_comparison_says_how_risky(
    backward: str, forward: str, level: str, words: str, a_request: MakeRequest
) -> None:
    """Refused documents are high, new ones medium, proved equality low; what is not known is as bad as what is broken."""
    risk = risk_of(a_request(backward=backward, forward=forward))
    assert risk.level == level
    assert words in risk.why


@pytest.mark.parametrize("effect", ["delete", "settings", "something new"])
def test_what_is_no_new_schema_is_high_whatever_was_compared(effect: str, a_request: MakeRequest) -> None:
    """A delete or a setting has no difference that could make it harmless; the same as an update would be low."""
    assert risk_of(a_request(effect=effect, backward="compatible", forward="compatible")).level == "high"
    assert risk_of(a_request(effect="update", backward="compatible", forward="compatible")).level == "low"


def test_only_what_is_proved_both_ways_is_low(a_request: MakeRequest) -> None:
    """Of every pair of verdicts, also of one that no version has written yet."""
    for backward, forward in product((*VERDICTS, "new-word"), repeat=2):
        low = risk_of(a_request(backward=backward, forward=forward)).level == "low"
        assert low == (backward == forward == "compatible")
