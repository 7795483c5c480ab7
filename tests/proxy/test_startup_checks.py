"""Starts only what is safe; and without its addons the process ends."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.options import Options
from mitmproxy.proxy.mode_servers import ServerInstance
from mitmproxy.tools.web.master import WebMaster

from countersign.errors import CountersignError
from countersign.evidence import LogInUse
from countersign.proxy import options
from countersign.proxy.runtime import Runtime
from countersign.proxy.startup_checks import StartupChecks, misspelt_options, unsafe_options
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, write_rules
from tests.proxy.stage import Gateway, StartFailed, running_gateway, until
from tests.proxy.upstream import SchemaService

type Start = tuple[Path, KeyServer, SchemaService]


@pytest.fixture
def start(folder: Path, provider: KeyServer, service: SchemaService) -> Start:
    """What a gateway needs to start."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url)
    return folder, provider, service


# -- starting ---------------------------------------------------------------------------------------------------------


async def test_a_safe_gateway_starts_and_says_which_rules_are_in_force(start: Start) -> None:
    """It listens on loopback only, and its first own record names the rules' digest and no insecure switch."""
    async with running_gateway(*start, listen_host="") as gateway:
        assert gateway.master.options.listen_host == "127.0.0.1"
        assert [address[0] for address in gateway.master.addons.get("proxyserver").listen_addrs()] == ["127.0.0.1"]
        (record,) = gateway.records("rules")
        assert record.fields["digest"] == gateway.parts.rules.digest
        assert record.fields["unsafe"] == []


