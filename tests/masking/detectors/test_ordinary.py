"""Most texts are told at once to hold no secret."""

from __future__ import annotations

import pytest

from countersign.masking.detectors import Detectors
from countersign.masking.detectors.ordinary import is_ordinary, may_say_secret
from tests.masking.detectors.labelled_secrets import positives


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "Alice Smith",
        "customerAddress",
        "Das ist ein Satz, für alle.",
        "2024-05-01T12:00:00Z",
        "10.0.0.1",
        "1.2.3",
        "12.50",
        "$.items[*].id",
        "7d444840-9dc0-11d1-b245-5ffdce74fad2",
        "https://example.com/schemas/v1.json",
        "0af7651916cd43dd8448eb211c80319c",
        "東京",
        "Item 12",
        "SHA-256",
    ],
)
def test_ordinary_texts(text: str) -> None:
    """Words, sentences, dates, numbers, addresses, ids."""
    assert is_ordinary(text)
    assert Detectors().find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "1234567",
        "1746705412595",
        "ORD-2023-737530",
        "cus_83271327",
        "SKU12345678",
        "order-service-a168be21f-jph5r",
    ],
)
def test_numbers_of_orders_are_ordinary_where_they_are_no_telephone_numbers(text: str) -> None:
    """Who counts national telephone numbers has them looked at closely."""
    assert is_ordinary(text, codes=True)
    assert not is_ordinary(text)
    assert Detectors().find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "ssn-123456789",
        "SIN-12345678",
        "7561111111116",
        "8001015009087",
        "1960101123457",
        "1234567A",
        "INV-123-45-6789",
        "LU88 897I UUGF DKKB TVWR",
        "xoxb-1234567890",
        "sin-1234567ab-x2z4b",
        "4111111111111111",
    ],
)
def test_numbers_of_people_and_accounts_are_no_codes(text: str) -> None:
    """One step away from numbers of orders: a label, the beginning of a date of birth, a group more."""
    assert not is_ordinary(text, codes=True)


@pytest.mark.parametrize(
    "text",
    [
        "a@b.c",
        "a=b",
        "a: b",
        "%41",
        "1234567",
        "aB3dEf5gH1jK2lM4",
        "the key is x1",
        "tool --x y1",
        "bob&#64;x",
        "626f62406578616d706c652e636f6d2e",
    ],
)
def test_texts_that_are_looked_at_closely(text: str) -> None:
    """Anything that a detector needs is a reason to look."""
    assert not is_ordinary(text)


def test_no_secret_is_ordinary() -> None:
    """The quick answer is never wrong where it matters."""
    assert not [secret.text for secret in positives(4) if is_ordinary(secret.text, codes=True)]


def test_sentences_that_may_say_a_secret() -> None:
    """By a part of the word, in any case."""
    assert may_say_secret("PASSWORD is x")
    assert not may_say_secret("the passage is x")
