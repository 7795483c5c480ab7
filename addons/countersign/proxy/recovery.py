"""After a restart: what became of the changes and tunnels that were open, and which approvals still fit the rules."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from mitmproxy.utils import asyncio_utils

from countersign import limits
from countersign.dialects import CurrentRead
from countersign.errors import CountersignError
from countersign.evidence import Entry, Record
from countersign.proxy.read_back import observe
from countersign.proxy.runtime import Parts
from countersign.rulebook.values import Connection

logger = logging.getLogger(__name__)


def look_again(parts: Parts) -> asyncio.Task[None]:
    """Start what recovery has to ask the service, beside the traffic; afterwards keep ending what nobody decided."""
    return asyncio_utils.create_task(_look_again(parts), name="countersign recovery", keep_ref=True)


async def _look_again(parts: Parts) -> None:
    await _recover(parts)
    while parts.log.is_healthy:
        await asyncio.sleep(limits.EXPIRY_SWEEP_SECONDS)
        try:
            await parts.desk.expire_due()
        except CountersignError as error:
            logger.error("approvals do not expire: %s", error)


async def _recover(parts: Parts) -> None:
    try:
        for opened in _lost_tunnels(parts):
            lost = {**opened.fields, "step": "closed", "reason": "the gateway ended; how much passed is not known"}
            await parts.log.append(Entry("tunnel", opened.exchange, lost))
        await parts.desk.void_outdated(parts.rules.digest)
        await parts.desk.expire_due()
        for change in _open_changes(parts):
            await _ask(parts, change)
    except CountersignError as error:
        logger.error("recovery is not complete: %s", error)


def _lost_tunnels(parts: Parts) -> list[Record]:
    """The openings of tunnels that no record closes, before the start of this process."""
    opened: dict[str | None, Record] = {}
    lost: dict[str | None, Record] = {}
    for record in parts.log.records(types={"tunnel", "start"}):
        step = record.fields.get("step")
        if record.type == "start":
            lost |= opened
            opened = {}
        elif step == "opened":
            opened[record.exchange] = record
        elif step == "closed":
            lost.pop(record.exchange, None)
            opened.pop(record.exchange, None)
    return list(lost.values())


@dataclass(frozen=True, slots=True)
class _OpenChange:
    intent: Record
    connection: Connection
    read: CurrentRead
    before: str | None


def _open_changes(parts: Parts) -> list[_OpenChange]:
    """The changes that were open when the gateway stopped, as far as the rules still know how to look them up."""
    recovered = set(parts.log.recovered)
    if not recovered:
        return []
    connections = {connection.name: connection for connection in parts.rules.connections}
    found: dict[str, _OpenChange] = {}
    for record in parts.log.records(types={"intent", "decision"}):
        if record.exchange not in recovered:
            continue
        if record.type == "decision":
            if record.exchange in found:
                opened, current = found[record.exchange], record.fields.get("current")
                before = current if isinstance(current, str) else None
                found[record.exchange] = _OpenChange(opened.intent, opened.connection, opened.read, before)
            continue
        connection = connections.get(str(record.fields.get("connection")))
        read = _read_of(parts, connection, record) if connection else None
        if connection is not None and read is not None:
            found[record.exchange] = _OpenChange(record, connection, read, None)
    return list(found.values())


def _read_of(parts: Parts, connection: Connection, intent: Record) -> CurrentRead | None:
    target = intent.fields.get("look_up")
    for rule in parts.rules.dialects[connection.dialect].operations:
        if rule.effect == "data" or rule.current is None:  # of data nothing is to be found out
            continue
        if rule.name == intent.fields.get("operation") and isinstance(target, str):
            current = rule.current
            return CurrentRead(
                target, current.schema, current.absent, current.references, current.etag, current.only_if
            )
    return None


async def _ask(parts: Parts, opened: _OpenChange) -> None:
    fields = opened.intent.fields
    try:
        observed = await observe(
            parts.reader,
            parts.assessor,
            opened.connection,
            opened.read,
            before=opened.before,
            proposed=str(fields["proposed"]),
            schema_digest=parts.evidence.schema_digest,
        )
    except CountersignError as error:
        observed = parts.masking.text(f"unreadable: {error}")
    about = {name: fields.get(name) for name in ("connection", "subject", "caller")}
    await parts.log.append(
        Entry("outcome_unknown", opened.intent.exchange, {**about, "reason": "read again", "observed": observed})
    )
