"""Where a person goes after the log-in: one of three places on this console, never an address from a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

APPROVAL_ID = r"[0-9a-f-]{1,64}"
_MITMWEB = "mitmweb"


@dataclass(frozen=True, slots=True)
class Landing:
    """The inbox; or one approval, where `approval` is its id; or mitmweb's list."""

    approval: str = ""
    is_mitmweb: bool = False

    @classmethod
    def of(cls, argument: Callable[[str, str], str | None]) -> Self:
        """By the arguments `approval` and `to` of a request; what is neither leads to the inbox.

        `argument(name, default)` gives the value of an argument.
        """
        wanted = argument("approval", "") or ""
        approval = wanted if re.fullmatch(APPROVAL_ID, wanted) else ""
        return cls(approval, argument("to", "") == _MITMWEB)

    @property
    def path(self) -> str:
        """On this console, beginning with one slash."""
        if self.approval:
            return f"/approvals/{self.approval}"
        return "/#/flows" if self.is_mitmweb else "/approvals"

    @property
    def arguments(self) -> dict[str, str]:
        """What `of` reads, to be carried through links and forms."""
        if self.approval:
            return {"approval": self.approval}
        return {"to": _MITMWEB} if self.is_mitmweb else {}

    def carried_by(self, path: str, **arguments: str) -> str:
        """`path` with `arguments` and this landing in its query."""
        query = urlencode({**arguments, **self.arguments})
        return f"{path}?{query}" if query else path
