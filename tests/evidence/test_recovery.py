"""What must hold before a log is written to again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from countersign.evidence import recovery
from countersign.evidence.checkpoint import Verifier
from countersign.evidence.errors import EvidenceDamaged
from tests.evidence import logs
from tests.evidence.conftest import Told


def test_recover(told: Told) -> None:
    """A log that verifies gives the tree to continue, and no open intents when all have an outcome."""
    found = recovery.recover(told.places.database, [Verifier.parse(told.vkey)])
    assert found.frontier.size == 8
    assert found.open_intents == ()


def test_open_intents(copy_of_told: Callable[[], Path], told: Told) -> None:
    """Intents without an outcome are found: here the log ends before that of the first exchange."""
    path = copy_of_told()
    logs.execute(
        path,
        "delete from checkpoints where size > 4",
        "delete from payloads where seq >= 4",
        "delete from records where seq >= 4",
    )
    found = recovery.recover(path, [Verifier.parse(told.vkey)])
    assert found.open_intents == ("exchange-1",)
    entries = recovery.unknown_outcomes(found.open_intents)
    assert [(entry.type, entry.exchange, entry.fields) for entry in entries] == [
        ("outcome_unknown", "exchange-1", {"reason": "gateway restarted"})
    ]


def test_refuses_any_difference(copy_of_told: Callable[[], Path], told: Told) -> None:
    """A difference stops the start, and the error names the record and the command that tells more."""
    path = copy_of_told()
    logs.execute(path, "update payloads set data = x'00' where seq = 2")
    with pytest.raises(EvidenceDamaged, match=r"record 2: the payload request.*evidence verify"):
        recovery.recover(path, [Verifier.parse(told.vkey)])


def test_has_records(told: Told, tmp_path: Path) -> None:
    """A file that is absent or empty is no log; one with records is; one that is no database is damage."""
    assert recovery.has_records(told.places.database)
    assert not recovery.has_records(tmp_path / "nowhere.db")
    (tmp_path / "empty.db").touch()
    assert not recovery.has_records(tmp_path / "empty.db")
    (tmp_path / "odd.db").write_bytes(b"not a database" * 100)
    with pytest.raises(EvidenceDamaged, match=r"odd\.db"):
        recovery.has_records(tmp_path / "odd.db")
