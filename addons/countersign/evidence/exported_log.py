"""A log in the directory that an export made (see `tiles`), read for an examination, offline and without its database.

Verifies that the tiles are those of the entries, and that every file belongs to them; signatures are the examination's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from countersign import limits
from countersign.errors import CountersignError
from countersign.evidence import checkpoint, checkpoint_file
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.places import VKEY_NAME
from countersign.evidence.tiling import Tile, Tiling, tile_path
from countersign.evidence.tree import TILE_LEAVES

_LENGTH_BYTES = 2
_MAX_BUNDLE_BYTES = TILE_LEAVES * (_LENGTH_BYTES + 0xFFFF)  # tlog-tiles: the length of an entry is a uint16
_MAX_HEADER_BYTES = 200  # of a payload: two numbers, a name and a salt
_PAYLOAD = re.compile(rb"(0|[1-9]\d{0,15}) ([a-z][a-z0-9_.-]{0,63}) ([0-9a-f]{64}) (0|[1-9]\d{0,7})\n")


class NoExport(CountersignError):
    """The directory does not hold an export, or one that was not written to its end."""


class ExportedLog:
    """The files of an export. See `examination.Source`."""

    def __init__(self, directory: Path) -> None:
        """Raises NoExport, EvidenceDamaged, OSError."""
        self._directory = directory
        if not (directory / "checkpoint").is_file():
            raise NoExport("no export of a log, or one that was not written to its end: it has no file `checkpoint`")
        self.holds_payloads = (directory / "payloads").is_dir()
        self._size = _size(self._read("checkpoint", limits.MAX_NOTE_BYTES))
        self._tiling = Tiling()
        self._files = 0  # of tiles and payloads that belong to it
        self._note_bytes = 0

    def reading(self) -> nullcontext[None]:
        """Nobody writes to an export."""
        return nullcontext()

    def structure(self, problem: Callable[[int | None, str], None]) -> bool:
        """Compared on the way."""
        return True

    def prunes(self) -> Iterator[bytes]:
        """Among them perhaps a record that only quotes one."""
        return (leaf for leaf in self._leaves() if b'"type":"prune"' in leaf)

    def records(self) -> Iterator[tuple[object, ...]]:
        """Leaves. There are no columns, and no leaf hashes but those in the tiles."""
        return ((leaf,) for leaf in self._leaves())

    def payloads(self) -> Iterator[tuple[object, ...]]:
        """A header line and the data, for each; a file for each tile of records that has any."""
        for path, _ in self._bundles() if self.holds_payloads else ():
            name = f"payloads/{path}"
            if not os.path.lexists(self._directory / name):
                continue
            self._files += 1
            with self._open(name) as file:
                while line := file.readline(_MAX_HEADER_BYTES):
                    header = _PAYLOAD.fullmatch(line)
                    length = int(header[4]) if header else 0
                    if header is None or length > limits.MAX_PAYLOAD_BYTES:
                        raise EvidenceDamaged(f"{name} is malformed")
                    data = file.read(length + 1)
                    if len(data) != length + 1 or not data.endswith(b"\n"):
                        raise EvidenceDamaged(f"{name} is cut off")
                    yield int(header[1]), header[2].decode(), bytes.fromhex(header[3].decode()), data[:-1]

    def checkpoints(self) -> Iterator[tuple[object, object]]:
        """In the order of the file, each with the size that it names."""
        self._open("checkpoints").close()
        for note in checkpoint_file.read_notes(self._directory / "checkpoints"):
            self._note_bytes += len(note)
            yield _size(note), note

    def grown(self, hashed_leaf: bytes, tile: bytes | None) -> Sequence[str]:
        """The tiles that a record completes are those in the files."""
        return self._compared(self._tiling.add(hashed_leaf))

    def ended(self, note: bytes | None, keys: Sequence[Verifier]) -> Iterator[str]:
        """The rest of the tiles, and every file: nothing is missing, and nothing is there that does not belong."""
        yield from self._compared(self._tiling.rest())
        found = sum(len(files) for part in ("tile", "payloads") for _, _, files in os.walk(self._directory / part))
        belong = self._files + -(-self._size // TILE_LEAVES)
        if found != belong:
            yield f"there are {found} files of tiles and payloads, and {belong} belong to the log"
        if (self._directory / "checkpoints").stat().st_size != self._note_bytes:
            yield "the file `checkpoints` holds more than checkpoints"
        if self._read("checkpoint", limits.MAX_NOTE_BYTES) != note:
            yield "the file `checkpoint` is not the last of the file `checkpoints`"
        vkeys = "".join(f"{key.vkey()}\n" for key in keys).encode()
        if self._read(VKEY_NAME, limits.MAX_VKEY_FILE_BYTES) != vkeys:
            yield f"the file {VKEY_NAME} is not the list of the keys that signed"

    def _compared(self, tiles: Sequence[Tile]) -> list[str]:
        problems = []
        for tile in tiles:
            self._files += 1
            name = f"tile/{tile.path}"
            try:
                if self._read(name, TILE_LEAVES * len(tile.hashes[0])) != b"".join(tile.hashes):
                    problems.append(f"{name} does not hold the hashes of what is below it")
            except (EvidenceDamaged, OSError) as error:
                problems.append(str(error))
        return problems

    def _leaves(self) -> Iterator[bytes]:
        for path, width in self._bundles():
            name = f"tile/entries/{path}"
            data, place = self._read(name, _MAX_BUNDLE_BYTES), 0
            for _ in range(width):
                begin = place + _LENGTH_BYTES
                place = begin + int.from_bytes(data[place:begin])
                if begin > len(data) or place > len(data):
                    raise EvidenceDamaged(f"{name} is cut off")
                yield data[begin:place]
            if place != len(data):
                raise EvidenceDamaged(f"{name} holds more than its {width} entries")

    def _bundles(self) -> Iterator[tuple[str, int]]:
        """The path and the width of each bundle of entries."""
        for number in range(-(-self._size // TILE_LEAVES)):
            width = min(TILE_LEAVES, self._size - number * TILE_LEAVES)
            yield tile_path(number, width), width

    def _read(self, name: str, limit: int) -> bytes:
        with self._open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise EvidenceDamaged(f"{name} is longer than it can be")
        return data

    def _open(self, name: str) -> BinaryIO:
        """No pipe and no device, which would never end."""
        path = self._directory / name
        if not path.is_file():
            raise EvidenceDamaged(f"{name} is missing")
        return path.open("rb")


def _size(note: bytes) -> int:
    try:
        return checkpoint.parse(checkpoint.split_note(note)[0]).size
    except BadNote as error:
        raise EvidenceDamaged(f"a checkpoint cannot be read: {error}") from None
