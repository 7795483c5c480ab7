"""Masks header fields (and trailers): values by their names and by what they hold, names by what they hold.

Does not understand the grammar of each field; what is a URL, a document or a secret inside a value is found wherever it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from countersign import limits
from countersign.masking.carriers.parameters import CREDENTIAL_PARAMETERS
from countersign.masking.carriers.readings import mask_readings
from countersign.masking.carriers.request_target import mask_target
from countersign.masking.policies import Policy
from countersign.masking.replacements import (
    BODY_DIGEST_HEADER,
    CREDENTIAL_HEADER,
    DROPPED,
    Dropped,
    Replacements,
)
from countersign.visible_text import visible_line

# All names are compared in lower case without `-` and `_`.
# "auth" covers Authorization in all its forms, X-Auth-Token, Authentication-Info and the challenges (Negotiate sends tokens
# in them); the last four are the names that gateways of cloud services use. A name too many costs a value that nobody misses.
CREDENTIAL_HEADER_PARTS: Final = (
    "auth", "cookie", "token", "secret", "password", "passwd", "passphrase", "apikey", "credential", "session",
    "assertion", "jwt", "accesskey", "privatekey", "subscriptionkey", "functionskey", "dpop",
)  # fmt: skip
# Bare digests of the unmasked body: beside the masked one they let anyone guess what was masked. Entity tags often are.
BODY_DIGEST_HEADER_PARTS: Final = (
    "digest",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "crc32",
    "checksum",
    "hash",
    "signature",
)
ENTITY_TAG_HEADERS: Final = frozenset(("etag", "ifmatch", "ifnonematch", "ifrange"))
# Fields that hold a URL, also a relative one.
URL_HEADERS: Final = frozenset(("location", "contentlocation", "referer", "refresh", "link", "origin"))
ENCODED_HEADER: Final = "built-in:encoded-header"

_URL = re.compile(r"(?::/+|[/?])[^\s<>\"']*")  # or a part of one: a path, a query
_ENCODED_WORD = re.compile(
    r"=\?[^\s?]+\?[BbQq]\?"
)  # RFC 2047: some readers undo it, and no client of services needs it

type Field = tuple[str, str]

# Clients send the same fields with every request: those that had nothing to mask under a policy, by name and value.
_clean: WeakKeyDictionary[Policy, set[Field]] = WeakKeyDictionary()


def mask_headers(headers: Sequence[Field], policy: Policy, replacements: Replacements) -> tuple[Field, ...]:
    """`headers` in their order, with masked values; a field that a rule drops is left out.

    First what always is a credential, whole and whatever the rules say; then the first rule that names the field, in any case;
    then names that are secret anywhere; then digests of the body, which become keyed ones; then the URLs in what is left, and
    what the detectors find. Characters that do not print are written out. Raises TooLarge as Policy does.
    """
    clean = _clean.setdefault(policy, set())
    masked = []
    for field in headers:
        if field in clean:
            masked.append(field)
            continue
        before = replacements.total
        shown = _mask_field(*field, policy, replacements)
        if shown is not None:
            masked.append(shown)
        if replacements.total == before and shown == field:
            _remember(field, clean)
    return tuple(masked)


def _remember(field: Field, clean: set[Field]) -> None:
    if len(field[0]) + len(field[1]) <= limits.MAX_CLEAN_FIELD_CHARACTERS:
        if len(clean) >= limits.MAX_CLEAN_FIELDS:
            clean.clear()
        clean.add(field)


def _mask_field(name: str, value: str, policy: Policy, replacements: Replacements) -> Field | None:
    shown_name = visible_line(policy.text(name, replacements, "header name"))
    shown = _mask_value(name.strip(), value, f"header {shown_name}", policy, replacements)
    return None if shown is DROPPED else (shown_name, visible_line(shown))


def _mask_value(name: str, value: str, where: str, policy: Policy, replacements: Replacements) -> str | Dropped:
    plain = name.lower().replace("-", "").replace("_", "")
    if any(part in plain for part in CREDENTIAL_HEADER_PARTS) or _is_short_credential(plain.removeprefix("x")):
        return replacements.redact(CREDENTIAL_HEADER, where)
    rule = policy.header_rule(name) or policy.name_rule(name)
    value = visible_line(value)
    if rule is not None:
        return replacements.by(rule, value, where)
    if plain in ENTITY_TAG_HEADERS or any(part in plain for part in BODY_DIGEST_HEADER_PARTS):
        return replacements.hash(BODY_DIGEST_HEADER, value, where)
    if _ENCODED_WORD.search(value):
        return replacements.redact(ENCODED_HEADER, where)
    readings = [partial(_urls, value, policy, plain in URL_HEADERS), partial(_text, value, policy, where)]
    masked = mask_readings(readings, replacements, where)
    return value if masked is None else masked


def _is_short_credential(plain: str) -> bool:
    return plain in CREDENTIAL_PARAMETERS or plain.endswith("sig")


def _urls(value: str, policy: Policy, is_url: bool, replacements: Replacements) -> str:
    if is_url:
        return mask_target(value, policy, replacements)
    return _URL.sub(lambda found: mask_target(found[0], policy, replacements), value)


def _text(value: str, policy: Policy, where: str, replacements: Replacements) -> str:
    return policy.string(value, replacements, where)
