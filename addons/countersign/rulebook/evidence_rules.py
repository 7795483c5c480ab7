"""evidence.yaml -> EvidenceRules. Does not check that a checkpoint file can be written: the gateway's start does."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from countersign import limits
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.evidence_values import EvidenceRules, RetentionRule
from countersign.rulebook.places import Source
from countersign.rulebook.problems import Problems
from countersign.rulebook.witness_rules import ages, quorum, witnesses


def evidence(document: Document, problems: Problems) -> EvidenceRules:
    """How the log is kept; the shape was checked; what is wrong goes to `problems`."""
    root: Any = document.root
    anchors: Any = root.get("anchors", {})
    files: Any = anchors.get("checkpoint_files", ())
    for index, path in enumerate(files):
        if not PurePath(path).is_absolute():
            problems.add(
                document.file,
                files.lines[index],
                f"{path!r} is not an absolute path",
                "write it from the root, as /mnt/...",
            )
    watching = witnesses(document, problems)
    if root["compliance"] and not files and not watching:
        problems.add(
            document.file,
            root.lines["compliance"],
            "compliance asks for an anchor, and there is none",
            "name a file on another volume under anchors.checkpoint_files, or a witness under anchors.witnesses",
        )
    warn, refuse = ages(document, problems)
    return EvidenceRules(
        checkpoint_files=tuple(files),
        heartbeat_seconds=root.get("heartbeat_seconds", limits.HEARTBEAT_SECONDS),
        key_epoch_hours=root.get("key_epoch_hours"),
        witnesses=watching,
        quorum=quorum(document, problems),
        warn_after_seconds=warn,
        refuse_after_seconds=refuse,
        retention=_retention(document, problems),
        prune_every_hours=root.get("prune_every_hours"),
    )


def _retention(document: Document, problems: Problems) -> tuple[RetentionRule, ...]:
    """Does not check that there is such a connection: what is kept of one that is gone must be erased too."""
    root: Any = document.root
    entries: Any = root.get("retention", ())
    rules = tuple(
        RetentionRule(
            name=entry["name"],
            older_than_days=entry["older_than_days"],
            connection=entry.get("connection"),
            types=tuple(entry["types"]) if "types" in entry else None,
            names=tuple(entry["names"]) if "names" in entry else None,
            source=Source(document.file, entries.lines[index]),
        )
        for index, entry in enumerate(entries)
    )
    refuse_second_names(rules, problems, "retention rule")
    return rules
