"""The marks of schemas that describe the data of a message."""

from __future__ import annotations

from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.known_marks import KnownMarks
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking
from countersign.strict_json import Json

MARKS = MarkRules([], BuiltInMasking())


def known(*documents: Json) -> KnownMarks:
    """What is marked in some schemas."""
    schemas = [KnownSchema(str(number), document, {}) for number, document in enumerate(documents)]
    return KnownMarks.of(schemas, MARKS, lambda name: name == "password")


def mark_at(marks: KnownMarks, *keys: str | int) -> str | None:
    """The mark at a place of a message."""
    place = marks.root()
    for key in keys:
        place = None if place is None else place.down(key)
    return None if place is None else place.mark


def test_any_of_the_schemas_may_be_the_one() -> None:
    """What one of them marks is marked, from the root of the message and where an instance is inside of it."""
    marks = known(
        {"properties": {"a": {"x-pii": True}}}, {"properties": {"b": {"items": {"x-secret": True}}}}, {"type": "object"}
    )
    assert mark_at(marks, "a") == "x-pii"
    assert mark_at(marks, "b", 3) == "x-secret"
    assert mark_at(marks, 0, "a") == "x-pii"
    assert mark_at(marks, "records", 0, "value", "a") == "x-pii"
    assert (mark_at(marks), mark_at(marks, "c"), mark_at(marks, "b")) == (None, None, None)


def test_names_of_marked_properties_are_known() -> None:
    """With who masks them; those that are secret anyway are left to the names of fields."""
    marks = known({"properties": {"a": {"x-pii": True}, "password": {}, "c": {}}})
    assert {name: rule.name for name, rule in marks.names.items()} == {"a": "built-in:x-pii"}


def test_a_property_that_refers_to_a_secret_definition_is_known_by_its_own_name() -> None:
    """In a form there is no schema to follow: `login` has to be known as what `$defs/password` makes of it."""
    schema: dict[str, Json] = {"properties": {"login": {"$ref": "#/$defs/password"}, "b": {"$ref": "#/$defs/b"}}}
    marks = known({**schema, "$defs": {"password": {"type": "string"}, "b": {"type": "string"}}})
    assert set(marks.names) == {"login"}


def test_schemas_without_marks_are_none() -> None:
    """Then there is no place to look at on the way down."""
    for marks in (known(), known({"type": "object"}), KnownMarks()):
        assert marks.root() is None
        assert not marks.schemas
        assert not marks.names
