"""The classification of keywords, and what each of them does alone: added, removed, tightened and loosened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from countersign.schema_change import DIALECT_NAMES, ChangeEffect, Verdict, compare, keywords
from countersign.strict_json import Json

DRAFTS = ("draft-04", "draft-06", "draft-07", "2019-09", "2020-12")


def test_each_dialect_has_its_keywords() -> None:
    """Keywords come and go with the dialects."""
    assert "const" not in keywords.ASSERTIONS["draft-04"]
    assert "const" in keywords.ASSERTIONS["draft-06"]
    assert "if" not in keywords.ASSERTIONS["draft-06"]
    assert "dependencies" in keywords.ASSERTIONS["draft-07"]
    assert "dependencies" not in keywords.ASSERTIONS["2019-09"]
    assert "prefixItems" not in keywords.ASSERTIONS["2019-09"]
    assert "additionalItems" not in keywords.ASSERTIONS["2020-12"]


def test_no_keyword_is_both_assertion_and_annotation() -> None:
    """What asserts something never passes for an annotation."""
    assert not [keyword for keyword in keywords.ANY_DIALECT if keywords.is_annotation(keyword)]
    assert keywords.is_annotation("title")
    assert keywords.is_annotation("connect.type")


def test_unknown_keywords_are_no_annotations() -> None:
    """`nullable` changes validation in OpenAPI 3.0: an unknown name is never taken for harmless."""
    assert not keywords.is_annotation("nullable")
    assert not keywords.is_annotation("x-kubernetes-int-or-string")


def test_every_keyword_that_holds_schemas_has_a_shape() -> None:
    """The walk to every subschema knows all of them."""
    assert {"allOf", "if", "$defs", "definitions", "dependentSchemas", "prefixItems"} <= keywords.SUBSCHEMAS.keys()


@dataclass(frozen=True)
class Row:
    """One keyword: what it holds, loose and tight, and the kinds of its four changes.

    Unless `effects` says otherwise, what is added or tightened narrows. `shown`: what it does can be decided; else what
    might break is unknown.
    """

    keyword: str
    loose: Json
    tight: Json
    kinds: tuple[str, str, str, str]  #: added, removed, tightened, loosened
    dialects: tuple[str, ...] = DIALECT_NAMES
    beside: dict[str, Json] = field(default_factory=dict)
    effects: tuple[ChangeEffect, ChangeEffect, ChangeEffect, ChangeEffect] = ("narrows", "widens", "narrows", "widens")
    shown: bool = True
    variant: str = ""  #: told apart from other rows of the keyword

    @property
    def name(self) -> str:
        return f"{self.keyword}-{self.variant}" if self.variant else self.keyword


def kinds(name: str, tighter: str = "changed", looser: str = "changed") -> tuple[str, str, str, str]:
    return (f"{name}-added", f"{name}-removed", f"{name}-{tighter}", f"{name}-{looser}")


def inside(name: str, inner: str = "type-changed", looser: str | None = None) -> tuple[str, str, str, str]:
    """A keyword that holds schemas: what changes in one of them is said there."""
    return (f"{name}-added", f"{name}-removed", inner, looser or inner)


LOWER, UPPER = ("increased", "decreased"), ("decreased", "increased")
NUMBER: Json = {"type": "number"}
INTEGER: Json = {"type": "integer"}
STRING: Json = {"type": "string"}
SINCE_6, SINCE_7, SINCE_2019 = DRAFTS[1:], DRAFTS[2:], DRAFTS[3:]
UNTIL_7, UNTIL_2019 = DRAFTS[:3], DRAFTS[:4]
SERVICES = ("openapi-3.0", "kubernetes")
ALL_UNKNOWN: tuple[ChangeEffect, ChangeEffect, ChangeEffect, ChangeEffect] = ("unknown",) * 4
FORMAT: tuple[ChangeEffect, ChangeEffect, ChangeEffect, ChangeEffect] = ("narrows", "widens", "unknown", "unknown")
MAX_PROPERTIES = ("max-properties-decreased", "max-properties-increased")
MAX_LENGTH = ("max-length-decreased", "max-length-increased")


@dataclass(frozen=True)
class Opaque:
    """A keyword of a service whose meaning is not worked out."""

    dialect: str
    keyword: str
    loose: Json
    tight: Json
    beside: dict[str, Json]

    @property
    def kind(self) -> str:
        return "read-only" if self.keyword == "readOnly" else self.keyword


OPAQUE = [
    Opaque("openapi-3.0", "discriminator", {"propertyName": "a"}, {"propertyName": "b"}, {"oneOf": [STRING]}),
    Opaque("openapi-3.0", "readOnly", False, True, {"type": "string"}),
    Opaque("kubernetes", "default", "a", "b", {"type": "string"}),
    Opaque("kubernetes", "x-kubernetes-validations", [{"rule": "a"}], [{"rule": "b"}], {}),
    Opaque("kubernetes", "x-kubernetes-list-map-keys", ["a"], ["b"], {"type": "array"}),
    Opaque("kubernetes", "x-kubernetes-map-type", "granular", "atomic", {"type": "object"}),
    Opaque("kubernetes", "x-kubernetes-embedded-resource", False, True, {"type": "object"}),
]
TABLE = [
    Row("type", ["string", "null"], "string", kinds("type"), DRAFTS),
    Row("type", "number", "integer", kinds("type"), variant="numbers"),
    Row("enum", [1, 2], [1], ("enum-added", "enum-removed", "enum-value-removed", "enum-value-added")),
    Row("const", {}, 1, kinds("const"), SINCE_6, effects=("narrows", "widens", "narrows-and-widens", "narrows-and-widens")),
    Row("minimum", 1, 2, kinds("minimum", *LOWER)),
    Row("maximum", 2, 1, kinds("maximum", *UPPER)),
    Row("exclusiveMinimum", 1, 2, kinds("exclusive-minimum", *LOWER), SINCE_6),
    Row("exclusiveMaximum", 2, 1, kinds("exclusive-maximum", *UPPER), SINCE_6),
    Row("exclusiveMinimum", False, True, kinds("exclusive-minimum"), ("draft-04", *SERVICES), {"minimum": 1}, variant="4"),
    Row("exclusiveMaximum", False, True, kinds("exclusive-maximum"), ("draft-04", *SERVICES), {"maximum": 1}, variant="4"),
    Row("multipleOf", 2, 4, kinds("multiple-of")),
    Row("minLength", 1, 2, kinds("min-length", *LOWER)),
    Row("maxLength", 2, 1, kinds("max-length", *UPPER)),
    Row("pattern", "^a", "^ab", kinds("pattern")),
    Row("minItems", 1, 2, kinds("min-items", *LOWER)),
    Row("maxItems", 2, 1, kinds("max-items", *UPPER)),
    Row("uniqueItems", False, True, kinds("unique-items")),
    Row("minProperties", 1, 2, kinds("min-properties", *LOWER)),
    Row("maxProperties", 2, 1, kinds("max-properties", *UPPER)),
    Row("required", ["a"], ["b", "a"], ("required-added", "required-removed", "required-added", "required-removed")),
    Row("items", NUMBER, INTEGER, inside("items")),
    Row("items", [NUMBER], [INTEGER], inside("tuple-item"), UNTIL_2019, variant="tuple"),
    Row("prefixItems", [NUMBER], [INTEGER], inside("tuple-item"), ("2020-12",)),
    Row("additionalItems", NUMBER, INTEGER, inside("items"), UNTIL_2019, {"items": [STRING]}),
    Row("additionalItems", True, False, kinds("items"), UNTIL_2019, {"items": [STRING]}, variant="closed"),
    Row("contains", NUMBER, INTEGER, inside("contains"), SINCE_6),
    Row("minContains", 2, 3, kinds("min-contains", *LOWER), SINCE_2019, {"contains": STRING}),
    Row("maxContains", 3, 2, kinds("max-contains", *UPPER), SINCE_2019, {"contains": STRING}),
    Row("properties", {"a": NUMBER}, {"a": INTEGER}, inside("property")),
    Row("patternProperties", {"^a": NUMBER}, {"^a": INTEGER}, inside("pattern-property"), DRAFTS),
    Row(
        "additionalProperties", NUMBER, INTEGER,
        ("additional-properties-changed", "additional-properties-opened", "type-changed", "type-changed"),
    ),
    Row(
        "additionalProperties", True, False, ("additional-properties-closed", "additional-properties-opened") * 2,
        variant="closed",
    ),
    Row("propertyNames", {"maxLength": 3}, {"maxLength": 2}, inside("property-names", *MAX_LENGTH), SINCE_6),
    Row("dependencies", {"a": ["b"]}, {"a": ["b", "c"]}, kinds("dependency"), UNTIL_7),
    Row(
        "dependencies", {"a": {"maxProperties": 3}}, {"a": {"maxProperties": 2}}, inside("dependency", *MAX_PROPERTIES),
        UNTIL_7, variant="schemas",
    ),
    Row("dependentRequired", {"a": ["b"]}, {"a": ["b", "c"]}, kinds("dependent-required"), SINCE_2019),
    Row(
        "dependentSchemas", {"a": {"maxProperties": 3}}, {"a": {"maxProperties": 2}},
        inside("dependent-schema", *MAX_PROPERTIES), SINCE_2019,
    ),
    Row("allOf", [NUMBER], [INTEGER], inside("all-of")),
    Row("allOf", [NUMBER], [NUMBER, {"minimum": 1}], inside("all-of", "all-of-branch-added", "all-of-branch-removed"), variant="branch"),
    Row("anyOf", [NUMBER], [INTEGER], inside("any-of")),
    Row("anyOf", [STRING, NUMBER], [NUMBER], inside("any-of", "any-of-branch-removed", "any-of-branch-added"), variant="branch"),
    Row("oneOf", [NUMBER], [INTEGER], inside("one-of")),
    Row("oneOf", [STRING, NUMBER], [NUMBER], inside("one-of", "one-of-branch-removed", "one-of-branch-added"), variant="branch"),
    Row("not", INTEGER, NUMBER, inside("not")),
    Row("if", {"minLength": 9}, {"minLength": 2}, inside("if", "min-length-decreased", "min-length-increased"), SINCE_7, {"then": {"pattern": "^a"}}),
    Row("then", {"maxLength": 9}, {"maxLength": 8}, inside("then", *MAX_LENGTH), SINCE_7, {"if": {"minLength": 2}}),
    Row("else", {"maxLength": 9}, {"maxLength": 8}, inside("else", *MAX_LENGTH), SINCE_7, {"if": {"minLength": 12}}),
    Row("unevaluatedProperties", True, False, kinds("unevaluated-properties"), SINCE_2019, {"properties": {"a": {}}}),
    Row(
        "unevaluatedProperties", NUMBER, INTEGER, kinds("unevaluated-properties"), SINCE_2019,
        {"allOf": [{"properties": {"a": {}}}], "$ref": "#/$defs/b", "$defs": {"b": {"patternProperties": {"^b": {}}}}},
        variant="applied",
    ),
    Row(
        "unevaluatedProperties", True, False, kinds("unevaluated-properties"), SINCE_2019,
        {"anyOf": [{"properties": {"a": {}}}, {}]}, variant="by the value",
    ),
    Row("unevaluatedItems", NUMBER, INTEGER, kinds("unevaluated-items"), SINCE_2019),
    Row("unevaluatedItems", True, False, kinds("unevaluated-items"), ("2020-12",), {"contains": STRING}, variant="by the value"),
    Row("unevaluatedItems", True, False, kinds("unevaluated-items"), ("2019-09",), {"contains": STRING}, shown=False, variant="by the value"),
    Row("format", "date-time", "date", kinds("format"), effects=FORMAT, shown=False),
    Row("contentEncoding", "base64", "base16", kinds("content-encoding"), SINCE_7, effects=FORMAT, shown=False),
    Row("contentMediaType", "text/html", "text/xml", kinds("content-media-type"), SINCE_7, effects=FORMAT, shown=False),
    Row("contentSchema", NUMBER, INTEGER, kinds("content-schema"), SINCE_2019, effects=FORMAT, shown=False),
    Row(
        "$ref", "#/definitions/number", "#/definitions/integer", ("type-added", "type-removed", "type-changed", "type-changed"),
        (*DRAFTS, "openapi-3.0"), {"definitions": {"number": NUMBER, "integer": INTEGER}},
    ),
    Row(
        "$ref", "#/$defs/number", "#/$defs/integer", inside("reference"), SINCE_2019,
        {"$defs": {"number": NUMBER, "integer": INTEGER}, "minimum": 3}, variant="with siblings",
    ),
    Row("$recursiveRef", "#a", "#", kinds("reference"), ("2019-09",), effects=ALL_UNKNOWN, shown=False),
    Row("$dynamicRef", "#a", "#", kinds("reference"), ("2020-12",), effects=ALL_UNKNOWN, shown=False),
    Row("nullable", False, True, kinds("nullable"), SERVICES, {"type": "string"}, ("widens", "narrows") * 2),
    *(Row(each.keyword, each.loose, each.tight, kinds(each.kind), (each.dialect,), each.beside, ALL_UNKNOWN, shown=False) for each in OPAQUE),
]  # fmt: skip
#: Said in other tests: they need more around them, or are marks.
ELSEWHERE = {
    "writeOnly",
    "x-kubernetes-list-type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
}
CASES = [
    pytest.param(row, dialect, step, id=f"{row.name}-{dialect}-{('added', 'removed', 'tightened', 'loosened')[step]}")
    for row in TABLE
    for dialect in row.dialects
    for step in range(4)
]
_VERDICTS: dict[ChangeEffect, tuple[Verdict, Verdict]] = {
    "none": ("compatible", "compatible"),
    "narrows": ("breaking", "compatible"),
    "widens": ("compatible", "breaking"),
    "narrows-and-widens": ("breaking", "breaking"),
    "unknown": ("unknown", "unknown"),
}


@pytest.mark.parametrize(("row", "dialect", "step"), CASES)
def test_each_keyword_alone(row: Row, dialect: str, step: int) -> None:
    """One change of the right kind and effect, and the verdicts that follow; nothing else is said."""
    without, loose, tight = row.beside, {**row.beside, row.keyword: row.loose}, {**row.beside, row.keyword: row.tight}
    old, new = ((without, tight), (tight, without), (loose, tight), (tight, loose))[step]
    found = compare(old, new, default_dialect=dialect)
    effect = row.effects[step]
    counted = step < 2 and row.keyword == "required"  # a name is a change
    assert [(change.kind, change.effect) for change in found.changes] == [(row.kinds[step], effect)] * (1 + counted)
    backward, forward = _VERDICTS[effect]
    if not row.shown:
        backward = "unknown" if backward == "breaking" else backward
        forward = "unknown" if forward == "breaking" else forward
    assert (found.backward, found.forward) == (backward, forward)


@pytest.mark.parametrize("dialect", DIALECT_NAMES)
def test_the_table_has_every_keyword_of_every_dialect(dialect: str) -> None:
    """A keyword that comes to a dialect comes to the table."""
    in_table = {row.keyword for row in TABLE if dialect in row.dialects}
    missing = keywords.ASSERTIONS[dialect] - in_table - ELSEWHERE
    assert missing == set()


def test_the_kinds_of_the_table_are_documented() -> None:
    """README.md lists each."""
    text = (Path(keywords.__file__).parent / "README.md").read_text()
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    globs = [f"*{name}" if name.startswith("-") else name for name in named]
    kinds = {kind for row in TABLE for kind in row.kinds}
    assert not {kind for kind in kinds if not any(fnmatchcase(kind, glob) for glob in globs)}


@pytest.mark.parametrize("dialect", DRAFTS)
@pytest.mark.parametrize("keyword", sorted(keywords.ANY_DIALECT | {"nullable", "discriminator", "$vocabulary"}))
def test_keywords_of_other_dialects_are_unknown(keyword: str, dialect: str) -> None:
    """What a dialect does not have may still be asserted by a validator: it is never compatible, in neither direction."""
    if keyword in keywords.ASSERTIONS[dialect]:
        return
    found = compare({}, {keyword: 7}, default_dialect=dialect)
    assert [(change.kind, change.effect) for change in found.changes] == [("unknown-keyword-added", "unknown")]
    assert (found.backward, found.forward) == ("unknown", "unknown")


def test_keywords_that_only_the_old_dialect_has_are_listed() -> None:
    """A changed `$schema` makes everything unknown; what goes with it is said all the same."""
    old: dict[str, Json] = {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": ["b"]}}
    new: dict[str, Json] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    assert {change.kind for change in compare(old, new).changes} == {"dialect-changed", "unknown-keyword-removed"}


@pytest.mark.parametrize("keyword", ["id", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"])
@pytest.mark.parametrize("dialect", DRAFTS)
def test_names_leave_validation_alone(keyword: str, dialect: str) -> None:
    """An identifier that nothing leads to is listed and does nothing."""
    found = compare({keyword: "http://a.example/a"}, {keyword: "http://a.example/b"}, default_dialect=dialect)
    assert [(change.kind, change.effect) for change in found.changes] == [("identifier-changed", "none")]
    assert (found.backward, found.forward) == ("compatible", "compatible")


@pytest.mark.parametrize("dialect", UNTIL_7)
def test_beside_a_reference_nothing_counts_until_draft_07(dialect: str) -> None:
    """From 2019-09 on it does."""
    base: dict[str, Json] = {"$ref": "#/definitions/n", "definitions": {"n": NUMBER}}
    found = compare({**base, "maximum": 2}, {**base, "maximum": 1}, default_dialect=dialect)
    assert [(change.kind, change.effect) for change in found.changes] == [("ignored-keyword-changed", "none")]
    found = compare({**base, "maximum": 2}, {**base, "maximum": 1}, default_dialect="2019-09")
    assert [(change.kind, change.effect) for change in found.changes] == [("maximum-decreased", "narrows")]
