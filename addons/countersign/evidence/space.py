"""Room on the disk for the outcomes of what is in flight: nothing new begins without it, and a ballast backs it.

Does not help where the disk only pretends to allocate (compression, copy on write, thin volumes), and answers of many
megabytes at once can need more than is kept: then the commit fails, the log stops, and nothing that was recorded is lost.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from countersign import limits
from countersign.errors import EvidenceUnavailable
from countersign.evidence.draft import Draft

BALLAST_NAME = "evidence.ballast"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_ENDS = ("outcome", "outcome_unknown")
_VERDICT = 3  # among Draft.columns


def free_bytes(directory: Path) -> int:
    """What an unprivileged program may still write to the directory's volume. Raises OSError. Does not know quotas."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def shortage(directory: Path) -> str:
    """For the end of an error whose cause it may be: what is free, if that is little. SQLite calls it an I/O error."""
    try:
        free = free_bytes(directory)
    except OSError:
        return ""
    return f"; the disk is nearly full, {free} bytes are free" if free < limits.MIN_FREE_EVIDENCE_BYTES else ""


def wal_bytes(drafts: Sequence[Draft]) -> int:
    """About what one group commit adds to the write-ahead log: whole pages, for small records forty times the content."""
    pages = limits.EVIDENCE_PAGES_PER_COMMIT + limits.EVIDENCE_PAGES_PER_RECORD * len(drafts)
    return pages * limits.EVIDENCE_PAGE_BYTES + sum(draft.size for draft in drafts)


def bytes_on_disk(drafts: Sequence[Draft]) -> int:
    """About what one group commit takes in all: the contents come into the database too, when the log is copied."""
    return wal_bytes(drafts) + sum(draft.size for draft in drafts)


class Reserve:
    """The reserve of one log. Made by `hold`; `allow` is for any thread, the rest for the one that writes."""

    def __init__(self, directory: Path, free: Callable[[Path], int]) -> None:
        self._directory = directory
        self._free = free
        self._ballast = directory / BALLAST_NAME
        self._holds_ballast = False
        self._guard = threading.Lock()
        self._in_flight: set[str] = set()
        self._seen_free: int | None = None  # since the last commit began

    @classmethod
    def hold(cls, directory: Path, *, free: Callable[[Path], int] = free_bytes) -> Reserve:
        """Allocate the ballast, or take over the one that a killed process left. `free(directory)` gives bytes.

        Without room for it the log can still be opened and ended, and nothing begins. Raises OSError.
        """
        reserve = cls(directory, free)
        reserve._take_ballast()
        return reserve

    @property
    def in_flight(self) -> int:
        """Exchanges with an intent and no end yet."""
        return len(self._in_flight)

    @property
    def holds_ballast(self) -> bool:
        """Whether the ballast is there. When not, nothing new begins."""
        return self._holds_ballast

    def allow(self, drafts: Sequence[Draft]) -> None:
        """Call before drafts are queued, when nothing else can refuse them any more. Looks at the disk once per commit.

        Raises EvidenceUnavailable when an intent is among them and less is free than the outcomes of what is in flight
        may need, or the disk does not say what is free.
        """
        begun = {draft.exchange for draft in drafts if draft.type == "intent" and draft.exchange is not None}
        if not begun:
            return
        with self._guard:
            if self._seen_free is None:
                self._seen_free = self._look()
            in_flight = self._in_flight | begun
            needed = limits.MIN_FREE_EVIDENCE_BYTES + limits.OUTCOME_RESERVE_BYTES * len(in_flight)
            if not self._holds_ballast or self._seen_free < needed:
                free, self._seen_free = self._seen_free, None
                raise EvidenceUnavailable(
                    f"the disk is nearly full, so nothing new is begun: {free} bytes are free in {self._directory}, "
                    f"{needed if self._holds_ballast else needed + limits.EVIDENCE_BALLAST_BYTES} are needed; free some"
                )
            self._in_flight = in_flight

    def before_commit(self, drafts: Sequence[Draft]) -> None:
        """Let the ballast go when this group would not fit otherwise; take it back when there is room. Raises OSError."""
        free = self._free(self._directory)
        if self._holds_ballast:
            if free < bytes_on_disk(drafts):
                self.let_go()
        elif free >= limits.MIN_FREE_EVIDENCE_BYTES + limits.EVIDENCE_BALLAST_BYTES + bytes_on_disk(drafts):
            self._take_ballast()
        with self._guard:
            self._seen_free = None
            self._in_flight -= {draft.exchange for draft in drafts if draft.exchange is not None and _ends(draft)}

    def before_act(self) -> None:
        """The same for what takes nobody knows how much, as erasing does: it gets the ballast's room. Raises OSError."""
        if self._holds_ballast and self._free(self._directory) < limits.MIN_FREE_EVIDENCE_BYTES:
            self.let_go()

    def let_go(self) -> None:
        """Give the ballast back to the disk: for what must still be written, and at the end. Raises OSError."""
        self._holds_ballast = False
        self._ballast.unlink(missing_ok=True)

    def _look(self) -> int:
        try:
            return self._free(self._directory)
        except OSError as error:
            raise EvidenceUnavailable(f"{self._directory}: nobody knows how much is free: {error.strerror}") from None

    def _take_ballast(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._ballast, flags, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, limits.EVIDENCE_BALLAST_BYTES)
        except OSError as error:
            with suppress(OSError):
                self.let_go()  # part of it may be allocated
            if error.errno not in _NO_ROOM:
                raise
        else:
            self._holds_ballast = True
        finally:
            os.close(descriptor)


def _ends(draft: Draft) -> bool:
    return draft.type in _ENDS or (draft.type == "decision" and draft.columns[_VERDICT] == "deny")
