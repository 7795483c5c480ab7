"""From the root of a document to the value that is looked at: the way as pointers, and as it may be written into a record.

Does not tell what stands there.
"""

from __future__ import annotations

from collections.abc import Callable

from countersign.masking.documents.json_paths import Key
from countersign.masking.documents.pointers import pointer_to
from countersign.masking.replacements import Replacements


class _Steps(dict[Key, str]):
    """Keys as they stand in a pointer, each written when it is first met."""

    def __init__(self, write: Callable[[Key], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, key: Key) -> str:
        self[key] = step = pointer_to((self._write(key),))
        return step


class Trail:
    """`keys` leads from the outermost root through all strings; whoever goes down or up appends and removes its key."""

    __slots__ = ("_outer", "_replacements", "_shown_steps", "_steps", "_where", "keys", "pointers")

    def __init__(self, clean: Callable[[str], str], replacements: Replacements, where: str) -> None:
        """`where` is put before the places; `clean` takes secrets out of the names in them."""
        self._replacements = replacements
        self._where = where
        self._outer: int | None = None
        self._steps = _Steps(str)
        self._shown_steps = _Steps(lambda key: "*" if isinstance(key, int) else clean(key))
        self.keys: list[Key] = []
        self.pointers: set[str] = (
            set()
        )  #: RFC 6901, of what was noted; of a value in a document in a string: of that string

    def enter_string(self) -> bool:
        """What follows is in a document inside a string; False: it was already."""
        if self._outer is not None:
            return False
        self._outer = len(self.keys)
        return True

    def leave_string(self) -> None:
        """Back in the outermost document."""
        self._outer = None

    def note(self) -> str:
        """This value is masked. Where it is, for the record: indexes as `*`, no secret in a name; empty when none is wanted."""
        self.pointers.add("".join(map(self._steps.__getitem__, self.keys[: self._outer])))
        if not self._replacements.takes_places:
            return ""
        place = "".join(map(self._shown_steps.__getitem__, self.keys))
        return f"{self._where} {place}" if place else self._where
