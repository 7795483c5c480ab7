"""What records say: masked, and as text that a record can hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from countersign import limits
from countersign.masking import MaskedBody, MaskedMessage
from countersign.proxy.record_fields import RecordFields, body_fields, body_payload, payloads
from tests.proxy.values import caller, exchange, flow, masked, operation

_MAIL = "someone.else@example.com"
_MASKED = MaskedMessage(
    "/x",
    (("X-Team", "[masked]"),),
    MaskedBody(7, "text/json", "d", b"[1]", None, "json"),
    {"r": 2},
    {"r": ("body /a",)},
)


def _fields() -> RecordFields:
    return RecordFields(lambda text: text.replace(_MAIL, "[masked]").replace(_MAIL.upper(), "[masked]"))


def test_a_subject_is_masked_and_a_caller_is_not() -> None:
    """Who it was is what the record is for."""
    made = exchange(operation=operation(subject=f"of {_MAIL}"), caller=caller(people=frozenset({_MAIL})))
    about = _fields().about(made)
    assert about["subject"] == "of [masked]"
    assert str(about["caller"]).startswith(_MAIL)


def test_where_a_request_leads_is_masked() -> None:
    """Its method and its host, wherever something can be hidden; an IPv6 address stays one."""
    made = flow(f"GET{_MAIL}")
    made.request.host = _MAIL
    said = _fields().message(made, _MASKED)
    assert (said["method"], said["url"]) == ("GET[masked]", "https://[masked]:443/x")
    made.request.host = "::1"
    assert _fields().message(made, _MASKED)["url"] == "https://[::1]:443/x"
    made.request.method = "CONNECT"
    assert _fields().message(made, _MASKED)["url"] == "[::1]:443"


@pytest.mark.parametrize(("text", "kept"), [("a\udcff", "a\\udcff"), ("x" * 5000, "x" * 4096), (_MAIL, "[masked]")])
def test_every_text_can_be_recorded(text: str, kept: str) -> None:
    """Bytes that are no text, and endless ones."""
    assert _fields().text(text) == kept


def test_a_secret_at_the_end_of_what_is_kept_is_masked_whole() -> None:
    """Half of it would be recognised by nobody: a text is cut when it is masked, and not before."""
    assert _fields().text("x" * 4090 + _MAIL) == "x" * 4090 + "[maske"
    made = flow("GET")
    made.request.host = "x" * 250 + _MAIL
    assert "some" not in str(_fields().message(made, _MASKED)["url"])


def test_a_message_says_what_was_masked_and_where() -> None:
    """Never what it was."""
    fields = body_fields(_MASKED)
    assert fields["body"] == {"length": 7, "media_type": "text/json", "digest": "d"}
    assert (fields["masked"], fields["masked_at"]) == ({"r": 2}, {"r": ["body /a"]})


def test_a_real_message_fits() -> None:
    """What masking makes of a request is JSON."""
    made = flow(body=b'{"password":"hunter2"}')
    said = body_fields(masked(made))
    assert json.loads(json.dumps(said)) == said
    assert said["masked"]


@pytest.mark.parametrize(
    ("form", "media_type"),
    [("json", "application/json"), ("ndjson", "application/x-ndjson"), ("form", "application/x-www-form-urlencoded")],
)
def test_a_body_is_kept_as_what_it_is(form: Any, media_type: str) -> None:
    """One that is not readable is not there, its headers are."""
    message = replace(_MASKED, body=replace(_MASKED.body, format=form))
    assert body_payload("request", message)["request-body"].media_type == media_type
    unread = replace(_MASKED, body=replace(_MASKED.body, text=None))
    assert body_payload("request", unread) == {}
    assert [*payloads("request", unread)] == ["request-headers"]


def test_places_leave_room_for_the_rest_of_the_record() -> None:
    """Names in any script; the counts are whole all the same."""
    places = tuple(f"body /{'\u540d' * 90}{number}" for number in range(40))
    many = replace(_MASKED, masked={"r": 40, "s": 1}, places={"r": places, "s": places})
    fields = body_fields(many)
    assert fields["masked"] == {"r": 40, "s": 1}
    assert len(json.dumps(fields["masked_at"], ensure_ascii=False).encode()) <= limits.MAX_MASKED_PLACES_BYTES + 20
    assert str(fields["masked_at"]).count("body") >= 5
    few = body_fields(replace(_MASKED, places={"r": places[:3]}))
    assert few["masked_at"] == {"r": [*places[:3]]}
