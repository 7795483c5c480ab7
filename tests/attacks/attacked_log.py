"""A log that is attacked, what was kept of it elsewhere, and everybody who verifies it."""

from __future__ import annotations

import contextlib
import io
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from countersign.evidence import (
    EvidenceLog,
    StatePlaces,
    checkpoint_file,
    standalone_verifier,
    store,
    tiles,
    verify,
)
from countersign.evidence.anchors import Anchor
from countersign.evidence.checkpoint import Signer
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.report import Report
from tests.attacks.tampering import Story
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, SECOND, THIRD, cosigned, size_of

#: Every checkpoint in a file elsewhere; the newest one at a witness; one at a witness that is some commits behind; two of
#: three witnesses, of which one saw the newest, one is behind, and one never answered.
MODES = ("none", "file", "witness", "late witness", "quorum")


@dataclass(frozen=True, slots=True)
class Mode:
    """What an auditor was given to hold against a log."""

    size: int  #: so many records of the log as it was written are anchored
    files: tuple[Path, ...] = ()
    witnesses: tuple[Cosigner, ...] = ()
    quorum: int | None = None

    @property
    def anchors(self) -> list[Anchor]:
        """What witnesses cosigned counts for them alone."""
        return [
            Anchor(path.name, partial(checkpoint_file.read_notes, path), is_elsewhere=not self.witnesses)
            for path in self.files
        ]


@dataclass(frozen=True, slots=True)
class Log:
    """A closed log of two key epochs, what was kept elsewhere, and an older copy of its database."""

    places: StatePlaces
    vkeys: str
    modes: dict[str, Mode]
    older: Path  #: the database, some commits before the witness that is late
    fork: Path  #: the older database, continued by the gateway itself with other records
    story: Story
    old_key: Signer
    key: Signer
    rotated: int  #: size at which the second epoch began
    late: int  #: size that the late witness saw
    notes: tuple[bytes, ...] = field(repr=False)  #: all its checkpoints

    @property
    def size(self) -> int:
        """Records."""
        return len(self.story.records)

    def verified(self, mode: str, target: Path) -> Report:
        """The report of the package's own verification, of a database or an export."""
        given = self.modes[mode]
        witnesses = [each.verifier for each in given.witnesses]
        return verify(target, self.vkeys, given.anchors, witnesses, given.quorum)

    def standalone(self, mode: str, target: Path) -> int:
        """The exit code of the verifier that shares nothing with the gateway."""
        given = self.modes[mode]
        options: list[object] = ["--vkey", self.places.vkey]
        for path in given.files:
            options += ["--require-anchor", "--anchor", path]
        for witness in given.witnesses:
            options += ["--witness", witness.verifier.vkey()]
        options += [] if given.quorum is None else ["--quorum", given.quorum]
        with contextlib.redirect_stdout(io.StringIO()):
            return standalone_verifier.main([*map(str, options), str(target)])

    def signing(self, size: int) -> list[Signer]:
        """The right keys for the commit that ends at `size`: who has them all can do anything to an unanchored log."""
        if size == self.rotated:
            return [self.old_key, self.key]
        return [self.old_key if size < self.rotated else self.key]


def written(root: Path) -> Log:
    """More than one tile of records, and a hundred or so commits."""
    places, clock = StatePlaces(root / "state"), logs.Clock()
    with logs.opened(places, clock=clock) as log:
        _say(log, "old", 80)
        old_key = _signer(places)
        log.rotate_key("tests")
        rotated = log.size
        _say(log, "new", 10)
    older, older_state = root / "older.db", root / "forked"
    shutil.copy(places.database, older)
    shutil.copytree(places.root, older_state)
    with logs.opened(places, clock=clock) as log:
        _say(log, "late", 2)
        late = log.size
        _say(log, "last", 2)
    forked = StatePlaces(older_state)
    with logs.opened(forked, clock=clock) as log:
        _say(log, "fork", 9)
    story = Story.of(places.database)
    notes = tuple(commit.note for commit in story.commits if commit.note is not None)
    assert len(story.records) > 256
    return Log(
        places,
        places.vkey.read_text(),
        _modes(root, notes, late),
        older,
        forked.database,
        story,
        old_key,
        _signer(places),
        rotated,
        late,
        notes,
    )


def exported(database: Path, directory: Path, *, with_payloads: bool = True) -> Path | None:
    """The database as tlog-tiles; None where it is refused."""
    try:
        with closing(store.open_for_reading(database)) as db:
            tiles.export(db, directory, with_payloads=with_payloads, note_export=lambda _: None)
    except (EvidenceDamaged, *store.UNREADABLE):
        return None
    return directory


def leaves(database: Path) -> list[bytes]:
    """Every record, as it stands there."""
    with closing(sqlite3.connect(database)) as db:
        return [leaf for (leaf,) in db.execute("select leaf from records order by seq")]


def _modes(root: Path, notes: tuple[bytes, ...], late: int) -> dict[str, Mode]:
    size = size_of(notes[-1])
    seen = {
        "file": notes,
        "newest": (cosigned(notes[-1], FIRST),),
        "behind": tuple(cosigned(note, SECOND) for note in notes if size_of(note) == late),
    }
    files = {name: root / f"{name}.checkpoints" for name in seen}
    for name, kept in seen.items():
        files[name].write_bytes(b"".join(kept))
    return {
        "none": Mode(0),
        "file": Mode(size, (files["file"],)),
        "witness": Mode(size, (files["newest"],), (FIRST,)),
        "late witness": Mode(late, (files["behind"],), (SECOND,)),
        "quorum": Mode(late, (files["newest"], files["behind"]), (FIRST, SECOND, THIRD), 2),
    }


def _signer(places: StatePlaces) -> Signer:
    key = load_pem_private_key((places.keys / "log.key").read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return Signer.of(logs.ORIGIN, key)


def _say(log: EvidenceLog, name: str, count: int) -> None:
    for number in range(count):
        exchange = f"{name}{number}"
        log.submit(logs.intent(exchange, body=exchange.encode())).result(5)
        log.submit(logs.decision(exchange, "allow"), logs.outcome(exchange)).result(5)
