"""What detectors report, and how reports that touch each other become one."""

from __future__ import annotations

from countersign.masking.detectors.findings import DETECTOR_NAMES, ORDER, Finding, merged


def test_every_name_has_its_place() -> None:
    """Whoever asks which of two names counts gets an answer for all of them."""
    assert len(ORDER) == len(DETECTOR_NAMES) == 11


def test_findings_come_in_order() -> None:
    """Whatever order detectors report in; findings that only meet stay two."""
    first, second = Finding(0, 4, "email"), Finding(4, 9, "iban")
    assert merged([second, first]) == (first, second)


def test_a_finding_inside_another_one_disappears() -> None:
    """What shows the end of a card must not show the end of the secret around it."""
    outer = Finding(0, 30, "assigned-secret")
    assert merged([Finding(5, 20, "payment-card"), outer]) == (outer,)


def test_of_two_names_for_one_place_the_one_that_says_more_counts() -> None:
    """A key with a form of its own also looks random."""
    assert merged([Finding(0, 9, "high-entropy"), Finding(0, 9, "cloud-key")]) == (Finding(0, 9, "cloud-key"),)


def test_two_that_overlap_become_one() -> None:
    """Nothing of either stays readable."""
    assert merged([Finding(0, 9, "phone"), Finding(5, 12, "iban"), Finding(20, 21, "jwt")]) == (
        Finding(0, 12, "iban"),
        Finding(20, 21, "jwt"),
    )
