"""A body as it is on the wire -> masked JSON where it can be read strictly, else its length, media type and digest only.

Reads one strict JSON text in UTF-8 under the content codings that the gateway undoes; no other format yet.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from countersign import limits, strict_json
from countersign.errors import BadInput, TooLarge
from countersign.masking import content_coding
from countersign.masking.json_documents import DocumentRules, write
from countersign.masking.keyed_digest import KeyedDigest
from countersign.masking.replacements import Replacements
from countersign.masking.values import MaskedBody

type Headers = Sequence[tuple[str, str]]

BODY_LABEL: Final = "body"  # of the digests of bodies as sent
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}"  # RFC 9110, section 5.6.2; the length is that of RFC 6838, section 4.2
_MEDIA_TYPE = re.compile(rf"({_NAME}/{_NAME})[ \t]*(?:;.*)?", re.DOTALL)
_CHARSET = re.compile(r";[ \t]*charset[ \t]*=[ \t]*\"?([^\";\s]*)", re.IGNORECASE)
# In others (UTF-7, UTF-16) the same bytes can be another document. These agree with UTF-8 on every character of JSON's syntax.
_READ_CHARSETS: Final = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1"))


def mask_body(
    raw: bytes, headers: Headers, documents: DocumentRules, replacements: Replacements, digest: KeyedDigest
) -> MaskedBody:
    """Mask one body by the path rules in `documents`; `headers` say how it is encoded. Never raises.

    A body that is not kept in readable form has a reason that is a fixed text, and nothing of it in the tally.
    """
    text = why = None
    tally = Counter(replacements.masked)
    if raw:
        try:
            text = _masked_text(raw, headers, documents, replacements)
        except _Unreadable as error:
            why = str(error)
        except Exception:  # noqa: BLE001 - whatever it is, its text may hold values
            why = "masking failed on it"
    if text is None:
        replacements.masked = tally
    return MaskedBody(len(raw), _media_type(headers), digest.of(raw, label=BODY_LABEL), text, why)


class _Unreadable(Exception):
    """Why a body is not kept in readable form, in words that hold nothing of it."""


def _masked_text(raw: bytes, headers: Headers, documents: DocumentRules, replacements: Replacements) -> bytes:
    if not all(charset.lower() in _READ_CHARSETS for charset in _CHARSET.findall(";".join(_types(headers)))):
        raise _Unreadable("said to be in another character set than UTF-8")
    try:
        decoded = content_coding.decode(raw, ",".join(_values("content-encoding", headers)))
    except TooLarge:
        raise _Unreadable("larger than is read, once decoded") from None
    except BadInput:
        raise _Unreadable("its content coding cannot be undone") from None
    try:
        # a number that is not exact here would be kept as another one than was sent
        document = strict_json.loads(decoded, exact_numbers=True)
    except TooLarge:
        raise _Unreadable("nested deeper, or with longer numbers, than is read") from None
    except BadInput:
        raise _Unreadable("not strict JSON in UTF-8") from None
    try:
        masked, _ = documents.mask(document, replacements)
    except TooLarge:
        raise _Unreadable("JSON deeper inside strings, or more values to mask, than is read") from None
    text = write(masked)
    if len(text) > limits.MAX_DECODED_BODY_BYTES:
        raise _Unreadable("larger than is kept, once masked")
    return text


def _media_type(headers: Headers) -> str | None:
    match _types(headers):
        case []:
            return None
        case [value] if found := _MEDIA_TYPE.fullmatch(value):
            return found[1].lower()
    return "unknown"


def _types(headers: Headers) -> list[str]:
    return _values("content-type", headers)


def _values(name: str, headers: Headers) -> list[str]:
    return [value.strip(" \t") for field, value in headers if field.strip().lower() == name]
