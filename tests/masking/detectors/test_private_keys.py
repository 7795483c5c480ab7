"""Private keys, whole and cut short."""

from __future__ import annotations

import pytest

from countersign.masking.detectors.private_keys import find_private_keys

KIND = "PRIVATE KEY-----"  # in two pieces, so that no scanner takes this file for a leak
BEGIN, END = "-----BEGIN RSA " + KIND, "-----END RSA " + KIND


def found(text: str) -> list[str]:
    """What stands where findings are."""
    return [text[finding.start : finding.end] for finding in find_private_keys(text)]


@pytest.mark.parametrize("joint", ["\n", "\r\n", "\\n", " "])
def test_a_block_is_found_with_its_first_and_last_line(joint: str) -> None:
    """Also where a document has written out the ends of lines."""
    block = joint.join([BEGIN, "MIIabc", END])
    assert found(f"x {block} y") == [block]


def test_a_block_that_is_cut_short_goes_to_the_edge() -> None:
    """The part that is there is as secret, whichever end is missing."""
    assert found(f"x {BEGIN}\nMIIabc") == [f"{BEGIN}\nMIIabc"]
    assert found(f"MIIabc\n{END} y") == [f"MIIabc\n{END}"]


def test_a_public_key_is_none() -> None:
    """One word is different."""
    assert found(f"{BEGIN}\nMIIabc\n{END}".replace("PRIVATE", "PUBLIC")) == []


def test_two_blocks_are_two_findings() -> None:
    """What stands between them stays."""
    block = f"{BEGIN}\na\n{END}"
    assert found(f"{block} and {block}") == [block, block]


def test_keys_in_other_formats_are_found() -> None:
    """PuTTY, PGP, SSH2, age, and the secret members of a JSON Web Key."""
    putty = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAA\nPrivate-MAC: 0a1b"
    assert found(putty + "\nrest") == [putty]
    assert found(putty[:60] + " cut") == [putty[:60] + " cut"]
    assert found(putty[:21] + putty) == [putty[:21] + putty]
    assert len(found("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\na\n-----END PGP PRIVATE KEY BLOCK-----")) == 1
    assert len(found("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\na")) == 1
    age = "AGE-SECRET-" + "KEY-1" + "Q" * 58
    assert found(age) == [age]
    assert found('{"kty":"EC","x":"cccccccccccccccccc","d":"dddddddddddddddddd"}') == ["d" * 18]
    assert found('{"crv":"EC","d":"dddddddddddddddddd"}') == []
