"""Looks for secrets in bytes and files, in whatever way a program has written them.

Finds a short secret whole, and of a long one any thirty characters. Does not find what was encrypted, hashed, reversed, or
written in a way that `leak_views` does not undo.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.end_to_end import sqlite_remains
from tests.end_to_end.leak_views import ESCAPES, EXTRACTING, SPLITS, is_telling

_WHOLE_CHARACTERS = 24  # a secret up to this is looked for whole
_PIECE_CHARACTERS = 20  # of a longer one, each of these, one every ten: thirty in a row hold one
_MAX_DEPTH = 4  # encodings inside each other, levels of one and the same counted as one
_TOGETHER_BYTES = 1_000_000  # that are looked through at once; one by one where something is found
_PART_BYTES = 16_384  # of a file, as far as its lines are short
_BETWEEN = b"\n\x01\n"
_ZEROS: Final = re.compile(rb"\x00{64,}")  # room that is kept free: nothing is written there
_PACKED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # as archives are
_WORD: Final = re.compile(rb"[A-Za-z0-9]{6,}")


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret, where it is, and how it is written there."""

    secret: str
    place: str
    how: str

    def __str__(self) -> str:
        return f"{self.secret} in {self.place} ({self.how})"


@dataclass(frozen=True, slots=True)
class _Piece:
    secret: str
    anchor: bytes  #: its longest run of letters and digits; empty where that is short
    written: tuple[bytes, ...]

    def is_in(self, data: bytes) -> bool:
        return any(each in data for each in self.written)


@dataclass(slots=True)
class _Read:
    """What was read and has no secret in it."""

    words: set[bytes] = field(default_factory=set)
    runs: set[bytes] = field(default_factory=set)
    contents: set[bytes] = field(default_factory=set)


class Scanner:
    """Looks for the secrets it was made for. Remembers what it has seen and found clean, and reads that once."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: name -> the characters that must be nowhere."""
        pieces = [_piece(name, text) for name, secret in secrets.items() for text in _pieces(secret)]
        self._anchored = [piece for piece in pieces if piece.anchor]
        self._others = [piece for piece in pieces if not piece.anchor]
        self._clean = _Read()

    def in_bytes(self, place: str, data: bytes) -> list[Leak]:
        """The secrets in `data`, which is called `place`; each once."""
        found: dict[str, Leak] = {}
        now = _Read()
        for how, view in self._views(data, now):
            for piece in self._pieces_in(view, now):
                found.setdefault(piece.secret, Leak(piece.secret, place, how))
        if not found:
            self._clean.words |= now.words
            self._clean.runs |= now.runs
        return [*found.values()]

    def in_all(self, contents: Iterable[tuple[str, bytes]]) -> list[Leak]:
        """The same, of many (place, data)."""
        leaks: list[Leak] = []
        fresh = ((place, data) for place, data in contents if data not in self._clean.contents)
        for batch in _batches(fresh):
            if self.in_bytes("", _BETWEEN.join(batch)):
                leaks += [leak for data, place in batch.items() for leak in self.in_bytes(place, data)]
            else:
                self._clean.contents.update(batch)
        return leaks

    def in_files(self, files: Iterable[Path]) -> list[Leak]:
        """The same, of files, of their names, and of what is in databases and archives."""
        return self.in_all(content for file in files for content in _contents(file))

    def _pieces_in(self, data: bytes, now: _Read) -> Iterator[_Piece]:
        yield from (piece for piece in self._others if piece.is_in(data))
        words = set(_WORD.findall(data)) - self._clean.words - now.words
        together = b" ".join(words)
        anchored = [piece for piece in self._anchored if piece.anchor in together]
        yield from (piece for piece in anchored if piece.is_in(data))
        anchors = {piece.anchor for piece in anchored}
        now.words |= {word for word in words if not any(anchor in word for anchor in anchors)} if anchors else words

    def _views(self, data: bytes, now: _Read) -> Iterator[tuple[str, bytes]]:
        """(how it was written, what it is then) for `data` itself and whatever is in it."""

        def is_new(run: bytes) -> bool:
            if run in now.runs or run in self._clean.runs:
                return False
            now.runs.add(run)
            return True

        seen: set[bytes] = set()
        waiting = [("raw", data, 0)]
        while waiting:
            how, text, depth = waiting.pop()
            for name, rewritten in _rewritten(text):
                if rewritten in seen:
                    continue
                seen.add(rewritten)
                written = name if how == "raw" and name else f"{how} > {name}" if name else how
                yield written, rewritten
                for kind, view in EXTRACTING.items() if depth < _MAX_DEPTH else ():
                    taken = [each for each in view(rewritten, is_new) if each not in seen and is_telling(each)]
                    waiting += [(f"{written} > {kind}", each, depth + 1) for each in _together(taken)]


