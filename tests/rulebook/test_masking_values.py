from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from countersign.rulebook.masking_values import BuiltInMasking, MaskingRule
from countersign.rulebook.places import Source

RULE = MaskingRule("one", ("*",), ("*",), ("request",), ("$.a",), (), (), "redact", 0, Source("masking.yaml", 2))


def test_a_rule_has_one_selector_and_nothing_of_the_others() -> None:
    """What a rule file leaves out is empty, so a selector that nobody gave selects nothing."""
    others = (RULE.headers, RULE.query, RULE.segments, RULE.names, RULE.detectors, RULE.marks)
    assert others == ((),) * 6
    assert (RULE.groups, RULE.except_groups, RULE.examples) == ((), (), ())


def test_without_a_word_everything_built_in_holds() -> None:
    """Nothing is off, and no region's national numbers are looked for."""
    assert BuiltInMasking() == BuiltInMasking((), (), (), ())


def test_rules_cannot_be_changed_once_they_are_read() -> None:
    """The digest in the evidence names what the files said."""
    with pytest.raises(FrozenInstanceError):
        RULE.how = "drop"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        BuiltInMasking().names_off = ("password",)  # type: ignore[misc]
