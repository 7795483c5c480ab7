"""The gateway's own requests: to identity providers for keys and log-ins, to services for schemas, to webhooks.

Bounded in time and size, no redirects, no proxies from the environment, certificates always checked.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import certifi
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from countersign import limits


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case, the body as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """GET, and POST of a form or of bytes. `trusted_ca`: a PEM file that replaces the public certificate authorities."""

    def __init__(self, trusted_ca: Path | None) -> None:
        self._context = ssl.create_default_context(cafile=str(trusted_ca or certifi.where()))
        self._client = SimpleAsyncHTTPClient(
            force_instance=True,
            max_clients=limits.MAX_OUTBOUND_REQUESTS,
            max_buffer_size=limits.MAX_BODY_BYTES + 65_536,
            max_body_size=limits.MAX_BODY_BYTES,
        )

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One GET. Raises OSError, with the host but never the headers, when no answer comes in time."""
        return await self._answer(url, headers or {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """POST of `form`, urlencoded. Raises OSError as `get` does."""
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._answer(url, {**headers, **content_type}, urlencode(form).encode())

    async def post_bytes(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST of `body` as it is. Raises OSError as `get` does."""
        return await self._answer(url, headers, body)

    async def fetch(self, url: str) -> bytes:
        """The body of a 200. Raises OSError on anything else."""
        answer = await self.get(url)
        if answer.status != 200:
            raise OSError(f"answered {answer.status}")
        return answer.body

    def close(self) -> None:
        self._client.close()

    async def _answer(self, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        request = HTTPRequest(
            url,
            method="GET" if body is None else "POST",
            body=body,
            headers={"Accept-Encoding": "identity", **headers},
            follow_redirects=False,
            connect_timeout=limits.OUTBOUND_SECONDS,
            request_timeout=limits.OUTBOUND_SECONDS,
            decompress_response=False,
            ssl_options=self._context,
        )
        try:
            answer = await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, ValueError) as error:
            raise OSError(f"no answer: {type(error).__name__}") from None
        if answer.code == 599:
            raise OSError(f"no answer: {answer.error}")
        return Answer(
            answer.code, {name.lower(): value for name, value in answer.headers.get_all()}, answer.body or b""
        )