def _pieces(secret: str) -> Iterator[str]:
    assert len(secret) > 5, "it would be found by chance"
    if len(secret) <= _WHOLE_CHARACTERS:
        yield secret
        return
    for start in range(0, len(secret) - _PIECE_CHARACTERS, _PIECE_CHARACTERS // 2):
        yield secret[start : start + _PIECE_CHARACTERS]
    yield secret[-_PIECE_CHARACTERS:]


def _piece(name: str, text: str) -> _Piece:
    anchor = max(re.findall(rb"[A-Za-z0-9]*", text.encode()), key=len)
    written = dict.fromkeys((text.encode(), text.encode("latin-1", "replace"), text.replace(" ", "").encode()))
    return _Piece(name, anchor if _WORD.fullmatch(anchor) else b"", tuple(written))


def _rewritten(data: bytes) -> Iterator[tuple[str, bytes]]:
    """`data`, what it is without escapes of one kind or two, and what it is when parts of it are put together."""
    yield "", data
    for name, undo in ESCAPES.items():
        last = data
        for last in undo(data):
            yield name, last
        for other, second in {**ESCAPES, **SPLITS}.items() if last is not data else ():
            if other != name and (name == "JSON" or other in ESCAPES):
                yield from ((f"{name} > {other}", text) for text in second(last))
    for name, join in SPLITS.items():
        yield from ((name, text) for text in join(data))


def _together(taken: list[bytes]) -> list[bytes]:
    """Small ones are read as one."""
    small = [each for each in taken if len(each) < 4096]
    return [each for each in taken if len(each) >= 4096] + ([_BETWEEN.join(small)] if small else [])


def _batches(contents: Iterable[tuple[str, bytes]]) -> Iterator[dict[bytes, str]]:
    """Content -> where it is first; each once in a batch."""
    batch: dict[bytes, str] = {}
    size = 0
    for place, data in contents:
        if batch and size + len(data) > _TOGETHER_BYTES:
            yield batch
            batch, size = {}, 0
        if data not in batch:
            batch[data] = place
            size += len(data)
    if batch:
        yield batch


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Stretches of some lines, each with the last line of the one before: what was looked at in another file comes again."""
    start = last = 0
    while start < len(data):
        end = data.find(b"\n", start + _PART_BYTES) + 1 or len(data)
        yield last, data[last:end]
        last = max(data.rfind(b"\n", start, end - 1) + 1, start, end - _PART_BYTES)
        start = end


def _contents(file: Path) -> Iterator[tuple[str, bytes]]:
    data = file.read_bytes()
    yield f"the name of {file}", file.name.encode("utf-8", "surrogateescape")
    if data.startswith(sqlite_remains.MAGIC):
        yield from sqlite_remains.values(file)
        yield from ((f"{file}, page {number}", page) for number, page in sqlite_remains.pages(file))
        yield f"{file}, over its pages", _BETWEEN.join(dict.fromkeys(sqlite_remains.seams(file)))
        return
    if data[:4] in sqlite_remains.WAL_MAGIC:
        return  # read with its database
    data = _ZEROS.sub(bytes(16), data)
    yield from ((f"{file}, from byte {start}", part) for start, part in _parts(data))
    if data.startswith(b"PK"):
        with zipfile.ZipFile(file) as archive:
            yield from ((f"{file}: {name}", archive.read(name)) for name in archive.namelist())
    elif data.startswith(_PACKED) or data[257:262] == b"ustar":
        with suppress(tarfile.ReadError), tarfile.open(file) as archive:
            for member in archive:
                if (content := archive.extractfile(member)) is not None:
                    yield f"{file}: {member.name}", content.read()
