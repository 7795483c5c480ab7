"""The gateway as it runs: addons/gateway.py loaded as a script into a real mitmdump master, on free ports of loopback."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mitmproxy import http
from mitmproxy.addons.errorcheck import ErrorCheck
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from countersign.approvals import Approval
from countersign.approvals.eligibility import Action
from countersign.evidence import Record
from countersign.proxy.runtime import Parts, Runtime
from countersign.proxy.startup_checks import StartupChecks
from tests.identity.issuing import KeyServer, claims_of, ec_key
from tests.proxy.rule_files import PROJECT
from tests.proxy.upstream import PATIENCE_SECONDS, SchemaService
from tests.proxy.wire import Answer, Headers, Wire


class StartFailed(Exception):
    """An error was logged while starting; mitmdump would exit with 1."""


class _Starting(ErrorCheck):
    """As mitmproxy's own, but raises what can be caught instead of SystemExit."""

    name = "errorcheck"

    @property
    def text(self) -> str:
        """What was logged, with the exceptions."""
        lines = [
            f"{record.getMessage()}: {record.exc_info[1] if record.exc_info else ''}"
            for record in self.logger.has_errored
        ]
        return "\n".join(lines)

    async def shutdown_if_errored(self) -> None:
        await asyncio.sleep(0)
        if self.logger.has_errored:
            raise StartFailed(self.text)


class _Watch:
    """The last addon: says when everything runs, and keeps the live flows as an operator would see them."""

    name = "watch"

    def __init__(self) -> None:
        self.is_running = asyncio.Event()
        self.flows: list[http.HTTPFlow] = []

    def running(self) -> None:
        self.is_running.set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.flows.append(flow)


def token(provider: KeyServer, person: str = "alice", *groups: str, lives_seconds: int = 600, **claims: Any) -> str:
    """A good token of a person; an engineer's where no group is named."""
    now = int(time.time())
    usual = {"sub": f"sub-{person}", "person": person, "groups": list(groups) or ["engineers"], "iat": now - 10}
    return ec_key().token(claims_of(provider.url, **{**usual, "exp": now + lives_seconds, **claims}))


@dataclass
class Gateway:
    """A running gateway, and what tests do with it."""

    master: DumpMaster
    provider: KeyServer
    service: SchemaService
    task: asyncio.Task[None]
    watch: _Watch
    runtime: Runtime
    _wires: list[Wire] = field(default_factory=list)

    @property
    def port(self) -> int:
        server = self.master.addons.get("proxyserver")
        assert isinstance(server, Proxyserver)
        return int(server.listen_addrs()[0][1])

    @property
    def parts(self) -> Parts:
        return self.runtime.parts

    def token(self, person: str = "alice", *groups: str, **claims: Any) -> str:
        return token(self.provider, person, *groups, **claims)

    def addon(self, name: str) -> Any:
        """One of the gateway's addons by the last part of its name."""
        return self.master.addons.get(f"countersign_{name}")

    # -- as a client --------------------------------------------------------------------------------------------------

    async def wire(self) -> Wire:
        wire = await Wire.to(self.port)
        self._wires.append(wire)
        return wire

    def headers(self, *more: tuple[str, str], token: str | None = None) -> list[tuple[str, str]]:
        """Host and a good credential, and more."""
        bearer = self.token() if token is None else token
        host = f"127.0.0.1:{self.service.port}"
        return [("Host", host), ("Proxy-Authorization", f"Bearer {bearer}"), *more]

    async def send(self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None) -> Answer:
        """One plain request through the proxy, on a connection of its own."""
        sent = self.headers(("Content-Type", "application/json")) if headers is None else headers
        return await (await self.wire()).send(method, self.service.url + path, sent, body)

    def sending(
        self, method: str, path: str, body: bytes | None = None, headers: Headers | None = None
    ) -> asyncio.Task[Answer]:
        """The same, not waited for."""
        return asyncio.ensure_future(self.send(method, path, body, headers))

    async def tunnel(self, target: str, *, token: str | None = None) -> tuple[Wire, Answer]:
        """A connection on which CONNECT was sent."""
        wire = await self.wire()
        bearer = self.token() if token is None else token
        answer = await wire.send("CONNECT", target, [("Host", target), ("Proxy-Authorization", f"Bearer {bearer}")])
        return wire, answer

    def trust(self) -> ssl.SSLContext:
        """Trusts mitmproxy's authority, as clients of the gateway do."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(Path(self.master.options.confdir) / "mitmproxy-ca-cert.pem")
        return context

    async def inside(self, *, token: str | None = None) -> Wire:
        """A TLS connection to the service through a tunnel."""
        wire, answer = await self.tunnel(f"127.0.0.1:{self.service.port}", token=token)
        assert answer.status == 200, answer
        await wire.start_tls(self.trust(), "127.0.0.1")
        return wire

    # -- as an approver -----------------------------------------------------------------------------------------------

    async def pending(self, count: int = 1) -> list[Approval]:
        """The approvals that wait, once there are `count`."""

        def waiting() -> list[Approval]:
            return [approval for approval in self.parts.desk.live() if approval.state == "pending"]

        await until(lambda: len(waiting()) >= count)
        return waiting()

    async def decide(
        self, approval: Approval, action: Action = "approve", reason: str = "", person: str = "bob"
    ) -> Approval:
        """Somebody takes a step."""
        actor = await self.parts.verifier.verify(self.token(person, "approvers"))
        return await self.parts.desk.act(approval.request.id, actor, action, reason)

    # -- as an operator and as an auditor -----------------------------------------------------------------------------

    async def paused(self) -> http.HTTPFlow:
        """The newest flow, once it is paused."""
        await until(lambda: bool(self.watch.flows) and self.watch.flows[-1].intercepted)
        return self.watch.flows[-1]

    def records(self, *types: str) -> list[Record]:
        """The durable records, of these types where any are given."""
        return list(self.parts.log.records(types=set(types) or None))

    async def recorded(self, kind: str, count: int = 1) -> list[Record]:
        """The records of one type, once there are `count`."""
        await until(lambda: len(self.records(kind)) >= count)
        return self.records(kind)


async def until(condition: Callable[[], bool]) -> None:
    """Let everybody else run until `condition` holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


