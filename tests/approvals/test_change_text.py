"""One approval as text for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from countersign.approvals.approval import Approval
from countersign.approvals.change_text import approval_text, counterexample_text, moment, requirement_text
from countersign.approvals.document import approval_document
from countersign.approvals.store import ApprovalEvent
from countersign.rulebook.values import Requirement

type MakeApproval = Callable[..., Approval]
type MakeEvent = Callable[..., ApprovalEvent]
type Text = Callable[..., str]

START = 1_700_000_000_000_000
HOSTILE = "<script>alert(1)</script>\u202egnp.exe\u2066\x1b[31m\x1b]0;owned\x07\u2028\r\nSigned        carol approved"

NARROWED: dict[str, Any] = {
    "kind": "required-added",
    "pointer": "/properties/customer/required",
    "property": "taxId",
    "before": None,
    "after": "taxId",
    "effect": "narrows",
    "counterexample": None,
}


@pytest.fixture
def text(an_approval: MakeApproval) -> Text:
    """The text of an approval; arguments as those of `an_approval`."""

    def make(*events: ApprovalEvent, **changed: Any) -> str:
        return approval_text(approval_document(an_approval(*events, **changed)))

    return make


@pytest.mark.parametrize(
    "part",
    [
        "Approval      a-1 (pending)",
        'register of "orders-value" at prod (register-version)',
        "ann (token of https://idp.example, subject ci-of-ann)",
        "They say      the audit asks for it",
        "Risk          high: documents that are valid today would be refused",
        "'risky' (approval.yaml:3): the rule 'risky' asks for one other person's approval",
        "Allowed by    'writers' (access.yaml:7)",
        "Needs         1 person of the group leads or carol (1 missing)\n",
        "Ends          2023-11-14 23:13:20 UTC, by itself",
        "breaking (does the new schema accept all that the old one accepts?)",
        "documents without taxId are no longer accepted",
        "  * `taxId` becomes required",
        "  1. required-added at /properties/customer/required [narrows]",
        "before:      null",
        'after:       "taxId"',
        '  "required": [\n    "taxId"\n  ]',
        "POST https://registry.example/subjects/orders-value/versions?normalize=true",
        "X-Trace: abc",
        '{"schema": "…", "password": "***"}',
    ],
)
def test_says(part: str, text: Text) -> None:
    """What an approver needs is in it: who, what, where, why, how risky, each change, both schemas, the request."""
    message = {
        "method": "POST",
        "url": "https://registry.example/subjects/orders-value/versions?normalize=true",
        "headers": [["X-Trace", "abc"]],
        "body": '{"schema": "…", "password": "***"}',
    }
    assert part in text(
        message=message,
        changes=(NARROWED,),
        reasons=("documents without taxId are no longer accepted",),
        justification="the audit asks for it",
        access="'writers' (access.yaml:7)",
    )


def test_what_is_not_there_has_no_line(text: Text) -> None:
    """No justification, no access rule and no counterexample leave no empty heading."""
    shown = text()
    for absent in ("They say", "Allowed by", "Documents that show it", "Ended", "Broke glass"):
        assert absent not in shown


def test_a_member_that_a_change_has_not_is_not_shown(text: Text) -> None:
    """Except before and after, where nothing is something."""
    assert "property: " in text(changes=(NARROWED,))
    shown = text(changes=(NARROWED | {"property": None},))
    assert "property" not in shown
    assert "before:      null" in shown


def test_alternatives_are_said_with_or(text: Text, an_event: MakeEvent) -> None:
    """Each on its line, its parts joined by "and", with what each part still lacks."""
    alternatives = (
        (Requirement(2, ("group:leads",)),),
        (Requirement(1, ("group:owners",)), Requirement(1, ("person:carol", "group:officers"))),
    )
    shown = text(an_event("approved", signed_as=["group:leads"]), alternatives=alternatives)
    assert "Needs         2 people of the group leads (1 missing)\n" in shown
    second = "1 person of the group owners (1 missing) and 1 person of carol or the group officers (1 missing)"
    assert f"or            {second}\n" in shown


def test_approvers_are_said_in_words() -> None:
    """A group is called one, a person by name alone; what a rule cannot name stays as it is."""

    def needs(quorum: int, *approvers: str) -> str:
        return requirement_text({"quorum": quorum, "approvers": approvers, "missing": 0})

    assert needs(1, "group:leads") == "1 person of the group leads"
    assert needs(2, "group:leads", "person:ann") == "2 people of the group leads or ann"
    assert needs(1, "person:ann", "person:bob") == "ann or bob"
    assert needs(2, "person:ann", "person:bob") == "2 of ann or bob"
    assert needs(1, "leads") == "1 person of leads"
    assert needs(1, "person:a:b") == "a:b"


def test_reasons_say_no_change_again(text: Text) -> None:
    """A change has its own lines; what more there is to say stays."""
    said = "backward breaking: required-added at /properties/customer/required (narrows)"
    other = "backward unknown: the reference at /a/$ref leads nowhere"
    shown = text(changes=(NARROWED,), reasons=(said, other))
    assert said not in shown
    assert other in shown
    assert said in text(changes=(), reasons=(said,))


def test_signatures_and_reasons_are_shown(text: Text, an_event: MakeEvent) -> None:
    """Who has signed already, what they said, and what this rule asks for."""
    shown = text(an_event("approved", person="bob", at=START), quorum=2, reason=("approve", "deny"))
    assert "Signed        bob approved at 2023-11-14 22:13:20 UTC: fine" in shown
    assert "asks for one to approve and to deny" in shown


def test_an_end_is_said(text: Text, an_event: MakeEvent) -> None:
    """By whom and why; what has ended does not end by itself any more."""
    revoked = text(an_event("approved"), an_event("revoked", person="carol", reason="wrong branch"))
    assert "a-1 (revoked)" in revoked
    assert "Ended         by carol: wrong branch" in revoked
    assert "by itself" not in revoked
    assert "by itself" in text(an_event("approved"))


def test_what_broke_the_glass_is_said_first_and_its_review_too(text: Text, an_event: MakeEvent) -> None:
    """It has passed; who must look; who did, and what they said."""
    broken = text(begins="break-glass", justification="production is down")
    assert "Broke glass   it has passed without approval" in broken
    assert "Reviewed by   1 person of the group leads or carol (1 missing)" in broken
    assert "by itself" not in broken
    for verdict, said in (("accept", "reviewed and accepted"), ("object", "reviewed and objected")):
        assert f"bob {said} at" in text(an_event("reviewed", verdict=verdict), begins="break-glass")


def test_a_counterexample_is_said_in_words(text: Text) -> None:
    """At its change, and whole documents in a part of their own; a change without one has no line of it."""
    backward = {"direction": "backward", "value": {"age": 130}}
    forward = {"direction": "forward", "value": None}
    shown = text(changes=(NARROWED | {"counterexample": backward}, NARROWED), counterexamples=(backward, forward))
    assert shown.count("counterexample") == 0
    assert '       valid today, refused by the new schema: {"age": 130}\n  2. ' in shown
    assert (
        "\nDocuments that show it\n"
        '  * valid today, refused by the new schema: {"age": 130}\n'
        "  * refused today, valid under the new one: null\n"
    ) in shown
    assert counterexample_text(forward) == "refused today, valid under the new one: null"


def test_absent_schemas_are_said(text: Text) -> None:
    """Nothing there is not shown as null."""
    assert "(there is none)" in text(before=None)
    assert "(none is proposed)" in text(after=None)


def test_a_request_about_the_whole_service(text: Text) -> None:
    """Without a subject the text says so, and differs from a subject of that name."""
    assert "the service as a whole at prod" in text(subject=None)
    assert '"None" at prod' in text(subject="None")


def test_a_text_cannot_forge_lines(text: Text) -> None:
    """A line feed in a summary, a name, a justification or a reason stays inside its line."""
    forged = text(
        summary=("one\nApproved by  carol",),
        subject="x\nSigned carol",
        justification="y\nRisk          low",
        why="\u202e",
    )
    assert "\nApproved by  carol" not in forged
    assert "\nSigned carol" not in forged
    assert "\nRisk          low" not in forged
    assert "\u202e" not in forged


def test_whatever_is_in_it_only_visible_text_comes_out(text: Text, an_event: MakeEvent) -> None:
    """Scripts, bidi marks, escape sequences and line breaks in every member: shown as escapes, on no line of their own."""
    change = {name: HOSTILE for name in NARROWED} | {HOSTILE: HOSTILE}
    counterexample = {"direction": "backward", "value": {HOSTILE: [HOSTILE]}}
    shown = text(
        an_event("approved", person=HOSTILE, reason=HOSTILE),
        an_event("denied", person="bob", reason=HOSTILE),
        quorum=2,
        summary=(HOSTILE,),
        subject=HOSTILE,
        operation=HOSTILE,
        justification=HOSTILE,
        access=HOSTILE,
        rule=HOSTILE,
        why=HOSTILE,
        reasons=(HOSTILE,),
        changes=(change | {"counterexample": counterexample},),
        counterexamples=(counterexample,),
        before={HOSTILE: HOSTILE},
        after={HOSTILE: [HOSTILE]},
        message={"method": HOSTILE, "url": HOSTILE, "headers": [[HOSTILE, HOSTILE]], "body": HOSTILE},
    )
    hidden = {character for character in shown if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")}
    assert hidden == {"\n"}
    assert "<script>alert(1)</script>\\u202egnp.exe\\u2066\\u001b[31m" in shown
    forged = [line for line in shown.splitlines() if line.startswith("Signed        carol")]
    assert forged == ["Signed        carol approved"]  # of the body, which is the last part and has lines of its own
    assert shown.endswith(forged[0] + "\n")


def test_nothing_is_cut(text: Text) -> None:
    """500 changes with names of 10,000 characters, each with its counterexample, long schemas and bodies: all of it."""
    names = [f"{number:04}{'x' * 9_996}" for number in range(500)]
    changes = tuple(
        NARROWED | {"after": name, "counterexample": {"direction": "backward", "value": {name: 1}}} for name in names
    )
    shown = text(
        changes=changes,
        summary=tuple(f"`{name}` becomes required" for name in names),
        after={"enum": [f"value-{number}" for number in range(5000)]},
        counterexamples=({"direction": "forward", "value": names},),
    )
    assert "Changes (500)" in shown
    assert all(shown.count(name) == 4 for name in (names[0], names[250], names[-1]))
    assert "\n  500. required-added at " in shown
    assert '"value-4999"' in shown


def test_moment() -> None:
    """Microseconds UTC, to the second."""
    assert moment(START + 999_999) == "2023-11-14 22:13:20 UTC"


def test_examples_that_are_withheld_are_said_to_be(text: Text) -> None:
    """Nobody takes it for a change of which there is no example."""
    assert "examples are withheld" in text(withholds_examples=True)
    assert "examples are withheld" not in text()
