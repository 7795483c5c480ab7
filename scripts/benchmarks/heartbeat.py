"""The longest pause of a real gateway's event loop while bodies of 5 MB are sent, beside the same with bodies of 1 KB, and
beside mitmproxy alone with both: what it costs to carry them.

An addon behind the gateway's own beats every millisecond in the event loop, and writes each pause down.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tornado.simple_httpclient import SimpleAsyncHTTPClient

from scripts.benchmarks.masked_bodies import body
from scripts.story.process import ROOT, Child, free_port
from scripts.story.stage import SERVICE_CREDENTIAL, Stage

SECONDS = 8.0  # of each kind of load
CLIENTS = 2
NOTED_SECONDS, TOO_LONG_SECONDS = 0.003, 0.020  # of a pause
SIZES = {"1 KB": 1_000, "4.9 MB": 4_900_000}  # the gateway takes 5 MiB
_GATEWAY = ROOT / "addons" / "gateway.py"
_BEATING = """

import asyncio
import pathlib
import time


class _Heartbeat:
    def running(self):
        self._task = asyncio.get_running_loop().create_task(self._beat())

    async def _beat(self):
        with pathlib.Path({file!r}).open("w", buffering=1) as file:
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                if now - last > {noted}:
                    file.write(f"{{now - last}}\\n")
                last = now


addons = [*globals().get("addons", []), _Heartbeat()]
"""
_ACCESS = """\
rules:
  - name: everybody sends data
    allow: [read, data]
    who: { claims: [{ claim: sub, value: "ci-*" }] }
    connections: ["*"]
    subjects: ["*"]
"""


def run(directory: Path) -> Iterator[str]:
    longest: dict[str, dict[str, float]] = {}
    script, beats = _script(directory / "gateway", _GATEWAY.read_text())
    with Stage(directory / "stage", "store", mode="reverse:{service}", access=_ACCESS, script=script) as stage:
        token = stage.provider.sign({"sub": "ci-1", "user_login": "ana"}, 3600)
        credential = {"Countersign-Authorization": f"Bearer {token}"}
        yield from _loads("the gateway", stage.port, credential, beats, longest)
        script, beats = _script(directory / "plain", "")
        port, log = free_port(), directory / "plain.log"
        options = ["--listen-port", str(port), "--mode", f"reverse:{stage.service_url}"]
        options += ["--set", f"confdir={directory / 'confdir'}"]
        options += ["--set", f"ssl_verify_upstream_trusted_ca={stage.authority.certificate}"]
        mitmdump = Path(sys.executable).with_name("mitmdump")
        with Child([mitmdump, "-q", "-s", script, *options], log=log, directory=directory) as plain:
            plain.wait_for_port(port)
            credential = {"Authorization": f"Basic {base64.b64encode(SERVICE_CREDENTIAL.encode()).decode()}"}
            yield from _loads("mitmproxy alone", port, credential, beats, longest)
    yield json.dumps({"longest_pause_ms": longest})


def _script(folder: Path, gateway: str) -> tuple[Path, Path]:
    """What mitmdump loads (one script only), and where it notes the pauses."""
    folder.mkdir()
    (folder / "countersign").symlink_to(_GATEWAY.with_name("countersign"))  # what the script imports lies beside it
    beats, script = folder / "beats", folder / "gateway.py"
    script.write_text(gateway + _BEATING.format(file=str(beats), noted=NOTED_SECONDS))
    return script, beats


def _loads(
    name: str, port: int, credential: dict[str, str], beats: Path, longest: dict[str, dict[str, float]]
) -> Iterator[str]:
    for size, count in SIZES.items():
        raw = body(count, is_sensitive=True)
        asyncio.run(_send(port, credential, raw, 1.0))  # warms it up
        before = len(_read(beats))
        taken = asyncio.run(_send(port, credential, raw, SECONDS))
        pauses = _read(beats)[before:]
        most = max(pauses, default=0.0) * 1000
        longest.setdefault(name, {})[size] = round(most, 1)
        over = sum(pause > TOO_LONG_SECONDS for pause in pauses)
        yield (
            f"event loop of {name}, {taken} bodies of {size} in {SECONDS:.0f} s: longest pause {most:.1f} ms, "
            f"{over} above {TOO_LONG_SECONDS * 1000:.0f} ms"
        )


async def _send(port: int, credential: dict[str, str], raw: bytes, seconds: float) -> int:
    """How many bodies were taken."""
    client = SimpleAsyncHTTPClient(force_instance=True, max_clients=CLIENTS, max_body_size=4 * len(raw) + 10_000)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def one() -> int:
        sent = 0
        while loop.time() < end:
            url, headers = f"http://127.0.0.1:{port}/data/orders", {**credential, "Content-Type": "application/json"}
            answer = await client.fetch(url, method="POST", headers=headers, body=raw, request_timeout=60)
            sent += answer.code == 200
        return sent

    taken = sum(await asyncio.gather(*(one() for _ in range(CLIENTS))))
    client.close()
    return taken


def _read(beats: Path) -> list[float]:
    """Pauses in seconds, oldest first."""
    return [float(line) for line in beats.read_text().splitlines()]
