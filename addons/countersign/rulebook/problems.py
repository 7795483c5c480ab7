"""What is wrong with the rule files, collected, so that one run shows all of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path

from countersign.errors import CountersignError, RulesError
from countersign.errors import RulesErrors as RulesErrors


class Unfit(CountersignError):
    """A text in a rule file cannot be used; whoever knows the place turns it into a RulesError."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class Problems:
    """Collects problems of the rule files below `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._found: dict[tuple[str, int, str], RulesError] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, file: str, line: int | None, problem: str, remedy: str = "") -> None:
        """Note a problem at `line` (from 1; None: the file as a whole) of `file` (relative). The same one counts once."""
        error = RulesError(str(self._directory / file), line, problem, remedy)
        self._found.setdefault((file, line or 0, problem), error)

    def checked[T](self, file: str, line: int, check: Callable[[str], T], text: str, otherwise: T) -> T:
        """`check(text)`; where that raises Unfit, note it and go on with `otherwise`, which never leaves the rulebook."""
        try:
            return check(text)
        except Unfit as unfit:
            self.add(file, line, unfit.problem, unfit.remedy)
            return otherwise

    def raise_found(self) -> None:
        """Raise RulesErrors if anything was noted."""
        if self._found:
            raise RulesErrors(tuple(error for _, error in sorted(self._found.items(), key=lambda item: item[0])))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt `word`: the nearest of `known`, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known here: {', '.join(names)}" if names else "there is none yet"
