"""What stands in the place of a masked value."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import CREDENTIAL_HEADER, REDACTED, Replacements
from countersign.strict_json import Json
from tests.masking.rules import DIGEST, rule


@pytest.mark.parametrize("value", ["text", 12, 1.5, True, None, {"a": 1}, [1]])
def test_redact_shows_nothing(value: Json) -> None:
    """Any value becomes one fixed text."""
    assert Replacements(DIGEST).by(rule(), value) == REDACTED


@pytest.mark.parametrize(
    ("value", "keep", "shown"),
    [
        ("4111111111111111", 4, "…1111"),
        ("123456789", 4, "…6789"),
        ("12345678", 4, REDACTED),
        ("1234", 4, REDACTED),
        ("", 4, REDACTED),
        ("a secret", 0, REDACTED),
        ("a secret", -3, REDACTED),
        (123456789, 4, REDACTED),
        (["123456789"], 4, REDACTED),
    ],
)
def test_keep_last_never_shows_half_of_a_value(value: Json, keep: int, shown: str) -> None:
    """The end is shown only when more than as much stays hidden; only strings have an end."""
    assert Replacements(DIGEST).by(rule(how="keep-last", keep=keep), value) == shown


def test_keyed_hash_compares_equal_values() -> None:
    """Equal values, also objects with their members in another order, have one hash; others have another."""
    hashed = rule(how="keyed-hash")
    replacements = Replacements(DIGEST)
    assert replacements.by(hashed, {"a": 1, "b": 2}) == replacements.by(hashed, {"b": 2, "a": 1})
    assert replacements.by(hashed, "1") != replacements.by(hashed, 1)
    assert len(replacements.by(hashed, "x").removeprefix("hmac-sha256:")) == 32


def test_keyed_hash_depends_on_the_key() -> None:
    """Who does not have the key cannot compare."""
    hashed = rule(how="keyed-hash")
    assert Replacements(DIGEST).by(hashed, "x") != Replacements(KeyedDigest(b"o" * 32)).by(hashed, "x")


def test_the_tally_counts_by_rule() -> None:
    """Each replacement counts once under its rule's name or the built-in one."""
    replacements = Replacements(DIGEST)
    replacements.by(rule("cards"), "1")
    replacements.by(rule("cards"), "2")
    replacements.redact(CREDENTIAL_HEADER)
    assert replacements.masked == {"cards": 2, CREDENTIAL_HEADER: 1}
    assert replacements.total == 3


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message cannot make masking work or grow without end; up to the limit it passes."""
    monkeypatch.setattr(limits, "MAX_MASKED_VALUES", 3)
    replacements = Replacements(DIGEST)
    for _ in range(3):
        replacements.by(rule(), "x")
    with pytest.raises(TooLarge, match="more than 3 values"):
        replacements.by(rule(), "x")
