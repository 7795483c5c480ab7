"""Tells at once, for most texts, that there is nothing to look for in them. One search in C, about a microsecond.

What it does not call ordinary is looked at closely; it never decides that something is a secret.
"""

from __future__ import annotations

import re
from typing import Final

from countersign.masking.detectors.encodings import decoded_text
from countersign.masking.detectors.escapes import BEGINNINGS
from countersign.masking.detectors.identity_numbers import BEGINNING_OF_13
from countersign.masking.detectors.national_ids import LABELS

#: A sentence, a name, a path: no digit, no two capitals together, and small letters after a capital.
_PROSE: Final = (
    rf"[^0-9A-Z=:@<{BEGINNINGS}]*+"
    rf"(?:[A-Z](?:[a-z]{{2}}|[^0-9A-Za-z=:@<{BEGINNINGS}]|\Z)[^0-9A-Z=:@<{BEGINNINGS}]*+)*+"
)
#: Dates and times, small and fractional numbers, versions and IPv4 addresses, UUIDs, URLs with few digits.
_VALUES: Final = r"""[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?
      | -?[0-9]{1,3}\.[0-9]{1,16} | -?[0-9]{1,9}\.[0-9]{1,4}
      | [0-9]{1,6}
      | [0-9]{1,3}(?:\.[0-9]{1,3}){1,3}(?::[0-9]{1,5}|/[0-9]{1,2})?
      | [0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9]{0,11}[A-Fa-f][0-9A-Fa-f]{0,11}
      | (?!(?:[^0-9]*+[0-9]){8})(?:(?:https?|s3|file|pkg|ftp):[a-z]{0,19}(?:[/.\#-][a-z0-9_]{0,19})*+|(?:urn|arn)(?:[/.\#:-][a-z0-9_]{0,19})*+)
"""
_DIGEST: Final = (
    f"(?=[0-9]*[A-Fa-f])(?:{'|'.join(f'[0-9A-Fa-f]{{{count}}}' for count in (24, 32, 40, 56, 64, 96, 128))})"
)
#: Numbers of orders, customers and articles, with a prefix or without one, times in milliseconds, names of pods.
_CODES: Final = rf"""[0-9]{{1,12}} | (?!{BEGINNING_OF_13.pattern})[0-9]{{13}}
      | (?:[A-Z]{{1,3}}|[a-z]{{1,3}})[0-9]{{1,12}}
      | (?!(?i:xox | {LABELS}))(?:[A-Z]{{1,6}}|[a-z]{{1,6}})[_\#/-](?:[0-9]{{1,12}}|[0-9]{{4}}-[0-9]{{1,9}}|[0-9]{{2,6}}-[A-Z0-9]{{1,2}})
      | [a-z]{{2,15}}+(?:-[a-z]{{2,15}}+(?=-))*+-(?![0-9]{{5}})[0-9a-f]{{7,10}}-[a-z0-9]{{5}}
"""
#: Words and what stands between them. A word in mixed letters, or with digits, is short; at most three digits in all, or five
#: where no account number or the like can begin.
_WORDS: Final = rf"""(?!(?:[^0-9]*+[0-9]){{6}})(?!(?=(?:[^0-9]*+[0-9]){{4}})(?:[^0-9]++|[0-9]++)*?(?<=[A-Za-z]{{2}})[0-9]{{2}})
    (?: [A-Z]?[a-z]{{2,}}+(?![0-9])
      | (?<![A-Z])[A-Z]{{2,15}}+(?![A-Za-z0-9])
      | (?<![A-Za-z0-9+/_-])[A-Za-z0-9]{{1,11}}+(?![A-Za-z0-9+/_-])
      | (?<![A-Za-z0-9])[0-9]{{1,5}}+(?![A-Za-z0-9])
      | [A-Za-z](?![A-Za-z0-9])
      | [^A-Za-z0-9=:@<{BEGINNINGS}]++
    )*+"""
_ORDINARY = re.compile(
    f"{_PROSE} | {_VALUES} | (?P<digest>{_DIGEST}) | (?P<words>{_WORDS}) | (?P<code>{_CODES})", re.VERBOSE
)
#: Parts of words with which people say in a sentence, or in a command, what a secret is.
_SAID = re.compile(r"ass(?:w|phr|code)|ecret|oken|key\b|pin\b|earer|asic |ennwort|mot de|senha| -[u-]")


def is_ordinary(text: str, *, codes: bool = False) -> bool:
    """Whether `text` is words, a date, a number, a UUID, a digest or a plain URL, so that no detector can find anything in it.

    Words without a digit are ordinary whatever they say: `the password is correct horse`. `codes`: so are numbers of orders,
    which could be national telephone numbers.
    """
    found = _ORDINARY.fullmatch(text)
    if found is None:
        return False
    match found.lastgroup:
        case None:
            return True
        case "digest":
            return decoded_text(text) is None
        case "code":
            return codes
    return " " not in text or not may_say_secret(text)


def may_say_secret(text: str) -> bool:
    """Whether `text` may say a secret in a sentence or a command, without `=` or `:` between name and value."""
    return bool(_SAID.search(text.lower()))
