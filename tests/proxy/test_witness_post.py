"""The gateway's requests to witnesses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from countersign import limits
from countersign.proxy.witness_post import WitnessPost
from tests.proxy.certificates import Authority
from tests.proxy.upstream import SchemaService


async def test_an_answer_comes_back(service: SchemaService) -> None:
    """A thread that waits gets status, media type and the body's bytes; the witness gets what was to be posted."""
    service.answer_headers = ["Content-Type: text/x.tlog.size"]
    answer = await asyncio.to_thread(WitnessPost(None), f"{service.url}/add-checkpoint", b"old 0\n\n")
    assert answer == (200, "text/x.tlog.size", b"{}")
    (got,) = service.received
    assert (got.method, got.target, got.body) == ("POST", "/add-checkpoint", b"old 0\n\n")


async def test_without_a_media_type(service: SchemaService) -> None:
    """One that is not said is empty."""
    assert (await asyncio.to_thread(WitnessPost(None), f"{service.url}/", b""))[1] == ""


async def test_no_answer(service: SchemaService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than the limit, whether it is up and silent or not there."""
    monkeypatch.setattr(limits, "OUTBOUND_SECONDS", 0.05)
    service.may_answer.clear()
    for url in (service.url, "http://127.0.0.1:9"):
        with pytest.raises(OSError, match="no answer"):
            await asyncio.to_thread(WitnessPost(None), f"{url}/add-checkpoint", b"")


async def test_certificates_are_checked(secure_service: SchemaService, authority: Authority) -> None:
    """A witness whose certificate no trusted authority signed is not asked; with its authority it is."""

    async def ask(trusted: Path | None) -> tuple[int, str, bytes]:
        return await asyncio.to_thread(WitnessPost(trusted), f"{secure_service.url}/add-checkpoint", b"")

    with pytest.raises(OSError, match="no answer"):
        await ask(None)
    assert secure_service.received == []
    assert (await ask(authority.ca))[0] == 200
