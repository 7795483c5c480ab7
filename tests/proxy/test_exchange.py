"""One request and what each step found out about it."""

from __future__ import annotations

import json

import pytest
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error
from mitmproxy.test import tflow

from countersign.proxy.exchange import Exchange, begin, exchange_of, is_waited_for, refuse
from countersign.proxy.refusal import Refusal
from tests.proxy.values import caller


def test_a_part_is_empty_until_its_step_has_run() -> None:
    """Nothing is known and nothing has happened at the beginning."""
    exchange = Exchange("e1", 1, "plain")
    assert exchange.caller is None
    assert exchange.clearance is None
    assert exchange.intended is False
    assert exchange.forwarded is False
    assert not exchange.is_refused


def test_a_part_is_written_once() -> None:
    """A later step cannot put another caller in the place of the one that was verified."""
    exchange = Exchange("e1", 1, "plain")
    exchange.caller = caller()
    with pytest.raises(AttributeError, match="caller is written already"):
        exchange.caller = caller(subject="somebody-else")
    assert exchange.caller.subject == "sub-alice"


def test_an_unknown_part_is_an_error() -> None:
    """A misspelt part is not empty, it is a bug."""
    with pytest.raises(AttributeError, match="clearence"):
        Exchange("e1", 1, "plain").clearence  # noqa: B018


def test_what_is_looked_at_again_may_be_written_again() -> None:
    """The newest assessment and the lock of it replace the older ones."""
    exchange = Exchange("e1", 1, "plain")
    given_back: list[int] = []
    exchange.release = lambda: given_back.append(1)
    exchange.unlock()
    exchange.release = lambda: given_back.append(2)
    exchange.unlock()
    exchange.unlock()
    assert given_back == [1, 2]


def test_a_flow_that_is_reverted_is_still_the_same_exchange() -> None:
    """mitmproxy's backup copies everything else; a copy of the exchange would keep the subject locked for good."""
    flow, exchange = tflow.tflow(), Exchange("e1", 1, "plain")
    begin(flow, exchange)
    flow.backup()
    flow.request.path = "/other"
    flow.revert()
    assert flow.request.path == "/path"
    assert exchange_of(flow) is exchange


def test_the_first_refusal_stands() -> None:
    """A second refusal changes neither the reason nor the answer, and the lock is given back."""
    flow, exchange = tflow.tflow(), Exchange("e1", 1, "plain")
    begin(flow, exchange)
    given_back: list[int] = []
    exchange.release = lambda: given_back.append(1)
    refuse(flow, Refusal(403, "first", "the first"))
    refuse(flow, Refusal(400, "second", "the second"))
    assert exchange.refusal is not None
    assert exchange.refusal.code == "first"
    assert flow.response is not None
    assert flow.response.status_code == 403
    assert json.loads(flow.response.content or b"")["exchange"] == "e1"
    assert given_back == [1]


def test_a_flow_that_the_front_door_never_saw_is_refused_all_the_same() -> None:
    """Without an exchange the answer is still the refusal."""
    flow = tflow.tflow()
    assert exchange_of(flow) is None
    refuse(flow, Refusal(403, "code", "no"))
    assert flow.response is not None
    assert flow.response.status_code == 403


def test_a_client_waits_while_it_is_connected_and_its_flow_lives() -> None:
    """Hung up, or killed by an operator: nobody would get the answer."""
    flow = tflow.tflow()
    assert is_waited_for(flow)
    flow.error = Error(Error.KILLED_MESSAGE)
    assert not is_waited_for(flow)
    flow.error = None
    flow.client_conn.state = ConnectionState.CLOSED
    assert not is_waited_for(flow)


def test_an_exchange_stays_with_its_flow() -> None:
    """What began with a flow is found with it."""
    flow, exchange = tflow.tflow(), Exchange("e1", 1, "tunnel")
    begin(flow, exchange)
    assert exchange_of(flow) is exchange
