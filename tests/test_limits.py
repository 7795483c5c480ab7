"""The limits: each is a positive number with a unit in its name, a reason on its line, and a user somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from countersign import limits

SOURCE = Path(limits.__file__)
NAMES = [name for name in vars(limits) if name.isupper()]


@pytest.fixture(scope="module")
def other_sources() -> str:
    """The text of every module but `limits` itself, and of the test that holds the rules' JSON Schemas to them."""
    shapes = Path(__file__).parent / "rulebook" / "test_shapes.py"
    return "\n".join(file.read_text() for file in [*SOURCE.parent.rglob("*.py"), shapes] if file != SOURCE)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_a_positive_number(name: str) -> None:
    """Zero, a negative number or a string would switch a check off without a word."""
    value = getattr(limits, name)
    assert type(value) in (int, float)
    assert value > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_gives_its_reason(name: str) -> None:
    """The line that sets it says why it is what it is, in a few words at least."""
    line = next(line for line in SOURCE.read_text().splitlines() if re.match(rf"{name}\b", line))
    assert len(line.partition("#")[2].split()) >= 3, line


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_used(name: str, other_sources: str) -> None:
    """A limit that nothing reads protects nothing."""
    assert re.search(rf"\blimits\.{name}\b", other_sources)
