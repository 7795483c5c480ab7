"""Everything on one machine: a provider with people, a schema service over TLS, and the real gateway before it."""

from __future__ import annotations

import base64
import os
import ssl
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from scripts.story import rules
from scripts.story.certificates import Authority
from scripts.story.process import ROOT, Child, free_port
from scripts.story.provider import Client, Person, Provider
from scripts.story.running import RunningService

SERVICE_CREDENTIAL = "gateway:the-services-own-secret"
PEOPLE = (
    Person("ana", "ana-pw", ("schema-approvers",)),  # an approver, and who starts the pipeline
    Person("bob", "bob-pw", ("schema-approvers",)),
    Person("carol", "carol-pw", ("schema-owners",)),
)
CLIENTS = (Client("orders-ci", "orders-ci-secret"), Client("billing-ci", "billing-ci-secret"))


class Stage:
    """Use it as a context manager: everything is started on entry and ended on exit."""

    def __init__(
        self,
        directory: Path,
        kind: Literal["registry", "store"],
        *,
        hold_seconds: int = 45,
        pending_status: int = 503,
        approval: str | None = None,
        access: str = rules.ACCESS,
        tunnels: tuple[tuple[str, int], ...] = (),
        leeway_seconds: int = 30,
        options: Sequence[str] = (),
        mode: str = "regular",
        script: Path = ROOT / "addons" / "gateway.py",
    ) -> None:
        """`options` are given to mitmdump; in `mode` the text {service} stands for the service's URL."""
        self.directory = directory
        self.kind: Literal["registry", "store"] = kind
        self.hold_seconds = hold_seconds
        self.pending_status = pending_status
        self.port = free_port()
        self._approval = approval
        self._access = access
        self._tunnels = tunnels
        self._leeway_seconds = leeway_seconds
        self._options = options
        self._mode = mode
        self._script = script
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self.gateway.stop()

    def _start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.directory / "ca")
        certificate = self.authority.issue("localhost")
        self.provider = self._stack.enter_context(Provider(self.directory / "provider", people=PEOPLE, clients=CLIENTS))
        self.service = self._stack.enter_context(
            RunningService(
                self.kind, self.directory / "service", credential=SERVICE_CREDENTIAL, certificate=certificate
            )
        )
        self.service_url = f"https://localhost:{self.service.port}"
        credential_file = self.directory / "service-credential"
        credential_file.touch(mode=0o600)
        credential_file.write_text(base64.b64encode(SERVICE_CREDENTIAL.encode()).decode())
        service = rules.Service(
            name="orders",
            url=self.service_url,
            dialect="confluent" if self.kind == "registry" else "rest",
            credential_file=credential_file,
            hold_seconds=self.hold_seconds,
            pending_status=self.pending_status,
        )
        self.rules = self.directory / "rules"
        rules.write_rules(
            self.rules,
            issuer=self.provider.issuer,
            services=[service],
            access=self._access,
            approval=self._approval,
            tunnels=self._tunnels,
            leeway_seconds=self._leeway_seconds,
        )
        self.start_gateway()

    # -- the gateway --------------------------------------------------------------------------------------------------

    def gateway_command(self) -> list[str]:
        """`mitmdump -s addons/gateway.py`, with the options that put it on this stage."""
        settings = {
            "confdir": self.directory / "mitmproxy",
            "countersign_rules": self.rules,
            "countersign_state": self.state,
            "countersign_console_port": 0,
            "countersign_origin": "story.invalid/audit/gateway/1",
            "ssl_verify_upstream_trusted_ca": self.authority.certificate,
        }
        command = [str(Path(sys.executable).with_name("mitmdump")), "-s", str(self._script)]
        command += ["--listen-port", str(self.port), "--mode", self._mode.format(service=self.service_url)]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        return [*command, *self._options]

    def start_gateway(self) -> None:
        """Start it, again after it was stopped or killed; returns once it serves."""
        self.gateway = Child(self.gateway_command(), log=self.directory / "gateway.log", directory=self.directory)
        try:
            match = self.gateway.wait_for_line(r"approvers log in at (\S+)")
        except BaseException:
            self.gateway.stop()
            raise
        self.console_url = match[1]

    @property
    def state(self) -> Path:
        """Evidence and keys."""
        return self.directory / "state"

    @property
    def gateway_ca(self) -> Path:
        """What clients of the gateway must trust."""
        return self.directory / "mitmproxy" / "mitmproxy-ca-cert.pem"

    # -- past the gateway ---------------------------------------------------------------------------------------------

    def ask_service(self, method: str, target: str, body: bytes | None = None) -> bytes:
        """Ask the service itself, with its own credential. Raises urllib.error.HTTPError where it refuses."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        credential = base64.b64encode(SERVICE_CREDENTIAL.encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {credential}"}
        request = urllib.request.Request(self.service_url + target, body, headers, method=method)  # noqa: S310 - https
        with opener.open(request, timeout=10) as answer:
            data: bytes = answer.read()
            return data

    # -- its users ----------------------------------------------------------------------------------------------------

    def pipeline_token(self, client: str = "orders-ci", started_by: str = "ana") -> str:
        """The token of a pipeline that `started_by` started."""
        return self.provider.token_for_client(client, claims={"user_login": started_by})

    def proxy_environment(self, token: str | None) -> dict[str, str]:
        """What a pipeline sets: HTTPS_PROXY with its token as the password; None: without one."""
        credential = "" if token is None else f"ci:{token}@"
        proxy = f"http://{credential}127.0.0.1:{self.port}"
        return {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}

    def countersign(self, *arguments: str, token: str | None = None) -> Child:
        """Run `countersign ...` to its end, as the person whose token is given."""
        environment = {"COUNTERSIGN_CONSOLE": self.console_url, "COUNTERSIGN_STATE": str(self.state)}
        if token is not None:
            environment["COUNTERSIGN_TOKEN"] = token
        child = Child(
            [Path(sys.executable).with_name("countersign"), *arguments],
            log=self.directory / "countersign.log",
            environment=environment,
            directory=self.directory,
        )
        child.wait()
        return child


def files_below(directory: Path) -> list[Path]:
    """Every file below `directory`, for a search through their bytes; a socket has none."""
    paths = [Path(folder) / name for folder, _, names in os.walk(directory) for name in names]
    return [path for path in paths if not path.is_socket()]
