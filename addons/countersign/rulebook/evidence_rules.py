"""evidence.yaml -> EvidenceRules. Does not check that a checkpoint file can be written: the gateway's start does."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from countersign import limits
from countersign.rulebook.documents import Document
from countersign.rulebook.evidence_values import EvidenceRules
from countersign.rulebook.problems import Problems


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
    if root["compliance"] and not files:
        problems.add(
            document.file,
            root.lines["compliance"],
            "compliance asks for an anchor, and there is none",
            "name a file on another volume under anchors.checkpoint_files",
        )
    return EvidenceRules(
        checkpoint_files=tuple(files),
        heartbeat_seconds=root.get("heartbeat_seconds", limits.HEARTBEAT_SECONDS),
        key_epoch_hours=root.get("key_epoch_hours"),
    )
