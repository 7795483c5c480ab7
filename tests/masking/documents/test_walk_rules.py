"""What a walk of a document goes by."""

from __future__ import annotations

import pytest

from countersign.masking.detectors import Detectors
from countersign.masking.documents import walk_rules
from countersign.masking.documents.described_values import Description, Descriptions
from countersign.masking.documents.json_paths import Found, PathSet, compile_path
from countersign.masking.documents.walk_rules import NO_MORE, More, Name, WalkRules
from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.fields.field_rules import FieldRule, FieldRules
from countersign.masking.fields.mark_rules import MarkRules
from countersign.masking.schemas.known_marks import KnownMarks
from countersign.masking.schemas.schema_marks import UNMARKED
from countersign.masking.schemas.schema_notes import Notes
from countersign.masking.texts import Texts
from countersign.masking.values import KnownSchema
from countersign.rulebook.values import BuiltInMasking
from countersign.strict_json import Json
from tests.masking.rules import rule

PATHS = (rule("first", paths=("$..a",)), rule("second", paths=("$..b",)))
FIELDS = FieldRules([], built_in_rule("field-name"))
MARKS = MarkRules([], BuiltInMasking())


def rules(*, finds_schemas: bool = True) -> WalkRules:
    """Two paths, the built-in names and marks, one detector."""
    return WalkRules(
        paths=PathSet([compile_path("$..a"), compile_path("$..b")]),
        path_rules=PATHS,
        fields=FIELDS,
        marks=MARKS,
        descriptions=Descriptions(FIELDS, MARKS),
        texts=Texts(Detectors(("payment-card",)), {"payment-card": rule("cards")}),
        known=KnownMarks(),
        reads_names=True,
        keeps_definitions=False,
        finds_schemas=finds_schemas,
    )


def some_name(some: WalkRules, name: str) -> Name | None:
    """What is known of a name, or found out now."""
    return some.names[name] if name in some.names else some.look_at(name)


def test_nothing_is_to_be_known_of_a_plain_name() -> None:
    """And of a name in a path, one that tells or leads, a secret one: what it is; the walk finds plain ones at once."""
    some = rules()
    assert some_name(some, "colour") is None
    assert some.plain_names == {"colour"}
    for name, is_plain in (("a", True), ("value", True), ("tags", True), ("properties", False), ("password", False)):
        known = some_name(some, name)
        assert known is not None
        assert known.is_clean
        assert known.is_plain is is_plain
    assert some.plain_names == {"colour"}
    assert some_name(rules(finds_schemas=False), "properties") is None


def test_a_name_with_a_secret_in_it_is_not_remembered() -> None:
    """It would stay in memory; nor is one that is nearly a document."""
    some = rules()
    for name in ("card 4111111111111111", '{"password": "x"}'):
        known = some_name(some, name)
        assert known is not None
        assert not known.is_clean
        assert some_name(some, name) is not some_name(some, name)


def test_names_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers choose them; a long one is looked at each time."""
    monkeypatch.setattr(walk_rules, "_KEPT", 10)
    some = rules()
    for number in range(100):
        some_name(some, f"colour {'x' * number}")
    assert 1 <= len(some.plain_names) <= 10
    assert all(len(name) <= 64 for name in some.plain_names)


def test_names_in_places_have_no_secret() -> None:
    """Whether they were looked at before or not."""
    some = rules()
    some.look_at("colour")
    names = ("colour", "size", "card 4111111111111111", '{"a": "x"}')
    assert [some.clean_name(name) for name in names] == ["colour", "size", "card [masked]", "[masked]"]


def test_who_masks_a_value_first_of_all() -> None:
    """A path, a rule by name, an explicit description, a note, a mark, another description, a built-in name."""
    some = rules()
    place = some.paths.start.moves()["b"]
    elsewhere = some.paths.start
    known = KnownMarks.of([KnownSchema("k", {"properties": {"x": {"x-pii": True}}}, {})], MARKS, lambda _: False).root()
    assert known is not None
    more = More(Found(0), Notes(rule("note")), known.down("x"))
    unfound = More(None, Notes(rule("note")), known.down("x"))
    marked = More(None, None, known.down("x"))
    explicit, implicit = Description(rule("said"), True, True), Description(rule("label"), False, False)
    named, built_in = FieldRule(rule("name"), True), FieldRule(rule("built in"), False)
    steps = [
        some.masking("v", more, place, explicit, named),
        some.masking("v", unfound, place, explicit, named),
        some.masking("v", unfound, elsewhere, explicit, named),
        some.masking("v", unfound, elsewhere, explicit, built_in),
        some.masking("v", unfound, elsewhere, implicit, built_in),
        some.masking("v", marked, elsewhere, implicit, built_in),
        some.masking("v", NO_MORE, elsewhere, implicit, built_in),
        some.masking("v", NO_MORE, elsewhere, None, built_in),
        some.masking("v", NO_MORE, elsewhere),
    ]
    assert [step.name if step else None for step in steps] == [
        "first", "second", "name", "said", "note", "built-in:x-pii", "label", "built in", None
    ]  # fmt: skip


def test_of_two_paths_the_first_one_counts() -> None:
    """Whether it was found on the way or by jsonpath-ng."""
    some = rules()
    a, b = some.paths.start.moves()["a"], some.paths.start.moves()["b"]
    assert [some.masking(1, More(Found(rank)), place) for rank in (0, 1) for place in (a, b)] == [
        PATHS[0], PATHS[0], PATHS[0], PATHS[1]
    ]  # fmt: skip


def test_a_secret_name_in_a_known_schema_says_no_more_than_a_name() -> None:
    """A value that says nothing stays."""
    schema = KnownSchema("k", {"properties": {"password": {}}}, {})
    root = KnownMarks.of([schema], MARKS, FIELDS.is_secret).root()
    assert root is not None
    more = More(marked=root.down("password"))
    some = rules()
    assert some.masking(True, more, some.paths.start) is None
    found = some.masking("x", more, some.paths.start)
    assert found is not None
    assert found.name == "built-in:field-name"


def test_a_value_that_says_nothing_is_no_secret() -> None:
    """Whatever its name is; a mark or a path says more than a name."""
    some = rules()
    by_name = FieldRule(rule("name"), True)
    nothing: list[Json] = [None, True, "", [], {}]
    for value in nothing:
        assert some.masking(value, NO_MORE, some.paths.start, None, by_name) is None
    something: list[Json] = [0, "x", [""]]
    for value in something:
        assert some.masking(value, NO_MORE, some.paths.start, None, by_name) is by_name.rule
    known = KnownMarks.of([KnownSchema("k", {"x-pii": True}, {})], MARKS, lambda _: False).root()
    assert some.masking(True, More(marked=known), some.paths.start) is not None
    assert some.masking(None, More(marked=known), some.paths.start) is None
    assert some.masking(None, NO_MORE, some.paths.start.moves()["a"]) is PATHS[0]


def test_most_values_have_nothing_more() -> None:
    """What holds for a value and not for one below ends there."""
    found = Found()
    found.add(("a", 0), 1)
    more = More.at_root(found, None, None)
    assert more is not None
    below = more.below("a")
    assert below is not None
    assert (more.below("b"), below.below(1)) == (None, None)
    last = below.below(0)
    assert last is not None
    assert last.found is not None
    assert last.found.rank == 1
    assert More.at_root(None, None, None) is None
    assert More(marked=UNMARKED).below("a") is None
    assert More(marked=UNMARKED).below("a", definitions=()) is not None
