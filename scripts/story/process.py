"""Child programs: started with a log file, waited for with a bound, ended by their process id."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
"""The repository: where `python -m scripts.story...` works."""


class ChildFailed(Exception):
    """A child ended too early, or did not say in time what it was waited for. Holds the end of its log."""


class Child:
    """A running program. Use it as a context manager, or call `stop`: nothing else ends it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        """Start `command`; its output goes to `log`. `environment` is added to this process's own."""
        self.name = Path(command[0]).name
        self.log = log
        self._output = ""
        self._ended = False
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            cwd=directory,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """Everything it printed so far."""
        with self._news:
            return self._output

    def wait_for_line(self, pattern: str, *, seconds: float = 30) -> re.Match[str]:
        """Return the first match of `pattern` (line by line) in the output. Raises ChildFailed after `seconds`."""
        expression = re.compile(pattern, re.MULTILINE)
        with self._news:
            self._news.wait_for(lambda: expression.search(self._output) or self._ended, seconds)
            match = expression.search(self._output)
        if match is None:
            raise self._failure(f"did not print {pattern!r} within {seconds:g} s")
        return match

    def wait_for_port(self, port: int, *, host: str = "127.0.0.1", seconds: float = 30) -> None:
        """Return once somebody listens on `port`. Raises ChildFailed after `seconds`."""
        deadline = time.monotonic() + seconds
        while self.is_running:
            try:
                socket.create_connection((host, port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    break
                with self._news:  # sleeps, but wakes at each line and at the end
                    self._news.wait(0.05)
            else:
                return
        raise self._failure(f"does not listen on port {port} within {seconds:g} s")

    def wait(self, *, seconds: float = 30) -> int:
        """Return the exit code once it ended by itself. Raises ChildFailed after `seconds`."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._failure(f"did not end within {seconds:g} s") from None
        self._reader.join(5)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Deliver a signal, e.g. SIGKILL or SIGSTOP for a fault test."""
        self._process.send_signal(number)

    def stop(self, *, seconds: float = 10) -> int:
        """End it: SIGTERM, after `seconds` SIGKILL. Returns the exit code. Harmless when it has ended."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(seconds)
        self._reader.join(5)
        return self._process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self.log.open("ab", buffering=0) as log, self._process.stdout as stream:
            for line in stream:
                log.write(line)
                with self._news:
                    self._output += line.decode("utf-8", "replace")
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _failure(self, problem: str) -> ChildFailed:
        if self._ended:  # its output is closed; its exit code follows in a moment
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        code = self._process.poll()
        state = "is still running" if code is None else f"ended with exit code {code}"
        return ChildFailed(
            f"{self.name} (pid {self.pid}) {problem} and {state}; its output ends:\n{self.output[-2000:]}"
        )


def start_module(module: str, *arguments: str | Path, log: Path) -> Child:
    """Start `python -m module` of this repository with the Python that runs this."""
    return Child([sys.executable, "-m", module, *arguments], log=log, directory=ROOT)


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago, for programs that cannot choose one themselves."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
