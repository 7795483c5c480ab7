"""nanoidp, a real OpenID provider, as a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS = 30
END_SECONDS = 10


@dataclass(frozen=True)
class NanoIdp:
    """The real provider, with its default client and people."""

    url: str
    audience: str = "my-app"

    def client_token(self) -> str:
        """Client credentials grant (RFC 6749, 4.4)."""
        basic = b64encode(b"demo-client:demo-secret").decode()
        answer = self._post("/token", {"grant_type": "client_credentials"}, {"Authorization": f"Basic {basic}"})
        return str(answer["access_token"])

    def person_token(self, name: str) -> str:
        return str(self._post(f"/api/users/{name}/token", {}, {})["access_token"])

    def rotate_keys(self) -> str:
        """A new key signs from now on; its name."""
        return str(self._post("/api/keys/rotate", {}, {})["new_kid"])

    def _post(self, path: str, form: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(self.url + path, urllib.parse.urlencode(form).encode(), headers)
        with urllib.request.urlopen(request, timeout=END_SECONDS) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found


@contextmanager
def running(folder: Path) -> Iterator[NanoIdp]:
    """nanoidp on a free port of 127.0.0.1, its files in `folder`; ended by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    config = folder / "nanoidp"
    subprocess.run([sys.executable, "-m", "nanoidp", "init", str(config)], check=True, capture_output=True, timeout=30)
    settings = config / "settings.yaml"
    settings.write_text(settings.read_text().replace("http://localhost:8000", url))
    command = [sys.executable, "-m", "nanoidp", "--host", "127.0.0.1", "--port", str(port), "--config", str(config)]
    with (folder / "nanoidp.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        _wait_until_ready(port, process, folder / "nanoidp.log")
        yield NanoIdp(url)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_SECONDS)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nanoidp did not start: {log.read_text(errors='replace')[-2000:]}")
