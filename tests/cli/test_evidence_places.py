"""Where `countersign evidence` finds a log."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from countersign.cli.evidence_places import places_of, source_options, state_option


def test_places_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The directory that is named, or `.countersign` at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places_of(tmp_path / "state").root == tmp_path / "state"
    assert places_of(None).root == tmp_path / ".countersign"


def test_options() -> None:
    """The state directory by option or by environment; a database only where a command takes one."""

    @click.command()
    @source_options
    def either(state: Path | None, db: Path | None) -> None:
        click.echo(f"{state} {db}")

    @click.command()
    @state_option
    def only(state: Path | None) -> None:
        click.echo(f"{state}")

    runner, environment = CliRunner(), {"COUNTERSIGN_STATE": "/from/environment"}
    assert runner.invoke(either, ["--db", "x.db"]).output == "None x.db\n"
    assert runner.invoke(either, ["--state", "/s"], env=environment).output == "/s None\n"
    assert runner.invoke(only, [], env=environment).output == "/from/environment\n"
    assert runner.invoke(only, ["--db", "x.db"]).exit_code == 2
