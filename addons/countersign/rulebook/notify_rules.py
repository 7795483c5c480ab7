"""approval.yaml, `notify` -> NotifyTarget values. Does not read the secrets they point to, nor check that they exist."""

from __future__ import annotations

from typing import Any, get_args

from countersign.rulebook import hosts
from countersign.rulebook.access_rules import refuse_second_names
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems
from countersign.rulebook.values import Notable, NotifyTarget, SecretPlace, Source


def notify(document: Document, problems: Problems) -> tuple[NotifyTarget, ...]:
    """Where news of approvals go; the shape was checked; what is wrong goes to `problems`. None: nowhere."""
    entries: Any = document.root.get("notify", ())
    targets = tuple(
        _target(document.file, entries.lines[index], entry, problems) for index, entry in enumerate(entries)
    )
    refuse_second_names(targets, problems, "target")
    return targets


def _target(file: str, line: int, entry: Any, problems: Problems) -> NotifyTarget:
    webhook: str | None = None
    if "webhook" in entry:
        webhook = problems.checked(file, entry.lines["webhook"], hosts.webhook_url, entry["webhook"], "")
    return NotifyTarget(
        name=entry["name"],
        apprise=_place(entry.get("apprise")),
        webhook=webhook,
        key=_place(entry.get("key")),
        events=tuple(entry.get("events", get_args(Notable))),
        source=Source(file, line),
    )


def _place(entry: Any) -> SecretPlace | None:
    return None if entry is None else SecretPlace(entry.get("from_env"), entry.get("from_file"))
