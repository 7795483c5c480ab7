"""The one thread that writes: group commit, a bounded queue, and the latch that ends writing at the first fault."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence.appender import Appender
from countersign.evidence.draft import Draft
from countersign.evidence.errors import EvidenceDamaged
from countersign.evidence.records import Receipt
from countersign.evidence.space import Reserve

_LOG = logging.getLogger(__name__)


#: What is done at the tail besides committing drafts; alone, between two group commits.
type Act = Callable[[Appender], tuple[Receipt, ...]]


@dataclass(frozen=True, slots=True)
class _Submission:
    drafts: tuple[Draft, ...]
    size: int
    act: Act | None = None
    future: Future[tuple[Receipt, ...]] = field(default_factory=Future)


class Writer:
    """Commits what is submitted, many submissions in one transaction, in the order of submission.

    Latched means: a commit failed, nothing is written any more, and every submission fails. Only a new process that
    passed recovery clears it, because what SQLite or the kernel says after a failed flush cannot be believed.
    """

    def __init__(self, appender: Appender, reserve: Reserve) -> None:
        self._appender = appender
        self._reserve = reserve
        self._changed = threading.Condition()
        self._queue: deque[_Submission] = deque()
        self._queued_records = 0
        self._queued_bytes = 0
        self._closing = False
        self._latched_because: str | None = None
        self._thread = threading.Thread(target=self._run, name="countersign-evidence", daemon=True)

    @property
    def latched_because(self) -> str | None:
        """Why nothing is written any more; None while all is well."""
        return self._latched_because

    @property
    def is_open(self) -> bool:
        """Whether submissions are taken."""
        return self._latched_because is None and not self._closing

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, drafts: tuple[Draft, ...]) -> Future[tuple[Receipt, ...]]:
        """Queue drafts that belong together; the future is done when they are durable, and cannot be cancelled.

        Raises EvidenceUnavailable: latched, closed, more is waiting than the limits allow, or the disk is nearly full.
        """
        return self._queued(_Submission(drafts, sum(draft.size for draft in drafts)))

    def submit_act(self, act: Act) -> Future[tuple[Receipt, ...]]:
        """Queue something else to be done at the tail; as `submit`. What it raises latches, as a failed commit does."""
        return self._queued(_Submission((), 0, act))

    def _queued(self, submission: _Submission) -> Future[tuple[Receipt, ...]]:
        submission.future.set_running_or_notify_cancel()
        with self._changed:
            self._refuse_unless_open()
            records = self._queued_records + len(submission.drafts)
            size = self._queued_bytes + submission.size
            if records > limits.MAX_QUEUED_RECORDS or size > limits.MAX_QUEUED_EVIDENCE_BYTES:
                raise EvidenceUnavailable("too many records wait for the disk; try again later")
            self._reserve.allow(submission.drafts)
            self._queue.append(submission)
            self._queued_records, self._queued_bytes = records, size
            self._changed.notify()
        return submission.future

    def latch(self, reason: str) -> None:
        """Write nothing more: somebody outside found that the log is not what it was."""
        self._latch(EvidenceDamaged(reason), [])

    def stop(self, timeout_seconds: float) -> bool:
        """Take nothing more, write what is queued, end the thread. Whether it ended in time."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _refuse_unless_open(self) -> None:
        if self._latched_because is not None:
            raise EvidenceUnavailable(f"the evidence log has stopped: {self._latched_because}")
        if self._closing:
            raise EvidenceUnavailable("the evidence log is closed")

    def _run(self) -> None:
        while group := self._take():
            try:
                receipts = iter(self._done(group))
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be written after it
                self._latch(error, group)
                return
            for submission in group:
                submission.future.set_result(
                    tuple(islice(receipts, None if submission.act else len(submission.drafts)))
                )
            try:
                self._appender.copy_wal()
            except Exception as error:  # noqa: BLE001 - as above
                self._latch(error, [])
                return

    def _done(self, group: list[_Submission]) -> tuple[Receipt, ...]:
        if group[0].act is not None:
            self._reserve.before_act()
            return group[0].act(self._appender)
        drafts = [draft for submission in group for draft in submission.drafts]
        self._reserve.before_commit(drafts)
        return self._appender.commit(drafts)

    def _take(self) -> list[_Submission]:
        """The next group; empty when the log was closed and everything is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or not self.is_open)
            group: list[_Submission] = []
            records = size = 0
            while self._queue:
                head = self._queue[0]
                records, size = records + len(head.drafts), size + head.size
                if group and (
                    head.act or group[0].act or records > limits.MAX_COMMIT_RECORDS or size > limits.MAX_COMMIT_BYTES
                ):
                    break
                group.append(self._queue.popleft())
                self._queued_records -= len(head.drafts)
                self._queued_bytes -= head.size
            return group

    def _latch(self, error: Exception, group: list[_Submission]) -> None:
        reason = _describe(error)
        _LOG.critical("the evidence log has stopped, nothing may pass: %s", reason)
        with self._changed:
            self._latched_because = self._latched_because or reason
            failed = [*group, *self._queue]
            self._queue.clear()
            self._changed.notify()
        for submission in failed:
            submission.future.set_exception(EvidenceUnavailable(f"the evidence log has stopped: {reason}"))


def _describe(error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        return f"{getattr(error, 'sqlite_errorname', 'sqlite')}: {error}"
    return f"{type(error).__name__}: {error}"
