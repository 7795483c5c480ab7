"""`approvals watch` where there is no terminal: one line for each approval that came, changed or ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from countersign.cli.console_client import ConsoleClient, Refused, Unreachable
from countersign.cli.entry import Entry
from countersign.cli.news import News, Trouble
from countersign.visible_text import visible_line


def lines(
    client: ConsoleClient,
    items: Iterable[News | Trouble],
    clock: Callable[[], float],
    as_json: bool,
    tell: Callable[[str], None],
) -> Iterator[str]:
    """A line for each change between two lists, and for each approval of the first. `tell` gets what concerns the
    connection, once each time it is lost or found. `clock` gives seconds since the epoch.

    As JSON a line has `time`, `was` (the state before; null of what is new) and `approval` (as the API lists it).
    """
    known: dict[str, dict[str, Any]] = {}
    is_lost = False
    for item in items:
        if isinstance(item, Trouble):
            if not is_lost:
                tell(f"no answer since {_at(clock())}, trying again: {item.detail}")
            is_lost = True
            continue
        if is_lost:
            tell(f"the console answers again since {_at(clock())}")
            is_lost = False
        now = {Entry.of(document).id: document for document in item.approvals}
        ended = {gone: _ending(client, known[gone]) for gone in known if gone not in now}
        for approval_id, document in [*ended.items(), *now.items()]:
            before = known.get(approval_id)
            if before is None or _standing(Entry.of(before)) != _standing(Entry.of(document)):
                yield _line(document, None if before is None else before["state"], clock(), as_json)
        known = now


def _standing(entry: Entry) -> tuple[object, ...]:
    return entry.state, entry.missing, entry.signers


def _ending(client: ConsoleClient, document: dict[str, Any]) -> dict[str, Any]:
    """How an approval ended that is listed no longer, as far as the console still knows."""
    try:
        whole = client.approval(document["id"])
    except (Refused, Unreachable):
        whole = {"state": "ended", "missing": 0, "you_may": [], "needs_reason": []}
    return document | {name: value for name, value in whole.items() if name in document}


def _line(document: dict[str, Any], was: str | None, now: float, as_json: bool) -> str:
    if as_json:
        line = {"time": _at(now), "was": was, "approval": document}
        return visible_line(json.dumps(line, ensure_ascii=False))
    entry = Entry.of(document)
    change = entry.ending if was is None or was == entry.state else f"{visible_line(was)} -> {entry.ending}"
    return f"{_at(now)}  {entry.id}  {change}  {entry.risk} risk  {entry.sentence}"


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
