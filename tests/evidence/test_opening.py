"""From a directory to a log that may be written to."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from countersign.errors import EvidenceUnavailable
from countersign.evidence import (
    EvidenceDamaged,
    EvidenceLog,
    KeyFileError,
    LogInUse,
    StatePlaces,
    checkpoint_file,
    keys,
    verification,
    verify,
)
from countersign.evidence.checkpoint import Verifier, parse_vkeys
from countersign.evidence.errors import BadEntry
from countersign.evidence.keys import NEXT_KEY_NAME
from countersign.evidence.opening import anchors_of
from countersign.evidence.settings import LogSettings
from countersign.evidence.tree import leaf_hash, root_of
from tests.evidence import growth, logs


def test_first_records(places: StatePlaces) -> None:
    """A log begins with its public key and says what software started; later starts name the head they found."""
    with logs.opened(places) as log:
        first = list(log.records())
        assert [record.type for record in first] == ["genesis", "start"]
        assert first[0].fields == {"vkey": log.vkey}
        assert first[1].fields["software"] == {"countersign": "0.0.test"}
        assert log.origin == logs.ORIGIN
        log.submit(logs.intent("x"), logs.outcome("x")).result(5)
    with closing(sqlite3.connect(places.database)) as db:
        head = db.execute("select max(size) from checkpoints").fetchone()[0]
    with logs.opened(places) as log:
        start = list(log.records(types={"start"}))[-1]
        assert start.fields["previous"] == {"size": head, "root": verify_root(places, head)}
        assert [record.type for record in log.records(after=3)] == ["stop", "start"]


def verify_root(places: StatePlaces, size: int) -> str:
    """The root of the first records, computed from their leaves."""
    with closing(sqlite3.connect(places.database)) as db:
        leaves = db.execute("select leaf from records where seq < ? order by seq", [size]).fetchall()
    return root_of([leaf_hash(leaf) for (leaf,) in leaves]).hex()


def test_open_intents_become_unknown(places: StatePlaces) -> None:
    """After a restart every intent without an outcome or a denial has one that says that nobody knows."""
    with logs.opened(places) as log:
        log.submit(logs.intent("answered"), logs.intent("denied"), logs.intent("lost"), logs.intent("held")).result(5)
        log.submit(logs.outcome("answered"), logs.decision("denied", "deny"), logs.decision("held", "hold")).result(5)
    with logs.opened(places, clock=logs.Clock(1_900_000_000_000_000)) as log:
        assert log.recovered == ("lost", "held")
        unknown = list(log.records(types={"outcome_unknown"}))
        assert [(record.exchange, record.fields) for record in unknown] == [
            ("lost", {"reason": "gateway restarted"}),
            ("held", {"reason": "gateway restarted"}),
        ]
        report = verify(places.database, log.vkey)
        assert report.ok
        assert not report.open_intents
        assert not report.remarks
    with logs.opened(places) as log:
        assert log.recovered == ()


@pytest.mark.parametrize(
    "damage",
    [
        "update records set verdict = 'allow' where seq = 6",
        "delete from records where seq = 7",
        "delete from checkpoints",
        "update checkpoints set note = x'00' where size = 8",
        "update payloads set salt = zeroblob(32) where seq = 2",
        "delete from _sqlite_migrations where 1",
    ],
)
def test_refuses_to_continue_damage(places: StatePlaces, damage: str) -> None:
    """A log that is not what was written is not continued; the same log without the damage is."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    content = places.database.read_bytes()
    logs.execute(places.database, damage)
    with pytest.raises((EvidenceDamaged, EvidenceUnavailable)):
        logs.open_log(places)
    for path in places.evidence.glob("evidence.db*"):
        path.unlink()
    places.database.write_bytes(content)
    logs.open_log(places).close()


