"""What one plain keyword does is what the proof says, and is said without one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from countersign.schema_change.constraints import Bound, Constraint, Kinds, Node, Required, Size, Unique
from countersign.schema_change.inclusion import Prover
from countersign.schema_change.json_values import KINDS
from countersign.schema_change.plain_effects import plain_effect
from countersign.schema_change.reader import Reader
from countersign.schema_change.values import ChangeEffect

STEPS = 10_000
EFFECTS: dict[tuple[str, str], ChangeEffect] = {
    ("proved", "proved"): "none",
    ("proved", "refuted"): "widens",
    ("refuted", "proved"): "narrows",
    ("refuted", "refuted"): "narrows-and-widens",
}
PLAIN: list[Constraint | None] = [
    None,
    *(
        Bound(end, value, is_open)
        for end in ("lower", "upper")
        for value in (1, Fraction(3, 2))
        for is_open in (False, True)
    ),
    *(Size(kind, end, value) for kind in ("string", "array") for end in ("lower", "upper") for value in (1, 2)),
    *(Kinds(frozenset(kinds)) for kinds in (("string",), ("string", "null"), ("integer", "whole"), KINDS)),
    *(Required(name) for name in ("a", "b")),
]


def nodes(reader: Reader, *constraints: Constraint | None) -> list[Node]:
    return [reader.node([] if each is None else [each]) for each in constraints]


@pytest.mark.parametrize("float_integers", [True, False])
def test_it_is_what_the_proof_says(float_integers: bool) -> None:
    """Of every two constraints that are compared at all; and those of one sort always are."""
    reader = Reader()
    prover = Prover(reader, float_integers=float_integers)
    told = 0
    for before, after in product(PLAIN, repeat=2):
        old, new = nodes(reader, before, after)
        found = plain_effect(old, new, prover.kinds)
        if found is None:
            assert before is not None
            assert after is not None
            continue
        told += 1
        proved = EFFECTS[prover.included(old, new, STEPS), prover.included(new, old, STEPS)]
        assert found == proved, (before, after)
    assert told > 2 * len(PLAIN)


def test_what_takes_a_proof_is_left_to_it() -> None:
    """More than one constraint, or one of another sort, on either side; one alone is not."""
    reader = Reader()
    low, high = Bound("lower", 1, False), Bound("upper", 2, False)
    both, one, unique, nothing = reader.node([low, high]), reader.node([low]), reader.node([Unique()]), reader.anything
    for old, new in ((both, one), (unique, nothing), (one, reader.node([high])), (reader.nothing, one)):
        assert plain_effect(old, new, KINDS) is None
        assert plain_effect(new, old, KINDS) is None
    assert plain_effect(nothing, one, KINDS) == "narrows"
