"""All approvals of one gateway: opened or joined, signed, taken back, reviewed, claimed once, expired; each step durable
before it counts."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import limits
from countersign.approvals.approval import Approval
from countersign.approvals.desk import Desk
from countersign.approvals.eligibility import ACTIONS, Action
from countersign.approvals.errors import (
    AlreadyDecided,
    ApprovalError,
    NotEligible,
    ReasonNeeded,
    TooManyApprovals,
    UnknownApproval,
)
from countersign.approvals.request import ApprovalRequest
from countersign.approvals.store import ApprovalEvent
from countersign.errors import EvidenceUnavailable
from countersign.identity import Caller
from countersign.strict_json import Json

if TYPE_CHECKING:
    from tests.approvals.conftest import Clock, MemoryStore

type MakeRequest = Callable[..., ApprovalRequest]
type MakeApprover = Callable[..., Caller]

SECOND = 1_000_000
HOUR = 3_600 * SECOND  # until a request expires
GRANT = 600 * SECOND  # until a grant expires
BOUND = 10  # seconds: no wait of these tests is longer


def connected() -> bool:
    """The client is there."""
    return True


async def outcomes(steps: list[Coroutine[Any, Any, Approval]]) -> tuple[list[Approval], list[BaseException]]:
    """What came of `steps` that all ran at once: those that passed, and what the others raised."""
    async with asyncio.timeout(BOUND):
        results = await asyncio.gather(*steps, return_exceptions=True)
    return (
        [result for result in results if isinstance(result, Approval)],
        [result for result in results if isinstance(result, BaseException)],
    )


async def abandon(step: Coroutine[Any, Any, Any], store: MemoryStore) -> None:
    """Cancel who waits for `step` while its append is held open, and let the append go on."""
    store.gate.clear()
    store.reached.clear()
    waiter = asyncio.ensure_future(step)
    async with asyncio.timeout(BOUND):
        await store.reached.wait()
    waiter.cancel()
    await asyncio.wait([waiter], timeout=BOUND)
    assert waiter.cancelled()
    store.gate.set()


async def granted(desk: Desk, request: ApprovalRequest, approver: Caller) -> None:
    """Open `request` and have it approved."""
    await desk.open_or_join(request)
    assert (await desk.act(request.id, approver, "approve", "")).state == "approved"


# -- open or join -----------------------------------------------------------------------------------------------------


async def test_a_request_is_durable_before_it_is_pending(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest
) -> None:
    """While the append is open nobody sees the approval; then it is there, with the event that says the same."""
    store.gate.clear()
    opening = asyncio.ensure_future(desk.open_or_join(a_request()))
    await asyncio.wait_for(store.reached.wait(), BOUND)
    assert desk.live() == ()
    store.gate.set()
    opened = await opening
    assert (opened.state, opened.request) == ("pending", a_request())
    assert desk.live() == (opened,) == (desk.get("a-1"),)
    assert store.replay() == (ApprovalEvent("requested", "a-1", clock.now, "x-1", a_request().as_json()),)


async def test_the_same_request_joins_while_it_is_pending_or_granted(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The same fingerprint under another id is the same approval; another fingerprint is another."""
    await desk.open_or_join(a_request(1))
    again = a_request(2, fingerprint="fingerprint-1")
    assert (await desk.open_or_join(again)).request.id == "a-1"
    await desk.act("a-1", an_approver(), "approve", "")
    joined = await desk.open_or_join(again)
    assert (joined.request.id, joined.state) == ("a-1", "approved")
    assert (await desk.open_or_join(a_request(3))).request.id == "a-3"
    assert store.kinds == ["requested", "approved", "requested"]


