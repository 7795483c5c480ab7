"""Objects that describe a value that is in them."""

from __future__ import annotations

import pytest

from countersign.masking.documents.described_values import Description, Descriptions
from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.rulebook.values import BuiltInMasking
from countersign.strict_json import Json
from tests.masking.rules import rule

RULES = [rule("teams", names=("team", "a/b")), rule("internal", marks=("x-internal",))]
FIELDS = FieldRules(RULES, built_in_rule("field-name"))
MARKS = MarkRules(RULES, BuiltInMasking())
DESCRIPTIONS = Descriptions(FIELDS, MARKS)


def masked(members: dict[str, Json], descriptions: Descriptions = DESCRIPTIONS) -> set[str]:
    """The members that are masked because of what `members` describe."""
    found = descriptions.of(members)
    return {name for name, value in members.items() if found is not None and found.masks(name, value)}


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"name": "password", "value": "x", "id": 7}, {"value"}),
        ({"Key": "db_password", "Value": "x"}, {"Value"}),
        ({"field": "user.password", "old_value": "x", "new_value": "y"}, {"old_value", "new_value"}),
        ({"NAME": "password", "VALUE": "x", "Colour": "red"}, {"VALUE"}),
        ({"@name": "password", "#text": "x"}, {"#text"}),
        ({"id": "password", "type": "text", "value": "x"}, {"value"}),
        ({"field": "password", "from": "x", "to": "y"}, {"from", "to"}),
        ({"name": "bob", "type": "password", "value": "x"}, {"value"}),
        ({"op": "add", "path": "/users/0/password", "value": ["x"]}, {"value"}),
        ({"op": "add", "path": "/a~1token/b", "value": 3}, {"value"}),
        ({"name": "password", "type": "string", "default": "x", "doc": "d"}, {"default"}),
        ({"op": "add", "path": "/x/a~1b", "value": 3}, {"value"}),
        ({"name": "team", "value": True}, {"value"}),
        ({"name": "password", "value": True}, set()),
        ({"name": "password", "value": None, "default": ""}, set()),
        ({"name": "colour", "value": "red"}, set()),
        ({"name": 3, "value": "red"}, set()),
        ({"password": "x", "value": "red"}, set()),
    ],
)
def test_pairs_and_operations_name_their_value(members: dict[str, Json], names: set[str]) -> None:
    """A member names a field whose values somebody masks, another one holds the value; the rest stays."""
    assert masked(members) == names


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"type": "string", "x-internal": True, "default": 1, "title": "t"}, {"default"}),
        ({"type": "string", "writeOnly": True, "enum": ["a"], "x-other": "b", "x-flag": True}, {"enum", "x-other"}),
        ({"type": "string", "format": "password", "examples": [], "const": False}, {"const"}),
        ({"type": "string", "default": 1}, set()),
        ({"secret": "x", "user": "bob", "value": 1}, set()),
    ],
)
def test_a_marked_subschema_has_values_of_instances(members: dict[str, Json], names: set[str]) -> None:
    """Behind keywords for them, and behind keywords that nobody knows; an object of data that has such a word is none."""
    found = {name for name in masked(members) if not DESCRIPTIONS.is_mark(name)}
    assert found == names


def test_a_very_long_label_hides_its_value() -> None:
    """Nobody can tell what it says in bounded time; up to the limit it is read."""
    path = "/a" * 512
    assert masked({"op": "add", "path": path, "value": 1}) == set()
    assert masked({"op": "add", "path": path + "b", "value": 1}) == {"value"}


def test_who_masks() -> None:
    """A rule by name, then a mark, then a built-in name."""
    schema: dict[str, Json] = {"type": "string", "x-internal": True, "default": 1}
    names = [DESCRIPTIONS.of({**schema, "name": name}) for name in ("team", "colour", "password")]
    assert [found.rule.name for found in names if found is not None] == ["teams", "internal", "internal"]
    by_name = DESCRIPTIONS.of({"name": "password", "value": 1})
    assert by_name == Description(built_in_rule("field-name"), is_explicit=False, is_subschema=False)


def test_an_operation_on_a_definition_has_a_subschema_as_its_value() -> None:
    """Where a patch is of a schema."""
    for path, is_definition in (("/properties/password", True), ("/users/password", False), ("password", False)):
        found = DESCRIPTIONS.of({"op": "add", "path": path, "value": {}})
        assert found is not None
        assert found.is_definition is is_definition
        assert found.holds("value")


def test_most_names_tell_that_an_object_describes_nothing() -> None:
    """So it need not be looked at; where no schemas are, marks do not tell either."""
    assert [DESCRIPTIONS.tells(name) for name in ("value", "x-internal", "default", "name", "id")] == [
        True, True, True, False, False
    ]  # fmt: skip
    data = Descriptions(FIELDS, MARKS, finds_schemas=False)
    assert not data.tells("x-internal")
    assert not masked({"type": "string", "x-internal": True, "default": 1}, data)
