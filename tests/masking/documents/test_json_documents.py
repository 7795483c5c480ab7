"""Texts that are JSON documents, or nearly."""

from __future__ import annotations

import pytest

from countersign.errors import TooLarge
from countersign.masking.documents.json_documents import document_in, is_nearly_json, write, write_text
from countersign.strict_json import Json


@pytest.mark.parametrize(
    ("text", "document"),
    [('{"a": 1}', {"a": 1}), (' [1, "x"]', [1, "x"]), ('"quoted"', "quoted"), ("[]", []), ('"\\"again\\""', '"again"')],
)
def test_a_strict_document_is_read(text: str, document: Json) -> None:
    """Objects, arrays and strings, with white space around."""
    assert document_in(text) == document


@pytest.mark.parametrize(
    "text", ["", "12", "null", "true", "words", "[A-Z]", '{"a": 1,}', '{"a":1,"a":2}', '{"a": "\\ud800"}', '["\ud800"]']
)
def test_other_texts_are_none(text: str) -> None:
    """What is not strict JSON, or only a number or a word, is no document."""
    assert document_in(text) is None


def test_too_deep_a_document_is_refused() -> None:
    """It cannot be told to be none."""
    with pytest.raises(TooLarge):
        document_in("[" * 1000 + "]" * 1000)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1,}',
        "{a: 1}",
        "\ufeff{'a': 1}",
        '\u200b{"a": 1}',
        "({a: 1})",
        "[{a: 1}]",
        '["x", NaN]',
        '[1, "x",]',
        '"{\\"a\\": 1}" x',
    ],
)
def test_a_lenient_reader_could_find_a_document(text: str) -> None:
    """Quotes missing or single, a comma too many, something in front or behind."""
    assert is_nearly_json(text)


@pytest.mark.parametrize(
    "text", ["", "[A-Z]{3}", "^[a-z]+$", "[0-9]{2}:[0-9]{2}", "{orderId}", '"quoted" text', "a {b: c}", "[", "{}", "12"]
)
def test_patterns_and_prose_are_none(text: str) -> None:
    """An approver needs to see them."""
    assert not is_nearly_json(text)


def test_documents_are_written_without_white_space_and_in_their_order() -> None:
    """Characters stand for themselves; a number that is none is refused."""
    document: Json = {"z": [1, 1.5, None, True], "a": "é\u2028"}
    assert write_text(document) == '{"z":[1,1.5,null,true],"a":"é\u2028"}'
    assert write(document) == write_text(document).encode()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_text(float("nan"))
