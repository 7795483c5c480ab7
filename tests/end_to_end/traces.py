"""Everything that a gateway leaves behind or says: its files, its output, its console, its command, its exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.story.process import Child
from scripts.story.stage import Stage, files_below
from tests.end_to_end.approver import Approver

_SHOWN = 2  # exchanges that are shown one by one
_ALREADY_THERE = frozenset({"ca", "provider", "service", "rules", "hook"})  # the test's own, and other programs'


def files(stage: Stage, *more: Path) -> list[Path]:
    """What the gateway and its command wrote below the working folder, whatever and wherever it is."""
    found = [
        path
        for path in files_below(stage.directory)
        if path.relative_to(stage.directory).parts[0] not in _ALREADY_THERE
    ]
    return [*found, *(path for folder in more for path in files_below(folder))]


def commands(stage: Stage, token: str) -> Iterator[tuple[str, bytes]]:
    """What `countersign` prints, of every command that shows something of requests; exports go below the working folder."""
    folder = stage.directory / "exported"
    folder.mkdir(exist_ok=True)

    def said(*arguments: str, as_person: bool = False) -> tuple[str, bytes]:
        child: Child = stage.countersign(*arguments, token=token if as_person else None)
        return f"countersign {' '.join(arguments)}", child.output.encode()

    listed = said("evidence", "list", "--json", "--limit", "1000000")
    yield listed
    yield said("evidence", "list", "--limit", "1000000")
    yield said("evidence", "verify")
    exchanges = [json.loads(line).get("exchange") for line in listed[1].splitlines() if line.startswith(b"{")]
    known = [exchange for exchange in dict.fromkeys(exchanges) if exchange]
    for number, exchange in enumerate(known[:: max(1, len(known) // _SHOWN)]):
        yield said("evidence", "show", exchange, *(["--json"] if number % 2 else []))
    rules = ["--rules", str(stage.rules)]
    yield said("evidence", "export", "--tiles", str(folder / "tiles"), "--with-payloads", *rules)
    yield said("evidence", "prove", "3", "-o", str(folder / "record.tlog-proof"), *rules)
    yield said("approvals", "list", "--json", as_person=True)
    yield said("approvals", "list", as_person=True)


def console(person: Approver, approvals: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """What the console answers this person: the API, the pages, and what mitmweb's page asks for."""
    paths = ["/", "/approvals", "/api/approvals", "/flows", "/flows.json", "/events", "/state", "/options", "/commands"]
    for approval in approvals:
        paths += [f"/approvals/{approval}", f"/api/approvals/{approval}"]
        paths += [f"/flows/{approval}/request/content/{view}" for view in ("auto", "raw")]
        paths += [f"/flows/{approval}/response/content/auto", f"/flows/{approval}/request/content.data"]
    for path in paths:
        yield f"the console's {path}", person.look(path)
