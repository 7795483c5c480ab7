"""Private keys: PEM, OpenSSH, PGP, SSH2 and PuTTY blocks, JSON Web Keys, and age identities.

A block that is cut short counts as far as the text goes. Does not find public keys and certificates, which are no secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding

_NAME: Final = "private-key"
_KIND: Final = r"[ A-Za-z0-9]{0,40}PRIVATE KEY(?: BLOCK)? ?-{2,5}"
_BOUND = re.compile(rf"(?i:-{{2,5}}+ ?(?P<side>BEGIN|END){_KIND}|(?P<putty>PuTTY-User-Key-File-[0-9]))")
_PUTTY_END = re.compile(r"Private-(?:MAC|Hash):[ \t]*[0-9A-Fa-f]*")
_SINGLE = re.compile(
    r"AGE-(?:SECRET|PLUGIN-[A-Z0-9]{1,20})-KEY-1[A-Z0-9]{20,}+|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\s\\]{16,}+"
)
_WEB_KEY_MARK: Final = '"kty"'
_WEB_KEY_PART = re.compile(r'"(?:d|p|q|dp|dq|qi|k)"\s{0,3}:\s{0,3}"([A-Za-z0-9_-]{16,}+)"')


def find_private_keys(text: str) -> Iterator[Finding]:
    """The private keys in `text`, each with its first and last line."""
    begun: int | None = None
    after_putty = 0
    for bound in _BOUND.finditer(text):
        if bound["putty"]:
            if bound.start() >= after_putty:  # else it is inside one that was found
                last = _PUTTY_END.search(text, bound.end())
                after_putty = last.end() if last else len(text)
                yield Finding(bound.start(), after_putty, _NAME)
        elif bound["side"].upper() == "BEGIN":
            begun = bound.start() if begun is None else begun
        else:
            yield Finding(begun or 0, bound.end(), _NAME)  # an end alone: the block was cut in front
            begun = None
    if begun is not None:
        yield Finding(begun, len(text), _NAME)
    for single in _SINGLE.finditer(text):
        yield Finding(*single.span(), _NAME)
    if _WEB_KEY_MARK in text:
        for part in _WEB_KEY_PART.finditer(text):
            yield Finding(*part.span(1), _NAME)
