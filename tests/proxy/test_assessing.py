"""What a change does now, and what the rules say to it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal

import pytest

from countersign.decision import Allow, Deny, Hold
from countersign.dialects import CurrentRead, Reference
from countersign.errors import SchemaUnavailable
from countersign.masking import MaskingFailed
from countersign.proxy.assessing import Assessor
from countersign.proxy.service_reader import CurrentSchema, ServiceReader
from countersign.rulebook.values import Condition, Connection, Dialect, MaskingRule, Rulebook
from countersign.strict_json import Json
from tests.proxy.values import (
    DIGEST,
    SOURCE,
    HeldService,
    approval_rule,
    caller,
    exchange,
    known_schemas,
    masking,
    operation,
    rulebook,
)

_NOW = 1_800_000_100_000_000  #: microseconds; the caller's token is good then


def _assessor(held: Json, rules: Rulebook | None = None, *, exists: bool = True, now: int = _NOW) -> Assessor:
    service = HeldService(CurrentSchema(exists, held, {}, '"e1"'))
    book = rules or rulebook()
    return _of(book, service, now)


def _of(book: Rulebook, service: ServiceReader, now: int = _NOW) -> Assessor:
    return Assessor(book, service, known_schemas(service), masking(*book.masking), DIGEST, lambda: now)


async def test_an_equal_schema_is_allowed() -> None:
    """Nothing changes, so nobody has to be asked; the ETag of what was read is kept."""
    assessment = await _assessor({"type": "object"}).assess(exchange())
    assert isinstance(assessment.verdict, Allow)
    assert assessment.etag == '"e1"'
    assert assessment.changes == ()
    assert assessment.before == assessment.after == {"type": "object"}


async def test_another_schema_is_held_with_what_it_changes() -> None:
    """The approver gets summary, changes, before and after."""
    assessment = await _assessor({"type": "string"}).assess(exchange())
    assert isinstance(assessment.verdict, Hold)
    assert assessment.diff is not None
    assert assessment.diff.backward == "breaking"
    assert assessment.changes
    assert assessment.summary
    assert (assessment.before, assessment.after) == ({"type": "string"}, {"type": "object"})


async def test_a_new_subject_is_compared_with_nothing() -> None:
    """There is no current schema: `before` is empty, and its digest is that of there being none."""
    assessor = _assessor(None, exists=False)
    assessment = await assessor.assess(exchange())
    assert assessment.before is None
    assert assessment.current_digest == assessor.digest_of(CurrentSchema(False, None, {}, None))
    assert assessment.current_digest != assessor.digest_of(CurrentSchema(True, None, {}, None))


async def test_a_delete_proposes_nothing() -> None:
    """It is decided without a comparison, and described in words."""
    asked = exchange(operation=operation(effect="delete", name="delete schema", proposed=None, has_proposed=False))
    assessment = await _assessor({"type": "object"}).assess(asked)
    assert assessment.diff is None
    assert isinstance(assessment.verdict, Hold)
    assert assessment.summary == ("delete schema (delete) on a",)
    assert assessment.before == {"type": "object"}


async def test_a_setting_of_the_service_as_a_whole_is_read_from_nowhere() -> None:
    """Without a place to look at nothing is read."""
    asked = exchange(
        operation=operation(effect="settings", subject=None, proposed=None, has_proposed=False, current=None)
    )
    assessor = _assessor({"type": "object"})
    assessment = await assessor.assess(asked)
    assert assessor._reader.reads == 0  # type: ignore[attr-defined]
    assert assessment.summary == ("replace schema (settings) on the service as a whole",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CurrentSchema(True, {"a": 1}, {}, None), CurrentSchema(True, {"a": 2}, {}, None)),
        (CurrentSchema(True, {}, {}, None), CurrentSchema(False, None, {}, None)),
        (CurrentSchema(True, {}, {"r": {"type": "string"}}, None), CurrentSchema(True, {}, {"r": {}}, None)),
        (CurrentSchema(True, {}, {"r": {}}, None), CurrentSchema(True, {}, {"s": {}}, None)),
    ],
)
def test_another_current_schema_has_another_digest(one: CurrentSchema, other: CurrentSchema) -> None:
    """Also when only a schema that it refers to changed; the ETag and the order of members do not count."""
    assessor = _assessor({})
    assert assessor.digest_of(one) != assessor.digest_of(other)
    again = CurrentSchema(one.exists, one.document, one.bundle, '"another"')
    assert assessor.digest_of(one) == assessor.digest_of(again)


def test_the_digest_is_keyed() -> None:
    """Nobody can guess a masked value of the schema from it."""
    digest = _assessor({}).digest_of(CurrentSchema(True, {"const": "secret"}, {}, None))
    assert "secret" not in digest
    assert digest == DIGEST.of(b'[{"const":"secret"},{}]', label="current-schema")


async def test_references_are_read_and_compared() -> None:
    """What a `$ref` leads to counts: the same document with another referred schema is another change."""
    proposed: Json = {"$ref": "r"}
    reference = Reference("r", "/schemas/r", operation().current.schema, None)  # type: ignore[union-attr]
    asked = exchange(operation=operation(proposed=proposed, references=(reference,)))
    book = rulebook()
    verdicts = []
    for referred in ("string", "integer"):
        held = CurrentSchema(True, proposed, {"r": {"type": "string"}}, None)
        service = HeldService(held, {"r": {"type": referred}})
        assessment = await _of(book, service).assess(asked)
        verdicts.append(type(assessment.verdict))
    assert verdicts == [Allow, Hold]


async def test_an_expired_caller_is_denied() -> None:
    """The clock is microseconds here and seconds in the decision."""
    late = (caller().expires_at + 1) * 1_000_000
    assessment = await _assessor({"type": "object"}, now=late).assess(exchange())
    assert isinstance(assessment.verdict, Deny)


async def test_a_service_that_cannot_be_read_is_said() -> None:
    """Nothing is decided on a guess."""

    class Away(HeldService):
        async def current(self, connection: Connection, read: CurrentRead) -> CurrentSchema:
            raise SchemaUnavailable("away")

    assessor = _of(rulebook(), Away(CurrentSchema(False, None, {}, None)), 0)
    with pytest.raises(SchemaUnavailable):
        await assessor.assess(exchange())


def _masking() -> MaskingRule:
    return MaskingRule(
        "m", ("*",), ("*",), ("request", "response", "schema"), ("$..password",), (), (), "redact", 0, SOURCE
    )


async def test_masked_values_are_in_nothing_that_is_shown() -> None:
    """Before, after, changes and summary: all that an approver sees is without them."""
    book = rulebook(masking=(_masking(),))
    held: Json = {"properties": {"a": {"password": "old-secret"}}, "examples": [{"password": "old-secret"}]}
    proposed: Json = {"properties": {"a": {"password": "new-secret"}}, "examples": [{"password": "new-secret"}]}
    assessment = await _assessor(held, book).assess(exchange(operation=operation(proposed=proposed)))
    shown = json.dumps(
        [assessment.before, assessment.after, list(assessment.changes), list(assessment.summary)], ensure_ascii=False
    )
    assert "secret" not in shown
    assert assessment.changes


def _graded(value: str) -> dict[str, Json]:
    return {"properties": {"grade": {"const": value}}}


@pytest.mark.parametrize(
    ("document", "referred"),
    [
        (lambda value: {"$ref": "r"}, _graded),
        (lambda value: {"$ref": "r"}, lambda value: {"$ref": "#/$defs/x", "$defs": {"x": _graded(value)}}),
        (lambda value: {"$ref": "#x", "$defs": {"x": {"$anchor": "x", **_graded(value)}}}, None),
        (lambda value: {"$ref": "#/%24defs/x", "$defs": {"x": _graded(value)}}, None),
        (
            lambda value: {
                "$ref": "x",
                "$defs": {"x": {"$id": "x", "$ref": "#/$defs/y", "$defs": {"y": _graded(value)}}},
            },
            None,
        ),
    ],
)
async def test_masked_values_behind_references_are_in_nothing_that_is_shown(document: Any, referred: Any) -> None:
    """A change is masked by where its value stands, however it was reached: another document, an anchor, a part."""
    assessments = []
    for rules in ((replace(_masking(), paths=("$..grade.const",)),), ()):
        held = CurrentSchema(True, document("old-one"), {"r": referred("old-one")} if referred else {}, None)
        service = HeldService(held, {"r": referred("new-one")} if referred else {})
        reference = Reference("r", "/schemas/r", operation().current.schema, None)  # type: ignore[union-attr]
        references = (reference,) if referred else ()
        asked = exchange(operation=operation(proposed=document("new-one"), references=references))
        book = rulebook(masking=rules)
        assessor = _of(book, service)
        assessments.append(await assessor.assess(asked))
    masked, plain = assessments
    assert "const-changed" in [change["kind"] for change in masked.changes]
    assert "-one" not in json.dumps([masked.before, masked.after, list(masked.changes), list(masked.summary)])
    assert "new-one" in json.dumps(list(plain.changes))


@pytest.mark.parametrize("masked", [True, False])
async def test_no_made_up_value_is_shown_where_anything_is_masked(masked: bool) -> None:
    """It may hold the values of a masked place, wherever the change itself stands; the twin shows each of them."""
    held: dict[str, Json] = {
        "type": "object",
        "required": ["grade"],
        "properties": {"grade": {"const": "a-one"}},
    }
    proposed = {**held, "required": ["grade", "id"]}
    rules = (replace(_masking(), paths=("$..grade.const",)),) if masked else ()
    assessment = await _assessor(held, rulebook(masking=rules)).assess(exchange(operation=operation(proposed=proposed)))
    assert assessment.diff is not None
    assert assessment.diff.backward == "breaking"
    (change,) = assessment.changes
    assert change["kind"] == "required-added"
    shown: Json = None if masked else {"direction": "backward", "value": {"grade": "a-one"}}
    assert change["counterexample"] == shown
    assert assessment.counterexamples == (() if masked else (shown,))
    assert assessment.withholds_examples is masked


async def test_values_that_are_not_masked_are_shown() -> None:
    """The twin: the difference itself is what people decide on."""
    book = rulebook(masking=(_masking(),))
    asked = exchange(operation=operation(proposed={"type": "string", "maxLength": 12}))
    assessment = await _assessor({"type": "string", "maxLength": 34}, book).assess(asked)
    assert {(change["before"], change["after"]) for change in assessment.changes} == {(34, 12)}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ((), '`state` must be exactly "new" instead of "old"'),
        (
            (replace(_masking(), directions=("schema",), paths=("$..state.const",)),),
            "`state` must be another certain value",
        ),
    ],
)
async def test_the_summary_quotes_what_is_not_masked(rules: tuple[MaskingRule, ...], said: str) -> None:
    """What stands in the place of a masked value is quoted neither."""
    held: Json = {"properties": {"state": {"const": "old"}}}
    proposed: Json = {"properties": {"state": {"const": "new"}}}
    assessor = _assessor(held, rulebook(masking=rules))
    (line,) = (await assessor.assess(exchange(operation=operation(proposed=proposed)))).summary
    assert line.startswith(f"{said} (")


def test_what_access_alone_decides_is_compared_with_nothing() -> None:
    """Reads and data: no current schema, no changes."""
    assessment = Assessor.by_access(Allow("because", SOURCE))
    assert (assessment.current_digest, assessment.diff, assessment.changes) == ("-", None, ())


async def test_a_rule_that_denies_is_obeyed() -> None:
    """The verdict is the decision's, word for word."""
    book = rulebook(approval=(approval_rule("never", Condition(), "deny"),))
    assessment = await _assessor({"type": "object"}, book).assess(exchange())
    assert assessment.verdict == Deny("the rule 'never' denies it", SOURCE)


