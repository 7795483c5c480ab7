"""A client of a running gateway's console: a tool with a token, or nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

from tests.proxy.stage import Gateway
from tests.proxy.upstream import PATIENCE_SECONDS

_AT_ONCE = 60


class ConsoleClient:
    """Sends what it is told to; follows no redirect, raises on no status."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._client = AsyncHTTPClient(force_instance=True, max_clients=_AT_ONCE)

    @property
    def url(self) -> str:
        console = self.gateway.runtime._console
        assert console is not None
        return console.url

    async def send(
        self,
        method: str,
        path: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HTTPResponse:
        """One request, as the holder of `token` where there is one."""
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        if body is None and method in ("POST", "PUT", "PATCH"):
            body = b""
        return await self._client.fetch(
            HTTPRequest(
                self.url + path,
                method=method,
                headers=HTTPHeaders(sent),
                body=body,
                follow_redirects=False,
                allow_nonstandard_methods=True,
                request_timeout=PATIENCE_SECONDS,
            ),
            raise_error=False,
        )

    async def act(self, approval_id: str, action: str, token: str, reason: str = "") -> HTTPResponse:
        """One step of an approval, over the API."""
        body = json.dumps({"reason": reason}).encode()
        headers = {"Content-Type": "application/json"}
        return await self.send("POST", f"/api/approvals/{approval_id}/{action}", token, headers, body)

    def close(self) -> None:
        self._client.close()
