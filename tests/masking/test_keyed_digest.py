"""Digests under a key."""

from __future__ import annotations

import hashlib

import pytest

from countersign.masking.keyed_digest import KeyedDigest


def test_equal_data_has_one_digest_and_other_data_another() -> None:
    """Equal values can be recognised, different ones told apart."""
    digest = KeyedDigest(b"k" * 32)
    assert digest.of(b"value", label="x") == digest.of(b"value", label="x") != digest.of(b"valuf", label="x")


def test_the_form_names_the_algorithm() -> None:
    """A digest says how it was made and has the 256 bits of it in lower-case hexadecimal."""
    scheme, digits = KeyedDigest(b"k" * 32).of(b"", label="x").split(":")
    assert scheme == "hmac-sha256"
    assert len(bytes.fromhex(digits)) == 32
    assert digits == digits.lower()


def test_labels_and_keys_separate_digests() -> None:
    """The same data under another label or another key has an unrelated digest, and none is the bare hash."""
    one, other = KeyedDigest(b"k" * 32), KeyedDigest(b"l" * 32)
    digests = {one.of(b"v", label="a"), one.of(b"v", label="b"), other.of(b"v", label="a"), other.of(b"v", label="b")}
    assert len(digests) == 4
    assert not any(hashlib.sha256(b"v").hexdigest() in digest for digest in digests)


def test_label_and_data_do_not_run_into_each_other() -> None:
    """Moving a character between label and data makes another digest."""
    digest = KeyedDigest(b"k" * 32)
    assert digest.of(b"bc", label="a") != digest.of(b"c", label="ab")


def test_the_digest_stays_what_it_is() -> None:
    """Evidence of years is compared by it: the derivation must not change by accident."""
    assert KeyedDigest(bytes(range(32))).of(b"data", label="body") == (
        "hmac-sha256:3f3c96b38d33fb94e672b9b9986d1d94159d3f27e2ec25b13d66c7cbb97fd63e"
    )


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    """Only 32 bytes are a key, and the refusal does not show them."""
    with pytest.raises(ValueError, match=f"has {length} bytes; it must have 32") as caught:
        KeyedDigest(b"q" * length)
    assert "qq" not in str(caught.value)


def test_the_key_is_not_shown() -> None:
    """Neither repr nor str of the object gives the key away."""
    assert "kkkk" not in repr(KeyedDigest(b"k" * 32)) + str(KeyedDigest(b"k" * 32))
