"""identity.yaml -> IdentityRules."""

from __future__ import annotations

from typing import Any

from countersign import limits
from countersign.rulebook import hosts
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import IdentityRules, Issuer, PersonMark, Source


def identity(document: Document, problems: Problems) -> IdentityRules:
    """Who may call, and which person stands behind a token; the shape was checked; what is wrong goes to `problems`."""
    root: Any = document.root
    issuers = _issuers(document.file, root["issuers"], problems)
    people = _people(document.file, root.get("people", ()), {issuer.url for issuer in issuers}, problems)
    return IdentityRules(issuers=issuers, people=people)


def _issuers(file: str, entries: Any, problems: Problems) -> tuple[Issuer, ...]:
    issuers: dict[str, Issuer] = {}
    for index, entry in enumerate(entries):
        line = entries.lines[index]
        url = problems.checked(file, entry.lines["url"], hosts.issuer_url, entry["url"], entry["url"])
        if url in issuers:
            problems.add(file, line, f"the issuer {url[:80]!r} is listed twice", f"the first: {issuers[url].source}")
        issuers[url] = Issuer(
            url=url,
            audiences=tuple(entry["audiences"]),
            algorithms=tuple(entry["algorithms"]),
            leeway_seconds=entry.get("leeway_seconds", limits.DEFAULT_LEEWAY_SECONDS),
            groups_claim=entry.get("groups_claim"),
            person_claim=entry.get("person_claim"),
            source=Source(file, line),
        )
    return tuple(issuers.values())


def _people(file: str, entries: Any, issuers: set[str], problems: Problems) -> tuple[PersonMark, ...]:
    """A mark names one person only: two people behind one token could sign for each other."""
    marks: dict[tuple[str, str, str], PersonMark] = {}
    names: set[str] = set()
    for index, entry in enumerate(entries):
        person = entry["person"]
        if person in names:
            problems.add(
                file, entries.lines[index], f"the person {person[:80]!r} is listed twice", "put the marks together"
            )
        names.add(person)
        for place, given in enumerate(entry["marks"]):
            line = entry["marks"].lines[place]
            mark = PersonMark(issuer=given["issuer"], claim=given["claim"], value=given["value"], person=person)
            if mark.issuer not in issuers:
                problem = f"the issuer {mark.issuer[:80]!r} is not in `issuers`"
                problems.add(file, line, problem, did_you_mean(mark.issuer, issuers))
            key = (mark.issuer, mark.claim, mark.value)
            if key in marks:
                problems.add(
                    file, line, f"this mark already names {marks[key].person[:80]!r}", "a mark names one person"
                )
            marks.setdefault(key, mark)
    return tuple(marks.values())
