"""`countersign approvals ...` in the process of the test, against the console of a stage."""

from __future__ import annotations

import asyncio

from click.testing import CliRunner, Result

from countersign.cli import main
from tests.console.stage import Stage


async def run(stage: Stage | str, token: str, *arguments: str, environment: dict[str, str] | None = None) -> Result:
    """The command in a thread of its own, because the console lives on this loop."""
    url = stage if isinstance(stage, str) else stage.console.url
    env = {"COUNTERSIGN_CONSOLE": url, "COUNTERSIGN_TOKEN": token, **(environment or {})}
    return await asyncio.to_thread(CliRunner().invoke, main, ["approvals", *arguments], env=env)
