"""The real mitmdump while it runs: where it listens, what it does not pass, and what ends it."""

from __future__ import annotations

import http.client
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scripts.story.process import ROOT
from scripts.story.stage import Stage
from tests.end_to_end.records import markers, read
from tests.end_to_end.wire import Wire, bearer

GATEWAY = ROOT / "addons" / "gateway.py"
READ = "/schemas/orders-value"
#: What mitmproxy ships them as cannot be told from what somebody asked for: these are set right, whatever is asked for.
SET_RIGHT = ("rawtcp=true", "websocket=true", "connection_strategy=eager", "upstream_cert=true")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A whole stage whose gateway runs from a copy of gateway.py, and was asked for what it must not do."""
    folder = tmp_path_factory.mktemp("startup")
    script = folder / "gateway.py"
    shutil.copy(GATEWAY, script)
    (folder / "countersign").symlink_to(GATEWAY.with_name("countersign"))  # what the script imports lies beside it
    with Stage(
        folder / "stage", "store", script=script, options=[part for option in SET_RIGHT for part in ("--set", option)]
    ) as made:
        made.ask_service("PUT", READ, b'{"type": "object"}')
        yield made


def listening(port: int) -> set[str]:
    """The local addresses on which somebody listens on `port`, as Linux has them."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(address)
    return found


def test_it_listens_on_loopback_alone(stage: Stage) -> None:
    """Proxy and console are bound to 127.0.0.1 and nothing else, although mitmdump's own default is every address."""
    for port in (stage.port, int(stage.console_url.rpartition(":")[2])):
        assert listening(port) == {"0100007F"}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_bytes_that_are_not_http_go_nowhere(stage: Stage) -> None:
    """Asked for raw TCP and eager connections, it does neither: the service is not contacted. HTTP in the same tunnel is."""
    host = f"localhost:{stage.service.port}"

    def contacts() -> int:
        return stage.gateway.output.count(f"server connect {host}")

    before = contacts()
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        wire.write(b"\x00\x01\x02 this is no HTTP \xff\r\n\r\n")
        assert wire.read_reply().status == 400
        assert wire.is_ended()
    assert contacts() == before
    assert ask(stage, "http", stage.pipeline_token()) == 200
    assert contacts() == before + 1


def ask(stage: Stage, marker: str, token: str | None) -> int:
    """The status of one marked read, whatever stage of its life the gateway is in; 0: none."""
    host = f"localhost:{stage.service.port}"
    with suppress(OSError, http.client.HTTPException), Wire(stage.port) as wire:
        reply = wire.connect(host, *([bearer(token)] if token else []))
        if reply.status == 200:
            wire.start_tls(stage.gateway_ca)
            reply = wire.send("GET", READ, [("Host", host), ("X-Marker", marker)])
        return reply.status
    return 0


def touch(script: Path) -> None:
    script.write_text(GATEWAY.read_text() + "\n# edited\n")


def break_it(script: Path) -> None:
    script.write_text("this is no Python\n")


def empty(script: Path) -> None:
    script.write_text("addons = []\n")


def delete(script: Path) -> None:
    script.unlink()


@pytest.mark.parametrize("harm", [touch, break_it, empty, delete])
def test_losing_the_addons_ends_the_process(stage: Stage, harm: Callable[[Path], None]) -> None:
    """A changed, broken, emptied or deleted script leaves no proxy without a gate: nothing passes unseen until the end."""
    script = stage.directory.parent / "gateway.py"
    if not stage.gateway.is_running:
        shutil.copy(GATEWAY, script)
        stage.start_gateway()
    name, token = harm.__name__, stage.pipeline_token()
    assert ask(stage, f"{name}-twin", token) == 200
    assert ask(stage, f"{name}-stranger-twin", None) == 407
    statuses: dict[bool, list[int]] = {True: [], False: []}

    def keep_asking(knows: bool) -> None:
        while stage.gateway.is_running:
            marker = f"{name}-{'known' if knows else 'stranger'}-{len(statuses[knows])}"
            statuses[knows].append(ask(stage, marker, token if knows else None))

    threads = [threading.Thread(target=keep_asking, args=(knows,)) for knows in (True, False)]
    for thread in threads:
        thread.start()
    harm(script)
    stage.gateway.wait(seconds=30)
    for thread in threads:
        thread.join(30)
    assert 200 not in statuses[False]
    seen = {seen.header("X-Marker") or "" for seen in stage.service.seen}
    mine = {marker for marker in seen if marker.startswith(f"{name}-")}
    assert f"{name}-twin" in mine
    assert not any("stranger" in marker for marker in mine)
    kept = {marker for _, marker in markers([record for record in read(stage) if record.type == "intent"])}
    assert mine <= kept
