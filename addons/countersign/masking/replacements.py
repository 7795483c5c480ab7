"""What stands in the place of a masked value, and the tally of what one message had masked, by whom and where.

Does not decide which values are masked.
"""

from __future__ import annotations

import copy
import enum
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal

from countersign import limits, strict_json
from countersign.errors import TooLarge
from countersign.masking.keyed_digest import KeyedDigest
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json
from countersign.visible_text import visible_line

REDACTED: Final = "[masked]"
_HASH_HEX_CHARACTERS = 32  # 128 bits: no two values of one log meet by chance
_HASH_LABEL = "masked value"

# The names that built-in rules have in the tally; no rule file can use a colon-separated name for its own by accident.
CREDENTIAL_HEADER: Final = "built-in:credential-header"
BODY_DIGEST_HEADER: Final = "built-in:body-digest-header"
URL_CREDENTIAL: Final = "built-in:url-credential"
UNREADABLE_QUERY: Final = "built-in:unreadable-query"
UNREADABLE_JSON: Final = "built-in:unreadable-json"


class _Sentinel(enum.Enum):
    DROPPED = "dropped"


DROPPED: Final = _Sentinel.DROPPED  #: in a value's place: leave the member, element, parameter, field or span out
type Dropped = Literal[_Sentinel.DROPPED]


class Replacements:
    """Makes the replacements of one message, counts them by the name of the rule, and notes where they are."""

    def __init__(self, digest: KeyedDigest, clean: Callable[[str], str] = str) -> None:
        """`digest` makes keyed hashes. `clean` takes secrets out of the names in a place before it is noted."""
        self._digest = digest
        self._clean = clean
        self._total = 0
        self._noted: set[tuple[str, str]] = set()
        self._clean_texts: tuple[set[str]] = (set(),)  # one for this object and its copies
        self.masked: Counter[str] = Counter()
        self.places: dict[str, tuple[str, ...]] = {}  #: by the name of the rule; never a value, bounded

    def by(self, rule: MaskingRule, value: Json, where: str = "") -> str | Dropped:
        """What `rule` puts in the place of `value`. Raises TooLarge beyond `limits.MAX_MASKED_VALUES` in one message.

        `keep-last` shows the end of a string only when at least as much again stays hidden: a short value would be given away
        by its end. `keyed-hash` keeps equal values recognisable, and so lets a caller who can read the evidence compare a
        guess with a value; rules for values that are easy to guess redact.
        """
        self._count(rule.name, where)
        match rule.how:
            case "keep-last" if isinstance(value, str) and 0 < 2 * rule.keep < len(value):
                return "…" + value[-rule.keep :]
            case "keyed-hash":
                return self._hash(value)
            case "drop":
                return DROPPED
        return REDACTED

    def redact(self, built_in: str, where: str = "") -> str:
        """What a built-in rule puts in the place of any value. Raises TooLarge as `by` does."""
        self._count(built_in, where)
        return REDACTED

    def hash(self, built_in: str, value: str, where: str = "") -> str:
        """The same, keeping equal values recognisable. Raises TooLarge as `by` does."""
        self._count(built_in, where)
        return self._hash(value)

    @property
    def total(self) -> int:
        """How many values were masked so far."""
        return self._total

    @property
    def clean_texts(self) -> set[str]:
        """Short texts of this message in which there is nothing to mask; whoever found that adds them."""
        return self._clean_texts[0]

    @property
    def takes_places(self) -> bool:
        """Whether one more place would be noted."""
        return len(self._noted) < limits.MAX_MASKED_PLACES

    def checkpoint(self) -> Replacements:
        """A copy to come back to, when what is masked next is not kept."""
        other = copy.copy(self)
        other._noted, other.masked, other.places = self._noted.copy(), self.masked.copy(), self.places.copy()
        return other

    def back_to(self, earlier: Replacements) -> None:
        """Forget what was masked since the checkpoint `earlier`, which is used up."""
        vars(self).update(vars(earlier))

    def _hash(self, value: Json) -> str:
        scheme, _, digits = self._digest.of(strict_json.dumps(value), label=_HASH_LABEL).partition(":")
        return f"{scheme}:{digits[:_HASH_HEX_CHARACTERS]}"

    def _count(self, name: str, where: str) -> None:
        self._total += 1
        if self._total > limits.MAX_MASKED_VALUES:
            raise TooLarge(f"more than {limits.MAX_MASKED_VALUES} values of one message are masked")
        self.masked[name] += 1
        if where and self.takes_places and (name, where) not in self._noted:
            self._noted.add((name, where))
            shown = visible_line(self._clean(where))[: limits.MAX_MASKED_PLACE_CHARACTERS]
            self.places[name] = (*self.places.get(name, ()), shown)
