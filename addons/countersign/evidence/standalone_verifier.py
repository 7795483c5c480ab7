"""Verifies the evidence log of a Countersign gateway with nothing of Countersign: Python 3.12 and `cryptography`.

    python standalone_verifier.py --vkey log.vkey [--anchor FILE]... [--witness VKEY]... [--quorum K] [--require-anchor] LOG

LOG is an evidence database, or a directory written by `countersign evidence export --tiles`. Take log.vkey, the anchor
files (checkpoints that were kept elsewhere) and the witnesses' keys from where the gateway cannot write. What witnesses
cosigned is found beside the database, or in the export, and in the anchor files.

0. The database or export is sound in itself: tables or files, and the Merkle tiles (RFC 6962, C2SP tlog-tiles).
1. Every record is one JSON object without duplicate names, of this log, in its place; every column says what it says.
2. Every payload fits its salted commitment, or was erased by a rule, and its `prune` record says exactly which.
3. After every group commit, and nowhere else, stands a checkpoint (C2SP signed note) over all records so far, signed by
   the key of its epoch; where a `key_rotation` record ends an epoch, by the next key too.
4. Every checkpoint of an anchor is one of these; of a witness that is named, with its cosignature where it has one.
5. The log begins with its genesis record, and no intent is without an outcome when the gateway starts again.

Exit codes: 0 intact; 1 tampered with or damaged; 2 cannot be read, or incomplete; 3 intact, but fewer of the witnesses
vouch for any of it than were asked (--quorum; all of them without it), or --require-anchor was given and nothing does.
It does not check what the log cannot show: that a record tells the truth, or that masking left no secret in it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sqlite3
import sys
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

OK, TAMPERED, UNREADABLE, UNANCHORED = 0, 1, 2, 3
MAX_LEAF, MAX_PAYLOAD, MAX_NOTE, MAX_VKEYS = 16 * 1024, 16 << 20, 16 * 1024, 4 << 20  # bytes, as the gateway's own
MAX_SHOWN, MAX_ERASURES = 20, 100_000  # problems that are printed; prune records that are kept in memory
MEMBERS = {"v", "origin", "seq", "batch", "type", "time", "exchange", "fields", "payloads"}
COLUMNS = ("seq", "time", "type", "exchange", "connection", "subject", "caller", "verdict", "status")
TABLES = {"records", "payloads", "checkpoints", "subtrees", "_sqlite_migrations"}
SIGNED, COSIGNED = 1, 4  # types of keys: C2SP signed-note, C2SP tlog-cosignature
# all that reading damaged evidence can raise:
DAMAGE = (ValueError, TypeError, KeyError, RecursionError, OverflowError, OSError, sqlite3.Error)


class Unreadable(Exception):
    """What was given cannot be verified at all."""


# -- keys and notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature) ----------------------------------------------
@dataclass(frozen=True)
class Key:
    line: str
    name: str
    id: bytes
    public: bytes
    kind: int

    @classmethod
    def parse(cls, vkey: str, kind: int) -> Key:
        name, key_id, encoded = vkey.split("+", 2)  # base64 has a "+" too
        key = unbase64(encoded)
        digest = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
        if len(key) != 33 or key[0] != kind or digest.hex() != key_id or not re.fullmatch(r"[!-*,-~]+", name):
            raise ValueError("not a vkey of the kind that is needed")
        return cls(vkey, name, digest, key[1:], kind)

    def verify(self, note: bytes) -> int | None:
        """The time of a cosignature, 0 for a signature; None where the note has none of this key."""
        text, lines = split(note)
        found = [blob[4:] for name, blob in lines if name == self.name and blob[:4] == self.id]
        if len(found) != 1:
            if found:
                raise ValueError(f"the note is signed twice by {self.name}")
            return None
        signature, message, time = found[0], text.encode(), 0
        if self.kind == COSIGNED:
            time = int.from_bytes(signature[:8])
            signature, message = signature[8:], b"cosignature/v1\ntime %d\n%b" % (time, message)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise ValueError(f"the signature of {self.name} is wrong") from None
        return time


def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text, and the (name, key id and signature) of each signature line."""
    if len(note) > MAX_NOTE:
        raise ValueError("the note is too long")
    text, blank, signatures = note.decode().rpartition("\n\n")
    lines = [re.fullmatch(r"— (\S+) (\S+)", line) for line in signatures.removesuffix("\n").split("\n")]
    if not blank or not signatures.endswith("\n") or None in lines or re.search(r"[\x00-\x09\x0b-\x1f]", note.decode()):
        raise ValueError("not a signed note")
    return text + "\n", [(line[1], unbase64(line[2])) for line in lines if line]


