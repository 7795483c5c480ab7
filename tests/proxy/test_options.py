"""The gateway's own options, and what mitmproxy's must be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from mitmproxy.addonmanager import Loader
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from countersign.proxy import options


@pytest.fixture
async def master() -> DumpMaster:
    """A mitmdump that has just learned the gateway's options."""
    made = DumpMaster(Options(), with_termlog=False)
    made.addons.get("errorcheck").finish()
    options.add_options(Loader(made))
    return made


async def test_loading_makes_mitmproxy_safe(master: DumpMaster) -> None:
    """Whatever was set before, these options have the value that the gate needs."""
    for name, (value, why) in options.FIXED.items():
        assert getattr(master.options, name) == value
        assert why


async def test_mitmproxys_own_values_would_not_do(master: DumpMaster) -> None:
    """The fact behind setting them: mitmproxy connects first, passes raw bytes and answers by itself."""
    for name in ("connection_strategy", "rawtcp", "websocket", "onboarding", "upstream_cert", "flow_detail"):
        assert master.options.default(name) != options.FIXED[name][0]


async def test_every_option_of_the_tables_exists_in_mitmdump(master: DumpMaster) -> None:
    """A name that mitmproxy changes must not silently stop being checked; `intercept` is mitmweb's."""
    assert {*options.FIXED, *options.UNTOUCHED} - {*master.options.keys()} == {"intercept"}


async def test_the_proxy_listens_on_loopback_unless_told_otherwise(master: DumpMaster) -> None:
    """Tokens do not cross the network in the clear by default; an address that was given stays."""
    assert master.options.listen_host == "127.0.0.1"
    other = DumpMaster(Options(listen_host="192.0.2.1"), with_termlog=False)
    other.addons.get("errorcheck").finish()
    options.add_options(Loader(other))
    assert other.options.listen_host == "192.0.2.1"


@pytest.mark.parametrize(
    ("option", "variable", "place"),
    [
        ("countersign_rules", "COUNTERSIGN_RULES", options.rules_directory),
        ("countersign_state", "COUNTERSIGN_STATE", options.state_directory),
    ],
)
async def test_where_files_are(
    option: str, variable: str, place: object, master: DumpMaster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The option counts before the environment, and that before the default; `~` is the home directory."""
    assert callable(place)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv(variable, raising=False)
    usual = {"countersign_rules": Path(__file__).parents[2] / "rules", "countersign_state": tmp_path / ".countersign"}
    assert place() == usual[option]
    monkeypatch.setenv(variable, "/from/environment")
    assert place() == Path("/from/environment")
    master.options.update(**{option: "~/given"})
    assert place() == tmp_path / "given"


async def test_the_log_has_a_name_of_this_machine_until_it_is_given_one(master: DumpMaster) -> None:
    """A log's name is in every record, so an operator sets it once."""
    assert socket.gethostname() in options.origin()
    master.options.update(countersign_origin="countersign.example/audit/1")
    assert options.origin() == "countersign.example/audit/1"


async def test_the_insecure_switch_is_off_and_named_so(master: DumpMaster) -> None:
    """Nothing insecure is on by default."""
    assert master.options.unsafe_plain_credentials is False
