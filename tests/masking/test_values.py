"""What masking hands out."""

from __future__ import annotations

import dataclasses

import pytest

from countersign.errors import CountersignError
from countersign.masking.values import KnownSchema, MaskedBody, MaskedMessage, MaskingFailed


def test_a_masked_body_cannot_be_changed() -> None:
    """What evidence was given stays as it was given."""
    body = MaskedBody(2, "application/json", "hmac-sha256:00", b"{}", None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        body.text = b"{}"  # type: ignore[misc]


def test_masking_failed_says_always_the_same() -> None:
    """The error is one of this package and has no place for a value."""
    assert isinstance(MaskingFailed(), CountersignError)
    assert str(MaskingFailed()) == "masking failed; nothing of the message may be kept or shown"


def test_a_message_without_places_has_none() -> None:
    """What does not say where says so; and a schema is known by its key."""
    body = MaskedBody(0, None, "hmac-sha256:00", None, None)
    assert body.format is None
    assert MaskedMessage(None, (), body, {}).places == {}
    assert KnownSchema("k", {}, {}).key == "k"
