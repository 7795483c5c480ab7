"""Tests of secret_values.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign import limits
from countersign.rulebook.secret_values import NoSecret, read_secret
from countersign.rulebook.values import SecretPlace


def test_a_secret_is_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the white space around it, and again at each use."""
    place = SecretPlace("A_SECRET", None)
    monkeypatch.setenv("A_SECRET", " one\n")
    assert read_secret(place) == "one"
    monkeypatch.setenv("A_SECRET", "two")
    assert read_secret(place) == "two"


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    """The line feed that editors put at the end is no part of it."""
    file = tmp_path / "secret"
    file.write_text("three\n")
    assert read_secret(SecretPlace(None, str(file))) == "three"


@pytest.mark.parametrize("content", [b"", b"  \n", b"one\ntwo", b"\xff", b"x" * (limits.MAX_SECRET_CHARACTERS + 1)])
def test_what_is_no_secret_is_refused_without_being_shown(tmp_path: Path, content: bytes) -> None:
    """Empty, two lines, not text, or too long: the error names the place, never the content."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(NoSecret, match="secret") as caught:
        read_secret(SecretPlace(None, str(file)))
    assert str(file) in str(caught.value)
    assert "one" not in str(caught.value).replace("one secret", "").replace("on one line", "")


def test_a_place_that_does_not_exist_is_named() -> None:
    """A variable that is not set, a file that is not there."""
    with pytest.raises(NoSecret, match="COUNTERSIGN_NOT_THERE"):
        read_secret(SecretPlace("COUNTERSIGN_NOT_THERE", None))
    with pytest.raises(NoSecret, match="not-there"):
        read_secret(SecretPlace(None, "/not-there"))
