"""One text through the detectors."""

from __future__ import annotations

import pytest

from countersign.masking.detectors import Detectors
from countersign.masking.replacements import REDACTED, Replacements
from countersign.masking.texts import Texts
from tests.masking.rules import DIGEST, rule

CARD, MAIL = "4111111111111111", "bob@example.com"
TEXTS = Texts(
    Detectors(("payment-card", "email")),
    {"payment-card": rule("cards", how="keep-last", keep=4), "email": rule("mail", how="drop")},
)


def test_each_finding_is_masked_by_the_rule_of_its_detector() -> None:
    """What is around stays; what is dropped leaves nothing; the tally counts by rule and says where."""
    replacements = Replacements(DIGEST)
    text = f"from {MAIL}: {CARD}, again {CARD}."
    assert TEXTS.mask(text, replacements, "header X") == "from : …1111, again …1111."
    assert replacements.masked == {"mail": 1, "cards": 2}
    assert replacements.places == {"mail": ("header X",), "cards": ("header X",)}


@pytest.mark.parametrize("text", ["", "words", "2026-01-01", "order 12345"])
def test_clean_text_stays(text: str) -> None:
    """It is the same text, and nothing is counted."""
    replacements = Replacements(DIGEST)
    assert TEXTS.mask(text, replacements, "body") is text
    assert TEXTS.clean(text) == text
    assert not replacements.masked


def test_names_of_places_are_redacted_whatever_the_rules_say() -> None:
    """Nothing is counted: what is cleaned only says where something was masked."""
    assert TEXTS.clean(f"{MAIL} paid with {CARD}") == f"{REDACTED} paid with {REDACTED}"


def test_what_was_found_has_a_rule() -> None:
    """Also for whoever masks more than the finding."""
    (found,) = TEXTS.find(CARD)
    assert TEXTS.rule_of(found).name == "cards"
