"""Signed checkpoints in the form of C2SP."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from countersign import limits
from countersign.evidence.checkpoint import Checkpoint, Signer, Verifier, check_origin, parse
from countersign.evidence.errors import BadNote

NAME = "example.com/audit/gateway-1"
SIGNER = Signer.of(NAME, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ROOT = bytes(range(100, 132))
NOTE = SIGNER.sign(42, ROOT)

# the example in the documentation of Go's golang.org/x/mod/sumdb/note
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_go_note() -> None:
    """A note that Go signed opens, and one other letter in it does not."""
    verifier = Verifier.parse(GO_VKEY)
    assert verifier.open(GO_NOTE).endswith("your problem is.\n")
    with pytest.raises(BadNote, match="does not verify"):
        verifier.open(GO_NOTE.replace(b"answer", b"Answer"))


def test_vkey_round_trip() -> None:
    """A vkey says the same after it was read, also with the line feed of its file."""
    assert Verifier.parse(GO_VKEY + "\n").vkey() == GO_VKEY
    assert Verifier.parse(SIGNER.verifier.vkey()) == SIGNER.verifier


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("c74f20a3", "C74F20A3"),
        GO_VKEY.replace("PeterNeumann", "PeterNewmann"),
        GO_VKEY.replace("ARpc", "Ahpc"),
        GO_VKEY + "AAAA",
        GO_VKEY.replace("10TW", "10T!"),
    ],
)
def test_bad_vkey(vkey: str) -> None:
    """A vkey whose name, id, type or key is not as it was written is refused."""
    with pytest.raises(BadNote):
        Verifier.parse(vkey)


def test_checkpoint_round_trip() -> None:
    """A signed checkpoint says who, how many and which root, in the text that the specification prescribes."""
    assert SIGNER.verifier.open_checkpoint(NOTE) == Checkpoint(NAME, 42, ROOT)
    text = NOTE.decode().split("\n\n")[0]
    assert text.split("\n") == [NAME, "42", base64.b64encode(ROOT).decode()]


def test_every_byte_counts() -> None:
    """No byte of a stored note can be another one, in the text or in the signature line."""
    for place in range(len(NOTE)):
        for bit in (0x01, 0x80):
            altered = NOTE[:place] + bytes([NOTE[place] ^ bit]) + NOTE[place + 1 :]
            with pytest.raises(BadNote):
                SIGNER.verifier.open_checkpoint(altered)


def test_padding_bits_count() -> None:
    """Base64 has unused bits in its last letter: another letter for the same bytes is refused."""
    assert NOTE.endswith(b"=\n")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    sibling = letters[letters.index(NOTE[-3:-2]) ^ 1 : (letters.index(NOTE[-3:-2]) ^ 1) + 1]
    altered = NOTE[:-3] + sibling + NOTE[-2:]
    assert base64.b64decode(altered.split()[-1]) == base64.b64decode(NOTE.split()[-1])
    with pytest.raises(BadNote, match="canonical"):
        SIGNER.verifier.open_checkpoint(altered)


@given(st.binary(max_size=400))
def test_any_bytes(note: bytes) -> None:
    """Whatever is stored as a note is either refused or the note itself."""
    with pytest.raises(BadNote):
        SIGNER.verifier.open_checkpoint(note)


def test_other_signatures_are_ignored() -> None:
    """A witness may add its line; the note stays good, and without the log's own line it is not."""
    witness = Signer.of("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    line = witness.sign(1, ROOT).rpartition(b"\n\n")[2]
    assert SIGNER.verifier.open_checkpoint(NOTE + line).size == 42
    text, _, _ = NOTE.rpartition(b"\n\n")
    with pytest.raises(BadNote, match="0 signatures"):
        SIGNER.verifier.open_checkpoint(text + b"\n\n" + line)


def test_two_signatures_of_one_key() -> None:
    """The log's key signs a note once."""
    line = NOTE.rpartition(b"\n\n")[2]
    with pytest.raises(BadNote, match="2 signatures"):
        SIGNER.verifier.open_checkpoint(NOTE + line)


def test_other_key_of_the_same_name() -> None:
    """A key is known by name and id: another key under the log's name proves nothing."""
    other = Signer.of(NAME, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with pytest.raises(BadNote, match="0 signatures"):
        SIGNER.verifier.open_checkpoint(other.sign(42, ROOT))


def test_checkpoint_of_another_log() -> None:
    """A note whose origin is not the key's name is refused although the key signed it."""
    text = Checkpoint("example.com/other", 1, ROOT).text()
    signature = base64.b64encode(SIGNER.verifier.key_id + SIGNER.private_key.sign(text.encode())).decode()
    with pytest.raises(BadNote, match="another log"):
        SIGNER.verifier.open_checkpoint(f"{text}\n— {NAME} {signature}\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        f"{NAME}\n042\n{base64.b64encode(ROOT).decode()}\n",
        f"{NAME}\n-1\n{base64.b64encode(ROOT).decode()}\n",
        f"{NAME}\n\N{ARABIC-INDIC DIGIT ONE}\n{base64.b64encode(ROOT).decode()}\n",
        f"{NAME}\n1\n{base64.b64encode(ROOT[1:]).decode()}\n",
        f"{NAME}\n1\n{base64.b64encode(ROOT).decode()}\nextension\n",
        f"{NAME}\n1\n{base64.b64encode(ROOT).decode()}",
        f"{NAME}\n1\n",
        f"a b\n1\n{base64.b64encode(ROOT).decode()}\n",
    ],
)
def test_bad_text(text: str) -> None:
    """Text that is not exactly origin, decimal size and 32-byte root is refused."""
    with pytest.raises(BadNote):
        parse(text)
    assert parse(f"{NAME}\n0\n{base64.b64encode(ROOT).decode()}\n").size == 0


@pytest.mark.parametrize(
    "origin", ["", "a b", "a+b", "a\nb", "a\u00a0b", "-a", "x" * (limits.MAX_ORIGIN_CHARACTERS + 1)]
)
def test_bad_origin(origin: str) -> None:
    """A name that cannot be a key name is refused before a log is begun with it."""
    with pytest.raises(BadNote, match="origin"):
        check_origin(origin)
    check_origin("x" * limits.MAX_ORIGIN_CHARACTERS)


def test_long_note() -> None:
    """A note beyond the limit is not even parsed."""
    with pytest.raises(BadNote, match="longer"):
        SIGNER.verifier.open(b"x" * (limits.MAX_NOTE_BYTES + 1))
