"""What a schema marks, held against a slow reading of it; and the whole of it on what is no schema at all."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.masking.fields.field_names import FieldNames
from countersign.masking.schemas.schema_marks import UNMARKED, MarkedPlace, Marks, SchemaMarks
from countersign.strict_json import Json
from tests.masking.schema_oracle import KEYS, MARK, SECRET, Oracle, Path, random_schema

MARKS = Marks()
IS_SECRET = FieldNames().is_secret


def marks_of(document: Any, bundle: Any = None) -> SchemaMarks:
    """With the built-in marks and names."""
    return SchemaMarks.of(document, bundle or {}, MARKS, IS_SECRET)


def place(marks: SchemaMarks, *path: str | int) -> MarkedPlace:
    """The place at `path` of an instance."""
    found = marks.data
    for key in path:
        found = found.down(key)
    return found


def mark(document: Any, *path: str | int, bundle: Any = None) -> str | None:
    """The mark at `path` of an instance of `document`."""
    return place(marks_of(document, bundle), *path).mark


def random_marks(seed: int) -> tuple[Oracle, SchemaMarks]:
    """A random schema, read in both ways."""
    document = random_schema(Random(seed))
    return Oracle(document), SchemaMarks.of(document, {}, Marks([MARK]), frozenset((SECRET,)).__contains__)


@pytest.mark.parametrize("seed", range(40))
def test_places_are_marked_as_the_slow_reading_says(seed: int) -> None:
    """At every path of three keys: all that the oracle marks, and, as these schemas name one draft, no more."""
    oracle, marks = random_marks(seed)
    paths: list[Path] = [path for length in range(4) for path in product(KEYS, repeat=length)]
    for path in Random(seed).sample(paths, 60):
        assert (place(marks, *path).mark is not None) is oracle.at((), path)[1], path


@pytest.mark.parametrize("seed", range(40))
def test_values_are_masked_as_the_slow_reading_says(seed: int) -> None:
    """Every value in the document, inside every keyword: all that the oracle masks, and no more."""
    oracle, marks = random_marks(seed)
    masked = oracle.masked_values()
    assert {pointer for pointer in masked if not covers(marks, pointer)} == set()
    assert {pointer for pointer in marks.pointers if pointer not in masked} == set()


def covers(marks: SchemaMarks, pointer: str) -> bool:
    """Whether the value at `pointer`, or one around it, is masked."""
    tokens = pointer.split("/")
    return any("/".join(tokens[:count]) in marks.pointers for count in range(1, len(tokens) + 1))


@pytest.mark.parametrize("seed", range(20))
def test_wrapped_instances_are_marked_wherever_they_begin(seed: int) -> None:
    """A path that leads to a mark leads to one with anything in front of it."""
    _, marks = random_marks(seed)
    for path in product(KEYS, repeat=2):
        if place(marks, *path).mark is not None:
            for front in ((), ("payload",), (0, "b"), ("a",)):
                here = marks.wrapped
                for key in (*front, *path):
                    here = here.down(key)
                assert here.mark is not None


def test_documents_inside_strings_are_marked_as_wrapped_ones() -> None:
    """Who opens a string begins anew there, and what `contentSchema` says of it counts."""
    marks = marks_of({"properties": {"a": {"contentSchema": {"properties": {"b": {"x-pii": True}}}}}})
    assert marks.wrapped.down("b").mark == marks.wrapped.down("payload").down("b").mark == "x-pii"
    assert marks.wrapped.down("a").mark is None
    assert marks.data.down("b").mark is None


def test_random_schemas_have_marks_and_places_without() -> None:
    """The two tests above compare something."""
    found = [random_marks(seed)[1] for seed in range(40)]
    assert 10 < sum(1 for marks in found if marks.data.mark is None and not marks.is_empty) < 40
    assert sum(len(marks.pointers) for marks in found) > 150


def test_the_example_of_a_default() -> None:
    """A value in an unmarked schema is masked where the instance would be."""
    document: Any = {"default": {"ssn": "1", "b": 2}, "properties": {"ssn": {"x-sensitive": True}, "b": {}}}
    marks = SchemaMarks.of(document, {}, MARKS, lambda name: False)
    assert marks.pointers == {"/default/ssn": "x-sensitive"}
    assert marks.names == {"ssn": "x-sensitive"}


def test_marks_of_two_descriptions_of_one_value_meet() -> None:
    """One schema has the value, another the mark; both describe the same member."""
    document: Any = {
        "properties": {"code": {"default": "1234"}, "other": {"default": "5678"}},
        "allOf": [{"properties": {"code": {"writeOnly": True}}}],
    }
    assert marks_of(document).pointers == {"/properties/code/default": "writeOnly"}


def test_a_schema_without_marks_is_empty() -> None:
    """Nothing is masked because of it, and it costs nothing."""
    documents: list[Any] = [{}, {"properties": {"a": {"default": 1}}}, {"$ref": "#"}, [], None, "x", True]
    for document in documents:
        marks = marks_of(document)
        assert marks.is_empty
        assert marks.data is UNMARKED
        assert not marks.names
        assert not marks.pointers


def test_a_secret_name_in_a_value_alone_makes_it_not_empty() -> None:
    """No place is marked, but a value in the document is."""
    marks = marks_of({"default": {"password": "x"}})
    assert marks.data is UNMARKED
    assert not marks.is_empty


def test_names_are_of_the_nearest_property() -> None:
    """What has no name of its own, an item or a value in a map, goes by the name of what it is in."""
    document: Any = {
        "properties": {
            "cards": {"items": {"x-pii": True}},
            "map": {"additionalProperties": {"$ref": "#/$defs/x"}},
            "tuple": {"prefixItems": [{}, {"x-pii": True}]},
            "outer": {"properties": {"inner": {"anyOf": [{}, {"x-pii": True}]}}},
            "pin": True,
            "plain": {"items": {}},
        },
        "$defs": {"x": {"x-secret": True}},
    }
    assert marks_of(document).names == {
        "cards": "x-pii", "map": "x-secret", "tuple": "x-pii", "inner": "x-pii", "pin": "field-name",
    }  # fmt: skip


def test_definitions_with_secret_names_count_where_they_apply() -> None:
    """A property of the type `Password` is a password, whatever it is called."""
    document: Any = {
        "properties": {"login": {"$ref": "#/$defs/Password"}, "other": {"$ref": "#/$defs/PasswordPolicy"}},
        "$defs": {"Password": {"examples": ["hunter2"]}, "PasswordPolicy": {"examples": ["long"]}},
    }
    assert (mark(document, "login"), mark(document, "other")) == ("field-name", None)
    assert marks_of(document).pointers == {"/$defs/Password/examples": "field-name"}


def test_a_real_mark_gives_its_name_before_a_field_name() -> None:
    """So that a rule about the mark decides, also where the name says it too."""
    assert mark({"properties": {"password": {"x-pii": True}}}, "password") == "x-pii"
    assert mark({"properties": {"password": {"$ref": "nowhere"}}}, "password") == "unresolved-reference"
    assert mark({"properties": {"password": False}}, "password") == "field-name"


def test_a_document_that_is_too_large_is_marked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """One subschema too many; with one fewer it is read."""
    monkeypatch.setattr(limits, "MAX_MARKED_SUBSCHEMAS", 3)
    assert marks_of({"allOf": [{}, {}]}).is_empty
    marks = marks_of({"allOf": [{}, {}, {}, {}]})
    assert not marks.is_empty
    assert marks.pointers == {"": "too-complex"}
    assert marks.data.down("a").mark == marks.wrapped.mark == "too-complex"
    assert marks.names == {}
    assert marks_of({"components": [{}, {}]}).is_empty
    assert marks_of({"components": [{}, {}, {}]}).pointers == {"": "too-complex"}


def test_a_document_with_too_many_connections_is_marked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors of one name multiply with the references to it."""
    monkeypatch.setattr(limits, "MAX_MARK_EDGES", 100)
    anchors = [{"$anchor": "a"} for _ in range(20)]
    assert marks_of({"allOf": [*anchors, {"$ref": "#a"}]}).is_empty
    assert marks_of({"allOf": [*anchors, *({"$ref": "#a"} for _ in range(20))]}).data.mark == "too-complex"


