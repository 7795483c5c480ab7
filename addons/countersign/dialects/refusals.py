"""Members that a dialect adds to a refusal, for clients that show them to people."""

from __future__ import annotations

from countersign.rulebook.values import Dialect
from countersign.strict_json import Json


def refusal_members(dialect: Dialect, *, status: int, detail: str, code: str) -> dict[str, Json]:
    """The members of `dialect.refusal_members`, filled in; `code` is the last part of the problem's type.

    A template of digits and {status} only becomes a number (Confluent's clients parse one); all others stay text,
    whatever `detail` says.
    """
    words = {"status": str(status), "detail": detail, "code": code}
    members: dict[str, Json] = {}
    for name, template in dialect.refusal_members.items():
        text = template.format_map(words)
        rest = template.replace("{status}", "0")
        members[name] = int(text) if rest.isascii() and rest.isdigit() else text
    return members
