"""Pointers into schemas."""

from __future__ import annotations

from countersign.schema_change.json_pointers import pointer, target_pointer


def test_tokens_are_escaped() -> None:
    """A slash and a tilde in a name are no separators (RFC 6901, 3)."""
    assert pointer("/a", "b/c", "~", 0) == "/a/b~1c/~0/0"
    assert pointer("") == ""


def test_a_reference_within_the_document_is_where_it_leads() -> None:
    """Any other one is said where it stands."""
    assert target_pointer("#/$defs/a", "/x") == "/$defs/a"
    assert target_pointer("#", "/x") == ""
    assert target_pointer("other.json#/a", "/x") == "/x/$ref"