def test_a_start_with_too_much_at_once_is_marked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the root cannot be worked out within the limit, everything is marked."""
    document: Any = {"allOf": [{"properties": {"a": {"x-pii": True}}} for _ in range(30)]}
    assert marks_of(document).data.mark is None
    monkeypatch.setattr(limits, "MAX_MARK_STEPS", 20)
    marks = marks_of(document)
    assert marks.data.mark == marks.wrapped.mark == "too-complex"


def test_deep_schemas_need_no_recursion() -> None:
    """Nesting as deep as JSON may be, and deeper, is read."""
    document: Any = {"x-pii": True, "default": 1}
    for _ in range(3000):
        document = {"properties": {"a": document}}
    assert place(marks_of(document), *("a",) * 3000).mark == "x-pii"
    assert len(marks_of(document).pointers) == 1


_KEYWORDS = st.sampled_from(
    """
    $schema $id id $ref $anchor $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $defs definitions properties
    patternProperties additionalProperties unevaluatedProperties propertyNames items prefixItems additionalItems contains
    unevaluatedItems allOf anyOf oneOf not if then else dependentSchemas dependencies contentSchema default examples example
    const enum x-sensitive writeOnly format tags password a b x-other value extends
    """.split()
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["#", "#/", "#/a", "#/$defs/a", "#/%41/0/~1", "#a", "a", "b#a", "http://[", "urn:x:y", "^a", "(", '{"a":']
    )
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYWORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(
    document=_JSON,
    bundle=st.dictionaries(st.sampled_from(["a", "b", "http://x/y", ""]), _JSON, max_size=2),
    instance=_JSON,
)
def test_no_document_raises_anything(document: Any, bundle: Any, instance: Any) -> None:
    """Whatever JSON stands where a schema is expected; and each pointer leads to a value."""
    marks = SchemaMarks.of(document, bundle, MARKS, IS_SECRET)
    for start in (marks.data, marks.wrapped):
        waiting: list[tuple[Json, MarkedPlace]] = [(instance, start)]
        while waiting:
            value, here = waiting.pop()
            assert here.mark is None or here.down("any").mark == here.mark
            parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            waiting += [(part, here.down(key)) for key, part in parts]
    assert all(marks.names.values())
    for pointer in marks.pointers:
        found = document
        for token in pointer.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
