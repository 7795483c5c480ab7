"""Texts that are JSON documents, or that a lenient reader could take for one; and how documents are written.

Does not look for a document in the middle of other text.
"""

from __future__ import annotations

import json
import re
from typing import Final

from countersign import strict_json
from countersign.errors import BadInput, TooLarge
from countersign.strict_json import Json

_MAY_BE_JSON: Final = re.compile(r'[\s\ufeff]*+[\[{"]')
# What a lenient reader could still take for a document: quotes missing or single, a member twice, a comma too many,
# something in front or behind. A pattern such as `[A-Z]{3}` is none.
_NEARLY_JSON: Final = re.compile(
    r"""[\s\ufeff\u200b-\u200f\x00-\x1f\["'(\\]*+   (?: \{ .* : )     # an object
      | [\s\ufeff\u200b-\u200f\x00-\x1f]*+ \[ (?: [^"]* , )? \s*+ "   # an array with a string in it
    """,
    re.DOTALL | re.VERBOSE,
)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


def document_in(text: str) -> Json:
    """The string, array or object that `text` is when it is read strictly; None: it is none.

    Raises TooLarge (deeper, or with longer numbers, than is read).
    """
    if not _MAY_BE_JSON.match(text):
        return None
    try:
        return strict_json.loads(text.encode(), exact_numbers=True)
    except TooLarge:
        raise
    except (BadInput, UnicodeEncodeError):
        return None


def is_nearly_json(text: str) -> bool:
    """Whether a reader that is more lenient than we are could take `text` for an object, or an array with a string in it."""
    return _NEARLY_JSON.match(text) is not None


def write(document: Json) -> bytes:
    """`document` in UTF-8 without white space, members in their order."""
    return write_text(document).encode()


def write_text(document: Json) -> str:
    """The same as text."""
    return _ENCODER.encode(document)
