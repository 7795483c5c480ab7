"""The real mitmdump: what it refuses to start with, what ends it, and where it listens."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from countersign.proxy import options
from scripts.story.process import ROOT, Child, free_port
from scripts.story.rules import Service, write_rules
from scripts.story.stage import Stage
from tests.end_to_end.records import markers, read
from tests.end_to_end.wire import Wire, bearer

GATEWAY = ROOT / "addons" / "gateway.py"
READ = "/schemas/orders-value"
#: A value that each option of mitmproxy that must stay as it is could be given.
UNSAFE = {
    "stream_large_bodies": "1m",
    "store_streamed_bodies": "true",
    "ssl_insecure": "true",
    "ignore_hosts": "example",
    "tcp_hosts": "example",
    "map_remote": "|//a|//b",
    "modify_body": "/~q/a/b",
    "modify_headers": "/~q/a/b",
    "stickyauth": "true",
    "stickycookie": "true",
    "anticache": "true",
    "anticomp": "true",
    "block_list": "/~d example/444",
    "proxyauth": "any",
    "upstream_auth": "a:b",
    "hardump": "out.har",
    "keep_host_header": "true",
    "connect_addr": "127.0.0.1",
    "proxy_debug": "true",
    "body_size_limit": "1g",
    "validate_inbound_headers": "false",
    "normalize_outbound_headers": "false",
    "flow_detail": "3",
}
#: What mitmproxy ships them as cannot be told from what somebody asked for: these are set right, whatever is asked for.
SET_RIGHT = {"rawtcp": "true", "websocket": "true", "connection_strategy": "eager", "upstream_cert": "true"}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Good rules; nothing is contacted in these tests."""
    folder, credential = tmp_path / "rules", tmp_path / "credential"
    credential.write_text("x")
    service = Service("orders", "https://localhost:1", "rest", credential)
    write_rules(folder, issuer="http://127.0.0.1:1", services=[service])
    return folder


@pytest.fixture
def start(tmp_path: Path, rules: Path) -> Iterator[Callable[..., Child]]:
    """Starts a program of mitmproxy with the gateway on those rules, and with more options."""
    children = []

    def run(
        *more: str, program: str = "mitmdump", state: Path = tmp_path / "state", console: str = "127.0.0.1"
    ) -> Child:
        settings = {
            "confdir": tmp_path / "mitmproxy",
            "countersign_rules": rules,
            "countersign_state": state,
            "countersign_console_port": 0,
            "countersign_console_host": console,
        }
        command: list[str | Path] = [Path(sys.executable).with_name(program), "-s", GATEWAY]
        command += ["--listen-port", str(free_port())]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        children.append(Child([*command, *more], log=tmp_path / "gateway.log", directory=tmp_path))
        return children[-1]

    yield run
    for child in children:
        child.stop()


def options_of(**values: str) -> list[str]:
    return [part for name, value in values.items() for part in ("--set", f"{name}={value}")]


def test_it_starts_where_nothing_is_wrong(start: Callable[..., Child], tmp_path: Path) -> None:
    """The twin of every refusal below: the same command without the one thing that is refused."""
    child = start()
    child.wait_for_line(r"approvers log in at http://127\.0\.0\.1:\d+")
    assert child.is_running
    assert (tmp_path / "state" / "evidence" / "evidence.db").exists()


def test_bad_rules_are_told_with_file_line_and_remedy(start: Callable[..., Child], rules: Path) -> None:
    """The process ends with an error that says where the mistake is and what is right there."""
    access = rules / "access.yaml"
    lines = access.read_text().splitlines()
    line = next(number for number, text in enumerate(lines) if "subjects:" in text)
    lines[line] = lines[line].replace("subjects:", "subject:")
    access.write_text("\n".join(lines))
    child = start()
    assert child.wait() != 0
    assert f"access.yaml:{line + 1}" in child.output
    assert "did you mean 'subjects'" in child.output
    assert "approvers log in" not in child.output


def test_no_rules_at_all_are_told(start: Callable[..., Child], rules: Path) -> None:
    """An empty folder is not `everything is allowed`."""
    shutil.rmtree(rules)
    child = start()
    assert child.wait() != 0
    assert "the rules cannot be used" in child.output


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (options_of(countersing_state="x"), "there is no option countersing_state; did you mean countersign_state?"),
        (options_of(body_size_limit="1g"), "body_size_limit must stay '5242880'"),
        (options_of(stream_large_bodies="1m"), "stream_large_bodies must not be set"),
        (options_of(map_remote="|//a|//b"), "map_remote must not be set"),
        (["-w", "flows.mitm"], "save_stream_file must not be set"),
        (["-r", os.devnull], "rfile must not be set"),
        (["-s", "another.py"], "give one -s only"),
        (["--listen-host", "0.0.0.0"], "needs a certificate"),
        (["--mode", "socks5"], "mode socks5 is not looked at"),
        (["--mode", "transparent"], "mode transparent is not looked at"),
    ],
    ids=["misspelt", "body size", "streaming", "map_remote", "-w", "-r", "second -s", "every address", "socks5", "transparent"],
)  # fmt: skip
def test_an_unsafe_command_line_is_refused(
    start: Callable[..., Child], tmp_path: Path, more: list[str], told: str
) -> None:
    """The process ends with an error that names the option and the reason."""
    (tmp_path / "another.py").write_text("addons = []\n")
    child = start(*more)
    assert child.wait() != 0
    assert told in child.output
    assert "approvers log in" not in child.output


def test_every_unsafe_option_is_named(start: Callable[..., Child]) -> None:
    """All that is wrong is told at once, each option by its name."""
    child = start(*options_of(**UNSAFE))
    assert child.wait() != 0
    assert {name for name in UNSAFE if f"  {name} must " not in child.output} == set()
    assert UNSAFE.keys() <= options.FIXED.keys() | options.UNTOUCHED.keys()


def test_the_console_stays_on_loopback_without_tls(start: Callable[..., Child]) -> None:
    """Approvers' tokens do not cross a network in the clear."""
    child = start(console="0.0.0.0")
    assert child.wait() != 0
    assert "console" in child.output
    assert "loopback" in child.output or "certificate" in child.output


def test_a_state_folder_has_one_gateway(start: Callable[..., Child], tmp_path: Path) -> None:
    """A second gateway on the same evidence ends with an error; the first goes on."""
    first = start()
    first.wait_for_line("approvers log in at")
    second = start()
    assert second.wait() != 0
    assert "countersign cannot start" in second.output
    assert str(tmp_path / "state") in second.output
    assert first.is_running
    third = start(state=tmp_path / "another-state")
    third.wait_for_line("approvers log in at")


def test_mitmweb_is_refused(start: Callable[..., Child]) -> None:
    """It says why, and what to run instead; no gateway and no proxy is left running."""
    child = start("--no-web-open-browser", "--web-port", str(free_port()), program="mitmweb")
    assert child.wait() != 0
    assert "countersign runs in mitmdump only" in child.output
    assert "approvers log in" not in child.output


# -- while it runs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A whole stage whose gateway runs from a copy of gateway.py, and was asked for what it must not do."""
    folder = tmp_path_factory.mktemp("startup")
    script = folder / "gateway.py"
    shutil.copy(GATEWAY, script)
    (folder / "countersign").symlink_to(GATEWAY.with_name("countersign"))  # what the script imports lies beside it
    with Stage(folder / "stage", "store", script=script, options=options_of(**SET_RIGHT)) as made:
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
