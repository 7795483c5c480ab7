"""All gateways that there must be: each one's log verified, so that a whole log cannot vanish without anybody noticing.

Does not find out which gateways there are: the list comes from whoever wants to know, and is kept where no gateway's
administrator can write. A gateway that says with a wrong clock that it is alive is told from one that is only by anchors.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from countersign import limits
from countersign.evidence import anchors, checkpoint, store
from countersign.evidence.account import moment
from countersign.evidence.checkpoint_file import read_last_notes
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.report import Report
from countersign.evidence.verification import verify

_SECOND = 1_000_000
_DATABASE_MAGIC = b"SQLite format 3\x00"


class Verdict(StrEnum):
    """What became of one node; all but the first are failures."""

    INTACT = "intact"
    TAMPERED = "tampered"
    MISSING = "missing"
    STALE = "stale"  #: whole, as far as it goes: that is not as far as it should
    UNANCHORED = "unanchored"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Node:
    """One gateway's log that must be there."""

    origin: str
    vkeys: str  #: its public keys in C2SP form, one per line, oldest first
    log: Path  #: database, or directory of an export
    checkpoint_files: tuple[Path, ...] = ()  #: kept elsewhere
    witnesses: tuple[CosignatureVerifier, ...] = ()
    quorum: int | None = None  #: how many of them must have cosigned; None: all
    max_age_seconds: int | None = (
        None  #: of its newest record; of the newest one that is anchored, where it has anchors
    )


@dataclass(frozen=True, slots=True)
class Fleet:
    """The nodes that there must be."""

    nodes: tuple[Node, ...]
    directory: Path | None = None  #: where logs are collected; one that is no node's is remarked on

    def __post_init__(self) -> None:
        if not self.nodes:
            raise ValueError("a fleet without nodes is whole whatever is missing; list the nodes")
        if len({node.origin for node in self.nodes}) < len(self.nodes):
            raise ValueError("two nodes have one origin; each log has its own")


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What was found of one node."""

    node: Node
    verdict: Verdict
    why: str = ""  #: of a failure, in one line
    report: Report | None = None  #: None: there was nothing to read

    @property
    def ok(self) -> bool:
        """Whether it is there, whole, anchored and recent."""
        return self.verdict is Verdict.INTACT


def verify_node(node: Node, now_us: int) -> NodeReport:
    """The verdict on one node, by a clock of microseconds since 1970. Never raises for what is in its log.

    Raises ValueError for a quorum that cannot be.
    """
    if not os.path.lexists(node.log):
        return NodeReport(node, Verdict.MISSING, f"nothing is at {node.log}{_known_of(node)}")
    kept = [*map(anchors.of_file, node.checkpoint_files), *anchors.beside(node.log, node.witnesses)]
    report = verify(node.log, node.vkeys, kept, node.witnesses, node.quorum)
    verdict, why = _judged(node, report, now_us)
    return NodeReport(node, verdict, why, report)


def strangers(fleet: Fleet) -> Iterator[tuple[Path, str]]:
    """Logs in the fleet's directory that are no node's, and what each calls itself. Raises OSError."""
    if fleet.directory is None:
        return
    listed = {node.log.resolve() for node in fleet.nodes}
    for place, directories, files in os.walk(fleet.directory, onerror=_raise):
        if "checkpoint" in files and (origin := _origin_of_export(Path(place))):
            directories.clear()
            if Path(place).resolve() not in listed:
                yield Path(place), origin
            continue
        directories.sort()
        for path in (Path(place) / name for name in sorted(files)):
            if path.resolve() not in listed and (origin := _origin_of_database(path)):
                yield path, origin


def _raise(error: OSError) -> None:
    raise error


def _judged(node: Node, report: Report, now_us: int) -> tuple[Verdict, str]:
    if report.unreadable is not None:
        return Verdict.UNREADABLE, report.unreadable
    if not report.ok:
        more = f", and {report.problem_count - 1} more problems" if report.problem_count > 1 else ""
        return Verdict.TAMPERED, f"{report.problems[0]}{more}"
    if (node.checkpoint_files or node.witnesses) and not report.is_anchored:
        return Verdict.UNANCHORED, "no quorum of its witnesses vouches for any of it"
    is_anchored = bool(node.checkpoint_files or node.witnesses)
    newest_us = report.anchored_us if is_anchored else report.newest_us
    what = "anchored record" if is_anchored else "record"
    if node.max_age_seconds is not None and now_us - newest_us > node.max_age_seconds * _SECOND:
        return Verdict.STALE, f"its newest {what} is of {moment(newest_us)}, over {node.max_age_seconds} seconds ago"
    if node.max_age_seconds is not None and newest_us - now_us > limits.MAX_WITNESS_CLOCK_SECONDS * _SECOND:
        return Verdict.STALE, f"its newest {what} is of {moment(newest_us)}, which is yet to come: its clock was set"
    return Verdict.INTACT, ""


def _known_of(node: Node) -> str:
    """How much is gone, as far as somebody kept it."""
    for path in node.checkpoint_files:
        try:
            *_, last = read_last_notes(path)
            size = checkpoint.parse(checkpoint.split_note(last)[0]).size
        except (ValueError, BadNote, EvidenceDamaged, OSError):
            continue
        return f"; {path} has a checkpoint of {size} records"
    return ""


def _origin_of_export(directory: Path) -> str | None:
    try:
        with (directory / "checkpoint").open("rb") as file:
            note = file.read(limits.MAX_NOTE_BYTES + 1)
        return checkpoint.parse(checkpoint.split_note(note)[0]).origin
    except (BadNote, OSError):
        return None


def _origin_of_database(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            if file.read(len(_DATABASE_MAGIC)) != _DATABASE_MAGIC:
                return None
        with closing(store.open_for_reading(path)) as db:
            (note,) = db.execute("select note from checkpoints limit 1").fetchone()
        return checkpoint.parse(checkpoint.split_note(bytes(note))[0]).origin
    except (BadNote, OSError, TypeError, ValueError, sqlite3.Error):
        return None
