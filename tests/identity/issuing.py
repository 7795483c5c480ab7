"""A provider for tests: real keys, real signatures, and a real HTTP server on loopback that publishes the keys.

It gives whatever tokens a test wants: for people who log in as they should there is nanoidp (real_provider.py).
"""

from __future__ import annotations

import asyncio
import json
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.identity import base64url
from countersign.rulebook.values import Issuer, Source

NOW = 1_800_000_000.0
AUDIENCE = "countersign"


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class SigningKey:
    """A private key with the name and the algorithm it is published with."""

    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    algorithm: str
    kid: str | None = "first"

    @property
    def jwk(self) -> dict[str, Any]:
        """What a provider publishes of it."""
        public = jwt.PyJWS().get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        named = {} if self.kid is None else {"kid": self.kid}
        return {**public, **named, "use": "sig", "alg": self.algorithm}

    @property
    def pem(self) -> bytes:
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def called(self, kid: str | None) -> SigningKey:
        return replace(self, kid=kid)

    def token(self, claims: Mapping[str, Any], **header: Any) -> str:
        """`claims` signed by this key. `header` adds to the usual one; a value of `...` leaves that member out."""
        usual = {"alg": self.algorithm, "kid": self.kid if self.kid is not None else ..., "typ": "JWT"}
        members = {name: value for name, value in {**usual, **header}.items() if value is not ...}
        return self.sign(json.dumps(members).encode(), json.dumps(claims).encode())

    def sign(self, header: bytes, payload: bytes) -> str:
        """Exactly these bytes, signed."""
        signed = f"{base64url.encode(header)}.{base64url.encode(payload)}"
        algorithm = jwt.PyJWS().get_algorithm_by_name(self.algorithm)
        return f"{signed}.{base64url.encode(algorithm.sign(signed.encode(), self.private))}"


@cache
def rsa_key(number: int = 1, bits: int = 2048) -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, bits), "RS256")


@cache
def ec_key(number: int = 1) -> SigningKey:
    return SigningKey(ec.generate_private_key(ec.SECP256R1()), "ES256")


@cache
def ed_key(number: int = 1) -> SigningKey:
    return SigningKey(ed25519.Ed25519PrivateKey.generate(), "EdDSA")


def issuer_at(url: str, **changes: Any) -> Issuer:
    issuer = Issuer(url, (AUDIENCE,), ("RS256", "ES256", "EdDSA"), 30, None, None, Source("identity.yaml", 3))
    return replace(issuer, **changes)


class KeyServer:
    """A provider's discovery, key and token endpoints over HTTP."""

    def __init__(self, *keys: SigningKey) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = [key.jwk for key in keys]
        self.configuration: dict[str, Any] = {}
        self.requests: list[str] = []
        self.status = 200
        self.token_status = 200
        self.token_answer: Any = {}  #: JSON, or bytes as they are
        self.token_requests: list[tuple[str, dict[str, str]]] = []  #: Authorization, and the form
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    def publish(self, *keys: SigningKey) -> None:
        self.keys = [key.jwk for key in keys]

    @property
    def fetches(self) -> int:
        """How often the keys were fetched."""
        return self.requests.count("/jwks")

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ", 2)[1]
            self.requests.append(path)
            if path == "/token":
                await self._take_token_request(head, reader)
            self.was_asked.set()
            await self.may_answer.wait()
            answers = {
                "/.well-known/openid-configuration": {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/jwks",
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    **self.configuration,
                },
                "/jwks": {"keys": self.keys},
                "/token": self.token_answer,
            }
            answer = answers.get(path, {})
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            status = self.token_status if path == "/token" else self.status
            head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        finally:
            writer.close()

    async def _take_token_request(self, head: str, reader: asyncio.StreamReader) -> None:
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = (await reader.readexactly(int(headers["Content-Length"]))).decode()
        form = {name: value for name, (value,) in urllib.parse.parse_qs(body, strict_parsing=True).items()}
        self.token_requests.append((headers.get("Authorization", ""), form))


@asynccontextmanager
async def serving(*keys: SigningKey) -> AsyncIterator[KeyServer]:
    """A KeyServer on a free port of 127.0.0.1."""
    provider = KeyServer(*keys)
    server = await asyncio.start_server(provider._answer, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        provider.may_answer.set()
        server.close()


async def fetch(url: str) -> bytes:
    """The smallest thing that is a `Fetch`: HTTP on loopback, one connection for one answer."""
    status, body = await _exchange("GET", url, {}, b"")
    if status != 200:
        raise OSError(f"status {status}")
    return body


@dataclass(frozen=True)
class Posted:
    """What came back for a form."""

    status: int
    body: bytes


async def post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Posted:
    """The smallest thing that is a `Post`."""
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return Posted(*await _exchange("POST", url, {**headers, **content_type}, urllib.parse.urlencode(form).encode()))


async def _exchange(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    authority, _, path = url.removeprefix("http://").partition("/")
    host, _, port = authority.partition(":")
    lines = {"Host": authority, "Connection": "close", "Content-Length": len(body), **headers}
    head = f"{method} /{path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode() + b"\r\n" + body)
        answer = await reader.read(-1)
    finally:
        writer.close()
    start, _, content = answer.partition(b"\r\n\r\n")
    if not start:
        raise OSError("closed without an answer")
    return int(start.split(b" ", 2)[1]), content


def claims_of(url: str, **changes: Any) -> dict[str, Any]:
    """The claims of a good token of the issuer at `url`; a change to `...` leaves that claim out."""
    usual = {"iss": url, "sub": "ci-42", "aud": AUDIENCE, "iat": int(NOW) - 10, "exp": int(NOW) + 300, "jti": "j-1"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}
