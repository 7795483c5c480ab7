"""Reads a multipart body (RFC 2046, section 5.1; RFC 7578) in the one way that every reader of it agrees on.

Stricter than the RFCs, and than the libraries that services read forms with, which differ on all of it: nothing stands before
the first boundary or after the last, the boundary is nowhere else, lines end with CRLF, no header field is folded or given
twice, and a part has one name. What is not so is not read at all. Does not look into the parts, and does not mask anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from countersign import limits
from countersign.errors import BadInput, TooLarge
from countersign.masking.carriers.media_types import MediaType, parameters

FORM_TYPE: Final = "multipart/form-data"
MULTIPART_TYPES: Final = frozenset((FORM_TYPE, "multipart/mixed", "multipart/related"))

# RFC 2046, section 5.1.1, without the space, which some readers strip.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*)")
_UNENCODED: Final = frozenset(("7bit", "8bit", "binary"))  # RFC 2045, section 6.2: the bytes are the content


@dataclass(frozen=True, slots=True)
class Part:
    """One part, as it is in the body."""

    name: str | None  #: None: it has none, and need not
    filename: str | None
    headers: tuple[tuple[str, str], ...]  #: without Content-Disposition, whose parameters are above
    content: bytes
    is_uncertain: bool  #: readers differ on its name: anything may be called like a secret
    is_filename_uncertain: bool
    is_encoded: bool  #: a transfer or content coding: some readers undo it


def read_parts(raw: bytes, media_type: MediaType) -> list[Part]:
    """The parts of `raw` in their order.

    Raises BadInput (the body can be read in another way than this one, or is cut short) or TooLarge (more than
    `limits.MAX_BODY_PARTS` parts, or `limits.MAX_PART_HEADER_BYTES` in the header of one).
    """
    boundary = media_type.boundary
    if boundary is None or not _BOUNDARY.fullmatch(boundary):
        raise BadInput("the multipart body has no boundary that can be read in one way")
    first, *pieces = raw.split(b"--" + boundary.encode(), limits.MAX_BODY_PARTS + 2)
    if len(pieces) > limits.MAX_BODY_PARTS + 1:
        raise TooLarge(f"more than {limits.MAX_BODY_PARTS} parts in one body")
    if first or len(pieces) < 2 or pieces.pop() not in (b"--", b"--\r\n"):
        raise BadInput("the multipart body does not begin with its first boundary, or does not end with its last")
    return [_part(piece, is_form=media_type.essence == FORM_TYPE) for piece in pieces]


def _part(piece: bytes, *, is_form: bool) -> Part:
    """`piece` is what stands between two boundaries, the ends of their lines included."""
    if not piece.startswith(b"\r\n"):
        raise BadInput("the boundary of the multipart body stands somewhere else than on a line of its own")
    if piece.startswith(b"\r\n\r\n"):
        block, mark, content = b"", b"\r\n", piece[4:]
    else:
        block, mark, content = piece[2:].partition(b"\r\n\r\n")
    if not mark or not content.endswith(b"\r\n"):
        raise BadInput("a part of the multipart body has no empty line after its header, or its last line has no end")
    if len(block) > limits.MAX_PART_HEADER_BYTES:
        raise TooLarge(f"the header of a part is larger than {limits.MAX_PART_HEADER_BYTES} bytes")
    headers = _headers(block)
    content = content[:-2]
    disposition = headers.pop("content-disposition", ("", ""))[1]
    name, filename, is_uncertain, is_filename_uncertain = _disposition(disposition, is_form=is_form)
    encoding = headers.get("content-transfer-encoding", ("", "8bit"))[1].strip(" \t").lower()
    length = headers.get("content-length", ("", str(len(content))))[1].strip(" \t")
    if length != str(len(content)):
        raise BadInput("a part of the multipart body says that it has another length")
    return Part(
        name=name,
        filename=filename,
        headers=tuple(headers.values()),
        content=content,
        is_uncertain=is_uncertain,
        is_filename_uncertain=is_filename_uncertain,
        is_encoded=encoding not in _UNENCODED or "content-encoding" in headers,
    )


def _headers(block: bytes) -> dict[str, tuple[str, str]]:
    """By their names in lower case."""
    headers: dict[str, tuple[str, str]] = {}
    try:
        lines = block.decode().split("\r\n") if block else []
    except UnicodeDecodeError:
        raise BadInput("the header of a part is not UTF-8") from None
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise BadInput("the header of a part has a line that is no header field, or goes on over several")
        name = found[1].lower()
        if name in headers:
            raise BadInput("the header of a part has a field twice")
        headers[name] = (found[1], found[2])
    return headers


def _disposition(value: str, *, is_form: bool) -> tuple[str | None, str | None, bool, bool]:
    """Name and file name of a part, and whether readers could see others. Raises BadInput."""
    if not value:
        if is_form:
            raise BadInput("a part of the form has no Content-Disposition")
        return None, None, False, False
    kind, named = parameters(value)
    name, filename = named.pop("name", None), named.pop("filename", None)
    other_filename = named.pop("filename*", None)  # RFC 8187; some read it first, some not at all
    if named or (is_form and (kind.lower() != "form-data" or name is None)):
        raise BadInput("the Content-Disposition of a part cannot be read in one way")
    if not is_form and name is None and kind.lower() not in ("attachment", "inline", "form-data"):
        raise BadInput("the Content-Disposition of a part is of no kind that is known")
    if other_filename is not None:
        filename = filename or ""
    return name, filename, _has_escapes(name), other_filename is not None or _has_escapes(filename)


def _has_escapes(text: str | None) -> bool:
    """Browsers write quotation marks and line ends as %22, %0D and %0A, others with a backslash, and readers guess."""
    return text is not None and ("%" in text or "\\" in text or "=?" in text or not text.isprintable())
