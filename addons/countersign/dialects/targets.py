"""The one reading of a request target (RFC 3986, RFC 9112), and templates filled in.

A target that two readers could understand in two ways is refused: dot segments, empty segments, encoded separators,
path parameters, what would decode a second time, characters that cannot be seen. Does not check what a path means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

from countersign import limits
from countersign.errors import BadInput, TooLarge

_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[!$&-~]|%[0-9A-Fa-f]{2})*")  # visible ASCII without # (and without a quotation mark)
_SECOND_DECODING = re.compile(r"%[0-9A-Fa-f]{2}")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_AMBIGUOUS = "/\\;?#"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, bidi marks, surrogates, line separators


def split(target: str) -> tuple[tuple[str, ...], str | None]:
    """The decoded path segments of an origin-form target, and its raw query (None: no `?`). `/` has no segment.

    Raises BadInput, or TooLarge beyond limits.MAX_TARGET_CHARACTERS.
    """
    if len(target) > limits.MAX_TARGET_CHARACTERS:
        raise TooLarge(f"the request target is longer than {limits.MAX_TARGET_CHARACTERS} characters")
    if not target.startswith("/"):
        raise BadInput("the request target is not a path; send one that starts with /")
    path, mark, query = target.partition("?")
    if mark and not _QUERY.fullmatch(query):
        raise BadInput("the query holds a character that must be percent-encoded")
    if path == "/":
        return (), query if mark else None
    return tuple(_decode(segment) for segment in path[1:].split("/")), query if mark else None


def query_names(query: str) -> tuple[str, ...]:
    """The names in `query`, undecoded and in order. Raises BadInput where names could be read in two ways."""
    if ";" in query:
        raise BadInput("the query holds a semicolon, which some services read as a separator; percent-encode it")
    names = tuple(part.partition("=")[0] for part in query.split("&")) if query else ()
    if len(set(names)) != len(names):
        raise BadInput("a query parameter is given twice; keep one")
    return names


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with its placeholders percent-encoded in, as a target for a GET. Raises BadInput on an unfit value."""
    return _PLACEHOLDER.sub(lambda match: quote(_one_reading(values[match[1]]), safe=""), template)


def name(template: str, values: Mapping[str, str]) -> str:
    """`template` with its placeholders filled in as they are: the name of a subject."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def placeholders(template: str) -> tuple[str, ...]:
    """The names of the placeholders of `template`."""
    return tuple(_PLACEHOLDER.findall(template))


def _decode(segment: str) -> str:
    if not _SEGMENT.fullmatch(segment):
        raise BadInput("the path holds a character that must be percent-encoded, or a broken percent-encoding")
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("the path does not decode to UTF-8") from None
    return _one_reading(text)


def _one_reading(text: str) -> str:
    if text in ("", ".", ".."):
        raise BadInput("the path has an empty or dot segment; write it without, and without a / at the end")
    if any(character in text for character in _AMBIGUOUS) or _SECOND_DECODING.search(text):
        raise BadInput("the path has an encoded separator, a path parameter or a double encoding")
    if text != text.strip() or any(unicodedata.category(character) in _UNSEEN for character in text):
        raise BadInput("the path has a segment with white space at an end or characters that cannot be seen")
    if not unicodedata.is_normalized("NFC", text):
        raise BadInput("the path is not in Unicode normalization form C")
    return text
