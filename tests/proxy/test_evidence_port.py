"""The one way into the log: masked first, complete, and each record found by what it is about."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from mitmproxy import http

from countersign.approvals import ApprovalRequest
from countersign.decision import Allow, Deny, Hold
from countersign.errors import EvidenceUnavailable
from countersign.evidence import EvidenceLog, LogSettings, Record
from countersign.evidence.errors import NotAnchored
from countersign.evidence.settings import WitnessPlace
from countersign.proxy.evidence_port import EvidencePort
from countersign.proxy.exchange import Assessment, Exchange
from countersign.proxy.refusal import Refusal
from countersign.rulebook.values import BreakGlassRule, Condition, MaskingRule, Who
from countersign.schema_change import compare
from tests.evidence.watching import Time, cosigner
from tests.proxy.values import DIGEST, SOURCE, approval_rule, caller, data_masking, exchange, flow, masking, operation

_SECRET = "hunter2"
_RULES = (
    MaskingRule("m1", ("*",), ("*",), ("request", "response", "schema"), ("$..password",), (), (), "redact", 0, SOURCE),
    MaskingRule("m2", ("*",), ("*",), ("request", "response"), (), ("X-Team", "Set-Cookie"), (), "redact", 0, SOURCE),
    MaskingRule("m3", ("*",), ("*",), ("request",), (), (), ("x",), "redact", 0, SOURCE),
)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[EvidencePort]:
    """Over a real log."""
    log = EvidenceLog.open(
        tmp_path / "evidence",
        tmp_path / "keys",
        "countersign.test/audit/1",
        clock=lambda: 1_800_000_000_000_000,
        randomness=secrets.token_bytes,
        software={"name": "tests"},
    )
    yield _port(log)
    log.close()


def _port(log: EvidenceLog) -> EvidencePort:
    made = masking(*_RULES)
    return EvidencePort(log, made, data_masking(made), DIGEST)


def _request() -> http.HTTPFlow:
    body = json.dumps({"type": "object", "password": _SECRET}).encode()
    url = f"https://schemas.example/schemas/a?x={_SECRET}"
    return flow(body=body, url=url, headers=(("Content-Type", "application/json"), ("X-Team", _SECRET)))


def _answered(made: http.HTTPFlow) -> http.HTTPFlow:
    made.response = http.Response.make(200, json.dumps({"password": _SECRET, "id": 7}), {"Set-Cookie": _SECRET})
    return made


def _last(port: EvidencePort) -> Record:
    return list(port.log.records())[-1]


def _everything(record: Record) -> str:
    return str(record.fields) + "".join(payload.data.decode() for payload in record.payloads.values())


def _assessment(verdict: Any) -> Assessment:
    diff = compare({"type": "string"}, {"type": "object"})
    changes: tuple[dict[str, Any], ...] = ({"kind": "k"},)
    return Assessment("c1", "r1", True, None, diff, verdict, ("one",), changes, {"b": 1}, {"a": 1}, ({"value": ""},))


async def _intended(port: EvidencePort, made: http.HTTPFlow, **parts: Any) -> Exchange:
    asked = exchange(**parts)
    asked.masked = await port.data.request(asked, made)
    await port.intent(asked, made)
    return asked


async def test_an_intent_says_who_wants_what_and_no_secret(port: EvidencePort) -> None:
    """The token's particulars, the operation, the masked request; and from then on the exchange is intended."""
    asked = await _intended(port, _request())
    record = _last(port)
    assert (record.type, record.exchange) == ("intent", "e1")
    assert record.fields["identity"] == caller().as_evidence()
    assert (record.fields["operation"], record.fields["effect"]) == ("replace schema", "update")
    assert (record.fields["connection"], record.fields["subject"], record.fields["caller"]) == (
        "schemas",
        "a",
        caller().label,
    )
    assert record.fields["look_up"] == "/schemas/a"
    assert str(record.fields["url"]).startswith("https://schemas.example:443/schemas/a?x=")
    assert _SECRET not in _everything(record)
    assert asked.intended


async def test_an_intent_that_is_not_durable_is_none(port: EvidencePort) -> None:
    """The exchange is not intended, so its last step refuses to send it."""
    port.log.close()
    asked = exchange()
    asked.masked = await port.data.request(asked, _request())
    with pytest.raises(EvidenceUnavailable):
        await port.intent(asked, _request())
    assert not asked.intended


