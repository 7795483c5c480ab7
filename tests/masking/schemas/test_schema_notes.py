"""What marks and secret names mask in schemas, through references."""

from __future__ import annotations

from countersign.masking.documents.json_paths import Key
from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.schema_notes import Notes, notes_on
from countersign.rulebook.values import BuiltInMasking
from countersign.strict_json import Json

MARKS = MarkRules([], BuiltInMasking())
FIELDS = FieldRules([], built_in_rule("field-name"))
SCHEMA: Json = {
    "properties": {"password": {"$ref": "#/$defs/text"}, "open": {"$ref": "#/$defs/list"}},
    "$defs": {"text": {"default": "a", "title": "t"}, "list": {"prefixItems": [{"x-pii": True, "examples": ["b"]}]}},
}


def places(notes: Notes | None) -> dict[tuple[Key, ...], str]:
    """Where something is masked, and by what."""
    found: dict[tuple[Key, ...], str] = {}

    def walk(here: Notes, keys: tuple[Key, ...]) -> None:
        if here.rule is not None:
            found[keys] = here.rule.name
        for key, below in here.below.items():
            walk(below, (*keys, key))

    if notes is not None:
        walk(notes, ())
    return found


def test_values_behind_references_are_noted() -> None:
    """The default of what a secret property refers to, and of a marked item; an index is one."""
    assert places(notes_on(SCHEMA, MARKS, FIELDS)) == {
        ("$defs", "text", "default"): "built-in:field-name",
        ("$defs", "list", "prefixItems", 0, "examples"): "built-in:x-pii",
    }


def test_references_are_relative_to_the_schema_and_not_to_what_it_is_in() -> None:
    """Schemas inside a message are looked at each by itself."""
    found = places(notes_on({"id": 7, "a/b": [SCHEMA, {"x": SCHEMA}]}, MARKS, FIELDS))
    assert len(found) == 4
    assert ("a/b", 1, "x", "$defs", "text", "default") in found


def test_a_schema_inside_a_schema_is_a_part_of_it() -> None:
    """Its references are relative to the whole, and lead somewhere."""
    inner: Json = {"$ref": "#/$defs/o", "definitions": {}, "default": 2}
    schema: Json = {"$defs": {"o": {"default": 1}}, "properties": {"x": inner}}
    assert notes_on(schema, MARKS, FIELDS) is None
    assert notes_on([inner], MARKS, FIELDS) is not None


def test_data_is_no_schema() -> None:
    """Where nothing looks like a schema nothing is noted, whatever its members are called."""
    data: Json = {"secret": "x", "beside": ["y", {"password": "z"}], "n": None}
    assert notes_on(data, MARKS, FIELDS) is None
    assert notes_on({"type": "object"}, MARKS, FIELDS) is None
