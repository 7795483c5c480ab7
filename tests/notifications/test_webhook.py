"""Signed JSON that the libraries of Standard Webhooks accept, and nothing else does."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Oracle
from standardwebhooks.webhooks import WebhookVerificationError

from countersign import limits
from countersign.errors import RulesError
from countersign.notifications.delivery import GivenUp, NotDelivered
from countersign.notifications.webhook import Webhook, key_of, signed_headers
from countersign.proxy.outbound import Outbound
from tests.notifications.receivers import Receiver
from tests.notifications.values import KEY, PLANTED, Clock, news, target


@pytest.fixture
def webhook(receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path) -> Webhook:
    """Posts to the receiver."""
    return Webhook(target(tmp_path, webhook=receiver.url), outbound.post_bytes, clock)


async def test_a_receiver_can_verify_what_it_gets(webhook: Webhook, receiver: Receiver) -> None:
    """With the key, by the library that receivers use; with another key the same message is refused."""
    told = news("approved")
    await webhook.send(told)
    (posted,) = receiver.posted
    assert Oracle(KEY.encode()).verify(posted.body, dict(posted.headers)) == told.document
    with pytest.raises(WebhookVerificationError):
        Oracle(b"another key that is as long").verify(posted.body, dict(posted.headers))
    with pytest.raises(WebhookVerificationError):
        Oracle(KEY.encode()).verify(posted.body.replace(b"approved", b"denied"), dict(posted.headers))
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["webhook-id"] == told.id
    assert not [secret for secret in (KEY, *PLANTED) if secret in f"{posted.headers} {posted.body.decode()}"]


async def test_the_form_of_standard_webhooks_is_understood(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """`whsec_` and base64, as its libraries print keys."""
    key = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    await Webhook(target(tmp_path, webhook=receiver.url, key=key), outbound.post_bytes, clock).send(news())
    (posted,) = receiver.posted
    assert Oracle(key).verify(posted.body, dict(posted.headers))["type"] == "approval.requested"


async def test_500_changes_arrive_in_one_message(webhook: Webhook, receiver: Receiver) -> None:
    """Nothing is cut."""
    summary = tuple(f"`property{number}` becomes required" for number in range(500))
    await webhook.send(news(summary=summary))
    assert json.loads(receiver.posted[0].body)["data"]["summary"] == [*summary]


async def test_the_signature_is_of_the_try_and_the_id_of_the_news(
    webhook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    """A try an hour later is not refused as too old, and is known as the same message."""
    told = news()
    await webhook.send(told)
    clock.now += 60_000_000
    await webhook.send(told)
    one, other = receiver.posted
    assert int(other.headers["webhook-timestamp"]) - int(one.headers["webhook-timestamp"]) == 60
    assert one.headers["webhook-id"] == other.headers["webhook-id"]
    assert one.headers["webhook-signature"] != other.headers["webhook-signature"]
    Oracle(KEY.encode()).verify(other.body, dict(other.headers))


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_any_2xx_is_a_delivery(status: int, webhook: Webhook, receiver: Receiver) -> None:
    """As the specification has it."""
    receiver.answers = [(status, {})]
    await webhook.send(news())
    assert len(receiver.posted) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
async def test_any_other_answer_is_worth_another_try(status: int, webhook: Webhook, receiver: Receiver) -> None:
    """A redirect too: it is not followed."""
    receiver.answers = [(status, {"Location": receiver.url})]
    with pytest.raises(NotDelivered, match=f"answered {status}") as caught:
        await webhook.send(news())
    assert caught.value.retry_after == 0.0
    assert len(receiver.posted) == 1


async def test_a_target_that_is_gone_is_given_up(webhook: Webhook, receiver: Receiver) -> None:
    """410 says that it will not come back."""
    receiver.answers = [(410, {})]
    with pytest.raises(GivenUp, match="410"):
        await webhook.send(news())


async def test_a_target_that_does_not_answer_is_worth_another_try(
    webhook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it arrived: the id tells the receiver."""
    monkeypatch.setattr(limits, "OUTBOUND_SECONDS", 0.05)
    receiver.may_answer.clear()
    with pytest.raises(NotDelivered, match="no answer"):
        await webhook.send(news())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", limits.MAX_RETRY_AFTER_SECONDS),
        ("-5", 0),
        ("soon", 0),
        ("\u00b2", 0),
        ("", 0),
        ("in 90 s", 90),
        ("90 s ago", 0),
    ],
)
async def test_retry_after_is_read(
    value: str, seconds: float, webhook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    """In seconds or as a date (RFC 9110, 10.2.3), bounded; nonsense is not obeyed."""
    if "90 s" in value:
        offset = timedelta(seconds=90 if value.startswith("in") else -90)
        value = format_datetime(datetime.fromtimestamp(clock.now // 1_000_000, UTC) + offset, usegmt=True)
    receiver.answers = [(429, {"Retry-After": value})]
    with pytest.raises(NotDelivered) as caught:
        await webhook.send(news())
    assert caught.value.retry_after == seconds


async def test_the_key_is_read_at_use(webhook: Webhook, receiver: Receiver, tmp_path: Path) -> None:
    """It can be rotated without a restart; where it is missing nothing is sent unsigned."""
    (tmp_path / "secret-of-there").write_text("another key that is as long")
    await webhook.send(news())
    Oracle(b"another key that is as long").verify(receiver.posted[0].body, dict(receiver.posted[0].headers))
    (tmp_path / "secret-of-there").unlink()
    with pytest.raises(NotDelivered, match="cannot be read"):
        await webhook.send(news())
    assert len(receiver.posted) == 1


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"key": None}, r"approval\.yaml:7: the webhook 'there': the file .* cannot be read"),
        ({"key": "too short"}, "has 9 bytes; take 24 or more"),
        ({"key": "whsec_%%%%"}, "not base64"),
        ({"key": "whsec_" + base64.b64encode(b"too short").decode()}, "has 9 bytes"),
        ({"webhook": "http://hooks.example/x"}, "not https"),
        ({"webhook": "ftp://hooks.example/x"}, "not an https URL"),
    ],
)
async def test_what_could_never_be_sent_is_found_before_the_start(
    changed: dict[str, str | None], text: str, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """With file and line, and without the key."""
    values: dict[str, str | None] = {"webhook": "https://hooks.example/x", "key": KEY}
    Webhook(target(tmp_path, **values), outbound.post_bytes, clock).check()  # type: ignore[arg-type]
    (tmp_path / "secret-of-there").unlink()
    with pytest.raises(RulesError, match=text) as caught:
        Webhook(target(tmp_path, **(values | changed)), outbound.post_bytes, clock).check()  # type: ignore[arg-type]
    assert "too short" not in str(caught.value)


async def test_a_webhook_without_a_key_is_refused(
    receiver: Receiver, outbound: Outbound, clock: Clock, tmp_path: Path
) -> None:
    """Nothing is ever sent unsigned."""
    webhook = Webhook(replace(target(tmp_path, webhook=receiver.url), key=None), outbound.post_bytes, clock)
    with pytest.raises(RulesError, match="has no `key`"):
        webhook.check()
    with pytest.raises(NotDelivered, match="has no `key`"):
        await webhook.send(news())
    assert receiver.posted == []


def test_the_signature_is_that_of_the_specification() -> None:
    """HMAC-SHA-256 of `id.timestamp.body`, made here by the oracle."""
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    headers = signed_headers("msg-1", int(at.timestamp()), b'{"a":1}', KEY.encode())
    assert headers["webhook-signature"] == Oracle(KEY.encode()).sign("msg-1", at, '{"a":1}')


def test_a_key_is_the_text_itself_or_base64() -> None:
    """With its padding or without."""
    raw = bytes(range(31))
    encoded = base64.b64encode(raw).decode()
    assert key_of(f"whsec_{encoded}") == key_of(f"whsec_{encoded.rstrip('=')}") == raw
    assert key_of("é" * 24) == ("é" * 24).encode()
