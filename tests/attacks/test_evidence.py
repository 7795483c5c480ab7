"""Every way to change the evidence, against every kind of anchor: told where it can be, and where it cannot, the report
does not say more than it may."""

from __future__ import annotations

import contextlib
import io
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from countersign import strict_json
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
from countersign.evidence.checkpoint import Signer, parse, split_note
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import commitment
from countersign.evidence.report import Report
from tests.attacks.tampering import Forged, Signing, Story
from tests.evidence import logs

WITNESS = Cosigner.of("witness.example/w", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
#: Every checkpoint in a file elsewhere; the newest one at a witness; one at a witness that is some commits behind.
MODES = ("none", "file", "witness", "late witness")


@dataclass(frozen=True, slots=True)
class Log:
    """A closed log of two key epochs, what was kept elsewhere, and an older copy of its database."""

    places: StatePlaces
    vkeys: str
    anchors: dict[str, Path]  #: by mode
    older: Path  #: the database, some commits before the witness that is late
    fork: Path  #: the older database, continued by the gateway itself with other records
    story: Story
    old_key: Signer
    key: Signer
    rotated: int  #: size at which the second epoch began
    late: int  #: size that the late witness saw

    @property
    def size(self) -> int:
        return len(self.story.records)


def _signer(places: StatePlaces) -> Signer:
    key = load_pem_private_key((places.keys / "log.key").read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return Signer.of(logs.ORIGIN, key)


def _say(log: EvidenceLog, name: str, count: int) -> None:
    for number in range(count):
        exchange = f"{name}{number}"
        log.submit(logs.intent(exchange, body=exchange.encode())).result(5)
        log.submit(logs.decision(exchange, "allow"), logs.outcome(exchange)).result(5)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """More than one tile of records, and a hundred or so commits."""
    root = tmp_path_factory.mktemp("attacked")
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
    notes = [commit.note for commit in story.commits if commit.note is not None]
    assert len(story.records) > 256
    anchors: dict[str, Path] = {}
    for mode, kept in (
        ("file", notes),
        ("witness", notes[-1:]),
        ("late witness", [note for note in notes if _size(note) == late]),
    ):
        anchors[mode] = root / mode.replace(" ", "-")
        anchors[mode].write_bytes(b"".join(note if mode == "file" else _cosigned(note) for note in kept))
    return Log(
        places, places.vkey.read_text(), anchors, older, forked.database, story, old_key, _signer(places), rotated, late
    )


def _size(note: bytes) -> int:
    return parse(split_note(note)[0]).size


def _cosigned(note: bytes) -> bytes:
    return note + WITNESS.line(split_note(note)[0], 1_800_000_000).encode()


def anchors(log: Log, mode: str) -> list[Anchor]:
    """What the auditor was given."""
    if mode == "none":
        return []
    cosigned = WITNESS.verifier.verify if "witness" in mode else None
    return [Anchor(mode, partial(checkpoint_file.read_notes, log.anchors[mode]), cosigned)]


def standalone(log: Log, mode: str, target: Path) -> int:
    """The exit code of the verifier that shares nothing with the gateway."""
    options: list[object] = ["--vkey", log.places.vkey]
    if mode != "none":
        options += ["--require-anchor", "--anchor", log.anchors[mode]]
    if "witness" in mode:
        options += ["--witness", WITNESS.verifier.vkey()]
    with contextlib.redirect_stdout(io.StringIO()):
        return standalone_verifier.main([*map(str, options), str(target)])


def exported(database: Path, directory: Path) -> Path | None:
    """The database as tlog-tiles; None where it is refused."""
    try:
        with closing(store.open_for_reading(database)) as db:
            tiles.export(db, directory, with_payloads=True, note_export=lambda _: None)
    except (EvidenceDamaged, *store.UNREADABLE):
        return None
    return directory


def epochs(log: Log) -> Signing:
    """The right keys for every commit: who has them all can do anything to an unanchored log."""

    def signing(size: int) -> Sequence[Signer]:
        if size == log.rotated:
            return [log.old_key, log.key]
        return [log.old_key if size < log.rotated else log.key]

    return signing


type Attack = Callable[[Log, Path], Path]
ATTACKS: dict[str, tuple[Attack, str]] = {}  #: by name, and by whom it is noticed, in the order of MODES: y or -


def attack(name: str, noticed: str) -> Callable[[Attack], Attack]:
    """List an attack."""

    def listed(function: Attack) -> Attack:
        assert name not in ATTACKS
        ATTACKS[name] = (function, noticed)
        return function

    return listed


def _of_type(story: Story, kind: str, after: int = 0) -> int:
    return next(seq for seq, record in enumerate(story.records) if seq >= after and record.leaf["type"] == kind)


def _edit(log: Log, after: int = 0) -> Story:
    story = log.story.copy()
    story.records[_of_type(story, "decision", after)].leaf["fields"]["verdict"] = "deny"
    return story


def _delete(log: Log) -> Story:
    story = log.story.copy()
    del story.commits[40].records[0]
    return story


def _delete_commit(log: Log) -> Story:
    story = log.story.copy()
    del story.commits[41]
    return story


def _insert(log: Log) -> Story:
    story = log.story.copy()
    story.commits[40].records.append(
        Forged(dict(story.commits[40].records[0].leaf) | {"type": "rules", "payloads": {}})
    )
    return story


def _reorder(log: Log) -> Story:
    story = log.story.copy()
    story.commits[41:45] = story.commits[43:45] + story.commits[41:43]  # two exchanges
    return story


_STORIES: dict[str, Callable[[Log], Story]] = {
    "edit": _edit,
    "delete a record": _delete,
    "delete a commit": _delete_commit,
    "insert": _insert,
    "reorder": _reorder,
}

for _name, _changed in _STORIES.items():

    @attack(f"{_name}, all recomputed without the key", "yyyy")
    def _without_key(log: Log, target: Path, changed: Callable[[Log], Story] = _changed) -> Path:
        return changed(log).write(log.places.database, target)

    @attack(f"{_name}, signed anew with a key of the attacker's", "yyyy")
    def _with_another_key(log: Log, target: Path, changed: Callable[[Log], Story] = _changed) -> Path:
        forger = Signer.of(logs.ORIGIN, Ed25519PrivateKey.generate())
        return changed(log).write(log.places.database, target, lambda size: [forger])

    @attack(f"{_name}, signed anew with today's key, in an epoch that ended", "yyyy")
    def _with_the_wrong_epoch(log: Log, target: Path, changed: Callable[[Log], Story] = _changed) -> Path:
        return changed(log).write(log.places.database, target, lambda size: [log.key])

    @attack(f"{_name}, by who has the keys of all epochs", "-yyy")
    def _with_all_keys(log: Log, target: Path, changed: Callable[[Log], Story] = _changed) -> Path:
        story = changed(log)
        rotated = _of_type(story, "key_rotation") + 1

        def signing(size: int) -> Sequence[Signer]:
            return [log.old_key] if size < rotated else [log.old_key, log.key] if size == rotated else [log.key]

        return story.write(log.places.database, target, signing)


@attack("edit of the current epoch, before the late witness, by who has today's key", "-yyy")
def _current_epoch(log: Log, target: Path) -> Path:
    return _edit(log, log.rotated + 4).write(log.places.database, target, epochs(log))


@attack("edit after the last anchored checkpoint, by who has today's key", "-yy-")
def _after_the_anchor(log: Log, target: Path) -> Path:
    return _edit(log, log.late).write(log.places.database, target, epochs(log))


def _cut(log: Log, target: Path, size: int) -> Path:
    story = log.story.copy()
    kept = [commit for commit in story.commits if commit.records[-1].leaf["seq"] < size]
    return Story(kept).write(log.places.database, target)


@attack("cut off to an older checkpoint", "-yyy")
def _cut_off(log: Log, target: Path) -> Path:
    return _cut(log, target, log.late - 3)


@attack("cut off behind the late witness", "-yy-")
def _cut_the_tail(log: Log, target: Path) -> Path:
    return _cut(log, target, log.late)


@attack("cut off to before a key that is known", "yyyy")
def _cut_the_epoch(log: Log, target: Path) -> Path:
    return _cut(log, target, log.rotated - 1)


@attack("cut off within a commit", "yyyy")
def _cut_within(log: Log, target: Path) -> Path:
    story = log.story.copy()
    del story.commits[-2].records[1:]
    del story.commits[-1]
    return story.write(log.places.database, target)


@attack("the whole file put back", "-yyy")
def _rolled_back(log: Log, target: Path) -> Path:
    return Path(shutil.copy(log.older, target))


@attack("the whole file put back, and continued by the gateway", "-yyy")
def _forked(log: Log, target: Path) -> Path:
    return Path(shutil.copy(log.fork, target))


@attack("a record after the last checkpoint, without the key", "yyyy")
def _appended(log: Log, target: Path) -> Path:
    story = log.story.copy()
    story.commits.append(type(story.commits[0])([Forged(dict(story.commits[-1].records[-1].leaf))], None))
    return story.write(log.places.database, target)


@attack("a record in the last commit, without the key", "yyyy")
def _appended_within(log: Log, target: Path) -> Path:
    story = log.story.copy()
    story.commits[-1].records.append(Forged(dict(story.commits[-1].records[-1].leaf)))
    return story.write(log.places.database, target)


@attack("a record after the last checkpoint, signed with the key of an epoch that ended", "yyyy")
def _appended_with_the_old_key(log: Log, target: Path) -> Path:
    story = log.story.copy()
    story.commits.append(type(story.commits[0])([Forged(dict(story.commits[-1].records[-1].leaf))], None))
    return story.write(
        log.places.database, target, lambda size: [log.old_key] if size > log.size else epochs(log)(size)
    )


@attack("a record after the last checkpoint, by who has today's key", "----")
def _appended_with_the_key(log: Log, target: Path) -> Path:
    story = log.story.copy()
    story.commits.append(type(story.commits[0])([Forged(dict(story.commits[-1].records[-1].leaf))], None))
    return story.write(log.places.database, target, epochs(log))


def _twice(record: Forged) -> bytes:
    leaf = strict_json.dumps(record.leaf)
    return leaf.replace(b'"fields":{', b'"fields":{"verdict":"deny",', 1)


@attack("a member twice in a leaf, without the key", "yyyy")
def _duplicated(log: Log, target: Path) -> Path:
    story = log.story.copy()
    record = story.records[_of_type(story, "decision")]
    record.raw = _twice(record)
    return story.write(log.places.database, target)


@attack("a member twice in a leaf, by who has the keys of all epochs", "yyyy")
def _duplicated_and_signed(log: Log, target: Path) -> Path:
    story = log.story.copy()
    record = story.records[_of_type(story, "decision")]
    record.raw = _twice(record)
    return story.write(log.places.database, target, epochs(log))


def _executed(*statements: str) -> Attack:
    def execute(log: Log, target: Path) -> Path:
        shutil.copy(log.places.database, target)
        logs.execute(target, *statements)
        return target

    return execute


for _name, _statements in {
    "column against leaf": ["update records set verdict = 'deny' where seq = 3"],
    "a column of an exchange": ["update records set exchange = 'x' where seq = 9"],
    "a leaf hash": ["update records set leaf_hash = zeroblob(32) where seq = 5"],
    "swapped salts": [
        "create temp table kept as select seq, salt from payloads where seq in (2, 5) and name = 'request'",
        "update payloads set salt = (select salt from payloads where seq = 8 and name = 'request') where seq = 2",
        "update payloads set salt = (select salt from kept where seq = 2) where seq = 8 and name = 'request'",
    ],
    "swapped bodies": [
        "update payloads set data = (select data from payloads where seq = 5) where seq = 2",
    ],
    "swapped payloads, with their salts": [
        "update payloads set (salt, data) = (select salt, data from payloads where seq = 5) where seq = 2",
    ],
    "a payload gone": ["delete from payloads where seq = 2"],
    "a payload more": ["insert into payloads values (3, 'x', zeroblob(32), x'00')"],
    "a missing checkpoint": ["delete from checkpoints where size = 5"],
    "the last checkpoint missing": ["delete from checkpoints where size = (select max(size) from checkpoints)"],
    "all checkpoints missing": ["delete from checkpoints"],
    "an older checkpoint's note": [
        "update checkpoints set note = (select note from checkpoints where size = 3) where size = 5"
    ],
    "a root of a tile": ["update subtrees set root = zeroblob(32)"],
    "everything gone": [f"delete from {table}" for table in ("payloads", "checkpoints", "subtrees", "records")],
}.items():
    attack(_name, "yyyy")(_executed(*_statements))


@pytest.fixture
def made(log: Log, tmp_path: Path) -> Callable[[str], Path]:
    """Carries an attack out on a copy."""

    def make(name: str) -> Path:
        return ATTACKS[name][0](log, tmp_path / "attacked.db")

    return make


ONLY_IN_THE_DATABASE = {"column against leaf", "a column of an exchange", "a leaf hash", "a root of a tile"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ATTACKS)
def test_attack(log: Log, made: Callable[[str], Path], tmp_path: Path, name: str, mode: str) -> None:
    """Noticed by exactly whom the table says, and by the verifier that shares no code with the gateway as well."""
    target = made(name)
    is_noticed = ATTACKS[name][1][MODES.index(mode)] == "y"
    report = verify(target, log.vkeys, anchors(log, mode))
    assert report.ok != is_noticed, report.problems
    code = standalone(log, mode, target)
    assert (code == standalone_verifier.TAMPERED) == is_noticed, code
    _says_no_more_than_it_may(log, report, mode, target)
    export = exported(target, tmp_path / "export")
    if export is not None and name not in ONLY_IN_THE_DATABASE:
        assert (standalone(log, mode, export) == standalone_verifier.TAMPERED) == is_noticed


def _says_no_more_than_it_may(log: Log, report: Report, mode: str, target: Path) -> None:
    """What is vouched for is there, and is what was written, as far as whoever vouches knows."""
    with closing(sqlite3.connect(target)) as db:
        found = [leaf for (leaf,) in db.execute("select leaf from records order by seq")]
    assert report.vouched_size <= len(found)
    with closing(sqlite3.connect(log.places.database)) as db:
        written = [leaf for (leaf,) in db.execute("select leaf from records order by seq")]
    if report.ok:
        assert report.vouched_size == len(found)
        expected = {"none": 0, "file": log.size, "witness": log.size, "late witness": log.late}[mode]
        assert report.anchored_size == expected
    else:
        assert report.anchored_size == 0
    for vouched in report.anchors:
        assert found[: vouched.size] == written[: vouched.size]


@pytest.mark.parametrize("mode", MODES)
def test_untouched(log: Log, tmp_path: Path, mode: str) -> None:
    """The twin of every attack: the log as it was written, taken apart and put together again, verifies everywhere."""
    target = log.story.copy().write(log.places.database, tmp_path / "twin.db")
    signed_again = log.story.copy().write(log.places.database, tmp_path / "signed.db", epochs(log))
    for database in (log.places.database, target, signed_again):
        report = verify(database, log.vkeys, anchors(log, mode))
        assert report.ok, report.problems
        assert standalone(log, mode, database) == standalone_verifier.OK
        _says_no_more_than_it_may(log, report, mode, database)
    export = exported(target, tmp_path / "export")
    assert export is not None
    assert standalone(log, mode, export) == standalone_verifier.OK


@pytest.mark.parametrize("name", ["edit", "delete a record", "delete a commit", "insert", "reorder"])
def test_up_to_where_it_is_vouched_for(log: Log, made: Callable[[str], Path], name: str) -> None:
    """What stands before the damage is still vouched for, to the last checkpoint before it, and no further."""
    report = verify(made(f"{name}, all recomputed without the key"), log.vkeys)
    seq = {"edit": _of_type(log.story, "decision")}.get(name, log.story.commits[40].records[0].leaf["seq"])
    ends = [commit.records[-1].leaf["seq"] + 1 for commit in log.story.commits]
    whole = max(end for end in ends if end <= seq)
    assert whole <= report.vouched_size <= whole + 3
    assert 0 < report.vouched_size < log.size


def test_a_witness_that_never_saw_the_log(log: Log) -> None:
    """Notes that the witness did not cosign vouch for nothing, though the log itself signed them."""
    bare = [Anchor("witness", partial(checkpoint_file.read_notes, log.anchors["file"]), WITNESS.verifier.verify)]
    report = verify(log.places.database, log.vkeys, bare)
    assert not report.ok
    assert report.anchors[0].size == 0


def test_entries_are_secret_without_their_salt(log: Log) -> None:
    """What was sent cannot be guessed from a record whose payload was erased: its commitment is salted."""
    record = log.story.records[2]
    described = record.leaf["payloads"]["request"]["commit"]
    data = record.payloads["request"][1]
    guesses = {commitment(salt, data) for salt in (b"", bytes(32), secrets.token_bytes(32))}
    assert described not in guesses
    assert commitment(*record.payloads["request"]) == described
