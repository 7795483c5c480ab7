"""The fixed words."""

from __future__ import annotations

import re
from pathlib import Path

from countersign.schema_change import phrases

README = Path(phrases.__file__).with_name("README.md")


def test_every_phrase_is_for_a_documented_kind() -> None:
    """A misspelt kind would never be said; README.md lists what there is."""
    text = README.read_text(encoding="utf-8")
    stems = {kind.rstrip("*-") for kind in re.findall(r"`([a-z][a-z0-9-]*\*?)`", text)}
    for kind in [*phrases.DECLARED, *phrases.LISTS, *phrases.FIXED]:
        assert kind in stems or kind.rpartition("-")[0] in stems or _listed_by_its_end(kind, text), kind


def _listed_by_its_end(kind: str, text: str) -> bool:
    """Written as `enum-added`, `-removed`."""
    stem, _, how = kind.rpartition("-")
    return any(f"`{stem}-" in row and f"`-{how}`" in row for row in text.splitlines())


def test_forms_for_one_and_for_many_differ() -> None:
    """One of them and many of them."""
    assert all(one != many for one, many in [*phrases.DECLARED.values(), *phrases.LISTS.values()])
    assert all("{n}" in many for _, many in phrases.LISTS.values())
