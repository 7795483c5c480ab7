"""Who masks the value of a field by the field's name: a rule that has the name, or the built-in names.

Does not look at values.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from countersign.masking.fields.field_names import BUILT_IN_NAMES, FieldNames
from countersign.rulebook.values import MaskingRule

type Named = Callable[[str], bool]


class FieldRule(NamedTuple):
    """Who masks the values of fields with some name."""

    rule: MaskingRule
    is_explicit: bool  #: a rule says so, or a marked schema; otherwise it is a built-in name


class FieldRules:
    """The names that rules have, those of marked properties, and the built-in ones, in this order."""

    def __init__(
        self, rules: Sequence[MaskingRule], built_in: MaskingRule | None, names_off: Iterable[str] = ()
    ) -> None:
        """`built_in`: who masks by the built-in names, without those in `names_off`; None: they do not hold."""
        off = BUILT_IN_NAMES if built_in is None else frozenset(names_off)
        named = [rule for rule in rules if rule.names]
        self._is_named: Named = _field_names(tuple(name for rule in named for name in rule.names), off).is_secret
        self._rules: list[tuple[Named, MaskingRule]] = [
            (_field_names(rule.names, BUILT_IN_NAMES).is_secret, rule) for rule in named
        ]
        self._marked: Mapping[str, MaskingRule] = {}
        self._built_in = built_in

    def also(self, marked: Mapping[str, MaskingRule]) -> FieldRules:
        """These, and properties that a schema marks, by their exact names."""
        other = copy.copy(self)
        other._marked = marked
        return other

    def of(self, name: str) -> FieldRule | None:
        """Who masks values of fields called `name`, in any spelling; None: nobody by the name alone."""
        if self._is_named(name):  # most names are nobody's: one look tells
            for is_named, rule in self._rules:
                if is_named(name):
                    return FieldRule(rule, True)
        elif name not in self._marked:
            return None
        if name in self._marked:
            return FieldRule(self._marked[name], True)
        return None if self._built_in is None else FieldRule(self._built_in, False)

    def of_path(self, names: Collection[str]) -> FieldRule | None:
        """Who masks a value that lies at, or below, a field with one of `names`."""
        found = [rule for rule in map(self.of, names) if rule is not None]
        return next((rule for rule in found if rule.is_explicit), found[0] if found else None)

    def is_secret(self, name: str) -> bool:
        """Whether anybody masks values of fields called `name`."""
        return self.of(name) is not None


@lru_cache(maxsize=256)
def _field_names(also: tuple[str, ...], off: frozenset[str]) -> FieldNames:
    """Made once for all policies: they share what is found out about names."""
    return FieldNames(also, off)
