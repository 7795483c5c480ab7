"""Masks the values of header fields by their names; names stay.

Does not look for secrets in the values of fields that neither a rule nor a built-in name covers, except inside URLs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from countersign.masking.replacements import BODY_DIGEST_HEADER, CREDENTIAL_HEADER, Replacements
from countersign.masking.request_target import mask_target
from countersign.rulebook.values import MaskingRule
from countersign.visible_text import visible_line

# All names are compared in lower case without `-` and `_`.
# "auth" covers Authorization in all its forms, X-Auth-Token, Authentication-Info and the challenges (Negotiate sends tokens
# in them); the last four are the names that gateways of cloud services use. A name too many costs a value that nobody misses.
CREDENTIAL_HEADER_PARTS: Final = (
    "auth", "cookie", "token", "secret", "password", "passwd", "passphrase", "apikey", "credential", "session",
    "assertion", "jwt", "accesskey", "privatekey", "subscriptionkey", "functionskey",
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
_URL = re.compile(r":/+[^\s<>\"']*")


def mask_headers(
    headers: Sequence[tuple[str, str]], rules: Sequence[MaskingRule], replacements: Replacements
) -> tuple[tuple[str, str], ...]:
    """`headers` in their order, with masked values.

    First what always is a credential, whole and whatever `rules` say; then the first rule that names the field, in any
    case; then digests of the body, which become keyed ones; then the URLs in what is left. Characters that do not print are
    written out.
    """
    return tuple((visible_line(name), _mask_value(name, value, rules, replacements)) for name, value in headers)


def _mask_value(name: str, value: str, rules: Sequence[MaskingRule], replacements: Replacements) -> str:
    name = name.strip().lower()
    plain = name.replace("-", "").replace("_", "")
    if any(part in plain for part in CREDENTIAL_HEADER_PARTS):
        return replacements.redact(CREDENTIAL_HEADER)
    rule = next((rule for rule in rules if any(name == header.lower() for header in rule.headers)), None)
    value = visible_line(value)
    if rule is not None:
        return replacements.by(rule, value)
    if plain in ENTITY_TAG_HEADERS or any(part in plain for part in BODY_DIGEST_HEADER_PARTS):
        return replacements.hash(BODY_DIGEST_HEADER, value)
    if plain in URL_HEADERS:
        return mask_target(value, rules, replacements)
    return _URL.sub(lambda found: mask_target(found[0], rules, replacements), value)