def checkpoint(note: bytes) -> tuple[str, int, bytes]:
    """Origin, size and root; no signature is verified here."""
    match = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]{44})\n", split(note)[0])
    if match is None:
        raise ValueError("not a checkpoint of three lines")
    return match[1], int(match[2]), unbase64(match[3])


def read_notes(path: Path) -> Iterator[bytes]:
    """The notes that were in a file when it was opened. A write that was cut off (the gateway marks it) is not one."""
    lines: list[bytes] = []
    with open_regular(path) as file:
        left = os.fstat(file.fileno()).st_size
        while line := file.readline(min(MAX_NOTE + 1, left)):
            left -= len(line)
            is_torn = not line.endswith(b"\n") or line.endswith(b"# torn\n")
            if len(lines) > 4 and (is_torn or not line.startswith("— ".encode())):
                yield b"".join(lines)
                lines = []
            lines = [] if is_torn else [*lines, line]
            if sum(map(len, lines)) > MAX_NOTE:
                raise ValueError(f"{path} is not a file of checkpoints")
    if len(lines) > 4:
        yield b"".join(lines)


def open_regular(path: Path) -> Any:
    """Open a file; no pipe or device, which would never end."""
    if not path.is_file():
        raise ValueError(f"{str(path)!a} is missing")
    return path.open("rb")


# -- the Merkle tree (RFC 6962, C2SP tlog-tiles) -----------------------------------------------------------------------
@dataclass
class Tree:
    """A growing tree: `peaks` are its perfect subtrees, `edge[level]` the hashes of the unfinished tile of each level."""

    on_tile: Callable[[int, int, list[bytes]], None]  #: level, number, hashes
    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    edge: list[list[bytes]] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        node, merges, height = hashlib.sha256(b"\x00" + leaf).digest(), self.size, 0
        self.size += 1
        self._keep(0, node)
        while merges & 1:
            node = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest()
            merges, height = merges >> 1, height + 1
            if height % 8 == 0:
                self._keep(height // 8, node)
        self.peaks.append(node)

    def _keep(self, level: int, node: bytes) -> None:
        if level == len(self.edge):
            self.edge.append([])
        self.edge[level].append(node)
        if len(self.edge[level]) == 256:
            self.on_tile(level, self.size // 256 ** (level + 1) - 1, self.edge[level])
            self.edge[level] = []

    def root(self) -> bytes:
        root = self.peaks[-1] if self.peaks else hashlib.sha256().digest()
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + peak + root).digest()
        return root

    def finish(self) -> None:
        for level, tile in enumerate(self.edge):
            if tile:
                self.on_tile(level, self.size // 256 ** (level + 1), tile)


# -- where the evidence is ---------------------------------------------------------------------------------------------
class Database:
    """A SQLite file, read only, in one transaction."""

    payloads_are_kept = True

    def __init__(self, path: Path) -> None:
        uri = path.absolute().as_uri() + "?mode=ro"
        if not path.with_name(path.name + "-wal").exists() and not os.access(path.parent, os.W_OK):
            uri += "&immutable=1"  # an ended log on read-only media
        try:
            self.db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)
        except sqlite3.OperationalError as error:
            raise Unreadable(f"{path}: {error}") from None
        try:
            self.db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_PAYLOAD + (1 << 20))
            self.db.text_factory = lambda text: text.decode(errors="surrogateescape")
            self.db.execute("begin")
            self.db.execute("select 1 from sqlite_master").fetchone()
        except Exception as error:  # SQLite may quote damaged text, which is a UnicodeDecodeError
            self.db.close()
            if isinstance(error, sqlite3.OperationalError):
                raise Unreadable(f"{path}: {error}") from None
            raise

    def close(self) -> None:
        self.db.close()

    def structure(self) -> Iterator[str]:
        yield from (f"SQLite: {found}" for (found,) in self.db.execute("pragma integrity_check(10)") if found != "ok")
        parts = set(self.db.execute("select type, tbl_name from sqlite_master"))
        if {table for _, table in parts} - TABLES or {kind for kind, _ in parts} - {"table", "index"}:
            yield "the database has tables, views or triggers that are not the gateway's"

    def leaves(self) -> Iterator[Any]:
        yield from (leaf for (leaf,) in self.db.execute("select leaf from records order by seq"))

    def records(self) -> Iterator[tuple[bytes, tuple[object, ...] | None]]:
        rows = self.db.execute(f"select leaf, leaf_hash, {', '.join(COLUMNS)} from records order by seq")  # noqa: S608
        yield from ((leaf, tuple(stored)) for leaf, *stored in rows)

    def payloads(self) -> Iterator[tuple[int, str, bytes, bytes]]:
        return iter(self.db.execute("select seq, name, salt, data from payloads order by seq, name"))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        return iter(self.db.execute("select size, note from checkpoints order by size"))

    def check_tile(self, level: int, number: int, hashes: list[bytes]) -> None:
        """The table of subtrees holds the first level of tiles: the roots of full tiles of leaves."""
        query = "select root from subtrees where tile >= ? and tile < ? order by tile"
        if level == 1 and [root for (root,) in self.db.execute(query, [number * 256, number * 256 + 256])] != hashes:
            raise ValueError(f"the stored roots of tiles from {number * 256} on are not those of their leaves")

    def check_rest(self, size: int, epochs: list[Key], note: bytes) -> None:
        if self.db.execute("select count(*) from subtrees").fetchone()[0] != size // 256:
            raise ValueError("roots of tiles are stored that no records complete, or some are missing")


