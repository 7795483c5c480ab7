"""The values that a comparison returns."""

from __future__ import annotations

from countersign.schema_change.values import Change, SchemaDiff

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
    }


def test_diff_as_json() -> None:
    """A comparison has the members of the contract."""
    assert SchemaDiff((CHANGE,), "breaking", "compatible", ("why",)).as_json() == {
        "changes": [CHANGE.as_json()],
        "backward": "breaking",
        "forward": "compatible",
        "reasons": ["why"],
    }
