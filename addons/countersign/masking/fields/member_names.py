"""Names of members that masking hides in data, for whoever has to see that a schema no longer has one of them.

Does not say where in a document they are hidden: a rule for `$.payment.iban` counts for every `iban`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from jsonpath_ng import Child, Descendants, Fields, JSONPath

from countersign.masking.documents.json_paths import compile_path
from countersign.masking.fields.field_names import BUILT_IN_NAMES, FieldNames
from countersign.rulebook.values import BuiltInMasking, MaskingRule

_DATA = ("request", "response")


class MaskedNames(Container[str]):
    """Some names as they are written, others in any spelling, and the built-in ones."""

    __slots__ = ("_built_in", "_exact", "_spelt")

    def __init__(self, exact: Collection[str], spelt: Iterable[str], built_in: BuiltInMasking) -> None:
        """Raises ValueError where a name in `spelt` has no letter, or one that is switched off is not built in."""
        self._exact = frozenset(exact)
        self._spelt = _field_names(tuple(sorted(spelt)), tuple(sorted(BUILT_IN_NAMES)))
        self._built_in = _field_names((), built_in.names_off)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in self._exact or self._spelt.is_secret(name) or self._built_in.is_secret(name)
        )


@lru_cache(maxsize=64)  # each remembers what it found about names
def _field_names(also: tuple[str, ...], off: tuple[str, ...]) -> FieldNames:
    return FieldNames(also, off)


def masked_names(
    rules: Iterable[MaskingRule], built_in: BuiltInMasking, *, connection: str, subject: str | None
) -> MaskedNames:
    """The names that are built in, those in rules for data that hold for `connection` and `subject` (None: any), and those at
    the end of their paths.

    Raises ValueError where a path is not a JSONPath that can be used.
    """
    holding = [
        rule
        for rule in rules
        if any(direction in rule.directions for direction in _DATA)
        and any(fnmatchcase(connection, pattern) for pattern in rule.connections)
        and (subject is None or any(fnmatchcase(subject, pattern) for pattern in rule.subjects))
    ]
    exact = {name for rule in holding for path in rule.paths for name in _last_names(compile_path(path).query)}
    return MaskedNames(exact, {name for rule in holding for name in rule.names}, built_in)


def _last_names(query: JSONPath) -> Iterator[str]:
    """`$..cards[*]` and `$.cards.*` hide what `cards` holds; `$..*` names nothing."""
    if isinstance(query, Fields):
        yield from (name for name in query.fields if name != "*")
    elif isinstance(query, Child | Descendants):
        last = list(_last_names(query.right))
        yield from last or ([] if isinstance(query.right, Fields) else _last_names(query.left))
