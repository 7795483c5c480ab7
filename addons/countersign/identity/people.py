"""The people behind a token by rules/identity.yaml, so that four eyes are of two people. Does not check the token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from countersign.rulebook.values import Issuer, PersonMark
from countersign.strict_json import Json


def people(claims: Mapping[str, Json], issuer: Issuer, marks: Iterable[PersonMark]) -> frozenset[str]:
    """Everybody that the verified `claims` of a token of `issuer` name.

    A mark fits when issuer, claim and value are exactly equal; the claim holds the value, or a list with the value.
    Values of `issuer.person_claim` that no mark speaks of are people by that name. The result is a union, because more
    names only make a caller *less* independent. Empty: nobody is known, and the caller is not independent of anyone.
    """
    ours = [mark for mark in marks if mark.issuer == issuer.url]
    marked = {mark.person for mark in fitting(claims, ours)}
    if issuer.person_claim is None:
        return frozenset(marked)
    spoken_for = {mark.value for mark in ours if mark.claim == issuer.person_claim}
    return frozenset(marked | (_values(claims, issuer.person_claim) - spoken_for))


def may_sign(claims: Mapping[str, Json], issuer: Issuer, marks: Iterable[PersonMark]) -> bool:
    """Whether the token is a person's own: none of the marks that fit says that it speaks for what the person started.

    Without it, the code of one pipeline could approve the change of another in the name of who started it.
    """
    return all(mark.signs for mark in fitting(claims, marks) if mark.issuer == issuer.url)


def fitting(claims: Mapping[str, Json], marks: Iterable[PersonMark]) -> list[PersonMark]:
    """The marks that `claims` bear, whoever issued them."""
    return [mark for mark in marks if mark.value in _values(claims, mark.claim)]


def _values(claims: Mapping[str, Json], claim: str) -> set[str]:
    """Strings only: a number or an object names nobody. A blank string names nobody either."""
    value = claims.get(claim)
    values = value if isinstance(value, list) else [value]
    return {item for item in values if isinstance(item, str) and item.strip()}
