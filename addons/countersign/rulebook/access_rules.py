"""access.yaml -> AccessRule values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import AccessRule, BreakGlassRule, IdentityRules, Source, Who


def access(document: Document, problems: Problems) -> tuple[AccessRule, ...]:
    """Who may do what; the shape was checked; what is wrong goes to `problems`. No rule at all: nobody may anything."""
    rules: list[AccessRule] = []
    root: Any = document.root
    for index, entry in enumerate(root["rules"]):
        verdict: Any = "allow" if "allow" in entry else "deny"
        rules.append(
            AccessRule(
                name=entry["name"],
                verdict=verdict,
                who=who(entry["who"]),
                connections=tuple(entry["connections"]),
                subjects=tuple(entry["subjects"]),
                effects=tuple(entry[verdict]),
                source=Source(document.file, root["rules"].lines[index]),
            )
        )
    refuse_second_names(rules, problems)
    return tuple(rules)


def who(entry: Any) -> Who:
    """Which callers `entry` speaks of; its shape was checked."""
    return Who(
        everyone=entry.get("everyone", False),
        people=tuple(entry.get("people", ())),
        groups=tuple(entry.get("groups", ())),
        claims=tuple((claim.get("issuer", "*"), claim["claim"], claim["value"]) for claim in entry.get("claims", ())),
    )


def refuse_second_names(rules: Any, problems: Problems, what: str = "rule") -> None:
    """Note each of `rules` (a `what` with `name` and `source`) whose name an earlier one has: explanations name them."""
    seen: dict[str, Source] = {}
    for rule in rules:
        if rule.name in seen:
            problem = f"a second {what} is named {rule.name[:80]!r}"
            problems.add(rule.source.file, rule.source.line, problem, f"the first: {seen[rule.name]}")
        seen.setdefault(rule.name, rule.source)


def refuse_unknown_people(named: Any, identity: IdentityRules, problems: Problems) -> None:
    """Note people that identity.yaml does not know: pairs of a name and the Source where it stands.

    Where an issuer has a `person_claim`, any value of it is a person, so that no name can be called unknown.
    """
    if any(issuer.person_claim for issuer in identity.issuers):
        return
    known = {mark.person for mark in identity.people}
    for name, source in named:
        if name not in known:
            problem = f"the person {name[:80]!r} is not in identity.yaml"
            problems.add(source.file, source.line, problem, did_you_mean(name, known))


def refuse_unknown_issuers(
    rules: Iterable[AccessRule | BreakGlassRule], identity: IdentityRules, problems: Problems
) -> None:
    """Note issuers in `claims` that identity.yaml does not list: their tokens are never accepted."""
    known = {issuer.url for issuer in identity.issuers}
    for rule in rules:
        for issuer, _, _ in rule.who.claims:
            if issuer != "*" and issuer not in known:
                problem = f"the issuer {issuer[:80]!r} is not in identity.yaml"
                problems.add(rule.source.file, rule.source.line, problem, did_you_mean(issuer, known))
