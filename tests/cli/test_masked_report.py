"""What masking made of a message, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import replace

import click
import pytest

from countersign import limits
from countersign.cli.masked_report import Trial, as_json, how, report
from countersign.rulebook.values import MaskingRule, Source

RULE = MaskingRule("cards", ("*",), ("*",), ("request",), ("$.a",), (), (), "keep-last", 4, Source("masking.yaml", 2))
RULES = (RULE, replace(RULE, name="teams", how="drop"))
TRIAL = Trial(
    about="request at orders",
    head=(("POST /a HTTP/1.1", "X-Team: red", "A: b"), ("POST /a HTTP/1.1", "A: b")),
    body=(b'{"card": "4111111111111111", "b": 1}', '{"card":"…1111","b":1}'.encode()),
    format="json",
    why_unreadable=None,
    remarks=(),
    masked={"teams": 1, "cards": 2},
    places={"teams": ("header X-Team",), "cards": ("body /card", "body /other")},
)


def _text(trial: Trial) -> list[str]:
    return [click.unstyle(line) for line in report(trial, RULES)]


def test_people_see_before_and_after_and_which_rule_did_it() -> None:
    """The head, the body, and a line for each place under the rule's name."""
    assert _text(TRIAL) == [
        "request at orders",
        "",
        "  POST /a HTTP/1.1",
        "- X-Team: red",
        "  A: b",
        "",
        "  {",
        '-   "card": "4111111111111111",',
        '+   "card": "…1111",',
        '    "b": 1',
        "  }",
        "",
        "values  how          rule   where",
        "     2  keep-last 4  cards  body /card",
        "                            body /other",
        "     1  drop         teams  header X-Team",
        "",
        "3 values masked.",
    ]


def test_what_went_and_what_came_have_colours() -> None:
    """Of their own; the rest has none."""
    styled = {click.unstyle(line): line for line in report(TRIAL, RULES)}
    assert styled["- X-Team: red"] == click.style("- X-Team: red", fg="red")
    assert styled['+   "card": "…1111",'] == click.style('+   "card": "…1111",', fg="green")
    assert styled["  A: b"] == "  A: b"


def test_programs_get_nothing_that_is_masked() -> None:
    """What is kept, and which rule did what where."""
    answer = as_json(TRIAL, RULES)
    assert "4111111111111111" not in str(answer)
    assert "red" not in str(answer).replace("redact", "")
    assert (answer["body"], answer["head"]) == ('{"card":"…1111","b":1}', ["POST /a HTTP/1.1", "A: b"])
    assert answer["masked"] == [
        {"rule": "cards", "how": "keep-last 4", "values": 2, "where": ["body /card", "body /other"]},
        {"rule": "teams", "how": "drop", "values": 1, "where": ["header X-Team"]},
    ]


@pytest.mark.parametrize(
    ("format", "before", "after", "marked"),
    [
        ("form", b"a=1&card=4&b=2\n", b"a=1&card=%5Bmasked%5D&b=2", ["- card=4", "+ card=%5Bmasked%5D"]),
        ("ndjson", b'{"a": 1}\n\n{"b": "x"}\r\n', b'{"a":1}\n{"b":"*"}\n', ['- {"b":"x"}', '+ {"b":"*"}']),
        ("multipart", b"--x\nA: b\n\nsecret\n--x--", b"--x\nA: b\n\n*\n--x--", ["- secret", "+ *"]),
    ],
)
def test_other_formats_are_shown_in_their_pieces(format: str, before: bytes, after: bytes, marked: list[str]) -> None:
    """A parameter, a document or a line each; what is only written otherwise is no change."""
    lines = _text(replace(TRIAL, format=format, body=(before, after), head=((), ())))
    assert [line for line in lines if line[0:1] in ("-", "+")] == marked


def test_a_body_that_is_not_kept_is_not_shown_and_said_to_be() -> None:
    """A remark says why; no line pretends that it is kept."""
    trial = replace(TRIAL, body=(b"secret", None), format=None, why_unreadable="why", remarks=("not kept: why",))
    lines = _text(trial)
    assert "not kept: why" in lines
    assert not any("secret" in line for line in lines)
    assert (as_json(trial, RULES)["body"], as_json(trial, RULES)["why_unreadable"]) == (None, "why")


def test_long_stretches_without_a_change_are_left_out_and_counted() -> None:
    """Of a large body people see what was masked; its head is shown whole."""
    body = [*range(50), "secret"], [*range(50), "[masked]"]
    before, after = (json.dumps(part).encode() for part in body)
    head = tuple(f"X-{number}: a" for number in range(50))
    lines = _text(replace(TRIAL, body=(before, after), head=(head, head)))
    assert "… 48 lines without a change" in lines
    assert "  X-25: a" in lines
    assert "    25," not in lines


def test_nothing_masked_is_said_in_words() -> None:
    """Silence could be taken for success."""
    assert _text(replace(TRIAL, masked={}, places={}))[-1].startswith("Nothing is masked.")


def test_places_that_are_left_out_are_said_to_be() -> None:
    """The evidence names no more either."""
    many = tuple(f"body /{number}" for number in range(limits.MAX_MASKED_PLACES))
    assert _text(replace(TRIAL, places={"cards": many}))[-1].startswith(f"Only the first {len(many)} places")
    assert _text(replace(TRIAL, places={"cards": many[1:]}))[-1] == "3 values masked."


def test_what_cannot_be_seen_is_written_out() -> None:
    """A file from elsewhere moves no cursor and hides no line."""
    hostile = replace(TRIAL, head=(("\x1b[2J",), ("\x1b[2J",)), body=(b'"\\u202e"', b'"\\u202e"'), places={"\x07": ()})
    hostile = replace(hostile, about="\x9b", remarks=("\x00",), masked={"\x07": 1})
    text = "\n".join(_text(hostile))
    assert not any(character in text for character in "\x1b\x07\x9b\x00\u202e")
    assert all(escape in text for escape in ("\\u001b", "\\u0007", "\\u009b", "\\u0000", "\\u202e"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cards", "keep-last 4"),
        ("teams", "drop"),
        ("built-in:jwt", "redact"),
        ("built-in:body-digest-header", "keyed-hash"),
    ],
)
def test_each_rule_says_how_it_masks(name: str, words: str) -> None:
    """The rules' own word; what is built in redacts, but for digests of bodies, which stay comparable."""
    assert how(name, RULES) == words
