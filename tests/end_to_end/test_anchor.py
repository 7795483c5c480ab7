"""A checkpoint file elsewhere, with the real gateway: what was put back is noticed at the start, and by who verifies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.story.process import ChildFailed
from scripts.story.stage import Stage


def test_a_database_that_was_put_back(tmp_path: Path) -> None:
    """The gateway starts on its own log, and on an older copy of it only where nothing is anchored."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    anchor = elsewhere / "checkpoints"
    with Stage(tmp_path / "stage", "store") as stage:
        stage.gateway.stop()
        evidence = stage.rules / "evidence.yaml"
        evidence.write_text(f"compliance: true\nanchors:\n  checkpoint_files: [{anchor}]\n")
        stage.start_gateway()
        stage.gateway.stop()
        shutil.copytree(stage.state / "evidence", tmp_path / "older")
        stage.start_gateway()  # the log as it was left
        stage.gateway.stop()
        assert anchor.read_bytes().count(b"story.invalid/audit/gateway/1\n") >= 2

        verified = stage.countersign("evidence", "verify", "--state", str(stage.state), "--anchor", str(anchor))
        assert verified.wait() == 0, verified.output
        assert f"  the checkpoint file {anchor}, with " in verified.output

        shutil.rmtree(stage.state / "evidence")
        shutil.copytree(tmp_path / "older", stage.state / "evidence")
        verified = stage.countersign("evidence", "verify", "--state", str(stage.state), "--anchor", str(anchor))
        assert verified.wait() == 1
        assert "its end is gone" in verified.output
        with pytest.raises(ChildFailed):
            stage.start_gateway()
        assert "its end is gone" in stage.gateway.output

        evidence.unlink()
        stage.start_gateway()  # with no anchor, nobody can tell