class Export:
    """A directory of C2SP tlog-tiles, with all checkpoints and, perhaps, payloads beside the tiles."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = self.note_bytes = 0  # files of tiles and payloads that belong to it; bytes of checkpoints
        self.payloads_are_kept = (path / "payloads").is_dir()
        if not (path / "checkpoint").is_file():
            raise Unreadable(
                f"{path}: no export of a log, or one that was not written to its end: no file `checkpoint`"
            )
        self.size = checkpoint(self._read("checkpoint", MAX_NOTE))[1]

    def _read(self, name: str, limit: int) -> bytes:
        with open_regular(self.path / name) as file:
            data: bytes = file.read(limit + 1)
        if len(data) > limit:
            raise ValueError(f"{name} is too long")
        return data

    def _tiles(self) -> Iterator[tuple[str, int]]:
        for number in range(-(-self.size // 256)):
            width = min(256, self.size - number * 256)
            yield tile_path(number, width), width

    def close(self) -> None:
        """Files are closed as they were read."""

    def structure(self) -> Iterator[str]:
        return iter(())  # all of it is compared on the way

    def leaves(self) -> Iterator[Any]:
        for path, width in self._tiles():
            data, place = self._read(f"tile/entries/{path}", 256 * (MAX_LEAF + 2)), 0
            for _ in range(width):
                end = place + 2 + int.from_bytes(data[place : place + 2])
                if end > len(data):
                    raise ValueError(f"tile/entries/{path} is too short")
                yield data[place + 2 : end]
                place = end
            if place != len(data):
                raise ValueError(f"tile/entries/{path} is too long")

    def records(self) -> Iterator[tuple[bytes, tuple[object, ...] | None]]:
        yield from ((leaf, None) for leaf in self.leaves())

    def payloads(self) -> Iterator[tuple[int, str, bytes, bytes]]:
        """A line `seq name salt length` and the data, for each; a file for each tile of records that has any."""
        for path in (self.path / "payloads" / path for path, _ in self._tiles()):
            if not self.payloads_are_kept or not path.exists():
                continue
            self.files += 1
            with open_regular(path) as file:
                while line := file.readline(200):
                    match = re.fullmatch(rb"(0|[1-9]\d{0,15}) ([a-z0-9_.-]+) ([0-9a-f]{64}) (0|[1-9]\d{0,7})\n", line)
                    if match is None or int(match[4]) > MAX_PAYLOAD:
                        raise ValueError(f"{path.relative_to(self.path)} is malformed")
                    data = file.read(int(match[4]) + 1)
                    if len(data) != int(match[4]) + 1 or not data.endswith(b"\n"):
                        raise ValueError(f"{path.relative_to(self.path)} is cut off")
                    yield int(match[1]), match[2].decode(), bytes.fromhex(match[3].decode()), data[:-1]

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        for note in read_notes(self.path / "checkpoints"):
            self.note_bytes += len(note)
            yield checkpoint(note)[1], note

    def check_tile(self, level: int, number: int, hashes: list[bytes]) -> None:
        path = f"tile/{level}/{tile_path(number, len(hashes))}"
        self.files += 1
        if self._read(path, 256 * 32) != b"".join(hashes):
            raise ValueError(f"{path} does not hold the hashes of what is below it")

    def check_rest(self, size: int, epochs: list[Key], note: bytes) -> None:
        found = sum(len(files) for part in ("tile", "payloads") for _, _, files in os.walk(self.path / part))
        belong = self.files + -(-size // 256)
        if found != belong:
            raise ValueError(f"the export has {found} files of tiles and payloads, and {belong} belong to it")
        if (self.path / "checkpoints").stat().st_size != self.note_bytes:
            raise ValueError("the file `checkpoints` holds more than checkpoints")
        if self._read("checkpoint", MAX_NOTE) != note:
            raise ValueError("the file `checkpoint` is not the last of the file `checkpoints`")
        if self._read("log.vkey", MAX_VKEYS) != "".join(f"{key.line}\n" for key in epochs).encode():
            raise ValueError("log.vkey is not the list of the keys that signed")


def tile_path(number: int, width: int) -> str:
    digits = str(number).zfill(-(-len(str(number)) // 3) * 3)
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    return "".join(f"x{part}/" for part in parts[:-1]) + parts[-1] + (f".p/{width}" if width < 256 else "")


# -- records -----------------------------------------------------------------------------------------------------------
def parse(leaf: object) -> dict[str, Any]:
    """One record, strictly."""
    if not isinstance(leaf, bytes) or len(leaf) > MAX_LEAF:
        raise ValueError("its leaf is not stored as it was written")
    record = json.loads(leaf.decode(), object_pairs_hook=unique, parse_constant=refuse, parse_float=refuse)
    if not isinstance(record, dict) or set(record) != MEMBERS or type(record["v"]) is not int or record["v"] != 1:
        raise ValueError("it does not have the members of a record")
    kinds = {"origin": str, "type": str, "seq": int, "batch": int, "time": int, "fields": dict, "payloads": dict}
    if any(type(record[name]) is not kind for name, kind in kinds.items()) or not fits(record["exchange"], str):
        raise ValueError("its members are of the wrong types")
    for described in record["payloads"].values():
        if not isinstance(described, dict) or set(described) != {"length", "media_type", "commit"}:
            raise ValueError("it describes a payload in an unknown way")
    return record


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is given twice in one JSON object")
    return dict(pairs)


def refuse(number: str) -> Any:
    raise ValueError("it holds a number that is no integer")


def fits(value: object, kind: type) -> bool:
    return value is None or type(value) is kind


def columns(record: dict[str, Any]) -> tuple[object, ...]:
    """What the columns of the database must say."""
    fields = record["fields"]
    caller = fields.get("caller")
    if isinstance(caller, dict):
        people = caller.get("people")
        names = [person for person in people if isinstance(person, str)] if isinstance(people, list) else []
        caller = ", ".join(names) if names else caller.get("sub")
    found = (fields.get("connection"), fields.get("subject"), caller, fields.get("verdict"), fields.get("status"))
    if not all(fits(value, str) for value in found[:4]) or not fits(found[4], int):
        raise ValueError("a searchable field is of the wrong type")
    return (record["seq"], record["time"], record["type"], record["exchange"], *found)


@dataclass
class Erasure:
    """A `prune` record, and the payloads that are missing because of it."""

    seq: int
    fields: dict[str, Any]
    count: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def covers(self, record: dict[str, Any], name: str) -> bool:
        rule = self.fields
        return bool(
            rule["first"] <= record["seq"] <= rule["last"] < self.seq
            and record["time"] < rule["before"]
            and (rule["connection"] is None or record["fields"].get("connection") == rule["connection"])
            and (rule["types"] is None or record["type"] in rule["types"])
            and (rule["names"] is None or name in rule["names"])
        )

    def add(self, seq: int, name: str) -> None:
        self.count += 1
        self.digest.update(f"{seq} {name}\n".encode())


# -- verification ------------------------------------------------------------------------------------------------------
class Stream[T]:
    """An iterator whose next item can be looked at."""

    def __init__(self, items: Iterator[T]) -> None:
        self.items = items
        self.head = next(items, None)

    def take(self) -> T | None:
        taken, self.head = self.head, next(self.items, None)
        return taken


class Anchor:
    """A file of checkpoints: kept elsewhere, or by the gateway itself, where only what a witness cosigned counts."""

    def __init__(self, path: Path, *, is_elsewhere: bool) -> None:
        self.path, self.is_elsewhere = path, is_elsewhere
        self.vouched, self.last, self.lacks, self.is_of_a_witness = 0, -1, 0, False
        if not path.is_file():
            raise Unreadable(f"{path}: no file")
        self.notes = Stream(self._read())
        if self.notes.head is None and is_elsewhere:
            raise ValueError(f"the anchor {path} holds no checkpoint")

    def _read(self) -> Iterator[tuple[int, bytes]]:
        for note in read_notes(self.path):
            origin, size, _ = checkpoint(note)
            if size <= self.last:
                raise ValueError(f"the anchor {self.path} has a checkpoint of {size} records after one of {self.last}")
            self.last = size
            self.is_of_a_witness |= any(name != origin for name, _ in split(note)[1])
            yield size, note


def beside(log: Path, witnesses: list[Key]) -> list[Anchor]:
    """What the gateway kept of the cosignatures of these witnesses."""
    directory = log if log.is_dir() else log.parent
    paths = [directory / f"cosigned-checkpoints-{witness.id.hex()}" for witness in witnesses]
    return [Anchor(path, is_elsewhere=False) for path in paths if path.exists()]


class Verification:
    """One pass over a log, with bounded memory; `problems` is what was found."""

    def __init__(
        self, source: Database | Export, keys: list[Key], anchors: list[Anchor], witnesses: list[Key], quorum: int
    ) -> None:
        self.source, self.keys, self.anchors, self.quorum = source, keys, anchors, quorum
        self.origin = keys[0].name
        self.tree = Tree(self.check_tile)
        self.epochs, self.signers = [keys[0]], [keys[0]]
        self.vouched = {keys[0]: 0}  # size of the last checkpoint that each key signed
        self.witnessed = {witness: (0, 0) for witness in witnesses}  # size and time
        self.batch, self.last_note = 0, b""
        self.open_intents: dict[str, int] = {}
        self.payloads = self.erased = self.checkpoints = self.problem_count = 0
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self.covering: list[Erasure] = []  # those that looked at the present record

    def witnessed_size(self) -> int:
        """What a quorum of the witnesses saw: who saw more records saw these too."""
        sizes = sorted((size for size, _ in self.witnessed.values()), reverse=True)
        return sizes[self.quorum - 1] if self.quorum and not self.problem_count else 0

    def anchored_size(self) -> int:
        """What anything outside of the gateway's reach vouches for."""
        kept = [anchor.vouched for anchor in self.anchors if anchor.is_elsewhere and not self.problem_count]
        return max([*kept, self.witnessed_size()])

    def problem(self, what: object) -> None:
        self.problem_count += 1
        if len(self.problems) < MAX_SHOWN:
            self.problems.append(ascii(str(what))[1:-1])

    def run(self) -> None:
        try:
            for what in self.source.structure():
                self.problem(what)
            self.erasures = self.find_erasures()
            self.upcoming = deque(sorted(self.erasures, key=lambda erasure: erasure.fields["first"]))
            self.notes, self.rows = Stream(self.source.checkpoints()), Stream(self.source.payloads())
            for leaf, stored in self.source.records():
                try:
                    self.check_record(leaf, stored)
                except DAMAGE as error:
                    self.problem(f"record {self.tree.size}: {error}")
                self.tree.append(leaf)
            self.finish()
        except DAMAGE as error:
            self.problem(f"after {self.tree.size} records nothing can be read any more: {error}")

    def find_erasures(self) -> list[Erasure]:
        found: list[Erasure] = []
        for leaf in self.source.leaves():
            if isinstance(leaf, bytes) and b'"type":"prune"' in leaf and (record := parse(leaf))["type"] == "prune":
                fields = record["fields"]
                if not all(type(fields.get(name)) is int for name in ("before", "first", "last", "count")):
                    raise ValueError(f"the prune record {record['seq']} does not say what it erased")
                if not fits(fields.get("types"), list) or not fits(fields.get("names"), list):
                    raise ValueError(f"the prune record {record['seq']} does not say what it erased")
                found.append(Erasure(record["seq"], fields))
        if len(found) > MAX_ERASURES:
            raise ValueError("there are more prune records than this program compares")
        return found

    def eraser(self, record: dict[str, Any], name: str) -> Erasure | None:
        """The first that erased a payload. Records come in order, and so do the ranges that were looked at."""
        seq = record["seq"]
        while self.upcoming and self.upcoming[0].fields["first"] <= seq:
            insort(self.covering, self.upcoming.popleft(), key=lambda erasure: erasure.seq)
        self.covering = [erasure for erasure in self.covering if erasure.fields["last"] >= seq]
        return next((erasure for erasure in self.covering if erasure.covers(record, name)), None)

    def check_record(self, leaf: bytes, stored: tuple[object, ...] | None) -> None:
        seq = self.tree.size
        rows = self.take_payloads(seq)
        record = parse(leaf)
        if record["batch"] == seq:
            self.end_commit(seq)
            self.batch = seq
        if (record["origin"], record["seq"], record["batch"]) != (self.origin, seq, self.batch):
            raise ValueError("it is of another log, another place or another group commit")
        expected = (hashlib.sha256(b"\x00" + leaf).digest(), *columns(record))
        if stored is not None and [(type(a), a) for a in stored] != [(type(b), b) for b in expected]:
            raise ValueError("a column is not what the record says")
        self.follow(record)
        self.check_payloads(record, rows)

    def take_payloads(self, seq: int) -> dict[str, tuple[str, int]]:
        """Name to commitment and length of what is stored; the data itself is not kept."""
        found: dict[str, tuple[str, int]] = {}
        while self.rows.head is not None and self.rows.head[0] <= seq:
            owner, name, salt, data = self.rows.head
            if owner != seq or name in found or type(salt) is not bytes or type(data) is not bytes or len(salt) != 32:
                self.problem("a payload is stored that belongs to no record, or not as it was written")
            digest = hashlib.sha256(b"countersign-payload-v1" + salt + data).hexdigest()
            found[name] = digest, len(data)
            self.rows.take()
        return found

    def check_payloads(self, record: dict[str, Any], rows: dict[str, tuple[str, int]]) -> None:
        seq = record["seq"]
        self.payloads += len(rows)
        if rows.keys() - record["payloads"].keys():
            raise ValueError("payloads are stored that it does not name")
        for name, described in sorted(record["payloads"].items()):
            if name in rows:
                if rows[name] != (described["commit"], described["length"]):
                    raise ValueError(f"the payload {name} is not the one that was recorded")
            elif self.source.payloads_are_kept:
                erasure = self.eraser(record, name)
                if erasure is None:
                    raise ValueError(f"the payload {name} is missing, and no rule erased it")
                erasure.add(seq, name)
                self.erased += 1

    def check_erasure(self, erasure: Erasure) -> None:
        """Every record before it was read: what is missing must be what it says that it erased."""
        said = (erasure.fields["count"], erasure.fields.get("digest"))
        if self.source.payloads_are_kept and said != (erasure.count, erasure.digest.hexdigest()):
            self.problem(f"record {erasure.seq}: other payloads are missing than those that it says were erased")

    def follow(self, record: dict[str, Any]) -> None:
        """Whether the records tell one story."""
        seq, fields, exchange = record["seq"], record["fields"], record["exchange"]
        if (record["type"] == "genesis") != (seq == 0):
            raise ValueError("a log begins with its genesis record, and has one only")
        match record["type"]:
            case "genesis" if fields.get("vkey") != self.keys[0].line:
                raise ValueError("the log was begun with another key")
            case "key_rotation":
                key = Key.parse(str(fields.get("next")), SIGNED)
                known = self.keys[len(self.epochs) :][:1] or [key]
                if key.name != self.origin or fields.get("epoch") != len(self.epochs) or len(self.signers) > 1:
                    raise ValueError("it does not name the next key of this log")
                if key in self.epochs or known != [key]:
                    raise ValueError("the next key of the log is not the one that was expected")
                self.signers.append(key)
            case "intent" if exchange is not None:
                self.open_intents[exchange] = seq
            case "outcome" | "outcome_unknown":
                self.open_intents.pop(exchange, None)
            case "decision" if fields.get("verdict") == "deny":
                self.open_intents.pop(exchange, None)
            case "start" if self.open_intents:
                for intent in self.open_intents.values():
                    self.problem(f"record {intent}: an intent without an outcome, and the gateway started again")
                self.open_intents.clear()

    def end_commit(self, size: int) -> None:
        """A group commit ended before record `size`: a checkpoint of exactly this size must stand there."""
        if size == 0:
            return
        root, stored = self.tree.root(), b""
        while self.notes.head is not None and self.notes.head[0] <= size:
            found, note = self.notes.head
            self.notes.take()
            self.checkpoints += 1
            if found == size and not stored:
                stored = note
            else:
                self.problem(f"a checkpoint of {found} records stands where no commit ended, or twice")
        if self.check_note(stored, size, root, "the checkpoint") and not self.problem_count:
            self.vouched.update(dict.fromkeys(self.signers, size))
        for anchor in self.anchors:
            self.compare(anchor, size, root, stored)
        if len(self.signers) > 1:
            self.signers = self.signers[1:]
            self.epochs += self.signers
        self.last_note = stored

    def check_note(self, note: bytes, size: int, root: bytes, name: str) -> bool:
        try:
            if not note:
                raise ValueError("it is missing")
            if checkpoint(note) != (self.origin, size, root):
                raise ValueError("it is not of these records")
            for key in self.signers:
                if key.verify(note) is None:
                    raise ValueError(f"it is not signed by the key {key.id.hex()}")
        except DAMAGE as error:
            self.problem(f"{name} of {size} records: {error}")
            return False
        return True

    def compare(self, anchor: Anchor, size: int, root: bytes, stored: bytes) -> None:
        """Whether what an anchor kept is this log."""
        if anchor.notes.head is not None and anchor.notes.head[0] > size and anchor.vouched:
            anchor.lacks += 1
        while anchor.notes.head is not None and anchor.notes.head[0] <= size:
            found, note = anchor.notes.head
            is_torn = note != stored and stored.startswith(note)  # a power cut between two signature lines
            if found != size:
                self.problem(f"the anchor {anchor.path} has a checkpoint of {found} records, where no commit ended")
            elif (
                note == stored
                or is_torn
                or self.check_note(note, size, root, f"in the anchor {anchor.path}, the checkpoint")
            ):
                self.take_vouching(anchor, size, note)
                if is_torn:
                    self.remarks.append(f"the anchor {anchor.path} has the checkpoint of {size} records cut off")
            anchor.notes.take()

    def take_vouching(self, anchor: Anchor, size: int, note: bytes) -> None:
        """An anchor kept a checkpoint of this log; who cosigned it saw it."""
        try:
            seen = {witness: witness.verify(note) for witness in self.witnessed}
        except DAMAGE as error:
            self.problem(f"in the anchor {anchor.path}, the checkpoint of {size} records: {error}")
            return
        if not self.problem_count:
            anchor.vouched = size
            for witness, time in seen.items():
                if time is not None:
                    self.witnessed[witness] = (size, time)

    def check_tile(self, level: int, number: int, hashes: list[bytes]) -> None:
        try:
            self.source.check_tile(level, number, hashes)
        except DAMAGE as error:
            self.problem(error)

    def finish(self) -> None:
        size = self.tree.size
        self.end_commit(size)
        self.tree.finish()
        for erasure in self.erasures:
            self.check_erasure(erasure)
        if size == 0:
            self.problem("the log holds no records")
        if self.notes.head is not None:
            self.problem(f"there is a checkpoint of {self.notes.head[0]} records, and only {size} are left")
        if self.rows.head is not None:
            self.problem("a payload is stored that belongs to no record")
        if len(self.epochs) < len(self.keys):
            self.problem("log.vkey has later keys than this log: its end is gone")
        for anchor in self.anchors:
            if anchor.notes.head is not None:
                self.problem(
                    f"the anchor {anchor.path} has {anchor.notes.head[0]} records, the log {size}: its end is gone"
                )
            if anchor.lacks and not anchor.is_of_a_witness:
                self.remarks.append(f"the anchor {anchor.path} lacks {anchor.lacks} checkpoints in its middle")
        try:
            self.source.check_rest(size, self.epochs, self.last_note)
        except DAMAGE as error:
            self.problem(error)


