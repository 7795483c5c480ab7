from __future__ import annotations

import dataclasses

import pytest

from countersign.rulebook.values import Condition, OperationRule, Source


def test_a_source_reads_as_file_and_line() -> None:
    """Explanations and errors print it."""
    assert str(Source("access.yaml", 12)) == "access.yaml:12"


def test_values_cannot_be_changed() -> None:
    """Nothing above the rulebook can loosen a rule that was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Condition().effects = ("delete",)  # type: ignore[misc]


def test_what_an_operation_does_not_say_is_closed() -> None:
    """Query parameters that are not listed are none; the defaults of a condition speak of everything."""
    rule = OperationRule("a", ("PUT",), "/a", "settings", None, None, None, None)
    assert rule.query == ()
    assert Condition().subjects == ("*",)
