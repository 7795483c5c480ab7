"""What masking made of a message, for people and for programs: before and after, and which rule did what where.

For people it shows what is masked, too: that is what they asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import click

from countersign import limits
from countersign.cli.masked_lines import Line, document_lines, folded, text_lines
from countersign.cli.report_lines import count
from countersign.errors import BadInput
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json, loads
from countersign.visible_text import visible_line

_COLOURS: Final = {"-": "red", "+": "green", "…": "bright_black"}
_BODY_DIGESTS: Final = "built-in:body-digest-header"  # the one built-in rule that does not redact
_COLUMNS: Final = ("values", "how", "rule", "where")


@dataclass(frozen=True, slots=True)
class Trial:
    """A message and what masking made of it."""

    about: str  #: what it was taken for
    head: tuple[tuple[str, ...], tuple[str, ...]]  #: start line and header fields, before and after
    body: tuple[bytes, bytes | None]  #: decoded, before; and after, None where it is not kept in readable form
    format: str | None  #: `json`, `ndjson`, `form`, `multipart`
    why_unreadable: str | None
    remarks: tuple[str, ...]  #: what else is to be said
    masked: Mapping[str, int]  #: name of the rule -> values
    places: Mapping[str, tuple[str, ...]]  #: name of the rule -> where


def report(trial: Trial, rules: Sequence[MaskingRule]) -> Iterator[str]:
    """Lines for people, with colours. `rules` say how each masks."""
    yield visible_line(trial.about)
    yield ""
    yield from map(_shown, text_lines(*trial.head))
    if trial.body[0]:
        if any(trial.head):
            yield ""
        yield from map(_shown, folded(_body_lines(trial)))
    yield from ("", *(visible_line(remark) for remark in trial.remarks)) if trial.remarks else ()
    yield ""
    yield from _table(trial, rules)


def as_json(trial: Trial, rules: Sequence[MaskingRule]) -> dict[str, Json]:
    """For programs, and without what is masked."""
    after = trial.body[1]
    return {
        "about": trial.about,
        "head": list(trial.head[1]),
        "body": None if after is None else after.decode(),
        "format": trial.format,
        "why_unreadable": trial.why_unreadable,
        "remarks": list(trial.remarks),
        "masked": [
            {"rule": name, "how": how(name, rules), "values": values, "where": list(trial.places.get(name, ()))}
            for name, values in sorted(trial.masked.items())
        ],
    }


def how(name: str, rules: Sequence[MaskingRule]) -> str:
    """What the rule of this name does with a value."""
    rule = next((rule for rule in rules if rule.name == name), None)
    if rule is None:
        return "keyed-hash" if name == _BODY_DIGESTS else "redact"
    return f"{rule.how} {rule.keep}" if rule.how == "keep-last" else rule.how


def _body_lines(trial: Trial) -> Iterator[Line]:
    before, after = trial.body
    if after is None:
        return
    if trial.format == "json":
        yield from document_lines(loads(before), loads(after))
    else:
        split = _SPLITS.get(trial.format or "", _lines)
        yield from text_lines(split(before), split(after))


def _lines(text: bytes) -> list[str]:
    return text.decode("utf-8", "replace").split("\n")


def _parameters(text: bytes) -> list[str]:
    return text.decode("utf-8", "replace").rstrip("\r\n").split("&")


def _documents(text: bytes) -> list[str]:
    """As masking writes them: blanks between values are no change."""
    return [_compact(line) for line in text.split(b"\n") if line.strip(b"\x1e \t\r")]


def _compact(line: bytes) -> str:
    try:
        return json.dumps(loads(line.strip(b"\x1e \t\r")), separators=(",", ":"), ensure_ascii=False)
    except BadInput:
        return line.decode("utf-8", "replace")


_SPLITS: Final[Mapping[str, Callable[[bytes], list[str]]]] = {"form": _parameters, "ndjson": _documents}


def _shown(line: Line) -> str:
    text = visible_line(f"{line.mark} {line.text}").rstrip()
    return click.style(text, fg=_COLOURS[line.mark]) if line.mark in _COLOURS else text


def _table(trial: Trial, rules: Sequence[MaskingRule]) -> Iterator[str]:
    """A line for each place; of each rule the first one says how many values it masked, and how."""
    rows: list[tuple[str, ...]] = []
    for name, values in sorted(trial.masked.items(), key=lambda item: (-item[1], item[0])):
        for number, place in enumerate(trial.places.get(name) or ("",)):
            first = ("", "", "") if number else (str(values), how(name, rules), name)
            rows.append(tuple(visible_line(text) for text in (*first, place)))
    if not rows:
        yield "Nothing is masked. What should be needs a rule, or a mark in its schema."
        return
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for number, row in enumerate((_COLUMNS, *rows)):
        texts = [
            f"{row[0]:>{widths[0]}}",
            *(f"{text:<{width}}" for text, width in zip(row[1:], widths[1:], strict=True)),
        ]
        line = "  ".join(texts).rstrip()
        yield line if number else click.style(line, bold=True)
    yield ""
    yield f"{count(sum(trial.masked.values()), 'value')} masked."
    if sum(map(len, trial.places.values())) >= limits.MAX_MASKED_PLACES:
        yield f"Only the first {limits.MAX_MASKED_PLACES} places are named, here and in the evidence."
