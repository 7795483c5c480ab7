"""What the inbox shows, before a template sees it."""

from __future__ import annotations

from countersign.approvals import Approval
from countersign.approvals.approval import Signature
from countersign.console.inbox_values import inbox
from countersign.identity import Caller
from countersign.rulebook.values import Requirement
from tests.console.stage import CALLERS, NOW, approval_request

BOB = CALLERS["token-bob"]
NOW_US = NOW * 1_000_000
TWO = ((Requirement(2, ("group:stewards",)),),)


def signed(*people: str) -> tuple[Signature, ...]:
    return tuple(Signature(person, "approve", "fine", NOW_US, {}, ("group:stewards",)) for person in people)


def sections(*approvals: Approval, viewer: Caller = BOB) -> dict[str, list[str]]:
    """Ids of the inbox by section, those of empty sections left out."""
    shown = inbox(approvals, viewer, NOW_US)
    return {each.id: [entry.approval.request.id for entry in each.entries] for each in shown.sections if each.entries}


def test_the_inbox_is_sorted_by_whose_turn_it_is() -> None:
    """What the viewer can decide comes first; what they asked for or signed waits for others."""
    mine = Approval(approval_request(1))
    own = Approval(approval_request(2, caller=BOB.as_evidence(), caller_people=("bob",)))
    done = Approval(approval_request(3, alternatives=TWO), "pending", signed("bob"))
    granted = Approval(approval_request(4), "approved", signed("carol"), grant_until=NOW_US + 1)
    broken = Approval(approval_request(5), "unreviewed")
    assert sections(broken, mine, own, done, granted) == {
        "yours": [mine.request.id],
        "others": [own.request.id, done.request.id],
        "granted": [granted.request.id],
        "broken": [broken.request.id],
    }


def test_an_entry_tells_risk_waiting_and_signatures() -> None:
    """How risky, how long already, how long still, how many people are missing, and how much more there is to read."""
    approval = Approval(approval_request(alternatives=TWO, summary=("a", "b", "c", "d")))
    (entry,) = inbox([approval], BOB, NOW_US + 120_000_000).sections[0].entries
    assert (entry.risk_words, entry.waits, entry.ends) == ("High risk", "2 minutes", "8 minutes")
    assert (entry.missing, entry.summary, entry.more) == ("2 signatures missing", ("a", "b"), 2)


def test_a_change_that_waits_for_its_review_does_not_end_by_itself() -> None:
    """Unlike one that waits for a decision."""
    broken = inbox([Approval(approval_request(), "unreviewed")], BOB, NOW_US)
    pending = inbox([Approval(approval_request())], BOB, NOW_US)
    assert [entry.ends for each in broken.sections for entry in each.entries] == [""]
    assert [entry.ends for each in pending.sections for entry in each.entries] == ["10 minutes"]


def test_the_version_of_the_inbox_is_another_after_a_step_and_the_same_as_time_goes_by() -> None:
    """So that pages are disturbed by news only."""
    before, after = Approval(approval_request(alternatives=TWO)), signed("carol")
    version = inbox([before], BOB, NOW_US).version
    assert inbox([before], BOB, NOW_US + 10_000_000).version == version
    assert inbox([Approval(before.request, "pending", after)], BOB, NOW_US).version != version
    assert inbox([], BOB, NOW_US).version != version
