"""Keys of cloud and API services, by the forms that these give them."""

from __future__ import annotations

import random

import pytest

from countersign.masking.detectors.cloud_keys import find_cloud_keys
from tests.masking.detectors.labelled_secrets import BASE64, CLOUD_KEYS, draw


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_cloud_keys(text)]


@pytest.mark.parametrize("service", sorted(CLOUD_KEYS))
def test_a_key_is_found_by_its_form(service: str) -> None:
    """Alone, in a document and in a path; the same letters from behind have no form."""
    key = CLOUD_KEYS[service](random.Random(9))
    assert found(key) == [key]
    assert found(f'{{"k":"{key}"}}') == [key]
    assert found(f"/keys/{key} ") == [key]
    assert found(key[::-1]) == []


def test_a_key_does_not_begin_inside_a_word() -> None:
    """The letters of a prefix are in other words, too."""
    key = CLOUD_KEYS["aws id"](random.Random(9))
    assert found("X" + key) == []
    assert found("X-" + key) == [key]


@pytest.mark.parametrize(
    "before", ["aws_secret_access_key = ", "AWS secret key: ", '"SecretAccessKey": "', "secretKey="]
)
def test_a_secret_access_key_is_found_behind_its_name(before: str) -> None:
    """It has no form; without its name, forty such letters are a digest of something."""
    key = draw(random.Random(3), BASE64, 40)
    assert found(before + key) == [key]
    assert found("digest = " + key) == []
