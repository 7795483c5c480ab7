"""Values with several readings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from countersign.masking.carriers.readings import SEVERAL_READINGS, mask_readings
from countersign.masking.replacements import DROPPED, REDACTED, Dropped, Replacements
from tests.masking.rules import DIGEST, rule

type Reading = Callable[[Replacements], str | Dropped]


def masks(name: str, to: str | Dropped | None = None) -> Reading:
    """A reading in which the rule `name` masks something; what comes out is `to`."""

    def reading(replacements: Replacements) -> str | Dropped:
        masked = replacements.by(rule(name), "x", f"place of {name}")
        return masked if to is None else to

    return reading


def clean(replacements: Replacements) -> str:
    """A reading with nothing to mask."""
    return f"not looked at: {replacements.total}"


@pytest.mark.parametrize("readings", [[clean], [clean, clean], []])
def test_nothing_to_mask_in_any_reading(readings: list[Reading]) -> None:
    """The value stays, and nothing counts."""
    replacements = Replacements(DIGEST)
    assert mask_readings(readings, replacements, "here") is None
    assert (replacements.total, replacements.masked, replacements.places) == (0, {}, {})


@pytest.mark.parametrize(
    ("readings", "masked", "tally"),
    [
        ([masks("a")], REDACTED, {"a": 1}),
        ([masks("a"), clean], REDACTED, {"a": 1}),
        ([clean, masks("a")], REDACTED, {"a": 1}),
        ([masks("a", DROPPED), clean], DROPPED, {"a": 1}),
        ([masks("a", "x"), clean, masks("b", "x")], "x", {"a": 1}),
        ([masks("a", "x"), masks("b", "x"), clean], "x", {"a": 1}),
        ([masks("a", "x"), masks("b", "y")], REDACTED, {SEVERAL_READINGS: 1}),
        ([clean, masks("a", "x"), masks("b", DROPPED)], REDACTED, {SEVERAL_READINGS: 1}),
    ],
)
def test_what_any_reading_masks_is_masked(
    readings: list[Reading], masked: str | Dropped, tally: dict[str, int]
) -> None:
    """One outcome is taken, and counts once; where they differ, nothing of the value is left."""
    replacements = Replacements(DIGEST)
    replacements.redact("before", "there")
    assert mask_readings(readings, replacements, "here") == masked
    assert replacements.masked == {"before": 1, **tally}
    assert replacements.total == 2
    place = "here" if SEVERAL_READINGS in tally else "place of a"
    assert replacements.places == {"before": ("there",), next(iter(tally)): (place,)}


def test_what_a_reading_raises_comes_out() -> None:
    """Whoever asked keeps nothing then."""

    def fail(_: Replacements) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        mask_readings([clean, fail], Replacements(DIGEST), "here")
