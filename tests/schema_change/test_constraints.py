"""Constraints and nodes."""

from __future__ import annotations

import pytest

from countersign.schema_change.constraints import (
    Constraint,
    Members,
    Never,
    Node,
    Opaque,
    Required,
    Size,
    Unique,
    speaks_of,
)


@pytest.mark.parametrize(
    ("constraint", "kind", "speaks"),
    [
        (Size("string", "lower", 1), "string", True),
        (Size("string", "lower", 1), "array", False),
        (Unique(), "array", True),
        (Required("a"), "string", False),
        (Never(), "null", True),
        (Opaque("format", '"x"', None), "integer", True),
        (Opaque("contentEncoding", '"x"', frozenset({"string"})), "integer", False),
    ],
)
def test_constraints_speak_of_kinds(constraint: Constraint, kind: str, speaks: bool) -> None:
    """A constraint that does not speak of a kind accepts every value of it."""
    assert speaks_of(constraint, kind) is speaks


def test_nodes_are_equal_only_to_themselves() -> None:
    """Equality of nodes is identity; the reader sees to it that equal schemas share one."""
    assert Node(0, ()) != Node(0, ())


def test_members_by_name() -> None:
    """A declared member is found by its name, and the look-up is no part of equality."""
    node = Node(1, ())
    members = Members((("a", node),), (), node)
    assert members.named("a") is node
    assert members.named("b") is None
    assert members == Members((("a", node),), (), node)
    assert hash(members) == hash(Members((("a", node),), (), node))
