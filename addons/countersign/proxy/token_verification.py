"""Who is calling: the credential of a CONNECT counts inside its own tunnel, every other request brings its own.

Verified again on every request, so an expired or revoked token ends an open connection. Takes every header that carries
a credential for the gateway off the request, whatever else happens. Does not decide what the caller may do.
"""

from __future__ import annotations

import ipaddress
from typing import NoReturn

from mitmproxy import connection, ctx, http

from countersign.errors import CountersignError, InvalidCredential
from countersign.identity import Caller, from_authorization
from countersign.proxy.exchange import Exchange, exchange_of, refuse
from countersign.proxy.fail_closed import FailClosed
from countersign.proxy.header_names import CALLER_CREDENTIALS, GATEWAY_CREDENTIALS
from countersign.proxy.refusal import Refusal, refusal_for
from countersign.proxy.runtime import Runtime


class TokenVerification(FailClosed):
    name = "countersign_token_verification"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tokens: dict[str, str] = {}  # client connection -> token of its CONNECT; in memory only

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        values = flow.request.headers.get_all("proxy-authorization")
        _remove(flow.request, GATEWAY_CREDENTIALS)
        assert exchange is not None
        if exchange.is_refused or _refuse_plain(flow):
            return
        try:
            token = _token(values, "Proxy-Authorization")
            verify = self._runtime.parts.verifier.verify
            exchange.caller = await verify(token)

            async def verify_again() -> Caller:  # no partial: what prints one prints the token
                return await verify(token)

            exchange.verify_again = verify_again
        except CountersignError as error:
            refuse(flow, refusal_for(error))
            return
        self._tokens[flow.client_conn.id] = token

    def client_disconnected(self, client: connection.Client) -> None:
        self._tokens.pop(client.id, None)

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        exchange = exchange_of(flow)
        assert exchange is not None
        status = 401 if exchange.via == "reverse" else 407
        try:
            token = self._take(flow, exchange)
            if exchange.via != "tunnel" and _refuse_plain(flow):
                return
            exchange.caller = await self._runtime.parts.verifier.verify(token)
        except CountersignError as error:
            refusal = refusal_for(error, unauthenticated_status=status)
            if exchange.via == "tunnel" and isinstance(error, InvalidCredential):
                self._tokens.pop(flow.client_conn.id, None)
                if not flow.request.is_http2:
                    closing = (*refusal.headers, ("Connection", "close"))
                    refusal = Refusal(refusal.status, refusal.code, refusal.detail, closing)
            refuse(flow, refusal)

    def _take(self, flow: http.HTTPFlow, exchange: Exchange) -> str:
        """The token of this request; no header that held one is left. Raises InvalidCredential."""
        headers, known = flow.request.headers, exchange.connection
        assert known is not None
        found = {name: headers.get_all(name) for name in (*GATEWAY_CREDENTIALS, "authorization")}
        _remove(flow.request, GATEWAY_CREDENTIALS)
        in_authorization = exchange.via == "reverse" and known.credential is not None
        if in_authorization or not known.pass_caller_credentials:
            _remove(flow.request, CALLER_CREDENTIALS if not known.pass_caller_credentials else ("authorization",))
        match exchange.via:
            case "tunnel":
                token = self._tokens.get(flow.client_conn.id)
                if token is None:
                    raise InvalidCredential("the credential of this tunnel is no longer good; connect again")
                return token
            case "plain":
                return _token(found["proxy-authorization"], "Proxy-Authorization")
            case "reverse":
                if found["countersign-authorization"] or not in_authorization:
                    return _token(found["countersign-authorization"], "Countersign-Authorization")
                return _token(found["authorization"], "Authorization")


def _token(values: list[str], name: str) -> str:
    if len(values) != 1:
        _no_token(name, len(values))
    return from_authorization(values[0])


def _no_token(name: str, count: int) -> NoReturn:
    if count:
        raise InvalidCredential(f"{name} is given {count} times; send it once")
    raise InvalidCredential(f"no credential: send your OIDC token in {name}, as Bearer or as the password of Basic")


def _remove(request: http.Request, names: tuple[str, ...]) -> None:
    for name in names:
        request.headers.pop(name, None)


def _refuse_plain(flow: http.HTTPFlow) -> bool:
    """A token over plain HTTP from another host is read by everybody on the way."""
    if flow.client_conn.tls_established or ctx.options.unsafe_plain_credentials:
        return False
    if ipaddress.ip_address(flow.client_conn.peername[0].partition("%")[0]).is_loopback:
        return False
    refuse(
        flow,
        Refusal(403, "plain-credentials", "send credentials over TLS: use https:// in the gateway's own address"),
    )
    return True
