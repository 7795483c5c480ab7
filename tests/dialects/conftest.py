"""The shipped dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from countersign.rulebook.loading import load
from countersign.rulebook.values import Dialect, Rulebook


@pytest.fixture(scope="session")
def shipped() -> Rulebook:
    """The shipped rules, read once."""
    return load(Path(__file__).parents[2] / "rules")


@pytest.fixture
def confluent(shipped: Rulebook) -> Dialect:
    """Confluent's Schema Registry."""
    return shipped.dialects["confluent"]


@pytest.fixture
def rest(shipped: Rulebook) -> Dialect:
    """The plain REST service."""
    return shipped.dialects["rest"]
