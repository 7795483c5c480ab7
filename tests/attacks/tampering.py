"""What an attacker who can write the evidence database does to it: records, and everything that can be computed anew."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from countersign.evidence import records
from countersign.evidence.checkpoint import Signer, signed
from countersign.evidence.tree import TILE_LEAVES, Frontier, leaf_hash

#: Who signs the checkpoint of a commit: nobody (what was there before stays), or these keys.
type Signing = Callable[[int], Sequence[Signer]]


@dataclass(slots=True)
class Forged:
    """A record as the attacker wants it."""

    leaf: dict[str, Any]
    payloads: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  #: name to salt and data
    raw: bytes | None = None  #: the leaf, where it is no canonical JSON; `seq` and `batch` are those of `leaf`


@dataclass(slots=True)
class Commit:
    """A group commit, and the checkpoint at its end."""

    records: list[Forged]
    note: bytes | None


@dataclass(slots=True)
class Story:
    """All of a log, taken apart."""

    commits: list[Commit]

    @classmethod
    def of(cls, database: Path) -> Story:
        """Read a database."""
        with closing(sqlite3.connect(database)) as db:
            leaves = [json.loads(leaf) for (leaf,) in db.execute("select leaf from records order by seq")]
            notes = dict(db.execute("select size, note from checkpoints").fetchall())
            payloads = db.execute("select seq, name, salt, data from payloads order by seq, name").fetchall()
        commits: list[Commit] = []
        for leaf in leaves:
            if leaf["batch"] == leaf["seq"]:
                commits.append(Commit([], None))
            commits[-1].records.append(Forged(leaf))
            commits[-1].note = notes.get(leaf["seq"] + 1)
        story = cls(commits)
        every = story.records
        for seq, name, salt, data in payloads:
            every[seq].payloads[name] = (salt, data)
        return story

    @property
    def records(self) -> list[Forged]:
        """All records, in order."""
        return [record for commit in self.commits for record in commit.records]

    def copy(self) -> Story:
        """One that can be changed."""
        return deepcopy(self)

    def write(self, original: Path, target: Path, signing: Signing | None = None) -> Path:
        """A database that holds this: places, hashes, columns, commitments and roots of tiles are computed anew.

        Without `signing` each checkpoint stays as it was, because nobody else can sign; with it, each is signed.
        """
        target.parent.mkdir(exist_ok=True)
        shutil.copy(original, target)
        with closing(sqlite3.connect(target)) as db, db:
            for table in ("payloads", "checkpoints", "subtrees", "records"):
                db.execute(f"delete from {table}")
            tree = Frontier()
            for commit in self.commits:
                batch = tree.size
                for record in commit.records:
                    _insert(db, record, tree, batch)
                note = signed(signing(tree.size), tree.size, tree.root()) if signing else commit.note
                if note is not None:
                    db.execute("insert into checkpoints values (?, ?)", [tree.size, note])
        return target


def _insert(db: sqlite3.Connection, record: Forged, tree: Frontier, batch: int) -> None:
    seq = tree.size
    record.leaf |= {"seq": seq, "batch": batch}
    for name, (salt, data) in record.payloads.items():
        record.leaf["payloads"][name] |= {"length": len(data), "commit": records.commitment(salt, data)}
        db.execute("insert into payloads values (?, ?, ?, ?)", [seq, name, salt, data])
    leaf = json.dumps(record.leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    columns = records.columns(records.parse(leaf))
    leaf = leaf if record.raw is None else record.raw
    hashed = leaf_hash(leaf)
    marks = ", ".join("?" * (len(records.COLUMNS) + 2))
    names = ", ".join((*records.COLUMNS, "leaf", "leaf_hash"))
    db.execute(f"insert into records ({names}) values ({marks})", [*columns, leaf, hashed])
    tile = tree.append(hashed)
    if tile is not None:
        db.execute("insert into subtrees values (?, ?)", [seq // TILE_LEAVES, tile])
