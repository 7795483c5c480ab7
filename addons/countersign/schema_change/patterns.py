"""Regular expressions of schemas: which texts match them, judged without ever running a backtracking engine.

An expression is judged as ECMA-262 and as Python's `re` read it. Where the two differ, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from countersign.schema_change.automata import Automaton, automaton, common_text
from countersign.schema_change.expressions import FLAVOURS, Unreadable
from countersign.schema_change.steps import Spend, unlimited

Answer = tuple[Literal["none", "found", "unknown"], str]
_UNKNOWN: Answer = ("unknown", "")


def matches(expression: str, text: str, spend: Spend = unlimited) -> bool | None:
    """Whether `expression` is found in `text`; None where that is not worked out, or depends on the engine.

    `spend` is called once for each character and may raise to end the work.
    """
    read = [automaton(expression, flavour) for flavour in FLAVOURS]
    if None in read or (not text.isascii() and "\\" in expression):
        return None  # what `\\w` means beyond ASCII depends on more than the flavour
    answers = {each.accepts(text, spend) for each in read if each is not None}
    return answers.pop() if len(answers) == 1 else None


def text_of(
    wanted: Sequence[str],
    unwanted: Sequence[str],
    low: int,
    high: int | None,
    is_excluded: Callable[[str], bool],
    spend: Spend,
) -> Answer:
    """A text of `low` to `high` characters in which all of `wanted` and none of `unwanted` are found.

    `none` is said only where both flavours have none. An expression that cannot be read is left out, and then `found`
    is a suggestion.
    """
    found: Answer = ("none", "")
    for flavour in FLAVOURS:
        yes = _readable(automaton(each, flavour) for each in wanted)
        no = _readable(automaton(each, flavour) for each in unwanted)
        try:
            text = common_text(yes, no, low, high, is_excluded, spend)
        except Unreadable:
            found = _UNKNOWN
            continue
        if text is not None:
            return ("found", text)
    return found


def _readable(every: Iterable[Automaton | None]) -> list[Automaton]:
    return [each for each in every if each is not None]
