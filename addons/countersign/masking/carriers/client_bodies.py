"""The body of an answer -> the same with masked values, in the same content codings, for a caller who may not see them.

Reads one strict JSON text or newline-delimited ones, in UTF-8. Whatever else there is has no masked form: who cannot see it
masked does not see it. What has nothing to mask stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from countersign import limits, strict_json
from countersign.errors import BadInput, CountersignError, TooLarge
from countersign.masking.carriers import content_coding, recoding
from countersign.masking.carriers.json_lines import LINE_TYPES, SEQUENCE_TYPES, read_lines, read_sequence
from countersign.masking.carriers.media_types import media_type
from countersign.masking.documents.json_documents import write
from countersign.masking.policies import Policy
from countersign.masking.replacements import Replacements

type Headers = Sequence[tuple[str, str]]

# JSON under these is read as JSON, or as a text that shows it, by everybody. As a form, a script or a page, the same bytes
# would be another document, with its values elsewhere.
_JSON: Final = re.compile(r"application/(?:x-)?json|text/json|[^/]+/[^/]+\+json|text/plain|application/octet-stream")
_RECORD_SEPARATOR: Final = b"\x1e"  # RFC 7464
_WHERE: Final = "body"


class NotMaskable(CountersignError):
    """An answer has no masked form. The text is one of a few fixed ones, and holds nothing of the answer."""


def mask_client_body(raw: bytes, headers: Headers, policy: Policy, replacements: Replacements) -> bytes:
    """`raw` as it is to be sent to a caller for whom `policy` holds; `headers` say how it is encoded, and stay true of it.

    What was masked is counted in `replacements`. An empty body stays empty. Raises NotMaskable.
    """
    if not raw:
        return raw
    kind = media_type(_values("content-type", headers))
    if kind is not None and not kind.is_utf8:
        raise NotMaskable("it is said to be in another character set than UTF-8")
    codings = ",".join(_values("content-encoding", headers))
    try:
        decoded = content_coding.decode(raw, codings)
    except TooLarge:
        raise NotMaskable("it is larger than is read, once decoded") from None
    except BadInput:
        raise NotMaskable("its content coding cannot be undone") from None
    try:
        masked = _mask(decoded, "" if kind is None else kind.essence, policy, replacements)
    except TooLarge:
        raise NotMaskable("it is nested deeper, or has more values to mask, than is read") from None
    except BadInput:
        raise NotMaskable("it is not strict JSON in UTF-8") from None
    if masked == decoded:
        return raw
    if len(masked) > limits.MAX_DECODED_BODY_BYTES:
        raise NotMaskable("it is larger than is sent, once masked")
    return recoding.encode(masked, codings)


def _mask(decoded: bytes, essence: str, policy: Policy, replacements: Replacements) -> bytes:
    """`decoded` as it was where nothing in it is masked. Raises BadInput, TooLarge, NotMaskable."""
    if essence in LINE_TYPES:
        documents, begin, end = read_lines(decoded), b"", b"\n"
    elif essence in SEQUENCE_TYPES:
        documents, begin, end = read_sequence(decoded), _RECORD_SEPARATOR, b"\n"
    elif not essence or _JSON.fullmatch(essence):
        documents, begin, end = [strict_json.loads(decoded, exact_numbers=True)], b"", b""
    else:
        raise NotMaskable("it is not said to be JSON")
    before = replacements.total
    masked = [policy.document(document, replacements, _WHERE)[0] for document in documents]
    return decoded if replacements.total == before else b"".join(begin + write(document) + end for document in masked)


def _values(name: str, headers: Headers) -> list[str]:
    return [value.strip(" \t") for field, value in headers if field.strip().lower() == name]
