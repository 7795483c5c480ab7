"""The control socket of a running gateway: commands of operators on the same machine, as lines of JSON.

One command for each connection: a line that asks, then lines that answer, the last of them `done` or `refused`. The kernel
says who connects (SO_PEERCRED): only the gateway's own user and root are heard. Does not tell people apart who share an
account, nor what ran as it; who can write the state directory needs no socket.
"""

from __future__ import annotations

import logging
import os
import socket
import stat
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

from countersign import limits, strict_json
from countersign.errors import CountersignError, EvidenceUnavailable
from countersign.evidence.control import Perform, Refused, os_user
from countersign.strict_json import Json

CONTROL_NAME = "control"  # beside the database

_LOG = logging.getLogger(__name__)
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class ControlSocket:
    """Serves `perform` on threads of its own. No fault of it reaches the gateway: it serves without, and says so."""

    def __init__(self, path: Path, perform: Perform) -> None:
        """Whoever makes one holds the lock of the log, so that a socket that is there is a dead process's."""
        self._path = path
        self._perform = perform
        self._owner = os.geteuid()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, name="countersign-control", daemon=True)
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()

    def start(self) -> None:
        """Listen; what speaks against it is told in the program's log."""
        try:
            self._listener = _listen(self._path)
        except OSError as error:
            # no error: mitmdump would end for one that is logged while it starts
            _LOG.warning("%s: the gateway takes no commands while it runs: %s", self._path, error)
            return
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Take no more commands; what is being done ends after its present step."""
        self._stopping.set()
        if self._listener is None:
            return
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        with suppress(OSError):
            self._path.unlink()
        deadline = time.monotonic() + timeout_seconds
        with self._guard:
            clients = dict(self._clients)
        for client in clients.values():
            with suppress(OSError):
                client.shutdown(socket.SHUT_RD)  # one that asks nothing; answers still go out
        for thread in (self._thread, *clients):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        assert self._listener is not None
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError as error:  # too many open files, if it is not the end
                if not self._stopping.wait(limits.CONTROL_REQUEST_SECONDS):
                    _LOG.error("%s: no command can be taken: %s", self._path, error)
                continue
            client.settimeout(limits.CONTROL_REQUEST_SECONDS)
            if not self._begin(client):
                with client, suppress(OSError):
                    _send(client, {"refused": "too many commands at once; try again"})

    def _begin(self, client: socket.socket) -> bool:
        """Whether there is room for one more."""
        thread = threading.Thread(target=self._serve, args=(client,), name="countersign-command", daemon=True)
        with self._guard:
            if len(self._clients) >= limits.MAX_CONTROL_CLIENTS or self._stopping.is_set():
                return False
            try:
                thread.start()
            except RuntimeError:  # the system gives no more threads
                return False
            self._clients[thread] = client
        return True

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, suppress(OSError):  # it has gone
                _send(client, self._answer(client))
        finally:
            with self._guard:
                del self._clients[threading.current_thread()]

    def _answer(self, client: socket.socket) -> dict[str, Json]:
        """Raises OSError where nothing is asked."""

        def tell(erased: int) -> None:
            if self._stopping.is_set():
                raise EvidenceUnavailable("the gateway stops; what was erased so far is recorded")
            _send(client, {"erased": erased})

        try:
            actor = self._peer(client)
            asked = strict_json.loads(_line(client))
        except CountersignError as error:
            return {"refused": str(error)}
        try:
            done = self._perform(asked, actor, tell)
        except CountersignError as error:
            _LOG.warning("%s was refused a command: %s", actor, error)
            return {"refused": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway goes on
            _LOG.error("a command of %s failed: %s", actor, type(error).__name__)
            return {"refused": "the command failed; the gateway's log says more"}
        _LOG.info("%s commanded, and it was done: %s", actor, done)
        return {"done": done}

    def _peer(self, client: socket.socket) -> str:
        """Who connected. Raises Refused for anybody but the gateway's own user and root."""
        _, uid, _ = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        if uid not in (0, self._owner):
            raise Refused(f"only {os_user(self._owner)} and root may command this gateway")
        return os_user(uid)


def _listen(path: Path) -> socket.socket:
    """Raises OSError, with what to change."""
    if len(os.fsencode(path)) > limits.MAX_SOCKET_PATH_BYTES:
        raise OSError(
            f"its path is longer than the {limits.MAX_SOCKET_PATH_BYTES} bytes that a Unix socket may have; choose a "
            "shorter state directory"
        )
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError("something else has this name; move it away")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
        listener.listen(limits.MAX_CONTROL_CLIENTS)
    except BaseException:
        listener.close()
        raise
    return listener


def _line(client: socket.socket) -> bytes:
    """The first line. Raises Refused, OSError. Bounded in bytes and in time, also against one byte at a time."""
    deadline = time.monotonic() + limits.CONTROL_REQUEST_SECONDS
    found = b""
    while not found.endswith(b"\n"):
        client.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            more = client.recv(limits.MAX_CONTROL_REQUEST_BYTES)
        except TimeoutError:
            raise Refused(f"no whole command came within {limits.CONTROL_REQUEST_SECONDS} seconds") from None
        finally:
            client.settimeout(limits.CONTROL_REQUEST_SECONDS)
        if not more:
            raise ConnectionError("it ended before its command did")
        found += more
        if len(found) > limits.MAX_CONTROL_REQUEST_BYTES:
            raise Refused(f"a command has at most {limits.MAX_CONTROL_REQUEST_BYTES} bytes; give a shorter reason")
    return found


def _send(client: socket.socket, line: dict[str, Json]) -> None:
    client.sendall(strict_json.dumps(line) + b"\n")
