"""Anchors a log at its witnesses: feeds each of them, and knows for how long nothing was anchored outside of the database.

Checkpoint files are written by the log itself, in each commit. Does not vouch for a witness: one that is in league with
whoever rolled the log back keeps silent.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from countersign import limits
from countersign.evidence import checkpoint, store
from countersign.evidence.checkpoint import Checkpoint
from countersign.evidence.errors import EvidenceDamaged, NotAnchored
from countersign.evidence.places import DATABASE_NAME, cosigned_name
from countersign.evidence.settings import LogSettings
from countersign.evidence.stored_tree import StoredTree
from countersign.evidence.witness_feed import Post, WitnessFeed

_LOG = logging.getLogger(__name__)
_SECOND = 1_000_000
_BEGUN = "select time from records where seq = ?"


@dataclass(slots=True)
class _Watched:
    """One witness of the log."""

    feed: WitnessFeed
    since_us: int  #: steady time of the first commit that it had not cosigned when that was looked at last

    @property
    def size(self) -> int:
        """Records that it vouches for."""
        return 0 if self.feed.anchored is None else self.feed.anchored[0]


class Anchoring:
    """The anchors of one log. Made by `open`; then `confirm`, and after the first commit `start`. Any thread may ask."""

    def __init__(
        self,
        database: Path,
        settings: LogSettings,
        newest: bytes | None,
        post: Post | None,
        clock: Callable[[], int],
        steady: Callable[[], int],
    ) -> None:
        """As `open`, which see; opens nothing."""
        if settings.witnesses and post is None:
            raise ValueError("a log with witnesses needs a way to reach them")
        self._database = database
        self._settings = settings
        self._clock = clock
        self._steady = steady
        self._interval_seconds = min(limits.WITNESS_INTERVAL_SECONDS, settings.warn_after_seconds / 2)
        self._latch: Callable[[str], None] | None = None
        self._newest = None if newest is None else (newest, _checkpoint(newest))
        self._watched: list[_Watched] = []
        self._said = ""

    @classmethod
    def open(
        cls,
        directory: Path,
        settings: LogSettings,
        newest: bytes | None,
        post: Post | None,
        clock: Callable[[], int],
        steady: Callable[[], int],
    ) -> Self:
        """The anchors of the log in a directory, whose last checkpoint is `newest` (None: it has no records yet).

        `post` reaches a witness as `WitnessFeed` says, `clock` and `steady` are those of the log. Raises as WitnessFeed
        does for a file of cosigned checkpoints that cannot be used.
        """
        made = cls(directory / DATABASE_NAME, settings, newest, post, clock, steady)
        try:
            for witness in settings.witnesses:
                assert post is not None
                feed = WitnessFeed(
                    witness.url,
                    witness.verifier,
                    directory / cosigned_name(witness.verifier.key_id),
                    made._offer,
                    made._consistency,
                    post,
                    clock,
                    steady,
                    made._forked,
                    made._interval_seconds,
                )
                made._watched.append(_Watched(feed, steady()))
        except BaseException:
            made.stop(0)
            raise
        return made

    def confirm(self) -> None:
        """Ask every witness whether it knows the log as it is here, before anything is added to it.

        One that does not answer is told in the program's log, and no reason to wait. Raises EvidenceDamaged where one
        knows of more records, or of others; sqlite3.Error.
        """
        if self._newest is None or not self._watched:
            return
        forks = [outcome.problem for outcome in self._each(WitnessFeed.offer_now) if outcome.is_fork]
        if forks:
            raise EvidenceDamaged(
                f"the log was rolled back, or is a copy of one that went on elsewhere: {'; '.join(forks)}. Restore the "
                "newest evidence; a copy of a gateway needs an origin and keys of its own"
            )
        with closing(store.open_for_reading(self._database)) as db:
            for watched in self._watched:
                begun = db.execute(_BEGUN, [watched.size]).fetchone()
                if begun is not None:  # what was not anchored when the last process ended is as old as it is
                    watched.since_us = self._steady() - max(0, self._clock() - begun[0])

    def start(self, latch: Callable[[str], None]) -> None:
        """Feed the witnesses from here on. `latch(reason)` is to end all writing: a witness knows another log."""
        self._latch = latch
        for watched in self._watched:
            watched.feed.start()

    def stop(self, timeout_seconds: float) -> None:
        """Offer the last checkpoint to the witnesses that answer, and let go of them."""
        self._each(lambda feed: feed.stop(timeout_seconds))

    def append(self, note: bytes) -> None:
        """Hear of the checkpoint of a commit. Raises BadNote."""
        found = _checkpoint(note)
        before = 0 if self._newest is None else self._newest[1].size
        for watched in self._watched:
            if watched.size >= before:
                watched.since_us = self._steady()
        self._newest = note, found

    @property
    def age_seconds(self) -> float | None:
        """Since when a commit waits for being anchored: 0 where none does; None where nothing is to be anchored.

        A checkpoint is anchored once the quorum of witnesses has cosigned it. Where none is asked for, checkpoint files
        are the anchor, and nobody is told that a record is durable before it is in them.
        """
        if not self._settings.quorum:
            return 0.0 if self._settings.anchor_files else None
        return sorted(map(self._age_seconds, self._watched))[self._settings.quorum - 1]

    def require(self) -> None:
        """Raises NotAnchored where the oldest commit that is not anchored is older than the limit; then nothing that
        changes anything may pass."""
        age, limit = self.age_seconds or 0.0, self._settings.refuse_after_seconds
        if age > limit:
            for watched in self._watched:
                watched.feed.hurry()
            raise NotAnchored(
                f"the evidence has not been anchored outside of the gateway for {age:.0f} seconds, and after {limit} no "
                "change passes; reads do. The gateway's operators must see to its witnesses; then send it again"
            )

    def look(self) -> float:
        """Tell the operators when an anchor is too old, once for each limit, and when all is well again.

        Returns the seconds until it should be called again.
        """
        if not self._watched:
            return math.inf
        age, settings = self.age_seconds or 0.0, self._settings
        said = ""
        if age > settings.warn_after_seconds:
            said = f"changes are refused after {settings.refuse_after_seconds}"
        if age > settings.refuse_after_seconds:
            said = "changes are refused until it is"
        if said and said != self._said:
            problems = "; ".join(watched.feed.last_problem for watched in self._watched if watched.feed.last_problem)
            _LOG.warning(
                "the evidence has not been anchored for %.0f seconds, %s: %s", age, said, problems or "no answer"
            )
        elif self._said and not said:
            _LOG.warning("the evidence is anchored again")
        self._said = said
        return self._interval_seconds

    # -- inside -------------------------------------------------------------------------------------------------------

    def _each[T](self, do: Callable[[WitnessFeed], T]) -> list[T]:
        """At once, so that one that is slow does not hold up the others."""
        with ThreadPoolExecutor(max(1, len(self._watched)), "witness") as pool:
            return list(pool.map(do, [watched.feed for watched in self._watched]))

    def _age_seconds(self, watched: _Watched) -> float:
        newest = self._newest  # before the size that the witness has
        if newest is None or watched.size >= newest[1].size:
            return 0.0
        offered_us = watched.feed.offered_us
        # what came after that offer was not committed before it
        since_us = watched.since_us if offered_us is None else max(watched.since_us, offered_us)
        return max(0, self._steady() - since_us) / _SECOND

    def _offer(self) -> tuple[bytes, Checkpoint]:
        assert self._newest is not None  # fed after the first commit only
        return self._newest

    def _consistency(self, old_size: int, size: int) -> Sequence[bytes]:
        """Raises as StoredTree does, and one of store.UNREADABLE."""
        with closing(store.open_for_reading(self._database)) as db:
            db.execute("begin")
            return StoredTree(db).consistency_proof(old_size, size)

    def _forked(self, reason: str) -> None:
        if self._latch is not None:
            self._latch(f"a witness knows another log than this one: {reason}")


def _checkpoint(note: bytes) -> Checkpoint:
    return checkpoint.parse(checkpoint.split_note(note)[0])
