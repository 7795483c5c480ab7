"""Text of others pings nobody, hides nothing and forges no link, in any chat."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.notifications.plain_text import plain
from tests.notifications.values import HOSTILE

#: What chats and mail programs act upon.
ACTED_UPON = re.compile(r"[@\uff20\ufe6b<>]|\][(\[:]|://|www\.|``|~~|\|\|", re.IGNORECASE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_harmless(name: str) -> None:
    """Nothing that is acted upon, nothing invisible, and on one line."""
    shown = plain(HOSTILE[name])
    assert shown
    assert not ACTED_UPON.search(shown)
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in shown)


@given(st.text(alphabet="@<>[]():/w.W`~|!# a\uff20\n\u202e"))
def test_no_arrangement_gets_through(text: str) -> None:
    """What is broken up does not make new markup with its neighbours."""
    assert not ACTED_UPON.search(plain(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@channel", "(at)channel"),
        ("ann@example.com", "ann(at)example.com"),
        ("<!here>", "\u2039!here\u203a"),
        ("[page](https://evil.example)", "[page] (https: //evil.example)"),
        ("```", "` ` `"),
        ("\u202eabc", "\\u202eabc"),
    ],
)
def test_what_was_there_can_be_seen(text: str, shown: str) -> None:
    """It is broken up, not taken away."""
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text", ["`taxId` becomes required", 'enum ["a", "b"] at /x (was 5)', "größer: 10.000", "a_b*c"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """A summary reads as it was written."""
    assert plain(text) == text
