"""User names and passwords in URLs (RFC 3986, section 3.2.1) and in the addresses of data sources.

Does not look at query parameters: assigned_secrets does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.findings import Finding
from countersign.masking.detectors.placeholders import is_placeholder

_NAME: Final = "url-credential"
_AUTHORITY = re.compile(r"(?::|(?<![\w:/]))//([^\s/?#\"'<>`\\]*+)")
#: A password with `/`, `?` or `#` in it that its writer did not encode. What follows a port is a path.
_WIDE = re.compile(r"://(?!\[)([^\s/?#@:\"'<>`\\]++:(?![0-9]{1,5}(?:[/?#]|\Z))[^\s@\"'<>`]{1,256}+)@")
_SOURCE = re.compile(
    r"(?<![\w/@])([\w.-]{1,64}+:[^\s:@/\"'<>]{1,128}+)@(?:(?:tcp|unix)\(|[\w.-]{1,253}+:[0-9]{2,5}(?![0-9]))"
)
_ORACLE = re.compile(r":thin:([\w.$#-]{1,64}+/[^\s@/\"'<>]{1,128}+)@")
_MIN_LONE_CHARACTERS: Final = 16  # of a user name alone: shorter ones are names of people and programs


def find_url_credentials(text: str) -> Iterator[Finding]:
    """User and password of every URL in `text` that has both, and user names that can only be tokens."""
    if "@" not in text or (":" not in text and "//" not in text):
        return
    for authority in _AUTHORITY.finditer(text):
        user = authority[1].rpartition("@")[0]
        if user and _is_secret(user):
            yield Finding(authority.start(1), authority.start(1) + len(user), _NAME)
    for pattern in (_WIDE, _SOURCE, _ORACLE):
        for found in pattern.finditer(text):
            if pattern is _ORACLE or _is_secret(found[1]):
                yield Finding(*found.span(1), _NAME)


def _is_secret(user: str) -> bool:
    name, colon, password = user.partition(":")
    if colon:
        return not is_placeholder(password) if password else _is_token(name)
    return _is_token(name)


def _is_token(name: str) -> bool:
    return (
        len(name) >= _MIN_LONE_CHARACTERS
        and any(character.isdigit() for character in name)
        and not is_placeholder(name)
    )
