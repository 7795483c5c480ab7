"""Tokens that look drawn at random."""

from __future__ import annotations

import base64
import random

import pytest

from countersign.masking.detectors.entropy import entropy, find_random_tokens
from tests.masking.detectors.labelled_ordinary import (
    camel,
    cloud_name,
    digest,
    entity_tag,
    identifier,
    mime,
    name,
    picture,
    trace,
)
from tests.masking.detectors.labelled_secrets import BASE62, HEX, URL64, draw, random_token


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_random_tokens(text)]


def test_tokens_of_machines_are_found() -> None:
    """At least 97 of 100, of all alphabets and lengths."""
    rng = random.Random(7)
    tokens = [random_token(rng) for _ in range(400)]
    assert sum(found(token) == [token] for token in tokens) >= 0.97 * len(tokens)


@pytest.mark.parametrize("kind", [camel, cloud_name, digest, entity_tag, identifier, mime, name, picture, trace])
def test_names_and_public_tokens_are_none(kind: object) -> None:
    """Fewer than 2 of 100, whatever they are names or digests of."""
    assert callable(kind)
    rng = random.Random(8)
    values = [camel(rng, rng.randint(3, 7)) if kind is camel else kind(rng) for _ in range(200)]
    assert sum(bool(found(value)) for value in values) < 0.02 * len(values)


def test_a_digest_is_none_and_one_digit_more_is_a_token() -> None:
    """Keys have other lengths than digests."""
    digits = draw(random.Random(2), HEX, 64)
    assert found(digits) == []
    assert found(digits + "a1") == [digits + "a1"]


def test_what_stands_in_front_of_a_token_can_make_it_public() -> None:
    """A picture, a boundary, a digest of a page; the same letters alone are a token."""
    token = base64.b64encode(random.Random(5).randbytes(48)).decode()
    assert found(token) == [token]
    assert found(f"sha384-{token}") == found(f"boundary={token}") == found(f"data:image/webp;base64,{token}") == []


def test_a_certificate_is_public() -> None:
    """Its letters are as random as those of a key; what stands behind it is not."""
    rng = random.Random(5)
    lines = "\n".join(draw(rng, BASE62, 64) for _ in range(3))
    block = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"
    token = draw(rng, URL64, 43).strip("-_")
    assert found(f"{block}\n{token}\n{block}") == [token]
    assert len(found(block.replace("CERTIFICATE", "SECRET"))) == 3


def test_entropy() -> None:
    """Bits per letter: none for one letter, one for two, two for four."""
    assert entropy("aaaa") == 0
    assert entropy("abab") == 1
    assert entropy("abcd") == 2
    with pytest.raises(ValueError, match="empty"):
        entropy("")
