"""Asks the service what became of a change whose answer nobody saw."""

from __future__ import annotations

from collections.abc import Callable

from countersign.dialects import CurrentRead
from countersign.proxy.assessing import Assessor
from countersign.proxy.off_loop import off_loop
from countersign.proxy.service_reader import ServiceReader
from countersign.rulebook.values import Connection
from countersign.strict_json import Json


async def observe(
    reader: ServiceReader,
    assessor: Assessor,
    connection: Connection,
    read: CurrentRead,
    *,
    before: str | None,
    proposed: str,
    schema_digest: Callable[[Json], str],
) -> str:
    """One line for the evidence: `applied`, `not applied`, or what else is there now. Raises SchemaUnavailable.

    Does not prove who applied it: with `applied` the service holds what was sent, whoever sent it.
    """
    current = await reader.current(connection, read)
    if await off_loop(current.size, lambda: schema_digest(current.document)) == proposed:
        return "applied: the service holds what the request proposed"
    if before is not None and await off_loop(current.size, lambda: assessor.digest_of(current)) == before:
        return "not applied: the service holds what it held before"
    if not current.exists:
        return "the service holds no schema of this subject"
    return "the service holds another schema than the one proposed"