def report(verification: Verification) -> Iterator[str]:
    """What was found, for people."""
    log = verification
    yield f"{log.origin}: {'TAMPERED WITH OR DAMAGED' if log.problem_count else 'intact'}"
    yield f"{log.tree.size} records and {log.checkpoints} checkpoints were read, none skipped."
    kept = f"{log.payloads} payloads fit their records, {log.erased} were erased by rule."
    yield kept if log.source.payloads_are_kept else "The export holds no payloads."
    yield from (f"problem: {problem}" for problem in log.problems)
    if log.problem_count > len(log.problems):
        yield f"... and {log.problem_count - len(log.problems)} more problems"
    yield from (f"remark: {ascii(remark)[1:-1]}" for remark in log.remarks[:MAX_SHOWN])
    for key, size in log.vouched.items():
        yield f"key {key.id.hex()} vouches for the first {size} records"
    for anchor in log.anchors:
        if anchor.is_elsewhere:
            yield f"anchor {anchor.path} vouches for the first {anchor.vouched} records"
    for witness, (size, time) in log.witnessed.items():
        seen = f", seen {datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC" if 0 < time < 1 << 35 else ""
        yield f"witness {witness.name} vouches for the first {size} records{seen}"
    if len(log.witnessed) > 1:
        yield f"{log.quorum} of these witnesses, as asked, vouch for the first {log.witnessed_size()} records"
    anchored = log.anchored_size()
    yield f"What comes after the first {anchored} records rests on the log's own key: who holds it could have rewritten it."
    if log.open_intents:
        yield f"{len(log.open_intents)} requests are open: their outcome is not recorded yet."


