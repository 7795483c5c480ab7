"""Elements of an array that the element before them names: `[["password", "..."]]`, `["--password", "..."]`.

Goes by the names alone. Does not see that `["password", "..."]` by itself is a pair and no list of names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from countersign.masking.fields.field_rules import FieldRules
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

NOBODY: Final[Mapping[int, MaskingRule]] = MappingProxyType({})


def named_elements(items: Sequence[Json], fields: FieldRules, *, is_element: bool) -> Mapping[int, MaskingRule]:
    """Who masks which of `items`, by their indexes.

    `is_element`: the array is itself in an array, so that two of them are a name and its value. A word that begins with `-` is
    an option of a command, and what follows it is its value, unless it is the next option.
    """
    is_pair = len(items) == 2 and is_element
    if is_pair:
        names = [0]
    else:
        names = [index for index, item in enumerate(items[:-1]) if type(item) is str and item[:1] == "-"]
    named = {}
    for index in names:
        name, value = items[index], items[index + 1]
        if not isinstance(name, str) or "=" in name or _says_nothing(value):
            continue
        if not is_pair and isinstance(value, str) and value[0] == "-":
            continue
        found = fields.of(name.lstrip("-"))
        if found is not None:
            named[index + 1] = found.rule
    return named or NOBODY


def _says_nothing(value: Json) -> bool:
    return value is None or isinstance(value, bool) or value in ("", [], {})
