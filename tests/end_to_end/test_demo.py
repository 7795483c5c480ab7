"""The demo, as a newcomer runs it."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.story.process import start_module

STEPS = [
    "1. A safe change passes at once",
    "2. A risky change is held until another person agrees",
    "3. What is not allowed is refused, with what to do about it",
    "4. A secret is never kept",
    "5. The evidence proves itself",
]


def test_the_demo_tells_its_five_steps_and_ends_by_itself(tmp_path: Path) -> None:
    """Exit code 0, every step in order, and what each party saw below it."""
    with start_module("scripts.story.demo", log=tmp_path / "demo.log") as demo:
        assert demo.wait(seconds=100) == 0, demo.output
    assert re.findall(r"^\d\. .*$", demo.output, re.MULTILINE) == STEPS
    for seen in (
        "| registered",
        "pending, 1 missing",
        "refused: ana stands behind",
        "refused 403 40300",
        "407",
        "intact",
    ):
        assert seen in demo.output
    assert "Everything above was seen just now" in demo.output
