"""What a command is given to reach a console: nothing is sent where the token would be in danger."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run
from tests.console.stage import Stage


async def test_a_proxy_of_the_environment_is_not_used(stage: Stage) -> None:
    """HTTP_PROXY and HTTPS_PROXY name the gateway itself on these machines."""
    environment = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "no_proxy": "",
    }
    assert (await run(stage, "token-bob", "list", environment=environment)).exit_code == 0


async def test_the_token_can_come_from_a_file(stage: Stage, tmp_path: Path) -> None:
    """The file is used rather than the variable; a line feed at its end is no part of the token."""
    file = tmp_path / "token"
    file.write_text("token-bob\n")
    assert (await run(stage, "token-of-nobody", "list", "--token-file", str(file))).exit_code == 0


@pytest.mark.parametrize("content", ["", "two tokens", "a\nb", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
async def test_a_file_without_one_token_is_refused(stage: Stage, tmp_path: Path, content: str) -> None:
    """Nothing is sent where it is not clear what the token is."""
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    assert (await run(stage, "token-bob", "list", "--token-file", str(file))).exit_code == 2


@pytest.mark.parametrize("url", ["http://gateway.example:8082", "gateway.example", "ftp://127.0.0.1"])
async def test_a_console_that_would_expose_the_token_is_refused(url: str) -> None:
    """Plain HTTP is for loopback only."""
    result = await run(url, "token-bob", "list")
    assert result.exit_code == 2
    assert "--console" in result.output or "unencrypted" in result.output


async def test_certificates_that_cannot_be_read_are_refused(stage: Stage, tmp_path: Path) -> None:
    """Nothing is sent to somebody whom nobody vouches for."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    result = await run(stage, "token-bob", "list", "--ca-file", str(file))
    assert result.exit_code == 2
    assert "PEM" in result.output


async def test_without_a_token_nothing_is_asked(stage: Stage) -> None:
    """And the remedy is named."""
    result = await run(stage, "", "list")
    assert result.exit_code == 2
    assert "COUNTERSIGN_TOKEN" in result.output
