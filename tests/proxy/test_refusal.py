"""Refusals as clients read them."""

from __future__ import annotations

import json

import pytest

from countersign.errors import (
    BadInput,
    CountersignError,
    EvidenceUnavailable,
    InvalidCredential,
    ProviderUnavailable,
    SchemaUnavailable,
    TooLarge,
    UnsupportedMedia,
)
from countersign.evidence.errors import NotAnchored
from countersign.masking import MaskingFailed
from countersign.proxy.refusal import NOTHING_ALLOWED, Refusal, challenge, refusal_for
from countersign.proxy.sent_request import RequestChanged
from countersign.rulebook.values import Dialect, Source


def test_a_refusal_is_problem_json() -> None:
    """RFC 9457: type, title, status and detail, with the exchange and what else is known, never from a cache."""
    refusal = Refusal(503, "some-code", "wait", (("Retry-After", "15"),), {"approval": "a1"})
    answer = refusal.response("e1")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Retry-After"] == "15"
    assert json.loads(answer.content or b"") == {
        "type": "urn:countersign:problem:some-code",
        "title": "Not now",
        "status": 503,
        "detail": "wait",
        "exchange": "e1",
        "approval": "a1",
    }


def test_a_dialect_adds_what_its_clients_show() -> None:
    """The members of the dialect stand beside those of the problem."""
    dialect = Dialect("confluent", (), {"error_code": "{status}", "message": "{detail}"}, Source("d.yaml", 1))
    document = json.loads(Refusal(403, "denied", "no").response("e1", dialect).content or b"")
    assert document["message"] == "no"
    assert document["error_code"] == 403
    assert document["type"] == "urn:countersign:problem:denied"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadInput("x"), 400, "bad-input"),
        (TooLarge("x"), 413, "bad-input"),
        (UnsupportedMedia("x"), 415, "bad-input"),
        (RequestChanged("x"), 403, "not-what-was-cleared"),
        (InvalidCredential("x"), 407, "no-identity"),
        (ProviderUnavailable("x"), 503, "identity-provider-unavailable"),
        (EvidenceUnavailable("x"), 503, "evidence-unavailable"),
        (NotAnchored("x"), 503, "evidence-not-anchored"),
        (SchemaUnavailable("x"), 503, "schema-unavailable"),
        (MaskingFailed(), 503, "masking-failed"),
        (CountersignError("x"), 403, "refused"),
    ],
)
def test_each_error_has_its_refusal(error: CountersignError, status: int, code: str) -> None:
    """What the floors below raise is told to the client with a status and a stable word; the rest is 403."""
    refusal = refusal_for(error)
    assert (refusal.status, refusal.code) == (status, code)


def test_a_failure_to_record_tells_nothing_of_the_disk() -> None:
    """The text of an evidence error stays inside."""
    assert "/var" not in refusal_for(EvidenceUnavailable("/var/lib: disk full")).detail


@pytest.mark.parametrize(("status", "name"), [(407, "Proxy-Authenticate"), (401, "WWW-Authenticate")])
def test_a_missing_credential_is_asked_for(status: int, name: str) -> None:
    """407 and 401 carry the challenge that belongs to them, in both forms that are read (RFC 9110 section 11)."""
    refusal = refusal_for(InvalidCredential("x"), unauthenticated_status=status)
    assert refusal.status == status
    assert refusal.headers == challenge(status)
    assert [header for header, _ in refusal.headers] == [name, name]
    assert [value.split()[0] for _, value in refusal.headers] == ["Bearer", "Basic"]


def test_the_stamp_denies() -> None:
    """What stands on every request from the beginning is a denial."""
    assert NOTHING_ALLOWED.response("-").status_code == 403
