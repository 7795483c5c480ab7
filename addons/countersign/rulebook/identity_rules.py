"""identity.yaml -> IdentityRules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from countersign import limits
from countersign.rulebook import hosts
from countersign.rulebook.documents import Document
from countersign.rulebook.problems import Problems, did_you_mean
from countersign.rulebook.values import IdentityRules, Issuer, LoginClient, PersonMark, SecretPlace, Source


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
            login=_login(file, entry["login"], entry["audiences"], problems) if "login" in entry else None,
        )
    return tuple(issuers.values())


def _login(file: str, entry: Any, audiences: Iterable[str], problems: Problems) -> LoginClient:
    """The ID token that a log-in ends with is for the console alone; nobody may call the gateway with it."""
    client_id: str = entry["client_id"]
    if client_id in audiences:
        problem = (
            f"the log-in's client_id {client_id[:80]!r} is also in `audiences`, so its ID tokens would open the gateway"
        )
        problems.add(file, entry.lines["client_id"], problem, "register the console as a client of its own")
    scopes = tuple(entry.get("scopes", ("openid",)))
    if "openid" not in scopes:
        problem = "without the scope 'openid' the provider does not say who logged in"
        problems.add(file, entry.lines["scopes"], problem, "add it")
    secret = entry.get("client_secret")
    place = SecretPlace(secret.get("from_env"), secret.get("from_file")) if secret is not None else None
    return LoginClient(client_id, place, scopes)


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
            mark = PersonMark(given["issuer"], given["claim"], given["value"], person, given.get("signs", True))
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
