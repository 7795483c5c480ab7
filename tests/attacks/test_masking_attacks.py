"""Secrets where somebody clever, or only careless, puts them: none is kept, and what passes arrives as it was sent."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.leaks import Scanner
from tests.proxy.stage import Gateway

_TOKEN = "ghp_" + "k3Vb9QmZr7Xc2NpLw8TdYs5HfJgA1uEoKi4R"  # in two, so that nobody takes it for a leak
_WORDS = "violet-walrus-trumpet"  # nothing tells that it is a password, but what is around it
_JSON = ("Content-Type", "application/json")


def _data(document: Any) -> tuple[str, str, bytes]:
    return "POST", "/data/a", json.dumps(document).encode()


def _schema(document: Any) -> tuple[str, str, bytes]:
    return "PUT", "/schemas/a", json.dumps(document).encode()


_PASSES = {
    "a list of pairs": _data({"headers": [["X-Password", _WORDS], ["Host", "a"]]}),
    "options of a command": _data({"command": ["tool", "--db-password", _WORDS]}),
    "a name and a value, in capitals": _data({"NAME": "password", "VALUE": _WORDS}),
    "a name and a value, once XML": _data({"@name": "password", "#text": _WORDS}),
    "before and after": _data({"field": "password", "from": _WORDS, "to": _WORDS[::-1]}),
    "a file of settings": _data({"file": f"db:\n  host: x\n  password: {_WORDS}\n"}),
    "a word in a message": _data({"error": f"invalid password '{_WORDS}1' for bob"}),
}
_REFUSED = {
    "a long name, twice": ("PUT", "/schemas/a", b'{"%s": 1, "%s": 2}' % ((b"x" * 60 + b" " + _TOKEN.encode(),) * 2)),
    "a number that is not exact": ("PUT", "/schemas/a", b'{"pin": 4711081500.00000000000000001}'),
    "a parameter": ("PUT", f"/schemas/a?name=password&value={_WORDS}", b"{}"),
    "a method": (_TOKEN.upper(), "/schemas/a", b"{}"),
}
_HELD = {
    "a subject": ("PUT", f"/schemas/{_TOKEN}", b'{"type": "object"}'),
    "a constant behind a name": _schema({"not": {"properties": {"pin": {"const": _WORDS}}}}),
    "a constant behind a mark": _schema({"anyOf": [{"format": "password"}, {"const": _WORDS}], "required": ["a"]}),
    "a reference": _schema({"$ref": f"https://bob:{_WORDS}@schemas.example/x", "required": ["a"]}),
    "the end of a long text": _schema({"description": f"{'as if ' * 20}{_TOKEN}", "required": ["a"]}),
    "a text that is cut": _schema({"const": f"{'as if ' * 6}{_TOKEN}"}),
}


def _leaks(gateway: Gateway, folder: Path, log: str) -> list[str]:
    scanner = Scanner({"token": _TOKEN, "words": _WORDS, "pin": "4711081500"})
    files = [path for path in (folder / "state").rglob("*") if path.is_file()]
    asked = repr(gateway.parts.desk.live()).encode()
    return [
        str(leak) for leak in [*scanner.in_files(files), *scanner.in_all([("log", log.encode()), ("asked", asked)])]
    ]


@pytest.mark.parametrize("name", [*_PASSES, *_REFUSED, *_HELD])
async def test_it_is_not_kept(name: str, hurried: Gateway, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the evidence, not in the log at its most talkative, not in what approvers are asked."""
    caplog.set_level(logging.DEBUG)
    method, target, body = (_PASSES | _REFUSED | _HELD)[name]
    answer = await hurried.send(method, target, body, hurried.headers(_JSON))
    await hurried.recorded("outcome" if name in (*_PASSES, *_HELD) else "refusal")
    if name in _PASSES:
        assert answer.status == 200
        assert [sent.body for sent in hurried.service.changes] == [body]
    elif name in _HELD:
        assert answer.code == "approval-pending"
    else:
        assert answer.status in (400, 403)
    assert _leaks(hurried, folder, caplog.text) == []


async def test_the_search_finds_what_is_kept(hurried: Gateway, folder: Path) -> None:
    """A word without anything around it is no secret, and is found where it is kept."""
    await hurried.send("POST", "/data/a", json.dumps({"colour": _WORDS}).encode(), hurried.headers(_JSON))
    await hurried.recorded("outcome")
    assert _leaks(hurried, folder, "") != []
