"""JSON Web Tokens (RFC 7519) in compact form, signed (RFC 7515) and encrypted (RFC 7516) ones.

Does not check signatures or times: an expired token still says who somebody is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from countersign.masking.detectors.encodings import decoded_text
from countersign.masking.detectors.findings import Finding

_NAME: Final = "jwt"
#: A header is a JSON object in base64url: `{"`, `{ `, `{` and a line break begin so.
_TOKEN = re.compile(r"(e(?<![A-Za-z0-9_-]e)(?:yJ|yA|w[o0])[A-Za-z0-9_-]{8,}+)(?:\.[A-Za-z0-9_-]*+){1,4}")
_HEADER_MEMBERS: Final = ('"alg"', '"enc"', '"typ"', '"kid"')


def find_web_tokens(text: str) -> Iterator[Finding]:
    """The tokens in `text`, also those that are cut short after their header."""
    for token in _TOKEN.finditer(text):
        header = decoded_text(token[1])
        if header is not None and any(member in header for member in _HEADER_MEMBERS):
            yield Finding(*token.span(), _NAME)
