"""How a command acts on a log, through its gateway or by opening it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

import click
import pytest
from click.testing import CliRunner

from countersign.cli.evidence_acts import acting as acting_on
from countersign.cli.evidence_acts import errors_as_exit_codes
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import EvidenceDamaged, KeyFileError
from countersign.evidence.control import ROTATE_KEY, Refused, os_user
from countersign.evidence.lock import DirectoryLock
from countersign.rulebook.loading import load
from countersign.rulebook.values import EvidenceRules
from tests.cli.acting_log import ActingLog, now
from tests.evidence import logs

NOBODY = 65534


def rotate(acting: ActingLog, rules: Callable[[], EvidenceRules] | None = None) -> None:
    """Act once."""
    with acting_on(acting.places, rules or (lambda: load(acting.rules).evidence)) as act:
        assert "new" in act(ROTATE_KEY, lambda erased: None)


def no_rules() -> EvidenceRules:
    """Not to be asked for."""
    raise AssertionError


def test_through_the_gateway(acting: ActingLog) -> None:
    """Where one listens; then its rules are not read."""
    with acting.gateway():
        rotate(acting, no_rules)
    assert [record.fields.get("software") for record in acting.records("start")][1:] == [{"countersign": "0.0.test"}]


def test_here(acting: ActingLog) -> None:
    """The log's own story says that a command opened and closed it; nothing of it stays behind."""
    rotate(acting)
    assert not list(acting.places.evidence.glob("*-wal"))
    start, *_, stop = acting.records()[-3:]
    software = start.fields["software"]
    assert isinstance(software, dict)
    assert (start.type, stop.type, software["name"]) == ("start", "stop", "countersign evidence")
    rotate(acting)


def test_a_gateway_that_takes_no_commands(acting: ActingLog) -> None:
    """Its log is not opened a second time."""
    lock = DirectoryLock.acquire(acting.places.evidence)
    with pytest.raises(Refused, match="takes no commands"):
        rotate(acting)
    lock.release()
    rotate(acting)


def test_a_gateway_that_was_killed(acting: ActingLog) -> None:
    """It has to ask the service first what became of the requests that were on their way: a start here would hide them."""
    with logs.opened(acting.places, clock=now, settings=acting.settings) as log:
        log.submit(logs.intent("on its way")).result(5)
    with pytest.raises(Refused, match=r"1 requests were on their way.*start it first"):
        rotate(acting, no_rules)
    assert not acting.records("outcome_unknown")
    with acting.gateway():
        pass
    rotate(acting)


def test_no_log(acting: ActingLog) -> None:
    """None is begun by a command."""
    acting.places.database.rename(acting.folder / "evidence.db")
    with pytest.raises(EvidenceUnavailable, match="cannot be read"):
        rotate(acting, no_rules)
    assert not acting.places.database.exists()
    acting.places.vkey.unlink()
    with pytest.raises(KeyFileError, match="cannot be read"):
        rotate(acting, no_rules)
    acting.places.evidence.rename(acting.folder / "gone")
    with pytest.raises(KeyFileError):
        rotate(acting, no_rules)
    assert not acting.places.evidence.exists()


def test_another_users_log(acting: ActingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What root or somebody else writes would be closed to the gateway: they are told whose it is."""
    owner = os.geteuid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: NOBODY)
        with pytest.raises(Refused) as refused:
            rotate(acting, no_rules)
    assert f"belongs to {os_user(owner)}: run the command as that user" in str(refused.value)
    rotate(acting)


def test_a_damaged_log(acting: ActingLog) -> None:
    """Is not built upon."""
    logs.execute(acting.places.database, "delete from payloads where seq = 2")
    with pytest.raises(EvidenceDamaged, match="is missing"):
        rotate(acting, no_rules)


def test_the_anchor_is_compared(acting: ActingLog) -> None:
    """A log that is behind its anchor is not opened here either."""
    acting.anchor.write_bytes(b"")
    with pytest.raises(EvidenceDamaged, match="nothing is left of it"):
        rotate(acting)
    with closing(acting.anchor.open("rb")) as anchor:
        assert anchor.read() == b""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (EvidenceDamaged("a leaf\x1b[2J"), 1, "evidence verify"),
        (EvidenceUnavailable("the disk"), 2, "the disk\n"),
        (Refused("no"), 2, "no\n"),
        (CountersignError("one\ntwo"), 2, "one\ntwo\n"),
        (OSError("no such place"), 2, "no such place\n"),
    ],
)
def test_errors_as_exit_codes(error: Exception, code: int, told: str) -> None:
    """Tampering is told from everything else; nothing that is printed moves the cursor."""

    @click.command()
    def failing() -> None:
        with errors_as_exit_codes():
            raise error

    result = CliRunner().invoke(failing)
    assert result.exit_code == code
    assert told in result.output
    assert "\x1b" not in result.output
