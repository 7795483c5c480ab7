"""connections/*.yaml -> Connection and Tunnel values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from countersign import limits
from countersign.rulebook import hosts
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import Connection, Source, Tunnel, UpstreamCredential

#: They frame the message or name its way; a credential there would break or redirect the request.
_NO_CREDENTIAL_HEADERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "content-type", "content-encoding"}
)  # fmt: skip


def connections(documents: Iterable[Document], problems: Problems) -> tuple[Connection, ...]:
    """The registered connections of `documents`, whose shape was checked; what is wrong goes to `problems`."""
    return tuple(
        _connection(document.file, document.root["connections"].lines[index], entry, problems)
        for document in documents
        for index, entry in enumerate(document.root.get("connections", ()))
    )


def tunnels(documents: Iterable[Document], problems: Problems) -> tuple[Tunnel, ...]:
    """The hosts of `documents` that may be reached blindly; what is wrong goes to `problems`."""
    return tuple(
        _tunnel(document.file, document.root["tunnels"].lines[index], entry, problems)
        for document in documents
        for index, entry in enumerate(document.root.get("tunnels", ()))
    )


def check_together(
    connections: Sequence[Connection],
    tunnels: Sequence[Tunnel],
    dialects: Iterable[str] | None,
    problems: Problems,
) -> None:
    """Names and places are given once, and each dialect exists (`dialects` None: not known, because a file is bad)."""
    names: dict[str, Source] = {}
    places: dict[tuple[str, int], Source] = {}
    for connection in connections:
        file, line = connection.source.file, connection.source.line
        if connection.name in names:
            first = names[connection.name]
            problems.add(file, line, f"a second connection is named {connection.name!r}", f"the first: {first}")
        names.setdefault(connection.name, connection.source)
        if dialects is not None and connection.dialect not in dialects:
            remedy = did_you_mean(connection.dialect, dialects)
            problems.add(file, line, f"there is no dialect {connection.dialect!r} in dialects/", remedy)
    entries: list[Connection | Tunnel] = [*connections, *tunnels]
    for entry in entries:
        place = (entry.host, entry.port)
        if place in places:
            problem = f"{entry.host}:{entry.port} is listed a second time"
            problems.add(entry.source.file, entry.source.line, problem, f"the first: {places[place]}; keep one")
        places.setdefault(place, entry.source)


def _connection(file: str, line: int, entry: Any, problems: Problems) -> Connection:
    scheme, host, port = problems.checked(
        file, entry.lines["url"], hosts.connection_url, entry["url"], ("https", "invalid", 443)
    )
    credential = _credential(file, entry["credential"], problems) if "credential" in entry else None
    if credential is not None and scheme == "http" and not hosts.is_loopback(host):
        problem = "the service's credential would cross the network in the clear"
        problems.add(file, entry.lines["url"], problem, "use https; http with a credential is for loopback")
    return Connection(
        name=entry["name"],
        scheme="https" if scheme == "https" else "http",
        host=host,
        port=port,
        dialect=entry["dialect"],
        hold_seconds=entry.get("hold_seconds", limits.DEFAULT_HOLD_SECONDS),
        pending_status=entry.get("pending_status", 503),
        credential=credential,
        pass_caller_credentials=entry.get("pass_caller_credentials", False),
        source=Source(file, line),
    )


def _credential(file: str, entry: Any, problems: Problems) -> UpstreamCredential:
    header: str = entry["header"]
    if header.lower() in _NO_CREDENTIAL_HEADERS:
        problems.add(
            file, entry.lines["header"], f"a credential cannot stand in {header!r}", "most services: Authorization"
        )
    return UpstreamCredential(
        header=header,
        scheme=entry.get("scheme", ""),
        from_env=entry.get("from_env"),
        from_file=entry.get("from_file"),
    )


def _tunnel(file: str, line: int, entry: Any, problems: Problems) -> Tunnel:
    host = problems.checked(file, entry.lines["host"], hosts.canonical_host, entry["host"], "invalid")
    return Tunnel(host=host, port=entry.get("port", 443), source=Source(file, line))
