"""Payment card numbers (ISO/IEC 7812): an issuer's range, its lengths and the Luhn digit.

Does not find Visa numbers of 13 digits, which nobody issues any more and which look like article numbers (EAN-13); does not
ask whether a card exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding

_NAME: Final = "payment-card"
_JOINT: Final = "[ .+_-]"
_RUN = re.compile(rf"[0-9](?<![0-9].)(?:{_JOINT}?[0-9]){{13,}}+")
#: How people write card numbers: the lengths of the groups between the joints. Matches where one may begin, and nothing of
#: it, as the next group may begin one, too. Group 2 is the number without a last group that may not belong to it.
_WRITTEN = re.compile(
    rf"""(?<![0-9])(?=[2-689])(?=
        ( [0-9]{{14,19}}(?![0-9])
        | ([0-9]{{4}}(?:{_JOINT}[0-9]{{4}}){{3}}(?![0-9]))(?:{_JOINT}[0-9]{{3}}(?![0-9]))?
        | [0-9]{{4}}{_JOINT}[0-9]{{6}}{_JOINT}[0-9]{{4,5}}(?![0-9])
        | [0-9]{{6}}{_JOINT}[0-9]{{13}}(?![0-9])
        | [0-9]{{8}}{_JOINT}[0-9]{{8}}(?![0-9]) ))""",
    re.VERBOSE,
)
_ODD_GROUPS = re.compile(rf"[0-9]{{1,6}}({_JOINT})[0-9]{{1,6}}(?:\1[0-9]{{1,6}})*+")
_LONGEST_CARD: Final = 19  # digits
_WORD_CHARACTERS: Final = 12
_WORD_BEFORE = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{1,{_WORD_CHARACTERS}}}\Z")
_WORD_AFTER = re.compile(rf"[A-Za-z]{{0,{_WORD_CHARACTERS}}}(?![A-Za-z0-9])(?!\.[0-9])")
_ISSUED = re.compile(
    r"""4[0-9]{15}(?:[0-9]{2,3})?                                                          # Visa
      | (?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}    # Mastercard
      | 3[47][0-9]{13}                                                                       # American Express
      | 3(?:0[0-59]|[689][0-9])[0-9]{11}                                                     # Diners Club
      | (?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12}(?:[0-9]{3})?                               # Discover
      | 62[0-9]{14,17}                                                                       # UnionPay
      | 35(?:2[89]|[3-8][0-9])[0-9]{12}(?:[0-9]{3})?                                         # JCB
      | (?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{10,15}                               # Maestro
      | 220[0-4][0-9]{12}(?:[0-9]{3})?                                                       # Mir
      | (?:60|81|82)[0-9]{14} | 50[0-9]{14} | 9792[0-9]{12}                                  # RuPay, Elo, Dankort, Troy
    """,
    re.VERBOSE,
)
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")
_DIGITS: Final = str.maketrans("", "", " .+_-")
_JOINTS: Final = str.maketrans("", "", "0123456789")


def find_payment_cards(text: str) -> Iterator[Finding]:
    """The card numbers in `text`, with single blanks, hyphens, dots, `+` or `_` between their digits, or none.

    A number that is part of a token or of a decimal number is none; a word may touch it.
    """
    for run in _RUN.finditer(text):
        end = run.start()
        for written in _WRITTEN.finditer(text, *run.span()):
            card_end = _end_of_card(text, written, run) if written.start() >= end else 0
            if card_end:
                end = card_end
                yield Finding(written.start(), end, _NAME)
        if end == run.start() and _is_card_of_odd_groups(text, *run.span()):
            yield Finding(*run.span(), _NAME)


def _end_of_card(text: str, written: re.Match[str], run: re.Match[str]) -> int:
    """Where the card ends that may begin here; 0: none does. `run`: the digits around, with their joints."""
    start = written.start()
    for end in (written.end(1), written.end(2)):
        if end > 0 and _is_card(text, start, end):
            inside = text[start:end].translate(_JOINTS)
            around = (text[start - 1 : start] if start > run.start() else "") + (text[end] if end < run.end() else "")
            # the same joint that is inside also leads to digits outside: a longer number
            if not inside or inside[0] not in around or set(inside + around) <= {" ", "_"}:
                return end
    return 0


def _is_card_of_odd_groups(text: str, start: int, end: int) -> bool:
    return (
        end - start < 2 * _LONGEST_CARD and bool(_ODD_GROUPS.fullmatch(text, start, end)) and _is_card(text, start, end)
    )


def _is_card(text: str, start: int, end: int) -> bool:
    digits = text[start:end].translate(_DIGITS)
    return bool(_ISSUED.fullmatch(digits)) and has_luhn_digit(digits) and _stands_alone(text, start, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether nothing but a word touches the card: tokens and digests have letters and digits by turns."""
    if not _WORD_AFTER.match(text, end):
        return False
    before = text[max(start - _WORD_CHARACTERS - 1, 0) : start]
    if before[-1:] == "." and before[-2:-1].isdigit():
        return False
    return not before[-1:].isalnum() or bool(_WORD_BEFORE.search(before))


def has_luhn_digit(digits: str) -> bool:
    """Whether the last of `digits` (0-9 only) is their Luhn digit (ISO/IEC 7812-1, annex B)."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum((digits[-1::-2] + doubled).encode()) - ord("0") * len(digits)) % 10 == 0
