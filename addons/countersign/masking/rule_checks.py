"""What only masking can say of masking rules before they are in force: that they can be followed, and that they mask what
their own examples show.

Does not say that rules find every secret: nobody knows that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from countersign.errors import RulesError, RulesErrors
from countersign.masking.carriers.client_bodies import NotMaskable
from countersign.masking.client_views import ClientView, ClientViews
from countersign.masking.fields.field_names import FieldNames
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.masker import Masker
from countersign.masking.schemas.schema_marks import BUILT_IN_MARKS, Marks, SchemaMarks
from countersign.rulebook.values import BuiltInMasking, MaskingRule
from countersign.strict_json import Json, dumps

_DIGEST: Final = KeyedDigest(bytes(32))  # nothing of an example is kept
_JSON: Final = (("Content-Type", "application/json"),)
_NOTHING: Final = "nothing in it is what the rule speaks of"


def check_rules(rules: Sequence[MaskingRule], built_in: BuiltInMasking, directory: Path) -> None:
    """Raise RulesErrors with everything that is wrong with `rules` and `built_in`, which stand in files of `directory`.

    What is switched off is built in. Each example of a rule has something that this rule masks when it is the only one: an
    example for `marks` is a schema that has one of them, the others are looked at as messages.
    """
    unknown = [
        RulesError(str(directory / built_in.source.file), built_in.source.line, problem, "it would switch nothing off")
        for problem in _unknown(built_in)
    ]
    found = unknown or [problem for rule in rules for problem in _problems(rule, built_in, directory)]
    if found:
        raise RulesErrors(tuple(found))


def _unknown(built_in: BuiltInMasking) -> Iterator[str]:
    """What would be switched off and is not there. Names of detectors are in the shape of the file."""
    for name in built_in.names_off:
        try:
            FieldNames(off=(name,))
        except ValueError as error:
            yield str(error)
    known = {mark.casefold(): mark for mark in BUILT_IN_MARKS}
    for mark in built_in.marks_off:
        if mark.casefold() not in known:
            near = [known[each] for each in get_close_matches(mark.casefold(), known, n=1)]
            yield f"{mark!r} is no built-in mark" + (f"; did you mean {near[0]}?" if near else "")


def _problems(rule: MaskingRule, built_in: BuiltInMasking, directory: Path) -> Iterator[RulesError]:
    file = str(directory / rule.source.file)
    alone = replace(rule, connections=("*",), subjects=("*",))
    try:
        masker, views = Masker((alone,), _DIGEST, built_in), ClientViews((alone,), built_in, _DIGEST)
    except ValueError as error:
        yield RulesError(file, rule.source.line, str(error).removeprefix(f"{rule.source}: "))
        return
    for number, example in enumerate(rule.examples, 1):
        if rule.marks:
            why = _why_no_mark(rule, example)
        elif view := views.of(connection="example", subject=None, groups=frozenset(rule.groups)):
            why = _why_not_for_callers(views, view, rule, example)
        else:
            why = _why_not_for_keeping(masker, rule, example)
        if why:
            problem = f"the rule {rule.name!r} masks nothing in its example {number}: {why}"
            yield RulesError(file, rule.source.line, problem, "mend the rule or the example")


# -- why nothing is masked; empty where something is ------------------------------------------------------------------------


def _why_no_mark(rule: MaskingRule, example: Json) -> str:
    marks = Marks(rule.marks)
    found = SchemaMarks.of(example, {}, marks, lambda name: False)
    is_there = not found.is_empty and _has(marks, example)  # what refers to nothing is marked, too
    return "" if is_there else "no field of this schema has one of the marks"


def _has(marks: Marks, value: Json) -> bool:
    if isinstance(value, list):
        return any(_has(marks, item) for item in value)
    return isinstance(value, dict) and (
        marks.of(value) is not None or any(_has(marks, each) for each in value.values())
    )


def _why_not_for_callers(views: ClientViews, view: ClientView, rule: MaskingRule, example: Json) -> str:
    headers, body = _carried(rule, example)
    try:
        masked = views.mask(view, headers=headers, body=body, holds="unknown").masked
    except NotMaskable as error:
        return str(error)
    return "" if masked else _NOTHING


def _why_not_for_keeping(masker: Masker, rule: MaskingRule, example: Json) -> str:
    headers, body = _carried(rule, example)
    target = "/example" if rule.segments else example if rule.query and isinstance(example, str) else None
    message = masker.message(
        connection="example",
        subject=None,
        direction="response" if "response" in rule.directions else "request",
        target=target,
        headers=headers,
        body=body,
        path_names=(str(example),) if rule.segments else (),
        holds="data" if "schema" not in rule.directions else "schema" if rule.directions == ("schema",) else "unknown",
    )
    if message.masked.get(rule.name):
        return ""
    if message.masked:
        return f"{', '.join(sorted(message.masked))} masks it already"
    return message.body.why_unreadable or _NOTHING


def _carried(rule: MaskingRule, example: Json) -> tuple[Sequence[tuple[str, str]], bytes]:
    """The header fields and the body of a message that has `example` where `rule` looks; of a target there is no body."""
    if rule.headers and isinstance(example, dict):
        return [(name, str(value)) for name, value in example.items()], b""
    return _JSON, b"" if rule.query or rule.segments else dumps(example)
