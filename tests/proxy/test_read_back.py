"""What became of a change whose answer nobody saw."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from countersign.errors import SchemaUnavailable
from countersign.proxy.assessing import Assessor
from countersign.proxy.outbound import Outbound
from countersign.proxy.read_back import observe
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.strict_json import Json, dumps
from tests.proxy.upstream import SchemaService
from tests.proxy.values import DIGEST, connection, known_schemas, masking, operation, rulebook

_BEFORE: Json = {"type": "string"}
_PROPOSED: Json = {"type": "object"}


@pytest.fixture
async def reader() -> AsyncIterator[ServiceReader]:
    outbound = Outbound(None)
    yield ServiceReader(outbound)
    outbound.close()


async def _observe(
    reader: ServiceReader, service: SchemaService, proposed: Json = _PROPOSED, *, known: bool = True
) -> str:
    assessor = Assessor(rulebook(), reader, known_schemas(reader), masking(), DIGEST, lambda: 0)
    read = operation().current
    assert read is not None

    def digest(schema: Json) -> str:
        return DIGEST.of(dumps(schema), label="schema")

    return await observe(
        reader,
        assessor,
        connection(scheme="http", host="127.0.0.1", port=service.port),
        read,
        before=assessor.digest_of(CurrentSchema(True, _BEFORE, {}, None)) if known else None,
        proposed=digest(proposed),
        schema_digest=digest,
    )


@pytest.mark.parametrize(
    ("held", "known", "says"),
    [
        (b'{ "type": "object" }', True, "applied: "),
        (b'{"type":"string"}', True, "not applied: "),
        (b'{"type":"string"}', False, "the service holds another schema than the one proposed"),
        (b'{"type":"array"}', True, "the service holds another schema than the one proposed"),
        (None, True, "the service holds no schema of this subject"),
    ],
)
async def test_what_the_service_holds_now_says_it(
    held: bytes | None, known: bool, says: str, reader: ServiceReader, service: SchemaService
) -> None:
    """Applied, not applied, or what else is there; white space does not count."""
    if held is not None:
        service.schemas["a"] = held
    assert (await _observe(reader, service, known=known)).startswith(says)


@pytest.mark.parametrize(("held", "says"), [(None, "applied: "), (b'{"type":"string"}', "not applied: ")])
async def test_a_delete_is_applied_when_nothing_is_left(
    held: bytes | None, says: str, reader: ServiceReader, service: SchemaService
) -> None:
    """It proposes nothing, so that nothing is there is what it wanted."""
    if held is not None:
        service.schemas["a"] = held
    assert (await _observe(reader, service, None)).startswith(says)


async def test_a_service_that_cannot_be_read_is_an_error(reader: ServiceReader, service: SchemaService) -> None:
    """Nothing is guessed."""
    service.schemas["a"] = b"not JSON"
    with pytest.raises(SchemaUnavailable):
        await _observe(reader, service)
