"""One message put through masking as the gateway would do it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from countersign.cli.masked_report import Trial, report
from countersign.cli.masking_trial import Question, tried
from countersign.cli.message_file import read_message
from countersign.errors import BadInput
from countersign.masking.values import KnownSchema
from countersign.rulebook.loading import load
from countersign.rulebook.values import MaskingRule, Rulebook, Source

BOOK = load(Path(__file__).parents[2] / "rules")
QUESTION = Question(BOOK.connections[0], None, "request", frozenset(), ())
RULE = MaskingRule("one", ("*",), ("*",), ("request",), (), (), (), "redact", 0, Source("masking.yaml", 1))
MARKED = {"type": "object", "properties": {"margin": {"type": "string", "x-internal": True}}}


def _rules(**changes: Any) -> Rulebook:
    return replace(BOOK, masking=(replace(RULE, **changes),))


def _tried(book: Rulebook, text: str | bytes, question: Question = QUESTION) -> Trial:
    data = text.encode() if isinstance(text, str) else text
    message = read_message(data)
    if message.direction is None:
        message = replace(message, headers=(("Content-Type", "application/json"),))
    return tried(book, question, message)


def test_a_body_alone_shows_no_head() -> None:
    """The header field that says what it is was made up here."""
    trial = _tried(_rules(paths=("$.a",)), '{"a": "secret", "b": 1}')
    assert (trial.head, trial.format) == (((), ()), "json")
    assert trial.body == (b'{"a": "secret", "b": 1}', b'{"a":"[masked]","b":1}')
    assert (trial.masked, trial.places) == ({"one": 1}, {"one": ("body /a",)})


def test_a_request_is_read_by_the_dialect_of_its_connection() -> None:
    """So the rules of its subject hold, and those for segments of its path; and no others."""
    book = _rules(segments=("subject",), subjects=("orders",))
    trial = _tried(book, 'POST /data/orders HTTP/1.1\nContent-Type: application/json\n\n{"a": 1}')
    assert trial.head[1][0] == "POST /data/[masked] HTTP/1.1"
    assert trial.about == "request at example, subject orders: send data of the dialect rest"
    other = _tried(book, 'POST /data/invoices HTTP/1.1\nContent-Type: application/json\n\n{"a": 1}')
    assert other.head[1][0] == "POST /data/invoices HTTP/1.1"


def test_a_subject_that_is_said_counts() -> None:
    """Instead of the one in the path, and where there is none."""
    book = _rules(paths=("$.a",), subjects=("orders",))
    for subject, masked in (("orders", {"one": 1}), ("invoices", {}), (None, {"one": 1})):
        assert _tried(book, '{"a": 1}', replace(QUESTION, subject=subject)).masked == masked
    request = 'POST /data/invoices HTTP/1.1\nContent-Type: application/json\n\n{"a": 1}'
    assert _tried(book, request, replace(QUESTION, subject="orders")).masked == {"one": 1}
    assert _tried(book, request).masked == {}


def test_a_request_that_would_be_refused_is_shown_as_it_is_kept() -> None:
    """Refusals are recorded, masked, too."""
    trial = _tried(_rules(paths=("$.a",)), 'PATCH /x HTTP/1.1\nContent-Type: application/json\n\n{"a": "secret"}')
    (remark,) = trial.remarks
    assert "The gateway would refuse this request" in remark
    assert trial.body[1] == b'{"a":"[masked]"}'


def test_header_fields_that_are_dropped_or_masked_are_seen_in_the_head() -> None:
    """Beside those that stay."""
    text = "HTTP/1.1 200 OK\nX-Team: red\nA: b\nAuthorization: Bearer x\n\n"
    trial = _tried(
        _rules(headers=("X-Team",), how="drop", directions=("response",)), text, replace(QUESTION, direction="response")
    )
    assert trial.head[1] == ("HTTP/1.1 200 OK", "A: b", "Authorization: [masked]")
    assert trial.masked == {"one": 1, "built-in:credential-header": 1}


def test_a_body_is_shown_without_its_content_coding() -> None:
    """Before and after; as people can read it."""
    head = b"POST /data/a HTTP/1.1\nContent-Type: application/json\nContent-Encoding: gzip\n\n"
    trial = _tried(_rules(paths=("$.a",)), head + gzip.compress(b'{"a": "secret"}'))
    assert trial.body == (b'{"a": "secret"}', b'{"a":"[masked]"}')


@pytest.mark.parametrize("more", ["", "Content-Encoding: gzip\n"])
def test_a_body_that_is_not_kept_says_why(more: str) -> None:
    """And what is kept of it."""
    text = f"POST /data/a HTTP/1.1\nContent-Type: text/plain\n{more}\nno JSON"
    trial = _tried(BOOK, text)
    assert trial.body[1] is None
    assert trial.why_unreadable
    assert trial.why_unreadable in trial.remarks[-1]
    assert "its length (7 bytes), text/plain and a keyed digest" in trial.remarks[-1]


def test_a_body_of_no_said_kind_asks_for_it() -> None:
    """What is no JSON needs a media type."""
    trial = tried(BOOK, QUESTION, read_message(b"a=b&c=d"))
    assert "say with --content-type what it is" in trial.remarks[-1]


def test_what_the_schema_marks_is_masked_where_it_is_known() -> None:
    """In data; without the schema nobody could tell."""
    book = _rules(marks=("x-internal",))
    text = '{"margin": "30 percent"}'
    known = (KnownSchema("file", json.loads(json.dumps(MARKED)), {}),)
    assert _tried(book, text, replace(QUESTION, known=known)).masked == {"one": 1}
    assert _tried(book, text).masked == {}


def test_a_schema_is_shown_as_approvers_see_it() -> None:
    """By the rules for schemas only, with the tally of them."""
    schema = {"properties": {"margin": {"type": "string", "default": "30 percent"}}}
    text, question = json.dumps(schema), replace(QUESTION, direction="schema")
    trial = _tried(_rules(names=("margin",), directions=("schema",)), text, question)
    assert trial.body[1] is not None
    assert json.loads(trial.body[1])["properties"]["margin"] == {"type": "string", "default": "[masked]"}
    assert trial.masked == {"one": 1}
    assert _tried(_rules(names=("margin",)), text, question).masked == {}
    with pytest.raises(BadInput):
        _tried(BOOK, "no JSON", question)


def test_what_a_caller_gets_depends_on_its_groups() -> None:
    """The answer as the service gives it, where no rule speaks of the caller."""
    book = _rules(paths=("$.a",), directions=("response-to-client",), groups=("support",))
    text = 'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"a": "secret"}'
    question = replace(QUESTION, direction="response-to-client")
    trial = _tried(book, text, replace(question, groups=frozenset({"support"})))
    assert (trial.body[1], trial.masked, trial.format) == (b'{"a":"[masked]"}', {"one": 1}, "json")
    assert trial.about.endswith("for a caller in support")
    other = _tried(book, text, replace(question, groups=frozenset({"owners"})))
    assert (other.body, other.masked) == ((b'{"a": "secret"}',) * 2, {})
    assert "No rule speaks of what this caller sees" in other.remarks[0]


def test_lines_of_json_are_masked_for_callers_too() -> None:
    """Each by itself, and a body that no rule looks into stays what it is."""
    question = replace(QUESTION, direction="response-to-client")
    text = 'HTTP/1.1 200 OK\nContent-Type: application/x-ndjson\n\n{"a": 1}\n{"b":2}\n'
    trial = _tried(_rules(paths=("$.a",), directions=("response-to-client",)), text, question)
    assert (trial.body[1], trial.format) == (b'{"a":"[masked]"}\n{"b":2}\n', "ndjson")
    text = "HTTP/1.1 200 OK\nX-Cost: 7\nContent-Type: text/html\n\n<p>"
    trial = _tried(_rules(headers=("X-Cost",), directions=("response-to-client",)), text, question)
    assert trial.head[1] == ("HTTP/1.1 200 OK", "X-Cost: [masked]", "Content-Type: text/html")
    assert not [line for line in report(trial, ()) if "<p>" in line and line[0] in "-+"]


def test_an_answer_that_cannot_be_masked_is_not_given() -> None:
    """It is said why the caller gets none."""
    book = _rules(paths=("$.a",), directions=("response-to-client",))
    text = "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>secret"
    trial = _tried(book, text, replace(QUESTION, direction="response-to-client"))
    assert trial.body[1] is None
    assert trial.why_unreadable
    assert trial.remarks == (f"The caller gets no answer: {trial.why_unreadable}.",)


@pytest.mark.parametrize("direction", ["request", "schema", "response-to-client"])
def test_a_path_that_cannot_be_followed_is_told(direction: Any) -> None:
    """With the place of its rule."""
    book = _rules(paths=("$[",), directions=("request", "schema", "response-to-client"))
    with pytest.raises(BadInput, match=r"masking.yaml:1: masking rule 'one', path"):
        _tried(book, "{}", replace(QUESTION, direction=direction))
