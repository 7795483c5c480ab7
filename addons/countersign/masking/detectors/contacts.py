"""Where a person can be written to or called: e-mail addresses and telephone numbers.

Does not ask whether an address exists, and does not find national telephone numbers unless their regions are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import phonenumbers

from countersign.masking.detectors.findings import Finding

_EMAIL: Final = "email"
_PHONE: Final = "phone"

_LABEL: Final = r"[^\W_](?:[\w-]{0,62}+)"
_AT = re.compile(
    rf"@(?:(?P<domain>{_LABEL}(?:\.{_LABEL}){{1,10}}+)|\[(?:[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}|IPv6:[0-9A-Fa-f:.]{{2,45}})\])"
)
_TOP = re.compile(r"[^\W\d_]{2,24}|xn--[A-Za-z0-9-]{2,59}")
#: Backwards from the `@`. What stands around addresses more often than in them (`=`, `/`, `?`, `&`, `'`) is left out.
_LOCAL_BACKWARDS = re.compile(r"[\w.+!#$%*^{|}~-]{1,64}+")
_QUOTED_BACKWARDS = re.compile(r'"[^"\r\n]{1,62}+"')
_MAX_LOCAL_CHARACTERS: Final = 64  # RFC 5321, section 4.5.3.1.1
_LOGINS: Final = frozenset(("git", "hg", "svn"))  # git@host:path is how a repository is named
_FILE_TYPES: Final = frozenset(
    "png jpg jpeg gif svg webp avif ico css scss js mjs ts json yaml yml html md txt".split()
)

_INTERNATIONAL = re.compile(r"\+(?<![\w+.]\+)[ (]?[1-9](?:[ ()./-]{0,3}[0-9]){6,16}+")
_NATIONAL = re.compile(r"(?<![\w+.])\(?[0-9](?:[ ()./-]{0,3}[0-9]){5,16}+(?!\w)")
_LAST_JOINT = re.compile(r"[ ()./-]{1,3}+[0-9]++\Z")
_MAX_NUMBERS_BEHIND: Final = 2  # that are taken off a candidate: each look takes some 20 microseconds
#: Also places on earth (ISO 6709): two of these. After a country and a dot, RFC 5733 has more digits.
_DECIMAL = re.compile(r"\+?[0-9]+\.[0-9]{1,7}(?:-[0-9.]*)?")


def find_emails(text: str) -> Iterator[Finding]:
    """The e-mail addresses in `text`: a local part, also a quoted one, and a domain with a dot or an address in brackets."""
    for at in _AT.finditer(text):
        end = at.end() if at["domain"] is None else at.start("domain") + _length_of_domain(at["domain"])
        before = text[max(at.start() - _MAX_LOCAL_CHARACTERS, 0) : at.start()][::-1]
        local = _LOCAL_BACKWARDS.match(before) or _QUOTED_BACKWARDS.match(before)
        if local is None or end <= at.start("domain") or text[end : end + 1] == "(":
            continue
        if local[0].startswith("}") and "{" in local[0]:
            continue  # a template
        if local[0][::-1] in _LOGINS and text[end : end + 1] in (":", "/"):
            continue
        yield Finding(at.start() - len(local[0]), end, _EMAIL)


def _length_of_domain(name: str) -> int:
    """How much of `name` is a domain, up to its last label of letters; 0: nothing is, or it is a file's name."""
    labels = name.split(".")
    while len(labels) > 1:
        if _TOP.fullmatch(labels[-1]):
            return 0 if labels[-1].lower() in _FILE_TYPES else len(".".join(labels))
        del labels[-1]
    return 0


def find_phones(text: str, regions: Sequence[str] = ()) -> Iterator[Finding]:
    """The telephone numbers in `text`: international ones (`+`), and those that are valid in one of `regions` (ISO 3166-1)."""
    for found in _INTERNATIONAL.finditer(text):
        length = _length_of_number(found[0], None)
        if length:
            yield Finding(found.start(), found.start() + length, _PHONE)
    for found in _NATIONAL.finditer(text) if regions else ():
        length = max(_length_of_number(found[0], region) for region in regions)
        if length:
            yield Finding(found.start(), found.start() + length, _PHONE)


def _length_of_number(candidate: str, region: str | None) -> int:
    """How much of `candidate` is a number; 0: nothing. Other numbers can follow it, so it may end at an earlier joint."""
    if _DECIMAL.fullmatch(candidate):
        return 0
    for _ in range(_MAX_NUMBERS_BEHIND + 1):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            return 0
        is_written_as_one = region is None and not candidate[1:].isdigit()
        if phonenumbers.is_valid_number(number) or (is_written_as_one and phonenumbers.is_possible_number(number)):
            return len(candidate)
        joint = _LAST_JOINT.search(candidate)
        if joint is None:
            return 0
        candidate = candidate[: joint.start()]
    return 0
