"""International bank account numbers: a country, its length, and check digits modulo 97."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.bank_accounts import find_ibans

EXAMPLE = "DE89370400440532013000"  # of the registry


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_ibans(text)]


@pytest.mark.parametrize(
    "iban",
    [EXAMPLE, "DE89 3704 0044 0532 0130 00", EXAMPLE.lower(), "GB29 NWBK 6016 1331 9268 19", "NO93 8601 1117 947"],
)
def test_an_account_is_found_in_every_spelling(iban: str) -> None:
    """In groups and whole, in both cases, and with words behind it."""
    assert found(iban) == [iban]
    assert found(f"IBAN: {iban} for the rent") == [iban]


def test_wrong_check_digits_length_or_country_are_none() -> None:
    """The twins of an account, one thing changed in each."""
    assert found(EXAMPLE[:-1] + "1") == found(EXAMPLE[:-1]) == found("XX" + EXAMPLE[2:]) == []
    assert found(EXAMPLE) == [EXAMPLE]


def test_an_account_does_not_begin_or_end_in_a_word() -> None:
    """Digests and names hold such letters by chance; the word IBAN does not count."""
    assert found("a" + EXAMPLE) == found(EXAMPLE + "7") == []
    assert found("IBAN" + EXAMPLE) == found(EXAMPLE + "EUR") == [EXAMPLE]
