"""Content-Type and Content-Disposition read strictly (RFC 9110, sections 5.6.6 and 8.3.1): one reading, or none.

Does not check that a body is what its Content-Type says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from countersign.errors import BadInput

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,127}"  # RFC 9110, section 5.6.2; the length is that of RFC 6838, section 4.2
_ESSENCE = re.compile(rf"({_NAME}/{_NAME})[ \t]*(?:;.*)?", re.DOTALL)
# A quoted text with no quotation mark in it: where a backslash stands before one, readers differ on where the text ends.
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({_NAME})=(?:({_NAME})|\"([^\"\x00-\x08\x0a-\x1f\x7f]*)\"))?")
_CHARSET = re.compile(r"charset[ \t]*=[ \t]*\"?([^\";\s]*)", re.IGNORECASE)

#: RFC 6838, section 4.2.7. What stands in front of the slash is one of these, or could be any text at all.
TOP_LEVEL_TYPES: Final = frozenset(
    ("application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video")
)
# In others (UTF-7, UTF-16) the same bytes can be another document. These agree with UTF-8 on every character of JSON's syntax.
READ_CHARSETS: Final = frozenset(("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1"))


@dataclass(frozen=True, slots=True)
class MediaType:
    """What a message says that its body is."""

    essence: str  #: `type/subtype` in lower case; `unknown` where it is not said properly, or twice
    written: str  #: the same as it was sent: what is in it may show only in its own case
    parameters: Mapping[str, str]  #: names in lower case; empty where they cannot be read in one way
    is_proper: bool  #: the whole value has one reading
    is_utf8: bool  #: no character set is named, or only such as agree with UTF-8 on ASCII

    @property
    def boundary(self) -> str | None:
        """What separates the parts of a multipart body."""
        return self.parameters.get("boundary")


def media_type(values: Sequence[str]) -> MediaType | None:
    """What the Content-Type fields `values` of one message say; None: there is none. Never raises."""
    if not values:
        return None
    is_utf8 = all(_is_utf8(value) for value in values)
    found = _ESSENCE.fullmatch(values[0].strip(" \t")) if len(values) == 1 else None
    written = found[1] if found else ""
    essence = written.lower()
    if essence.partition("/")[0] not in TOP_LEVEL_TYPES:
        return MediaType("unknown", "", {}, False, is_utf8)
    try:
        _, named = parameters(values[0])
    except BadInput:
        return MediaType(essence, written, {}, False, is_utf8)
    return MediaType(essence, written, named, True, is_utf8)


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """What stands before the first `;` of a field's value, and its parameters, their names in lower case.

    Quoted texts come without their quotation marks and otherwise as they are: whoever asks sees their backslashes.
    Raises BadInput where that is not the only reading: a parameter twice, an escaped quotation mark, anything between two.
    """
    first, mark, rest = value.strip(" \t").partition(";")
    rest = mark + rest
    named: dict[str, str] = {}
    position = 0
    while position < len(rest):
        found = _PARAMETER.match(rest, position)
        if found is None or (found[3] is not None and found[3].endswith("\\")):
            raise BadInput("the parameters of a header field cannot be read in one way")
        position = found.end()
        if found[1] is None:
            continue
        name = found[1].lower()
        if name in named:
            raise BadInput("a parameter of a header field is given twice")
        named[name] = found[2] if found[2] is not None else found[3]
    return first.strip(" \t"), named


def _is_utf8(value: str) -> bool:
    """Wherever the word stands and however it is written, and so also where the rest of the value is not understood."""
    named = _CHARSET.findall(value)
    return len(named) == value.lower().count("charset") and all(name.lower() in READ_CHARSETS for name in named)
