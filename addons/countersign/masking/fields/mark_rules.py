"""Who masks what a mark in a schema says is sensitive: a rule that names the mark, or the built-in ones.

Does not look for marks: schema_marks and described_values do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from countersign.masking.fields.built_in_rules import built_in_rule
from countersign.masking.schemas.schema_marks import BUILT_IN_MARKS, FIELD_NAME, TOO_COMPLEX, UNRESOLVED, Marks
from countersign.rulebook.values import BuiltInMasking, MaskingRule

_OTHER_MARKS: Final = {mark: built_in_rule(mark) for mark in (FIELD_NAME, UNRESOLVED, TOO_COMPLEX)}


class MarkRules:
    """The marks that count, those of rules first."""

    __slots__ = ("_rules", "marks")

    def __init__(self, rules: Sequence[MaskingRule], built_in: BuiltInMasking | None) -> None:
        """`built_in`: None: only those of `rules` count."""
        self._rules: dict[str, MaskingRule] = {}
        for rule in rules:
            for word in rule.marks:
                self._rules.setdefault(word, rule)
        if built_in is not None:
            off = {word.casefold() for word in built_in.marks_off}
            for word in BUILT_IN_MARKS:
                if word.casefold() not in off:
                    self._rules.setdefault(word, built_in_rule(word))
        self.marks = _marks(tuple(self._rules))

    def rule_of(self, mark: str) -> MaskingRule:
        """Who masks what has this mark, or one of those that SchemaMarks gives by itself."""
        return self._rules.get(mark) or _OTHER_MARKS[mark]


@lru_cache(maxsize=64)
def _marks(words: tuple[str, ...]) -> Marks:
    """Made once for all policies."""
    return Marks(words)
