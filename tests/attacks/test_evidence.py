"""Every way to change the evidence, against every kind of anchor: told where it can be, and where it cannot, the report
does not say more than it may."""

from __future__ import annotations

import contextlib
import io
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countersign import strict_json
from countersign.evidence import standalone_verifier, verify
from countersign.evidence.anchors import beside
from countersign.evidence.checkpoint import Signer
from countersign.evidence.cosignature import Cosigner
from countersign.evidence.records import commitment
from countersign.evidence.report import Report
from tests.attacks.attacked_log import MODES, Log, exported, leaves, written
from tests.attacks.tampering import Forged, Story
from tests.evidence import logs
from tests.evidence.cosigning import FIRST, cosigned, keep, size_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Written once; every attack is on a copy."""
    return written(tmp_path_factory.mktemp("attacked"))


type Attack = Callable[[Log, Path], Path]
ATTACKS: dict[str, tuple[Attack, str]] = {}  #: by name, and in which of MODES it is noticed: y or -


def attack(name: str, noticed: str) -> Callable[[Attack], Attack]:
    """List an attack."""

    def listed(function: Attack) -> Attack:
        assert name not in ATTACKS
        quorum = noticed[MODES.index("witness")]  # a difference to what any of them saw is enough
        ATTACKS[name] = (function, noticed + quorum)
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
    return _edit(log, log.rotated + 4).write(log.places.database, target, log.signing)


@attack("edit after the last anchored checkpoint, by who has today's key", "-yy-")
def _after_the_anchor(log: Log, target: Path) -> Path:
    return _edit(log, log.late).write(log.places.database, target, log.signing)


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
        log.places.database, target, lambda size: [log.old_key] if size > log.size else log.signing(size)
    )


@attack("a record after the last checkpoint, by who has today's key", "----")
def _appended_with_the_key(log: Log, target: Path) -> Path:
    story = log.story.copy()
    story.commits.append(type(story.commits[0])([Forged(dict(story.commits[-1].records[-1].leaf))], None))
    return story.write(log.places.database, target, log.signing)


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
    return story.write(log.places.database, target, log.signing)


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


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(log: Log, made: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    """Noticed by exactly whom the table says, in the database and in an export of it, by both verifiers alike."""
    database = made(name)
    export = exported(database, tmp_path / "export") if name not in ONLY_IN_THE_DATABASE else None
    for mode, noticed in zip(MODES, ATTACKS[name][1], strict=True):
        for target in (database, export):
            if target is not None:
                report = log.verified(mode, target)
                assert report.ok == (noticed == "-"), (mode, target, report.problems)
                code = standalone_verifier.TAMPERED if noticed == "y" else standalone_verifier.OK
                assert log.standalone(mode, target) == code, (mode, target)
                _says_no_more_than_it_may(log, report, mode, database)


def _says_no_more_than_it_may(log: Log, report: Report, mode: str, database: Path) -> None:
    """Up to which size it vouches: that is there, and is what was written, as far as whoever vouches knows."""
    found, original = leaves(database), leaves(log.places.database)
    assert report.vouched_size <= len(found)
    assert report.vouched_size == len(found) or not report.ok
    assert report.anchored_size == (log.modes[mode].size if report.ok else 0)
    assert report.is_anchored == (report.ok and mode != "none")
    for size in [each.size for each in report.anchors] + [each.size for each in report.witnesses]:
        assert found[:size] == original[:size]


def test_untouched(log: Log, tmp_path: Path) -> None:
    """The twin of every attack: the log as it was written, taken apart and put together again, verifies everywhere."""
    twin = log.story.copy().write(log.places.database, tmp_path / "twin.db")
    signed_again = log.story.copy().write(log.places.database, tmp_path / "signed.db", log.signing)
    export = exported(twin, tmp_path / "export")
    assert export is not None
    for mode in MODES:
        for target in (log.places.database, twin, signed_again, export):
            report = log.verified(mode, target)
            assert report.ok, report.problems
            assert not report.remarks
            assert log.standalone(mode, target) == standalone_verifier.OK
            _says_no_more_than_it_may(log, report, mode, twin)


@pytest.mark.parametrize("name", ["edit", "delete a record", "delete a commit", "insert", "reorder"])
def test_up_to_where_it_is_vouched_for(log: Log, made: Callable[[str], Path], name: str) -> None:
    """What stands before the damage is still vouched for, to the last checkpoint before it, and no further."""
    report = verify(made(f"{name}, all recomputed without the key"), log.vkeys)
    seq = {"edit": _of_type(log.story, "decision")}.get(name, log.story.commits[40].records[0].leaf["seq"])
    ends = [commit.records[-1].leaf["seq"] + 1 for commit in log.story.commits]
    whole = max(end for end in ends if end <= seq)
    assert whole <= report.vouched_size <= whole + 3
    assert 0 < report.vouched_size < log.size


def test_a_witness_that_never_saw_the_log(log: Log, tmp_path: Path) -> None:
    """Notes that the witness did not cosign vouch for nothing, though the log itself signed them."""
    database = Path(shutil.copy(log.places.database, tmp_path / "evidence.db"))
    path = keep(tmp_path, FIRST, log.notes[-1:])
    assert _witnessed(log, database) == (True, log.size, standalone_verifier.OK)
    path.write_bytes(b"".join(log.notes))
    assert _witnessed(log, database) == (True, 0, standalone_verifier.UNANCHORED)


def _with_today_s_key(log: Log) -> Story:
    return _edit(log, log.rotated + 4)


def test_what_the_witness_cosigned_is_rewritten_too(log: Log, tmp_path: Path) -> None:
    """Who has the log's key and the gateway's disk can rewrite the log and the file of cosigned checkpoints, and still
    cannot make the witness vouch for it: never intact and anchored, whatever stands in the file."""
    intact = Path(shutil.copy(log.places.database, tmp_path / "evidence.db"))
    path = keep(tmp_path, FIRST, log.notes[-3:])
    assert _witnessed(log, intact) == (True, log.size, standalone_verifier.OK)
    forged = _with_today_s_key(log).write(log.places.database, tmp_path / "forged" / "evidence.db", log.signing)
    story = Story.of(forged)
    last = story.commits[-1].note
    assert last is not None
    path = forged.parent / path.name
    line = cosigned(log.notes[-1], FIRST)[len(log.notes[-1]) :]
    impostor = Cosigner.of(FIRST.verifier.name, Ed25519PrivateKey.generate())
    for what, content, is_ok in (
        ("the old file", b"".join(cosigned(note, FIRST) for note in log.notes[-3:]), False),
        ("checkpoints of the log's own", last, True),
        ("cosigned by another key of the same name", cosigned(last, impostor), True),
        ("with the cosignature of the checkpoint that was there", last + line, False),
        ("only what is older than the change", cosigned(log.notes[2], FIRST), True),
        ("nothing", b"", True),
    ):
        path.write_bytes(content)
        ok, size, code = _witnessed(log, forged)
        assert ok == is_ok, what
        assert size == (size_of(log.notes[2]) if "older" in what else 0), what
        assert (code == standalone_verifier.TAMPERED) == (not is_ok), what
        assert (code == standalone_verifier.OK) == ("older" in what), what
    path.unlink()
    assert _witnessed(log, forged) == (True, 0, standalone_verifier.UNANCHORED)


def _witnessed(log: Log, database: Path) -> tuple[bool, int, int]:
    """What both verifiers say of a database and the cosigned checkpoints beside it: ok, how much is anchored, exit code."""
    witnesses = [FIRST.verifier]
    report = verify(database, log.vkeys, beside(database, witnesses), witnesses)
    options = ["--vkey", str(log.places.vkey), "--witness", FIRST.verifier.vkey(), str(database)]
    with contextlib.redirect_stdout(io.StringIO()):
        return report.ok, report.anchored_size, standalone_verifier.main(options)


def test_entries_are_secret_without_their_salt(log: Log) -> None:
    """What was sent cannot be guessed from a record whose payload was erased: its commitment is salted."""
    record = log.story.records[2]
    described = record.leaf["payloads"]["request"]["commit"]
    data = record.payloads["request"][1]
    guesses = {commitment(salt, data) for salt in (b"", bytes(32), secrets.token_bytes(32))}
    assert described not in guesses
    assert commitment(*record.payloads["request"]) == described
