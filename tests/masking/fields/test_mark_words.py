"""The words that mark a field in a schema."""

from __future__ import annotations

import pytest

from countersign.masking.fields.mark_words import BUILT_IN_MARKS, Marks
from countersign.strict_json import Json

BUILT_IN = Marks()


@pytest.mark.parametrize(
    ("keyword", "value", "mark"),
    [
        ("x-sensitive", True, "x-sensitive"),
        ("x-sensitive", "yes", "x-sensitive"),
        ("x-sensitive", {"reason": "law"}, "x-sensitive"),
        ("X_Sensitive", True, "x-sensitive"),
        ("xSensitive", 1, "x-sensitive"),
        ("writeOnly", True, "writeOnly"),
        ("format", "password", "format=password"),
        ("format", "Password", "format=password"),
        ("confluent:tags", ["PII"], "confluent:tags=PII"),
        ("confluent:tags", ["public", "pii"], "confluent:tags=PII"),
        ("tags", "PII", "tags=PII"),
        ("tags", "team-a, pii", "tags=PII"),
        ("tags", ["PII.email"], "tags=PII"),
        ("x-tags", [{"PII": {"since": 2020}}], "x-tags=PII"),
        ("x-tags", {"pii": True}, "x-tags=PII"),
        ("x-classification", "Highly Confidential", "x-classification=highly-confidential"),
        ("x-data-classification", "restricted", "x-data-classification=restricted"),
    ],
)
def test_a_mark_is_seen(keyword: str, value: Json, mark: str) -> None:
    """In every spelling of the keyword, and wherever in its value the tag stands; its name is the word in the list."""
    assert BUILT_IN.of({"type": "string", keyword: value}) == mark


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("x-sensitive", False),
        ("x-sensitive", None),
        ("x-sensitive", "false"),
        ("x-sensitive", []),
        ("x-sensitivities", True),
        ("writeOnly", False),
        ("readOnly", True),
        ("format", "email"),
        ("format", None),
        ("tags", ["PIID", "copii"]),
        ("tags", "non-pii"),
        ("x-tags", {"pii": False}),
        ("tags", [{"name": "PII"}]),
        ("tags", ["secret"]),
        ("x-classification", "public"),
        ("description", "PII"),
    ],
)
def test_what_says_no_or_something_else_is_no_mark(keyword: str, value: Json) -> None:
    """A mark that is switched off, another tag, another keyword."""
    assert BUILT_IN.of({"type": "string", keyword: value}) is None


def test_the_first_word_that_holds_gives_the_name() -> None:
    """So that the rule whose words come first decides, whatever the order in the schema."""
    schema: dict[str, Json] = {"x-b": True, "x-a": True, "tags": ["T"]}
    assert Marks(["x-a", "x-b", "tags=t"]).of(schema) == "x-a"
    assert Marks(["tags=t", "x-b", "x-a"]).of(schema) == "tags=t"
    assert Marks([]).of(schema) is None


def test_a_keyword_alone_and_with_a_value_are_two_words() -> None:
    """`x-level` holds for every level, `x-level=high` for one; a value may be no text."""
    assert Marks(["x-level=high"]).of({"x-level": "low"}) is None
    assert Marks(["x-level=high", "x-level"]).of({"x-level": "low"}) == "x-level"
    assert Marks(["x-level=true"]).of({"x-level": True}) == "x-level=true"
    assert Marks(["x-level=3"]).of({"x-level": [3]}) == "x-level=3"
    assert Marks(["x-level=3"]).of({"x-level": None}) is None


@pytest.mark.parametrize("word", ["", "=", "=PII", "tags=", "-=x", "tags=_"])
def test_an_empty_word_is_refused(word: str) -> None:
    """It would mark nothing, or everything."""
    with pytest.raises(ValueError, match="is no mark: write a keyword"):
        Marks([word])


def test_words_have_an_order_and_keywords() -> None:
    """What is none of the words stands behind them all, and is no keyword of a mark."""
    marks = Marks(["x-a", "tags=T", "x-a"])
    assert (marks.rank("x-a"), marks.rank("tags=T"), marks.rank("other")) == (0, 1, 2)
    assert marks.is_keyword("X-A")
    assert marks.is_keyword("tags")
    assert not marks.is_keyword("tags=T")


def test_each_built_in_word_marks_something() -> None:
    """None of the list is shadowed by a word before it, or written so that it cannot hold."""
    for word in BUILT_IN_MARKS:
        keyword, _, value = word.partition("=")
        assert BUILT_IN.of({keyword: value or True}) == word
