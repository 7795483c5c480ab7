"""The one way into the evidence log: masks first, then writes. Nobody else writes records of requests.

Every intent is followed by exactly one outcome; a request that was refused before its intent gets one refusal record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mitmproxy import http

from countersign import limits
from countersign.decision import Allow, Deny, Hold
from countersign.evidence import Entry, EvidenceLog, Payload
from countersign.masking import KeyedDigest, MaskedMessage, Masker
from countersign.proxy.exchange import Assessment, Exchange, was_sent
from countersign.proxy.header_names import BREAK_GLASS
from countersign.proxy.justification import kept_headers, said
from countersign.proxy.off_loop import off_loop
from countersign.proxy.refusal import Refusal
from countersign.rulebook.values import BreakGlassRule
from countersign.strict_json import Json, dumps

_VERDICTS: Mapping[type, str] = {Allow: "allow", Deny: "deny", Hold: "hold"}


class EvidencePort:
    def __init__(self, log: EvidenceLog, masker: Masker, digest: KeyedDigest) -> None:
        self.log = log
        self.masker = masker
        self.digest = digest

    # -- one request --------------------------------------------------------------------------------------------------

    def masked_request(self, exchange: Exchange, flow: http.HTTPFlow) -> MaskedMessage:
        """What may be kept (and shown) of a request."""
        return self.masker.message(
            connection=exchange.connection.name if exchange.connection else "",
            subject=exchange.operation.subject if exchange.operation else None,
            direction="request",
            target=flow.request.path,
            headers=(*flow.request.headers.items(multi=True), *kept_headers(exchange)),
            body=flow.request.raw_content,
        )

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
                    **self._about(exchange),
                    "identity": exchange.caller.as_evidence() if exchange.caller else None,
                    "operation": exchange.operation.name,
                    "effect": exchange.operation.effect,
                    "look_up": exchange.operation.current.target if exchange.operation.current else None,
                    "proposed": self.schema_digest(exchange.operation.proposed),
                    "via": exchange.via,
                    "client": self._client(flow),
                    **_message(flow, exchange.masked),
                },
                _payloads("request", exchange.masked),
            )
        ]
        if assessment is not None:
            entries.append(self._decision(exchange, assessment))
        await self.log.append(*entries)
        exchange.intended = True

    async def decision(self, exchange: Exchange, assessment: Assessment) -> None:
        """What was decided, by which rule, and what the change is."""
        await self.log.append(self._decision(exchange, assessment))

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
        await self.log.append(self._decision(exchange, replace(assessment, verdict=verdict), more))

    def _decision(self, exchange: Exchange, assessment: Assessment, more: Mapping[str, Json] | None = None) -> Entry:
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
                **self._about(exchange),
                "verdict": _VERDICTS[type(verdict)],
                "reason": verdict.reason,
                "rule": str(verdict.rule) if verdict.rule else None,
                "backward": diff.backward if diff else None,
                "forward": diff.forward if diff else None,
                "current": assessment.current_digest,
                **(more or {}),
            },
            {"change": Payload("application/json", dumps(change))} if diff else {},
        )

    async def outcome(self, exchange: Exchange, flow: http.HTTPFlow) -> None:
        """What the client is about to be told."""
        assert flow.response is not None
        response = flow.response
        masked = await off_loop(
            len(response.raw_content or b""),
            lambda: self.masker.message(
                connection=exchange.connection.name if exchange.connection else "",
                subject=exchange.operation.subject if exchange.operation else None,
                direction="response",
                target=None,
                headers=tuple(response.headers.items(multi=True)),
                body=response.raw_content,
            ),
        )
        fields: dict[str, Json] = {
            **self._about(exchange),
            "status": flow.response.status_code,
            "forwarded": was_sent(exchange, flow),
            "code": exchange.refusal.code if exchange.refusal else None,
            "approval": exchange.asked.id if exchange.asked else None,
            **_body(masked),
        }
        await self.log.append(Entry("outcome", exchange.id, fields, _payloads("response", masked)))

    async def outcome_without_answer(self, exchange: Exchange, why: str) -> None:
        """The request ended before it was sent to the service, and its client got no answer from here."""
        fields: dict[str, Json] = {**self._about(exchange), "status": None, "forwarded": False, "reason": why}
        await self.log.append(Entry("outcome", exchange.id, fields))

    async def outcome_unknown(self, exchange: Exchange, why: str, observed: str) -> None:
        """The service was sent the request and nobody saw its answer; `observed` is what the service says now."""
        fields: dict[str, Json] = {**self._about(exchange), "forwarded": True, "reason": why, "observed": observed}
        await self.log.append(Entry("outcome_unknown", exchange.id, fields))

    async def refusal(self, exchange: Exchange, flow: http.HTTPFlow, refusal: Refusal) -> None:
        """A request that was refused before its intent: no contact with the service was made for it."""
        size = len(flow.request.raw_content or b"")
        masked = exchange.masked
        if masked is None:
            masked = await off_loop(size, lambda: self.masked_request(exchange, flow))
        await self.log.append(
            Entry(
                "refusal",
                exchange.id,
                {
                    **self._about(exchange),
                    "identity": exchange.caller.as_evidence() if exchange.caller else None,
                    "verdict": "deny",
                    "status": refusal.status,
                    "code": refusal.code,
                    "reason": _clean(refusal.detail),
                    "host": _clean(f"{flow.request.host[:255]}:{flow.request.port}"),
                    "via": exchange.via,
                    "client": self._client(flow),
                    **_message(flow, masked),
                },
                _payloads("request", masked) if exchange.caller else {},  # strangers do not fill the disk
            )
        )

    async def tunnel(self, exchange: Exchange, step: str, host: str, port: int, **passed: Json) -> None:
        """A blind tunnel was opened, is passing bytes, or was closed; `passed` says how many, how long and why."""
        fields: dict[str, Json] = {
            **self._about(exchange),
            "identity": exchange.caller.as_evidence() if exchange.caller else None,
            "step": step,
            "host": host,
            "port": port,
            **passed,
        }
        await self.log.append(Entry("tunnel", exchange.id, fields))

    def schema_digest(self, schema: Json) -> str:
        """The keyed digest of one schema in its canonical form."""
        return self.digest.of(dumps(schema), label="schema")

    # -- inside -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _about(exchange: Exchange) -> dict[str, Json]:
        """What every record of a request is found by."""
        return {
            "connection": exchange.connection.name if exchange.connection else None,
            "subject": exchange.operation.subject if exchange.operation else None,
            "caller": exchange.caller.label if exchange.caller else None,
        }

    @staticmethod
    def _client(flow: http.HTTPFlow) -> Json:
        host, port = flow.client_conn.peername[:2]
        return f"{host}:{port}"


def _message(flow: http.HTTPFlow, masked: MaskedMessage) -> dict[str, Json]:
    return {"method": _clean(flow.request.method[:32]), "url": _clean(_url(flow, masked)), **_body(masked)}


def _url(flow: http.HTTPFlow, masked: MaskedMessage) -> str:
    """Where the request leads; a CONNECT names a host and a port only."""
    host = f"[{flow.request.host}]" if ":" in flow.request.host else flow.request.host
    if flow.request.method == "CONNECT":
        return f"{host}:{flow.request.port}"
    return f"{flow.request.scheme}://{host}:{flow.request.port}{masked.target or ''}"


def _clean(text: str) -> str:
    """Bytes that are no text come out of mitmproxy as lone surrogates, which no record can hold."""
    return text[: limits.MAX_TARGET_CHARACTERS].encode("utf-8", "backslashreplace").decode()


def _body(masked: MaskedMessage) -> dict[str, Json]:
    body = masked.body
    return {
        "body": {"length": body.length, "media_type": body.media_type, "digest": body.digest},
        "not_kept": body.why_unreadable,
        "masked": dict(masked.masked),
    }


def _payloads(name: str, masked: MaskedMessage) -> dict[str, Payload]:
    headers: Json = [list(header) for header in masked.headers]
    payloads = {f"{name}-headers": Payload("application/json", dumps(headers))}
    if masked.body.text is not None:
        payloads[f"{name}-body"] = Payload("application/json", masked.body.text)
    return payloads
