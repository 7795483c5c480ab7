"""Which places touch masked ones."""

from __future__ import annotations

import pytest

from countersign.masking.documents.pointers import pointer_to, touches

MASKED = frozenset({"/properties/card/default", "/enum/1", "/a~1b"})


@pytest.mark.parametrize(
    "pointer",
    [
        "/properties/card/default",
        "/properties/card",
        "/properties",
        "",
        "/properties/card/default/x/y",
        "/enum",
        "/a~1b/0",
    ],
)
def test_touches_at_above_and_below(pointer: str) -> None:
    """A place is touched when it is masked, holds something masked, or is inside something masked."""
    assert touches(pointer, MASKED)


@pytest.mark.parametrize(
    "pointer",
    [
        "/properties/card/default2",
        "/properties/car",
        "/properties/card/title",
        "/enum/10",
        "/enum/0",
        "/a",
        "/a/b",
        "/",
    ],
)
def test_does_not_touch_beside(pointer: str) -> None:
    """Segments are compared whole: a common beginning of names is no relation."""
    assert not touches(pointer, MASKED)


def test_nothing_masked_touches_nothing() -> None:
    """Without masked places every value can be shown, also the root."""
    assert not touches("", frozenset())
    assert not touches("properties", frozenset())


def test_the_masked_root_touches_everything() -> None:
    """Where the whole document is masked, every place is."""
    assert touches("", frozenset({""}))
    assert touches("/x", frozenset({""}))


def test_a_pointer_that_is_none_touches() -> None:
    """A place that cannot be understood is not shown."""
    assert touches("properties/card", MASKED)


def test_pointer_to_escapes_segments() -> None:
    """Slashes and tildes in names are escaped as RFC 6901 says, and indexes are decimal."""
    assert pointer_to(["a/b", "m~n", 0, ""]) == "/a~1b/m~0n/0/"
    assert pointer_to([]) == ""
