"""How many people must still sign: distinct people, each counted in one place only, in whichever place helps most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from countersign.rulebook.values import Requirement


def missing(alternatives: Sequence[Sequence[Requirement]], signers: Mapping[str, Sequence[str]]) -> int:
    """The fewest further people who can make one of `alternatives` complete; 0: one of them is.

    `signers` tells for each person as which approvers (`group:x`, `person:x`) they signed. Raises ValueError where
    there is no alternative, or one without requirements: nobody's signature would then be needed.
    """
    return min(sum(lacking(requirements, signers)) for requirements in alternatives)


def lacking(requirements: Sequence[Requirement], signers: Mapping[str, Sequence[str]]) -> tuple[int, ...]:
    """How many people each of `requirements` still lacks, with the signers put where they help most: in as many places
    as they can fill, and first in those that nobody but the people named can fill later.

    A maximum matching of places and people, by augmenting paths (Kuhn 1955). Raises ValueError where nothing is required.
    """
    if not any(requirement.quorum > 0 for requirement in requirements):
        raise ValueError("an alternative without requirements would be complete without anybody's signature")
    counted: dict[str, int] = {}  # person -> the requirement they count for

    def is_filled(place: int, tried: set[str]) -> bool:
        """Count one more person for `place`, moving others where that makes room."""
        for person, roles in signers.items():
            if person in tried or set(roles).isdisjoint(requirements[place].approvers):
                continue
            tried.add(person)
            if person not in counted or is_filled(counted[person], tried):
                counted[person] = place
                return True
        return False

    def is_open_to_groups(place: int) -> bool:
        return any(name.startswith("group:") for name in requirements[place].approvers)

    lacks = {
        place: sum(not is_filled(place, set()) for _ in range(requirements[place].quorum))
        for place in sorted(range(len(requirements)), key=is_open_to_groups)
    }
    return tuple(lacks[place] for place in range(len(requirements)))
