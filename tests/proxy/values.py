"""Values for tests of single modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from mitmproxy import http
from mitmproxy.test import tflow

from countersign.dialects import CurrentRead, Operation
from countersign.identity import Caller
from countersign.masking import KeyedDigest, MaskedMessage
from countersign.proxy.data_masking import DataMasking
from countersign.proxy.exchange import Exchange
from countersign.proxy.known_schemas import KnownSchemas
from countersign.proxy.masking_child import Settings
from countersign.proxy.masking_process import MaskingProcess
from countersign.proxy.message_masking import MessageMasking, request_message
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.rulebook.values import (
    AccessRule,
    ApprovalRule,
    BuiltInMasking,
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
from countersign.strict_json import Json

DIGEST = KeyedDigest(b"k" * 32)
READ = CurrentRead("/schemas/a", SchemaPlace("$", "json"), (404,), None, False)  #: where the schema of data is
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


def settings(*rules: MaskingRule) -> Settings:
    """What masks by these rules, and by what is built in."""
    return Settings(rules, BuiltInMasking(), b"k" * 32, b"v" * 32)


def masking(*rules: MaskingRule) -> MessageMasking:
    """Masks by these rules; its child starts with the first large message."""
    return MessageMasking(settings(*rules), MaskingProcess(settings(*rules)))


def masked(made: http.HTTPFlow, *rules: MaskingRule) -> MaskedMessage:
    """What may be kept of a small request of nobody in particular."""
    return masking(*rules).masker.message(**request_message(exchange(), made))


class HeldService(ServiceReader):
    """Holds what a test says, and counts how often it is read."""

    def __init__(self, current: CurrentSchema, bundle: dict[str, Json] | None = None) -> None:
        self.held = current
        self.references = bundle or {}
        self.reads = 0

    async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
        self.reads += 1
        return self.held

    async def bundle(self, connection: Connection, references: Any) -> dict[str, Json]:
        return {reference.name: self.references[reference.name] for reference in references}


def known_schemas(reader: ServiceReader) -> KnownSchemas:
    """Of a clock that stands."""
    return KnownSchemas(reader, DIGEST, lambda: 0.0)


def data_masking(made: MessageMasking, held: CurrentSchema | None = None) -> DataMasking:
    """Before a service that holds `held`, or nothing."""
    return DataMasking(made, known_schemas(HeldService(held or CurrentSchema(False, None, {}, None))))
