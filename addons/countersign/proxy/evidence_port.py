"""The one way into the evidence log: masks first, then writes. Nobody else writes records of requests.

Every intent is followed by exactly one outcome; a request that was refused before its intent gets one refusal record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mitmproxy import http

from countersign.decision import Allow, Deny, Hold
from countersign.evidence import Entry, EvidenceLog, Payload
from countersign.masking import KeyedDigest, MaskedMessage
from countersign.proxy.data_masking import DataMasking
from countersign.proxy.exchange import Assessment, Exchange, was_sent
from countersign.proxy.header_names import BREAK_GLASS
from countersign.proxy.justification import said
from countersign.proxy.message_masking import MessageMasking, request_message
from countersign.proxy.off_loop import aside
from countersign.proxy.record_fields import RecordFields, body_fields, body_payload, payloads
from countersign.proxy.refusal import Refusal
from countersign.rulebook.values import BreakGlassRule
from countersign.strict_json import Json, dumps_in_pieces

_VERDICTS: Mapping[type, str] = {Allow: "allow", Deny: "deny", Hold: "hold"}
_OF_A_STRANGER = "its caller is not known"


class EvidencePort:
    def __init__(self, log: EvidenceLog, masking: MessageMasking, data: DataMasking, digest: KeyedDigest) -> None:
        self.log = log
        self.masking = masking
        self.data = data
        self.digest = digest
        self._fields = RecordFields(masking.text)

    # -- one request --------------------------------------------------------------------------------------------------

    async def intent(self, exchange: Exchange, flow: http.HTTPFlow, assessment: Assessment | None = None) -> None:
        """Before the service hears anything of this request. With `assessment`, its decision in the same commit.

        Raises EvidenceUnavailable; of that NotAnchored for anything but a read while the last anchor is too old.
        """
        assert exchange.masked is not None
        assert exchange.operation is not None
        if exchange.operation.effect != "read":
            self.log.require_anchor()
        entries = [
            Entry(
                "intent",
                exchange.id,
                {
                    **self._fields.about(exchange),
                    "identity": exchange.caller.as_evidence() if exchange.caller else None,
                    "operation": exchange.operation.name,
                    "effect": exchange.operation.effect,
                    "look_up": self._look_up(exchange),
                    "proposed": exchange.proposed_digest,
                    "via": exchange.via,
                    "client": _client(flow),
                    **self._fields.message(flow, exchange.masked),
                },
                payloads("request", exchange.masked),
            )
        ]
        if assessment is not None:
            entries.append(await self._decision(exchange, assessment))
        await self.log.append(*entries)
        exchange.intended = True

    async def decision(self, exchange: Exchange, assessment: Assessment) -> None:
        """What was decided, by which rule, and what the change is."""
        await self.log.append(await self._decision(exchange, assessment))

    async def broke_the_glass(
        self, exchange: Exchange, assessment: Assessment, rule: BreakGlassRule, approval: str
    ) -> None:
        """What was held passes all the same: by which rule, with what justification, to be reviewed as what."""
        verdict = Allow(f"the rule {rule.name!r} lets it pass at once, to be reviewed afterwards", rule.source)
        more: dict[str, Json] = {
            "verdict": "break-glass",
            "approval": approval,
            "justification": said(exchange, BREAK_GLASS),
        }
        await self.log.append(await self._decision(exchange, replace(assessment, verdict=verdict), more))

    async def _decision(
        self, exchange: Exchange, assessment: Assessment, more: Mapping[str, Json] | None = None
    ) -> Entry:
        verdict, diff = assessment.verdict, assessment.diff
        change: dict[str, Json] = {
            "summary": list(assessment.summary),
            "changes": list(assessment.changes),
            "counterexamples": list(assessment.counterexamples),
            "reasons": list(diff.reasons) if diff else [],
            "before": assessment.before,
            "after": assessment.after,
        }
        return Entry(
            "decision",
            exchange.id,
            {
                **self._fields.about(exchange),
                "verdict": _VERDICTS[type(verdict)],
                "reason": self._fields.text(verdict.reason),
                "rule": str(verdict.rule) if verdict.rule else None,
                "backward": diff.backward if diff else None,
                "forward": diff.forward if diff else None,
                "current": assessment.current_digest,
                **(more or {}),
            },
            {"change": Payload("application/json", await aside(lambda: dumps_in_pieces(change)))} if diff else {},
        )

    async def outcome(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """What the client is about to be told; of a masked view: what the service said, and what is shown of it."""
        assert flow.response is not None
        masked = await self.data.response(exchange, flow)
        fields: dict[str, Json] = {
            "status": (exchange.answered or flow.response).status_code,
            "forwarded": was_sent(exchange, flow),
            "code": exchange.refusal.code if exchange.refusal else None,
            "approval": exchange.asked.id if exchange.asked else None,
            **body_fields(masked),
        }
        if exchange.answered is not None:
            fields["client_view"] = {"status": flow.response.status_code, "masked": dict(exchange.shown or {})}
        await self._end(exchange, "outcome", fields, payloads("response", masked))

    async def outcome_without_answer(self, exchange: Exchange, why: str) -> None:
        """The request ended before it was sent to the service, and its client got no answer from here."""
        fields: dict[str, Json] = {"status": None, "forwarded": False, "reason": self._fields.text(why)}
        await self._end(exchange, "outcome", fields, {})

    async def outcome_unknown(self, exchange: Exchange, why: str, observed: str) -> None:
        """The service was sent the request and nobody saw its answer; `observed` is what the service says now."""
        text = self._fields.text
        fields: dict[str, Json] = {"forwarded": True, "reason": text(why), "observed": text(observed)}
        await self._end(exchange, "outcome_unknown", fields, {})

    async def _end(
        self, exchange: Exchange, kind: str, fields: Mapping[str, Json], with_it: Mapping[str, Payload]
    ) -> None:
        """The last record, with the request's body where that could not be masked in time for the intent."""
        fields, with_it = {**self._fields.about(exchange), **fields}, dict(with_it)
        if exchange.masked_later is not None:
            request = (await exchange.masked_later).request
            fields["request"] = body_fields(request)
            with_it |= body_payload("request", request)
        await self.log.append(Entry(kind, exchange.id, fields, with_it))

    async def refusal(self, exchange: Exchange, flow: http.HTTPFlow, refusal: Refusal) -> None:
        """A request that was refused before its intent: no contact with the service was made for it."""
        masked, text = exchange.masked, self._fields.text
        if masked is None:
            masked = await self._masked_refused(exchange, flow)
        await self.log.append(
            Entry(
                "refusal",
                exchange.id,
                {
                    **self._fields.about(exchange),
                    "identity": exchange.caller.as_evidence() if exchange.caller else None,
                    "verdict": "deny",
                    "status": refusal.status,
                    "code": refusal.code,
                    "reason": text(refusal.detail),
                    "host": text(f"{flow.request.host}:{flow.request.port}"),
                    "via": exchange.via,
                    "client": _client(flow),
                    **self._fields.message(flow, masked),
                },
                payloads("request", masked) if exchange.caller else {},
            )
        )

    async def _masked_refused(self, exchange: Exchange, flow: http.HTTPFlow) -> MaskedMessage:
        if exchange.caller is None:  # strangers neither fill the disk nor make the gateway work
            return await self.masking.without_body(request_message(exchange, flow), _OF_A_STRANGER)
        return await self.data.request(exchange, flow)

    async def tunnel(self, exchange: Exchange, step: str, host: str, port: int, **passed: Json) -> None:
        """A blind tunnel was opened, is passing bytes, or was closed; `passed` says how many, how long and why."""
        fields: dict[str, Json] = {
            **self._fields.about(exchange),
            "identity": exchange.caller.as_evidence() if exchange.caller else None,
            "step": step,
            "host": self._fields.text(host),
            "port": port,
            **{name: self._fields.text(value) if isinstance(value, str) else value for name, value in passed.items()},
        }
        await self.log.append(Entry("tunnel", exchange.id, fields))

    def schema_digest(self, schema: Json) -> str:
        """The keyed digest of one schema in its canonical form."""
        return self.digest.of(dumps_in_pieces(schema), label="schema")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _look_up(self, exchange: Exchange) -> str | None:
        """Where the gateway is about to read a schema for this request. None also where that cannot be written: recovery
        would read a masked place."""
        assert exchange.operation is not None
        read = exchange.operation.current
        if read is None and exchange.known is None:
            read = exchange.operation.data_schema
        return read.target if read is not None and self._fields.text(read.target) == read.target else None


def _client(flow: http.HTTPFlow) -> Json:
    host, port = flow.client_conn.peername[:2]
    return f"{host}:{port}"
