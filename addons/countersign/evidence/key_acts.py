"""What the log's writer does to its keys, between two commits: begin an epoch, or erase the key of masked values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from countersign.evidence import keys, values_key
from countersign.evidence.appender import Appender
from countersign.evidence.draft import draft
from countersign.evidence.opening import Opened
from countersign.evidence.records import Entry, Receipt
from countersign.evidence.writer import Act
from countersign.strict_json import Json


def rotation(parts: Opened, actor: str) -> Callable[[int], Act]:
    """The act at a time in microseconds: all of it, also when nobody waits any more. The next key is made at once.

    Raises KeyFileError.
    """
    origin = parts.keys.signer.verifier.name
    successor = keys.stage(parts.keys_directory, origin, parts.randomness)
    fields: dict[str, Json] = {"next": successor.verifier.vkey(), "epoch": len(parts.keys.known), "actor": actor}

    def at(time_us: int) -> Act:
        made = draft(Entry("key_rotation", None, fields), origin, time_us)

        def rotate(tail: Appender) -> tuple[Receipt, ...]:
            receipts = tail.rotate(made, successor)
            parts.keys = keys.settle(parts.keys_directory, parts.keys, successor.verifier)
            parts.epoch_us = time_us
            return receipts

        return rotate

    return at


def erasure_of_values_key(parts: Opened, actor: str, reason: str | None) -> Callable[[int], Act]:
    """As `rotation`, for the key of masked values. It is erased once that is on record. Raises KeyFileError."""
    successor = values_key.stage(parts.keys_directory, parts.randomness)
    fields: dict[str, Json] = {"key": values_key.KEY_NAME, "actor": actor, "reason": reason}

    def at(time_us: int) -> Act:
        made = draft(Entry("key_erasure", None, fields), parts.keys.signer.verifier.name, time_us)

        def erase(tail: Appender) -> tuple[Receipt, ...]:
            receipts = tail.commit([made])
            values_key.settle(parts.keys_directory)
            parts.keys = replace(parts.keys, values_key=successor)
            return receipts

        return erase

    return at
