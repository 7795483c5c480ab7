"""The numbers and strings that facts leave."""

from __future__ import annotations

from fractions import Fraction

import pytest

from countersign.schema_change.case import Case, Fact
from countersign.schema_change.constraints import Bound, MultipleOf, Pattern, Size, Values
from countersign.schema_change.scalars import numbers, sizes, strings
from countersign.schema_change.steps import unlimited

AB = Values(('"a"', '"b"'), ("a", "b"))


def case(kind: str, *facts: Fact, denied: tuple[Fact, ...] = ()) -> Case:
    found = Case(kind, float_integers=True)
    for fact in facts:
        found.add(True, fact)
    for fact in denied:
        found.add(False, fact)
    return found


def low(value: float, is_open: bool = False) -> Bound:
    return Bound("lower", Fraction(repr(value)), is_open)


def high(value: float, is_open: bool = False) -> Bound:
    return Bound("upper", Fraction(repr(value)), is_open)


@pytest.mark.parametrize(
    ("kind", "facts", "denied"),
    [
        ("integer", (low(2), high(1)), ()),
        ("integer", (low(1, True), high(2, True)), ()),
        ("integer", (low(1.2), high(1.8)), ()),
        ("fraction", (low(1), high(1)), ()),
        ("fraction", (MultipleOf(Fraction(2)),), ()),
        ("integer", (MultipleOf(Fraction(4)),), (MultipleOf(Fraction(2)),)),
        ("integer", (MultipleOf(Fraction(3)), MultipleOf(Fraction(2)), low(1), high(5)), ()),
        ("integer", (low(1), high(2)), (Values(("1", "2"), (1, 2)),)),
        ("integer", (), (MultipleOf(Fraction(1, 2)),)),
    ],
)
def test_no_number_is_left(kind: str, facts: tuple[Fact, ...], denied: tuple[Fact, ...]) -> None:
    """None is said where the range, the multiples or the excluded values leave nothing."""
    assert numbers(case(kind, *facts, denied=denied)) is None


@pytest.mark.parametrize(
    ("kind", "facts", "denied", "expected"),
    [
        ("integer", (low(2), high(2)), (), 2),
        ("integer", (low(1, True), high(2)), (), 2),
        ("fraction", (low(1), high(2)), (), 1.5),
        ("fraction", (MultipleOf(Fraction(1, 2)), low(0.2)), (), 0.5),
        ("integer", (MultipleOf(Fraction(4)),), (MultipleOf(Fraction(8)),), 4),
        ("integer", (low(1), high(2)), (Values(("1",), (1,)),), 2),
    ],
)
def test_numbers_are_left(kind: str, facts: tuple[Fact, ...], denied: tuple[Fact, ...], expected: float) -> None:
    """One thing changed, a number is left, and it is among those to try."""
    left = numbers(case(kind, *facts, denied=denied))
    assert left is not None
    assert expected in left


def test_strings() -> None:
    """Lengths and expressions leave texts, or none."""
    assert strings(case("string", Size("string", "lower", 2), Size("string", "upper", 1)), unlimited) is None
    assert strings(case("string", Size("string", "upper", 0), denied=(Values(('""',), ("",)),)), unlimited) is None
    assert strings(case("string", Pattern("^a+$"), denied=(Pattern("a"),)), unlimited) is None
    left = strings(case("string", Pattern("^x[0-9]$"), Size("string", "lower", 2)), unlimited)
    assert left is not None
    assert next(iter(left)) == "x0"
    assert strings(case("string", Pattern("^[ab]$"), Size("string", "upper", 1), denied=(AB,)), unlimited) is None


def test_a_text_is_not_empty_where_another_will_do() -> None:
    """`""` tells a reader little; where it is all there is, it is tried all the same."""
    for facts in ((), (Pattern("^a*$"),)):
        left = strings(case("string", *facts), unlimited)
        assert left is not None
        assert next(iter(left)) == "a"
    left = strings(case("string", Pattern("^$")), unlimited)
    assert left is not None
    assert "" in left


def test_many_excluded_integers_are_all_left_out() -> None:
    """A range is looked through to its end where an enumeration is as long."""
    many = Values(tuple(str(number) for number in range(300)), tuple(range(300)))
    assert numbers(case("integer", low(0), high(299), denied=(many,))) is None
    assert list(numbers(case("integer", low(0), high(300), denied=(many,))) or ()) == [300]


def test_sizes() -> None:
    """The tightest of several limits counts."""
    assert sizes(case("array", Size("array", "lower", 1), Size("array", "lower", 3), Size("array", "upper", 9))) == (
        3,
        9,
    )
    assert sizes(case("array")) == (0, None)
