"""The seam to what keeps approval events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, get_args

import pytest

from countersign.approvals.approval import FINAL, LIVE, State
from countersign.approvals.store import ApprovalEvent, ApprovalStore, EventKind
from countersign.errors import EvidenceUnavailable

if TYPE_CHECKING:
    from tests.approvals.conftest import MemoryStore

type MakeEvent = Callable[..., ApprovalEvent]


def test_an_event_cannot_be_rewritten(an_event: MakeEvent) -> None:
    """What happened stays as it happened."""
    event = an_event("void")
    with pytest.raises(FrozenInstanceError):
        event.kind = "used"  # type: ignore[misc]
    assert event.kind == "void"


def test_every_state_has_the_event_that_leads_to_it() -> None:
    """An event names the state it leads to; only `pending` and `unreviewed` begin with an event of another name."""
    assert set(get_args(EventKind)) - {"requested", "break-glass"} == set(get_args(State)) - {"pending", "unreviewed"}
    assert set(get_args(State)) - FINAL == {*LIVE, "unreviewed"}
    assert {"pending", "approved"} == LIVE


async def test_a_store_keeps_order_and_forgets_what_it_refused(store: MemoryStore, an_event: MakeEvent) -> None:
    """The store of these tests keeps the contract: in order, all or nothing, values as JSON gives them back."""
    seam: ApprovalStore = store
    await seam.append(an_event("requested"))
    store.is_broken = True
    with pytest.raises(EvidenceUnavailable):
        await seam.append(an_event("denied"))
    store.is_broken = False
    await seam.append(an_event("approved"))
    assert list(seam.replay()) == [an_event("requested"), an_event("approved")]
