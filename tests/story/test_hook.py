"""The chat bot takes what is signed and recent, and nothing else."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign.notifications.webhook import key_of, signed_headers
from scripts.story.hook import MAX_AGE_SECONDS, Hook, told
from scripts.story.process import ChildFailed

NEWS = {
    "type": "approval.requested",
    "data": {
        "url": "http://127.0.0.1:8082/approvals/1",
        "effect": "register",
        "subject": "orders-value",
        "people": ["ana"],
        "risk": {"level": "high"},
        "summary": ["1 field becomes required", "1 annotation changes"],
    },
}


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    with Hook(tmp_path) as running:
        yield running


def post(hook: Hook, key: bytes, *, sent: float = 0, signed: bytes | None = None) -> int:
    body = json.dumps(NEWS).encode()
    headers = signed_headers("news-1", int(time.time() + sent), signed or body, key)
    request = urllib.request.Request(hook.url, body, headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def test_what_is_signed_is_taken(hook: Hook) -> None:
    """By the gateway's own way of signing; it is told, kept, and can be waited for."""
    said: list[str] = []
    hook.say = said.append
    assert post(hook, key_of(hook.key_file.read_text())) == 204
    assert hook.wait_for("approval.requested") == NEWS
    assert said == [told(NEWS)]
    assert json.loads(hook.log.read_text()) == NEWS


def test_what_is_not_is_refused(hook: Hook) -> None:
    """Another key, another body, or too long ago or ahead; the same in time is taken."""
    key = key_of(hook.key_file.read_text())
    assert post(hook, b"k" * 32) == 401
    assert post(hook, key, signed=b"{}") == 401
    assert post(hook, key, sent=-MAX_AGE_SECONDS - 5) == 401
    assert post(hook, key, sent=MAX_AGE_SECONDS + 5) == 401
    assert not hook.log.exists()
    assert post(hook, key, sent=-MAX_AGE_SECONDS + 5) == 204


def test_what_never_comes_is_said(hook: Hook) -> None:
    """Other messages are passed over."""
    assert post(hook, key_of(hook.key_file.read_text())) == 204
    with pytest.raises(ChildFailed, match=r"not told of approval\.expired"):
        hook.wait_for("approval.expired", seconds=0.1)


def test_a_message_is_short_and_has_the_link() -> None:
    """Who, what, how risky, the whole summary; the service as a whole has a name too."""
    assert told(NEWS) == (
        "approval.requested: register of orders-value by ana, high risk: 1 field becomes required; 1 annotation changes\n"
        "http://127.0.0.1:8082/approvals/1"
    )
    assert "of the service as a whole by" in told({**NEWS, "data": {**NEWS["data"], "subject": None}})  # type: ignore[dict-item]