def verify(arguments: argparse.Namespace) -> int:
    try:
        with arguments.vkey.open("rb") as file:
            keys = [Key.parse(line, SIGNED) for line in file.read(MAX_VKEYS).decode("ascii").split("\n") if line]
        witnesses = [Key.parse(vkey, COSIGNED) for vkey in arguments.witness]
    except (OSError, ValueError) as error:
        raise Unreadable(f"the keys cannot be used: {error}") from None
    if not keys or len({key.name for key in keys}) > 1 or len(set(keys)) < len(keys):
        raise Unreadable("the keys are not those of one log, each once, oldest first")
    if len({witness.public for witness in witnesses}) < len(witnesses):
        raise Unreadable("a witness is named twice; each counts once")
    quorum = len(witnesses) if arguments.quorum is None else arguments.quorum
    if not min(1, len(witnesses)) <= quorum <= len(witnesses):
        raise Unreadable(f"{quorum} of {len(witnesses)} witnesses is no quorum")
    log: Path = arguments.log
    if not log.exists():
        raise Unreadable(f"{log}: there is no such file or directory")
    # before the log: a gateway that writes to it meanwhile writes to the anchors last
    anchors = [*(Anchor(path, is_elsewhere=True) for path in arguments.anchor), *beside(log, witnesses)]
    with closing(Export(log) if log.is_dir() else Database(log)) as source:
        verification = Verification(source, keys, anchors, witnesses, quorum)
        verification.run()
    for line in report(verification):
        print(line)
    if verification.problem_count:
        return TAMPERED
    if (witnesses and not verification.witnessed_size()) or (
        arguments.require_anchor and not verification.anchored_size()
    ):
        print("NOT ANCHORED: fewer vouch for any of it than were asked, or nothing does.")
        return UNANCHORED
    return OK


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--vkey", type=Path, required=True, help="the log's public keys, one line each, oldest first")
    parser.add_argument("--anchor", type=Path, action="append", default=[], help="file of checkpoints kept elsewhere")
    parser.add_argument("--witness", action="append", default=[], help="vkey of a witness whose cosignatures count")
    parser.add_argument("--quorum", type=int, metavar="K", help="so many of the witnesses must vouch (default: all)")
    parser.add_argument("--require-anchor", action="store_true", help="end with 3 where nothing else vouches for it")
    parser.add_argument("log", type=Path, help="evidence database, or directory of an export")
    try:
        return verify(parser.parse_args(arguments))
    except (Unreadable, OSError) as error:
        print(f"cannot be read: {ascii(str(error))[1:-1]}")
        return UNREADABLE
    except Exception as error:  # noqa: BLE001 - whatever damaged evidence leads to, it is not intact
        print(f"TAMPERED WITH OR DAMAGED: {ascii(str(error))[1:-1]} ({type(error).__name__})")
        return TAMPERED


if __name__ == "__main__":
    sys.exit(main())
