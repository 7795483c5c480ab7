"""The words that say, in a schema, that a field is sensitive: keywords (`x-sensitive`) and keywords with a value (`tags=PII`).

Does not look into subschemas, and does not know whether a mark is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from countersign.strict_json import Json

_TAGS: Final = (
    "x-tags", "confluent:tags", "confluent.tags", "classification", "x-classification", "data-classification",
    "x-data-classification", "x-security-classification", "sensitivity", "x-sensitivity", "x-data-sensitivity",
    "privacy", "x-privacy",
)  # fmt: skip
_CLEAR_LEVELS: Final = (
    "PII", "SPII", "PHI", "PCI", "GDPR", "personal-data", "sensitive", "highly-confidential", "strictly-confidential",
    "confidential",
)  # fmt: skip
_LEVELS: Final = (*_CLEAR_LEVELS, "personal", "restricted", "top-secret", "secret", "private", "credential")
#: In this order: where several hold, the first gives its name.
BUILT_IN_MARKS: Final = (
    "x-sensitive", "x-secret", "x-confidential", "x-pii", "x-phi", "x-personal-data", "x-password", "x-credential",
    "x-redact", "x-mask", "x-masked", "sensitive", "secret", "confidential", "pii", "airbyte_secret",
    "writeOnly", "format=password",
    *(f"tags={level}" for level in _CLEAR_LEVELS),  # in OpenAPI, `secret` can be a subject of the API
    *(f"{tags}={level}" for tags in _TAGS for level in _LEVELS),
)  # fmt: skip

_SAYS_NO: Final = frozenset(("", "0", "false", "no", "none", "off"))
_PIECES: Final = re.compile(r"[\s,;|.:/]+")


class Marks:
    """Some words, compiled. Their spelling does not count: `x-sensitive`, `X_Sensitive` and `xSensitive` are one."""

    def __init__(self, words: Iterable[str] = BUILT_IN_MARKS) -> None:
        """`words`: a keyword, or `keyword=value`, each. Raises ValueError where one of the two is empty."""
        self._ranks: dict[str, int] = {}
        self._by_keyword: dict[str, list[tuple[int, str | None]]] = {}
        for rank, word in enumerate(dict.fromkeys(words)):
            keyword, has_value, value = word.partition("=")
            if not _plain(keyword) or (has_value and not _plain(value)):
                raise ValueError(f"{word!r} is no mark: write a keyword (x-internal), or keyword=value (tags=PII)")
            self._ranks[word] = rank
            self._by_keyword.setdefault(_plain(keyword), []).append((rank, _plain(value) if has_value else None))
        self._words = tuple(self._ranks)

    def of(self, subschema: Mapping[str, Json]) -> str | None:
        """The first of the words that holds in `subschema` itself; None: none does.

        A keyword holds unless its value is false, null, empty, zero, or a string that says no. `keyword=value` holds where the
        keyword's value is this value, or has it in it: as an item, as a member that is not false, or as a word of a text.
        """
        found: int | None = None
        for keyword, value in subschema.items():
            words = self._by_keyword.get(_plain(keyword))
            if words is None:
                continue
            said = frozenset(_said(value))
            for rank, wanted in words:
                if (found is None or rank < found) and (_says_yes(value) if wanted is None else wanted in said):
                    found = rank
        return None if found is None else self._words[found]

    def is_keyword(self, keyword: str) -> bool:
        """Whether `keyword` can be a mark, with some value."""
        return _plain(keyword) in self._by_keyword

    def rank(self, word: str) -> int:
        """Where `word` stands among the words, the first of them at 0; behind them all where it is none of them."""
        return self._ranks.get(word, len(self._ranks))


def _plain(text: str) -> str:
    return text.strip().replace("-", "").replace("_", "").replace(" ", "").casefold()


def _says_yes(value: Json) -> bool:
    return _plain(value) not in _SAYS_NO if isinstance(value, str) else bool(value)


def _said(value: Json) -> Iterator[str]:
    """Every plain word that `value` says."""
    waiting: list[Json] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield _plain(each)
            yield from map(_plain, _PIECES.split(each))
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, dict):
            yield from (_plain(name) for name, member in each.items() if _says_yes(member))
        elif isinstance(each, bool):
            yield str(each).casefold()
        elif each is not None:
            yield _plain(str(each))
