"""What passes through one blind tunnel: counted, put on record while it passes, and ended when it must.

Between two records no more than twice TUNNEL_RECORD_BYTES pass: from the first on, both sides have to wait for the next
record. With each record the caller's token is verified again. Does not look at the bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from mitmproxy.utils import asyncio_utils

from countersign import limits
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.identity import Caller
from countersign.proxy.fail_closed import place_of
from countersign.strict_json import Json

logger = logging.getLogger(__name__)


class Record(Protocol):
    """Writes one durable record of the tunnel. Raises EvidenceUnavailable."""

    def __call__(self, step: str, **passed: Json) -> Awaitable[None]: ...


class TunnelAccount:
    """`hold_back` makes both sides wait (True), or go on; `clock` counts seconds that nobody sets, `now` is the time of
    day in seconds since the epoch."""

    def __init__(
        self,
        caller: Caller,
        verify_again: Callable[[], Awaitable[Caller]],
        record: Record,
        hold_back: Callable[[bool], None],
        is_healthy: Callable[[], bool],
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.sent = 0  #: bytes from the client
        self.received = 0  #: bytes from the other end
        self.ended: str | None = None  #: why nothing more may pass
        self._caller = caller
        self._verify_again = verify_again
        self._record = record
        self._hold_back = hold_back
        self._is_healthy = is_healthy
        self._clock = clock
        self._now = now
        self._opened_at = self._moved_at = self._checked_at = clock()
        self._recorded = 0  # bytes that the last record tells of
        self._is_checking = False

    def may_pass(self, size: int, *, from_client: bool) -> bool:
        """Count `size` bytes that pass now; False: they must not, and the tunnel ends."""
        if not self.may_go_on():
            return False
        if self._unrecorded + size > 2 * limits.TUNNEL_RECORD_BYTES:
            self.ended = "more passed than the evidence could keep up with"
            return False
        if from_client:
            self.sent += size
        else:
            self.received += size
        self._moved_at = self._clock()
        if self._unrecorded > limits.TUNNEL_RECORD_BYTES:
            self._hold_back(True)
            self._check()
        return True

    def may_go_on(self) -> bool:
        """Whether the tunnel stays open; to be asked every LOOK_SECONDS. Starts what has to be recorded and verified."""
        clock = self._clock()
        if self.ended is not None:
            return False
        if not self._is_healthy():
            self.ended = "evidence cannot be written"
        elif self._now() > self._caller.good_until:
            self.ended = "the caller's token has expired"
        elif clock - self._opened_at > limits.MAX_TUNNEL_SECONDS:
            self.ended = f"it was open for {limits.MAX_TUNNEL_SECONDS:g} seconds"
        elif clock - self._moved_at > limits.TUNNEL_IDLE_SECONDS:
            self.ended = f"nothing passed for {limits.TUNNEL_IDLE_SECONDS:g} seconds"
        elif clock - self._checked_at > limits.TUNNEL_RECORD_SECONDS:
            self._check()
        return self.ended is None

    async def close(self) -> None:
        """The last record. Raises EvidenceUnavailable."""
        reason = self.ended or "one side closed it"
        self.ended = reason
        await self._record("closed", **self._passed(), reason=reason)

    # -- while it is open ---------------------------------------------------------------------------------------------

    @property
    def _unrecorded(self) -> int:
        return self.sent + self.received - self._recorded

    def _passed(self) -> dict[str, Json]:
        return {"sent": self.sent, "received": self.received, "seconds": int(self._clock() - self._opened_at)}

    def _check(self) -> None:
        if not self._is_checking:
            self._is_checking = True
            asyncio_utils.create_task(self._verify_and_record(), name="countersign tunnel", keep_ref=True)

    async def _verify_and_record(self) -> None:
        try:
            self._caller = await self._verify_again()
            told, self._checked_at = self.sent + self.received, self._clock()
            if told > self._recorded and self.ended is None:  # else its last record tells of them
                await self._record("passing", **self._passed())
                self._recorded = told
        except EvidenceUnavailable:
            self.ended = self.ended or "evidence cannot be written"
        except CountersignError as error:
            self.ended = self.ended or str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may pass unrecorded
            logger.error("a tunnel ends, because of %s", place_of(error))
            self.ended = self.ended or "the gateway failed"
        finally:
            self._is_checking = False
            self._hold_back(False)
