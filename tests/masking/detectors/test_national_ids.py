"""Numbers that a state knows a person by: by their own form, or by a label in front of them."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.national_ids import find_national_ids


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_national_ids(text)]


@pytest.mark.parametrize(
    "number",
    [
        "123-45-6789",
        "123 45 6789",
        "AB123456C",
        "12345678Z",
        "RSSMRA85T10A562S",
        "529.982.247-25",
        "131052-308T",
        "756.9217.0769.85",
    ],
)
def test_a_number_is_found_by_its_form(number: str) -> None:
    """Alone, and between words and other columns."""
    assert found(number) == [number]
    assert found(f"of {number}, born in May") == [number]
    assert found(f"7,{number},x") == [number]


def test_another_check_digit_is_nobodys() -> None:
    """The twins of two numbers that have check digits."""
    assert found("12345678A") == found("529.982.247-26") == found("000-45-6789") == []
    assert found("12345678Z") == ["12345678Z"]


@pytest.mark.parametrize("text", ["9123-45-6789", "123-45-67891", "123-45-6789-1", "x123-45-6789", "1.123-45-6789"])
def test_a_number_inside_something_longer_is_none(text: str) -> None:
    """Its form counts only where it begins and ends."""
    assert found(text) == []


@pytest.mark.parametrize(
    "label", ["SSN: ", "ssn ", "PESEL: ", "Steuer-ID ", "social security number is ", "Personal-ID no. ", "passport: "]
)
def test_bare_digits_count_behind_their_label(label: str) -> None:
    """The same digits without the label are an order number."""
    assert found(f"{label}480127536") == ["480127536"]
    assert found("order 480127536") == []


def test_a_label_counts_for_what_follows_it_at_once() -> None:
    """Not for a number at the end of the sentence, nor inside another word."""
    assert found("the SSN of this order 480127536") == found("mission: 480127536") == []