async def _stop_listening(master: DumpMaster) -> None:
    """mitmproxy leaves its listeners and connections to the end of the process, which here comes later."""
    server = master.addons.get("proxyserver")
    assert isinstance(server, Proxyserver)
    await server.servers.update([])
    await until(lambda: not server.connections)


@asynccontextmanager
async def running_gateway(
    folder: Path, provider: KeyServer, service: SchemaService, *, trusted_ca: Path | None = None, **options: Any
) -> AsyncIterator[Gateway]:
    """A gateway on the rules in `folder`/rules, with its state in `folder`/state. Raises StartFailed."""
    usual: dict[str, Any] = {
        "listen_host": "127.0.0.1",
        "listen_port": 0,
        "confdir": str(folder.parent / "confdir"),
        "scripts": [str(PROJECT / "addons" / "gateway.py")],
        "countersign_rules": str(folder / "rules"),
        "countersign_state": str(folder / "state"),
        "countersign_origin": "countersign.test/audit/1",
        "countersign_console_port": 0,
        "ssl_verify_upstream_trusted_ca": str(trusted_ca) if trusted_ca else None,
        **options,
    }
    master = DumpMaster(Options(), with_termlog=False)
    master.addons.get("errorcheck").finish()
    master.addons.remove(master.addons.get("errorcheck"))
    watch, starting = _Watch(), _Starting()
    master.addons.add(watch, starting)
    task: asyncio.Task[None] | None = None
    gateway: Gateway | None = None
    try:
        master.options.update_defer(**usual)
        task = asyncio.create_task(master.run())
        ready = asyncio.create_task(watch.is_running.wait())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            task.result()
        checks = master.addons.get("countersign_startup_checks")
        if isinstance(checks, StartupChecks):
            await until(lambda: checks._runtime.is_started or bool(starting.logger.has_errored))
        if not isinstance(checks, StartupChecks) or not checks._runtime.is_started:
            raise StartFailed(starting.text)
        gateway = Gateway(master, provider, service, task, watch, checks._runtime)
        yield gateway
    finally:
        for wire in gateway._wires if gateway is not None else ():
            wire.close()
        starting.finish()  # type: ignore[no-untyped-call]
        if task is not None:
            master.shutdown()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.wait({task})
                await _stop_listening(master)
            if gateway is not None:
                task.result()
