"""Where something stands in a schema, as a pointer (RFC 6901)."""

from __future__ import annotations


def pointer(start: str, *tokens: str | int) -> str:
    """`start` extended by reference tokens (RFC 6901)."""
    for token in tokens:
        start += "/" + str(token).replace("~", "~0").replace("/", "~1")
    return start


def target_pointer(reference: str, where: str) -> str:
    """The pointer of what `reference` leads to within the document, else of the reference itself."""
    if reference == "#" or reference.startswith("#/"):
        return reference[1:]
    return pointer(where, "$ref")
