"""The real mitmdump: what it refuses to start with, and that it says why."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countersign.proxy import options
from scripts.story.process import ROOT, Child, free_port
from scripts.story.rules import Service, write_rules

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
