"""The real gateway in a hurry: the same mitmdump and the same script, with shorter limits of time."""

from __future__ import annotations

from pathlib import Path

from scripts.story.process import ROOT

GATEWAY = ROOT / "addons" / "gateway.py"


def hurried_script(folder: Path, **limits: float) -> Path:
    """A copy of addons/gateway.py that first sets `limits` of countersign.limits."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "gateway.py"
    changes = "".join(f"limits.{name} = {value}\n" for name, value in limits.items())
    script.write_text(f"from countersign import limits\n{changes}\n{GATEWAY.read_text()}")
    (folder / "countersign").symlink_to(GATEWAY.with_name("countersign"))  # what the script imports lies beside it
    return script
