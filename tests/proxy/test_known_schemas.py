"""The schemas that describe data: known, looked up once for all who ask, and forgotten when something changes them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from countersign import limits
from countersign.dialects import CurrentRead
from countersign.errors import SchemaUnavailable
from countersign.proxy.known_schemas import KnownSchemas
from countersign.proxy.service_reader import CurrentSchema
from countersign.rulebook.values import Connection
from tests.proxy.stage import until
from tests.proxy.values import DIGEST, READ, HeldService, connection

_HELD = CurrentSchema(True, {"type": "object"}, {"r": {"type": "string"}}, None, 100)
_OTHER = CurrentSchema(True, {"type": "array"}, {}, None, 100)
_PLACE = (connection(), "a", READ)


class _Slow(HeldService):
    """Answers when it may."""

    def __init__(self, current: CurrentSchema) -> None:
        super().__init__(current)
        self.may_answer = asyncio.Event()

    async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
        held = self.held
        self.reads += 1
        await self.may_answer.wait()
        return held


class _Away(HeldService):
    """Does not answer."""

    async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
        self.reads += 1
        raise SchemaUnavailable("away")


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_was_looked_up_is_known() -> None:
    """The document, what it refers to, and a key that is another one for another document."""
    known = KnownSchemas(HeldService(_HELD), DIGEST, _Clock())
    assert await known.fresh(*_PLACE) is None
    found = await known.look_up(*_PLACE)
    (schema,) = found.schemas
    assert (schema.document, dict(schema.bundle), found.size) == (_HELD.document, _HELD.bundle, 100)
    assert await known.fresh(*_PLACE) == found
    known.learn(*_PLACE, _OTHER)
    other = await known.fresh(*_PLACE)
    assert other is not None
    assert other.schemas[0].key != schema.key
    known.learn(*_PLACE, replace(_HELD, etag='"2"'))
    assert await known.fresh(*_PLACE) == found


async def test_no_schema_is_knowledge_too() -> None:
    """The service says that there is none: then nothing is marked."""
    known = KnownSchemas(HeldService(CurrentSchema(False, None, {}, None)), DIGEST, _Clock())
    assert (await known.look_up(*_PLACE)).schemas == ()
    found = await known.fresh(*_PLACE)
    assert found is not None
    assert found.schemas == ()


async def test_old_knowledge_is_none() -> None:
    """After KNOWN_SCHEMA_SECONDS somebody has to look again; until then nobody has."""
    clock = _Clock()
    known = KnownSchemas(HeldService(_HELD), DIGEST, clock)
    known.learn(*_PLACE, _HELD)
    clock.now += limits.KNOWN_SCHEMA_SECONDS
    assert await known.fresh(*_PLACE) is not None
    clock.now += 0.1
    assert await known.fresh(*_PLACE) is None


async def test_all_who_ask_at_once_share_one_look() -> None:
    """Also when one of them goes away meanwhile."""
    service = _Slow(_HELD)
    known = KnownSchemas(service, DIGEST, _Clock())
    asking = [asyncio.ensure_future(known.look_up(*_PLACE)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    service.may_answer.set()
    found = await asyncio.gather(*asking[1:])
    assert service.reads == 1
    assert len({each.schemas[0].key for each in found}) == 1


@pytest.mark.parametrize(("subject", "is_forgotten"), [("a", True), (None, True), ("b", False)])
async def test_a_change_makes_its_subject_unknown(subject: str | None, is_forgotten: bool) -> None:
    """A change of the service as a whole every subject of it; one of another subject nothing."""
    known = KnownSchemas(HeldService(_HELD), DIGEST, _Clock())
    known.learn(*_PLACE, _HELD)
    known.forget(connection(name="other"), subject)
    assert await known.fresh(*_PLACE) is not None
    known.forget(connection(), subject)
    assert (await known.fresh(*_PLACE) is None) == is_forgotten


async def test_a_look_from_before_a_change_teaches_nothing() -> None:
    """Who asked for it gets it; the next one has to look again."""
    service = _Slow(_HELD)
    known = KnownSchemas(service, DIGEST, _Clock())
    before = asyncio.ensure_future(known.look_up(*_PLACE))
    await until(lambda: service.reads == 1)
    known.forget(connection(), "a")
    service.held = _OTHER
    after = asyncio.ensure_future(known.look_up(*_PLACE))
    await until(lambda: service.reads == 2)
    service.may_answer.set()
    assert [(await each).schemas[0].document for each in (before, after)] == [_HELD.document, _OTHER.document]
    found = await known.fresh(*_PLACE)
    assert found is not None
    assert found.schemas[0].document == _OTHER.document


async def test_a_look_that_ends_after_a_change_is_not_remembered() -> None:
    """What it found is of before: the next request of the subject looks again."""
    service = _Slow(_HELD)
    known = KnownSchemas(service, DIGEST, _Clock())
    looking = asyncio.ensure_future(known.look_up(*_PLACE))
    await until(lambda: service.reads == 1)
    known.forget(connection(), "a")
    service.may_answer.set()
    await looking
    assert await known.fresh(*_PLACE) is None
    await known.look_up(*_PLACE)
    assert await known.fresh(*_PLACE) is not None


async def test_a_service_that_is_away_is_not_asked_by_everybody() -> None:
    """For a moment nobody waits for it again; then somebody may."""
    clock = _Clock()
    service = _Away(_HELD)
    known = KnownSchemas(service, DIGEST, clock)
    for _ in range(3):
        with pytest.raises(SchemaUnavailable):
            await known.look_up(*_PLACE)
    assert service.reads == 1
    clock.now += limits.KNOWN_SCHEMA_RETRY_SECONDS
    with pytest.raises(SchemaUnavailable):
        await known.look_up(*_PLACE)
    assert service.reads == 2


@pytest.mark.parametrize("limit", ["MAX_KNOWN_SCHEMAS", "MAX_KNOWN_SCHEMA_BYTES"])
async def test_what_is_remembered_is_bounded(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that nobody has used for the longest time goes first."""
    monkeypatch.setattr(limits, limit, 2 if limit == "MAX_KNOWN_SCHEMAS" else 250)
    known = KnownSchemas(HeldService(_HELD), DIGEST, _Clock())
    known.learn(connection(), "a", READ, _HELD)
    known.learn(connection(), "b", READ, _HELD)
    assert await known.fresh(connection(), "a", READ) is not None
    known.learn(connection(), "c", READ, _HELD)
    there = [subject for subject in "abc" if await known.fresh(connection(), subject, READ) is not None]
    assert there == ["a", "c"]
