"""Masks one JSON document, and the JSON documents inside its strings, by rules; what it was given stays as it was.

Does not look at member names, at JSON in the middle of other text, or at JSON in another coding such as base64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from countersign import limits, strict_json
from countersign.errors import BadInput, TooLarge
from countersign.masking.json_paths import JsonPath, Key, PathSet, Place
from countersign.masking.pointers import pointer_to
from countersign.masking.replacements import UNREADABLE_JSON, Replacements
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

_MAY_BE_JSON: Final = re.compile(r'[\s\ufeff]*+[\[{"]')
# What a lenient reader could still take for a document: quotes missing or single, a member twice, a comma too many,
# something in front or behind. A pattern such as `[A-Z]{3}` is none.
_NEARLY_JSON: Final = re.compile(
    r"""[\s\ufeff\u200b-\u200f\x00-\x1f\["'(\\]*+   (?: \{ .* : )     # an object
      | [\s\ufeff\u200b-\u200f\x00-\x1f]*+ \[ (?: [^"]* , )? \s*+ "   # an array with a string in it
    """,
    re.DOTALL | re.VERBOSE,
)


class DocumentRules:
    """The path rules that hold for one kind of message, compiled together; the first rule that selects a value masks it."""

    def __init__(self, paths: Sequence[tuple[JsonPath, MaskingRule]]) -> None:
        self._paths = PathSet([path for path, _ in paths])
        self._rules = [rule for _, rule in paths]

    def mask(self, document: Json, replacements: Replacements) -> tuple[Json, frozenset[str]]:
        """A masked copy of `document`, and the pointers to what was masked in it.

        A selected value is replaced whole, whatever it holds. A document inside a string is masked from its own root and
        written back in its place if that changed it. A string that is nearly such a document is masked whole: its reader may
        be more lenient than we are.

        Raises TooLarge (documents inside strings deeper than `limits.MAX_EMBEDDED_JSON_LEVELS`, nesting in all deeper than
        `limits.MAX_JSON_DEPTH`, or more values to mask than `limits.MAX_MASKED_VALUES`).
        """
        if not self._rules:
            return document, frozenset()
        walk = _Walk(self._paths, self._rules, replacements)
        return walk.value(document, self._paths.on(document)), frozenset(walk.pointers)


def write(document: Json) -> bytes:
    """`document` in UTF-8 without white space, members in their order."""
    return _write(document).encode()


def _write(document: Json) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class _Walk:
    def __init__(self, paths: PathSet, rules: Sequence[MaskingRule], replacements: Replacements) -> None:
        self._paths = paths
        self._rules = rules
        self._replacements = replacements
        self._keys: list[Key] = []  # from the outermost root to here; not counted on inside a string
        self._depth = 0  # arrays and objects around this value, through all strings
        self._levels = 0  # strings around this value
        self.pointers: set[str] = set()

    def value(self, value: Json, place: Place) -> Json:
        rank = place.rank
        if rank is not None:
            self._note()
            return self._replacements.by(self._rules[rank], value)
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, dict):
            return {name: self._child(name, item, place) for name, item in value.items()}
        if isinstance(value, list):
            return [self._child(index, item, place) for index, item in enumerate(value)]
        return value

    def _child(self, key: Key, item: Json, place: Place) -> Json:
        if self._levels == 0:
            self._keys.append(key)
        self._depth += 1
        if self._depth > limits.MAX_JSON_DEPTH:
            raise TooLarge(f"nested deeper than {limits.MAX_JSON_DEPTH} levels")
        masked = self.value(item, place.down(key))
        self._depth -= 1
        if self._levels == 0:
            self._keys.pop()
        return masked

    def _string(self, text: str) -> str:
        try:
            inner = strict_json.loads(text.encode(), exact_numbers=True) if _MAY_BE_JSON.match(text) else None
        except TooLarge:
            raise
        except (BadInput, UnicodeEncodeError):
            inner = None
        if inner is None:
            return self._opaque(text)
        if self._levels == limits.MAX_EMBEDDED_JSON_LEVELS:
            raise TooLarge(f"JSON in a string in JSON, deeper than {limits.MAX_EMBEDDED_JSON_LEVELS} levels")
        before = self._replacements.total
        self._levels += 1
        masked = self.value(inner, self._paths.on(inner))
        self._levels -= 1
        return text if self._replacements.total == before else _write(masked)

    def _opaque(self, text: str) -> str:
        if not _NEARLY_JSON.match(text):
            return text
        self._note()
        return self._replacements.redact(UNREADABLE_JSON)

    def _note(self) -> None:
        self.pointers.add(pointer_to(self._keys))
