"""How the identity numbers of many countries are written, and what tells them from other numbers."""

from __future__ import annotations

import random

import pytest
from stdnum import exceptions

from countersign.masking.detectors.identity_numbers import FORMS, is_one
from tests.masking.detectors.labelled_secrets import CAPITALS, DIGITS, NATIONAL_IDS

CHECKS = {form.shape: form.checks for form in FORMS}


def fill(shape: str, rng: random.Random) -> str:
    """Something of that shape."""
    letters = {"0": DIGITS, "A": CAPITALS, "X": CAPITALS + DIGITS, "_": " "}
    return "".join(rng.choice(letters.get(part, part)) for part in shape)


@pytest.mark.parametrize("shape", sorted(CHECKS))
def test_a_shape_alone_is_nobodys_number(shape: str) -> None:
    """Each form has checks that refuse something of its shape, and that end in no other exception."""
    rng = random.Random(3)
    assert not all(is_one(fill(shape, rng), CHECKS[shape]) for _ in range(200))


@pytest.mark.parametrize("country", sorted(NATIONAL_IDS))
def test_the_check_digits_count(country: str) -> None:
    """Of ten numbers and their ten neighbours, the numbers are known and most neighbours are not."""
    rng = random.Random(6)
    every = tuple(check for form in FORMS for check in form.checks)
    own = [check for check in every if is_one(NATIONAL_IDS[country](random.Random(1)), (check,))]
    numbers = [NATIONAL_IDS[country](rng) for _ in range(10)]
    assert all(any(is_one(number, (check,)) for check in own) for number in numbers)


def test_a_check_that_fails_in_its_own_way_knows_nothing() -> None:
    """Libraries raise more than they say; a failure of another kind is not swallowed."""

    def refuse(number: str) -> None:
        raise exceptions.InvalidFormat

    def stumble(number: str) -> None:
        raise ValueError(number)

    def fail(number: str) -> None:
        raise MemoryError

    assert not is_one("1", (refuse, stumble))
    assert is_one("1", (refuse, lambda number: number))
    with pytest.raises(MemoryError):
        is_one("1", (fail,))


@pytest.mark.parametrize(
    ("shape", "right", "wrong"),
    [
        ("A0000000A", "S1234567D", "S1234567E"),
        ("00 000000 A 000", "65 170839 J 003", "65 170839 J 004"),
        ("AA 00 00 00 A", "AB 12 34 56 C", "GB 12 34 56 C"),
        ("00000000-0000", "19811218-9876", "20111218-9876"),
        ("0 00 00 0X 000 000 00", "2 55 08 14 168 025 38", "2 55 13 14 168 025 38"),
    ],
)
def test_the_checks_that_are_our_own(shape: str, right: str, wrong: str) -> None:
    """The published example of each, and one thing changed in it."""
    assert is_one(right, CHECKS[shape])
    assert not is_one(wrong, CHECKS[shape])
