"""Does a value match a schema: yes, no, or not known. Never runs a schema's regular expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from countersign import limits
from countersign.schema_change.constraints import (
    AllOf,
    AnyOf,
    Bound,
    Conditional,
    Constraint,
    Contains,
    Dependent,
    Items,
    Members,
    MultipleOf,
    Names,
    Node,
    Not,
    OneOf,
    Opaque,
    Pattern,
    Reference,
    Required,
    Size,
    Unique,
    Values,
)
from countersign.schema_change.json_values import canonical, exact, kind_of
from countersign.schema_change.patterns import matches
from countersign.schema_change.steps import Spend, unlimited
from countersign.strict_json import Json

_OF_ANY_VALUE = frozenset({Values, AllOf, AnyOf, OneOf, Not, Conditional, Reference, Opaque})


def accepts(
    node: Node,
    value: Json,
    spend: Spend = unlimited,
    *,
    float_integers: bool = True,
    annotate: bool = False,
) -> bool | None:
    """Whether `value` matches; None where that is not known (formats, unknown keywords, endless references).

    With `annotate`, formats and unknown keywords accept everything, as a validator that only annotates has it. `spend` is called once for each step and may raise to end the work.
    """
    return Evaluation(spend, float_integers=float_integers, annotate=annotate).accepts(node, value)


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued and: one no is a no."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def negation(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued or: one yes is a yes."""
    return negation(all_of(negation(answer) for answer in answers))


class Evaluation:
    """Answers as `accepts` does."""

    def __init__(self, spend: Spend, *, float_integers: bool, annotate: bool) -> None:
        self._spend = spend
        self._float_integers = float_integers
        self._annotate = annotate

    def accepts(self, node: Node, value: Json) -> bool | None:
        return self.node(node, value, 0)

    def node(self, node: Node, value: Json, depth: int) -> bool | None:
        self._spend(1)
        if depth > limits.MAX_SCHEMAS_AT_ONE_VALUE:
            return None
        kind = kind_of(value, float_integers=self._float_integers)
        if kind in node.refused:
            return False
        known: bool | None = True
        for each in node.by_kind.get(kind, ()):
            answer = self._constraint(each, value, depth + 1)
            if answer is False:
                return False
            known = known and answer
        return known

    def _constraint(self, constraint: Constraint, value: Json, depth: int) -> bool | None:
        if type(constraint) not in _OF_ANY_VALUE:
            return self._of_one_kind(constraint, value, depth)
        match constraint:
            case Values(key=key):
                return canonical(value) in key
            case AllOf(nodes=nodes):
                return all_of(self.node(each, value, depth) for each in nodes)
            case AnyOf(nodes=nodes):
                return any_of(self.node(each, value, depth) for each in nodes)
            case OneOf(nodes=nodes):
                return _exactly_one([self.node(each, value, depth) for each in nodes])
            case Not(node=node):
                return negation(self.node(node, value, depth))
            case Conditional():
                holds = self.node(constraint.condition, value, depth)
                then = self.node(constraint.then, value, depth) if holds is not False else None
                otherwise = self.node(constraint.otherwise, value, depth) if holds is not True else None
                if holds is None:
                    return then if then is otherwise else None
                return then if holds else otherwise
            case Reference(target=target):
                return self.node(target(), value, depth)
            case Opaque(annotates=annotates):
                return True if annotates and self._annotate else None
        raise AssertionError(constraint)

    def _of_one_kind(self, constraint: Constraint, value: Json, depth: int) -> bool | None:
        if isinstance(value, str):
            return _string(constraint, value, self._spend)
        if isinstance(value, list):
            return self._array(constraint, value, depth)
        if isinstance(value, dict):
            return self._object(constraint, value, depth)
        assert isinstance(value, int | float)
        return _number(constraint, value)

    def _array(self, constraint: Constraint, value: list[Json], depth: int) -> bool | None:
        match constraint:
            case Size():
                return _sized(constraint, len(value))
            case Unique():
                return len({canonical(item) for item in value}) == len(value)
            case Items(prefix=prefix, rest=rest):
                first = [self.node(node, item, depth) for node, item in zip(prefix, value, strict=False)]
                return all_of([*first, *self._distinct(rest, value[len(prefix) :], depth).values()])
            case Contains(node=node, low=low, high=high):
                answers: Counter[bool | None] = Counter()
                counts = Counter(map(id, value))
                for key, answer in self._distinct(node, value, depth).items():
                    answers[answer] += counts[key]
                sure, possible = answers[True], len(value) - answers[False]
                if possible < low or (high is not None and sure > high):
                    return False
                return True if sure >= low and (high is None or possible <= high) else None
        raise AssertionError(constraint)

    def _distinct(self, node: Node, items: list[Json], depth: int) -> dict[int, bool | None]:
        """The answer for each item by its id: a made-up array repeats one item very often, so that one is judged once."""
        items_by_id = dict(zip(map(id, items), items, strict=True))
        return {key: self.node(node, item, depth) for key, item in items_by_id.items()}

    def _object(self, constraint: Constraint, value: dict[str, Json], depth: int) -> bool | None:
        match constraint:
            case Size():
                return _sized(constraint, len(value))
            case Required(name=name):
                return name in value
            case Names(node=node):
                return all_of(self.node(node, name, depth) for name in value)
            case Dependent(name=name, node=node):
                return self.node(node, value, depth) if name in value else True
            case Members():
                return all_of(self._member(constraint, name, item, depth) for name, item in value.items())
        raise AssertionError(constraint)

    def _member(self, members: Members, name: str, value: Json, depth: int) -> bool | None:
        named = members.named(name)
        answers: list[bool | None] = []
        taken: bool | None = named is not None
        if named is not None:
            answers.append(self.node(named, value, depth))
        for expression, node in members.patterns:
            hit = matches(expression, name, self._spend)
            taken = any_of((taken, hit))
            if hit is not False:
                answer = self.node(node, value, depth)
                answers.append(answer if hit or answer else None)
        if taken is not True:
            answer = self.node(members.rest, value, depth)
            answers.append(answer if taken is False or answer else None)
        return all_of(answers)


def _string(constraint: Constraint, value: str, spend: Spend) -> bool | None:
    match constraint:
        case Size():
            return _sized(constraint, len(value))
        case Pattern(expression=expression):
            return matches(expression, value, spend)
    raise AssertionError(constraint)


def _number(constraint: Constraint, value: int | float) -> bool | None:
    match constraint:
        case Bound(end=end, value=limit, is_open=is_open):
            number = exact(value)
            if number == limit:
                return not is_open
            return number > limit if end == "lower" else number < limit
        case MultipleOf(divisor=divisor):
            return (exact(value) / divisor).denominator == 1
    raise AssertionError(constraint)


def _sized(size: Size, count: int) -> bool:
    return count >= size.value if size.end == "lower" else count <= size.value


def _exactly_one(answers: list[bool | None]) -> bool | None:
    if answers.count(True) > 1:
        return False
    if None in answers:
        return None
    return answers.count(True) == 1


__all__ = ["accepts", "all_of", "any_of", "negation"]
