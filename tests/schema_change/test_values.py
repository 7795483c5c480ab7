"""The values that a comparison returns."""

from __future__ import annotations

from dataclasses import replace

from countersign.schema_change.values import Change, Counterexample, SchemaDiff

CHANGE = Change("required-added", "/required", None, "/required", "taxId", None, "taxId", "narrows")


def test_change_as_json() -> None:
    """A change has the members of the contract."""
    assert CHANGE.as_json() == {
        "kind": "required-added",
        "pointer": "/required",
        "old_pointer": None,
        "new_pointer": "/required",
        "property": "taxId",
        "before": None,
        "after": "taxId",
        "effect": "narrows",
        "counterexample": None,
    }


def test_diff_as_json() -> None:
    """A comparison has the members of the contract."""
    assert SchemaDiff((CHANGE,), "breaking", "compatible", ("why",)).as_json() == {
        "changes": [CHANGE.as_json()],
        "backward": "breaking",
        "forward": "compatible",
        "reasons": ["why"],
        "counterexamples": [],
    }


def test_counterexamples_as_json() -> None:
    """They stand at the change and at the top; null is a value like any other."""
    example = Counterexample("backward", None)
    change = replace(CHANGE, counterexample=example)
    assert change.as_json()["counterexample"] == {"direction": "backward", "value": None}
    found = SchemaDiff((change,), "breaking", "compatible", (), (example,)).as_json()
    assert found["counterexamples"] == [{"direction": "backward", "value": None}]
