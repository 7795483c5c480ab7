"""Reads the current schema of a subject from its service, whole, with the schemas that it refers to.

Uses the gateway's credential: access is decided and the intent durable before this is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from countersign import limits
from countersign.dialects import CurrentRead, Reference, read_current
from countersign.dialects.quotation import quoted
from countersign.errors import BadInput, SchemaUnavailable
from countersign.masking.carriers.content_coding import decode
from countersign.proxy.credentials import upstream_credential
from countersign.proxy.off_loop import off_loop
from countersign.proxy.outbound import Answer, Outbound
from countersign.rulebook.values import Connection
from countersign.strict_json import Json


@dataclass(frozen=True, slots=True)
class CurrentSchema:
    """What the service holds now. `exists` False: no such schema yet."""

    exists: bool
    document: Json
    bundle: dict[str, Json]  #: reference name -> schema
    etag: str | None
    size: int = 0  #: bytes of the answers that it came in


def url_of(connection: Connection, target: str) -> str:
    """Where `target`, a path with its query, stands at the service (RFC 3986: an IPv6 address is in brackets)."""
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"{connection.scheme}://{host}:{connection.port}{target}"


class ServiceReader:
    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
        """The current schema. Raises SchemaUnavailable."""
        answer = await self._get(connection, read.target)
        document, references = await _read(read, answer)
        if answer.status in read.absent:
            return CurrentSchema(False, None, {}, None)
        bundle, size = await self._bundle(connection, references)
        etag = answer.headers.get("etag") if read.etag else None
        return CurrentSchema(True, document, bundle, etag, len(answer.body) + size)

    async def bundle(self, connection: Connection, references: Sequence[Reference]) -> dict[str, Json]:
        """Every schema that `references` lead to, by the name that `$ref` uses. Raises SchemaUnavailable."""
        return (await self._bundle(connection, references))[0]

    async def _bundle(self, connection: Connection, references: Sequence[Reference]) -> tuple[dict[str, Json], int]:
        """With the bytes of the answers it came in."""
        bundle: dict[str, Json] = {}
        size = 0
        targets: dict[str, str] = {}
        waiting = list(references)
        while waiting:
            reference = waiting.pop()
            known = targets.setdefault(reference.name, reference.target)
            if known != reference.target:
                raise SchemaUnavailable(
                    f"two schemas are bundled as {quoted(reference.name)}; give them different names"
                )
            if reference.name in bundle:
                continue
            if len(bundle) >= limits.MAX_REFERENCES:
                raise SchemaUnavailable(f"more than {limits.MAX_REFERENCES} schemas hang together")
            answer = await self._get(connection, reference.target)
            document, further = await _read(reference, answer)
            bundle[reference.name] = document
            size += len(answer.body)
            waiting.extend(further)
        return bundle, size

    async def _get(self, connection: Connection, target: str) -> Answer:
        try:
            return await self._outbound.get(url_of(connection, target), dict(upstream_credential(connection)))
        except OSError as error:
            raise SchemaUnavailable(f"the current schema cannot be read from {connection.name}: {error}") from None


async def _read(read: CurrentRead | Reference, answer: Answer) -> tuple[Json | None, tuple[Reference, ...]]:
    coding = answer.headers.get("content-encoding")
    size = limits.ON_LOOP_BYTES if coding else len(answer.body)
    return await off_loop(size, lambda: read_current(read, answer.status, _body(answer.body, coding)))


def _body(body: bytes, coding: str | None) -> bytes:
    try:
        return decode(body, coding)
    except BadInput as error:
        raise SchemaUnavailable(f"the service's answer cannot be read: {error.detail}") from None
