"""Offers a log's newest checkpoint to one witness, again and again, and keeps what it cosigns (the log's side of tlog-witness).

A witness that has seen more of this log than there is, or another tree, says that the log was rolled back or forked.
Does not read the log, does not speak HTTP, and does not tell a lying witness from a forked log: both stop the caller.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

from countersign import limits
from countersign.errors import CountersignError
from countersign.evidence.checkpoint import Checkpoint, parse, split_note
from countersign.evidence.checkpoint_file import CheckpointFile, read_last_notes
from countersign.evidence.cosignature import CosignatureVerifier
from countersign.evidence.errors import BadNote, EvidenceDamaged
from countersign.evidence.witness_protocol import PATH, Offer, parse_conflict

_LOG = logging.getLogger(__name__)
_SECOND = 1_000_000
_MAX_CONFLICTS = 3  # of one exchange: the first tells the witness's size, a further one is another log's feed

_REMEDIES = {
    403: ": it does not know the key that signs now; give it the newest log.vkey",
    404: ": it does not know this log, or its URL is another; give it log.vkey",
}

type Post = Callable[[str, bytes], tuple[int, str, bytes]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one exchange ended."""

    is_cosigned: bool
    is_fork: bool = False
    problem: str = ""  #: why it was not cosigned


class _Failed(CountersignError):
    """The witness did not cosign this time."""


class _Forked(CountersignError):
    """The witness knows another log than this one."""


