"""Made-up values that show what a change does: found by the prover, shown only where a second program agrees.

Knows nothing of masking: a made-up value may hold values of the schemas.
"""

from __future__ import annotations

from dataclasses import dataclass

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.schema_change.constraints import Node
from countersign.schema_change.evaluation import accepts
from countersign.schema_change.inclusion import Prover
from countersign.schema_change.references import Place
from countersign.schema_change.second_opinion import NoOpinion, is_valid
from countersign.schema_change.steps import OutOfSteps, Steps
from countersign.schema_change.values import ChangeEffect, Counterexample, Direction
from countersign.strict_json import Json, dumps, loads

_DIRECTIONS: dict[ChangeEffect, Direction] = {
    "narrows": "backward",
    "narrows-and-widens": "backward",
    "widens": "forward",
}

# what keeps to these stays far below MAX_COUNTEREXAMPLE_BYTES
_PLAIN_CHARACTERS = 40
_PLAIN_INTEGERS = 10**9
_PLAIN_DEPTH = _PLAIN_ENTRIES = 3


@dataclass(slots=True)  # not frozen, as `Place`
class Effect:
    """What a change does, and what of each side it is about: `new` in the place of `old`, other keywords left out."""

    name: ChangeEffect
    old: Node
    new: Node


@dataclass(slots=True)
class Question:
    """Which value at one place shows the effect of one change?"""

    direction: Direction
    old: Place
    new: Place
    effect: Effect


def question(effect: Effect, seen: ChangeEffect, old: Place, new: Place) -> Question | None:
    """The question that `effect`, `seen` from the root, raises; None where no value can answer it."""
    direction = _DIRECTIONS.get(seen)
    return None if direction is None else Question(direction, old, new, effect)


class _NoneFound(Exception):
    """The prover has no such value, or found none within the limits."""


class Counterexamples:
    """Finds and checks those of one comparison, within one budget of steps. To be asked after everything was proved."""

    def __init__(self, prover: Prover) -> None:
        self._prover = prover
        self._steps = Steps(limits.MAX_COUNTEREXAMPLE_STEPS)
        self._shown: dict[object, Counterexample] = {}  # the first of each place: other changes there are tried with it

    def of_change(self, asked: Question) -> Counterexample | None:
        """A value that both whole schemas at the place tell apart, and that the change alone does."""
        effect = asked.effect
        if asked.direction == "backward":
            place, matching, failing = asked.old, effect.old, effect.new
        else:
            place, matching, failing = asked.new, effect.new, effect.old
        shown = self._shown.get(_key(asked.direction, asked.old, asked.new))
        try:
            if shown is not None and self._tells_apart(shown.value, matching, failing):
                return shown
            around = self._prover.reader.read(place)
            value = self._look((matching,), failing)  # mostly known already, from when the effect was worked out
            if self._accepts(around, value) is not True:
                value = self._look((around, matching), failing)
            return self._confirmed(asked.direction, value, asked.old, asked.new)
        except (_NoneFound, BadInput, NoOpinion, OutOfSteps, RecursionError):
            return None

    def checked(self, direction: Direction, value: Json, old: Place, new: Place) -> Counterexample | None:
        """`value` as a counterexample; None where it is too large to read, or no second program calls it one."""
        try:
            return self._confirmed(direction, _as_sent(value), old, new)
        except (BadInput, NoOpinion):
            return None

    def _confirmed(self, direction: Direction, value: Json, old: Place, new: Place) -> Counterexample | None:
        valid, refused = (old, new) if direction == "backward" else (new, old)
        if not is_valid(valid, value, self._steps.spend) or is_valid(refused, value, self._steps.spend):
            return None
        made = Counterexample(direction, value)
        self._shown.setdefault(_key(direction, old, new), made)
        return made

    def _tells_apart(self, value: Json, matching: Node, failing: Node) -> bool:
        return self._accepts(matching, value) is True and self._accepts(failing, value) is False

    def _accepts(self, node: Node, value: Json) -> bool | None:
        return accepts(node, value, self._steps.spend, float_integers=self._prover.float_integers, annotate=True)

    def _look(self, matching: tuple[Node, ...], failing: Node) -> Json:
        """A value that matches, as its reader gets it. Raises _NoneFound, or BadInput as `_as_sent` does."""
        steps = max(0, min(limits.MAX_STEPS_OF_ONE_COUNTEREXAMPLE, self._steps.left))
        outcome = self._prover.look(matching, (failing,), steps)
        self._steps.left -= steps - max(self._prover.steps.left, 0)
        if outcome.state != "found":
            raise _NoneFound
        return _as_sent(outcome.value)


def _key(direction: Direction, old: Place, new: Place) -> tuple[Direction, int, int]:
    return (direction, id(old.schema), id(new.schema))


def _as_sent(value: Json) -> Json:
    """`value` as its reader gets it. Raises BadInput where it is too long or too deep to read, or no JSON text."""
    if _is_plain(value):
        return _copied(value)
    if _takes_more_than(limits.MAX_COUNTEREXAMPLE_BYTES, value):
        raise TooLarge("too long to read")  # a long array takes long to write, only to be thrown away
    try:
        text = dumps(value)
    except (ValueError, RecursionError):  # an unpaired surrogate has no UTF-8
        raise BadInput("no JSON text") from None
    if len(text) > limits.MAX_COUNTEREXAMPLE_BYTES:
        raise TooLarge("too long to read")
    return loads(text, max_depth=limits.MAX_COUNTEREXAMPLE_DEPTH)


def _is_plain(value: Json, depth: int = _PLAIN_DEPTH) -> bool:
    """Whether it is short, and no way of writing can make another value of it."""
    if isinstance(value, str):
        return value.isascii() and len(value) <= _PLAIN_CHARACTERS
    if isinstance(value, list | dict):
        if depth == 0 or len(value) > _PLAIN_ENTRIES:
            return False
        parts = value if isinstance(value, list) else [*value, *value.values()]
        return all([_is_plain(part, depth - 1) for part in parts])
    return value is None or (isinstance(value, int) and abs(value) <= _PLAIN_INTEGERS)


def _copied(value: Json) -> Json:
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return {name: _copied(each) for name, each in value.items()} if isinstance(value, dict) else value


def _takes_more_than(limit: int, value: Json) -> bool:
    """Whether `value` has more characters, brackets and commas than that, escapes and names' quotes not counted."""
    count, waiting = 0, [value]
    while waiting and count <= limit:
        each = waiting.pop()
        count += 1
        if isinstance(each, str | list | dict):
            count += len(each)
        if isinstance(each, list | dict) and count <= limit:
            waiting += each if isinstance(each, list) else [*each, *each.values()]
    return count > limit