@pytest.mark.parametrize("effect", ["data", "register", "update", "delete", "settings"])
async def test_only_reads_are_intended_without_an_anchor(tmp_path: Path, effect: Any) -> None:
    """Where the witness has not answered for too long nothing that changes anything has an intent; a read has."""

    def unreachable(url: str, body: bytes) -> tuple[int, str, bytes]:
        raise OSError("no answer")

    time = Time()
    witness = WitnessPlace("https://witness.example", cosigner(0).verifier)
    log = EvidenceLog.open(
        tmp_path / "evidence",
        tmp_path / "keys",
        "countersign.test/audit/1",
        clock=time.wall,
        randomness=secrets.token_bytes,
        software={"name": "tests"},
        settings=LogSettings(witnesses=(witness,), quorum=1, warn_after_seconds=5, refuse_after_seconds=5),
        steady=time.steady,
        post=unreachable,
    )
    with closing(log):
        port = _port(log)
        change, read = operation(effect=effect), operation(effect="read")
        assert (await _intended(port, _request(), operation=change)).intended
        time.pass_seconds(6)
        refused = exchange(operation=change)
        refused.masked = await port.data.request(refused, _request())
        with pytest.raises(NotAnchored):
            await port.intent(refused, _request())
        assert not refused.intended
        assert (await _intended(port, _request(), operation=read)).intended


async def test_the_proposed_schema_is_known_by_a_keyed_digest(port: EvidencePort) -> None:
    """So that recovery can tell whether it was applied, and nobody can guess what was masked in it."""
    digest = port.schema_digest({"type": "object", "password": _SECRET})
    await _intended(port, _request(), proposed_digest=digest)
    assert _last(port).fields["proposed"] == port.schema_digest({"password": _SECRET, "type": "object"}) == digest


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (Allow("because", SOURCE), "allow"),
        (Deny("because", None), "deny"),
        (Hold("because", SOURCE, approval_rule("r", Condition(), "hold"), Allow("may", SOURCE)), "hold"),
    ],
)
async def test_a_decision_names_its_rule_and_keeps_the_change(port: EvidencePort, verdict: Any, word: str) -> None:
    """Allow, deny or hold; the rule's file and line, or that none allowed it; what was compared and what came out."""
    asked = await _intended(port, _request())
    await port.decision(asked, _assessment(verdict))
    record = _last(port)
    assert (record.type, record.fields["verdict"], record.fields["reason"]) == ("decision", word, "because")
    assert record.fields["rule"] == (None if word == "deny" else str(SOURCE))
    assert (record.fields["backward"], record.fields["current"]) == ("breaking", "c1")
    change = json.loads(record.payloads["change"].data)
    assert (change["before"], change["after"], change["summary"]) == ({"b": 1}, {"a": 1}, ["one"])
    assert change["counterexamples"] == [{"value": ""}]


async def test_a_broken_glass_is_a_decision_of_its_own(port: EvidencePort) -> None:
    """Beside the hold: under which rule it passes, why, and what to review; the rest as of every decision."""
    asked = exchange(break_glass="the shop is down")
    asked.masked = await port.data.request(asked, _request())
    await port.intent(asked, _request())
    rule = BreakGlassRule("fire", Who(everyone=True), Condition(), ("group:approvers",), SOURCE)
    await port.broke_the_glass(asked, _assessment(Allow("x", None)), rule, "a1")
    fields = _last(port).fields
    assert (fields["verdict"], fields["approval"], fields["justification"]) == ("break-glass", "a1", "the shop is down")
    assert (fields["rule"], fields["current"], fields["backward"]) == (str(SOURCE), "c1", "breaking")


async def test_what_the_caller_says_is_kept_with_the_request(port: EvidencePort) -> None:
    """Beside the headers that are sent on, so that masking rules hold for it too."""
    asked = exchange(justification="ticket 7", break_glass="fire")
    asked.masked = await port.data.request(asked, _request())
    await port.intent(asked, _request())
    kept = json.loads(_last(port).payloads["request-headers"].data)
    assert kept[-2:] == [["countersign-justification", "ticket 7"], ["countersign-break-glass", "fire"]]


async def test_a_read_has_intent_and_decision_in_one_commit(port: EvidencePort) -> None:
    """One wait for the disk instead of two."""
    asked = exchange()
    asked.masked = await port.data.request(asked, _request())
    await port.intent(
        asked, _request(), Assessment("-", "-", False, None, None, Allow("x", SOURCE), (), (), None, None)
    )
    kinds = [record.type for record in port.log.records()]
    assert kinds[-2:] == ["intent", "decision"]
    assert not _last(port).payloads


