"""`countersign witness` beside the gateways of a test, on a port that stays the same while it is stopped and started."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.story.process import Child, free_port
from scripts.story.stage import Stage

_COUNTERSIGN = Path(sys.executable).with_name("countersign")


class Watcher:
    """A witness of one log. Use it as a context manager; it begins out of reach."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._state = directory / "state"
        self._port = free_port()
        self._child: Child | None = None
        directory.mkdir()
        made = self._run("--name", f"{name}.invalid/1", "--show-vkey")
        assert made.wait() == 0, made.output
        self.vkey = made.output.strip()

    def rules(self, *more: str) -> str:
        """evidence.yaml of the gateway that it watches."""
        lines = [
            "compliance: true",
            "anchors:",
            "  witnesses:",
            f"    - {{url: 'http://127.0.0.1:{self._port}', vkey: {self.vkey}}}",
            *(f"  {line}" for line in more),
        ]
        return "\n".join([*lines, ""])

    def start(self, stage: Stage) -> None:
        """Serve for the log of a stage; returns once it does."""
        self._child = self._run("--log", stage.state / "keys" / "log.vkey", "--listen", f"127.0.0.1:{self._port}")
        self._child.wait_for_line("^url: ")

    def stop(self) -> None:
        """Harmless when it is stopped."""
        child, self._child = self._child, None
        if child is not None:
            assert child.stop() == 0, child.output

    def _run(self, *arguments: str | Path) -> Child:
        log = self._directory / "witness.log"
        return Child([_COUNTERSIGN, "witness", "--state", self._state, *arguments], log=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def anchor(stage: Stage, watcher: Watcher, *more: str) -> None:
    """Start the stage's gateway anew, with this witness of its log, which need not answer yet."""
    stage.gateway.stop()
    (stage.rules / "evidence.yaml").write_text(watcher.rules(*more))
    stage.start_gateway()
