"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.contacts import find_emails, find_phones


def emails(text: str) -> list[str]:
    """What stands where addresses are found."""
    return [text[finding.start : finding.end] for finding in find_emails(text)]


def phones(text: str, *regions: str) -> list[str]:
    """What stands where numbers are found."""
    return [text[finding.start : finding.end] for finding in find_phones(text, regions)]


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.com",
        "b.o-b+x@sub.example.co.uk",
        "jörg@münchen.example",
        '"b ob"@example.com',
        "b@[192.0.2.1]",
        "b@xn--mller-kva.de",
    ],
)
def test_an_address_is_found(address: str) -> None:
    """Alone, in brackets and at the end of a sentence."""
    assert emails(address) == [address]
    assert emails(f"Write to <{address}>.") == [address]
    assert emails(f"mailto:{address}?subject=x") == [address]
    assert emails(f"I am {address}.") == emails(f"{address}.\n1.") == emails(f"{address}.12") == [address]


@pytest.mark.parametrize(
    "text",
    [
        "@example",
        "lodash@4.17.21",
        "icon@2x.png",
        "git@github.com:acme/x.git",
        "a @ b.com",
        "${USER}@example.com",
        "x@localhost",
        "[^@]+@[^@]+",
        "this@Outer.method()",
    ],
)
def test_other_uses_of_the_sign_are_no_addresses(text: str) -> None:
    """Packages, pictures, repositories, templates and patterns."""
    assert emails(text) == []


def test_the_end_of_a_long_local_part_is_found() -> None:
    """An address longer than the standard allows still does not get away whole."""
    assert emails("a" * 200 + "@example.com") == ["a" * 64 + "@example.com"]


@pytest.mark.parametrize(
    "number", ["+49 30 12345678", "+493012345678", "+1 (212) 555-0123", "+44 20 7946 0958", "+1.7035555555"]
)
def test_an_international_number_is_found_everywhere(number: str) -> None:
    """No region has to be known for it."""
    assert phones(f"call {number} now") == [number]


@pytest.mark.parametrize(
    "text",
    ["1.2.3+20130313144700", "+49.123456", "+02:00", "+48.8577+002.295/", "+0.12345 %", "+1234", "x+493012345678"],
)
def test_other_numbers_with_a_plus_are_none(text: str) -> None:
    """Builds, coordinates, offsets and fractions."""
    assert phones(text) == []


def test_a_national_number_counts_in_its_region_only() -> None:
    """Without a region, digits are digits."""
    assert phones("(212) 555-0123", "US") == ["(212) 555-0123"]
    assert phones("030 12345678", "US", "DE") == ["030 12345678"]
    assert phones("030 12345678", "no region") == []
    assert phones("(212) 555-0123") == phones("(212) 555-0123", "FR") == []


def test_what_follows_a_number_is_no_part_of_it() -> None:
    """A column of a table, for example."""
    assert phones("+1 212 555 0123 4711") == ["+1 212 555 0123"]