def test_refuses_a_garbled_file(places: StatePlaces) -> None:
    """A file that is no database any more is not overwritten by a new log."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    garbled = b"\0" * places.database.stat().st_size
    places.database.write_bytes(garbled)
    with pytest.raises(EvidenceDamaged):
        logs.open_log(places)
    assert places.database.read_bytes() == garbled


@pytest.mark.parametrize("keep_file", [False, True])
def test_refuses_to_begin_anew(places: StatePlaces, keep_file: bool) -> None:
    """When the keys say that there was a log and the database is gone or empty, no second one begins under its name."""
    logs.open_log(places).close()
    for path in places.evidence.glob("evidence.db*"):
        path.unlink()
    if keep_file:
        places.database.touch()
    with pytest.raises(KeyFileError, match="gone or empty"):
        logs.open_log(places)
    places.keys.rename(places.root / "old-keys")
    logs.open_log(places).close()


@pytest.mark.parametrize("name", ["log.key", "digest.key"])
def test_refuses_without_its_keys(places: StatePlaces, name: str) -> None:
    """A log whose keys are gone is not continued with new ones."""
    logs.open_log(places).close()
    (places.keys / name).rename(places.root / "aside")
    with pytest.raises(KeyFileError, match=name):
        logs.open_log(places)
    (places.root / "aside").rename(places.keys / name)
    logs.open_log(places).close()


def test_vkey_is_published_again(places: StatePlaces) -> None:
    """A start that was cut short before the vkey was written makes up for it."""
    logs.open_log(places).close()
    published = places.vkey.read_text()
    places.vkey.unlink()
    logs.open_log(places).close()
    assert places.vkey.read_text() == published


def test_keys_inside_the_evidence(places: StatePlaces) -> None:
    """Keys beside the database would be copied with it: refused."""
    with pytest.raises(KeyFileError, match="outside"):
        logs.open_log(_Inside(places.root))
    assert not places.evidence.exists()


class _Inside(StatePlaces):
    @property
    def keys(self) -> Path:
        return self.evidence / "keys"


def test_bad_origin(places: StatePlaces) -> None:
    """A name that cannot name a log is refused before anything is recorded."""
    with pytest.raises(KeyFileError, match="URL"):
        logs.open_log(places, origin="two words")
    assert not places.database.exists()
    logs.open_log(places).close()


def test_no_directory(places: StatePlaces) -> None:
    """Where the evidence cannot be, the gateway does not start."""
    places.root.mkdir()
    places.evidence.touch()
    with pytest.raises(EvidenceUnavailable, match="cannot be opened"):
        logs.open_log(places)
    places.evidence.unlink()
    logs.open_log(places).close()


def test_failed_open_lets_go(places: StatePlaces) -> None:
    """An attempt to open that failed leaves no lock behind."""
    with pytest.raises(BadEntry):
        EvidenceLog.open(
            places.evidence,
            places.keys,
            logs.ORIGIN,
            clock=logs.Clock(),
            randomness=os.urandom,
            software={"version": 1.5},
        )
    logs.open_log(places).close()


def test_second_log_in_this_process(places: StatePlaces) -> None:
    """One log has one writer."""
    with logs.opened(places), pytest.raises(LogInUse):
        logs.open_log(places)
    logs.open_log(places).close()


class Interrupted(Exception):
    """The gateway was killed here."""


def _stop(*arguments: object, **named: object) -> None:
    raise Interrupted


#: What a rotation does, in order: where the gateway is killed, and how many epochs the log has afterwards.
_STEPS: dict[str, tuple[str, int]] = {
    "key staged": ("countersign.evidence.log.EvidenceLog._submit_act", 1),
    "in the transaction": ("countersign.evidence.appender.signed", 1),
    "committed": ("countersign.evidence.key_acts.keys.settle", 2),
    "vkey file not replaced": ("countersign.evidence.keys.replace_file", 2),
    "vkey file replaced": ("pathlib.Path.rename", 2),
    "key taken": ("", 2),
}


@pytest.mark.parametrize(("place", "epochs"), _STEPS.values(), ids=_STEPS)
def test_interrupted_rotation(places: StatePlaces, monkeypatch: pytest.MonkeyPatch, place: str, epochs: int) -> None:
    """A gateway that is killed within a rotation opens its log again, whichever key that is in, and rotates later."""
    log = logs.open_log(places)
    first = log.vkey
    try:
        with monkeypatch.context() as killing:
            if place:
                killing.setattr(place, _stop)
                with pytest.raises((Interrupted, EvidenceUnavailable)):
                    log.rotate_key("tests")
            else:
                log.rotate_key("tests")
    finally:
        log.close()
    with logs.opened(places) as again:
        assert len(again.vkey.splitlines()) == epochs
        assert again.vkey.startswith(first)
        assert not (places.keys / NEXT_KEY_NAME).exists()
        again.rotate_key("tests")
        again.submit(logs.outcome("x")).result(5)
        published = places.vkey.read_text()
        assert parse_vkeys(again.vkey) == keys.read_vkeys(places.vkey)
    report = verify(places.database, published)
    assert report.ok, report.problems
    assert len(report.epochs) == epochs + 1
    assert verify(places.database, first).ok
    assert {path.name for path in places.keys.iterdir()} == {"log.key", "digest.key", "log.vkey", "values.key"}


def test_rotated_without_its_new_key(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was rotated and whose new key is gone is not continued with the old one."""
    log = logs.open_log(places)
    with monkeypatch.context() as killing:
        killing.setattr("countersign.evidence.key_acts.keys.settle", _stop)
        with pytest.raises(EvidenceUnavailable):
            log.rotate_key("tests")
    log.close()
    (places.keys / NEXT_KEY_NAME).rename(places.root / "aside")
    with pytest.raises(KeyFileError, match="is not here"):
        logs.open_log(places)
    (places.root / "aside").rename(places.keys / NEXT_KEY_NAME)
    logs.open_log(places).close()


