"""`countersign evidence prune`, with a gateway and without."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing

import pexpect
import pytest

from countersign.cli.evidence_prune import prune
from countersign.evidence import store
from countersign.evidence.control import os_user
from tests.cli.acting_log import PATIENCE_SECONDS, RETENTION, ActingLog
from tests.cli.terminal import COMMAND, environment
from tests.evidence import logs

BODY = b'{"type": "object"}'


def test_without_a_gateway(acting: ActingLog) -> None:
    """The log is opened for it, anchored as ever; the bytes leave the files; who, why and by which rule is recorded."""
    assert BODY in acting.raw()
    result = acting.run("prune", "--reason", "GDPR")
    assert result.exit_code == 0, result.output
    first, second = result.output.splitlines()
    assert first.startswith("bodies (evidence.yaml:4): 2 payloads (20 bytes) were erased, of records from 20")
    assert second.startswith("everything else (evidence.yaml:7): 1 payloads (9 bytes) were erased, of records from 20")
    assert BODY not in acting.raw()
    assert BODY[:16] not in acting.raw()
    said = [
        (record.fields["rule"], record.fields["actor"], record.fields["reason"]) for record in acting.records("prune")
    ]
    me = os_user(os.geteuid())
    assert said == [("bodies (evidence.yaml:4)", me, "GDPR"), ("everything else (evidence.yaml:7)", me, "GDPR")]
    assert (acting.report.ok, acting.report.erased, acting.report.payloads) == (True, 3, 0)
    assert acting.run("verify", "--anchor", str(acting.anchor)).exit_code == 0
    assert [record.fields["anchor_files"] for record in acting.records("start")] == [[str(acting.anchor)]] * 2


def test_with_a_gateway(acting: ActingLog) -> None:
    """The gateway does it, between its own records; the log goes on, and verifies."""
    with acting.gateway() as log:
        log.submit(logs.intent("young", body=b"young")).result(5)
        result = acting.run("prune", "--rule", "bodies")
        assert result.exit_code == 0, result.output
        assert "bodies (evidence.yaml:4): 2 payloads (20 bytes) were erased" in result.output
        assert BODY not in acting.raw()
        assert [record.exchange for record in log.records(types={"intent"}) if record.payloads] == ["young"]
        assert (acting.report.ok, acting.report.erased) == (True, 2)
    assert [record.fields["actor"] for record in acting.records("prune")] == [os_user(os.geteuid())]
    assert len(acting.records("start")) == 2  # the log was not opened a second time


@pytest.mark.parametrize("is_running", [True, False])
def test_dry_run(acting: ActingLog, is_running: bool) -> None:
    """The same figures as the real run, rule after rule; nothing is changed, and no gateway is needed."""
    if is_running:
        with acting.gateway():
            _compare(acting)
    else:
        before = acting.places.database.read_bytes()
        assert acting.run("prune", "--dry-run").exit_code == 0
        assert acting.places.database.read_bytes() == before
        _compare(acting)


def _compare(acting: ActingLog) -> None:
    size = len(acting.records())
    planned = json.loads(acting.run("prune", "--dry-run", "--json").output)
    assert len(acting.records()) == size
    done = json.loads(acting.run("prune", "--json").output)
    assert (planned["dry_run"], done["dry_run"]) == (True, False)
    assert [rule["payloads"] for rule in planned["rules"]] == [2, 1]
    for told, found in zip(planned["rules"], done["rules"], strict=True):
        for name in ("rule", "payloads", "bytes", "oldest", "newest", "kept"):
            assert told[name] == found[name]
        assert found["is_gone"]
    assert json.loads(acting.run("prune", "--dry-run", "--json").output)["rules"][0]["oldest"] is None
    text = acting.run("prune", "--dry-run").output
    assert "bodies (evidence.yaml:4): 0 payloads (0 bytes) would be erased.\n" in text


def test_other_rules_than_the_gateways(acting: ActingLog) -> None:
    """Rules that were changed since the gateway started are not applied, and neither are its old ones."""
    with acting.gateway():
        acting.write_rules(RETENTION.replace("older_than_days: 2", "older_than_days: 1"))
        refused = acting.run("prune")
        assert (refused.exit_code, "not in force" in refused.output) == (2, True), refused.output
        assert acting.report.erased == 0
        acting.write_rules()
        assert acting.run("prune").exit_code == 0


@pytest.mark.parametrize(
    ("retention", "arguments", "why"),
    [
        ("", [], "has no retention rules; write some"),
        (RETENTION, ["--rule", "body"], "did you mean 'bodies'?"),
        (
            RETENTION.replace("days: 2", "days: 0"),
            [],
            "evidence.yaml:5: retention[1].older_than_days must be at least 1",
        ),
    ],
)
def test_refused(acting: ActingLog, retention: str, arguments: list[str], why: str) -> None:
    """What is wrong with the rules is said with its place, and nothing is done."""
    before = acting.places.database.read_bytes()
    acting.write_rules(retention)
    result = acting.run("prune", *arguments)
    assert (result.exit_code, why in result.output) == (2, True), result.output
    assert acting.places.database.read_bytes() == before


def test_a_connection_that_is_gone(acting: ActingLog) -> None:
    """What was kept of it is erased all the same, with a word in case it is misspelt."""
    acting.write_rules("retention: [{name: old, older_than_days: 1, connection: registry}]\n")
    result = acting.run("prune")
    assert (result.exit_code, "no connection 'registry' (any more)" in result.output) == (0, True)
    assert "2 payloads" in result.output


def test_a_reader(acting: ActingLog) -> None:
    """Who reads the log can hold what was erased in its files: that is said, and the next prune ends it."""
    with acting.gateway():
        with closing(store.open_for_reading(acting.places.database)) as reader:
            reader.execute("begin")
            reader.execute("select count(*) from payloads").fetchone()
            result = acting.run("prune")
            assert (result.exit_code, "prune again" in result.output) == (2, True), result.output
            reader.rollback()
        result = acting.run("prune")
        assert (result.exit_code, "0 payloads" in result.output) == (0, True)
        assert BODY not in acting.raw()


def test_on_a_terminal(acting: ActingLog) -> None:
    """A person is shown what would go, and asked; without a yes nothing is done."""
    more = {"COUNTERSIGN_STATE": str(acting.places.root), "COUNTERSIGN_RULES": str(acting.rules)}
    for answer, options, erased in (("n", [], 0), ("y", ["--rule", "bodies"], 2), (None, ["--yes"], 3)):
        child = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], "evidence", "prune", *options],
            env=environment("", "", **more),
            timeout=PATIENCE_SECONDS * 3,
            encoding="utf-8",
        )
        try:
            if answer is not None:
                child.expect_exact("2 payloads (20 bytes) would be erased")
                child.expect_exact("They cannot be brought back. Erase them? [y/N]")
                child.sendline(answer)
            child.expect(pexpect.EOF)
            child.wait()
        finally:
            child.close(force=True)
        assert child.exitstatus == (2 if answer == "n" else 0)
        assert acting.report.erased == erased
    assert sys.executable == COMMAND[0]


def test_help() -> None:
    """Says what makes it regular."""
    assert prune.help is not None
    assert "prune_every_hours" in prune.help
    assert "cron" in prune.help
