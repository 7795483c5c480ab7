"""A gateway for each test, between a real client and a real service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.identity.issuing import KeyServer, ec_key, serving
from tests.proxy.certificates import Authority, make_authority
from tests.proxy.rule_files import write_rules
from tests.proxy.stage import Gateway, running_gateway
from tests.proxy.upstream import EchoServer, SchemaService, echoing, serving_schemas


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds what is dear to make: mitmproxy's certificate authority."""
    return tmp_path_factory.mktemp("gateways")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def folder(shared: Path, request: pytest.FixtureRequest) -> Path:
    """Rules and state of one gateway."""
    place = shared / str(abs(hash(request.node.nodeid)))
    place.mkdir()
    return place


@pytest.fixture
async def provider() -> AsyncIterator[KeyServer]:
    async with serving(ec_key()) as running:
        yield running


@pytest.fixture
async def service() -> AsyncIterator[SchemaService]:
    async with serving_schemas() as running:
        yield running


@pytest.fixture
async def echo() -> AsyncIterator[EchoServer]:
    async with echoing() as running:
        yield running


@pytest.fixture
async def gateway(
    folder: Path, provider: KeyServer, service: SchemaService, echo: EchoServer
) -> AsyncIterator[Gateway]:
    """Between its clients and a schema service that speaks plain HTTP on loopback; the echo server is a tunnel."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, tunnel_port=echo.port)
    async with running_gateway(folder, provider, service) as running:
        yield running


@pytest.fixture
async def secure_service(authority: Authority) -> AsyncIterator[SchemaService]:
    async with serving_schemas(authority.server_context()) as running:
        yield running


@pytest.fixture
async def secure_gateway(
    folder: Path, provider: KeyServer, secure_service: SchemaService, echo: EchoServer, authority: Authority
) -> AsyncIterator[Gateway]:
    """Between its clients and a schema service that speaks HTTPS."""
    write_rules(folder / "rules", issuer=provider.url, url=secure_service.url, tunnel_port=echo.port)
    async with running_gateway(folder, provider, secure_service, trusted_ca=authority.ca) as running:
        yield running


@pytest.fixture
async def hurried(folder: Path, provider: KeyServer, service: SchemaService) -> AsyncIterator[Gateway]:
    """A gateway that holds nobody: a change that needs approval is told so at once."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, hold_seconds=0, pending_status=409)
    service.schemas["a"] = b'{"type":"object"}'
    async with running_gateway(folder, provider, service) as running:
        yield running
