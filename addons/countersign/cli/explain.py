"""`countersign rules explain`: what the rules would decide about a request, and which rule says so. Sends nothing."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import click

from countersign.cli.rules import rules_option
from countersign.decision import break_glass, decide, may
from countersign.decision.needed_signatures import together_in_words
from countersign.decision.verdict import Allow, Deny, Hold, Verdict
from countersign.dialects import RequestView, UnknownOperation, recognise
from countersign.errors import BadInput, RulesError
from countersign.identity import Caller
from countersign.masking import masked_names
from countersign.rulebook.loading import load
from countersign.rulebook.problems import RulesErrors
from countersign.rulebook.values import BreakGlassRule, Connection, Requirement, Rulebook
from countersign.schema_change import SchemaDiff, check_schema, compare, summarise
from countersign.strict_json import Json, dumps, loads
from countersign.visible_text import visible_line

_NOTHING = "-"
_NEVER = 2**53  # a caller of an explanation does not expire
_SHAPE = (
    'it looks like {"connection": "orders", "caller": {"issuer": "https://…", "subject": "ci", "people": ["ana"], '
    '"groups": ["devs"], "claims": {}}, "method": "PUT", "target": "/schemas/order", "body": {…}, '
    '"current": {…} or null for no schema yet, "at": "2026-12-24T18:00:00+01:00" or left out for now}'
)
_RFC3339 = re.compile(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@click.command()
@click.argument("request_file", metavar="REQUEST.json", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@rules_option
def explain(request_file: Path, as_json: bool, directory: Path) -> None:
    """Show the decision on the request described in REQUEST.json, and the rule behind it, without sending anything.

    Exit code 0: it was decided (whatever was decided); 2: REQUEST.json or the rules cannot be used.
    """
    try:
        rulebook = load(directory)
        with click.open_file(str(request_file), "rb") as stream:
            described = loads(stream.read())
        answer = _explain(rulebook, described, time.time())
    except (RulesErrors, RulesError, BadInput) as error:
        click.echo(f"{request_file}: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    except OSError as error:
        click.echo(f"{request_file}: {error.strerror}", err=True)
        raise click.exceptions.Exit(2) from None
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=True))
        return
    width = max(map(len, answer))
    for name, value in answer.items():
        for line in value if isinstance(value, list) else [value]:
            click.echo(f"{name.replace('_', ' '):<{width}}  {visible_line(_NOTHING if line is None else str(line))}")


def _explain(rulebook: Rulebook, described: Json, now: float) -> dict[str, Json]:
    if not isinstance(described, dict):
        raise BadInput(_SHAPE)
    connection = _connection(rulebook, described.get("connection"))
    caller = _caller(described.get("caller"))
    at = _instant(described["at"]) if "at" in described else now
    answer: dict[str, Json] = {"caller": caller.label, "at": datetime.fromtimestamp(at, UTC).isoformat()}
    try:
        operation = recognise(rulebook.dialects[connection.dialect], _request(described))
    except UnknownOperation as error:
        return {**answer, "decision": "deny", "reason": str(error), "rule": None}
    answer |= {"operation": operation.name, "effect": operation.effect, "subject": operation.subject}
    access = may(caller, connection.name, operation, rulebook.access)
    if isinstance(access, Deny):
        return answer | _verdict(access)
    answer["access"] = f"{access.reason} ({access.rule})"
    diff: SchemaDiff | None = None
    if operation.has_proposed:
        language = rulebook.dialects[connection.dialect].schema_language
        check_schema(operation.proposed, default_dialect=language)
        diff = compare(
            described.get("current"),
            operation.proposed,
            default_dialect=language,
            masked_names=masked_names(
                rulebook.masking,
                rulebook.built_in_masking,
                connection=connection.name,
                subject=operation.subject,
            ),
        )
        answer |= {"change": list(summarise(diff.changes)), "backward": diff.backward, "forward": diff.forward}
    verdict = decide(caller, connection.name, operation, diff, rulebook, at)
    answer |= _verdict(verdict)
    if isinstance(verdict, Hold):
        answer |= _opening(break_glass(caller, connection.name, operation, diff, rulebook, at))
    return answer


def _verdict(verdict: Verdict) -> dict[str, Json]:
    word = {Allow: "allow", Deny: "deny", Hold: "hold"}[type(verdict)]
    found: dict[str, Json] = {
        "decision": word,
        "reason": verdict.reason,
        "rule": str(verdict.rule) if verdict.rule else None,
    }
    if isinstance(verdict, Hold):
        found["approvers"] = ", ".join(verdict.approval.approvers)
        found["needs"] = [together_in_words(together) for together in verdict.approval.alternatives]
    return found


def _opening(answer: BreakGlassRule | Deny) -> dict[str, Json]:
    """Whether the caller could pass at once instead of waiting."""
    if isinstance(answer, Deny):
        return {"break_glass": "closed", "break_glass_reason": answer.reason}
    reviewed = together_in_words([Requirement(1, answer.reviewers)])
    reason = f"the rule {answer.name!r} ({answer.source}) opens it, to be reviewed afterwards by {reviewed}"
    return {"break_glass": "open", "break_glass_reason": reason}


def _instant(text: Json) -> float:
    """Seconds since the epoch of an RFC 3339 time."""
    try:
        if isinstance(text, str) and _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:  # not in the calendar
        pass
    raise BadInput("`at` must be a time with its offset, as RFC 3339 has it: 2026-12-24T18:00:00+01:00")


def _connection(rulebook: Rulebook, name: Json) -> Connection:
    for connection in rulebook.connections:
        if connection.name == name:
            return connection
    known = ", ".join(connection.name for connection in rulebook.connections)
    raise BadInput(f"`connection` must be one of: {known}; {_SHAPE}")


def _caller(described: Json) -> Caller:
    if not isinstance(described, dict):
        raise BadInput(f"`caller` must be an object; {_SHAPE}")
    values = cast("dict[str, Any]", described)
    claims = values.get("claims", {})
    lists = {name: values.get(name, []) for name in ("people", "groups")}
    texts = {name: values.get(name, "") for name in ("issuer", "subject")}
    for name, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise BadInput(f"`caller.{name}` must be a list of strings")
    if not isinstance(claims, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise BadInput("`caller.claims` must be an object, `issuer` and `subject` strings")
    return Caller(
        **texts,
        audience=(),
        issued_at=0,
        expires_at=_NEVER,
        token_id=None,
        key_id=None,
        key_thumbprint="",
        may_sign=False,
        people=frozenset(lists["people"]),
        groups=frozenset(lists["groups"]),
        claims=MappingProxyType(claims),
    )


def _request(described: dict[str, Json]) -> RequestView:
    method, target, body = described.get("method"), described.get("target"), described.get("body")
    if not isinstance(method, str) or not isinstance(target, str):
        raise BadInput(f"`method` and `target` must be strings; {_SHAPE}")
    if body is None:
        return RequestView(method, target, b"", None)
    return RequestView(method, target, body.encode() if isinstance(body, str) else dumps(body), "application/json")
