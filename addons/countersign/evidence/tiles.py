"""A whole log as a directory that strangers can verify with software of their own: C2SP tlog-tiles, and what else it takes.

    checkpoint                  the last signed checkpoint; written last, so an export without it is not complete
    tile/<L>/<N>[.p/<W>]        hashes of the Merkle tree
    tile/entries/<N>[.p/<W>]    records: each leaf after its length in two bytes, big-endian
    checkpoints                 every signed checkpoint, one after the other, as in a checkpoint file
    log.vkey                    the keys that the log names, oldest first; an auditor has them from elsewhere
    cosigned-checkpoints-<id>   those that a witness cosigned, for each witness whose file was given
    payloads/<N>[.p/<W>]        only when asked for: `<seq> <name> <salt in hexadecimal> <length>`, a line feed, so many
                                bytes of data, a line feed; for each payload of those records, where there are any

The same records always become the same bytes. Reads in bounded memory. Does not verify signatures, columns or payloads
(that is `verification`), only that the last checkpoint is of these records.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby, takewhile
from pathlib import Path
from typing import BinaryIO

from sqlite_utils import Database

from countersign.errors import CountersignError
from countersign.evidence import checkpoint, checkpoint_file, records
from countersign.evidence import directory as directories
from countersign.evidence.checkpoint import Checkpoint
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.places import VKEY_NAME
from countersign.evidence.tiling import Tile, Tiling, tile_path
from countersign.evidence.tree import TILE_LEAVES, Frontier, leaf_hash

_MAX_ENTRY_BYTES = 0xFFFF  # tlog-tiles: the length is a uint16


class ExportRefused(CountersignError):
    """The directory of an export cannot be used. Says what to change."""


def export(
    db: Database,
    directory: Path,
    *,
    with_payloads: bool,
    note_export: Callable[[Checkpoint], object],
    cosigned: Sequence[Path] = (),
) -> Checkpoint:
    """Write the log of a database to a new directory, durable when this returns; returns what the export ends with.

    `note_export` is called with the same before anything is written: whoever has to know of the export is told there,
    and what it raises ends it. `cosigned` are the files in which the gateway keeps what witnesses cosigned. Raises ExportRefused when the directory holds something, EvidenceDamaged, one of
    store.UNREADABLE, OSError; then what was written is not complete and has no file `checkpoint`.
    """
    _make_empty(directory)
    db.execute("begin")
    try:
        last, note = _last_checkpoint(db)
        note_export(last)
        written = _Tiles(directory)
        for (leaf,) in db.execute("select leaf from records order by seq"):
            written.add(leaf)
        written.finish()
        if (written.tree.size, written.tree.root()) != (last.size, last.root):
            raise EvidenceDamaged("the last checkpoint is not of these records; run `evidence verify`")
        with _new_file(directory / "checkpoints") as file:
            file.writelines(stored for (stored,) in db.execute("select note from checkpoints order by size"))
        with _new_file(directory / VKEY_NAME) as file:
            file.writelines(f"{vkey}\n".encode() for vkey in _vkeys(db))
        for path in cosigned:
            _write_cosigned(path, directory / path.name, last.size)
        if with_payloads:
            _write_payloads(db, directory / "payloads", last.size)
    finally:
        db.rollback()
    _sync_below(directory)
    with _new_file(directory / "checkpoint") as file:
        file.write(note)
    directories.sync(directory)
    directories.sync(directory.absolute().parent)
    return last


class _Tiles:
    """Writes each tile and each bundle of entries when it is full, the rest at the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "tile"
        self._entries: list[bytes] = []
        self._tiling = Tiling()

    @property
    def tree(self) -> Frontier:
        """The tree over all that was added."""
        return self._tiling.tree

    def add(self, leaf: object) -> None:
        if not isinstance(leaf, bytes) or len(leaf) > _MAX_ENTRY_BYTES:
            raise EvidenceDamaged(f"record {self.tree.size}: its leaf is not stored as it was written")
        self._entries.append(len(leaf).to_bytes(2) + leaf)
        self._write_tiles(self._tiling.add(leaf_hash(leaf)))
        if len(self._entries) == TILE_LEAVES:
            self._write_entries()

    def finish(self) -> None:
        if self._entries:
            self._write_entries()
        self._write_tiles(self._tiling.rest())

    def _write_tiles(self, tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            with _new_file(self._directory / tile.path) as file:
                file.writelines(tile.hashes)

    def _write_entries(self) -> None:
        place = (self.tree.size - 1) // TILE_LEAVES
        with _new_file(self._directory / "entries" / tile_path(place, len(self._entries))) as file:
            file.writelines(self._entries)
        self._entries.clear()


def _write_payloads(db: Database, directory: Path, size: int) -> None:
    directory.mkdir()
    rows = db.execute("select seq, name, salt, data from payloads order by seq, name")
    for place, of_one_tile in groupby(rows, key=lambda row: int(row[0]) // TILE_LEAVES):
        width = min(TILE_LEAVES, size - place * TILE_LEAVES)
        if width <= 0:
            raise EvidenceDamaged("payloads are stored that belong to no record; run `evidence verify`")
        with _new_file(directory / tile_path(place, width)) as file:
            for seq, name, salt, data in of_one_tile:
                if not isinstance(salt, bytes) or not isinstance(data, bytes):
                    raise EvidenceDamaged(f"record {seq}: a payload is not stored as it was written")
                file.write(f"{seq} {name} {salt.hex()} {len(data)}\n".encode())
                file.write(data)
                file.write(b"\n")


def _write_cosigned(source: Path, target: Path, size: int) -> None:
    """Those that are not of a longer log than the export: the gateway goes on."""
    notes = takewhile(lambda note: _parsed(note).size <= size, checkpoint_file.read_notes(source))
    for first in notes:
        with _new_file(target) as file:
            file.writelines(chain([first], notes))


def _last_checkpoint(db: Database) -> tuple[Checkpoint, bytes]:
    row = db.execute("select note from checkpoints order by size desc limit 1").fetchone()
    if row is None or not isinstance(row[0], bytes):
        raise EvidenceDamaged("there is no last checkpoint; run `evidence verify`")
    return _parsed(row[0]), row[0]


def _parsed(note: bytes) -> Checkpoint:
    try:
        return checkpoint.parse(checkpoint.split_note(note)[0])
    except BadNote as error:
        raise EvidenceDamaged(f"a checkpoint cannot be read: {error}; run `evidence verify`") from None


def _vkeys(db: Database) -> Iterator[str]:
    """The keys that the log names, in order."""
    for (leaf,) in db.execute("select leaf from records where type in ('genesis', 'key_rotation') order by seq"):
        envelope = records.parse(leaf)
        yield str(envelope.fields.get("vkey" if envelope.type == "genesis" else "next"))


def _make_empty(directory: Path) -> None:
    directories.make_private(directory)
    if any(directory.iterdir()):
        raise ExportRefused(f"{directory}: not empty; name a directory that does not exist yet")


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there, durable at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync_below(directory: Path) -> None:
    for place, _, _ in os.walk(directory):
        directories.sync(Path(place))
