"""Where things stand: a rule in its file, a secret outside of all of them. What every other value is built with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule stands, for explanations and errors."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is read at use: it is never in a rule file. One of the two is given."""

    from_env: str | None
    from_file: str | None
