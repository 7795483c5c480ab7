"""Names of members that masking rules hide in data, for whoever has to see that a schema no longer has one of them.

Does not say where in a document they are hidden: a rule for `$.payment.iban` counts for every `iban`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from jsonpath_ng import Child, Descendants, Fields, JSONPath

from countersign.masking.json_paths import compile_path
from countersign.rulebook.values import MaskingRule

_DATA = ("request", "response")


def masked_names(rules: Iterable[MaskingRule], *, connection: str, subject: str | None) -> frozenset[str]:
    """The names at the end of the paths of rules for data that hold for `connection` and `subject` (None: any).

    Raises ValueError where a path is not a JSONPath that can be used.
    """
    return frozenset(
        name
        for rule in rules
        if any(direction in rule.directions for direction in _DATA)
        and any(fnmatchcase(connection, pattern) for pattern in rule.connections)
        and (subject is None or any(fnmatchcase(subject, pattern) for pattern in rule.subjects))
        for path in rule.paths
        for name in _last_names(compile_path(path).query)
    )


def _last_names(query: JSONPath) -> Iterator[str]:
    """`$..cards[*]` and `$.cards.*` hide what `cards` holds; `$..*` names nothing."""
    if isinstance(query, Fields):
        yield from (name for name in query.fields if name != "*")
    elif isinstance(query, Child | Descendants):
        last = list(_last_names(query.right))
        yield from last or ([] if isinstance(query.right, Fields) else _last_names(query.left))
