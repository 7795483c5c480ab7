"""Text from the wire as it may stand in evidence, on a page or in a terminal: what does not print is written out."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with control, format, private, surrogate and separator characters written as `\u{...}`.

    That covers line ends (forged log lines), escape sequences (terminals), direction marks (text that reads another way) and
    bytes that were not UTF-8. It is for reading: a text that already has such an escape in it looks the same afterwards.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in text)
