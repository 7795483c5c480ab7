"""Which changes speak of sensitive values."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from countersign.schema_change import Change, compare, sensitive_names
from countersign.schema_change.sensitive_names import Quotes, SensitiveNames
from countersign.strict_json import Json

MARK: dict[str, Json] = {"writeOnly": True}


def change(pointer: str) -> Change:
    return Change("const-changed", pointer, pointer, pointer, None, 1, 2, "narrows")


def touched(document: Json, pointer: str, *masked: str) -> bool:
    return SensitiveNames([document], masked).touch(change(pointer))


def members(**properties: Json) -> dict[str, Json]:
    return {"properties": dict(properties)}


PIN = "/properties/pin/const"


SENSITIVE: list[tuple[dict[str, Json], str]] = [
    (members(pin=MARK), PIN),
    (members(pin={"x-sensitive": True}), PIN),
    (members(pin={"confluent:tags": ["PII"]}), PIN),
    (members(pin={"format": "password"}), PIN),
    (members(pin={**MARK, **members(inner={})}), "/properties/pin/properties/inner/const"),
    (members(pin={"items": MARK}), PIN),
    (members(pin={"allOf": [MARK]}), PIN),
    # the same member, said in two places
    ({"allOf": [members(pin=MARK), members(pin={})]}, "/allOf/1/properties/pin/const"),
    ({**members(pin=MARK), "patternProperties": {"^p": {}}}, "/patternProperties/^p/const"),
    ({**members(pin=MARK), "additionalProperties": {}}, "/additionalProperties/const"),
    # along references, both ways
    ({**members(pin={"$ref": "#/$defs/P"}), "$defs": {"P": MARK}}, PIN),
    ({**members(pin={"$ref": "#/$defs/Q"}), "$defs": {"P": MARK, "Q": {"$ref": "#/$defs/P"}}}, PIN),
    ({**members(pin={**MARK, "$ref": "#/$defs/P"}), "$defs": {"P": {}}}, "/$defs/P/const"),
    ({**members(pin={**MARK, **members(a={"$ref": "#/$defs/P"})}), "$defs": {"P": {}}}, "/$defs/P/const"),
    # what no name says, or no reference shows
    (MARK, "/properties/other/const"),
    ({**members(pin=MARK, other={"$ref": "other.json"})}, "/properties/other/const"),
    ({**members(pin=MARK, other={"$ref": "#anchor"})}, "/properties/other/const"),
    ({**members(pin=MARK, other={"$dynamicRef": "#meta"})}, "/properties/other/const"),
    ({**members(pin=MARK, other={"$ref": "#/%24defs/P"})}, "/properties/other/const"),
    ({**members(pin={**MARK, "$ref": "#"})}, "/properties/other/const"),
]


@pytest.mark.parametrize(("document", "pointer"), SENSITIVE)
def test_what_is_sensitive(document: dict[str, Json], pointer: str) -> None:
    """A mark counts for the member wherever it stands; without the mark nothing is sensitive."""
    assert touched(document, pointer)
    assert not touched(_unmarked(document), pointer)


def _unmarked(value: Json) -> Json:
    """The same without marks."""
    marks = ("writeOnly", "x-sensitive", "confluent:tags", "format")
    if isinstance(value, dict):
        return {name: _unmarked(each) for name, each in value.items() if name not in marks}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value


def test_a_long_chain_of_references_takes_no_long() -> None:
    """Each reference is followed once, up and down; a hostile schema has thousands of them."""
    chain: dict[str, Json] = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(20_000)}
    for name, marked in (("d0", "d20000"), ("d19999", "d0")):
        defs = {**chain, "d20000": {}}
        defs[marked] = {**defs[marked], **MARK}  # type: ignore[dict-item]
        start = time.process_time()
        assert touched({"$defs": defs}, f"/$defs/{name}/const")
        assert time.process_time() - start < 5


def test_other_members_are_not() -> None:
    """A neighbour of a sensitive member is no secret."""
    document: Json = {**members(pin=MARK, status={"$ref": "#/$defs/S"}), "$defs": {"S": {}}}
    assert not touched(document, "/properties/status/const")
    assert not touched(document, "/$defs/S/const")
    assert not touched(members(pin={"writeOnly": False}), PIN)


def test_masked_names() -> None:
    """A name that masking rules hide; where a member has no name there it could be that one."""
    assert touched(members(pin={}), PIN, "pin")
    assert not touched(members(pin={}), PIN, "token")
    assert touched({"patternProperties": {"^p": {}}}, "/patternProperties/^p/const", "pin")
    assert touched({**members(pin={"$ref": "#/$defs/P"}), "$defs": {"P": {}}}, "/$defs/P/const", "pin")
    assert not touched(members(other={"$ref": "other.json"}), "/properties/other/const", "pin")
    assert touched({**members(other={"$ref": "other.json"}, pin={})}, "/properties/other/const", "pin")
    assert not touched({**members(other={"$ref": "other.json"}), "title": "x"}, "/properties/other/const", "title")


def test_both_sides_of_a_change_count() -> None:
    """Where something was, and where it is."""
    moved = Change("const-changed", "/properties/a/const", PIN, "/properties/a/const", None, 1, 2, "narrows")
    assert SensitiveNames([members(pin=MARK)]).touch(moved)
    assert not SensitiveNames([members(b=MARK)]).touch(moved)


def test_changes_say_whether_they_may_be_quoted() -> None:
    """A mark on either side keeps the values of that member, and of no other."""
    old, new = members(pin={**MARK, "const": 1}, status={"const": 1}), members(pin={"const": 2}, status={"const": 2})
    for one, other in ((old, new), (new, old)):
        changes = compare(one, other).changes
        found = {each.pointer: each.may_be_quoted for each in changes if each.kind == "const-changed"}
        assert found == {"/properties/pin/const": False, "/properties/status/const": True}
    third = members(pin={"const": 3}, status={"const": 3})
    changes = compare(new, third, masked_names=["status"]).changes
    found = {each.pointer: each.may_be_quoted for each in changes}
    assert found == {"/properties/pin/const": True, "/properties/status/const": False}


def test_a_mark_in_the_bundle_counts() -> None:
    """What a reference leads to is part of the schema."""
    old, new = (
        members(pin={"$ref": "p.json"}, status={"const": 1}),
        members(pin={"$ref": "p.json"}, status={"const": 2}),
    )
    for bundle, quoted in (({"p.json": {}}, True), ({"p.json": MARK}, False)):
        (found,) = compare(old, new, old_bundle=bundle, new_bundle=bundle).changes
        assert found.may_be_quoted is quoted


def test_only_where_there_is_something_to_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that names no value quotes none; with one that does, the documents are searched where they have to be."""
    documents: list[tuple[dict[str, Json], bool]] = [({}, True), (MARK, False), ({"format": "x"}, True)]
    kinds = ("minimum-added", "enum-added", "enum-value-removed", "pattern-changed", "const-changed")
    title, *values = (replace(change("/x"), kind=kind) for kind in ("annotation-changed", *kinds))
    for document, is_free in documents:
        quotes = Quotes([document], frozenset(document))
        assert not quotes.may_quote(title)
        assert [quotes.may_quote(each) for each in values] == [is_free] * len(values)

    def searched(*_: object) -> SensitiveNames:
        raise AssertionError

    monkeypatch.setattr(sensitive_names, "SensitiveNames", searched)
    assert Quotes([{}], frozenset({"title", "type"})).may_quote(values[0])
    for names, masked in ((("format",), ()), (("x-sensitive",), ()), ((), ("pin",))):
        with pytest.raises(AssertionError):
            Quotes([{}], frozenset(names), masked).may_quote(values[0])
