"""How much memory the gateway holds."""

from __future__ import annotations

from pathlib import Path

from scripts.story.stage import Stage

MAX_GROWTH_KILOBYTES = 150 * 1024


def resident_kilobytes(stage: Stage) -> int:
    """The most memory that the gateway held so far."""
    lines = Path(f"/proc/{stage.gateway.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
