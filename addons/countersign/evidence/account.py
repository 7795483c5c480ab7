"""Records told in plain words, safe to show on a terminal.

Tells what the records say; does not check that they are genuine (that is `verification`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from countersign import limits, strict_json
from countersign.errors import BadInput
from countersign.evidence.records import Payload, Record
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_NOBODY = "nobody known"


def sentence(record: Record) -> str:
    """One line that says what happened: who, what, which decision, by whom, with what outcome."""
    return " ".join(visible_line(part) for part in _sentence(record) if part)


def caller(fields: Mapping[str, Json]) -> str:
    """Who asked, as a person would say it; not escaped."""
    found = fields.get("caller")
    if not isinstance(found, dict):
        return _text(found) or _NOBODY
    people, subject, issuer = found.get("people"), _text(found.get("sub")), _text(found.get("iss"))
    account = f"{subject} at {issuer}" if subject and issuer else subject
    if isinstance(people, list) and people:
        names = ", ".join(_text(person) for person in people)
        return f"{names} ({account})" if account else names
    return account or _NOBODY


def details(record: Record) -> Iterator[str]:
    """The whole record, line by line: what the sentence says, every field, every payload."""
    yield f"{record.seq}  {moment(record.time_us)}  {record.type}"
    yield f"  {sentence(record)}"
    if record.fields:
        yield from _indented(json.dumps(record.fields, indent=2, sort_keys=True, ensure_ascii=False), "    ")
    for name in sorted(record.erased):
        yield f"  {name}: erased by rule"
    for name, payload in record.payloads.items():
        yield visible_line(f"  {name}: {payload.media_type}, {len(payload.data)} bytes")
        yield from _indented(_readable(payload), "    ")


def moment(time_us: int) -> str:
    """Microseconds since 1970 as RFC 3339 in UTC; a number that is no time stays a number."""
    seconds, micros = divmod(time_us, 1_000_000)
    try:
        whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(time_us)
    return f"{whole}.{micros:06}Z"


def _sentence(record: Record) -> Iterator[str]:
    fields = record.fields
    reason, rule = _text(fields.get("reason")), _text(fields.get("rule"))
    match record.type:
        case "genesis":
            yield "the log was begun"
        case "start":
            yield "the gateway started"
        case "stop":
            yield "the gateway ended in order"
        case "intent":
            yield f"{caller(fields)} asks for {_what(fields)}"
        case "decision":
            yield from _decision(fields)
        case "outcome":
            yield from _outcome(fields)
        case "outcome_unknown":
            yield "nobody saw what the service answered"
            if observed := _text(fields.get("observed")):
                yield f"and it was asked: {observed}"
        case "refusal":
            yield f"refused to {caller(fields)} with {_text(fields.get('status')) or 'no status'}: {_what(fields)}"
        case "approval":
            yield from _approval(fields)
        case "tunnel":
            yield f"tunnel {_text(fields.get('step'))} for {caller(fields)}: {_text(fields.get('host'))}"
        case "rules":
            yield "rules in force"
        case "clock_step":
            yield "the clock was set"
        case "heartbeat":
            yield "nothing happened"
        case "key_rotation":
            yield f"the log has a new key, epoch {_text(fields.get('epoch')) or 'unknown'}{_by(fields)}"
        case "key_erasure":
            yield f"the key {_text(fields.get('key')) or 'of masked values'} was erased{_by(fields)}"
        case "prune":
            yield f"{_text(fields.get('count')) or 'some'} payloads were erased by the rule {_text(fields.get('rule'))}{_by(fields)}"
        case "export":
            yield f"the log was exported{_by(fields)}"
    if reason:
        yield f"because: {reason}"
    if rule:
        yield f"[rule {rule}]"  # its place is in brackets of its own


def _decision(fields: Mapping[str, Json]) -> Iterator[str]:
    verdict = _text(fields.get("verdict"))
    yield f"decision: {verdict or 'none'}"
    if verdict == "break-glass":
        yield f"without the approval it needs, to be reviewed as {_text(fields.get('approval')) or 'nothing known'}"
        yield from _justified(fields)


def _justified(fields: Mapping[str, Json]) -> Iterator[str]:
    if justification := _text(fields.get("justification")):
        yield f"justified with: {justification}"


def _outcome(fields: Mapping[str, Json]) -> Iterator[str]:
    status = _text(fields.get("status"))
    if fields.get("forwarded") is False:
        code = _text(fields.get("code"))
        told = f"answered {status}" + (f" ({code})" if code else "") if status else "it ended without an answer"
        yield f"nothing was sent to the service: {told}"
    else:
        yield f"the service answered {status}" if status else "the request ended"


def _approval(fields: Mapping[str, Json]) -> Iterator[str]:
    data = fields.get("data")
    told = {**data, **fields} if isinstance(data, dict) else fields
    verdict, named = _text(fields.get("verdict")), _text(fields.get("approval"))
    match verdict, _text(told.get("review")):
        case "break-glass", _:
            yield f"{caller(fields)} broke the glass: it passes without approval, to be reviewed as {named}"
        case "reviewed", "accept":
            yield f"break-glass change {named} reviewed and accepted"
        case "reviewed", "object":
            yield f"break-glass change {named} reviewed and objected to"
        case _:
            yield f"approval {named} {verdict}".replace("  ", " ")
    if person := _text(told.get("person")):
        yield f"by {person}"
    yield from _justified(told)
    if not fields.get("reason") and (reason := _text(told.get("reason"))):
        yield f"because: {reason}"


def _by(fields: Mapping[str, Json]) -> str:
    actor = _text(fields.get("actor"))
    return f" by {actor}" if actor else ""


def _what(fields: Mapping[str, Json]) -> str:
    """`register orders-value on registry (POST https://...)`, as far as it is known."""
    operation = _text(fields.get("operation")) or _text(fields.get("effect"))
    subject, connection = _text(fields.get("subject")), _text(fields.get("connection"))
    line = " ".join(part for part in (_text(fields.get("method")), _text(fields.get("url"))) if part)
    told = " ".join(part for part in (operation, subject) if part) or line or "something"
    if connection:
        told += f" on {connection}"
    return f"{told} ({line})" if line and line not in told else told


def _text(value: Json) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return value if isinstance(value, str) else str(value)


def _readable(payload: Payload) -> str:
    try:
        return json.dumps(
            strict_json.loads(payload.data, max_depth=limits.MAX_APPROVAL_DEPTH), indent=2, ensure_ascii=False
        )
    except BadInput:
        pass
    try:
        return payload.data.decode()
    except UnicodeDecodeError:
        return "(not text)"


def _indented(text: str, indent: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield indent + visible_line(line)
