"""The current schema, read whole from a real service."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from countersign import limits
from countersign.dialects import CurrentRead, Reference
from countersign.errors import SchemaUnavailable
from countersign.proxy.outbound import Outbound
from countersign.proxy.service_reader import CurrentSchema, ServiceReader, url_of
from countersign.rulebook.values import BundlePlace, Connection, LookUp, SchemaPlace, UpstreamCredential
from tests.proxy.upstream import SchemaService
from tests.proxy.values import connection

_WHOLE = SchemaPlace("$", "json")
_INNER = SchemaPlace("$.schema", "json")
_BUNDLE = BundlePlace("$.refs", "name", LookUp("/schemas/{subject}", _INNER, ()), nested=True)


@pytest.fixture
async def reader() -> AsyncIterator[ServiceReader]:
    outbound = Outbound(None)
    yield ServiceReader(outbound)
    outbound.close()


def _at(service: SchemaService, **changes: Any) -> Connection:
    return connection(scheme="http", host="127.0.0.1", port=service.port, **changes)


def _read(subject: str = "a", *, etag: bool = True, bundled: bool = False) -> CurrentRead:
    return CurrentRead(f"/schemas/{subject}", _INNER if bundled else _WHOLE, (404,), _BUNDLE if bundled else None, etag)


def _hold(service: SchemaService, subject: str, *references: tuple[str, str]) -> None:
    """Put a schema that refers to others into the service."""
    refs = [{"name": name, "subject": other} for name, other in references]
    service.schemas[subject] = json.dumps({"schema": {"title": subject}, "refs": refs}).encode()


async def test_the_current_schema_is_read_with_its_etag(reader: ServiceReader, service: SchemaService) -> None:
    """As the service holds it; the ETag only where the dialect asks for it."""
    service.schemas["a"] = b'{"type":"object"}'
    found = await reader.current(_at(service), _read())
    assert (found.exists, found.document, found.bundle) == (True, {"type": "object"}, {})
    assert found.etag is not None
    assert (await reader.current(_at(service), _read(etag=False))).etag is None


async def test_a_schema_that_is_not_there_is_no_error(reader: ServiceReader, service: SchemaService) -> None:
    """The status that the dialect names says that there is none."""
    assert await reader.current(_at(service), _read()) == CurrentSchema(False, None, {}, None)


async def test_the_gateways_credential_is_used(reader: ServiceReader, service: SchemaService, tmp_path: Path) -> None:
    """The look-up carries the service's credential, and without it nothing is asked."""
    key = tmp_path / "key"
    key.write_text("services-own")
    known = _at(service, credential=UpstreamCredential("Authorization", "Bearer", None, str(key)))
    await reader.current(known, _read())
    assert service.received[0].header("authorization") == ["Bearer services-own"]
    key.unlink()
    with pytest.raises(SchemaUnavailable, match="no credential"):
        await reader.current(known, _read())
    assert len(service.received) == 1


@pytest.mark.parametrize(
    "held", [b"not JSON", b"", b'{"a":1,"a":2}', b"[]", b'"text"', b"\xff", b'{"a":NaN}'], ids=repr
)
async def test_an_answer_that_is_no_schema_is_refused(
    held: bytes, reader: ServiceReader, service: SchemaService
) -> None:
    """What cannot be read in exactly one way is not compared with."""
    service.schemas["a"] = held
    with pytest.raises(SchemaUnavailable):
        await reader.current(_at(service), _read())


async def test_an_encoded_answer_is_read(reader: ServiceReader, service: SchemaService) -> None:
    """Though the gateway asked for none; what is not the encoding it says is refused."""
    service.answer_headers = ["Content-Encoding: gzip"]
    service.schemas["a"] = gzip.compress(b'{"type":"object"}')
    assert (await reader.current(_at(service), _read())).document == {"type": "object"}
    service.schemas["a"] = b'{"type":"object"}'
    with pytest.raises(SchemaUnavailable, match="cannot be read"):
        await reader.current(_at(service), _read())


async def test_a_service_that_is_away_is_said(reader: ServiceReader) -> None:
    """The connection's name, and not what was sent to it."""
    with pytest.raises(SchemaUnavailable, match="cannot be read from schemas"):
        await reader.current(connection(scheme="http", host="127.0.0.1", port=9), _read())


# -- references -------------------------------------------------------------------------------------------------------


async def test_references_are_read_to_the_end(reader: ServiceReader, service: SchemaService) -> None:
    """References of references too, each once, circles included."""
    _hold(service, "a", ("b.json", "b"), ("c.json", "c"))
    _hold(service, "b", ("c.json", "c"))
    _hold(service, "c", ("b.json", "b"))
    found = await reader.current(_at(service), _read(bundled=True))
    assert found.bundle == {"b.json": {"title": "b"}, "c.json": {"title": "c"}}
    assert sorted(request.target for request in service.received) == ["/schemas/a", "/schemas/b", "/schemas/c"]


async def test_a_missing_reference_is_an_error(reader: ServiceReader, service: SchemaService) -> None:
    """A schema is compared whole or not at all."""
    _hold(service, "a", ("b.json", "b"))
    with pytest.raises(SchemaUnavailable, match="404"):
        await reader.current(_at(service), _read(bundled=True))


async def test_one_name_for_two_schemas_is_refused(reader: ServiceReader, service: SchemaService) -> None:
    """Which one a `$ref` means depends on who reads it."""
    _hold(service, "a", ("b.json", "b"), ("c.json", "c"))
    _hold(service, "b", ("d.json", "d"))
    _hold(service, "c", ("d.json", "other"))
    _hold(service, "d")
    _hold(service, "other")
    with pytest.raises(SchemaUnavailable, match=r"two schemas are bundled as 'd\.json'"):
        await reader.current(_at(service), _read(bundled=True))
    _hold(service, "c", ("d.json", "d"))
    assert len((await reader.current(_at(service), _read(bundled=True))).bundle) == 3


async def test_so_many_and_no_more(
    reader: ServiceReader, service: SchemaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain of references that exceeds the limit is refused; one that is as long as the limit is read."""
    _hold(service, "a", ("b", "b"))
    _hold(service, "b", ("c", "c"))
    _hold(service, "c")
    monkeypatch.setattr(limits, "MAX_REFERENCES", 2)
    assert len((await reader.current(_at(service), _read(bundled=True))).bundle) == 2
    monkeypatch.setattr(limits, "MAX_REFERENCES", 1)
    with pytest.raises(SchemaUnavailable):
        await reader.current(_at(service), _read(bundled=True))


async def test_the_references_of_a_proposal_are_read(reader: ServiceReader, service: SchemaService) -> None:
    """A proposed schema brings only the names; what they lead to is the service's."""
    _hold(service, "b")
    reference = Reference("b.json", "/schemas/b", _INNER, None)
    assert await reader.bundle(_at(service), [reference]) == {"b.json": {"title": "b"}}
    assert await reader.bundle(_at(service), []) == {}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("schemas.example", "https://schemas.example:443/a?b"),
        ("192.0.2.1", "https://192.0.2.1:443/a?b"),
        ("2001:db8::1", "https://[2001:db8::1]:443/a?b"),
    ],
)
def test_an_address_is_written_as_urls_have_it(host: str, url: str) -> None:
    """IPv6 addresses stand in brackets."""
    assert url_of(connection(host=host), "/a?b") == url
