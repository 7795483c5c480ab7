"""curl, as people run it: through the gateway's proxy, with a token."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.story.stage import Stage

PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Got:
    """What curl was answered."""

    version: str
    status: int
    headers: tuple[tuple[str, str], ...]  #: names in lower case
    body: bytes

    def header(self, name: str) -> str | None:
        """The one value of a header field; None: it is not there."""
        found = [value for key, value in self.headers if key == name.lower()]
        assert len(found) <= 1, found
        return found[0] if found else None

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of a refusal."""
        assert self.header("Content-Type") == "application/problem+json", (self.status, self.body[:300])
        return str(self.document["type"]).rpartition(":")[2]


def curl(stage: Stage, folder: Path, url: str, *options: str, token: str) -> Got:
    """Ask for `url`; files go to `folder`. Raises AssertionError where curl itself is not content."""
    head, body = folder / "head", folder / "body"
    body.write_bytes(b"")
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--suppress-connect-headers"]
    command += ["--proxy", f"http://127.0.0.1:{stage.port}", "--proxy-header", f"Proxy-Authorization: Bearer {token}"]
    command += ["--cacert", str(stage.gateway_ca), "--dump-header", str(head), "--output", str(body), *options, url]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ended = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    first, *lines = head.read_bytes().decode().strip().split("\r\n")
    version, status, *_ = first.split(" ")
    fields = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Got(version, int(status), fields, body.read_bytes())