def _dialect(language: Literal["openapi-3.0", "kubernetes"] | None) -> Dialect:
    return Dialect("rest", (), {}, SOURCE, schema_language=language)


async def test_schemas_are_read_as_their_service_reads_them() -> None:
    """A member that is declared narrows where others were free, and widens where they were dropped."""
    held: Json = {"type": "object"}
    changed = operation(proposed={"type": "object", "properties": {"a": {"type": "string"}}})
    found = []
    for language in (None, "kubernetes"):
        assessment = await _assessor(held).assess(exchange(operation=changed, dialect=_dialect(language)))
        assert assessment.diff is not None
        found.append((assessment.diff.backward, assessment.diff.forward))
    assert found == [("breaking", "compatible"), ("compatible", "breaking")]


async def test_a_masked_name_is_a_mark_of_sensitivity() -> None:
    """That a member of that name is declared no longer is a change of its own kind."""
    held: Json = {"properties": {"colour": {}, "id": {}}}
    changed = operation(proposed={"properties": {"id": {}}})
    for rules in ((replace(_masking(), paths=("$..colour",)),), ()):
        assessment = await _assessor(held, rulebook(masking=rules)).assess(exchange(operation=changed))
        assert assessment.diff is not None
        kinds = [change.kind for change in assessment.diff.changes]
        assert kinds == ["property-removed", *["sensitivity-removed" for _ in rules]]


