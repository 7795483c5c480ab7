"""Several JSON texts in one body: one a line (NDJSON, JSON Lines), or as a JSON text sequence (RFC 7464).

Each text is read as strictly as a body that is one JSON text. Does not mask anything.
"""

from __future__ import annotations

from typing import Final

from countersign import limits, strict_json
from countersign.errors import BadInput, TooLarge
from countersign.strict_json import Json

LINE_TYPES: Final = frozenset(
    "application/x-ndjson application/ndjson application/jsonl application/x-jsonl application/jsonlines "
    "application/x-jsonlines application/json-lines application/stream+json".split()
)
SEQUENCE_TYPES: Final = frozenset(("application/json-seq", "application/geo+json-seq"))

_RECORD_SEPARATOR: Final = b"\x1e"
_BLANKS: Final = b" \t\r"


def read_lines(raw: bytes, max_depth: int = limits.MAX_JSON_DEPTH) -> list[Json]:
    """The JSON texts of `raw`, one a line; lines end with LF or CRLF, the last one also with the body.

    Lines with nothing but white space count for nothing, as every reader that does not refuse them has it.
    Raises BadInput (a line is not one strict JSON text, and so also where the last one was cut short, or none is there) or
    TooLarge (more than `limits.MAX_JSON_LINES`, or one is deeper than `max_depth`).
    """
    lines = raw.split(b"\n", limits.MAX_JSON_LINES + 1)
    if len(lines) > limits.MAX_JSON_LINES + 1:
        raise _too_many()
    return _read([line for line in lines if line.strip(_BLANKS)], max_depth)


def read_sequence(raw: bytes, max_depth: int = limits.MAX_JSON_DEPTH) -> list[Json]:
    """The JSON texts of a sequence: each after a record separator, and ended by a line feed.

    Stricter than RFC 7464, section 2.1, on what may have been cut short: no text may lack its line feed, since a number could
    go on without it. Raises as `read_lines` does.
    """
    first, *texts = raw.split(_RECORD_SEPARATOR, limits.MAX_JSON_LINES + 1)
    if first:
        raise BadInput("the JSON text sequence does not begin with a record separator")
    if len(texts) > limits.MAX_JSON_LINES:
        raise _too_many()
    texts = [text for text in texts if text]  # several separators in a row stand for one
    if not all(text.endswith(b"\n") for text in texts):
        raise BadInput("a text of the JSON text sequence is not ended by a line feed; it may be cut short")
    return _read(texts, max_depth)


def _read(texts: list[bytes], max_depth: int) -> list[Json]:
    if not texts:
        raise BadInput("there is no JSON text in it")
    # a number that is not exact here would be kept as another one than was sent
    return [strict_json.loads(text, max_depth=max_depth, exact_numbers=True) for text in texts]


def _too_many() -> TooLarge:
    return TooLarge(f"more than {limits.MAX_JSON_LINES} JSON texts in one body")
