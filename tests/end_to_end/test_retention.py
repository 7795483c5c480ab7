"""Retention with the real gateway: old messages are erased beside its traffic, nothing that is still needed goes, and the
verifier tells what a rule erased from what somebody took."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from countersign.evidence import standalone_verifier
from countersign.rulebook import shapes
from scripts.story.process import ROOT
from scripts.story.stage import Stage, files_below
from tests.end_to_end.approver import Approver
from tests.end_to_end.records import read
from tests.end_to_end.wire import Reply, Wire, bearer

DAYS_AGO = 5
RETENTION = """compliance: false
retention:
  - name: everything
    older_than_days: 3
"""
#: The gateway as it ran some days ago: only the clock of what it records is another one.
OLD_GATEWAY = f"""
import sys
sys.path.insert(0, {str(ROOT / "addons")!r})
from countersign.proxy import runtime
present = runtime.now
runtime.now = lambda: present() - {DAYS_AGO} * 24 * 3600 * 1_000_000
from gateway import addons
"""
OLD, YOUNG, PENDING = "title-of-an-old-change", "title-of-a-young-change", "title-of-a-change-that-waits"


def put(stage: Stage, subject: str, title: str, *, required: bool = False) -> Reply:
    """The pipeline changes a schema; with `required` a second person has to agree."""
    host = f"localhost:{stage.service.port}"
    body = {"type": "object", "title": title, **({"required": ["id"]} if required else {})}
    with Wire(stage.port) as wire:
        assert wire.connect(host, bearer(stage.pipeline_token())).status == 200
        wire.start_tls(stage.gateway_ca)
        headers = [("Host", host), ("Content-Type", "application/json")]
        return wire.send("PUT", f"/schemas/{subject}", headers, json.dumps(body).encode())


def stored(stage: Stage) -> bytes:
    """All bytes that the gateway keeps."""
    return b"".join(path.read_bytes() for path in files_below(stage.state))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway of now, and what it recorded five days ago: a change that passed, one that was approved and used, and one
    that waits for somebody until the month is over."""
    approval = (
        (ROOT / "rules" / "approval.yaml").read_text().replace("expires_seconds: 86400", "expires_seconds: 2592000")
    )
    tmp_path = tmp_path_factory.mktemp("retention")
    script = tmp_path / "old_gateway.py"
    script.write_text(OLD_GATEWAY)
    with Stage(tmp_path, "store", hold_seconds=1, approval=approval) as made:
        made.gateway.stop()
        (made.rules / "evidence.yaml").write_text(RETENTION)
        for subject in ("orders-old", "orders-used", "orders-pending", "orders-young"):
            made.ask_service("PUT", f"/schemas/{subject}", b'{"type": "object"}')
        present, made._script = made._script, script
        made.start_gateway()
        bob = Approver(made, "bob")
        assert put(made, "orders-old", OLD).status == 200
        assert put(made, "orders-used", OLD, required=True).status == 503
        assert bob.decide(bob.wait_for("orders-used")["id"], "approve")[1]["state"] == "approved"
        assert put(made, "orders-used", OLD, required=True).status == 200
        assert put(made, "orders-pending", PENDING, required=True).status == 503
        made.gateway.stop()
        made._script = present
        made.start_gateway()
        yield made


def evidence(stage: Stage, *arguments: str, code: int = 0) -> str:
    """`countersign evidence ...` on the rules of the stage."""
    rules = ("--rules", str(stage.rules)) if arguments[0] in ("prune", "rotate-key", "export", "prove") else ()
    done = stage.countersign("evidence", *arguments, *rules)
    assert done.wait() == code, done.output
    return done.output