def test_shorter_than_the_known_keys(places: StatePlaces) -> None:
    """A database put back to before a rotation does not open: the keys know of one more epoch."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    before = places.database.read_bytes()
    with logs.opened(places) as log:
        log.rotate_key("tests")
    after = places.database.read_bytes()
    for content, told_as in ((before, "later keys"), (after, "")):
        for path in places.evidence.glob("evidence.db*"):
            path.unlink()
        places.database.write_bytes(content)
        if told_as:
            with pytest.raises(EvidenceDamaged, match=told_as):
                logs.open_log(places)
        else:
            logs.open_log(places).close()


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    """Where checkpoints are kept."""
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere" / "checkpoints"


@pytest.fixture
def anchored(anchor: Path) -> LogSettings:
    """Settings with that anchor."""
    return LogSettings(anchor_files=(anchor,))


def sizes(anchor: Path, places: StatePlaces) -> list[int]:
    """The sizes that an anchor kept, all of them signed by the log."""
    return [
        found.size
        for found in checkpoint_file.read_checkpoints(anchor, Verifier.parse(places.vkey.read_text()).open_checkpoint)
    ]


def test_every_checkpoint_is_kept(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """From the first commit on, the anchor holds what the database holds, and verification says so."""
    with logs.opened(places, settings=anchored) as log:
        logs.tell_story(log)
        assert next(iter(log.records(types={"start"}))).fields["anchor_files"] == [str(anchor)]
    with closing(sqlite3.connect(places.database)) as db:
        notes = [note for (note,) in db.execute("select note from checkpoints order by size")]
    assert list(checkpoint_file.read_notes(anchor)) == notes
    report = verify(places.database, places.vkey.read_text(), anchors_of(anchored))
    assert report.ok
    assert report.anchored_size == report.records == report.vouched_size


def test_newly_added_anchor(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """A log that had no anchor gets one: it holds the checkpoints from then on."""
    with logs.opened(places) as log:
        logs.tell_story(log)
        assert anchors_of(anchored) == []
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places) == [log.size]
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places)[-1] == log.size


def test_second_anchor(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """A second file beside one that is in use is new, not lost."""
    logs.open_log(places, settings=anchored).close()
    second = anchor.with_name("second")
    with logs.opened(places, settings=LogSettings(anchor_files=(anchor, second))) as log:
        assert sizes(second, places) == [log.size] == sizes(anchor, places)[-1:]


def _killed_before_the_anchor_is_told(
    places: StatePlaces, settings: LogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway starts, and is killed between the commit of its start and the append to the anchor."""
    with monkeypatch.context() as killing:
        killing.setattr("countersign.evidence.checkpoint_file.CheckpointFile.append", _stop)
        with pytest.raises(Interrupted):
            logs.open_log(places, settings=settings)


