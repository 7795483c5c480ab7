"""Values that stand where a secret will stand: templates, words of type systems, and what masking left there.

Does not judge values that may be real: a weak password is a password.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = frozenset(
    "null none nil undefined true false yes no string str object number integer int boolean bool array any binary byte "
    "optional required redacted masked hidden secret password token bearer basic changeme example n/a na tbd todo empty "
    "default enabled disabled invalid missing expired unknown".split()
)
_SHAPES = re.compile(
    r"""(?: \[masked\] | …[^\s"'<>]{0,64} | hmac-sha256:[0-9a-f]{32,64}             # what masking leaves
      | \$\{[^{}]*\} | \$\([^()]*\) | \$[A-Z_][A-Z0-9_]* | %[A-Za-z_]\w*% | %[sd]   # filled in later
      | \{{1,3}[\w .:$|-]*\}{1,3} | <[\w .:/-]*> | :[a-z_]\w*
      | [*•●xX.#?_-]+ | \[[A-Za-z _-]+\] )(?=[\s"'`<>,;&)\]}.]|\Z)""",
    re.VERBOSE,
)
#: Begins a structure of JSON or of a program, not a value.
_STRUCTURE = re.compile(r"""[\[{(]+(?:["'\s\[{]|\Z)|function\b|lambda\b|os\.|process\.env|getenv|env\.""")


def is_placeholder(value: str) -> bool:
    """Whether `value` is no secret but the place of one."""
    return value.lower() in _WORDS or begins_with_placeholder(value)


def begins_with_placeholder(text: str, start: int = 0) -> bool:
    """Whether what begins at `start` is a template, a leftover of masking, or the beginning of a structure."""
    return bool(_SHAPES.match(text, start) or _STRUCTURE.match(text, start))
