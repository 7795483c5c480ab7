"""A file that holds a message as HTTP/1.1 writes it, or a body alone. Content and transfer codings are left as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from countersign.errors import BadInput

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}) ([!-~]+) HTTP/[0-9](?:\.[0-9])?")
_STATUS_LINE = re.compile(rb"HTTP/[0-9](?:\.[0-9])? [0-9]{3}(?: [^\r\n]*)?")  # curl writes `HTTP/2 200`
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")
_END_OF_LINE = re.compile(rb"\r?\n")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class MessageFile:
    """What a file holds."""

    direction: Literal["request", "response"] | None  #: None: a body alone
    start_line: str  #: empty: a body alone
    method: str | None  #: of a request
    target: str | None  #: of a request
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """What the header fields of this name say, in their order."""
        return [value for field, value in self.headers if field.lower() == name.lower()]


def read_message(data: bytes) -> MessageFile:
    """`data` as a whole message where it starts with a request line or a status line, else as a body.

    Raises BadInput with the line of a head that cannot be read; its text holds nothing of that line.
    """
    first = _END_OF_LINE.split(data, maxsplit=1)[0]
    request = _REQUEST_LINE.fullmatch(first)
    if request is None and not _STATUS_LINE.fullmatch(first):
        return MessageFile(None, "", None, None, (), data)
    head, *rest = _END_OF_HEAD.split(data, maxsplit=1)
    headers = []
    for number, line in enumerate(_END_OF_LINE.split(head)[1:], 2):
        found = _FIELD.fullmatch(line)
        if found is None and line:  # an empty one: there is a head only
            raise BadInput(f"line {number} is no header field; write `Name: value`, and an empty line before the body")
        if found is not None:
            headers.append((found[1].decode("ascii"), found[2].decode("utf-8", "surrogateescape")))
    start_line = first.decode("utf-8", "surrogateescape")
    method, target = (request[1].decode("ascii"), request[2].decode("ascii")) if request else (None, None)
    body = rest[0] if rest else b""
    return MessageFile("request" if request else "response", start_line, method, target, tuple(headers), body)
