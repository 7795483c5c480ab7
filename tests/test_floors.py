"""The floors of the architecture: imports run downward only, and mitmproxy stays in its two rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ADDONS = Path(__file__).resolve().parents[1] / "addons"
PACKAGE = ADDONS / "countersign"

GROUND = {"errors", "limits", "strict_json", "visible_text"}
DOMAINS = {"identity", "schema_change", "masking", "evidence", "dialects"}
MAY_IMPORT: dict[str, set[str]] = {  # folder or ground module -> what it may import beside itself
    "errors": set(),
    "limits": set(),
    "strict_json": {"errors", "limits"},
    "visible_text": set(),
    "rulebook": GROUND,
    **{domain: GROUND | {"rulebook"} for domain in DOMAINS},
    "decision": GROUND | {"rulebook"} | DOMAINS,
    "approvals": GROUND | {"rulebook", "decision"} | DOMAINS,
    "console": GROUND | {"rulebook", "decision", "approvals"} | DOMAINS,
    "cli": GROUND | {"rulebook", "decision", "approvals"} | DOMAINS,
    "notifications": GROUND | {"rulebook", "approvals"} | DOMAINS,
    "proxy": GROUND | {"rulebook", "decision", "approvals", "console", "notifications"} | DOMAINS,  # starts both
}
MITMPROXY_ROOMS = {"proxy", "console"}


def imported(source: str, module: str) -> Iterator[str]:
    """Full names of what `source`, the text of `module`, imports anywhere; TYPE_CHECKING blocks and functions too."""
    package = module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def violations(source: str, module: str) -> set[str]:
    """What `module` imports and may not."""
    floor = module.split(".")[1]
    found = set()
    for name in imported(source, module):
        parts = name.split(".")
        if parts[0] == "mitmproxy" and floor not in MITMPROXY_ROOMS:
            found.add(f"{module} imports {name}")
        if parts[0] != "countersign" or name in ("countersign", "countersign.__version__"):
            continue
        if parts[1] != floor and parts[1] not in MAY_IMPORT[floor]:
            found.add(f"{module} imports {name}")
        if floor in DOMAINS and parts[1] == "rulebook" and parts[2:3] not in ([], ["values"]):
            found.add(f"{module} imports {name}: of the rulebook only its values")
    return found


def modules() -> list[tuple[str, Path]]:
    files = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")
    return [(".".join(file.relative_to(ADDONS).with_suffix("").parts), file) for file in files]


def test_every_folder_has_its_floor() -> None:
    """A new folder or ground module is put on a floor before anything is built on it."""
    known = {module.split(".")[1] for module, _ in modules()}
    assert known <= set(MAY_IMPORT)
    assert GROUND | DOMAINS <= known


@pytest.mark.parametrize(("module", "file"), modules(), ids=[module for module, _ in modules()])
def test_imports_run_downward_only(module: str, file: Path) -> None:
    """A module imports its own folder and lower floors; only proxy and console import mitmproxy."""
    assert violations(file.read_text(), module) == set()


def test_the_package_itself_imports_nothing_of_itself() -> None:
    """`import countersign` is a map of the package, and starts nothing."""
    assert not list(imported((PACKAGE / "__init__.py").read_text(), "countersign.__init__"))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("countersign.identity.oidc", "from countersign.decision import verdict"),
        ("countersign.identity.oidc", "from countersign.masking.values import Masked"),
        ("countersign.identity.oidc", "from ..masking import values"),
        ("countersign.identity.oidc", "from countersign import masking"),
        ("countersign.identity.oidc", "import countersign.rulebook.loading"),
        ("countersign.evidence.log", "def late():\n    from mitmproxy import http"),
        ("countersign.cli.evidence", "import mitmproxy.tools.main"),
        ("countersign.cli.evidence", "from countersign.proxy import runtime"),
        (
            "countersign.console.server",
            "import typing\nif typing.TYPE_CHECKING:\n    from countersign.proxy import runtime",
        ),
        ("countersign.approvals.desk", "from countersign.console import twins"),
        ("countersign.errors", "from countersign import limits"),
    ],
)
def test_an_import_that_runs_upward_is_found(module: str, source: str) -> None:
    """However it is written, and wherever in the module it stands."""
    assert violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("countersign.identity.oidc", "from countersign.rulebook.values import Issuer\nfrom countersign import limits"),
        ("countersign.identity.oidc", "from . import jws\nfrom .keys import KeySet\nfrom ..errors import BadInput"),
        ("countersign.proxy.runtime", "from mitmproxy import http\nfrom countersign.console import server"),
        ("countersign.console.server", "from mitmproxy.tools.web import app\nfrom countersign.approvals import desk"),
    ],
)
def test_an_import_that_runs_downward_passes(module: str, source: str) -> None:
    """The same forms, one floor lower."""
    assert violations(source, module) == set()
