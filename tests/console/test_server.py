"""The console of one gateway, from start to stop."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster
from tornado.httpclient import AsyncHTTPClient

from countersign import limits
from countersign.approvals import ApprovalEvent, Desk
from countersign.console.server import Console, ConsoleError, ConsoleSettings
from countersign.errors import EvidenceUnavailable
from tests.console.stage import Clock, MemoryStore, Stage, approval_request, no_history, on_stage, verify

KEY = b"k" * 32


async def test_it_says_where_it_is(stage: Stage) -> None:
    """A free port was taken, and links lead there."""
    assert stage.console.url.startswith("http://127.0.0.1:")
    assert stage.console.url.endswith(f":{stage.console.address[1]}")
    assert stage.console.approval_url("a/b") == f"{stage.console.url}/approvals/a%2Fb"


async def test_before_its_start_it_is_nowhere() -> None:
    """Asking is an error, not a wrong link; stopping is none."""
    console = Console(
        _master(),
        Desk(MemoryStore(), Clock().microseconds),
        verify,
        ConsoleSettings("127.0.0.1", 0, session_key=KEY),
        history=no_history,
    )
    with pytest.raises(ConsoleError, match="not been started"):
        assert console.url
    console.stop()


async def test_a_taken_port_is_said_with_the_remedy() -> None:
    """The gateway does not start without its console."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ConsoleSettings("127.0.0.1", taken.getsockname()[1], session_key=KEY)
        console = Console(_master(), Desk(MemoryStore(), Clock().microseconds), verify, settings, history=no_history)
        with pytest.raises(ConsoleError, match="another host or port"):
            console.start()


async def test_localhost_is_loopback_whatever_the_resolver_says() -> None:
    """The name is not looked up."""
    settings = ConsoleSettings("localhost", 0, session_key=KEY)
    console = Console(_master(), Desk(MemoryStore(), Clock().microseconds), verify, settings, history=no_history)
    console.start()
    port = int(console.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 5):
        pass
    console.stop()
    await asyncio.sleep(0.01)


async def test_after_stop_nobody_answers(stage: Stage) -> None:
    """The port is free again."""
    port = int(stage.console.url.rpartition(":")[2])
    assert (await stage.send("GET", "/login")).code == 200
    stage.console.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


async def test_after_a_restart_what_was_pending_is_there() -> None:
    """Twins are made from the desk, not from requests that pass by."""
    store = MemoryStore()
    async with on_stage(store) as before:
        held = await before.hold()
    async with on_stage(store) as after:
        answer = await (await after.browser("token-bob")).send("GET", "/flows")
        assert held.request.id.encode() in answer.body


async def test_what_ends_by_time_ends_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anybody asking for it."""
    monkeypatch.setattr(limits, "CONSOLE_REFRESH_SECONDS", 0.01)
    async with on_stage() as stage:
        held = await stage.hold()
        stage.clock.seconds += 600
        await asyncio.wait_for(stage.desk.wait_until_decided(held.request.id), 5)
        await stage.settle()
        stage.clock.seconds -= 600
        assert b'"intercepted": false' in (await (await stage.browser("token-bob")).send("GET", "/flows")).body


async def test_evidence_that_cannot_be_written_does_not_stop_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on following the desk, and ends the approval when the evidence is back."""
    monkeypatch.setattr(limits, "CONSOLE_REFRESH_SECONDS", 0.01)
    tried = asyncio.Event()

    class BrokenStore(MemoryStore):
        broken = False

        async def append(self, event: ApprovalEvent) -> None:
            if self.broken:
                tried.set()
                raise EvidenceUnavailable("the disk is full")
            await super().append(event)

    store = BrokenStore()
    async with on_stage(store) as stage:
        held = await stage.hold()
        store.broken = True
        stage.clock.seconds += 600
        await asyncio.wait_for(tried.wait(), 5)
        assert stage.desk.get(held.request.id).state == "pending"
        store.broken = False
        assert (await asyncio.wait_for(stage.desk.wait_until_decided(held.request.id), 5)).state == "expired"


async def test_everybody_can_be_logged_out(stage: Stage) -> None:
    """For when the rules on who is who change."""
    browser = await stage.browser("token-bob")
    stage.console.end_sessions()
    assert (await browser.send("GET", "/flows")).code == 401


async def test_the_gateway_s_master_is_left_as_it_was() -> None:
    """No option, no addon, no view: nothing of mitmweb can be reached through the proxy's own master."""
    master = _master()
    options, addons = {*master.options.keys()}, [*master.addons.chain]
    settings = ConsoleSettings("127.0.0.1", 0, session_key=KEY)
    console = Console(master, Desk(MemoryStore(), Clock().microseconds), verify, settings, history=no_history)
    console.start()
    assert {*master.options.keys()} == options
    assert [*master.addons.chain] == addons
    assert not hasattr(master, "view")
    console.stop()
    await asyncio.sleep(0.01)


async def test_tls(tmp_path: Path) -> None:
    """With a certificate the console speaks TLS 1.2 or newer, and links say https."""
    certificate, key = _certificate(tmp_path)
    async with on_stage(tls_certificate=certificate, tls_key=key) as stage:
        assert stage.console.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(certificate))
        client = AsyncHTTPClient(force_instance=True)
        answer = await client.fetch(stage.console.url + "/login", ssl_options=context, request_timeout=10)
        assert "Secure" in answer.headers["Set-Cookie"]
        client.close()


async def test_a_request_of_the_desk_is_shown_without_a_tick(stage: Stage) -> None:
    """The page does not wait for the next refresh."""
    await stage.desk.open_or_join(approval_request())
    await stage.settle()
    assert b"customer-value" in (await (await stage.browser("token-bob")).send("GET", "/flows")).body


def _master() -> DumpMaster:
    return DumpMaster(Options(), with_termlog=False, with_dumper=False)


def _certificate(folder: Path) -> tuple[Path, Path]:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "console")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file
