"""Values for tests of single modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from mitmproxy import http
from mitmproxy.test import tflow

from countersign.dialects import CurrentRead, Operation
from countersign.identity import Caller
from countersign.masking import KeyedDigest
from countersign.proxy.exchange import Exchange
from countersign.rulebook.values import (
    AccessRule,
    ApprovalRule,
    Condition,
    Connection,
    Effect,
    IdentityRules,
    MaskingRule,
    Requirement,
    Rulebook,
    SchemaPlace,
    Source,
    Who,
)

DIGEST = KeyedDigest(b"k" * 32)
SOURCE = Source("connections/schemas.yaml", 3)
EVERY_EFFECT: tuple[Effect, ...] = ("read", "data", "register", "update", "delete", "settings")


def connection(**changes: Any) -> Connection:
    usual = Connection("schemas", "https", "schemas.example", 443, "rest", 45, 503, None, False, SOURCE)
    return replace(usual, **changes)


def caller(**changes: Any) -> Caller:
    usual = Caller(
        issuer="https://login.example",
        subject="sub-alice",
        audience=("countersign",),
        issued_at=1_800_000_000,
        expires_at=1_800_000_600,
        token_id=None,
        key_id=None,
        key_thumbprint="thumbprint",
        may_sign=True,
        people=frozenset({"alice"}),
        groups=frozenset({"engineers"}),
        claims={},
    )
    return replace(usual, **changes)


def flow(
    method: str = "PUT",
    url: str = "https://schemas.example/schemas/a?x=1",
    body: bytes = b'{"type":"object"}',
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"), ("X-Team", "a")),
) -> http.HTTPFlow:
    """A request that has come in whole."""
    made = tflow.tflow()
    made.request = http.Request.make(method, url)
    made.request.headers = http.Headers([(name.encode(), value.encode()) for name, value in headers])
    made.request.raw_content = body
    return made


def operation(**changes: Any) -> Operation:
    """Replacing the schema of subject `a`."""
    current = CurrentRead("/schemas/a", SchemaPlace("$", "json"), (404,), None, True)
    usual = Operation("rest", "replace schema", "update", "a", {"type": "object"}, True, (), current, SOURCE)
    return replace(usual, **changes)


def rulebook(*, masking: tuple[MaskingRule, ...] = (), approval: tuple[ApprovalRule, ...] = ()) -> Rulebook:
    """Engineers may do everything; what is equal passes, or as `approval` says."""
    access = AccessRule("all", "allow", Who(groups=("engineers",)), ("*",), ("*",), EVERY_EFFECT, SOURCE)
    equal = Condition(backward=("compatible",), forward=("compatible",))
    rules = approval or (approval_rule("equal", equal, "allow"), approval_rule("others", Condition(), "hold"))
    return Rulebook((connection(),), (), {}, IdentityRules((), ()), (access,), rules, masking, "rules-digest")


def approval_rule(name: str, when: Condition, verdict: Literal["allow", "deny", "hold"]) -> ApprovalRule:
    return ApprovalRule(name, when, verdict, ((Requirement(1, ("group:approvers",)),),), ("deny",), 3600, 600, SOURCE)


def exchange(**parts: Any) -> Exchange:
    """An exchange after the steps that find out what is asked for."""
    made = Exchange("e1", 1_800_000_000_000_000, "plain")
    usual: dict[str, Any] = {"connection": connection(), "caller": caller(), "operation": operation()}
    for name, value in {**usual, **parts}.items():
        setattr(made, name, value)
    return made
