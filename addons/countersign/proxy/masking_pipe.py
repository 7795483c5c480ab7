"""The parent's end of the two pipes to a masking child: one question at a time, each answered by a deadline.

What goes through passes in many short steps (see `InSteps`), since documents are made and taken apart here too. Does not start
a child again that has failed, nor decide what is kept then.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import select
import subprocess
import sys
import time
from typing import Any, Final

from countersign import limits
from countersign.masking import KnownSchema, MaskedAnswer, MaskedBody, MaskedMessage, MaskedSchema, NotMaskable
from countersign.proxy.masking_child import HEAD, READY, Method, Settings, Work

_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);from countersign.proxy.masking_child import main; main()"
)
_PIECE_BYTES = 1024 * 1024
_OURS: Final = frozenset(
    (made.__module__, made.__name__) for made in (MaskedMessage, MaskedBody, MaskedSchema, MaskedAnswer)
)


class Child:
    """One child that runs. Raises TimeoutError, OSError, EOFError and ValueError where the child does not answer as it should."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own code
            [sys.executable, "-P", "-c", _START, json.dumps([path for path in sys.path if path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        self._deadline = 0.0
        self._number = 0
        self._sent: set[str] = set()  # keys of the schemas that it has
        self.is_ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def make_ready(self, settings: Settings) -> None:
        self._deadline = time.monotonic() + limits.MASKING_START_SECONDS
        self._send(settings)
        if self._receive() != READY:
            raise ValueError("the child speaks another language")
        self.is_ready = True

    def mask(self, method: Method, arguments: dict[str, Any], known: tuple[KnownSchema, ...]) -> object:
        """What `method` of `Masking` gives, or what a child that was taken over says. Raises NotMaskable."""
        self._deadline = time.monotonic() + limits.MASKING_SECONDS
        self._number += 1
        new = {schema.key for schema in known} - self._sent
        if forget := len(self._sent) + len(new) > limits.MAX_SCHEMAS_OF_MASKING:
            self._sent.clear()
        named = tuple(schema.key if schema.key in self._sent else schema for schema in known)
        self._sent |= {schema.key for schema in known}
        self._send(Work(self._number, method, arguments, named, forget))
        match self._receive():
            case (self._number, masked, None):
                return masked
            case (self._number, None, str(why)) if len(why) <= limits.MAX_WHY_NOT_CHARACTERS:
                raise NotMaskable(why)
        raise ValueError("the child answers something else")

    def kill(self) -> None:
        """From any thread: the one that talks to it then sees the end of its answers."""
        self._process.kill()

    def discard(self) -> None:
        """When nobody talks to it any more."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, value: object) -> None:
        parts = InSteps()
        pickle.Pickler(parts, pickle.HIGHEST_PROTOCOL).dump(value)
        data = parts.getvalue()
        for part in (HEAD.pack(len(data)), data):
            rest = memoryview(part)
            while rest:
                self._wait(self._requests, select.POLLOUT)
                rest = rest[os.write(self._requests, rest[:_PIECE_BYTES]) :]

    def _receive(self) -> object:
        (length,) = HEAD.unpack(self._read(HEAD.size))
        if length > limits.MAX_MASKED_ANSWER_BYTES:
            raise ValueError("the child answers too much")
        return _OurValues(InSteps(self._read(length))).load()

    def _read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            self._wait(self._answers, select.POLLIN)
            piece = os.read(self._answers, min(length - len(data), _PIECE_BYTES))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def _wait(self, pipe: int, event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        remaining = self._deadline - time.monotonic()
        if remaining <= 0 or not poll.poll(remaining * 1000):
            raise TimeoutError


class InSteps(io.BytesIO):
    """Where a pickle is, so that other threads run between its frames of some 64 KiB: the C code asks for each one here."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        return super().readinto(buffer)

    def write(self, data: Any, /) -> int:
        return super().write(data)


class _OurValues(pickle.Unpickler):
    """Makes values of masking and nothing else, so that an answer is data even where the child was taken over."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _OURS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError("not one of our values")
