"""Is a document a schema."""

from __future__ import annotations

import time

import pytest

from countersign import limits
from countersign.schema_change import InvalidSchema, check_schema
from countersign.strict_json import Json

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020_12 = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("dialect", ["http://json-schema.org/draft-04/schema#", DRAFT_07, DRAFT_2020_12])
def test_a_long_list_ends_in_time(dialect: str) -> None:
    """Items that cannot be sorted are not compared each with each, at any depth of the schema."""
    hostile: Json = [{"a": index} if index % 2 else [index] for index in range(4000)]
    documents: list[dict[str, Json]] = [{"required": hostile}, {"properties": {"x": {"required": hostile}}}]
    start = time.process_time()
    for document in documents:
        with pytest.raises(InvalidSchema):
            check_schema({"$schema": dialect, **document})
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the root"),
        ({"type": 7}, "/type"),
        ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength"),
        ({"$schema": "https://example.com/mine"}, "draft-07/schema"),
        ({"$schema": 7}, "/$schema"),
        ({"pattern": "("}, "pattern"),
        ({"patternProperties": {"[": {}}}, "patternProperties"),
        ({"pattern": "a" * (limits.MAX_EXPRESSION_CHARACTERS + 1)}, "longer than"),
        ({"required": ["a", "a"]}, "/required"),
        ({"$schema": DRAFT_07, "dependencies": {"a": 1}}, "/dependencies/a"),
    ],
)
def test_invalid_schemas_are_refused(document: Json, said: str) -> None:
    """The place and the problem are said, with status 400."""
    with pytest.raises(InvalidSchema) as error:
        check_schema(document)
    assert said in error.value.detail
    assert error.value.status == 400


@pytest.mark.parametrize(
    "document",
    [
        True,
        {"type": "string", "pattern": "^a"},
        {"$schema": DRAFT_07, "items": [{}], "dependencies": {"a": ["b"]}},
        {"$schema": "http://json-schema.org/draft-04/schema", "minimum": 1, "exclusiveMinimum": True},
        {"$ref": "https://example.com/never-fetched"},
        {"enum": ["("]},
    ],
)
def test_valid_schemas_pass(document: Json) -> None:
    """Each dialect has its own rules, and references are not followed."""
    check_schema(document)


def test_default_dialect() -> None:
    """A document without `$schema` is of the dialect that its service says."""
    document: Json = {"items": [{}]}
    check_schema(document, default_dialect=DRAFT_07)
    with pytest.raises(InvalidSchema, match="/items"):
        check_schema(document)


def test_values_are_not_repeated() -> None:
    """An error never holds what the document holds."""
    for document in (
        {"type": "hunter2"},
        {"minLength": "hunter2"},
        {"required": ["hunter2", "hunter2"]},
        {"pattern": "(hunter2"},
    ):
        with pytest.raises(InvalidSchema) as error:
            check_schema(document)  # type: ignore[arg-type]
        assert "hunter2" not in str(error.value)


def test_hostile_documents_end() -> None:
    """Width and depth are bounded, and lists that cannot be sorted are compared in linear time."""
    with pytest.raises(InvalidSchema, match="holds more than"):
        check_schema({"enum": list(range(limits.MAX_SCHEMA_NODES))})
    deep: Json = {}
    for _ in range(limits.MAX_JSON_DEPTH):
        deep = {"not": deep}
    with pytest.raises(InvalidSchema, match="nested"):
        check_schema(deep)
    mixed: list[Json] = [index if index % 2 else str(index) for index in range(20_000)]
    start = time.monotonic()
    check_schema({"$schema": "http://json-schema.org/draft-04/schema#", "enum": mixed})
    assert time.monotonic() - start < 5


def test_default_dialects_have_names() -> None:
    """A name or a `$schema` says how a document is read that states none."""
    boolean: Json = {"minimum": 1, "exclusiveMinimum": True}
    check_schema(boolean, default_dialect="draft-04")
    with pytest.raises(InvalidSchema):
        check_schema(boolean)
    with pytest.raises(InvalidSchema):
        check_schema(boolean, default_dialect="draft-05")
