"""The numbers and strings that facts leave."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain

from countersign import limits
from countersign.schema_change.case import Case
from countersign.schema_change.constraints import Bound, MultipleOf, Pattern, Size
from countersign.schema_change.json_values import Exact, canonical, exact
from countersign.schema_change.patterns import text_of
from countersign.schema_change.steps import Spend
from countersign.strict_json import Json

#: Of a range, where a fraction is looked for.
_PARTS = tuple(Fraction(part) for part in ("0.5", "0.25", "0.125", "0.3", "0.7", "0.01", "0.99"))


def numbers(case: Case) -> Iterable[Json] | None:
    """Numbers worth trying, worked out as they are asked for; None where none can have the facts of `case`."""
    low, low_open, high, high_open = _range(case)
    if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
        return None
    divisors: list[Exact] = [fact.divisor for fact in case.all_of(MultipleOf)]
    if case.kind != "fraction":
        divisors.append(1)
    step = _common_multiple(divisors)
    if step is None:
        return _between(low, high, case)
    if case.kind == "fraction" and step.denominator == 1:
        return None
    for fact in case.denied:
        if isinstance(fact, MultipleOf) and (step / fact.divisor).denominator == 1:
            return None
    first = None if low is None else low // step + 1 if low_open else -(-low // step)
    last = None if high is None else -(-high // step) - 1 if high_open else high // step
    if first is not None and last is not None:
        if first > last:
            return None
        if last - first < limits.MAX_TRIED_VALUES + len(case.excluded):
            left = _left((factor * step for factor in range(first, last + 1)), case)
            some = next(left, None)
            return None if some is None else _written(chain((some,), left), case)
    start = first if first is not None else last if last is not None else 0
    direction = 1 if first is not None or last is None else -1
    away = chain(range(limits.MAX_TRIED_VALUES // 2), (10**power for power in range(2, 7)))
    return _written(_left(((start + direction * distance) * step for distance in away), case), case)


def strings(case: Case, spend: Spend) -> Iterable[Json] | None:
    """Strings worth trying, made up as they are asked for; None where none can have the facts of `case`."""
    low, high = sizes(case)
    if high is not None and low > high:
        return None
    if high == 0 and canonical("") in case.excluded:
        return None
    wanted = [fact.expression for fact in case.all_of(Pattern)]
    unwanted = [fact.expression for fact in case.denied if isinstance(fact, Pattern)]
    if not wanted and not unwanted:
        return _texts(low, high)
    excluded = [json.loads(key) for key in case.excluded if key.startswith('"')]
    state, text = text_of(wanted, unwanted, low, high, excluded, spend)
    if state == "none":
        return None
    # an empty text tells people little: others are tried first
    return chain((text,), _texts(low, high)) if state == "found" and text else chain(_texts(low, high), (text,))


def sizes(case: Case) -> tuple[int, int | None]:
    """Fewest and most characters, items or members."""
    facts = case.all_of(Size)
    low = max((fact.value for fact in facts if fact.end == "lower"), default=0)
    high = min((fact.value for fact in facts if fact.end == "upper"), default=None)
    return low, high


def _range(case: Case) -> tuple[Exact | None, bool, Exact | None, bool]:
    low: Exact | None = None
    high: Exact | None = None
    low_open = high_open = False
    for fact in case.all_of(Bound):
        if fact.end == "lower" and (low is None or fact.value > low or (fact.value == low and fact.is_open)):
            low, low_open = fact.value, fact.is_open
        if fact.end == "upper" and (high is None or fact.value < high or (fact.value == high and fact.is_open)):
            high, high_open = fact.value, fact.is_open
    return low, low_open, high, high_open


def _common_multiple(divisors: Sequence[Exact]) -> Exact | None:
    if not divisors:
        return None
    common = divisors[0]
    for divisor in divisors[1:]:
        numerator = math.lcm(common.numerator, divisor.numerator)
        common = Fraction(numerator, math.gcd(common.denominator, divisor.denominator))
    return common


def _left(values: Iterable[Exact], case: Case) -> Iterator[Exact]:
    """Those of `values` that `case` leaves."""
    divisors = [fact.divisor for fact in case.denied if isinstance(fact, MultipleOf)]
    for value in values:
        if value.denominator == 1 and (case.kind == "fraction" or canonical(int(value)) in case.excluded):
            continue
        if not any((value / divisor).denominator == 1 for divisor in divisors):
            yield value


def _between(low: Exact | None, high: Exact | None, case: Case) -> Iterable[Json] | None:
    """Any numbers with a fraction; None where the range is one integer."""
    if low is not None and low == high:
        return _written([low], case) if low.denominator != 1 else None
    if low is None and high is None:
        low, high = 0, 1
    elif low is None:
        assert high is not None
        low = high - 1
    elif high is None:
        high = low + 1
    assert high is not None
    return _written(chain((low, high), (low + (high - low) * part for part in _PARTS)), case)


def _written(values: Iterable[Exact], case: Case) -> Iterator[Json]:
    """As JSON numbers, leaving out what a double cannot hold exactly as written."""
    for value in values:
        if value.denominator == 1 and case.kind == "integer":
            yield int(value)
            continue
        try:
            number = float(value)
        except OverflowError:
            continue
        if math.isfinite(number) and exact(number) == value and number.is_integer() is (case.kind == "whole"):
            yield number


def _texts(low: int, high: int | None) -> Iterator[Json]:
    for length in dict.fromkeys((max(low, 1), low, low + 1, low + 2)):
        if length <= limits.MAX_TRIED_CHARACTERS and (high is None or length <= high):
            yield from (letter * length for letter in "aAz0-é")
