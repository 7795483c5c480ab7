"""The way from the root of a document to a value."""

from __future__ import annotations

import pytest

from countersign import limits
from countersign.masking.documents.trail import Trail
from countersign.masking.replacements import Replacements
from tests.masking.rules import DIGEST


def clean(name: str) -> str:
    """As rules do it."""
    return "[masked]" if "4111" in name else name


def test_a_place_has_no_index_and_no_secret() -> None:
    """The pointer is exact, for whoever withholds what is there; the place is for the record."""
    trail = Trail(clean, Replacements(DIGEST), "body")
    assert trail.note() == "body"
    trail.keys += ["a/b", 3, "4111111111111111", "c"]
    assert trail.note() == "body /a~1b/*/[masked]/c"
    assert trail.pointers == {"", "/a~1b/3/4111111111111111/c"}


def test_a_pointer_ends_at_the_outermost_string() -> None:
    """What is in it has no pointer in the document; the place goes on."""
    trail = Trail(clean, Replacements(DIGEST), "part x")
    trail.keys.append("s")
    assert trail.enter_string()
    trail.keys.append("t")
    assert not trail.enter_string()
    trail.keys.append("u")
    assert trail.note() == "part x /s/t/u"
    trail.keys[:] = ["o"]
    trail.leave_string()
    trail.note()
    assert trail.pointers == {"/s", "/o"}


def test_no_place_is_made_when_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message with very many masked values costs no more for them."""
    monkeypatch.setattr(limits, "MAX_MASKED_PLACES", 0)
    trail = Trail(clean, Replacements(DIGEST), "body")
    trail.keys.append("a")
    assert trail.note() == ""
    assert trail.pointers == {"/a"}
