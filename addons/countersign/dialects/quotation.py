"""Words of the caller in a refusal: whole or not at all, because half a secret is not recognised by what masks the text.

Does not look for secrets itself.
"""

from __future__ import annotations

from countersign import limits


def quoted(word: str) -> str:
    """`word` in quotation marks; `(a long one)` beyond `limits.MAX_QUOTED_CHARACTERS`."""
    return repr(word) if len(word) <= limits.MAX_QUOTED_CHARACTERS else "(a long one)"
