"""Constraints and nodes."""

from __future__ import annotations

from collections.abc import Collection

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
from countersign.schema_change.dialect import DRAFT_2020_12
from countersign.schema_change.json_values import KINDS
from countersign.schema_change.reader import Reader
from countersign.schema_change.references import Bundle
from countersign.strict_json import Json


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
    assert Node(0, (), frozenset()) != Node(0, (), frozenset())


def test_members_by_name() -> None:
    """A declared member is found by its name, and the look-up is no part of equality."""
    node = Node(1, (), frozenset())
    members = Members((("a", node),), (), node)
    assert members.named("a") is node
    assert members.named("b") is None
    assert members == Members((("a", node),), (), node)
    assert hash(members) == hash(Members((("a", node),), (), node))


@pytest.mark.parametrize(
    ("schema", "refused", "free"),
    [
        (True, (), KINDS),
        (False, KINDS, ()),
        ({"type": "string"}, set(KINDS) - {"string"}, ("string",)),
        ({"enum": ["a", None]}, set(KINDS) - {"string", "null"}, ()),
        ({"const": 1}, set(KINDS) - {"integer", "whole"}, ()),
        ({"minLength": 1}, (), set(KINDS) - {"string"}),
        ({"allOf": [{"minLength": 1}, {"type": ["string", "null"]}]}, set(KINDS) - {"string", "null"}, ("null",)),
        ({"anyOf": [{"type": "string"}, {"const": None}]}, set(KINDS) - {"string", "null"}, ("string",)),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, set(KINDS) - {"string", "null"}, ()),
        ({"not": {"type": "string"}}, ("string",), set(KINDS) - {"string"}),
        ({"not": {"minLength": 1}}, set(KINDS) - {"string"}, ()),
        ({"type": ["string", "null"], "format": "date"}, set(KINDS) - {"string", "null"}, ()),
    ],
)
def test_nodes_know_kinds(schema: Json, refused: Collection[str], free: Collection[str]) -> None:
    """A kind is refused as a whole, free as a whole, or something decides on its values."""
    node = Reader().read(Bundle(schema, {}).root(DRAFT_2020_12))
    assert node.refused == set(refused)
    assert node.free == set(free)
    assert set(node.by_kind) == set(KINDS) - set(refused) - set(free)
