"""The child's own side: one answer for each request, until there are no more."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from typing import Any

import pytest

from countersign.masking import KnownSchema, MaskedAnswer
from countersign.proxy.masking_child import HEAD, READY, Masking, Settings, Work, serve
from countersign.proxy.message_masking import request_message
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from tests.proxy.rule_files import PROJECT
from tests.proxy.values import SOURCE, exchange, flow, settings

_MESSAGE = request_message(exchange(), flow(body=b'{"colour":"ultramarine"}')) | {"holds": "data"}
_SCHEMA = KnownSchema("k", {"properties": {"colour": {"writeOnly": True}}}, {})


def _frames(*values: object) -> io.BytesIO:
    data = [pickle.dumps(value) for value in values]
    return io.BytesIO(b"".join(HEAD.pack(len(each)) + each for each in data))


def _answers(written: io.BytesIO) -> list[Any]:
    found: list[Any] = []
    data = written.getvalue()
    while data:
        (length,) = HEAD.unpack(data[: HEAD.size])
        found.append(pickle.loads(data[HEAD.size : HEAD.size + length]))
        data = data[HEAD.size + length :]
    return found


def test_each_request_has_its_answer() -> None:
    """In order, with its number; a schema that was sent is known until it is to be forgotten."""
    written = io.BytesIO()
    works = [
        Work(1, "message", _MESSAGE, (), False),
        Work(2, "message", _MESSAGE, (_SCHEMA,), False),
        Work(3, "message", _MESSAGE, ("k",), False),
    ]
    serve(_frames(settings(), *works), written)
    ready, *answers = _answers(written)
    assert ready == READY
    masked = {number: message.body.text for number, message, _ in answers}
    assert masked[1] == b'{"colour":"ultramarine"}'
    assert masked[2] == masked[3] == b'{"colour":"[masked]"}'


def test_a_schema_that_was_forgotten_is_not_guessed() -> None:
    """The child fails, and is replaced: to mask without the schema would show what it marks."""
    works = [Work(1, "message", _MESSAGE, (_SCHEMA,), False), Work(2, "message", _MESSAGE, ("k",), True)]
    with pytest.raises(KeyError):
        serve(_frames(settings(), *works), io.BytesIO())


def test_every_way_to_mask_is_answered() -> None:
    """Schemas, places, words and a caller's view, as they are masked elsewhere."""
    rule = MaskingRule("pins", ("*",), ("*",), ("response-to-client",), (), (), (), "redact", 0, SOURCE, names=("pin",))
    here = Masking(settings(rule))
    document: Json = {"properties": {"password": {"default": "hunter2"}}}
    whose = {"connection": "schemas", "subject": "a", "groups": frozenset[str]()}
    answer = {"headers": (), "body": b'{"pin":1}', "holds": "data"}
    works = [
        Work(1, "schemas", {"connection": "schemas", "documents": (("a", document),)}, (), False),
        Work(2, "pointers", {"connection": "schemas", "documents": (document, {})}, (), False),
        Work(3, "words", {"values": ("to ann@example.com", ["ann@example.com"])}, (), False),
        Work(4, "view", whose | answer, (_SCHEMA,), False),
    ]
    written = io.BytesIO()
    serve(_frames(settings(rule), *works), written)
    _, *answers = _answers(written)
    assert answers == [
        (1, here.schemas(connection="schemas", documents=[("a", document)]), None),
        (2, frozenset({"/properties/password/default"}), None),
        (3, ("to [masked]", ["[masked]"]), None),
        (4, MaskedAnswer((), b'{"pin":"[masked]"}', {"pins": 1}), None),
    ]


@pytest.mark.parametrize(
    ("body", "groups", "why"),
    [(b"no JSON", frozenset(), "not strict JSON"), (b"{}", frozenset({"owners"}), "rules for it have changed")],
)
def test_what_has_no_masked_form_is_said_in_fixed_words(body: bytes, groups: frozenset[str], why: str) -> None:
    """The child goes on: the next answer has a view."""
    rule = MaskingRule(
        "pins",
        ("*",),
        ("*",),
        ("response-to-client",),
        (),
        (),
        (),
        "redact",
        0,
        SOURCE,
        names=("pin",),
        except_groups=("owners",),
    )
    whose = {"connection": "schemas", "subject": "a"}
    works = [
        Work(number, "view", {**whose, "groups": who, "headers": (), "body": said, "holds": "data"}, (), False)
        for number, (said, who) in enumerate(((body, groups), (b"{}", frozenset[str]())), 1)
    ]
    written = io.BytesIO()
    serve(_frames(settings(rule), *works), written)
    _, (_, nothing, said), (_, masked, _) = _answers(written)
    assert nothing is None
    assert why in said
    assert masked.body == b"{}"


def test_a_request_that_is_cut_off_is_the_end() -> None:
    """Its parent died while it wrote."""
    whole = _frames(settings(), Work(1, "message", _MESSAGE, (), False)).getvalue()
    written = io.BytesIO()
    serve(io.BytesIO(whole[:-5]), written)
    assert _answers(written) == [READY]


def test_the_keys_are_in_no_text() -> None:
    """A traceback shows arguments."""
    made = Settings((), settings().built_in, b"k" * 32, b"v" * 32)
    assert "kkk" not in repr(made)
    assert "vvv" not in f"{made!s}{[made]}"


def test_it_does_without_mitmproxy() -> None:
    """It starts quickly, and opens nothing."""
    program = "import sys, countersign.proxy.masking_child; sys.exit('mitmproxy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT / "addons", check=False).returncode == 0
