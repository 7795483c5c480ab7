"""Text written by others, made harmless in chats and mails: it pings nobody, hides nothing and forges no link.

Chats read mentions and markup in plain text too; what they would act upon is broken up, and seen to be. Does not look
for letters that resemble other letters, and leaves a bare domain name, which says where it leads.
"""

from __future__ import annotations

import re

from countersign.visible_text import visible_line

#: Mentions (also the full-width signs, which some services read alike), HTML, and Slack's and Discord's `<...>`.
_SIGNS = str.maketrans({"@": "(at)", "\uff20": "(at)", "\ufe6b": "(at)", "<": "\u2039", ">": "\u203a"})

#: Markdown links and their definitions; addresses that become links; fences, strikes and spoilers.
_MARKUP = re.compile(r"\](?=[(\[:])|:(?=//)|\bwww(?=\.)|([`~|])(?=\1)", re.IGNORECASE)


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that a chat or a mail program acts upon, and nothing left out."""
    return _MARKUP.sub(lambda found: f"{found[0]} ", visible_line(text).translate(_SIGNS))
