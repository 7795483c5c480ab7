"""Values of a schema as a sentence names them: scalars short enough to be read in passing, everything else by what it is.

Does not know which values are sensitive: whoever asks does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from countersign.schema_change.json_values import is_number
from countersign.strict_json import Json
from countersign.visible_text import visible_line

_LONGEST_TEXT = 40  #: characters; more is not read in passing
_LONGEST_NUMBER = 10**15


def quoted(value: Json) -> str:
    """`value` as JSON; the beginning of a long text, with its length; of an object or a list no more than that it is one."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            if len(value) <= _LONGEST_TEXT:
                return visible_line(json.dumps(value, ensure_ascii=False))
            beginning = visible_line(json.dumps(value[:_LONGEST_TEXT], ensure_ascii=False))
            return f"{beginning}… of {len(value)} characters"
        case None | bool():
            return json.dumps(value)
    return number(value) or "a long number"


def listed(values: Iterable[Json]) -> str:
    """Each of `values`, in their order."""
    return ", ".join(quoted(value) for value in values)


def number(value: Json) -> str | None:
    """A number that is read in passing; None for everything else."""
    if not is_number(value) or not abs(value) < _LONGEST_NUMBER:  # type: ignore[arg-type]
        return None
    return str(value)