def test_prune(stage: Stage) -> None:
    """Beside the traffic, by rule; nothing of it is left in the files; what waits for approval passes after a kill."""
    bob = Approver(stage, "bob")
    pending = bob.wait_for("orders-pending")["id"]
    assert put(stage, "orders-young", YOUNG).status == 200
    assert all(title.encode() in stored(stage) for title in (OLD, YOUNG, PENDING))
    size = len(read(stage))
    planned = json.loads(evidence(stage, "prune", "--dry-run", "--json"))["rules"][0]
    assert len(read(stage)) == size
    done = json.loads(evidence(stage, "prune", "--json", "--reason", "GDPR"))["rules"][0]
    assert (done["payloads"], done["bytes"], done["kept"]) == (planned["payloads"], planned["bytes"], 1)
    assert done["payloads"] >= 10

    found = stored(stage)
    assert (OLD.encode() in found, YOUNG.encode() in found, PENDING.encode() in found) == (False, True, True)
    records = read(stage)
    prunes = [record.fields for record in records if record.type == "prune"]
    assert sum(int(str(prune["count"])) for prune in prunes) == done["payloads"]
    assert {(prune["rule"], prune["reason"]) for prune in prunes} == {("everything (evidence.yaml:3)", "GDPR")}
    assert {record.type for record in records if record.erased} == {"intent", "decision", "outcome", "approval"}
    assert f"{done['payloads']} payloads were erased by rule" in evidence(stage, "verify")
    assert put(stage, "orders-young", YOUNG).status == 200

    stage.gateway.send_signal(signal.SIGKILL)
    stage.gateway.wait()
    assert (stage.state / "evidence" / "control").is_socket()
    stage.start_gateway()
    assert bob.wait_for("orders-pending")["id"] == pending
    assert bob.decide(pending, "approve")[1]["state"] == "approved"
    assert put(stage, "orders-pending", PENDING, required=True).status == 200
    assert json.loads(stage.ask_service("GET", "/schemas/orders-pending"))["title"] == PENDING
    evidence(stage, "prune")  # at the new socket
    evidence(stage, "verify")


def test_what_somebody_took_is_no_erasure(stage: Stage, tmp_path: Path) -> None:
    """The verifier tells a payload that a rule erased from one that was deleted by hand, whichever it is."""
    evidence(stage, "prune")
    stage.gateway.stop()
    rows = [(record.seq, name) for record in read(stage) for name in record.payloads]
    names = {name for _, name in rows} | {name for record in read(stage) for name in record.erased}
    rule = json.loads((Path(shapes.__file__).parent / "schemas" / "evidence.schema.json").read_bytes())
    known = rule["properties"]["retention"]["items"]["properties"]["names"]["items"]["enum"]
    assert names <= set(known)  # what the gateway keeps can be named in a rule
    for number, statement in enumerate(
        ("delete from payloads where 0", *(f"delete from payloads where seq = {seq}" for seq, _ in rows[:3]))
    ):
        copy = tmp_path / f"copy-{number}.db"
        shutil.copy(stage.state / "evidence" / "evidence.db", copy)
        with closing(sqlite3.connect(copy)) as db, db:
            db.execute(statement)
        output = evidence(stage, "verify", "--db", str(copy), code=1 if number else 0)
        assert ("missing" in output, "were erased by rule" in output) == (bool(number), True)
    stage.start_gateway()


def test_keys_and_exports(stage: Stage, tmp_path: Path) -> None:
    """A running gateway takes a new key and notes each export; strangers verify what was exported."""
    starts = [record.seq for record in read(stage) if record.type == "start"]
    told = evidence(stage, "rotate-key").splitlines()
    keys = (stage.state / "keys" / "log.vkey").read_text().splitlines()
    assert told[:2] == [f"old: {keys[0]}", f"new: {keys[1]}"]
    assert put(stage, "orders-young", YOUNG).status == 200
    evidence(stage, "export", "--tiles", str(tmp_path / "export"), "--with-payloads")
    evidence(stage, "prove", "3", "-o", str(tmp_path / "proof"))
    tiles, proof = (record.fields for record in read(stage) if record.type == "export")
    assert (tiles["form"], tiles["with_payloads"], proof["form"], proof["first"]) == ("tiles", True, "proof", 3)
    size = tiles["size"]
    assert isinstance(size, int)
    assert read(stage)[size].type == "export"  # right after what it is of
    vkey = str(stage.state / "keys" / "log.vkey")
    assert standalone_verifier.main(["--vkey", vkey, str(tmp_path / "export")]) == 0
    assert [record.seq for record in read(stage) if record.type == "start"] == starts  # no command opened the log
    evidence(stage, "verify")
