"""What the people of the story do: seed production, register schemas, look at what reached the service."""

from __future__ import annotations

import json
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.story.process import ROOT, Child, ChildFailed
from scripts.story.running import RunningService
from scripts.story.service import Seen
from scripts.story.stage import Stage


class Scene:
    """Actions on a stage whose service is the registry."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._count = 0

    def put_in_production(
        self, subject: str, schema: Mapping[str, Any], references: Sequence[Mapping[str, object]] = ()
    ) -> None:
        """Register `schema` past the gateway, with the service's own credential: what was there before."""
        document = {"schemaType": "JSON", "schema": json.dumps(schema), "references": list(references)}
        self.stage.ask_service("POST", f"/subjects/{subject}/versions", json.dumps(document).encode())

    def start_registering(
        self, subject: str, schema: Mapping[str, Any], *, token: str | None = "pipeline", url: str = "", **more: str
    ) -> Child:
        """Start the pipeline; `token` None: without a credential, "pipeline": with its own fresh one."""
        self._count += 1
        file = self.stage.directory / f"schema-{self._count}.json"
        file.write_text(json.dumps(schema))
        environment = self.stage.proxy_environment(self.stage.pipeline_token() if token == "pipeline" else token)
        references = [f"{name}={place}" for name, place in more.items()]
        program = [sys.executable, "-m", "scripts.story.pipeline"]
        return Child(
            [*program, url or self.stage.service_url, str(self.stage.gateway_ca), subject, str(file), *references],
            log=self.stage.directory / "pipeline.log",
            environment=environment,
            directory=ROOT,
        )

    def register(self, subject: str, schema: Mapping[str, Any], *, token: str | None = "pipeline") -> Child:
        """Run the pipeline to its end."""
        child = self.start_registering(subject, schema, token=token)
        child.wait(seconds=90)
        return child

    def send_as(self, person: str, subject: str, schema: Mapping[str, Any], **headers: str) -> tuple[int, bytes]:
        """Register `schema` as `person` with any HTTP library, in their own name; `a_b` is the header `a-b`."""
        proxy = self.stage.proxy_environment(self.stage.provider.token_for_person(person))["HTTPS_PROXY"]
        trusted = ssl.create_default_context(cafile=str(self.stage.gateway_ca))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"https": proxy}), urllib.request.HTTPSHandler(context=trusted)
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(  # noqa: S310 - https
            f"{self.stage.service_url}/subjects/{subject}/versions",
            json.dumps({"schemaType": "JSON", "schema": json.dumps(schema)}).encode(),
            {"Content-Type": "application/json", **named},
        )
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    def bytes_without_gateway(self, subject: str, schema: Mapping[str, Any]) -> bytes:
        """What the same client sends to a service of its own, with no gateway between."""
        directory = self.stage.directory / f"direct-{self._count}"
        certificate = self.stage.authority.issue("localhost")
        with RunningService("registry", directory, credential="a:b", certificate=certificate) as service:
            file = directory / "schema.json"
            file.write_text(json.dumps(schema))
            with Child(
                [
                    *(sys.executable, "-m", "scripts.story.pipeline", f"https://localhost:{service.port}"),
                    *(str(self.stage.authority.certificate), subject, str(file)),
                ],
                log=directory / "pipeline.log",
                environment={"HTTPS_PROXY": "", "https_proxy": ""},
                directory=ROOT,
            ) as child:
                child.wait()
            return next(seen.body for seen in service.seen if seen.method == "POST")

    def wait_for_approval(self, *, seconds: float = 30) -> str:
        """The id of the one approval that Bob sees pending. Raises ChildFailed when none comes."""
        deadline = time.monotonic() + seconds
        token = self.stage.provider.token_for_person("bob")
        while time.monotonic() < deadline:
            answer = self.stage.countersign("approvals", "list", "--json", token=token)
            pending = [entry for entry in json.loads(answer.output)["approvals"] if entry["state"] == "pending"]
            if pending:
                return str(pending[0]["id"])
        raise ChildFailed("no approval was asked for in time")

    def expired_token(self) -> str:
        """A token of the pipeline that was good until an hour ago."""
        past = int(time.time()) - 7200
        return self.stage.provider.sign({"sub": "orders-ci", "user_login": "ana", "iat": past, "exp": past + 3600}, 0)

    def writes(self) -> int:
        """How many changes reached the service."""
        return sum(seen.method != "GET" for seen in self.stage.service.seen)

    def last_write(self) -> Seen:
        """The last change that reached the service."""
        return [seen for seen in self.stage.service.seen if seen.method != "GET"][-1]
