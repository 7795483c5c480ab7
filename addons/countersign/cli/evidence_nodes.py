"""The list of the gateways that there must be: a YAML file, read as strictly as the rules are.

Does not look at the logs that it lists.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from countersign import limits
from countersign.errors import RulesError
from countersign.evidence import checkpoint
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.errors import BadNote
from countersign.evidence.fleet import Fleet, Node
from countersign.rulebook import documents, shapes
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems


def read_fleet(path: Path) -> Fleet:
    """The nodes in a file; places in it are below its own directory. Raises RulesError, RulesErrors with every problem."""
    problems = Problems(path.parent)
    try:
        with path.open("rb") as file:
            document = documents.parse(str(path), file.read(limits.MAX_RULE_FILE_BYTES + 1))
    except OSError as error:
        raise RulesError(str(path), None, f"cannot be read: {error.strerror}") from None
    document = Document(path.name, document.root)
    if not shapes.fits("nodes", document, problems):
        problems.raise_found()
    root: Any = document.root
    reading = _Reading(path.parent, document, problems)
    nodes = [reading.node(entry) for entry in root["nodes"]]
    problems.raise_found()
    directory = path.parent / root["directory"] if "directory" in root else None
    return Fleet(tuple(nodes), directory)


class _Reading:
    """Node by node; what is wrong goes to the problems, and the nodes are not used then."""

    def __init__(self, base: Path, document: Document, problems: Problems) -> None:
        self._base = base
        self._document = document
        self._problems = problems
        self._origins: set[str] = set()
        self._logs: set[Path] = set()

    def node(self, entry: Any) -> Node:
        origin, log = entry["origin"], self._base / entry["log"]
        if origin in self._origins:
            self._note(entry.lines["origin"], f"a node with the origin {origin} is listed already", "list each once")
        if log in self._logs:
            self._note(entry.lines["log"], f"{log} is another node's log already", "each node has a log of its own")
        self._origins.add(origin)
        self._logs.add(log)
        vkeys = self._vkeys(origin, entry["vkeys"])
        anchors: Any = entry.get("anchors", {})
        witnesses = self._witnesses(anchors)
        return Node(
            origin=origin,
            vkeys=vkeys,
            log=log,
            checkpoint_files=tuple(self._base / file for file in anchors.get("checkpoint_files", ())),
            witnesses=witnesses,
            quorum=anchors.get("quorum"),
            max_age_seconds=entry.get("max_age_seconds", self._document.root.get("max_age_seconds")),
        )

    def _vkeys(self, origin: str, entries: Any) -> str:
        found = [self._parsed(checkpoint.Verifier.parse, entries, index) for index in range(len(entries))]
        for index, verifier in enumerate(found):
            if verifier is not None and verifier.name != origin:
                self._note(entries.lines[index], f"the key is of {verifier.name}, not of {origin}", "copy its log.vkey")
        return "\n".join(entries)

    def _witnesses(self, anchors: Any) -> tuple[CosignatureVerifier, ...]:
        entries = anchors.get("witnesses", ())
        parsed = (self._parsed(CosignatureVerifier.parse, entries, index) for index in range(len(entries)))
        found = [verifier for verifier in parsed if verifier is not None]
        if len({verifier.public_key for verifier in found}) < len(found):
            self._note(anchors.lines["witnesses"], "a witness is listed twice", "each counts once")
        if anchors.get("quorum", 1) > max(1, len(entries)):
            self._note(
                anchors.lines["quorum"],
                f"{anchors['quorum']} witnesses are to vouch, and {len(entries)} are listed",
                "list more, or ask for fewer",
            )
        return tuple(found)

    def _parsed[T](self, parse: Callable[[str], T], entries: Any, index: int) -> T | None:
        try:
            return parse(entries[index])
        except BadNote as error:
            self._note(entries.lines[index], str(error), "copy the whole line again")
            return None

    def _note(self, line: int, problem: str, remedy: str) -> None:
        self._problems.add(self._document.file, line, problem, remedy)
