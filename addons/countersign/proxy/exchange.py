"""One request on its way: each step adds its own part and rewrites nobody else's. What is in it is what the evidence says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mitmproxy import http

from countersign.approvals import ApprovalRequest
from countersign.decision import Verdict
from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.masking import MaskedMessage
from countersign.proxy.known_schemas import Known
from countersign.proxy.refusal import Refusal
from countersign.rulebook.values import Connection, Dialect
from countersign.schema_change import SchemaDiff
from countersign.strict_json import Json

Via = Literal["tunnel", "plain", "reverse"]
_KEY = "countersign.exchange"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a change does against the schema that is current at this moment, and what the rules say to it."""

    current_digest: str  #: keyed; of the current schema, or of its absence
    references_digest: str  #: keyed; of the schemas that the proposed one refers to
    exists: bool  #: whether there is a current schema
    etag: str | None
    diff: SchemaDiff | None
    verdict: Verdict
    summary: tuple[str, ...]
    changes: tuple[dict[str, Json], ...]  #: masked
    before: Json  #: masked
    after: Json  #: masked
    counterexamples: tuple[dict[str, Json], ...] = ()  #: whole documents that the change decides otherwise; masked
    withholds_examples: bool = False  #: there are counterexamples, but they could hold a masked value
    bundle: Mapping[str, Json] = field(default_factory=dict)  #: not masked; what the proposed schema refers to


@dataclass(frozen=True, slots=True)
class MaskedLater:
    """A request of data whose schema was not known when its intent was written."""

    request: MaskedMessage
    known: Known | None  #: None: its schema could not be read


@dataclass(frozen=True, slots=True)
class Clearance:
    """What may be sent: exactly the request with this fingerprint, for this reason."""

    fingerprint: str
    reason: str
    approval: str | None


#: Parts that a step may add to as often as it looks again; everything else is written once.
_GROWING = frozenset({"assessment", "asked", "release"})


class Exchange:
    """The parts, in the order in which the steps add them. Writing one a second time is a bug and raises."""

    id: str
    started_at: int  #: microseconds UTC
    via: Via
    connection: Connection | None
    dialect: Dialect | None
    caller: Caller | None
    verify_again: Callable[[], Awaitable[Caller]] | None  #: of a CONNECT: whether its credential still counts
    justification: str | None  #: what the caller says to those who decide
    break_glass: str | None  #: why the caller wants it to pass without their decision
    operation: Operation | None
    proposed_digest: str | None  #: keyed, of the proposed schema, or of there being none
    received: str | None  #: keyed digest of the request as it was read
    known: Known | None  #: what describes the data in the request and its answer
    masked: MaskedMessage | None
    masked_later: asyncio.Task[MaskedLater] | None  #: does not raise
    intended: bool  #: the intent is durable
    assessment: Assessment | None  #: the newest
    asked: ApprovalRequest | None  #: the newest approval this request waits for
    clearance: Clearance | None
    forwarded: bool
    answered: http.Response | None  #: by the service, where its caller does not see that but a masked view of it
    shown: Mapping[str, int] | None  #: of that view: the rules that masked values, and how many; None: it was refused
    refusal: Refusal | None
    closed: bool  #: its last record is written
    release: Callable[[], None] | None  #: gives the subject's lock back

    def __init__(self, exchange_id: str, started_at: int, via: Via) -> None:
        self.id = exchange_id
        self.started_at = started_at
        self.via = via

    def __getattr__(self, name: str) -> Any:
        if name in Exchange.__annotations__:
            return False if name in ("intended", "forwarded", "closed") else None
        raise AttributeError(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _GROWING and name in self.__dict__:
            raise AttributeError(f"{name} is written already: a step may not rewrite another's part")
        object.__setattr__(self, name, value)

    def __deepcopy__(self, memo: object) -> Exchange:
        """A flow that mitmproxy reverts to its backup is still the one exchange, with its lock and its refusal."""
        return self

    @property
    def is_refused(self) -> bool:
        return self.refusal is not None

    def unlock(self) -> None:
        """Give the subject's lock back, once."""
        if (release := self.release) is not None:
            self.release = None
            release()


def begin(flow: http.HTTPFlow, exchange: Exchange) -> None:
    """Tie `exchange` to its flow."""
    flow.metadata[_KEY] = exchange


def exchange_of(flow: http.HTTPFlow) -> Exchange | None:
    """The exchange of a flow; None before the front door saw it."""
    exchange = flow.metadata.get(_KEY)
    assert exchange is None or isinstance(exchange, Exchange)
    return exchange


def is_waited_for(flow: http.HTTPFlow) -> bool:
    """Whether an answer would reach a client: it is connected, and nobody has killed the flow (mitmproxy sets an error)."""
    return flow.client_conn.connected and flow.error is None


def was_sent(exchange: Exchange, flow: http.HTTPFlow) -> bool:
    """Whether the service was sent the request, as far as anybody knows: it was released, and mitmproxy had no answer of
    its own for it (`replay.server`, which comes after the last step)."""
    return exchange.forwarded and flow.is_replay != "response"


def refuse(flow: http.HTTPFlow, refusal: Refusal) -> None:
    """Answer the request with `refusal`; the first refusal of an exchange stands."""
    exchange = exchange_of(flow)
    if exchange is None:
        flow.response = refusal.response("-")
        return
    if not exchange.is_refused:
        exchange.refusal = refusal
    flow.response = exchange.refusal.response(exchange.id, exchange.dialect) if exchange.refusal else None
    exchange.unlock()