@pytest.mark.parametrize("is_new_log", [True, False])
def test_behind_by_one_commit(
    places: StatePlaces, anchor: Path, anchored: LogSettings, monkeypatch: pytest.MonkeyPatch, is_new_log: bool
) -> None:
    """A gateway that was killed before the anchor heard of a commit starts again, also when that was the first one
    that the anchor was to hear of, and the anchor is caught up."""
    if not is_new_log:
        with logs.opened(places) as log:
            logs.tell_story(log)
    _killed_before_the_anchor_is_told(places, anchored, monkeypatch)
    assert anchor.read_bytes() == b""
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places) == [log.size]
    _killed_before_the_anchor_is_told(places, anchored, monkeypatch)
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places)[-1] == log.size
    assert verify(places.database, places.vkey.read_text(), anchors_of(anchored)).ok


@pytest.mark.parametrize("loss", ["gone", "empty", "only a torn end"])
def test_lost_anchor(places: StatePlaces, anchor: Path, anchored: LogSettings, loss: str) -> None:
    """An anchor that was in use and holds nothing any more is not begun anew; put back, or named no more, it opens."""
    with logs.opened(places, settings=anchored) as log:
        logs.tell_story(log)
    content = anchor.read_bytes()
    if loss == "gone":
        anchor.unlink()
    else:
        anchor.write_bytes(b"" if loss == "empty" else content[:20])
    with pytest.raises(EvidenceDamaged, match="nothing is left of it"):
        logs.open_log(places, settings=anchored)
    with pytest.raises(EvidenceDamaged, match="nothing is left of it"):
        logs.open_log(places, settings=anchored)
    anchor.write_bytes(content)
    logs.open_log(places, settings=anchored).close()
    anchor.unlink()
    logs.open_log(places).close()
    logs.open_log(places, settings=anchored).close()


def test_torn_first_note(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """An anchor whose very first note was torn by a full disk is a new one: the gateway starts when there is room."""
    anchor.write_bytes(b"example.com/aud")
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places) == [log.size]
    assert anchor.read_bytes().startswith(b"example.com/aud# torn\n")


