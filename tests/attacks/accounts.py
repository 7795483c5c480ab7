"""What reached the service, held against what the evidence says was decided."""

from __future__ import annotations

from countersign.evidence import Record
from tests.proxy.stage import Gateway
from tests.proxy.upstream import Received


def accounts_for_everything(gateway: Gateway) -> None:
    """Every change that reached the service has an intent of its own for exactly its method, target and bytes, and a
    decision behind that: allowed, approved and used, or with the glass broken. Raises AssertionError."""
    intents = gateway.records("intent")
    let_pass = {record.exchange for record in gateway.records("decision") if record.fields["verdict"] == "allow"}
    let_pass |= {
        record.exchange for record in gateway.records("approval") if record.fields["verdict"] in ("used", "break-glass")
    }
    for change in gateway.service.changes:
        fitting = [intent for intent in intents if intent.exchange in let_pass and _is_of(gateway, intent, change)]
        assert fitting, f"nobody decided on {change.method} {change.target}"
        intents.remove(fitting[0])


def _is_of(gateway: Gateway, intent: Record, change: Received) -> bool:
    body = intent.fields["body"]
    assert isinstance(body, dict)
    masked = gateway.parts.masking.masker.message(
        connection="", subject=None, direction="request", target=None, headers=(), body=change.body
    )
    return (intent.fields["method"], intent.fields["url"], body["digest"]) == (
        change.method,
        gateway.service.url + change.target,
        masked.body.digest,
    )
