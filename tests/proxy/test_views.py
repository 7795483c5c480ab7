"""Which view a caller gets, and what the service is asked for it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http

from countersign.masking import ClientViews
from countersign.proxy.exchange import Exchange
from countersign.proxy.views import ask_for_own_view, view_of
from countersign.rulebook.values import BuiltInMasking, Effect, MaskingRule
from tests.proxy import values

_RULE = MaskingRule(
    name="accounts",
    connections=("*",),
    subjects=("*",),
    directions=("response-to-client",),
    paths=("$..iban",),
    headers=(),
    query=(),
    how="redact",
    keep=0,
    source=values.SOURCE,
)
_RULES = (
    replace(_RULE, except_groups=("owners",)),
    replace(_RULE, name="pins", groups=("guests",)),
    replace(_RULE, name="marked", paths=(), marks=("x-pii",), groups=("marked",)),
)


def parts(rules_digest: str = "r1") -> Any:
    """Of a gateway, what views are made from."""
    views = ClientViews(_RULES, BuiltInMasking(), values.DIGEST)
    return SimpleNamespace(client_views=views, digest=values.DIGEST, rules=SimpleNamespace(digest=rules_digest))


def exchange(*groups: str, effect: Effect = "read", **connection: Any) -> Exchange:
    """One of a caller in `groups`."""
    made = Exchange("e1", 1, "plain")
    made.connection = values.connection(**connection)
    made.caller = values.caller(groups=frozenset(groups))
    made.operation = values.operation(effect=effect)
    return made


def request(method: str, *headers: tuple[str, str]) -> http.Request:
    return values.flow(method, body=b"", headers=headers).request


def tag(*groups: str, rules: str = "r1", **more: Any) -> list[str]:
    view = view_of(exchange(*groups, **more), parts(rules))
    assert view is not None
    return view.tags.shown(['"r1"'])


def test_the_caller_is_who_the_rules_say() -> None:
    """Everybody but owners has a view; who is in other groups has another one, with other tags."""
    assert view_of(exchange("owners"), parts()) is None
    guests = view_of(exchange("guests"), parts())
    assert guests is not None
    assert [rule.name for rule in guests.rules.rules] == ["accounts", "pins"]
    assert tag() == tag("staff")
    assert len({*tag(), *tag("guests"), *tag(name="another"), *tag(rules="r2")}) == 4


def test_tags_of_data_whose_schema_says_what_is_masked_are_never_equal() -> None:
    """The schema changes while rules and data stay; a schema says by itself what it marks."""
    first, second = exchange("marked", effect="data"), Exchange("e2", 1, "plain")
    second.connection, second.caller, second.operation = first.connection, first.caller, first.operation
    views = [view_of(each, parts()) for each in (first, second)]
    assert views[0] is not None
    assert views[1] is not None
    assert views[0].tags.shown(['"r1"']) != views[1].tags.shown(['"r1"'])
    assert tag("marked") == tag("marked")
    assert tag(effect="data") == tag(effect="data")


@pytest.mark.parametrize(
    ("method", "effect", "changed"),
    [
        ("GET", "read", True),
        ("HEAD", "read", True),
        ("GET", "data", True),
        ("POST", "data", False),
        ("PUT", "update", False),
        ("GET", "settings", False),
        ("DELETE", "delete", False),
    ],
)
def test_only_reads_are_asked_in_other_words(method: str, effect: Effect, changed: bool) -> None:
    """What may need an approval is sent as it was approved."""
    sent = request(method, ("Range", "bytes=0-1"), ("If-None-Match", '"r1"'))
    before = sent.headers.fields
    ask_for_own_view(exchange(effect=effect), sent, parts())
    assert (sent.headers.fields == ()) is changed
    assert (sent.headers.fields == before) is not changed


def test_who_has_no_view_asks_in_their_own_words() -> None:
    """Not one header field is touched."""
    sent = request("GET", ("Range", "bytes=0-1"), ("If-None-Match", '"r1"'))
    before = sent.headers.fields
    ask_for_own_view(exchange("owners"), sent, parts())
    assert sent.headers.fields == before


def test_the_tag_of_the_view_asks_by_the_services_own() -> None:
    """And a tag of other callers asks for the whole."""
    sent = request("GET", ("If-None-Match", tag()[0]))
    ask_for_own_view(exchange(), sent, parts())
    assert sent.headers["If-None-Match"] == '"r1"'
    sent = request("GET", ("If-None-Match", tag("guests")[0]))
    ask_for_own_view(exchange(), sent, parts())
    assert "If-None-Match" not in sent.headers