async def test_an_insecure_switch_is_logged_and_recorded(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Listening elsewhere without TLS needs a switch whose name says what it is."""
    caplog.set_level("WARNING")
    async with running_gateway(*start, listen_host="0.0.0.0", unsafe_plain_credentials=True) as gateway:
        assert gateway.records("rules")[0].fields["unsafe"] == ["unsafe_plain_credentials"]
    assert "unsafe_plain_credentials is on" in caplog.text


_REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "a misspelt option": ({"countersign_ruels": "x"}, "no option countersign_ruels; did you mean countersign_rules"),
    "a misspelt switch": ({"unsafe_plain_credential": True}, "did you mean unsafe_plain_credentials"),
    "every address without TLS": ({"listen_host": "0.0.0.0"}, "listening on 0.0.0.0 needs a certificate"),
    "another address without TLS": ({"mode": ["regular@192.0.2.1:0"]}, "listening on 192.0.2.1 needs a certificate"),
    "SOCKS": ({"mode": ["socks5"]}, "mode socks5 is not looked at"),
    "another proxy above": ({"mode": ["upstream:http://127.0.0.1:1"]}, "mode upstream is not looked at"),
    "raw TCP": ({"mode": ["reverse:tcp://127.0.0.1:1"]}, "only http and https services"),
    "streamed bodies": ({"stream_large_bodies": "1m"}, "stream_large_bodies must not be set"),
    "certificates unchecked": ({"ssl_insecure": True}, "ssl_insecure must not be set"),
    "mapped bodies": ({"modify_body": ["/a/b"]}, "modify_body must not be set"),
    "no rules": ({"countersign_rules": "/nonexistent/rules"}, "there is no such rules directory"),
    "an origin that is none": ({"countersign_origin": "two words"}, "countersign cannot start"),
    "a console for everybody": ({"countersign_console_host": "0.0.0.0"}, "loopback only"),
    "a console with half of TLS": ({"countersign_console_certificate": "/x.pem"}, "both a TLS certificate and its key"),
}


@pytest.mark.parametrize("name", _REFUSED)
async def test_what_is_not_safe_does_not_start(name: str, start: Start) -> None:
    """An error that names the option and the remedy is logged, which makes mitmdump exit with 1."""
    changes, text = _REFUSED[name]
    with pytest.raises(StartFailed, match=text):
        async with running_gateway(*start, **changes):
            pass
    async with running_gateway(*start):
        pass  # the twin: nothing is left over that keeps the safe one from starting


async def test_a_second_script_does_not_start(start: Start, tmp_path: Path) -> None:
    """An exception in the other one would skip the gate."""
    script = tmp_path / "other.py"
    script.write_text("addons = []\n")
    gateway = str(Path(__file__).parents[2] / "addons" / "gateway.py")
    with pytest.raises(StartFailed, match="give one -s only"):
        async with running_gateway(*start, scripts=[str(script), gateway]):
            pass


async def test_a_bad_rule_is_named_with_file_and_line(start: Start) -> None:
    """What is wrong with the rules is said at start, not at the first request."""
    path = start[0] / "rules" / "access.yaml"
    document = json.loads(path.read_text())
    document["rules"][0]["allow"] = ["reed"]
    path.write_text(json.dumps(document, indent=1))
    with pytest.raises(StartFailed, match=r"access\.yaml:\d+: "):
        async with running_gateway(*start):
            pass


async def test_a_masking_rule_that_masks_nothing_in_its_own_example_does_not_start(start: Start) -> None:
    """A path with a typing error would otherwise let through what it is there for; found before anything passes."""
    example = {"customer": {"iban": "x"}}
    rule = {"name": "accounts", "paths": ["$.custmer.iban"], "how": "redact", "examples": [example]}
    edit_rules(start[0] / "rules", "masking.yaml", lambda document: document["rules"].append(rule))
    with pytest.raises(StartFailed, match=r"masking\.yaml:\d+: the rule 'accounts' masks nothing in its example 1"):
        async with running_gateway(*start):
            pass
    edit_rules(start[0] / "rules", "masking.yaml", lambda document: document["rules"][-1].update(paths=["$..iban"]))
    async with running_gateway(*start):
        pass


async def test_a_target_of_news_without_its_key_does_not_start(start: Start) -> None:
    """Found with file and line while somebody is looking, not with the first approval; nobody need answer there yet."""
    path, key = start[0] / "rules" / "approval.yaml", start[0] / "hook-key"
    document = json.loads(path.read_text())
    document["notify"] = [{"name": "hook", "webhook": "http://127.0.0.1:9/x", "key": {"from_file": str(key)}}]
    path.write_text(json.dumps(document, indent=1))
    with pytest.raises(StartFailed, match=r"approval\.yaml:\d+: the webhook 'hook': .* cannot be read"):
        async with running_gateway(*start):
            pass
    key.write_text("a key of 24 bytes or more")
    async with running_gateway(*start):
        pass


async def test_a_port_that_is_taken_does_not_start(start: Start) -> None:
    """Approvers would otherwise log in to somebody else's page; the evidence is given back for the next try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"the console cannot listen on 127.0.0.1:{port}"):
            async with running_gateway(*start, countersign_console_port=port):
                pass
    async with running_gateway(*start) as gateway:
        assert gateway.records("rules")


async def test_a_listener_that_cannot_be_moved_ends_the_start(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """mitmdump listens on every address before it has read the script; that must be mended before anything passes."""
    stop = ServerInstance.stop

    async def fails(instance: ServerInstance[Any]) -> None:
        monkeypatch.setattr(ServerInstance, "stop", stop)
        raise OSError("no such address")

    monkeypatch.setattr(ServerInstance, "stop", fails)
    with pytest.raises(StartFailed, match="cannot listen: no such address"):
        async with running_gateway(*start, listen_host="0.0.0.0", unsafe_plain_credentials=True):
            pass
    async with running_gateway(*start, listen_host="localhost") as gateway:
        assert gateway.runtime.is_started


async def test_evidence_belongs_to_one_gateway(start: Start) -> None:
    """A second gateway on the same state does not start, and the first one goes on."""
    async with running_gateway(*start) as gateway:
        with pytest.raises(LogInUse):
            type(gateway.parts)(gateway.parts.rules, _places(start[0]), "countersign.test/audit/1", None)
        assert (await gateway.send("GET", "/schemas/a")).status == 404


def _places(folder: Path) -> Any:
    from countersign.evidence import StatePlaces

    return StatePlaces(folder / "state")


async def test_mitmweb_is_told_to_use_mitmdump() -> None:
    """mitmweb's own page would let whoever opens it edit a paused request."""
    master = WebMaster(Options(), with_termlog=False)
    with pytest.raises(CountersignError, match="runs in mitmdump only"):
        master.addons.add(StartupChecks(Runtime()))


# -- while it runs ----------------------------------------------------------------------------------------------------


def _another(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str() | None:
            return f"{value}x"
        case _:
            return ["x"]


async def test_every_unsafe_option_is_seen(gateway: Gateway) -> None:
    """Each option of the tables, changed alone, is named with its reason; unchanged, nothing is."""
    assert unsafe_options() == []
    assert misspelt_options() == []
    known = [name for name in (*options.FIXED, *options.UNTOUCHED) if name in gateway.master.options]
    assert {*options.FIXED, *options.UNTOUCHED} - {*known} == {"intercept"}  # mitmdump has no such option, mitmweb has
    for name in known:
        option = gateway.master.options._options[name]
        usual = option.current()
        option.value = _another(usual)
        (problem,) = unsafe_options()
        assert problem.startswith(f"{name} must "), problem
        option.value = usual
    assert unsafe_options() == []


@pytest.mark.parametrize(
    ("mode", "is_safe"),
    [
        *((mode, True) for mode in ("regular", "reverse:http://x", "reverse:https://x")),
        *((mode, False) for mode in ("transparent", "socks5", "dns", "wireguard", "local", "tun", "upstream:http://x")),
        *((f"reverse:{scheme}://x:1", False) for scheme in ("tcp", "tls", "udp", "dtls", "dns", "quic", "http3")),
    ],
)
async def test_only_http_is_listened_for(mode: str, is_safe: bool, gateway: Gateway) -> None:
    """Raw TCP, UDP, QUIC, DNS and whole machines' traffic are not looked at, so no mode that takes them is."""
    option = gateway.master.options._options["mode"]
    usual = option.current()
    option.value = [mode]
    problems = unsafe_options()
    option.value = usual
    assert len(problems) == (0 if is_safe else 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection_strategy", "eager"),
        ("rawtcp", True),
        ("websocket", True),
        ("http3", True),
        ("stream_large_bodies", "1m"),
        ("tcp_hosts", ["example"]),
        ("udp_hosts", ["example"]),
        ("allow_hosts", ["example"]),
        ("ssl_insecure", True),
        ("anticache", True),
        ("body_size_limit", "1g"),
        ("ignore_hosts", ["example"]),
        ("map_remote", ["|a|http://127.0.0.1:1/"]),
        ("mode", ["socks5"]),
        ("countersign_origin", "another.example/log"),
        ("countersign_rules", "/elsewhere"),
    ],
)
async def test_an_unsafe_change_is_undone(name: str, value: object, gateway: Gateway) -> None:
    """mitmproxy rolls the change back, and the gateway goes on as before."""
    before = getattr(gateway.master.options, name)
    with pytest.raises(exceptions.OptionsError):
        gateway.master.options.update(**{name: value})
    assert getattr(gateway.master.options, name) == before
    await until(lambda: bool(gateway.master.addons.get("proxyserver").listen_addrs()))
    assert (await gateway.send("GET", "/schemas/a")).status == 404


async def test_losing_the_addons_ends_the_process(gateway: Gateway) -> None:
    """A reload, an edit that does not parse or a deleted script unloads them: mitmdump then stops."""
    assert not gateway.task.done()
    gateway.master.options.update(scripts=[])
    async with asyncio.timeout(10):
        await gateway.task
    assert gateway.master.should_exit.is_set()
    assert not gateway.runtime.is_started


async def test_what_is_made_at_start_is_not_looked_through_for_garbage(start: Start) -> None:
    """That would stop the event loop for as long as it takes; once the gateway has stopped it is looked at again."""
    async with running_gateway(*start):
        assert gc.get_freeze_count() > 10_000
    assert gc.get_freeze_count() == 0


async def test_stopping_gives_everything_back(start: Start) -> None:
    """The stop is on record, and the next gateway continues the same log."""
    async with running_gateway(*start) as gateway:
        size = gateway.parts.log.size
    async with running_gateway(*start) as gateway:
        kinds = [record.type for record in gateway.records()]
        assert kinds[:size] == ["genesis", "start", "rules"]
        assert kinds[size:] == ["stop", "start", "rules"]
