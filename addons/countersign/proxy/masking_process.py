"""A child process that masks what is large, so that neither the event loop nor its interpreter lock is held up by it.

A thread would not do: reading megabytes of JSON and searching them keep the interpreter lock for longer than a request
may be delayed. The child is `sys.executable -c ...` and not one of multiprocessing's: those import the main module again,
which is mitmdump. It imports from where this process does, gets the keys through its pipe alone, and ends when the pipe
does, however this process ends. One thread of this process talks to it, in blocking calls that a deadline bounds.

Does not mask anything itself: what the child does not answer in time, or at all, has to be kept as nothing readable.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from countersign import limits
from countersign.errors import CountersignError
from countersign.masking import (
    KnownSchema,
    MaskedAnswer,
    MaskedMessage,
    MaskedSchema,
    NotMaskable,
)
from countersign.proxy.masking_child import Method, Settings
from countersign.proxy.masking_pipe import Child
from countersign.strict_json import Json

logger = logging.getLogger(__name__)

_STOPS: Final = "the gateway stops"
_FAILED: Final = "masking failed on it"
_SOMETHING_ELSE: Final = "the child answers something else"


class NotMasked(CountersignError):
    """The child did not mask what it was given. Says why in words that hold nothing of it."""


class MaskingProcess:
    """One child, started again when it has died. To be asked from one event loop only.

    `size` is always what there is to mask, in bytes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "countersign-masking")
        self._waiting_messages = 0
        self._waiting_bytes = 0
        self._child: Child | None = None
        self._is_closed = False
        self._changing = threading.Lock()  # of the two above

    async def start(self) -> None:
        """Start the child, so that the first large message need not wait for it. Raises NotMasked."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._started)
        except RuntimeError:
            raise NotMasked(_STOPS) from None

    async def message(self, size: int, message: dict[str, Any], known: Sequence[KnownSchema]) -> MaskedMessage:
        """What `Masker.message` makes of `message`. Raises NotMasked."""
        length = len(message["body"] or b"")

        def read(masked: object) -> MaskedMessage:
            if isinstance(masked, MaskedMessage) and masked.body.length == length:
                return masked
            raise ValueError(_SOMETHING_ELSE)

        return await self._masked(size, "message", message, read, known)

    async def schemas(
        self, size: int, connection: str, documents: Sequence[tuple[str | None, Json]]
    ) -> tuple[MaskedSchema, ...]:
        """What `Masking.schemas` makes of `documents`. Raises NotMasked, NotMaskable."""

        def read(masked: object) -> tuple[MaskedSchema, ...]:
            found = tuple(each for each in _as_many(masked, documents) if isinstance(each, MaskedSchema))
            return _as_many(found, documents)

        return await self._masked(size, "schemas", {"connection": connection, "documents": tuple(documents)}, read)

    async def pointers(self, size: int, connection: str, documents: Sequence[Json]) -> frozenset[str]:
        """What `Masking.pointers` finds in `documents`. Raises NotMasked, NotMaskable."""

        def read(masked: object) -> frozenset[str]:
            if isinstance(masked, frozenset):
                return masked
            raise ValueError(_SOMETHING_ELSE)

        return await self._masked(size, "pointers", {"connection": connection, "documents": tuple(documents)}, read)

    async def words(self, size: int, values: Sequence[Json]) -> tuple[Json, ...]:
        """What `Masking.words` makes of `values`. Raises NotMasked."""
        return await self._masked(size, "words", {"values": tuple(values)}, lambda masked: _as_many(masked, values))

    async def view(self, size: int, answer: dict[str, Any], known: Sequence[KnownSchema]) -> MaskedAnswer:
        """What `Masking.view` makes of `answer`. Raises NotMasked, NotMaskable."""

        def read(masked: object) -> MaskedAnswer:
            if isinstance(masked, MaskedAnswer):
                return masked
            raise ValueError(_SOMETHING_ELSE)

        return await self._masked(size, "view", answer, read, known)

    async def _masked[T](
        self,
        size: int,
        method: Method,
        arguments: dict[str, Any],
        read: Callable[[object], T],
        known: Sequence[KnownSchema] = (),
    ) -> T:
        """`read` raises ValueError on what is no answer to that; the child is replaced then."""
        if (
            self._waiting_messages >= limits.MAX_QUEUED_MASKING
            or self._waiting_bytes + size > limits.MAX_QUEUED_MASKING_BYTES
        ):
            raise NotMasked("too much waited to be masked")
        self._waiting_messages += 1
        self._waiting_bytes += size
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._mask, method, arguments, read, tuple(known))
        except RuntimeError:
            raise NotMasked(_STOPS) from None
        finally:
            self._waiting_messages -= 1
            self._waiting_bytes -= size

    def renew(self, settings: Settings) -> None:
        """From the next message on mask as `settings` say."""
        self._thread.submit(self._renewed, settings)

    def close(self) -> None:
        """End the child, whatever it does: it has nothing to lose. What still waits for it is not masked."""
        with self._changing:
            self._is_closed = True
            if self._child is not None:
                self._child.kill()
        self._thread.shutdown()
        self._drop()

    @property
    def is_closed(self) -> bool:
        """Whether nothing is masked any more."""
        return self._is_closed

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        return None if self._child is None else self._child.pid

    # -- on its thread ------------------------------------------------------------------------------------------------

    def _mask[T](
        self, method: Method, arguments: dict[str, Any], read: Callable[[object], T], known: tuple[KnownSchema, ...]
    ) -> T:
        return self._replaced_if_failing(lambda: read(self._running().mask(method, arguments, known)))

    def _started(self) -> None:
        self._replaced_if_failing(self._running)

    def _replaced_if_failing[T](self, step: Callable[[], T]) -> T:
        """What `step` gives. Raises NotMasked where the child does not do it: the next message meets a new one;
        NotMaskable where it says that it cannot be done."""
        try:
            return step()
        except (NotMasked, NotMaskable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the child did
            self._drop()
            why = "masking took too long" if isinstance(error, TimeoutError) else _FAILED
            if not self._is_closed:
                logger.warning("the masking process is replaced: %s (%s)", why, type(error).__name__)
        raise NotMasked(why)

    def _running(self) -> Child:
        with self._changing:
            if self._is_closed:
                raise NotMasked(_STOPS)
            if self._child is None:
                self._child = Child()
            child = self._child
        if not child.is_ready:
            child.make_ready(self._settings)
        return child

    def _drop(self) -> None:
        with self._changing:
            if self._child is not None:
                self._child.discard()
                self._child = None

    def _renewed(self, settings: Settings) -> None:
        self._settings = settings
        self._drop()


def _as_many(masked: Any, of: Sequence[object]) -> tuple[Any, ...]:
    if isinstance(masked, tuple) and len(masked) == len(of):
        return masked
    raise ValueError(_SOMETHING_ELSE)
