"""Runs of base64, base64url and hexadecimal digits that hold text, and that text."""

from __future__ import annotations

import base64

import pytest

from countersign.masking.detectors.encodings import decoded_text, encoded_texts

TEXT = "bob@example.com?>~\u00ff"


def runs(text: str) -> list[tuple[str, str]]:
    """Each run and what it holds."""
    return [(text[start:end], held) for start, end, held in encoded_texts(text)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
def test_text_is_read_in_every_alphabet_and_width(encoding: str) -> None:
    """With padding and without."""
    data = TEXT.encode(encoding)
    standard, url_safe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    for run in (standard, url_safe, standard.rstrip("="), url_safe.rstrip("="), data.hex(), data.hex().upper()):
        assert decoded_text(run) == TEXT
        assert runs(f"<{run}>") == [(run, TEXT)]
    assert runs(f"0x{data.hex()}") == [(f"0x{data.hex()}", TEXT)]


@pytest.mark.parametrize(
    "run",
    [
        "administrator",
        "customerAddress1",
        "0123456789abcdef",
        "a" * 13,
        base64.b64encode(bytes(range(128, 160))).decode(),
        base64.b64encode(bytes(range(1, 20))).decode(),
    ],
)
def test_words_and_binary_data_hold_no_text(run: str) -> None:
    """Most runs of these letters are names, digests or pictures."""
    assert decoded_text(run) is None
    assert runs(run) == []


def test_a_run_that_is_too_short_is_a_word() -> None:
    """Fewer than eight bytes are shorter than any secret that has a form."""
    assert decoded_text("YWJjZGVm") is None
    assert decoded_text("YWJjZGVmZ2g=") == "abcdefgh"


def test_a_run_in_a_path_is_read() -> None:
    """The joints of a path are letters of the alphabet, too."""
    run = base64.b64encode(b"4111 1111 1111 1111").decode()
    assert runs(f"/download/{run}") == [(run, "4111 1111 1111 1111")]


@pytest.mark.parametrize("joint", ["\n", "\r\n", "\\n"])
def test_lines_of_an_encoder_are_one_run(joint: str) -> None:
    """A secret across the end of a line is read whole; short lines are words of their own."""
    text = "The quick brown fox jumps over the lazy dog, then sleeps. " * 3
    encoded = base64.b64encode(text.encode()).decode()
    lines = joint.join(encoded[place : place + 76] for place in range(0, len(encoded), 76))
    assert runs(lines) == [(lines, text)]
