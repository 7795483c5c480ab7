"""Where a person goes after the log-in."""

from __future__ import annotations

import pytest

from countersign.console.landing import Landing

APPROVAL = "00000000-0000-4000-8000-000000000001"


def landing(**arguments: str) -> Landing:
    return Landing.of(arguments.get)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "/approvals"),
        ({"approval": APPROVAL}, f"/approvals/{APPROVAL}"),
        ({"to": "mitmweb"}, "/#/flows"),
        ({"approval": APPROVAL, "to": "mitmweb"}, f"/approvals/{APPROVAL}"),
    ],
)
def test_there_are_three_places(arguments: dict[str, str], path: str) -> None:
    """The inbox, one approval, and mitmweb; and what is carried through a log-in leads to the same one."""
    found = landing(**arguments)
    assert found.path == path
    assert landing(**found.arguments) == Landing.of(found.arguments.get)
    assert landing(**found.arguments).path == path


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example",
        "https://evil.example",
        "../login",
        "a/b",
        "A",
        "1\n",
        "1\r\nSet-Cookie: x=1",
        "%2e",
        "a" * 65,
        " ",
    ],
)
def test_nothing_else_is_followed(hostile: str) -> None:
    """An open redirect would make the console's own address a trap."""
    assert landing(approval=hostile).path == "/approvals"
    assert landing(to=hostile).path == "/approvals"
    assert landing(approval=hostile).arguments == {}


def test_it_is_carried_in_a_query() -> None:
    """With other arguments, or alone."""
    assert Landing().carried_by("/login") == "/login"
    assert Landing().carried_by("/login/start", issuer="0") == "/login/start?issuer=0"
    assert landing(approval=APPROVAL).carried_by("/login", issuer="0") == f"/login?issuer=0&approval={APPROVAL}"
