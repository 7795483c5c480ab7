"""Masks what a request target or another URL carries beside its path: user information, query parameters, fragment.

Does not look into the path: a service that takes secrets there cannot be told from one that has them as names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_plus

from countersign.masking.replacements import UNREADABLE_QUERY, URL_CREDENTIAL, Replacements
from countersign.rulebook.values import MaskingRule
from countersign.visible_text import visible_line

# Names as they are compared: lower case, without `-` and `_`. `key`, `code`, `sig` carry credentials of cloud services and of
# OAuth answers; the rest names itself.
CREDENTIAL_PARAMETERS: Final = frozenset(
    "key code sig auth pwd jwt otp pin ticket sid jsessionid assertion clientassertion samlresponse samlart".split()
)
CREDENTIAL_PARAMETER_PARTS: Final = (
    "token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey", "subscriptionkey",
    "credential", "signature", "authorization", "session",
)  # fmt: skip

_USER_INFORMATION = re.compile(r"(^/{2,}|:/+|^)[^/?#]*@")
_QUERY = re.compile(
    r"(?:[!-\"$&-~]|%[0-9A-Fa-f]{2})*+"
)  # visible ASCII (some clients leave out escapes), proper escapes
_NAME_PARTS = re.compile(r"[\[\].]")  # user[password], user.password
_URL_PARTS = re.compile(r"[?&;#]")


def mask_target(target: str, rules: Sequence[MaskingRule], replacements: Replacements) -> str:
    """`target` (any form of RFC 9112, section 3.2, or a URL) with its secrets replaced and the path as it was.

    User information and the fragment are masked whole. A query parameter is masked when its decoded name is in
    `rules` or among the built-in names, in any case, each time it occurs; also when its value holds such a parameter of
    another URL. A query that is not visible ASCII with proper UTF-8 escapes is masked whole.
    """
    rest, fragment_mark, fragment = target.partition("#")
    path, query_mark, query = rest.partition("?")
    path = _USER_INFORMATION.sub(lambda found: f"{found[1]}{replacements.redact(URL_CREDENTIAL)}@", path)
    if query:
        query = _mask_query(query, rules, replacements)
    if fragment:
        fragment = replacements.redact(URL_CREDENTIAL)
    return visible_line(f"{path}{query_mark}{query}{fragment_mark}{fragment}")


def _mask_query(query: str, rules: Sequence[MaskingRule], replacements: Replacements) -> str:
    if not _QUERY.fullmatch(query):
        return replacements.redact(UNREADABLE_QUERY)
    try:
        unquote_plus(query, errors="strict")
    except UnicodeDecodeError:
        return replacements.redact(UNREADABLE_QUERY)
    return "&".join(_mask_parameter(piece, rules, replacements) for piece in query.split("&"))


def _mask_parameter(piece: str, rules: Sequence[MaskingRule], replacements: Replacements) -> str:
    """Some services also split at `;`, most do not: from a masked name on, everything up to the next `&` is its value."""
    parts = piece.split(";")
    for number, part in enumerate(parts):
        raw_name, _, raw_value = part.partition("=")
        value = unquote_plus(";".join([raw_value, *parts[number + 1 :]]))
        match _rule_of(unquote_plus(raw_name), rules):
            case None if not _holds_credential(unquote_plus(raw_value), rules):
                continue
            case MaskingRule() as rule if value:
                replacement = replacements.by(rule, value)
            case _ if value:
                replacement = replacements.redact(URL_CREDENTIAL)
            case _:
                continue
        return ";".join([*parts[:number], f"{raw_name}={replacement}"])
    return piece


def _rule_of(name: str, rules: Sequence[MaskingRule]) -> MaskingRule | str | None:
    """The built-in rule or the first of `rules` that masks the parameter `name` (decoded once)."""
    name = name.casefold().strip()
    if "%" in name or not name.isprintable():
        return URL_CREDENTIAL  # encoded twice or with control characters in it: somebody hides what it names
    parts = [part for part in _NAME_PARTS.split(name) if part]
    for part in parts:
        plain = part.replace("-", "").replace("_", "").strip()
        if plain in CREDENTIAL_PARAMETERS or any(known in plain for known in CREDENTIAL_PARAMETER_PARTS):
            return URL_CREDENTIAL
    names = {name, *parts}
    return next((rule for rule in rules if any(query.casefold() in names for query in rule.query)), None)


def _holds_credential(value: str, rules: Sequence[MaskingRule]) -> bool:
    """Whether `value` is, or has in it, a URL or a query that carries a secret of its own."""
    if _USER_INFORMATION.search(value) and ":/" in value:
        return True
    parameters = (part.partition("=") for part in _URL_PARTS.split(value))
    return any(mark and text and _rule_of(unquote_plus(name), rules) is not None for name, mark, text in parameters)
