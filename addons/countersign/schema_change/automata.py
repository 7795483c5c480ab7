"""Finite automata of expressions: whether a text is one of theirs, and which texts several have in common.

Reads each character once whatever the expression; ends after a bounded number of states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from countersign import limits
from countersign.schema_change.expressions import (
    Anchor,
    Characters,
    Choice,
    Expression,
    Flavour,
    Ranges,
    Repeated,
    Unreadable,
    read,
)
from countersign.schema_change.expressions import Sequence as Concatenation
from countersign.schema_change.steps import Spend

_PREFERRED = "abcxyzABCXYZ0123456789_- "

_STATES_PER_STEP = 4  # of one automaton moved over one character
_CHARACTERS_PER_STEP = 64  # of texts to leave out

type States = frozenset[int]


class Automaton:
    """States with steps over characters and steps over nothing; it starts in 0 and accepts in 1."""

    def __init__(self, expression: Expression) -> None:
        self._steps: list[list[tuple[Ranges, int]]] = [[], []]
        self._empty_steps: list[list[int]] = [[], []]
        self._built = 0
        self._join(self._build(expression, 0), 1)
        self.start = self._closure({0})
        self.ranges = {ranges for steps in self._steps for ranges, _ in steps}

    def accepts(self, text: str, spend: Spend) -> bool:
        """Whether `text` is one of the texts."""
        states = self.start
        for character in text:
            spend(1 + len(states) // _STATES_PER_STEP)
            states = self.after(states, ord(character))
        return 1 in states

    def after(self, states: States, character: int) -> States:
        """The states after one character."""
        return self._closure(
            {
                target
                for state in states
                for ranges, target in self._steps[state]
                if any(first <= character <= last for first, last in ranges)
            }
        )

    def _closure(self, found: set[int]) -> States:
        waiting = list(found)
        while waiting:
            for state in self._empty_steps[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)

    def _build(self, expression: Expression, start: int) -> int:
        """Add `expression` after the state `start`; the state after it."""
        self._built += 1  # counts of counts of nothing make no states, but take their time
        if self._built > limits.MAX_AUTOMATON_PARTS:
            raise Unreadable
        match expression:
            case Characters(ranges=ranges):
                end = self._state()
                self._steps[start].append((ranges, end))
                return end
            case Concatenation(parts=parts):
                for part in parts:
                    start = self._build(part, start)
                return start
            case Choice(parts=parts):
                end = self._state()
                for part in parts:
                    entry = self._state()
                    self._join(start, entry)
                    self._join(self._build(part, entry), end)
                return end
            case Repeated(part=part, low=low, high=high):
                return self._repeat(part, low, high, start)
            case Anchor():
                raise Unreadable  # `read` takes them off

    def _repeat(self, part: Expression, low: int, high: int | None, start: int) -> int:
        for _ in range(low):
            start = self._build(part, start)
        end = self._state()
        if high is None:
            loop = self._state()
            self._join(start, loop)
            self._join(self._build(part, loop), loop)
            self._join(loop, end)
            return end
        self._join(start, end)
        for _ in range(high - low):
            start = self._build(part, start)
            self._join(start, end)
        return end

    def _state(self) -> int:
        if len(self._steps) >= limits.MAX_AUTOMATON_STATES:
            raise Unreadable
        self._steps.append([])
        self._empty_steps.append([])
        return len(self._steps) - 1

    def _join(self, start: int, end: int) -> None:
        self._empty_steps[start].append(end)


@lru_cache(maxsize=256)
def automaton(expression: str, flavour: Flavour) -> Automaton | None:
    """The texts in which `expression` is found; None where it cannot be read."""
    try:
        return Automaton(read(expression, flavour))
    except Unreadable:
        return None


def common_text(
    wanted: Sequence[Automaton],
    unwanted: Sequence[Automaton],
    low: int,
    high: int | None,
    excluded: Collection[str],
    spend: Spend,
) -> str | None:
    """A shortest text of all `wanted` and of none of `unwanted`, of `low` to `high` characters; None: there is none.

    It is none of `excluded`: these are followed as a tree of their own, so that no text is taken for one of them.

    Raises Unreadable where more states would be needed than are allowed.
    """
    every = [*wanted, *unwanted]
    ranges = {ranges for each in every for ranges in each.ranges}
    letters = _letters(ranges)
    tree = _tree(excluded, spend)
    named = (
        _letters(ranges | {((ord(each), ord(each)),) for text in excluded for each in text}) if excluded else letters
    )
    cap = low if high is None else high  # lengths beyond are alike
    begin = tuple(each.start for each in every)
    waiting: deque[tuple[tuple[States, ...], str, _Tree | None]] = deque([(begin, "", tree)])
    seen: set[tuple[tuple[States, ...], int, int]] = {(begin, 0, id(tree))}
    while waiting:
        states, text, branch = waiting.popleft()
        following_letters = letters if branch is None else named
        spend(1 + len(following_letters) * sum(len(each) for each in states) // _STATES_PER_STEP)
        accepted = [1 in each for each in states]
        if len(text) >= low and all(accepted[: len(wanted)]) and not any(accepted[len(wanted) :]):
            if branch is None or not branch.ends:
                return text
        if high is not None and len(text) >= high:
            continue
        for letter in following_letters:
            following = tuple(each.after(state, ord(letter)) for each, state in zip(every, states, strict=True))
            if not all(following[: len(wanted)]):
                continue
            twig = None if branch is None else branch.twigs.get(letter)
            key = (following, min(len(text) + 1, cap), id(twig))
            if key in seen:
                continue
            if len(seen) >= limits.MAX_AUTOMATON_STATES:
                raise Unreadable
            seen.add(key)
            waiting.append((following, text + letter, twig))
    return None


@dataclass(slots=True)
class _Tree:
    """Texts with a common beginning, by the next character."""

    ends: bool = False  #: what was read so far is one of the texts
    twigs: dict[str, _Tree] = field(default_factory=dict)


def _tree(texts: Collection[str], spend: Spend) -> _Tree | None:
    if not texts:
        return None
    root = _Tree()
    for text in texts:
        spend(1 + len(text) // _CHARACTERS_PER_STEP)
        branch = root
        for character in text:
            branch = branch.twigs.setdefault(character, _Tree())
        branch.ends = True
    return root


def _letters(every: set[Ranges]) -> list[str]:
    """One character of each sort that the ranges tell apart; a letter or a digit where the sort has one."""
    starts = {0, 0xE000}  # surrogates are no characters
    for ranges in every:
        for first, last in ranges:
            starts |= {first, last + 1}
    bounds = sorted(start for start in starts if start <= 0x10FFFF)
    sorts: dict[frozenset[Ranges], int] = {}
    preferred = {ord(letter): rank for rank, letter in enumerate(_PREFERRED)}
    for start in [*bounds, *preferred]:
        if 0xD800 <= start <= 0xDFFF:
            continue
        sort = frozenset(ranges for ranges in every if any(first <= start <= last for first, last in ranges))
        known = sorts.get(sort)
        if known is None or preferred.get(start, 99) < preferred.get(known, 99):
            sorts[sort] = start
    return [chr(code) for code in sorted(sorts.values(), key=lambda code: preferred.get(code, 99))]