@pytest.mark.parametrize("end", ["used", "denied", "withdrawn", "revoked", "void", "expired"])
async def test_nobody_joins_an_approval_that_has_ended(
    end: str, desk: Desk, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """One approval is for one use: the same request afterwards asks anew."""
    await desk.open_or_join(a_request(1))
    match end:
        case "used":
            await desk.act("a-1", an_approver(), "approve", "")
            await desk.claim("a-1", "x-1", connected)
        case "denied":
            await desk.act("a-1", an_approver(), "deny", "")
        case "withdrawn":
            await desk.act("a-1", an_approver("ann"), "withdraw", "")
        case "revoked":
            await desk.act("a-1", an_approver(), "approve", "")
            await desk.act("a-1", an_approver(), "revoke", "wrong branch")
        case "void":
            await desk.void("a-1", "the schema has changed")
        case "expired":
            clock.now += HOUR
    later = a_request(2, fingerprint="fingerprint-1", expires_at=clock.now + 1)
    opened = await desk.open_or_join(later)
    assert (opened.request.id, opened.state) == ("a-2", "pending")
    assert desk.get("a-1").state == end


async def test_fifty_at_once_open_one_approval(desk: Desk, store: MemoryStore, a_request: MakeRequest) -> None:
    """A client that retries in parallel asks once."""
    same = [a_request(number, fingerprint="same") for number in range(50)]
    passed, failed = await outcomes([desk.open_or_join(request) for request in same])
    assert (len(passed), failed) == (50, [])
    assert len({approval.request.id for approval in passed}) == 1
    assert store.kinds == ["requested"]


async def test_there_is_room_for_so_many_and_no_more(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit a new one is refused, joining goes on, and the end of one makes room."""
    monkeypatch.setattr(limits, "MAX_LIVE_APPROVALS", 2)
    for number in (1, 2):
        await desk.open_or_join(a_request(number))
    with pytest.raises(TooManyApprovals):
        await desk.open_or_join(a_request(3))
    assert (await desk.open_or_join(a_request(9, fingerprint="fingerprint-2"))).request.id == "a-2"
    await desk.void("a-1", "no longer needed")
    assert (await desk.open_or_join(a_request(3))).state == "pending"
    assert store.kinds == ["requested", "requested", "void", "requested"]


async def test_one_caller_cannot_fill_the_inbox(
    desk: Desk, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each caller has a share; at its limit the next one of another caller is still taken."""
    monkeypatch.setattr(limits, "MAX_LIVE_APPROVALS_PER_CALLER", 1)
    first = a_request(1)
    await desk.open_or_join(first)
    with pytest.raises(TooManyApprovals, match="of this caller"):
        await desk.open_or_join(a_request(2))
    other = a_request(3, caller={**first.caller, "sub": "ci-of-another"})
    assert (await desk.open_or_join(other)).state == "pending"


@pytest.mark.parametrize(
    ("limit", "says"),
    [("MAX_LIVE_APPROVAL_BYTES", "are waiting"), ("MAX_LIVE_APPROVAL_BYTES_PER_CALLER", "of this caller")],
)
async def test_large_changes_take_more_room(
    limit: str, says: str, desk: Desk, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by what they take together, of all and of one caller; a small one still finds room."""
    large = a_request(1, after={"title": "x" * 9000})
    monkeypatch.setattr(limits, limit, large.size() + 5000)
    await desk.open_or_join(large)
    with pytest.raises(TooManyApprovals, match=says):
        await desk.open_or_join(a_request(2, after={"title": "x" * 9000}))
    assert (await desk.open_or_join(a_request(3))).state == "pending"


async def test_what_is_overdue_takes_no_room(
    desk: Desk, clock: Clock, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening ends first what is due, then counts."""
    monkeypatch.setattr(limits, "MAX_LIVE_APPROVALS", 1)
    await desk.open_or_join(a_request(1))
    clock.now += HOUR
    await desk.open_or_join(a_request(2, expires_at=clock.now + 1))
    assert [approval.request.id for approval in desk.live()] == ["a-2"]


async def test_an_event_that_cannot_follow_is_never_durable(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest
) -> None:
    """An id that is there already is refused before it is written: the log must read again at the next start."""
    await desk.open_or_join(a_request(1))
    with pytest.raises(ValueError, match="cannot follow"):
        await desk.open_or_join(a_request(1, fingerprint="another"))
    assert store.kinds == ["requested"]
    assert Desk(store, clock).live() == desk.live()


# -- act -------------------------------------------------------------------------------------------------------------


async def test_a_signature_is_recorded_with_the_token_that_gave_it(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Person, reason without blanks around it, and the approver's evidence are in the event."""
    await desk.open_or_join(a_request())
    clock.now += SECOND
    await desk.act("a-1", an_approver(), "approve", "  looks right\n")
    data: dict[str, Json] = {
        "person": "bob",
        "reason": "looks right",
        "signer": an_approver().as_evidence(),
        "signed_as": ["group:leads"],
    }
    assert store.replay()[-1] == ApprovalEvent("approved", "a-1", clock.now, None, data)
    assert desk.get("a-1").deadline == clock.now + GRANT


@pytest.mark.parametrize("quorum", [1, 3])
async def test_fifty_approvers_at_once_make_one_decision(
    quorum: int, desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Exactly as many signatures as the quorum count, and exactly one of them is the one that approves."""
    await desk.open_or_join(a_request(quorum=quorum))
    passed, failed = await outcomes([desk.act("a-1", an_approver(f"p{n}"), "approve", "") for n in range(50)])
    assert [approval.state for approval in passed].count("approved") == 1
    assert store.kinds == ["requested", *["approved"] * quorum]
    assert len(passed) == quorum
    assert {type(error) for error in failed} == {AlreadyDecided}


async def test_one_person_at_once_in_two_groups_counts_once(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Two tokens of bob, one for each group, in the same moment: one signature, one more person missing."""
    await desk.open_or_join(a_request(quorum=2, approvers=("group:leads", "group:owners")))
    tokens = [an_approver("bob", groups=[group], subject=group) for group in ("leads", "owners")]
    passed, failed = await outcomes([desk.act("a-1", token, "approve", "") for token in tokens])
    assert (len(passed), [type(error) for error in failed]) == (1, [AlreadyDecided])
    assert (desk.get("a-1").state, desk.get("a-1").missing) == ("pending", 1)
    assert (await desk.act("a-1", an_approver("carol"), "approve", "")).state == "approved"


@pytest.mark.parametrize("verdicts", [("approve", "deny"), ("deny", "approve")])
async def test_yes_and_no_at_once_is_one_of_them(
    verdicts: tuple[Literal["approve", "deny"], ...],
    desk: Desk,
    store: MemoryStore,
    a_request: MakeRequest,
    an_approver: MakeApprover,
) -> None:
    """Two people who disagree in the same moment: the first one written stands, the other is told."""
    await desk.open_or_join(a_request())
    people = zip(("bob", "carol"), verdicts, strict=True)
    passed, failed = await outcomes([desk.act("a-1", an_approver(name), verdict, "") for name, verdict in people])
    assert (len(passed), [type(error) for error in failed]) == (1, [AlreadyDecided])
    assert passed == [desk.get("a-1")]
    assert len(store.kinds) == 2


async def test_who_may_not_sign_leaves_no_trace_in_the_state(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Refused signatures record nothing; the right person with a reason passes."""
    await desk.open_or_join(a_request(reason=("approve",)))
    for approver, error in (
        (an_approver("ann"), NotEligible),
        (an_approver(None), NotEligible),
        (an_approver("dan", groups=[]), NotEligible),
        (an_approver("bob"), ReasonNeeded),
    ):
        with pytest.raises(error):
            await desk.act("a-1", approver, "approve", " ")
    assert store.kinds == ["requested"]
    assert (await desk.act("a-1", an_approver("bob"), "approve", "because")).state == "approved"


async def test_an_approval_that_is_not_there_cannot_be_acted_on(desk: Desk, an_approver: MakeApprover) -> None:
    """Every way in says so, and keeps nothing of the unknown id."""
    for act in (
        desk.act("a-9", an_approver(), "approve", ""),
        desk.claim("a-9", "x-1", connected),
        desk.wait_until_decided("a-9"),
    ):
        with pytest.raises(UnknownApproval, match="a-9"):
            await act
    with pytest.raises(UnknownApproval):
        desk.get("a-9")


# -- time -------------------------------------------------------------------------------------------------------------


async def test_a_signature_counts_until_the_deadline_and_not_at_it(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """One microsecond before is in time; at the deadline the approval has expired, and the log says so."""
    for number in (1, 2):
        await desk.open_or_join(a_request(number))
    clock.now += HOUR - 1
    assert (await desk.act("a-1", an_approver(), "approve", "")).state == "approved"
    clock.now += 1
    with pytest.raises(AlreadyDecided, match="expired already: nobody decided in time"):
        await desk.act("a-2", an_approver(), "approve", "")
    assert store.kinds[-1] == "expired"


async def test_a_grant_can_be_used_until_its_end_and_not_at_it(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The grant runs from the signature, past the request's own deadline; at its end it is gone."""
    for number in (1, 2):
        await desk.open_or_join(a_request(number))
    clock.now += HOUR - 1
    for number in (1, 2):
        await desk.act(f"a-{number}", an_approver(), "approve", "")
    clock.now += GRANT - 1
    assert (await desk.claim("a-1", "x-1", connected)).state == "used"
    clock.now += 1
    with pytest.raises(AlreadyDecided, match="expired"):
        await desk.claim("a-2", "x-2", connected)
    assert desk.get("a-2").why == "the grant was not used in time"
    assert store.kinds[-2:] == ["used", "expired"]


async def test_a_decision_that_waited_past_the_deadline_comes_too_late(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """carol was in time, but bob's signature took until after the deadline: hers does not count."""
    await desk.open_or_join(a_request(quorum=2))
    store.gate.clear()
    store.reached.clear()
    first = asyncio.ensure_future(desk.act("a-1", an_approver("bob"), "approve", ""))
    await asyncio.wait_for(store.reached.wait(), BOUND)
    second = asyncio.ensure_future(desk.act("a-1", an_approver("carol"), "approve", ""))
    await asyncio.sleep(0)
    clock.now += HOUR
    store.gate.set()
    assert (await first).state == "pending"
    with pytest.raises(AlreadyDecided, match="expired"):
        await second
    assert store.kinds == ["requested", "approved", "expired"]


async def test_only_what_is_due_expires_and_only_once(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest
) -> None:
    """Asked fifty times in the moment it is due: one event, and the younger one stays."""
    await desk.open_or_join(a_request(1))
    await desk.open_or_join(a_request(2, expires_at=clock.now + HOUR + 1))
    clock.now += HOUR - 1
    await desk.expire_due()
    assert store.kinds == ["requested", "requested"]
    clock.now += 1
    async with asyncio.timeout(BOUND):
        await asyncio.gather(*(desk.expire_due() for _ in range(50)))
    assert store.kinds == ["requested", "requested", "expired"]
    assert [approval.request.id for approval in desk.live()] == ["a-2"]


# -- claim ------------------------------------------------------------------------------------------------------------


async def test_fifty_at_once_use_a_grant_once(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Exactly one wins, and the event names its exchange."""
    await granted(desk, a_request(), an_approver())
    passed, failed = await outcomes([desk.claim("a-1", f"x-{n}", connected) for n in range(50)])
    assert [approval.state for approval in passed] == ["used"]
    assert {type(error) for error in failed} == {AlreadyDecided}
    assert len(failed) == 49
    assert store.kinds == ["requested", "approved", "used"]
    assert store.replay()[-1].exchange in {f"x-{n}" for n in range(50)}


async def test_a_client_that_has_gone_does_not_use_the_grant_up(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Without its client the claim fails and the grant stays; the next try, with a client, has it."""
    await granted(desk, a_request(), an_approver())
    with pytest.raises(AlreadyDecided, match="gone"):
        await desk.claim("a-1", "x-1", lambda: False)
    assert (desk.get("a-1").state, store.kinds) == ("approved", ["requested", "approved"])
    assert (await desk.claim("a-1", "x-2", connected)).state == "used"


async def test_only_what_is_granted_can_be_used(desk: Desk, a_request: MakeRequest, an_approver: MakeApprover) -> None:
    """Pending, with one of two signatures, or denied: not open to be used."""
    await desk.open_or_join(a_request(quorum=2))
    for sign, state in ((None, "pending"), ("approve", "pending"), ("deny", "denied")):
        if sign is not None:
            await desk.act("a-1", an_approver(sign), sign, "")  # type: ignore[arg-type]
        with pytest.raises(AlreadyDecided, match=f"{state}, not open"):
            await desk.claim("a-1", "x-1", connected)


# -- withdraw, revoke ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_granted", [False, True])
async def test_the_one_who_asked_withdraws(
    is_granted: bool,
    desk: Desk,
    store: MemoryStore,
    clock: Clock,
    a_request: MakeRequest,
    an_approver: MakeApprover,
) -> None:
    """ann, with a token of her own, pending or granted; bob cannot; what is withdrawn cannot be signed or used."""
    await desk.open_or_join(a_request())
    if is_granted:
        await desk.act("a-1", an_approver(), "approve", "")
    with pytest.raises(NotEligible, match="only the one who asked"):
        await desk.act("a-1", an_approver(), "withdraw", "")
    ann = an_approver("ann", groups=())
    ended = await desk.act("a-1", ann, "withdraw", " wrong branch ")
    assert (ended.state, ended.why, desk.live()) == ("withdrawn", "by ann: wrong branch", ())
    data: dict[str, Json] = {"person": "ann", "reason": "wrong branch", "signer": ann.as_evidence(), "signed_as": []}
    assert store.replay()[-1] == ApprovalEvent("withdrawn", "a-1", clock.now, None, data)
    with pytest.raises(AlreadyDecided, match="withdrawn already: by ann: wrong branch"):
        await desk.act("a-1", an_approver("carol"), "approve", "")
    with pytest.raises(AlreadyDecided, match="withdrawn, not open"):
        await desk.claim("a-1", "x-1", connected)


async def test_an_approver_revokes_before_use_and_not_after(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """carol, who did not sign, takes back what bob granted, with a reason; what was used is used."""
    for number in (1, 2):
        await granted(desk, a_request(number), an_approver("bob"))
    await desk.claim("a-2", "x-2", connected)
    with pytest.raises(ReasonNeeded):
        await desk.act("a-1", an_approver("carol"), "revoke", "")
    assert (await desk.act("a-1", an_approver("carol"), "revoke", "freeze")).state == "revoked"
    with pytest.raises(AlreadyDecided, match="revoked, not open"):
        await desk.claim("a-1", "x-1", connected)
    with pytest.raises(AlreadyDecided, match="used already"):
        await desk.act("a-2", an_approver("carol"), "revoke", "freeze")
    assert store.kinds.count("revoked") == 1


async def test_what_was_revoked_is_not_approved_again(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Neither by others nor by who revoked it; the same request asks anew, and needs all of its signatures again."""
    await desk.open_or_join(a_request(quorum=2))
    await desk.act("a-1", an_approver("bob"), "approve", "")
    with pytest.raises(NotEligible, match="deny it instead"):
        await desk.act("a-1", an_approver("carol"), "revoke", "mine is not there")
    await desk.act("a-1", an_approver("bob"), "revoke", "I misread it")
    for person in ("bob", "carol"):
        with pytest.raises(AlreadyDecided, match="revoked already"):
            await desk.act("a-1", an_approver(person), "approve", "")
    again = await desk.open_or_join(a_request(2, quorum=2, fingerprint="fingerprint-1"))
    assert (again.request.id, again.missing) == ("a-2", 2)


async def test_an_end_by_time_comes_before_one_by_a_person(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """At its deadline a grant has expired, whoever would revoke or withdraw it then."""
    for number in (1, 2):
        await granted(desk, a_request(number), an_approver())
    clock.now += GRANT
    for name, person, action in (("a-1", "bob", "revoke"), ("a-2", "ann", "withdraw")):
        with pytest.raises(AlreadyDecided, match="expired already"):
            await desk.act(name, an_approver(person), action, "late")  # type: ignore[arg-type]
    assert store.kinds[-2:] == ["expired", "expired"]


@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_fifty_at_once_use_or_take_back_and_never_both(
    order: Random,
    fresh: Callable[[], tuple[MemoryStore, Clock, Desk]],
    a_request: MakeRequest,
    an_approver: MakeApprover,
) -> None:
    """People approve, deny, revoke and withdraw while requests claim: at most one use, and exactly one end."""

    async def race() -> None:
        store, clock, desk = fresh()
        await granted(desk, a_request(1), an_approver("p0"))
        await desk.open_or_join(a_request(2))
        steps: list[Coroutine[Any, Any, Approval]] = []
        for name in ("a-1", "a-2"):
            steps += [desk.claim(name, f"x-{number}", connected) for number in range(10)]
            steps += [desk.act(name, an_approver("ann"), "withdraw", "") for _ in range(2)]
            for number in range(4):
                actions: tuple[Action, ...] = ("approve", "deny", "revoke")
                steps += [desk.act(name, an_approver(f"p{number}"), action, "because") for action in actions]
        assert len(steps) >= 48
        order.shuffle(steps)
        await outcomes(steps)
        ends = {"denied", "withdrawn", "revoked", "used"}
        for name in ("a-1", "a-2"):
            kinds = [event.kind for event in store.replay() if event.approval == name]
            assert len(ends.intersection(kinds)) == 1
            assert kinds.count("approved") <= 1
            assert kinds[-1] in ends
            assert desk.get(name).state == kinds[-1]
            assert Desk(store, clock).get(name) == desk.get(name)

    asyncio.run(race())


# -- what passed in another way ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_granted", [False, True], ids=["pending", "granted"])
async def test_what_passed_without_it_ends_an_approval(
    is_granted: bool, desk: Desk, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The live one of exactly this request, with the reason; none where there is none."""
    await desk.open_or_join(a_request(1))
    await desk.open_or_join(a_request(2))
    if is_granted:
        await desk.act("a-1", an_approver(), "approve", "")
    for _ in range(2):
        await desk.void_for("fingerprint-1", "it has passed")
    assert (desk.get("a-1").state, desk.get("a-1").why) == ("void", "it has passed")
    assert desk.get("a-2").state == "pending"


# -- break-glass --------------------------------------------------------------------------------------------------------


async def test_what_breaks_the_glass_is_open_until_somebody_else_has_reviewed_it(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Recorded as what was asked; no time, rule or asker ends it; the requester cannot review it, another person does."""
    request = a_request(justification="production is down")
    broken = await desk.break_glass(request)
    assert (broken.state, broken.request, desk.unreviewed(), desk.live()) == ("unreviewed", request, (broken,), ())
    assert store.replay() == (ApprovalEvent("break-glass", "a-1", clock.now, "x-1", request.as_json()),)
    clock.now += 1000 * HOUR
    await desk.expire_due()
    await desk.void_outdated("rules-2")
    await desk.void("a-1", "so")
    for person, action, error in (
        ("ann", "accept", NotEligible),
        ("ann", "withdraw", AlreadyDecided),
        ("bob", "approve", AlreadyDecided),
        ("bob", "revoke", AlreadyDecided),
        ("bob", "object", ReasonNeeded),
    ):
        with pytest.raises(error):
            await desk.act("a-1", an_approver(person), action, "")  # type: ignore[arg-type]
    with pytest.raises(AlreadyDecided, match="unreviewed, not open"):
        await desk.claim("a-1", "x-1", connected)
    assert desk.unreviewed() == (broken,) == Desk(store, clock).unreviewed()
    reviewed = await desk.act("a-1", an_approver("bob"), "object", "it could have waited")
    assert (reviewed.state, reviewed.why, desk.unreviewed()) == ("reviewed", "it could have waited", ())
    assert store.kinds == ["break-glass", "reviewed"]
    assert Desk(store, clock).get("a-1") == reviewed


async def test_fifty_reviewers_at_once_make_one_review(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """One of them accepts or objects; the rest are told that it is reviewed."""
    await desk.break_glass(a_request())
    verdicts: tuple[Action, ...] = ("accept", "object")
    steps = [desk.act("a-1", an_approver(f"p{n}"), verdicts[n % 2], "because") for n in range(50)]
    passed, failed = await outcomes(steps)
    assert (len(passed), {type(error) for error in failed}) == (1, {AlreadyDecided})
    assert store.kinds == ["break-glass", "reviewed"]


async def test_each_use_of_break_glass_is_reviewed_by_itself(
    desk: Desk, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The same request twice is two of them; neither joins nor ends the approval that was asked for before."""
    await desk.open_or_join(a_request(1))
    for number in (2, 3):
        await desk.break_glass(a_request(number, fingerprint="fingerprint-1"))
    assert [approval.request.id for approval in desk.unreviewed()] == ["a-2", "a-3"]
    await desk.act("a-2", an_approver(), "accept", "")
    assert [approval.request.id for approval in desk.unreviewed()] == ["a-3"]
    assert (await desk.open_or_join(a_request(4, fingerprint="fingerprint-1"))).request.id == "a-1"


async def test_too_many_open_reviews_break_no_more_glass(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit the next is refused, also when they come at once; a review makes room; ordinary ones are still asked."""
    monkeypatch.setattr(limits, "MAX_OPEN_REVIEWS", 2)
    passed, failed = await outcomes([desk.break_glass(a_request(number)) for number in (1, 2, 3)])
    assert (len(passed), [type(error) for error in failed]) == (2, [TooManyApprovals])
    assert (await desk.open_or_join(a_request(4))).state == "pending"
    await desk.act("a-1", an_approver(), "accept", "")
    assert (await desk.break_glass(a_request(5))).state == "unreviewed"
    assert store.kinds.count("break-glass") == 3


# -- void -------------------------------------------------------------------------------------------------------------


async def test_void_ends_a_pending_and_a_granted_approval_and_no_other(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Void says why; what had ended before keeps its own end."""
    await desk.open_or_join(a_request(1))
    await granted(desk, a_request(2), an_approver())
    await granted(desk, a_request(3), an_approver())
    await desk.claim("a-3", "x-3", connected)
    for number in (1, 2, 3, 9):
        await desk.void(f"a-{number}", "the schema has changed")
    assert [desk.get(f"a-{number}").state for number in (1, 2, 3)] == ["void", "void", "used"]
    assert desk.get("a-2").why == "the schema has changed"
    assert store.kinds.count("void") == 2
    with pytest.raises(AlreadyDecided, match="void"):
        await desk.claim("a-2", "x-2", connected)


async def test_new_rules_end_what_was_asked_for_under_others(
    desk: Desk, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Pending and granted ones of other rules are void; those of the rules in force stay."""
    await desk.open_or_join(a_request(1))
    await granted(desk, a_request(2), an_approver())
    await desk.open_or_join(a_request(3, rules="rules-2"))
    await desk.void_outdated("rules-2")
    assert [desk.get(f"a-{number}").state for number in (1, 2, 3)] == ["void", "void", "pending"]
    assert "rules have changed" in desk.get("a-1").why


# -- a store that fails, a waiter that goes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step", ["open", "sign", "deny", "revoke", "withdraw", "claim", "void", "expire", "break", "accept"]
)
async def test_what_could_not_be_recorded_did_not_happen(
    step: str, desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """A store that fails leaves every approval as it was; once it works the same step passes."""
    await granted(desk, a_request(1), an_approver())
    await desk.open_or_join(a_request(2))
    await desk.break_glass(a_request(4))
    clock.now += HOUR if step == "expire" else 0
    steps: dict[str, Callable[[], Awaitable[Any]]] = {
        "open": lambda: desk.open_or_join(a_request(3)),
        "sign": lambda: desk.act("a-2", an_approver(), "approve", ""),
        "deny": lambda: desk.act("a-2", an_approver(), "deny", ""),
        "revoke": lambda: desk.act("a-1", an_approver(), "revoke", "wrong branch"),
        "withdraw": lambda: desk.act("a-1", an_approver("ann"), "withdraw", ""),
        "break": lambda: desk.break_glass(a_request(3)),
        "accept": lambda: desk.act("a-4", an_approver(), "accept", ""),
        "claim": lambda: desk.claim("a-1", "x-1", connected),
        "void": lambda: desk.void("a-2", "so"),
        "expire": desk.expire_due,
    }
    before, kinds = (desk.live(), desk.unreviewed(), desk.revision), store.kinds
    store.is_broken = True
    with pytest.raises(EvidenceUnavailable):
        await steps[step]()
    assert ((desk.live(), desk.unreviewed(), desk.revision), store.kinds) == (before, kinds)
    store.is_broken = False
    await steps[step]()
    assert (desk.live(), desk.unreviewed()) != before[:2]
    assert (Desk(store, clock).live(), Desk(store, clock).unreviewed()) == (desk.live(), desk.unreviewed())


@pytest.mark.parametrize("end", ["deny", "revoke", "withdraw", "void", "expire"])
@pytest.mark.parametrize("is_late", [True, False])
async def test_an_end_that_may_be_durable_is_not_skipped(
    end: str,
    is_late: bool,
    desk: Desk,
    store: MemoryStore,
    clock: Clock,
    a_request: MakeRequest,
    an_approver: MakeApprover,
) -> None:
    """Told that the end could not be recorded, while the log may hold it: the grant is not used; the request asks anew."""
    await desk.open_or_join(a_request(expires_at=clock.now + HOUR))
    bob, clock_before = an_approver(), clock.now
    if end != "deny":
        await desk.act("a-1", bob, "approve", "")
    steps: dict[str, Callable[[], Awaitable[Any]]] = {
        "deny": lambda: desk.act("a-1", an_approver("carol"), "deny", ""),
        "revoke": lambda: desk.act("a-1", bob, "revoke", "wrong branch"),
        "withdraw": lambda: desk.act("a-1", an_approver("ann"), "withdraw", ""),
        "void": lambda: desk.void("a-1", "the schema has changed"),
        "expire": desk.expire_due,
    }
    clock.now += GRANT if end == "expire" else 0
    store.is_late, store.is_broken = is_late, not is_late
    with pytest.raises(EvidenceUnavailable):
        await steps[end]()
    with pytest.raises(EvidenceUnavailable):
        await desk.claim("a-1", "x-1", connected)  # nor while nothing can be recorded
    store.is_late = store.is_broken = False
    clock.now = clock_before
    if end == "deny":
        await desk.act("a-1", bob, "approve", "")
    with pytest.raises(AlreadyDecided, match="void, not open"):
        await desk.claim("a-1", "x-1", connected)
    assert "used" not in store.kinds
    assert (await desk.open_or_join(a_request(2, fingerprint="fingerprint-1"))).request.id == "a-2"
    assert Desk(store, clock).live() == desk.live()


async def test_an_end_that_failed_can_be_taken_again(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The second try of a revocation is the end, in the name of who revoked it, and a claim is told so."""
    await granted(desk, a_request(), an_approver())
    store.is_broken = True
    with pytest.raises(EvidenceUnavailable):
        await desk.act("a-1", an_approver(), "revoke", "wrong branch")
    store.is_broken = False
    assert (await desk.act("a-1", an_approver(), "revoke", "wrong branch")).why == "by bob: wrong branch"
    with pytest.raises(AlreadyDecided, match="revoked, not open"):
        await desk.claim("a-1", "x-1", connected)


async def test_a_signature_that_may_be_durable_is_no_end(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """A late yes does not count here; the next one does, and is used."""
    await desk.open_or_join(a_request(quorum=2))
    store.is_late = True
    with pytest.raises(EvidenceUnavailable):
        await desk.act("a-1", an_approver("bob"), "approve", "")
    store.is_late = False
    assert (await desk.act("a-1", an_approver("carol"), "approve", "")).state == "pending"
    assert (await desk.act("a-1", an_approver("bob"), "approve", "")).state == "approved"
    assert (await desk.claim("a-1", "x-1", connected)).state == "used"


@pytest.mark.parametrize("step", ["open", "sign", "claim", "void", "revoke", "withdraw", "break"])
async def test_a_step_that_is_durable_counts_though_nobody_waits_for_it(
    step: str, desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The one who asked is cancelled while the append is open: the state still becomes what the log says."""
    await granted(desk, a_request(1), an_approver())
    await desk.open_or_join(a_request(2))
    steps: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "open": lambda: desk.open_or_join(a_request(3)),
        "sign": lambda: desk.act("a-2", an_approver(), "approve", ""),
        "claim": lambda: desk.claim("a-1", "x-1", connected),
        "void": lambda: desk.void("a-2", "so"),
        "revoke": lambda: desk.act("a-1", an_approver(), "revoke", "wrong branch"),
        "withdraw": lambda: desk.act("a-2", an_approver("ann"), "withdraw", ""),
        "break": lambda: desk.break_glass(a_request(3)),
    }
    before = desk.live(), desk.unreviewed()
    changed = asyncio.ensure_future(desk.wait_for_change(desk.revision))
    await asyncio.sleep(0)
    await abandon(steps[step](), store)
    await asyncio.wait_for(changed, BOUND)
    again = Desk(store, clock)
    assert (desk.live(), desk.unreviewed()) != before
    assert (desk.live(), desk.unreviewed()) == (again.live(), again.unreviewed())


async def test_a_step_without_a_waiter_is_not_garbage(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio keeps tasks weakly: a step whose waiter has gone, and whose store holds nothing of it, still ends."""
    durable: list[ref[asyncio.Future[None]]] = []

    def wait() -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.append(ref(future))
        return future

    monkeypatch.setattr(store.gate, "wait", wait)
    changed = asyncio.ensure_future(desk.wait_for_change(desk.revision))
    await abandon(desk.open_or_join(a_request()), store)
    gc.collect()
    (remembered,) = durable
    future = remembered()
    assert future is not None
    future.set_result(None)
    await asyncio.wait_for(changed, BOUND)
    assert desk.get("a-1").state == "pending"


# -- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ("approve", "approved"),
        ("deny", "denied"),
        ("withdraw", "withdrawn"),
        ("revoke", "revoked"),
        ("void", "void"),
        ("", "expired"),
    ],
)
async def test_all_who_wait_are_told_the_decision(
    end: str, state: str, desk: Desk, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The first of two signatures wakes nobody; the decision wakes all but the one who went, each way it can end."""
    await desk.open_or_join(a_request(quorum=2))
    waiting = [asyncio.ensure_future(desk.wait_until_decided("a-1")) for _ in range(3)]
    await desk.act("a-1", an_approver("bob"), "approve", "")
    assert not any(waiter.done() for waiter in waiting)
    waiting.pop().cancel()
    await asyncio.sleep(0)
    match end:
        case "approve" | "deny":
            await desk.act("a-1", an_approver("carol"), end, "")
        case "withdraw":
            await desk.act("a-1", an_approver("ann"), end, "")
        case "revoke":
            await desk.act("a-1", an_approver("bob"), end, "wrong branch")
        case "void":
            await desk.void("a-1", "so")
        case _:
            clock.now += HOUR
            await desk.expire_due()
    told = await asyncio.wait_for(asyncio.gather(*waiting), BOUND)
    assert [approval.state for approval in told] == [state, state]
    assert await asyncio.wait_for(desk.wait_until_decided("a-1"), BOUND) == desk.get("a-1")


async def test_a_step_that_failed_wakes_nobody(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """A held request is not released by a signature that could not be recorded; by the next one, it is."""
    await desk.open_or_join(a_request())
    waiting = asyncio.ensure_future(desk.wait_until_decided("a-1"))
    await asyncio.sleep(0)
    store.is_broken = True
    with pytest.raises(EvidenceUnavailable):
        await desk.act("a-1", an_approver(), "approve", "")
    assert not waiting.done()
    store.is_broken = False
    await desk.act("a-1", an_approver(), "approve", "")
    assert (await asyncio.wait_for(waiting, BOUND)).state == "approved"


async def test_a_change_is_seen_also_by_who_asks_late(
    desk: Desk, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The revision counts steps: who has not seen the newest is answered at once, who has waits for the next."""
    seen = desk.revision
    await granted(desk, a_request(), an_approver())
    assert await asyncio.wait_for(desk.wait_for_change(seen), BOUND) == seen + 2 == desk.revision
    waiting = [asyncio.ensure_future(desk.wait_for_change(desk.revision)) for _ in range(50)]
    await asyncio.sleep(0)
    assert not any(waiter.done() for waiter in waiting)
    await desk.claim("a-1", "x-1", connected)
    assert await asyncio.wait_for(asyncio.gather(*waiting), BOUND) == [seen + 3] * 50


async def test_listeners_are_told_what_is_durable_in_order(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """After the event is in the store, with the approval as it then was; nothing is told of a step that failed."""
    told: list[tuple[str, str, list[str]]] = []
    all_told = asyncio.Event()

    def listener(event: ApprovalEvent, approval: Approval) -> None:
        told.append((event.kind, approval.state, store.kinds))
        if event.kind == "reviewed":
            all_told.set()

    desk.tell(listener)
    store.gate.clear()
    opening = asyncio.ensure_future(desk.open_or_join(a_request(1)))
    await asyncio.wait_for(store.reached.wait(), BOUND)
    await asyncio.sleep(0)
    assert told == []
    store.gate.set()
    await opening
    store.is_broken = True
    with pytest.raises(EvidenceUnavailable):
        await desk.act("a-1", an_approver(), "approve", "")
    store.is_broken = False
    await desk.act("a-1", an_approver(), "approve", "")
    await desk.break_glass(a_request(2))
    await desk.act("a-2", an_approver(), "accept", "")
    await asyncio.wait_for(all_told.wait(), BOUND)
    steps = [
        ("requested", "pending"),
        ("approved", "approved"),
        ("break-glass", "unreviewed"),
        ("reviewed", "reviewed"),
    ]
    assert [(kind, state) for kind, state, _ in told] == steps
    assert all(kind in durable for kind, _, durable in told)


async def test_a_listener_that_raises_harms_nobody(
    desk: Desk, store: MemoryStore, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """The step counts, the others are told, and the loop hears of the error."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    errors: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))

    def bad(event: ApprovalEvent, approval: Approval) -> None:
        raise RuntimeError("no network")

    desk.tell(bad)
    desk.tell(lambda event, approval: told.set() if event.kind == "used" else None)
    await granted(desk, a_request(), an_approver())
    assert (await desk.claim("a-1", "x-1", connected)).state == "used"
    await asyncio.wait_for(told.wait(), BOUND)
    assert store.kinds == ["requested", "approved", "used"]
    assert [str(error) for error in errors] == ["no network"] * 3


# -- memory -----------------------------------------------------------------------------------------------------------


async def test_the_newest_ends_are_kept_for_those_who_ask(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended first is forgotten first, however old the request; live ones never; and it is so after a restart."""
    monkeypatch.setattr(limits, "MAX_ENDED_APPROVALS_KEPT", 2)
    for number in (1, 2, 3, 4):
        await desk.open_or_join(a_request(number))
    waiting = asyncio.ensure_future(desk.wait_until_decided("a-2"))
    await asyncio.sleep(0)
    for number in (2, 3, 1):
        await desk.void(f"a-{number}", "so")
    assert (await asyncio.wait_for(waiting, BOUND)).state == "void"
    for one in (desk, Desk(store, clock)):
        with pytest.raises(UnknownApproval):
            one.get("a-2")
        assert [one.get(f"a-{number}").state for number in (3, 1, 4)] == ["void", "void", "pending"]


async def test_the_history_of_a_subject_has_every_end(
    desk: Desk, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Pending, ended and unreviewed ones of this subject, oldest first; none of another."""
    await desk.open_or_join(a_request(1))
    await desk.open_or_join(a_request(2, subject="payments-value"))
    await desk.act("a-1", an_approver(), "deny", "")
    await desk.break_glass(a_request(3))
    await desk.open_or_join(a_request(4))
    states = [(approval.request.id, approval.state) for approval in desk.about("prod", "orders-value")]
    assert states == [("a-1", "denied"), ("a-3", "unreviewed"), ("a-4", "pending")]


# -- restart ----------------------------------------------------------------------------------------------------------


async def test_a_restart_changes_nothing(
    desk: Desk, store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Another desk over the same store: the same pending, half-signed, granted and ended ones, and each can go on."""
    await desk.open_or_join(a_request(1, quorum=2))
    await desk.act("a-1", an_approver("bob"), "approve", "")
    await granted(desk, a_request(2), an_approver())
    await granted(desk, a_request(3), an_approver())
    await desk.claim("a-3", "x-3", connected)
    again = Desk(store, clock)
    assert again.live() == desk.live()
    assert [again.get(f"a-{number}") for number in (1, 2, 3)] == [desk.get(f"a-{number}") for number in (1, 2, 3)]
    assert (await again.open_or_join(a_request(7, fingerprint="fingerprint-2"))).request.id == "a-2"
    assert (await again.claim("a-2", "x-7", connected)).state == "used"
    with pytest.raises(AlreadyDecided, match="bob has signed"):
        await again.act("a-1", an_approver("bob"), "approve", "")
    assert (await again.act("a-1", an_approver("carol"), "approve", "")).state == "approved"
    with pytest.raises(AlreadyDecided, match="used"):
        await again.claim("a-3", "x-8", connected)


async def test_a_request_from_before_0_2_is_signed_and_used_after_the_upgrade(
    store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """Old records have a quorum and approvers, and signatures do not say as what: the one of two still counts."""
    data = a_request().as_json()
    for name in ("alternatives", "access", "justification", "counterexamples"):
        del data[name]
    data |= {"quorum": 2, "approvers": ["group:leads", "person:carol"]}
    await store.append(ApprovalEvent("requested", "a-1", clock.now, "x-1", data))
    signed: dict[str, Json] = {"person": "bob", "reason": "", "signer": an_approver().as_evidence()}
    await store.append(ApprovalEvent("approved", "a-1", clock.now, None, signed))
    desk = Desk(store, clock)
    assert desk.get("a-1").missing == 1
    with pytest.raises(AlreadyDecided, match="bob has signed"):
        await desk.act("a-1", an_approver("bob"), "approve", "")
    assert (await desk.act("a-1", an_approver("carol", groups=()), "approve", "")).state == "approved"
    assert (await desk.claim("a-1", "x-2", connected)).state == "used"


async def test_a_log_that_cannot_be_does_not_start(store: MemoryStore, clock: Clock, an_approver: MakeApprover) -> None:
    """A use without a request is no log of ours: the desk refuses to be made."""
    await store.append(ApprovalEvent("used", "a-1", clock.now, "x-1", {}))
    with pytest.raises(ValueError, match="starts with `requested`"):
        Desk(store, clock)


moves = st.tuples(
    st.sampled_from([*ACTIONS, "open", "glass", "claim", "void", "wait", "break", "mend"]),
    st.integers(1, 3),
    st.sampled_from(["ann", "bob", "carol", "dan"]),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(moves, max_size=14), quorum=st.integers(1, 2))
def test_whatever_happens_the_log_tells_the_same_story(
    steps: list[tuple[str, int, str]],
    quorum: int,
    fresh: Callable[[], tuple[MemoryStore, Clock, Desk]],
    a_request: MakeRequest,
    an_approver: MakeApprover,
) -> None:
    """After any steps, some of them refused or failed, a desk made from the log equals the one that took them."""

    async def take() -> None:
        store, clock, desk = fresh()
        for number, (move, which, person) in enumerate(steps):
            fingerprint, signer = f"fingerprint-{which}", an_approver(person)
            request = a_request(number, fingerprint=fingerprint, quorum=quorum, expires_at=clock.now + HOUR)
            open_ones = desk.unreviewed() if move in ("accept", "object") else desk.live()
            target = open_ones[which % len(open_ones)].request.id if open_ones else "a-0"
            try:
                match move:
                    case "open":
                        await desk.open_or_join(request)
                    case "glass":
                        await desk.break_glass(request)
                    case "claim":
                        await desk.claim(target, f"x-{number}", connected)
                    case "void":
                        await desk.void(target, "so")
                    case "wait":
                        clock.now += HOUR // 3
                        await desk.expire_due()
                    case "break" | "mend":
                        store.is_broken = move == "break"
                    case _:
                        await desk.act(target, signer, move, "because")  # type: ignore[arg-type]
            except (ApprovalError, EvidenceUnavailable):
                pass
            again = Desk(store, clock)
            assert (again.live(), again.unreviewed()) == (desk.live(), desk.unreviewed())
            assert len({approval.request.fingerprint for approval in desk.live()}) == len(desk.live())
            opened = {event.approval for event in store.replay()}
            assert [again.get(one) for one in sorted(opened)] == [desk.get(one) for one in sorted(opened)]

    asyncio.run(take())


async def test_what_people_and_services_say_is_kept_without_secrets(
    store: MemoryStore, clock: Clock, a_request: MakeRequest, an_approver: MakeApprover
) -> None:
    """A reason and a why, whoever gives them and wherever from: here they all come by."""
    desk = Desk(store, clock, lambda text: text.replace("hunter2", "[masked]"))
    first = await desk.open_or_join(a_request(1))
    second = await desk.open_or_join(a_request(2))
    denied = await desk.act(first.request.id, an_approver("bob"), "deny", "it has hunter2 in it")
    await desk.void(second.request.id, "the service says hunter2")
    assert denied.signatures[-1].reason == "it has [masked] in it"
    assert desk.get(second.request.id).why == "the service says [masked]"
    assert "hunter2" not in str(store.replay())
    assert Desk(store, clock).get(first.request.id).signatures[-1].reason == "it has [masked] in it"
