"""What a retention rule leaves alone: the payloads that the approvals of a gateway are restored from.

Nothing else is read from payloads at a start: intents, decisions and outcomes say all that recovery needs in their leaves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import cast

from sqlite_utils import Database

from countersign.approvals.projection import Projection
from countersign.approvals.records import events
from countersign.errors import CountersignError
from countersign.evidence import Record, store


def needed(db: Database, before_us: int) -> frozenset[int]:
    """Which approval records (seqs) keep their payloads when everything before a time (microseconds UTC) is to go.

    All of an approval that is pending, granted and not used, or unreviewed; and all of one that ended, but of which a
    record is younger: an approval goes whole, or a start would find a part of it, and take it for one that is still open.

    Raises CountersignError where a record cannot be read, one of store.UNREADABLE.
    """
    steps: dict[str, list[int]] = {}
    kept: set[str] = set()

    def noted(found: Iterable[Record]) -> Iterator[Record]:
        for record in found:
            approval = str(record.fields["approval"])
            steps.setdefault(approval, []).append(record.seq)
            if record.time_us >= before_us:
                kept.add(approval)
            yield record

    reading = cast("Generator[Record]", store.read_records(db, where="type = ?", parameters=["approval"]))
    try:
        with closing(reading):  # before the database is, also where this ends early
            known = Projection(events(noted(reading)))
    except (ValueError, TypeError, KeyError) as error:
        raise CountersignError(
            f"the approvals cannot be restored ({type(error).__name__}); verify the evidence"
        ) from None
    kept.update(approval.request.id for approval in (*known.live(), *known.unreviewed()))
    return frozenset(seq for approval in kept for seq in steps.get(approval, ()))
