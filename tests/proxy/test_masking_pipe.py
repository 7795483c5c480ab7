"""The pipe to a child: in short steps, by a deadline."""

from __future__ import annotations

import pickle
import pickletools
from typing import Any

import pytest

from countersign import limits
from countersign.proxy import masking_pipe
from countersign.proxy.masking_pipe import Child, InSteps
from countersign.strict_json import Json
from tests.proxy.values import settings

_LARGE: list[Json] = [{"name": f"n{number}", "of": [number]} for number in range(50_000)]


class _Counting(InSteps):
    """Knows how much went through in one step."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.largest = max(self.largest, len(data))
        return data

    def readinto(self, buffer: Any, /) -> int:
        length = super().readinto(buffer)
        self.largest = max(self.largest, length)
        return length

    def write(self, data: Any, /) -> int:
        self.largest = max(self.largest, len(data))
        return super().write(data)


def test_what_is_large_passes_in_short_steps() -> None:
    """Python code runs after each, and so other threads do: what is written is larger by far, and is read again so."""
    written = _Counting()
    pickle.Pickler(written, pickle.HIGHEST_PROTOCOL).dump(_LARGE)
    data = written.getvalue()
    assert written.largest < 130_000 < len(data)
    assert sum(1 for found in pickletools.genops(data) if found[0].name == "FRAME") > 10
    read = _Counting(data)
    assert pickle.Unpickler(read).load() == _LARGE
    assert 0 < read.largest < 130_000


def test_a_child_that_does_not_get_ready_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does is, and is asked."""
    with monkeypatch.context() as patch:
        patch.setattr(masking_pipe, "_START", "import sys; sys.stdin.buffer.read()")
        patch.setattr(limits, "MASKING_START_SECONDS", 0.2)
        child = Child()
        try:
            with pytest.raises(TimeoutError):
                child.make_ready(settings())
            assert not child.is_ready
        finally:
            child.discard()
    child = Child()
    try:
        child.make_ready(settings())
        assert child.mask("words", {"values": ("a",)}, ()) == ("a",)
    finally:
        child.discard()


def test_more_than_is_read_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is read; with more room it is an answer."""
    child = Child()
    try:
        child.make_ready(settings())
        assert child.mask("words", {"values": ("a" * 1000,)}, ()) == ("a" * 1000,)
        monkeypatch.setattr(limits, "MAX_MASKED_ANSWER_BYTES", 999)
        with pytest.raises(ValueError, match="too much"):
            child.mask("words", {"values": ("a" * 1000,)}, ())
    finally:
        child.discard()
