"""Payment card numbers: an issuer's range, its lengths and the Luhn digit."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.payment_cards import find_payment_cards, has_luhn_digit

CARD = "4" + "1" * 15  # the number that all of the trade tests with


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_payment_cards(text)]


@pytest.mark.parametrize(
    "card", [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "4.1.1.1" + ".1" * 12]
)
def test_a_card_is_found_in_every_spelling(card: str) -> None:
    """With the joints that people use, alone and in a sentence."""
    assert found(card) == [card]
    assert found(f"Pay with {card}, please.") == [card]


def test_one_digit_less_or_another_one_is_no_card() -> None:
    """The twins of a card: a wrong check digit, a wrong length, a range that nobody issues."""
    assert found(CARD[:-1] + "2") == found(CARD[:-1]) == found("1" + CARD[1:]) == []
    assert found(CARD) == [CARD]


@pytest.mark.parametrize(
    "text", [CARD + "0", "0." + CARD, CARD + ".5", f"a1b{CARD}", CARD + "f0", f"12-{CARD[:4]}-1111-1111-1111"]
)
def test_a_card_inside_something_longer_is_none(text: str) -> None:
    """Decimal numbers, digests and longer runs of digits hold such digits by chance."""
    assert found(text) == []


def test_numbers_around_a_card_do_not_hide_it() -> None:
    """A date, a security code and a second card stand beside it in logs."""
    assert found(f"2024-05-01 {CARD} 123 4111 1111 1111 1111 12/29") == [CARD, "4111 1111 1111 1111"]


def test_a_label_may_touch_a_card() -> None:
    """What is glued to a card does not hide it; a word that is too long for a label is a token."""
    assert found(f"card{CARD}") == found(f"{CARD}EUR") == [CARD]
    assert found("abcdefghijklm" + CARD) == found(CARD + "abcdefghijklm") == []


def test_the_luhn_digit() -> None:
    """The example of the standard, and one digit changed in it."""
    assert has_luhn_digit("79927398713")
    assert not has_luhn_digit("79927398703")


def test_groups_belong_to_one_card_only() -> None:
    """The last four of these five groups would be a card, too, if the first four were none."""
    assert [each.end for each in find_payment_cards("4672 4190 4781 4810 4235")] == [19]
    assert [each.start for each in find_payment_cards("4190 4781 4810 4235")] == [0]


def test_the_joint_inside_does_not_lead_to_more_digits() -> None:
    """With another joint, what follows is another number."""
    assert [each.end for each in find_payment_cards("4111-1111-1111-1111 12")] == [19]
    assert list(find_payment_cards("4111-1111-1111-1111-12")) == []