def test_torn_end(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """A note that was cut off by a power cut is marked and left, and the log goes on after it."""
    with logs.opened(places, settings=anchored) as log:
        logs.tell_story(log)
    content = anchor.read_bytes()
    anchor.write_bytes(content[:-9])
    with logs.opened(places, settings=anchored) as log:
        assert sizes(anchor, places)[-1] == log.size
    assert b"# torn\n" in anchor.read_bytes()


def test_anchor_ahead(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """A database that was put back to an older state does not open: the anchor knows of more."""
    with logs.opened(places, settings=anchored) as log:
        log.submit(logs.outcome("x")).result(5)
    before = places.database.read_bytes()
    with logs.opened(places, settings=anchored) as log:
        logs.tell_story(log)
    after = places.database.read_bytes()
    places.database.write_bytes(before)
    with pytest.raises(EvidenceDamaged, match="its end is gone"):
        logs.open_log(places, settings=anchored)
    for path in places.evidence.glob("evidence.db-*"):
        path.unlink()
    places.database.write_bytes(after)
    logs.open_log(places, settings=anchored).close()


@pytest.mark.parametrize("origin", [growth.ORIGIN, "example.com/other"])
def test_anchor_of_another_log(places: StatePlaces, anchor: Path, anchored: LogSettings, origin: str) -> None:
    """An anchor that holds another log's checkpoints, of another name or of the same, is refused, and not written to."""
    logs.open_log(places).close()
    content = growth.Growth(signers=(growth.signer(1, origin),)).note(2)
    anchor.write_bytes(content)
    with pytest.raises(EvidenceDamaged, match=str(anchor)):
        logs.open_log(places, settings=anchored)
    assert anchor.read_bytes() == content
    anchor.unlink()
    logs.open_log(places, settings=anchored).close()


def test_anchor_without_its_database(places: StatePlaces, anchor: Path, anchored: LogSettings) -> None:
    """No new log begins where the anchor says that there was one, though the keys are gone with the database."""
    logs.open_log(places, settings=anchored).close()
    content = anchor.read_bytes()
    places.root.rename(places.root.with_name("stolen"))
    with pytest.raises(EvidenceDamaged, match="the database has no records"):
        logs.open_log(places, settings=anchored)
    assert anchor.read_bytes() == content
    anchor.unlink()
    logs.open_log(places, settings=anchored).close()


@pytest.mark.parametrize("damage", [b"!\n", b"\n"])
def test_damaged_anchor(places: StatePlaces, anchor: Path, anchored: LogSettings, damage: bytes) -> None:
    """A byte that is no checkpoint stops the start, wherever it is."""
    with logs.opened(places, settings=anchored) as log:
        logs.tell_story(log)
    content = anchor.read_bytes()
    for place in (0, content.index(b"\n\n") + 1, len(content)):
        anchor.write_bytes(content[:place] + damage + content[place:])
        with pytest.raises(EvidenceDamaged):
            logs.open_log(places, settings=anchored)
    anchor.write_bytes(content)
    logs.open_log(places, settings=anchored).close()


def test_anchor_inside_the_evidence(places: StatePlaces) -> None:
    """An anchor beside the database would be put back with it: refused."""
    with pytest.raises(KeyFileError, match="anchors outside"):
        logs.open_log(places, settings=LogSettings(anchor_files=(places.evidence / "checkpoints",)))
    assert not places.evidence.exists()


def test_epoch_goes_on(places: StatePlaces) -> None:
    """A key's epoch began when the key was made, not when the gateway started: it is due however often that restarts."""
    clock = logs.Clock()
    settings = LogSettings(key_epoch_seconds=1000)
    with logs.opened(places, clock=clock, settings=settings) as log:
        assert len(log.vkey.splitlines()) == 1
    clock.now_us += 600_000_000
    with logs.opened(places, clock=clock, settings=settings) as log:
        assert len(log.vkey.splitlines()) == 1
    clock.now_us += 600_000_000
    with logs.opened(places, clock=clock, settings=settings) as log:
        assert logs.waited_for(lambda: len(log.vkey.splitlines()) == 2)
        assert [record.fields["actor"] for record in log.records(types={"key_rotation"})] == ["the log itself"]


def test_changed_while_it_is_opened(places: StatePlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who changes the database between its verification and the first record of the start is noticed at that record."""
    with logs.opened(places) as log:
        logs.tell_story(log)
    recover = verification.examine

    def change(*arguments: object, **named: object) -> object:
        found = recover(*arguments, **named)  # type: ignore[arg-type]
        logs.execute(places.database, "update records set subject = 'innocent' where seq = 2")
        return found

    with monkeypatch.context() as changing:
        changing.setattr("countersign.evidence.recovery.examine", change)
        with pytest.raises(EvidenceDamaged, match="another program"):
            logs.open_log(places)
    logs.execute(places.database, "update records set subject = 'orders-value' where seq = 2")
    logs.open_log(places).close()