async def test_a_large_change_is_masked_by_the_masking_process() -> None:
    """It says what a small one says; where the process has ended nothing of it is shown, and a small one still is."""
    book, made = rulebook(masking=(_masking(),)), masking(_masking())
    pad: dict[str, Json] = {f"p{number}": {"title": "a " * 1000} for number in range(20)}
    held: Json = {"properties": {"a": {"const": "ann@example.com"}, **pad}, "examples": [{"password": "old-one"}]}
    proposed: Json = {"properties": {"a": {"const": "bob@example.com"}}, "examples": [{"password": "new-one"}]}
    service = HeldService(CurrentSchema(True, held, {}, None))
    assessor = Assessor(book, service, known_schemas(service), made, DIGEST, lambda: _NOW)
    asked = exchange(operation=operation(proposed=proposed))
    try:
        assessment = await assessor.assess(asked)
        assert made._process.pid is not None
    finally:
        made._process.close()
    shown = str([assessment.before, assessment.after, assessment.changes, assessment.summary])
    assert "example.com" not in shown
    assert "-one" not in shown
    assert len(assessment.changes) > 20
    with pytest.raises(MaskingFailed):
        await assessor.assess(asked)
    service.held = CurrentSchema(True, {"examples": []}, {}, None)
    assert (await assessor.assess(asked)).changes
