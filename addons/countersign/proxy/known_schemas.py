"""The schemas that describe data on its way: what they mark as sensitive is masked in it.

Learnt from every look at a service and from changes that passed; looked up, with the gateway's credential, where that is
too long ago. A change of a subject makes it unknown. Does not see changes that did not come through this gateway: those
count once what is known is older than KNOWN_SCHEMA_SECONDS.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from countersign import limits
from countersign.dialects import CurrentRead
from countersign.errors import SchemaUnavailable
from countersign.masking import KeyedDigest, KnownSchema
from countersign.proxy.off_loop import aside
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.rulebook.values import Connection
from countersign.strict_json import Json, dumps_in_pieces


@dataclass(frozen=True, slots=True)
class Known:
    """The schemas that describe some data: none where the service has none."""

    schemas: tuple[KnownSchema, ...]
    size: int  #: bytes of their JSON


NOTHING_KNOWN: Final = Known((), 0)

#: Connection, subject, and where its schema is read: a subject may have more than one.
type _Place = tuple[str, str | None, str, str, str]


@dataclass(slots=True)
class _Entry:
    schema: CurrentSchema
    at: float
    known: Known | None = None  # made when it is asked for: most schemas describe no data that comes through here


class KnownSchemas:
    """`clock` gives seconds that nobody sets. Belongs to one event loop."""

    def __init__(self, reader: ServiceReader, digest: KeyedDigest, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._digest = digest
        self._clock = clock
        self._entries: OrderedDict[_Place, _Entry] = OrderedDict()
        self._bytes = 0
        self._looking: dict[_Place, asyncio.Task[Known]] = {}
        self._failed: OrderedDict[_Place, float] = OrderedDict()  # when

    async def fresh(self, connection: Connection, subject: str | None, read: CurrentRead) -> Known | None:
        """What is known well enough; None: `look_up` has to be asked, once the intent to do so is durable."""
        place = _place(connection, subject, read)
        entry = self._entries.get(place)
        if entry is None or self._clock() - entry.at > limits.KNOWN_SCHEMA_SECONDS:
            return None
        self._entries.move_to_end(place)
        return await self._described(entry)

    async def look_up(self, connection: Connection, subject: str | None, read: CurrentRead) -> Known:
        """What the service says now; requests that ask at the same time share one look. Raises SchemaUnavailable."""
        place = _place(connection, subject, read)
        if self._clock() - self._failed.get(place, float("-inf")) < limits.KNOWN_SCHEMA_RETRY_SECONDS:
            raise SchemaUnavailable("the schema could not be read a moment ago")
        if (looking := self._looking.get(place)) is None:
            looking = asyncio.ensure_future(self._look(place, connection, read))
            looking.add_done_callback(_retrieve)
            self._looking[place] = looking
        return await asyncio.shield(looking)

    def learn(self, connection: Connection, subject: str | None, read: CurrentRead, schema: CurrentSchema) -> None:
        """The service holds `schema` now."""
        self._keep(_place(connection, subject, read), _Entry(schema, self._clock()))

    def forget(self, connection: Connection, subject: str | None) -> None:
        """Something changes this subject (None: maybe every one), so nothing is known of it, nor by looks under way."""
        for place in [*self._entries, *self._looking]:
            if place[0] == connection.name and subject in (None, place[1]):
                self._drop(place)
                self._looking.pop(place, None)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _look(self, place: _Place, connection: Connection, read: CurrentRead) -> Known:
        me = asyncio.current_task()
        try:
            entry = _Entry(await self._reader.current(connection, read), self._clock())
            known = await self._described(entry)
            if self._looking.get(place) is me:
                self._keep(place, entry)
            return known
        except BaseException:
            self._failed[place] = self._clock()
            self._failed.move_to_end(place)
            while len(self._failed) > limits.MAX_KNOWN_SCHEMAS:
                self._failed.popitem(last=False)
            raise
        finally:
            if self._looking.get(place) is me:
                del self._looking[place]

    async def _described(self, entry: _Entry) -> Known:
        if entry.known is None:
            entry.known = await aside(lambda: self._known(entry.schema))
        return entry.known

    def _known(self, schema: CurrentSchema) -> Known:
        if not schema.exists:
            return NOTHING_KNOWN
        held: Json = [schema.document, dict(schema.bundle)]
        key = self._digest.of(dumps_in_pieces(held), label="known-schema")
        return Known((KnownSchema(key, schema.document, schema.bundle),), schema.size)

    def _keep(self, place: _Place, entry: _Entry) -> None:
        self._drop(place)
        self._failed.pop(place, None)
        self._entries[place] = entry
        self._bytes += entry.schema.size
        while len(self._entries) > limits.MAX_KNOWN_SCHEMAS or self._bytes > limits.MAX_KNOWN_SCHEMA_BYTES:
            self._drop(next(iter(self._entries)))

    def _drop(self, place: _Place) -> None:
        if (entry := self._entries.pop(place, None)) is not None:
            self._bytes -= entry.schema.size


def _place(connection: Connection, subject: str | None, read: CurrentRead) -> _Place:
    return connection.name, subject, read.target, read.schema.path, read.schema.form


def _retrieve(looking: asyncio.Task[Known]) -> None:
    """All who asked may be gone: then nobody else looks at the error, and asyncio would complain."""
    if not looking.cancelled():
        looking.exception()