class WitnessFeed:
    """One witness. `newest` gives the log's newest signed checkpoint; `consistency(old, new)` proves that it only grew.

    `url` is the witness's submission prefix. `post(url, body)` gives status, content type and body of the answer, and
    raises OSError; it must end by itself. `keep` is the file that gets the cosigned notes (see `checkpoint_file`).
    `clock` gives microseconds since the epoch, `steady` microseconds that nobody sets. `on_fork(reason)` is called once,
    in whatever thread finds out.
    """

    def __init__(
        self,
        url: str,
        verifier: CosignatureVerifier,
        keep: Path,
        newest: Callable[[], tuple[bytes, Checkpoint]],
        consistency: Callable[[int, int], Sequence[bytes]],
        post: Post,
        clock: Callable[[], int],
        steady: Callable[[], int],
        on_fork: Callable[[str], None],
        interval_seconds: float,
    ) -> None:
        """Opens `keep`. Raises as CheckpointFile.open does, EvidenceDamaged also for a kept note that does not verify."""
        self._url = f"{url.rstrip('/')}/{PATH}"
        self._verifier = verifier
        self._newest = newest
        self._consistency = consistency
        self._post = post
        self._clock = clock
        self._steady = steady
        self._on_fork = on_fork
        self._interval_seconds = interval_seconds
        self._one_exchange = Lock()
        self._stopping = Event()
        self._hurry = Event()
        self._is_forked = False
        self._problem = ""
        self._keep = CheckpointFile.open(keep)
        try:
            self._kept, self._anchored = self._last_kept(keep)
        except BaseException:
            self._keep.close()
            raise
        self._known_size = self._kept  # what the witness cosigned last, as far as we know
        self._offered_us: int | None = None
        self._thread = Thread(target=self._run, name=f"witness {verifier.name}", daemon=True)

    @property
    def anchored(self) -> tuple[int, int] | None:
        """Up to which size the witness vouches for this log, and since when by its clock (microseconds); None: not at all."""
        return self._anchored

    @property
    def offered_us(self) -> int | None:
        """When what the witness cosigned last was offered to it, by the steady clock; None: nothing by this process."""
        return self._offered_us

    @property
    def last_problem(self) -> str:
        """Why the last exchange failed; empty when it did not."""
        return self._problem

    def start(self) -> None:
        """Begin to offer, in a thread, whatever the witness has not cosigned yet. Call it once."""
        self._thread.start()

    def hurry(self) -> None:
        """Somebody waits for the witness: it is asked at the next interval, however often it failed."""
        self._hurry.set()

    def stop(self, timeout: float) -> None:
        """Offer what is new a last time, unless the witness fails anyway; end the thread, and let go of the file.

        Waits for so many seconds at most; call it again where that was not enough.
        """
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._one_exchange.acquire(timeout=timeout):  # never from under an exchange that still runs
            self._keep.close()
            self._one_exchange.release()

    def offer_now(self) -> Outcome:
        """One exchange, in this thread, also where the witness has cosigned the newest checkpoint already.

        Never raises for what the witness says or does not say: the outcome tells. Bounded by what `post` takes.
        """
        with self._one_exchange:
            if self._is_forked:
                return Outcome(is_cosigned=False, is_fork=True, problem=self._problem)
            try:
                self._exchange()
            except _Forked as fork:
                self._is_forked = True
                self._problem = f"{self._verifier.name}: {fork}"
                self._on_fork(self._problem)
                return Outcome(is_cosigned=False, is_fork=True, problem=self._problem)
            except Exception as error:  # noqa: BLE001 - of the log's reading too; no anchor is what matters, and is seen
                text = str(error) if isinstance(error, (CountersignError, OSError)) else type(error).__name__
                self._problem = f"{self._verifier.name}: {text}"
                _LOG.warning(f"not anchored at the witness {self._problem}")
                return Outcome(is_cosigned=False, problem=self._problem)
            self._problem = ""
            return Outcome(is_cosigned=True)

    def _run(self) -> None:
        interval, pause, waited = self._interval_seconds, self._interval_seconds, 0.0
        while not self._stopping.wait(interval) and not self._is_forked:
            waited += interval
            if waited < pause and not self._hurry.is_set():
                continue
            self._hurry.clear()
            waited = 0
            if not self._has_news():
                continue
            done = self.offer_now().is_cosigned
            pause = interval if done else min(2 * pause, max(limits.MAX_WITNESS_RETRY_SECONDS, interval))
        if not self._problem and self._has_news():
            self.offer_now()

    def _has_news(self) -> bool:
        if self._problem or self._anchored is None:
            return True
        try:
            return self._newest()[1].size != self._anchored[0]
        except Exception:  # noqa: BLE001 - the exchange meets it again, and says so
            return True

    def _exchange(self) -> None:
        """Raises _Forked, _Failed, and whatever the log's callables and the file raise."""
        offered_us = self._steady()  # before the look: whatever is committed after it is younger
        note, checkpoint = self._newest()
        for _ in range(_MAX_CONFLICTS):
            old_size = self._known_size
            if old_size > checkpoint.size:
                raise _Forked(f"it cosigned {old_size} records of this log, which now has {checkpoint.size}")
            proof = self._consistency(old_size, checkpoint.size) if 0 < old_size < checkpoint.size else ()
            status, content_type, body = self._post(self._url, Offer(old_size, tuple(proof), note).body())
            if status == 200:
                self._accept(note, checkpoint, body, offered_us)
                return
            if status == 422:
                raise _Forked(f"it cosigned another tree of {old_size} records than this log's")
            if status != 409:
                raise _Failed(f"it answered {status}{_REMEDIES.get(status, '')}")
            self._known_size = _conflicting_size(old_size, checkpoint.size, content_type, body)
            if self._known_size < self._kept:
                _LOG.warning(
                    f"the witness {self._verifier.name} cosigned {self._kept} records and now knows of {self._known_size}: "
                    "it lost its state, and what it vouches for begins anew"
                )
        raise _Failed("it names another size each time; does something else feed it this log?")

    def _accept(self, note: bytes, checkpoint: Checkpoint, lines: bytes, offered_us: int) -> None:
        cosigned = _with_line(note, lines, self._verifier)
        seconds = self._verifier.verify(cosigned)
        if abs(seconds * _SECOND - self._clock()) > limits.MAX_WITNESS_CLOCK_SECONDS * _SECOND:
            raise _Failed("the time of its cosignature is not near ours; set the clocks, here and there")
        if checkpoint.size > self._kept:
            self._keep.append(cosigned)
            self._kept = checkpoint.size
        self._known_size = checkpoint.size
        self._offered_us = offered_us
        self._anchored = checkpoint.size, seconds * _SECOND

    def _last_kept(self, keep: Path) -> tuple[int, tuple[int, int] | None]:
        """Size and time of the last note that holds a cosignature: a power cut may have left one without."""
        size, anchored = 0, None
        try:
            for note in read_last_notes(keep):
                size = parse(split_note(note)[0]).size
                if self._verifier.has_signed(note):
                    anchored = size, self._verifier.verify(note) * _SECOND
        except BadNote as error:
            raise EvidenceDamaged(f"{keep}: {error}; keep the file, and begin another") from None
        return size, anchored


def _conflicting_size(old_size: int, size: int, content_type: str, body: bytes) -> int:
    """What the witness cosigned last, by its 409. Raises _Forked, _Failed."""
    try:
        known = parse_conflict(content_type, body)
    except BadNote as error:
        known = old_size  # tlog-witness 1.0 answers so where two trees of one size differ
        if old_size != size:
            raise _Failed(str(error)) from None
    if known > size:
        raise _Forked(f"it cosigned {known} records of this log, which now has {size}")
    if known == old_size == size:
        raise _Forked(f"it cosigned another tree of {size} records than this log's")
    if known == old_size:
        raise _Failed(f"it refuses the size {old_size} and names it as its own")
    return known


def _with_line(note: bytes, lines: bytes, verifier: CosignatureVerifier) -> bytes:
    """`note` with the witness's line of those it answered; other keys' are dropped. Raises BadNote."""
    split_note(note + lines)
    mine = [line + b"\n" for line in lines.removesuffix(b"\n").split(b"\n") if verifier.has_signed(note + line + b"\n")]
    return note + b"".join(mine)
