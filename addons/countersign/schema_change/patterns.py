"""Regular expressions of schemas: which texts match them, judged without ever running a backtracking engine.

An expression is judged as ECMA-262 and as Python's `re` read it. Where the two differ, nothing is known. Look-ahead is
understood right after a leading `^`: `^(?=a)(?!b)c` is `^a`, and not `^b`, and `^c`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from countersign.schema_change.automata import Automaton, automaton, common_text
from countersign.schema_change.conjuncts import conjuncts
from countersign.schema_change.expressions import FLAVOURS, Unreadable
from countersign.schema_change.steps import Spend, unlimited

Answer = tuple[Literal["none", "found", "unknown"], str]
_UNKNOWN: Answer = ("unknown", "")
_SCRIPTS = re.compile(r"\\[dwDW]")  # our own expression; Python knows the digits and letters of every script


def matches(expression: str, text: str, spend: Spend = unlimited) -> bool | None:
    """Whether `expression` is found in `text`; None where that is not worked out, or depends on the engine.

    `spend` is called once for each character and may raise to end the work.
    """
    if not text.isascii() and "\\" in expression:
        return None  # what `\\w` means beyond ASCII depends on more than the flavour
    is_known = True
    for holds, part in conjuncts(expression):
        answer = _is_found(part, text, spend)
        if answer is not None and answer is not holds:
            return False
        is_known = is_known and answer is not None
    return True if is_known else None


def _is_found(expression: str, text: str, spend: Spend) -> bool | None:
    read = [automaton(expression, flavour) for flavour in FLAVOURS]
    if None in read:
        return None
    answers = {each.accepts(text, spend) for each in read if each is not None}
    return answers.pop() if len(answers) == 1 else None


def text_of(
    wanted: Sequence[str],
    unwanted: Sequence[str],
    low: int,
    high: int | None,
    excluded: Collection[str],
    spend: Spend,
) -> Answer:
    """A text of `low` to `high` characters, none of `excluded`, in which all of `wanted` and none of `unwanted` are found.

    `none` is said only where both flavours have none. An expression that cannot be read is left out, and then `found`
    is a suggestion.
    """
    parts = [part for each in wanted for part in conjuncts(each)]
    # not all of several: one of them fails, and which one is left open
    refused = [each for each in unwanted if len(conjuncts(each)) == 1]
    refused += [each for holds, each in parts if not holds]
    found: Answer = ("none", "")
    for flavour in FLAVOURS:
        yes = _readable(automaton(each, flavour) for holds, each in parts if holds)
        no = _readable(automaton(each, flavour) for each in refused)
        try:
            text = common_text(yes, no, low, high, excluded, spend)
        except Unreadable:
            found = _UNKNOWN
            continue
        if text is not None:
            return ("found", text)
    return _UNKNOWN if _is_beyond_ascii([each for _, each in parts] + refused) else found


def _is_beyond_ascii(expressions: Sequence[str]) -> bool:
    """Whether characters are named of which it is not worked out here if a Python validator takes them for `\\w`."""
    names = any(not each.isascii() or "\\u" in each or "\\x" in each for each in expressions)
    return names and any(_SCRIPTS.search(each) for each in expressions)


def _readable(every: Iterable[Automaton | None]) -> list[Automaton]:
    return [each for each in every if each is not None]
