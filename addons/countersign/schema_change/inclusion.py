"""Is every value that matches one schema also a match of another: proved, refuted, or unknown.

A value that matches the first and not the second is looked for, kind by kind, by taking both schemas apart. Where
every way of taking them apart ends in a contradiction there is none: inclusion is proved. Where a value is found, it
is checked against both schemas before inclusion is called refuted. Formats, unknown keywords and regular expressions
that are not understood are left out on the one side and never contradicted on the other, so that they lead to unknown.

A schema that leads back to itself inside a smaller part of the value is taken to hold there (greatest fixpoint): JSON
values are finite, so the smallest value that would match has no smaller part that does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from countersign import limits
from countersign.schema_change import arrays, objects, scalars
from countersign.schema_change.case import Case
from countersign.schema_change.constraints import Node
from countersign.schema_change.evaluation import Evaluation, all_of, negation
from countersign.schema_change.json_values import KINDS
from countersign.schema_change.keyword_values import values_of
from countersign.schema_change.reader import Reader
from countersign.schema_change.steps import OutOfSteps, Steps
from countersign.strict_json import Json


@dataclass(slots=True)  # not frozen, as `Place`
class Outcome:
    """What is known of the values that match: there are none, here is one, or nothing is known."""

    state: Literal["empty", "found", "unknown"]
    value: Json = None


_NUMBER = attrgetter("number")
_FACTS_PER_STEP = 256  # of a case that is looked at, or copied for a branch

#: Of each kind the first that comes to mind.
_ANY_VALUE: dict[str, Json] = {
    **{"null": None, "boolean": False, "integer": 0, "whole": 0.0, "fraction": 0.5, "string": "a"},
    **{"array": [], "object": {}},
}
EMPTY = Outcome("empty")
UNKNOWN = Outcome("unknown")

Inclusion = Literal["proved", "refuted", "unknown"]
INCLUSIONS: dict[str, Inclusion] = {"empty": "proved", "found": "refuted", "unknown": "unknown"}


class Prover:
    """Proves inclusions between nodes of one reader; remembers what it proved."""

    def __init__(self, reader: Reader, *, float_integers: bool = True) -> None:
        self.reader = reader
        self.float_integers = float_integers
        self.kinds = tuple(kind for kind in KINDS if kind != "whole" or not float_integers)
        self._known: dict[object, Outcome] = {}
        self._open: dict[object, int] = {}
        self._assumed: float = math.inf  # the outermost open question whose answer was taken for granted
        self.steps = Steps()
        self.spend = self.steps.spend
        self._accepts = Evaluation(self.spend, float_integers=float_integers, annotate=False).accepts
        self._accepts_annotated = Evaluation(self.spend, float_integers=float_integers, annotate=True).accepts

    def included(self, small: Node, large: Node, steps: int) -> Inclusion:
        """Whether every value that matches `small` matches `large`, within `steps` steps."""
        return INCLUSIONS[self.look((small,), (large,), steps).state]

    def look(self, matching: Iterable[Node], failing: Iterable[Node], steps: int) -> Outcome:
        """As `find`, within `steps` steps."""
        self.steps.left = steps
        try:
            return self.find(matching, failing)
        except (OutOfSteps, RecursionError):
            return UNKNOWN

    def find(self, matching: Iterable[Node], failing: Iterable[Node] = (), kinds: Sequence[str] = ()) -> Outcome:
        """A value that matches all of `matching` and none of `failing`, of one of `kinds` (empty: any)."""
        self.spend(1)
        anything, nothing = self.reader.anything, self.reader.nothing
        wanted = frozenset([node for node in matching if node is not anything])
        left = [node for node in failing if node is not nothing]
        unwanted = frozenset([self._left_of(node, wanted) for node in left] if wanted else left)
        closed = [*[node.refused for node in wanted], *[node.free for node in unwanted]]
        possible = [kind for kind in kinds or self.kinds if not any([kind in each for each in closed])]
        if not possible:
            return EMPTY
        first = possible[0]
        if not any([first in node.by_kind for node in (*wanted, *unwanted)]):
            return Outcome("found", _ANY_VALUE[first])  # every value of this kind is one
        key = (wanted, unwanted, tuple(kinds))
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._open:
            self._assumed = min(self._assumed, self._open[key])
            return EMPTY
        depth = len(self._open)
        if depth >= limits.MAX_PROOF_DEPTH:
            return UNKNOWN
        self._open[key] = depth
        outer, self._assumed = self._assumed, math.inf
        try:
            outcome = self._any_kind(wanted, unwanted, possible)
        finally:
            del self._open[key]
            inner, self._assumed = self._assumed, outer
        if outcome is not EMPTY or inner >= depth:
            self._known[key] = outcome
        if inner < depth:
            self._assumed = min(outer, inner)
        return outcome

    def _left_of(self, node: Node, wanted: frozenset[Node]) -> Node:
        """What can fail of `node` where all of `wanted` hold: nothing that one of these says too."""
        left = node.parts.difference(*[each.parts for each in wanted])
        if len(left) == len(node.parts):
            return node
        return self.reader.node([each for each in node.constraints if each in left])

    def values(self, matching: Iterable[Node], failing: Iterable[Node], kinds: Sequence[str] = ()) -> list[Json] | None:
        """All values that match, or a few more; None where they are many, or not known."""
        wanted, unwanted = frozenset(matching), frozenset(failing)
        found: list[Json] = []
        while len(found) <= limits.MAX_LISTED_VALUES:
            used = (self.reader.node((values_of(found),)),) if found else ()
            outcome = self.find(wanted, (*unwanted, *used), kinds)
            if outcome.state == "empty":
                return found
            if outcome.state == "unknown":
                return None
            found.append(outcome.value)
        return None

    def matches(self, value: Json, matching: Iterable[Node], failing: Iterable[Node]) -> bool | None:
        """Whether `value` matches all of `matching` and none of `failing`; None where that is not known."""
        return all_of(
            [
                *(self._accepts(node, value) for node in matching),
                *(negation(self._accepts(node, value)) for node in failing),
            ]
        )

    def _shows(self, value: Json, wanted: Iterable[Node], unwanted: Iterable[Node]) -> bool:
        """Whether `value` is an example for every validator that takes formats and unknown keywords for annotations."""
        shown = self._accepts_annotated
        return all(shown(node, value) for node in wanted) and all(shown(node, value) is False for node in unwanted)

    def _any_kind(self, wanted: frozenset[Node], unwanted: frozenset[Node], kinds: Sequence[str]) -> Outcome:
        outcome = EMPTY
        known = [(holds, node) for holds, nodes in ((True, wanted), (False, unwanted)) for node in _in_order(nodes)]
        for kind in kinds:
            case = Case(kind, self.float_integers, self.spend)
            if kind == "null":
                case.domain = {"null": None}
            elif kind == "boolean":
                case.domain = {"false": False, "true": True}
            for holds, node in known:
                case.add(holds, node)
            found = self._search(case, wanted, unwanted)
            if found.state == "found":
                return found
            if found is not EMPTY:
                outcome = UNKNOWN
        return outcome

    def _search(self, case: Case, wanted: frozenset[Node], unwanted: frozenset[Node]) -> Outcome:
        self.spend(1)
        if case.is_closed:
            return EMPTY
        self.spend(case.size() // _FACTS_PER_STEP)
        if case.domain is not None:
            left: dict[str, Json] = {}
            for key, value in case.domain.items():
                answer = self.matches(value, wanted, unwanted) if key not in case.excluded else False
                if answer or (answer is None and self._shows(value, wanted, unwanted)):
                    return Outcome("found", value)
                if answer is None:
                    left[key] = value
            if not left:
                return EMPTY
            case.domain = left
        if len(case.choices) != 1:  # a last choice is made at once: what is left after it is looked at all the same
            candidates = self._leaf(case)
            if candidates is None:
                return EMPTY
            if not case.choices:
                return self._try(candidates, wanted, unwanted)
        choice = min(case.choices, key=len)
        outcome = EMPTY
        for alternative in choice:
            branch = case if alternative is choice[-1] else case.copy()
            branch.choices.remove(choice)
            for holds, what in alternative:
                branch.add(holds, what)
            found = self._search(branch, wanted, unwanted)
            if found.state == "found":
                return found
            if found is not EMPTY:
                outcome = UNKNOWN
        return outcome

    def _try(self, candidates: Iterable[Json], wanted: frozenset[Node], unwanted: frozenset[Node]) -> Outcome:
        for value in candidates:
            if self._shows(value, wanted, unwanted):
                return Outcome("found", value)
        return UNKNOWN

    def _leaf(self, case: Case) -> Iterable[Json] | None:
        """Values worth trying; None where no value of this kind can have these facts."""
        if case.domain is not None:
            return tuple(case.domain.values())
        match case.kind:
            case "string":
                return scalars.strings(case, self.spend)
            case "array":
                return arrays.arrays(case, self)
            case "object":
                return objects.objects(case, self)
        return scalars.numbers(case)


def _in_order(nodes: Iterable[Node]) -> list[Node]:
    """As they were read, so that proofs repeat themselves."""
    return sorted(nodes, key=_NUMBER)
