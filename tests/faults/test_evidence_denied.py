"""A database that is locked, taken away or read-only: a clear error, nothing passes, nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from countersign.errors import EvidenceUnavailable
from countersign.evidence import StatePlaces
from tests.evidence import logs
from tests.faults.evidence_child import REFUSED
from tests.faults.evidence_rounds import Child, lost, open_log
from tests.faults.small_volume import opened

#: root writes where it may not; without this it is like everybody else
LIKE_EVERYBODY = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


def test_somebody_holds_the_database(tmp_path: Path) -> None:
    """A lock held past the deadline stops the log, and says so; what was acknowledged stays."""
    root = tmp_path / "state"
    with opened(root) as (log, told):
        told.record(logs.intent("x"))
        with closing(sqlite3.connect(StatePlaces(root).database, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(EvidenceUnavailable, match="SQLITE_BUSY"):
                told.record(logs.outcome("x"))
            other.execute("rollback")
        with pytest.raises(EvidenceUnavailable, match="has stopped: SQLITE_BUSY"):
            told.record(logs.outcome("x"))
        assert not log.is_healthy
    assert not lost(root, told.acknowledged)


@pytest.mark.parametrize("what", ["database", "wal", "directory"])
def test_what_is_taken_away(tmp_path: Path, what: str) -> None:
    """A file that is deleted under the log stops it at the next record; put back, nothing acknowledged is lost."""
    root = tmp_path / "state"
    places = StatePlaces(root)
    wal = places.database.with_name(places.database.name + "-wal")
    path = {"database": places.database, "wal": wal, "directory": places.evidence}[what]
    aside = tmp_path / "aside"
    with opened(root) as (log, told):
        told.record(logs.intent("x"))
        path.rename(aside)
        with pytest.raises(
            EvidenceUnavailable, match=r"removed while it was in use|No such file or directory: .*evidence"
        ):
            told.record(logs.outcome("x"))
        with pytest.raises(EvidenceUnavailable, match="has stopped"):
            told.record(logs.intent("y"))
        assert not log.is_healthy
        aside.rename(path)
    assert not lost(root, told.acknowledged)


@pytest.mark.skipif(shutil.which("setpriv") is None and os.geteuid() == 0, reason="needs setpriv, to be less than root")
@pytest.mark.parametrize("what", ["database", "directory"])
def test_what_may_not_be_written(tmp_path: Path, what: str) -> None:
    """A start on a read-only database or directory is refused and says so; with the permission back, it goes on."""
    root = tmp_path / "state"
    with opened(root) as (_, told):
        told.record(logs.intent("x"))
    path = {"database": StatePlaces(root).database, "directory": StatePlaces(root).evidence}[what]
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode & 0o555)
    with Child.start(root, "--exchanges", 1, under=LIKE_EVERYBODY) as child:
        assert child.wait() == REFUSED
        assert re.search("Permission denied|readonly", child.said("refused")[0])
    path.chmod(mode)
    with Child.start(root, "--exchanges", 1, under=LIKE_EVERYBODY) as child:
        assert child.wait() == 0, child.lines
        told.acknowledged += child.acknowledged
    assert not lost(root, told.acknowledged)


@pytest.mark.skipif(shutil.which("setpriv") is None and os.geteuid() == 0, reason="needs setpriv, to be less than root")
def test_made_read_only_while_it_writes(tmp_path: Path) -> None:
    """Permissions count when a file is opened: the log that has it open goes on, and loses nothing."""
    root = tmp_path / "state"
    places = StatePlaces(root)
    with Child.start(root, "--exchanges", 60, under=LIKE_EVERYBODY) as child:
        assert child.wait_for_lines(10)
        places.database.chmod(0o400)
        places.evidence.chmod(0o500)
        assert child.wait() == 0, child.lines
        acknowledged = child.acknowledged
    places.evidence.chmod(0o700)
    places.database.chmod(0o600)
    assert not lost(root, acknowledged)


def test_a_read_only_volume(volume: Path) -> None:
    """A start on a volume that went read-only is refused and says so; mounted to write again, it goes on."""
    root = volume / "state"
    with opened(root) as (_, told):
        told.record(logs.intent("x"))
    subprocess.run(["mount", "-o", "remount,ro", str(volume)], check=True)
    with pytest.raises(EvidenceUnavailable, match=r"cannot be opened: .*Read-only"):
        open_log(root).close()
    subprocess.run(["mount", "-o", "remount,rw", str(volume)], check=True)
    assert not lost(root, told.acknowledged)
    open_log(root).close()


def test_what_is_replaced(tmp_path: Path) -> None:
    """A copy put in the database's place stops the log at the next record; the log itself, put back, has everything."""
    root = tmp_path / "state"
    database, aside = StatePlaces(root).database, tmp_path / "aside"
    with opened(root) as (log, told):
        told.record(logs.intent("x"))
        database.rename(aside)
        shutil.copy(aside, database)
        with pytest.raises(EvidenceUnavailable, match="replaced by another file while it was in use"):
            told.record(logs.outcome("x"))
        with pytest.raises(EvidenceUnavailable, match="has stopped"):
            told.record(logs.intent("y"))
        assert not log.is_healthy
        aside.replace(database)
    assert not lost(root, told.acknowledged)
