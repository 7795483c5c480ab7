"""approval.yaml, `quorum`/`approvers`, `all_of`, `any_of` -> the alternatives of a hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from countersign.rulebook.problems import Problems
from countersign.rulebook.values import Requirement

_REMEDY = "name more people or a group, or lower the quorum"


def alternatives(file: str, line: int, entry: Any, problems: Problems) -> tuple[tuple[Requirement, ...], ...]:
    """What the hold `entry`, at `line` of `file`, asks for: any of these, and of that one all, by distinct people.

    The shape was checked. What the people who are named can never fill goes to `problems`.
    """
    if "any_of" not in entry:
        return (_together(file, line, entry, problems),)
    options = entry["any_of"]
    return tuple(_together(file, options.lines[index], option, problems) for index, option in enumerate(options))


def _together(file: str, line: int, option: Any, problems: Problems) -> tuple[Requirement, ...]:
    """One alternative: the short form, or `all_of`."""
    if "all_of" not in option:
        return (_requirement(file, line, option, problems),)
    parts = option["all_of"]
    requirements = tuple(_requirement(file, parts.lines[index], part, problems) for index, part in enumerate(parts))
    closed = [one for one in requirements if _is_closed(one)]  # a group may hold any number of people
    wanted, filled = sum(one.quorum for one in closed), _places_filled(closed)
    if filled < wanted and not any(_is_short(one) for one in closed):
        problem = f"{wanted} different people must sign, and those who are named can be only {filled} of them"
        problems.add(file, line, problem, f"{_REMEDY}; one person counts once")
    return requirements


def _requirement(file: str, line: int, entry: Any, problems: Problems) -> Requirement:
    requirement = Requirement(quorum=entry.get("quorum", 1), approvers=tuple(entry["approvers"]))
    if _is_short(requirement):
        problem = f"{requirement.quorum} people must sign, and {len(requirement.approvers)} are named"
        problems.add(file, line, problem, _REMEDY)
    return requirement


def _is_closed(requirement: Requirement) -> bool:
    return all(name.startswith("person:") for name in requirement.approvers)


def _is_short(requirement: Requirement) -> bool:
    return _is_closed(requirement) and requirement.quorum > len(requirement.approvers)


def _places_filled(requirements: Sequence[Requirement]) -> int:
    """How many of the wanted signatures distinct people can give: a maximum bipartite matching, by augmenting paths."""
    places = [one.approvers for one in requirements for _ in range(one.quorum)]
    place_of: dict[str, int] = {}

    def fill(place: int, asked: set[str]) -> bool:
        for person in places[place]:
            if person not in asked:
                asked.add(person)
                if person not in place_of or fill(place_of[person], asked):
                    place_of[person] = place
                    return True
        return False

    return sum(fill(place, set()) for place in range(len(places)))
