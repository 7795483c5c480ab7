"""A schema service that runs as a process of its own: started, looked at, made to fail, ended."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from scripts.story.certificates import ServerCertificate
from scripts.story.process import Child, ChildFailed, start_module
from scripts.story.service import Fault, Seen, read_seen


class RunningService:
    """`registry` or `store` as a child process. Use it as a context manager, or call `stop`."""

    def __init__(
        self,
        kind: Literal["registry", "store"],
        directory: Path,
        *,
        credential: str,
        certificate: ServerCertificate | None = None,
        port: int = 0,
    ) -> None:
        """Start it with its files in `directory`; returns once it listens. `credential` is `user:password`."""
        directory.mkdir(parents=True, exist_ok=True)
        credential_file = directory / "credential"
        credential_file.touch(mode=0o600)
        credential_file.write_text(credential)
        self._seen_file = directory / "seen.jsonl"
        self._faults_file = directory / "faults.json"
        options: list[str | Path] = ["--port", str(port), "--credential-file", credential_file]
        options += ["--seen-file", self._seen_file, "--faults-file", self._faults_file]
        if certificate is not None:
            options += ["--cert", certificate.certificate, "--key", certificate.key]
        self.child: Child = start_module(f"scripts.story.{kind}", *options, log=directory / f"{kind}.log")
        try:
            self.port = int(self.child.wait_for_line(r"^ready (\d+)$")[1])
        except ChildFailed:
            self.stop()
            raise

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every request that reached it, in order."""
        return read_seen(self._seen_file)

    def fail(self, fault: Fault) -> None:
        """From the next request on, do `fault`; `Fault()` ends it."""
        draft = self._faults_file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(fault)))
        draft.replace(self._faults_file)  # the service never reads half of it

    def stop(self) -> None:
        """End it; what it kept is gone, what it saw can still be read."""
        self.child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
