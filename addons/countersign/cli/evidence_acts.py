"""How a command acts on a log: through the gateway that writes it, or by opening it when no gateway runs.

Does not check who runs the command: who may write the state directory may act, and is named in the record.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from countersign import __version__
from countersign.approvals.retention import needed
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence import (
    EvidenceDamaged,
    EvidenceLog,
    LogInUse,
    LogSettings,
    StatePlaces,
    control_client,
    keys,
    recovery,
    store,
)
from countersign.evidence.control import Control, Refused, os_user
from countersign.evidence.control_socket import CONTROL_NAME
from countersign.evidence.lock import DirectoryLock
from countersign.evidence.pruning import Tell
from countersign.rulebook.values import EvidenceRules
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_TAMPERED = 1
_NOT_DONE = 2

#: Asks for an act, and hears of its progress.
type Act = Callable[[Json, Tell], dict[str, Json]]


def now() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


@contextmanager
def acting(places: StatePlaces, rules: Callable[[], EvidenceRules]) -> Iterator[Act]:
    """The way to act on the log of a gateway. `rules` gives evidence.yaml, for a log that is opened here.

    Raises Refused, LogInUse, KeyFileError, EvidenceDamaged, EvidenceUnavailable, OSError, and what `rules` raises.
    """
    socket = places.evidence / CONTROL_NAME
    if control_client.is_served(socket):
        yield lambda asked, tell: control_client.ask(socket, asked, tell)
        return
    log, found = _opened(places, socket, rules)
    try:
        control = Control(log, found.retention, needed, now)
        yield lambda asked, tell: control.perform(asked, os_user(os.geteuid()), tell)
    finally:
        log.close()


@contextmanager
def errors_as_exit_codes() -> Iterator[None]:
    """1: the evidence was tampered with; 2: it was not done, for any other reason; each with a line that says what to do."""
    try:
        yield
    except EvidenceDamaged as error:
        click.echo(f"{visible_line(str(error))}; run `countersign evidence verify`", err=True)
        sys.exit(_TAMPERED)
    except (CountersignError, OSError) as error:
        for line in str(error).splitlines():
            click.echo(visible_line(line), err=True)
        sys.exit(_NOT_DONE)


def _opened(places: StatePlaces, socket: Path, rules: Callable[[], EvidenceRules]) -> tuple[EvidenceLog, EvidenceRules]:
    known = keys.read_vkeys(places.vkey)
    for directory in (places.evidence, places.keys):
        if (owner := directory.stat().st_uid) != os.geteuid():
            raise Refused(
                f"{directory} belongs to {os_user(owner)}: run the command as that user, or what it writes would be closed "
                "to the gateway"
            )
    try:
        DirectoryLock.acquire(places.evidence).release()
    except LogInUse:
        raise Refused(
            f"a gateway writes the log in {places.evidence}, and takes no commands at {socket}: its own log says why"
        ) from None
    try:
        opened = recovery.recover(places.database, known).open_intents
    except store.UNREADABLE as error:
        raise EvidenceUnavailable(f"{places.database}: cannot be read: {error}") from None
    if opened:
        raise Refused(
            f"{len(opened)} requests were on their way when the gateway ended: start it first, so that it asks the service "
            "what became of them"
        )
    found = rules()
    log = EvidenceLog.open(
        places.evidence,
        places.keys,
        known[-1].name,
        clock=now,
        randomness=secrets.token_bytes,
        software={"name": "countersign evidence", "version": __version__},
        settings=LogSettings.by_rules(found),
        post=_no_witness,
    )
    return log, found


def _no_witness(url: str, body: bytes) -> tuple[int, str, bytes]:
    """Its trusted certificates are the gateway's to know; nothing is lost, as the next checkpoint covers this one."""
    raise OSError("witnesses are asked by the gateway, once it runs")
