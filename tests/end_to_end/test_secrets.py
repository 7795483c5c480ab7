"""Secrets of every kind go where they belong, and into nothing that the gateway or its command writes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from scripts.story.service import Seen
from scripts.story.stage import SERVICE_CREDENTIAL, Stage, files_below
from tests.end_to_end.approver import Approver
from tests.end_to_end.leaks import Scanner
from tests.end_to_end.wire import Headers, Reply, Wire, bearer

#: Each with a quotation mark, a space and a letter that JSON and URLs write in another way.
PLANTED = {
    name: f'{name} "p\u00e4ssw/rd+{number}" 7Qx{number}Zk'
    for number, name in enumerate(
        ["default", "nested-default", "password", "gzip-body", "query", "denied-default", "bad-JSON", "bad-gzip"]
    )
}  # fmt: skip
PLANTED["build-header"] = "build secret/+=7QxZk-of-the-header"  # a header value: visible ASCII
PLANTED["build-badge"] = "build badge/+=3JwPv-of-the-header"  # in a header whose name says nothing: a rule has it
PUBLIC = "an order of the shop 8d1f"
PLANTED["service"] = SERVICE_CREDENTIAL


@dataclass(frozen=True)
class Played:
    """What there is to search, once everything has happened."""

    secrets: dict[str, str]
    files: list[Path]
    console: list[bytes]
    seen: tuple[Seen, ...]


def schema(secret: str, *required: str) -> bytes:
    """A schema with an API key in it, in its own place and inside a string."""
    properties = {"apiKey": {"type": "string", "default": secret}, "id": {"type": "string"}}
    return json.dumps({"type": "object", "properties": properties, "required": list(required)}).encode()


def send(stage: Stage, token: str, method: str, target: str, body: bytes = b"", headers: Headers = ()) -> Reply:
    """One request on a connection of its own, with the pipeline's secret headers."""
    host = f"localhost:{stage.service.port}"
    secrets = [("X-Build-Secret", PLANTED["build-header"]), ("X-Build-Badge", PLANTED["build-badge"])]
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(token)).status == 200
        wire.start_tls(stage.gateway_ca)
        return wire.send(
            method, target, [("Host", host), ("Content-Type", "application/json"), *secrets, *headers], body
        )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Allowed, held, approved, denied and refused requests, each with secrets of its own; then the CLI and the console."""
    with Stage(tmp_path_factory.mktemp("secrets"), "store", hold_seconds=1) as stage:
        bob, token = Approver(stage, "bob"), stage.pipeline_token()
        for subject in ("orders-a", "orders-b", "orders-c"):
            stage.ask_service("PUT", f"/schemas/{subject}", schema(PLANTED["nested-default"]))
        # allowed
        words = json.loads(schema(PLANTED["nested-default"])) | {"title": PUBLIC}
        assert send(stage, token, "PUT", "/schemas/orders-a", json.dumps(words).encode()).status == 200
        data = json.dumps({"password": PLANTED["password"], "inner": json.dumps({"password": PLANTED["password"]})})
        assert send(stage, token, "POST", "/data/orders-a", data.encode()).status == 200
        packed = gzip.compress(json.dumps({"password": PLANTED["gzip-body"]}).encode())
        send(stage, token, "POST", "/data/orders-a", packed, [("Content-Encoding", "gzip")])
        query = f"?access_token={quote(PLANTED['query'], safe='')}"
        assert send(stage, token, "GET", f"/schemas/orders-a{query}").status == 200
        # held, then approved; held, then denied
        assert send(stage, token, "PUT", "/schemas/orders-b", schema(PLANTED["default"], "id")).status == 503
        assert bob.decide(bob.wait_for("orders-b")["id"], "approve")[0] == 200
        assert send(stage, token, "PUT", "/schemas/orders-b", schema(PLANTED["default"], "id")).status == 200
        assert send(stage, token, "PUT", "/schemas/orders-c", schema(PLANTED["denied-default"], "id")).status == 503
        waiting = bob.wait_for("orders-c")["id"]
        shown = [stage.countersign("approvals", "show", waiting, token=bob.token)]
        shown += [stage.countersign("approvals", "list", "--json", token=bob.token)]
        bob.ask("GET", f"/api/approvals/{waiting}")
        assert bob.decide(waiting, "deny", "no")[0] == 200
        # refused
        assert send(stage, token, "PUT", "/schemas/billing-a", schema(PLANTED["denied-default"])).status == 403
        assert (
            send(
                stage,
                token,
                "PUT",
                "/schemas/orders-a",
                b'{"password": "%s"' % json.dumps(PLANTED["bad-JSON"])[1:-1].encode(),
            ).status
            == 400
        )
        broken = gzip.compress(json.dumps({"password": PLANTED["bad-gzip"]}).encode(), compresslevel=0)[:-4]
        assert send(stage, token, "PUT", "/schemas/orders-a", broken, [("Content-Encoding", "gzip")]).status == 400
        assert send(stage, token, "PATCH", f"/schemas/orders-a{query}", schema(PLANTED["default"])).status == 403
        forged = f"{token[:-40]}{token[-20:]}"
        with Wire(stage.port) as wire:
            assert wire.connect(f"localhost:{stage.service.port}", bearer(forged)).status == 407
        # looked at
        for arguments in (["list"], ["list", "--json"], ["verify"], ["verify", "--json"]):
            shown.append(stage.countersign("evidence", *arguments))
        exchanges = {json.loads(line)["exchange"] for line in shown[3].output.splitlines()} - {None}
        shown += [stage.countersign("evidence", "show", exchange, "--json") for exchange in sorted(exchanges)[::3]]
        assert all(child.output for child in shown)
        # of tokens their signatures: what they sign is on record, who it is from and until when
        secrets = PLANTED | {
            f"{who}'s token": each.rpartition(".")[2] for who, each in (("ana", token), ("bob", bob.token))
        }
        written = [stage.directory / "gateway.log", stage.directory / "countersign.log", *files_below(stage.state)]
        yield Played(secrets, written, bob.answers, stage.service.seen)


def test_no_secret_is_in_anything_that_the_gateway_wrote(played: Played) -> None:
    """Not in the evidence database or its write-ahead log, not in the gateway's log, not in what the command printed."""
    names = {file.name for file in played.files}
    assert {"evidence.db", "evidence.db-wal", "gateway.log", "countersign.log"} <= names
    assert Scanner({"what is no secret": PUBLIC}).in_files(played.files) != []
    assert Scanner(played.secrets).in_files(played.files) == []


def test_no_secret_is_in_what_the_console_answered(played: Played) -> None:
    """An approver sees what the change does, and no secret of it."""
    assert any(b"becomes required" in answer for answer in played.console)
    assert Scanner(played.secrets).in_all(("the console", answer) for answer in played.console) == []


def test_what_is_masked_in_the_evidence_went_upstream_as_it_was(played: Played) -> None:
    """Masking is for what is kept: the service saw the allowed secrets, and none of the refused ones."""
    bodies = [seen.body for seen in played.seen]
    for name in ("default", "nested-default", "password"):
        assert any(json.dumps(PLANTED[name])[1:-1].encode() in body for body in bodies), name
    assert any(quote(PLANTED["query"], safe="") in seen.target for seen in played.seen)
    assert any(seen.header("X-Build-Secret") == PLANTED["build-header"] for seen in played.seen)
    kept_back = {name: PLANTED[name] for name in ("denied-default", "bad-JSON", "bad-gzip")}
    assert Scanner(kept_back).in_all(("the service", body) for body in bodies) == []
