"""What stands in the place of a masked value."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.errors import TooLarge
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import CREDENTIAL_HEADER, DROPPED, REDACTED, Replacements
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
    assert len(str(replacements.by(hashed, "x")).removeprefix("hmac-sha256:")) == 32


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


def test_what_is_dropped_is_counted() -> None:
    """Nothing stands in its place, and the tally says that it was there."""
    replacements = Replacements(DIGEST)
    assert replacements.by(rule("gone", how="drop"), "x", "query token") is DROPPED
    assert replacements.masked == {"gone": 1}
    assert replacements.places == {"gone": ("query token",)}


def test_places_are_noted_once_by_rule() -> None:
    """In the order they were met; without a place the value only counts."""
    replacements = Replacements(DIGEST)
    for where in ("body /b", "body /a", "body /b", ""):
        replacements.by(rule("one"), "x", where)
    replacements.redact(CREDENTIAL_HEADER, "body /b")
    replacements.hash("digests", "x", "header ETag")
    assert replacements.masked["one"] == 4
    assert replacements.places == {
        "one": ("body /b", "body /a"), CREDENTIAL_HEADER: ("body /b",), "digests": ("header ETag",)
    }  # fmt: skip


def test_places_are_cleaned_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers choose the names in them: no secret, no control character, not too many and not too long."""
    monkeypatch.setattr(limits, "MAX_MASKED_PLACES", 2)
    monkeypatch.setattr(limits, "MAX_MASKED_PLACE_CHARACTERS", 20)
    replacements = Replacements(DIGEST, lambda text: text.replace("hunter2", REDACTED))
    assert replacements.takes_places
    replacements.by(rule("one"), "x", "body /hunter2\n" + "a" * 100)
    replacements.by(rule("one"), "x", "body /b")
    assert not replacements.takes_places
    replacements.by(rule("two"), "x", "body /c")
    assert replacements.places == {"one": ("body /[masked]\\u000a", "body /b")}
    assert replacements.masked == {"one": 2, "two": 1}


def test_what_was_masked_since_a_checkpoint_can_be_forgotten() -> None:
    """As if it had not been tried; what came before stays."""
    replacements = Replacements(DIGEST)
    replacements.by(rule("one"), "x", "body /a")
    before = replacements.checkpoint()
    replacements.by(rule("one"), "x", "body /b")
    replacements.by(rule("two"), "x", "body /c")
    replacements.back_to(before)
    assert (replacements.masked, replacements.places) == ({"one": 1}, {"one": ("body /a",)})
    assert replacements.total == 1
    replacements.by(rule("two"), "x", "body /c")
    assert replacements.places["two"] == ("body /c",)


def test_clean_texts_are_shared_with_copies() -> None:
    """What has nothing to mask is so in every trial."""
    replacements = Replacements(DIGEST)
    replacements.checkpoint().clean_texts.add("words")
    assert replacements.clean_texts == {"words"}
