"""A provider for tests: real keys, real signatures, and a real HTTP server on loopback that publishes the keys."""

from __future__ import annotations

import asyncio
import json
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
    """A provider's discovery and key endpoints over HTTP."""

    def __init__(self, *keys: SigningKey) -> None:
        self.url = ""
        self.keys: list[dict[str, Any]] = [key.jwk for key in keys]
        self.configuration: dict[str, Any] = {}
        self.requests: list[str] = []
        self.status = 200
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
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
            self.requests.append(path)
            self.was_asked.set()
            await self.may_answer.wait()
            answers = {
                "/.well-known/openid-configuration": {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/jwks",
                    **self.configuration,
                },
                "/jwks": {"keys": self.keys},
            }
            body = json.dumps(answers.get(path, {})).encode()
            head = f"HTTP/1.1 {self.status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        finally:
            writer.close()


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
    authority, _, path = url.removeprefix("http://").partition("/")
    host, _, port = authority.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1].decode()
    if status != "200":
        raise OSError(f"status {status}")
    return body


def claims_of(url: str, **changes: Any) -> dict[str, Any]:
    """The claims of a good token of the issuer at `url`; a change to `...` leaves that claim out."""
    usual = {"iss": url, "sub": "ci-42", "aud": AUDIENCE, "iat": int(NOW) - 10, "exp": int(NOW) + 300, "jti": "j-1"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}