async def test_an_outcome_keeps_the_masked_answer(port: EvidencePort) -> None:
    """Status, whether it was forwarded, for which approval; no secret of the service's answer."""
    made = _answered(_request())
    asked = await _intended(port, made)
    asked.asked = cast("ApprovalRequest", type("Asked", (), {"id": "a1"})())
    asked.forwarded = True
    await port.outcome(asked, made)
    record = _last(port)
    assert (record.type, record.fields["status"], record.fields["forwarded"]) == ("outcome", 200, True)
    assert record.fields["approval"] == "a1"
    assert _SECRET not in _everything(record)
    assert b'"id":7' in record.payloads["response-body"].data


async def test_an_outcome_without_an_answer_says_why(port: EvidencePort) -> None:
    """Not forwarded: nothing to look up. Forwarded: what the service says now."""
    asked = await _intended(port, _request())
    await port.outcome_without_answer(asked, "client gone")
    assert (_last(port).type, _last(port).fields["forwarded"], _last(port).fields["reason"]) == (
        "outcome",
        False,
        "client gone",
    )
    await port.outcome_unknown(asked, "connection lost", "applied: yes")
    assert (_last(port).type, _last(port).fields["observed"]) == ("outcome_unknown", "applied: yes")


async def test_a_refusal_before_everything_is_recorded_with_what_is_known(port: EvidencePort) -> None:
    """Nobody is identified and nothing understood: address, host, method and target all the same, masked."""
    made = _request()
    asked = Exchange("e2", 1, "plain")
    await port.refusal(asked, made, Refusal(407, "no-identity", "who?"))
    record = _last(port)
    assert (record.type, record.fields["status"], record.fields["code"]) == ("refusal", 407, "no-identity")
    assert (record.fields["caller"], record.fields["identity"], record.fields["connection"]) == (None, None, None)
    assert record.fields["host"] == "schemas.example:443"
    assert record.fields["client"] == f"{made.client_conn.peername[0]}:{made.client_conn.peername[1]}"
    assert _SECRET not in _everything(record)


@pytest.mark.parametrize("part", ["target", "host", "method", "header", "body"])
async def test_bytes_that_are_no_text_can_be_recorded(port: EvidencePort, part: str) -> None:
    """An attack must not get past the log by being unreadable."""
    made = _request()
    match part:
        case "target":
            made.request.data.path = b"/\xff\xfe"
        case "host":
            made.request.data.host = "h\udcff.example"
        case "method":
            made.request.data.method = b"P\xffT"
        case "header":
            made.request.headers = http.Headers([(b"X-\xff", b"\xff")])
        case _:
            made.request.raw_content = b"\xff\x00"
    await port.refusal(Exchange("e2", 1, "plain"), made, Refusal(400, "bad-input", "\udcff"))
    assert _last(port).type == "refusal"


async def test_a_tunnel_is_recorded_with_its_caller(port: EvidencePort) -> None:
    """Opened and closed: by whom, and where to."""
    await port.tunnel(exchange(), "opened", "idp.example", 443)
    record = _last(port)
    assert (record.fields["step"], record.fields["host"], record.fields["port"]) == ("opened", "idp.example", 443)
    assert record.fields["identity"] == caller().as_evidence()
    await port.tunnel(exchange(), "closed", "idp.example", 443, sent=3, received=5, reason="one side closed it")
    assert {"step": "closed", "sent": 3, "received": 5}.items() <= _last(port).fields.items()


async def test_every_text_of_a_record_is_searched_for_secrets(port: EvidencePort) -> None:
    """Reasons, what was observed, subjects, hosts: whatever a caller, a service or an error put into them."""
    card = "4111111111111111"
    made = _request()
    asked = await _intended(port, made, operation=operation(subject=f"of-{card}"))
    await port.decision(asked, _assessment(Deny(f"because of {card}", None)))
    await port.outcome_without_answer(asked, f"lost {card}")
    await port.outcome_unknown(asked, f"lost {card}", f"unreadable: {card}")
    await port.tunnel(asked, "closed", f"{card}.example", 443, reason=f"it said {card}")
    made.request.host = f"{card}.example"
    await port.refusal(exchange(operation=operation(subject=card)), made, Refusal(403, "x", f"{card} is not known"))
    records = [record for record in port.log.records() if record.exchange is not None]
    assert len(records) == 6
    assert card not in "".join(_everything(record) for record in records)
    assert "[masked]" in str(records[-1].fields["host"])
    assert records[0].fields["look_up"] == "/schemas/a"


async def test_a_place_that_cannot_be_written_is_not_looked_up_again(port: EvidencePort) -> None:
    """Recovery reads the record: it must not ask for a masked place."""
    current = replace(operation().current, target="/schemas/4111111111111111")  # type: ignore[type-var]
    await _intended(port, _request(), operation=operation(current=current))
    assert _last(port).fields["look_up"] is None
