"""What stands in the place of a masked value, and the tally of what one message had masked.

Does not decide which values are masked.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from countersign import limits, strict_json
from countersign.errors import TooLarge
from countersign.masking.keyed_digest import KeyedDigest
from countersign.rulebook.values import MaskingRule
from countersign.strict_json import Json

REDACTED: Final = "[masked]"
_HASH_HEX_CHARACTERS = 32  # 128 bits: no two values of one log meet by chance
_HASH_LABEL = "masked value"

# The names that built-in rules have in the tally; no rule file can use a colon-separated name for its own by accident.
CREDENTIAL_HEADER: Final = "built-in:credential-header"
BODY_DIGEST_HEADER: Final = "built-in:body-digest-header"
URL_CREDENTIAL: Final = "built-in:url-credential"
UNREADABLE_QUERY: Final = "built-in:unreadable-query"
UNREADABLE_JSON: Final = "built-in:unreadable-json"


class Replacements:
    """Makes the replacements of one message and counts them by the name of the rule."""

    def __init__(self, digest: KeyedDigest) -> None:
        self._digest = digest
        self._total = 0
        self.masked: Counter[str] = Counter()

    def by(self, rule: MaskingRule, value: Json) -> str:
        """What `rule` puts in the place of `value`. Raises TooLarge beyond `limits.MAX_MASKED_VALUES` in one message.

        `keep-last` shows the end of a string only when at least as much again stays hidden: a short value would be given away
        by its end. `keyed-hash` keeps equal values recognisable, and so lets a caller who can read the evidence compare a
        guess with a value; rules for values that are easy to guess redact.
        """
        self._count(rule.name)
        match rule.how:
            case "keep-last" if isinstance(value, str) and 0 < 2 * rule.keep < len(value):
                return "…" + value[-rule.keep :]
            case "keyed-hash":
                return self._hash(value)
        return REDACTED

    def redact(self, built_in: str) -> str:
        """What a built-in rule puts in the place of any value. Raises TooLarge as `by` does."""
        self._count(built_in)
        return REDACTED

    def hash(self, built_in: str, value: str) -> str:
        """The same, keeping equal values recognisable. Raises TooLarge as `by` does."""
        self._count(built_in)
        return self._hash(value)

    @property
    def total(self) -> int:
        """How many values were masked so far."""
        return self._total

    def _hash(self, value: Json) -> str:
        scheme, _, digits = self._digest.of(strict_json.dumps(value), label=_HASH_LABEL).partition(":")
        return f"{scheme}:{digits[:_HASH_HEX_CHARACTERS]}"

    def _count(self, name: str) -> None:
        self._total += 1
        if self._total > limits.MAX_MASKED_VALUES:
            raise TooLarge(f"more than {limits.MAX_MASKED_VALUES} values of one message are masked")
        self.masked[name] += 1
