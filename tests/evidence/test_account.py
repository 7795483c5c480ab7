"""Records in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from countersign.evidence import account
from countersign.evidence.records import TYPES, Payload, Record
from countersign.strict_json import Json
from tests.evidence import logs


def record(kind: str, fields: dict[str, Json], **payloads: Payload) -> Record:
    """A record as it was read back."""
    return Record(7, 1_800_000_000_000_001, kind, "x", b"", fields, payloads)


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (
            "intent",
            dict(logs.intent("x").fields),
            "alice (build-42 at https://issuer.example) asks for register orders-value on registry",
        ),
        (
            "intent",
            {"caller": "bob", "method": "POST", "url": "https://registry/subjects", "effect": "register"},
            "bob asks for register (POST https://registry/subjects)",
        ),
        ("intent", {"connection": "registry"}, "nobody known asks for something on registry"),
        (
            "decision",
            dict(logs.decision("x", "deny").fields),
            "decision: deny because: breaking change [rule approval.yaml:3]",
        ),
        ("outcome", {"status": 200}, "the service answered 200"),
        ("outcome", {}, "the request ended"),
        (
            "outcome",
            {"status": 503, "forwarded": False, "code": "approval-pending"},
            "nothing was sent to the service: answered 503 (approval-pending)",
        ),
        ("outcome", {"forwarded": False}, "nothing was sent to the service: it ended without an answer"),
        ("outcome_unknown", {"observed": "applied"}, "nobody saw what the service answered and it was asked: applied"),
        (
            "outcome_unknown",
            {"reason": "gateway restarted"},
            "nobody saw what the service answered because: gateway restarted",
        ),
        (
            "refusal",
            {"caller": {"sub": "s"}, "status": 403, "method": "GET"},
            "refused to s with 403: GET",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "approved", "data": {"person": "bob", "reason": "reviewed"}},
            "approval a1 approved by bob because: reviewed",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "denied", "person": "bob", "reason": "no"},
            "approval a1 denied by bob because: no",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "requested", "reason": "a steward must look", "justification": "ticket 7"},
            "approval a1 requested justified with: ticket 7 because: a steward must look",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "withdrawn", "person": "alice", "reason": ""},
            "approval a1 withdrawn by alice",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "revoked", "person": "bob", "reason": "I overlooked the app"},
            "approval a1 revoked by bob because: I overlooked the app",
        ),
        (
            "approval",
            {
                "approval": "a1",
                "verdict": "break-glass",
                "caller": "alice",
                "justification": "shop down",
                "reason": "x",
            },
            "alice broke the glass: it passes without approval, to be reviewed as a1 justified with: shop down "
            "because: x",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "reviewed", "review": "accept", "person": "carol", "reason": ""},
            "break-glass change a1 reviewed and accepted by carol",
        ),
        (
            "approval",
            {"approval": "a1", "verdict": "reviewed", "review": "object", "person": "carol", "reason": "no fire"},
            "break-glass change a1 reviewed and objected to by carol because: no fire",
        ),
        (
            "decision",
            {"verdict": "break-glass", "approval": "a1", "justification": "shop down", "rule": "approval.yaml:9"},
            "decision: break-glass without the approval it needs, to be reviewed as a1 justified with: shop down "
            "[rule approval.yaml:9]",
        ),
        ("tunnel", {"step": "opened", "caller": "bob", "host": "pypi.example"}, "tunnel opened for bob: pypi.example"),
    ],
)
def test_sentence(kind: str, fields: dict[str, Json], said: str) -> None:
    """Who, what, which decision, by whom, with what outcome."""
    assert account.sentence(record(kind, fields)) == said


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "odd",
    [{}, {"caller": 7, "reason": [], "verdict": {}, "status": "?", "approval": None, "data": 1, "people": 1}],
    ids=["empty", "odd"],
)
def test_never_fails(kind: str, odd: dict[str, Json]) -> None:
    """Every type of record is told, however little is in it."""
    assert account.sentence(record(kind, odd))
    assert list(account.details(record(kind, odd)))


def test_details() -> None:
    """Everything is shown: fields, JSON payloads pretty, text as it is, other bytes by their number."""
    shown = list(
        account.details(
            record(
                "intent",
                {"subject": "orders"},
                request=Payload("application/json", b'{"a":[1]}'),
                note=Payload("text/plain", "grün\nzwei".encode()),
                blob=Payload("image/png", b"\xff\x00"),
            )
        )
    )
    assert shown[0] == "7  2027-01-15T08:00:00.000001Z  intent"
    assert '      "subject": "orders"' in shown
    assert '      "a": [' in shown
    assert "    grün" in shown
    assert "  blob: image/png, 2 bytes" in shown
    assert "    (not text)" in shown


@pytest.mark.parametrize(
    "dangerous",
    ["\x1b", "\r", "\x07", "\x9b", "\u202e", "\u200b", "\u2028", "\x7f", "\ud800"],
)
def test_terminal(dangerous: str) -> None:
    """No control, reordering or hidden character of a record reaches the terminal, wherever it stands."""
    body = Payload(f"text/{dangerous}", f"a{dangerous}b".encode("utf-8", "replace"))
    fields: dict[str, Json] = {"reason": f"x{dangerous}", dangerous: dangerous, "caller": dangerous}
    everywhere = record("refusal", fields, request=body)
    shown = "".join(account.details(everywhere))
    assert dangerous not in shown
    assert f"\\u{ord(dangerous):04x}" in shown


@pytest.mark.parametrize(
    ("time_us", "shown"),
    [(0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"), (2**53, "2255-06-05T23:47:34.740992Z")],
)
def test_moment(time_us: int, shown: str) -> None:
    """Microseconds are exact, and in UTC."""
    assert account.moment(time_us) == shown


def test_moment_beyond_the_calendar() -> None:
    """A number that is no date is shown as it is."""
    far: Any = 10**18
    assert account.moment(far) == str(far)
