"""What the page of one approval shows, before a template sees it."""

from __future__ import annotations

from typing import Any

from countersign import limits
from countersign.approvals import Approval
from countersign.approvals.approval import Signature
from countersign.approvals.side_by_side import Mark, Row, side_by_side
from countersign.console import page_values
from countersign.evidence.records import Record
from countersign.rulebook.values import Requirement
from tests.console.stage import CALLERS, NOW, approval_request

BOB, CAROL, ALICE, DAVE = (CALLERS[f"token-{name}"] for name in ("bob", "carol", "alice", "dave"))
NOW_US = NOW * 1_000_000
TWO = ((Requirement(2, ("group:stewards",)),),)


def signed(*people: str) -> tuple[Signature, ...]:
    return tuple(Signature(person, "approve", "fine", NOW_US, {}, ("group:stewards",)) for person in people)


def test_buttons_are_what_the_viewer_can_do() -> None:
    """With the reasons that the rule asks for."""
    approval = Approval(approval_request(reason=("deny",)))
    assert [(each.action, each.needs_reason) for each in page_values.buttons(approval, BOB)] == [
        ("approve", False),
        ("deny", True),
    ]
    assert [each.action for each in page_values.buttons(approval, ALICE)] == ["withdraw"]
    assert page_values.buttons(approval, DAVE) == ()
    broken = Approval(approval_request(), "unreviewed")
    assert [(each.action, each.needs_reason) for each in page_values.buttons(broken, BOB)] == [
        ("accept", False),
        ("object", True),
    ]


def test_approving_is_not_called_letting_through_where_others_must_sign_too() -> None:
    """Only the last signature releases."""
    first = page_values.buttons(Approval(approval_request(alternatives=TWO)), BOB)[0]
    last = page_values.buttons(Approval(approval_request(alternatives=TWO), "pending", signed("carol")), BOB)[0]
    assert first.meaning == "adds your signature; others must sign as well"
    assert last.meaning == "lets exactly this request through, once"


def test_who_cannot_decide_is_told_why() -> None:
    """And who can is told nothing."""
    approval = Approval(approval_request())
    assert "alice stands behind this request" in page_values.approval_values(approval, ALICE, NOW_US)["why_not"]
    assert page_values.approval_values(approval, BOB, NOW_US)["why_not"] == ""


def test_each_change_with_its_values_and_its_counterexample() -> None:
    """In words; a counterexample says which way round it is."""
    example = {"direction": "backward", "value": {"age": 121}}
    changes = (
        {
            "kind": "maximum-added",
            "pointer": "/properties/age/maximum",
            "property": None,
            "before": None,
            "after": 120,
            "effect": "narrows",
            "counterexample": example,
        },
        {
            "kind": "required-added",
            "pointer": "",
            "property": "taxId",
            "before": None,
            "after": None,
            "effect": "unknown",
        },
    )
    values = page_values.approval_values(Approval(approval_request(changes=changes)), BOB, NOW_US)
    first, second = values["changes"]
    assert (first.title, first.place, first.before, first.after) == (
        "Maximum added",
        "/properties/age/maximum",
        None,
        "120",
    )
    assert first.effect == "refuses documents that were valid"
    assert first.counterexample == ("Valid today, refused after this change", '{\n  "age": 121\n}')
    assert (second.title, second.place, second.counterexample) == ("Required added: taxId", "", None)
    assert second.effect.startswith("not known")


def test_counterexamples_of_the_whole_request() -> None:
    """Both ways round."""
    examples = ({"direction": "forward", "value": 1}, {"direction": "backward", "value": None})
    values = page_values.approval_values(Approval(approval_request(counterexamples=examples)), BOB, NOW_US)
    assert values["counterexamples"] == [
        ("Refused today, valid after this change", "1"),
        ("Valid today, refused after this change", "null"),
    ]


def test_the_fingerprint_is_not_among_the_values() -> None:
    """Nor is the signers' token."""
    values = page_values.approval_values(Approval(approval_request(), "pending", signed("carol")), BOB, NOW_US)
    assert "fingerprint-1" not in repr(values)
    assert "exchange-1" in repr(values)


def same(number: int) -> list[Mark]:
    """The marks of unchanged lines."""
    return ["same"] * number


def rows(*marks: Mark) -> list[Row]:
    """Rows of these marks."""
    document: Any = {"a": 1}
    (row, *_) = side_by_side(document, document)
    return [Row(row.left, row.right, mark) for mark in marks]


def test_what_is_far_from_every_change_is_folded_and_nothing_is_lost() -> None:
    """Three lines stay around each change."""
    all_rows = rows(*same(10), "changed", *same(10))
    found = page_values.stretches(all_rows)
    assert [(len(each.rows), each.is_folded) for each in found] == [(7, True), (7, False), (7, True)]
    assert [row for each in found for row in each.rows] == all_rows


def test_a_few_unchanged_lines_are_not_folded() -> None:
    """Folding three lines takes more room than they do; four are folded."""
    few = page_values.stretches(rows(*same(6), "added"))
    more = page_values.stretches(rows(*same(7), "added"))
    assert [each.is_folded for each in few] == [False, False]
    assert [each.is_folded for each in more] == [True, False]


def test_schemas_that_are_the_same_are_one_fold() -> None:
    """And no lines are no stretch at all."""
    assert [each.is_folded for each in page_values.stretches(rows(*same(30)))] == [True]
    assert page_values.stretches([]) == ()


def step(number: int, verdict: str, **fields: Any) -> Record:
    return Record(
        number, NOW_US, "approval", None, b"", {"approval": "a-1", "caller": "alice", "verdict": verdict, **fields}, {}
    )


def test_the_history_in_plain_words() -> None:
    """Who asked, who decided and why; this approval's own steps are marked."""
    records = [
        step(2, "denied", person="bob", reason="not yet"),
        step(1, "requested", approval="a-2", reason="narrows"),
    ]
    first, second = page_values.history(records, "a-1")
    assert (first.text, first.who, first.is_this) == ("Denied by bob because: not yet", "alice", True)
    assert (second.text, second.is_this) == ("Requested because: narrows", False)


def test_the_history_is_as_long_as_the_page_says() -> None:
    """One more was read to know whether there are more."""
    records = [step(number, "used") for number in range(limits.MAX_HISTORY_ENTRIES + 1)]
    assert len(page_values.history(records, "a-1")) == limits.MAX_HISTORY_ENTRIES
