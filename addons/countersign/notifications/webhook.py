"""Signed JSON over HTTP, as Standard Webhooks has it: receivers check it with libraries that exist.

Does not follow redirects or check certificates itself: the injected `post` does the one never, and the other always.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from countersign import limits
from countersign.errors import RulesError
from countersign.notifications.delivery import GivenUp, NotDelivered
from countersign.notifications.news import News
from countersign.rulebook.hosts import webhook_url
from countersign.rulebook.problems import Unfit
from countersign.rulebook.secret_values import NoSecret, read_secret
from countersign.rulebook.values import NotifyTarget
from countersign.strict_json import dumps

_PREFIX = "whsec_"


class Answer(Protocol):
    """What came back: header names in lower case."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


#: One bounded POST of bytes: no redirects, certificates checked. Raises OSError when no answer comes.
type Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Answer]]


class Webhook:
    """One target of kind `webhook`. `clock` gives microseconds UTC."""

    def __init__(self, target: NotifyTarget, post: Post, clock: Callable[[], int]) -> None:
        self._target = target
        self._post = post
        self._clock = clock

    def check(self) -> None:
        """Raises RulesError where the URL is not safe, or the key is not there or too short to keep forgers out."""
        source = self._target.source
        try:
            webhook_url(self._target.webhook or "")
            self._key()
        except (NoSecret, Unfit, ValueError) as error:
            raise RulesError(source.file, source.line, f"the webhook {self._target.name!r}: {error}") from None

    async def send(self, news: News) -> None:
        """One try. Raises NotDelivered (no answer, or any but a 2xx and 410), GivenUp (410 Gone)."""
        body = dumps(news.document)
        try:
            headers = signed_headers(news.id, self._clock() // 1_000_000, body, self._key())
        except (NoSecret, ValueError) as error:
            raise NotDelivered(str(error)) from None
        try:
            answer = await self._post(self._target.webhook or "", body, headers)
        except OSError as error:
            raise NotDelivered(f"no answer ({type(error).__name__})") from None
        if answer.status == 410:
            raise GivenUp("answered 410, gone")
        if not 200 <= answer.status < 300:
            raise NotDelivered(f"answered {answer.status}", self._retry_after(answer))

    def _key(self) -> bytes:
        if self._target.key is None:
            raise NoSecret("it has no `key`; what it gets is signed")
        return key_of(read_secret(self._target.key))

    def _retry_after(self, answer: Answer) -> float:
        """RFC 9110, 10.2.3: seconds or a date; what is neither, or unreasonably far, is not obeyed."""
        value = answer.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            seconds = float(value[:10])
        else:
            try:
                until = parsedate_to_datetime(value)
            except ValueError:
                return 0.0
            now = datetime.fromtimestamp(self._clock() // 1_000_000, UTC)
            seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
        return min(max(seconds, 0.0), limits.MAX_RETRY_AFTER_SECONDS) if math.isfinite(seconds) else 0.0


def signed_headers(identifier: str, timestamp: int, body: bytes, key: bytes) -> dict[str, str]:
    """The headers of one try, at `timestamp` (whole seconds), of message `identifier`, which stays the same each time."""
    signature = hmac.digest(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": identifier,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def key_of(secret: str) -> bytes:
    """The key that `secret` stands for: `whsec_` and base64, or the text itself. Raises ValueError where it is weak."""
    if secret.startswith(_PREFIX):
        encoded = secret.removeprefix(_PREFIX)
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except binascii.Error:
            raise ValueError("its key begins with `whsec_`, but what follows is not base64") from None
    else:
        key = secret.encode()
    if len(key) < limits.MIN_WEBHOOK_KEY_BYTES:
        raise ValueError(
            f"its key has {len(key)} bytes; take {limits.MIN_WEBHOOK_KEY_BYTES} or more (`openssl rand -base64 32`)"
        )
    return key
