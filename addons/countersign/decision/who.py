"""Which callers a rule speaks of. Does not check that the caller is who they say: identity/ has done that."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

from countersign.identity import Caller
from countersign.rulebook.values import Who


def includes(who: Who, caller: Caller) -> bool:
    """Whether `who` speaks of `caller`: everything that is given must hold, within one list any entry does.

    A `Who` that gives nothing speaks of nobody.
    """
    conditions: list[bool] = []
    if who.people:
        conditions.append(not caller.people.isdisjoint(who.people))
    if who.groups:
        conditions.append(not caller.groups.isdisjoint(who.groups))
    if who.claims:
        conditions.append(any(_has_claim(caller, *claim) for claim in who.claims))
    if not conditions:
        return who.everyone
    return all(conditions)


def _has_claim(caller: Caller, issuer: str, claim: str, glob: str) -> bool:
    if issuer not in ("*", caller.issuer):
        return False
    value = caller.claims.get(claim)
    values = value if isinstance(value, list) else [value]
    return any(fnmatchcase(_text(entry), glob) for entry in values if isinstance(entry, str | int | float))


def _text(value: str | float) -> str:
    """As JSON writes it: a rule that denies `email_verified: "false"` must also see the boolean."""
    return value if isinstance(value, str) else json.dumps(value)
