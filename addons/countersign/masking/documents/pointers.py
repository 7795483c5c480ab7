"""Whether a place in a document (RFC 6901 pointer) touches one that was masked.

Does not mask anything: whoever shows values of a document asks here first and withholds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable


def touches(pointer: str, masked_pointers: Collection[str]) -> bool:
    """True when `pointer` is, lies above or lies below any of `masked_pointers`, compared by whole segments.

    A pointer that does not follow RFC 6901 (not empty and without a leading `/`) touches whatever was masked: a place that
    cannot be understood is not shown.
    """
    if not masked_pointers:
        return False
    if pointer and not pointer.startswith("/"):
        return True
    segments = pointer.split("/")
    above_or_equal = ("/".join(segments[:count]) for count in range(1, len(segments) + 1))
    return any(place in masked_pointers for place in above_or_equal) or any(
        masked.startswith(pointer + "/") for masked in masked_pointers
    )


def pointer_to(segments: Iterable[str | int]) -> str:
    """The RFC 6901 pointer to member names and array indexes, from the root downwards."""
    return "".join("/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in segments)
