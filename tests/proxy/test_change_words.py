"""What is said of a change where its schemas hide something."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from countersign.proxy.change_words import Said, said_of
from countersign.proxy.service_reader import CurrentSchema
from countersign.schema_change import compare
from countersign.strict_json import Json
from tests.proxy.values import operation

OLD: Json = {"properties": {"state": {"const": "old-state"}}}
NEW: Json = {"properties": {"state": {"const": "new-state"}}}


def said(masked: set[str], old: Json = OLD, new: Json = NEW, bundle: Mapping[str, Json] | None = None) -> Said:
    """What is said of a change from `old` to `new`."""
    current = CurrentSchema(True, old, {}, None)
    return said_of(operation(proposed=new), compare(old, new), current, bundle or {}, frozenset(masked))


def test_nothing_hidden() -> None:
    """All values and examples are there."""
    words = said(set())
    assert [(change["before"], change["after"]) for change in words.changes] == [("old-state", "new-state")]
    assert words.counterexamples
    assert not words.withholds_examples


@pytest.mark.parametrize("pointer", ["/properties/state/const", "/properties/state", "/properties/state/const/0"])
def test_at_above_or_below_a_hidden_place(pointer: str) -> None:
    """The change is told without its values, and no example is given."""
    words = said({pointer})
    assert [(change["before"], change["after"]) for change in words.changes] == [("[masked]", "[masked]")]
    assert "state" in words.summary[0]
    assert "old-state" not in str(words)
    assert "new-state" not in str(words)
    assert words.withholds_examples


def test_beside_a_hidden_place() -> None:
    """The values stay; an example could hold the hidden one."""
    words = said({"/properties/status/const"})
    assert words.changes[0]["after"] == "new-state"
    assert not words.counterexamples
    assert words.withholds_examples


@pytest.mark.parametrize("where", ["bundle", "$id"])
def test_a_pointer_that_may_start_elsewhere(where: str) -> None:
    """With referenced schemas, or parts that have a name of their own, a pointer fits wherever it could start."""
    masked = {"/$defs/order/properties/state/const"}
    assert said(masked).changes[0]["after"] == "new-state"
    if where == "bundle":
        words = said(masked, bundle={"other": {}})
    else:
        defs: Json = {"order": {"$id": "https://example.com/order", "type": "object"}}
        assert isinstance(OLD, dict)
        words = said(masked, {**OLD, "$defs": defs}, {**NEW, "$defs": defs} if isinstance(NEW, dict) else NEW)
    assert words.changes[0]["after"] == "[masked]"


def test_an_operation_without_a_comparison() -> None:
    """It is told in one line, with its subject."""
    words = said_of(operation(), None, CurrentSchema(False, None, {}, None), {}, frozenset())
    assert len(words.summary) == 1
    assert str(operation().subject) in words.summary[0]
    assert words.changes == ()
