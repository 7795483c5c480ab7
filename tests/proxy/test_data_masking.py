"""Data is masked by its schema; before that is read, nothing readable of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mitmproxy import http

from countersign.dialects import CurrentRead
from countersign.errors import SchemaUnavailable
from countersign.proxy.data_masking import NOT_READ, NOT_READ_YET, DataMasking
from countersign.proxy.exchange import Exchange
from countersign.proxy.service_reader import CurrentSchema
from countersign.rulebook.values import Connection
from tests.proxy.values import READ, HeldService, exchange, flow, known_schemas, masking, operation

_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"colour": {"type": "string", "x-sensitive": True}}}
_MARKED = CurrentSchema(True, _SCHEMA, {}, None)


class _Away(HeldService):
    async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
        raise SchemaUnavailable("away")


def _asked() -> Exchange:
    return exchange(
        operation=operation(effect="data", proposed=None, has_proposed=False, current=None, data_schema=READ)
    )


def _data() -> http.HTTPFlow:
    made = flow("POST", "https://schemas.example/data/a", b'{"colour":"ultramarine","n":1}')
    made.response = http.Response.make(200, b'{"colour":"carmine"}', {"Content-Type": "application/json"})
    return made


def _masking(service: HeldService) -> DataMasking:
    return DataMasking(masking(), known_schemas(service))


async def test_data_whose_schema_is_known_is_masked_by_its_marks() -> None:
    """The request and the answer, at once, and nobody is asked."""
    service = HeldService(_MARKED)
    data, asked, made = _masking(service), _asked(), _data()
    data._known.learn(asked.connection, "a", READ, _MARKED)  # type: ignore[arg-type]
    masked = await data.request(asked, made)
    assert masked.body.text is not None
    assert json.loads(masked.body.text) == {"colour": "[masked]", "n": 1}
    data.begin_later(asked, made)
    assert asked.masked_later is None
    answer = await data.response(asked, made)
    assert answer.body.text is not None
    assert "carmine" not in answer.body.text.decode()
    assert service.reads == 0


async def test_data_whose_schema_is_not_known_is_masked_later() -> None:
    """The intent holds nothing readable of it, and contacts nobody; afterwards the schema is read, and it is masked."""
    service = HeldService(_MARKED)
    data, asked, made = _masking(service), _asked(), _data()
    masked = await data.request(asked, made)
    assert (masked.body.text, masked.body.why_unreadable, masked.body.length) == (None, NOT_READ_YET, 30)
    assert masked.body.digest.startswith("hmac-sha256:")
    assert service.reads == 0
    data.begin_later(asked, made)
    made.request.headers["X-Late"] = "of the gateway"
    assert asked.masked_later is not None
    later = (await asked.masked_later).request
    assert later.body.text is not None
    assert json.loads(later.body.text) == {"colour": "[masked]", "n": 1}
    assert later.body.digest == masked.body.digest
    assert "X-Late" not in dict(later.headers)
    answer = await data.response(asked, made)
    assert answer.body.text is not None
    assert "carmine" not in answer.body.text.decode()
    assert service.reads == 1


async def test_nothing_readable_is_kept_where_the_schema_cannot_be_read() -> None:
    """Neither of the data nor of the answer; the headers are there all the same."""
    data, asked, made = _masking(_Away(_MARKED)), _asked(), _data()
    await data.request(asked, made)
    data.begin_later(asked, made)
    assert asked.masked_later is not None
    later = (await asked.masked_later).request
    answer = await data.response(asked, made)
    assert [(each.body.text, each.body.why_unreadable) for each in (later, answer)] == [(None, NOT_READ)] * 2
    assert dict(answer.headers)["Content-Type"] == "application/json"


@pytest.mark.parametrize("effect", ["data", "read", "update"])
async def test_what_has_no_schema_of_its_data_is_masked_at_once(effect: Any) -> None:
    """A dialect that does not say where it is, and what is no data: by rules, names and detectors alone."""
    service = HeldService(_MARKED)
    data, made = _masking(service), _data()
    asked = exchange(operation=operation(effect=effect))
    masked = await data.request(asked, made)
    assert masked.body.text is not None
    assert "ultramarine" in masked.body.text.decode()
    data.begin_later(asked, made)
    assert asked.masked_later is None
    assert (await data.response(asked, made)).body.text is not None
    assert service.reads == 0
