"""Between the approval and its use one thing changes: the old approval lets nothing of that pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countersign.approvals import Approval
from tests.attacks.accounts import accounts_for_everything
from tests.identity.issuing import KeyServer
from tests.proxy.rule_files import edit_rules, write_rules
from tests.proxy.stage import Gateway, running_gateway, until
from tests.proxy.upstream import SchemaService
from tests.proxy.wire import Answer

_OBJECT = b'{"type":"object"}'
_NARROWER = b'{"type":"object","required":["id"]}'
_PATH = "/schemas/a"


async def _send(gateway: Gateway, **changes: Any) -> Answer:
    """Alice's change, with what is changed of it."""
    method, path, body = (
        changes.get(name, usual) for name, usual in (("method", "PUT"), ("path", _PATH), ("body", _NARROWER))
    )
    headers = changes.get("headers", (("Content-Type", "application/json"), ("X-Team", "a")))
    token = gateway.token(changes.get("person", "alice"), *changes.get("groups", ()), **changes.get("claims", {}))
    return await gateway.send(method, path, body, gateway.headers(*headers, token=token))


async def _approved(gateway: Gateway) -> Approval:
    """Alice's change is approved, and its client has gone."""
    assert (await _send(gateway)).code == "approval-pending"
    return await gateway.decide((await gateway.pending())[0])


_CHANGES: dict[str, dict[str, Any]] = {
    "a byte of the body": {"body": _NARROWER.replace(b"id", b"ix")},
    "white space of the body": {"body": _NARROWER + b" "},
    "order of the body": {"body": b'{"required":["id"],"type":"object"}'},
    "method": {"method": "POST"},
    "subject": {"path": "/schemas/b"},
    "spelling of the subject": {"path": "/schemas/%61"},
    "query": {"path": _PATH + "?force=true"},
    "header": {"headers": (("Content-Type", "application/json"), ("X-Team", "b"))},
    "a header more": {"headers": (("Content-Type", "application/json"), ("X-Team", "a"), ("X-Force", "1"))},
    "a header less": {"headers": (("Content-Type", "application/json"),)},
    "content type": {"headers": (("Content-Type", "application/merge-patch+json"), ("X-Team", "a"))},
    "another subject of the same person": {"claims": {"sub": "sub-alice-2"}},
    "another person": {"person": "carol"},
    "another person of the same subject": {"person": "carol", "claims": {"sub": "sub-alice"}},
    "no group any more": {"groups": ("guests",)},
}


@pytest.mark.parametrize("changes", _CHANGES.values(), ids=_CHANGES.keys())
async def test_another_request_does_not_use_it(changes: dict[str, Any], hurried: Gateway) -> None:
    """It is refused, or waits for an approval of its own; the one that was approved then passes, once."""
    approval = await _approved(hurried)
    answer = await _send(hurried, **changes)
    assert 400 <= answer.status < 500
    assert answer.problem.get("approval") != approval.request.id
    assert hurried.service.changes == []
    assert (await _send(hurried)).status == 200
    assert [change.body for change in hurried.service.changes] == [_NARROWER]
    assert (await _send(hurried, body=_NARROWER)).status == 200  # equal to what is there: needs no approval
    accounts_for_everything(hurried)


_UNBOUND: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a fresh token": {"claims": {"jti": "another"}},
    "what the caller says to it": {
        "headers": (
            ("Content-Type", "application/json"),
            ("X-Team", "a"),
            ("Countersign-Justification", "said only now"),
        )
    },
    "how it is carried": {
        "headers": (("Content-Type", "application/json"), ("X-Team", "a"), ("User-Agent", "another"))
    },
}


@pytest.mark.parametrize("changes", _UNBOUND.values(), ids=_UNBOUND.keys())
async def test_the_same_request_uses_it_once(changes: dict[str, Any], hurried: Gateway) -> None:
    """The twin: what was approved passes; a second time it needs another approval."""
    approval = await _approved(hurried)
    assert (await _send(hurried, **changes)).status == 200
    assert hurried.parts.desk.get(approval.request.id).state == "used"
    hurried.service.schemas["a"] = _OBJECT
    assert (await _send(hurried, **changes)).code == "approval-pending"
    assert len(hurried.service.changes) == 1
    accounts_for_everything(hurried)


async def test_another_current_schema_does_not_use_it(hurried: Gateway) -> None:
    """What was reviewed was another difference. With the reviewed schema back, it was the same one all the time."""
    approval = await _approved(hurried)
    hurried.service.schemas["a"] = b'{"type":"object","maxProperties":9}'
    answer = await _send(hurried)
    assert answer.code == "approval-pending"
    assert answer.problem["approval"] != approval.request.id
    assert hurried.service.changes == []
    hurried.service.schemas["a"] = _OBJECT
    assert (await _send(hurried)).status == 200
    accounts_for_everything(hurried)


def _no_rights(document: Any) -> None:
    document["rules"][0]["who"] = {"groups": ["others"]}


def _other_words(document: Any) -> None:
    document["rules"][0]["name"] = "staff"


def _more_people(document: Any) -> None:
    document["rules"][-1]["quorum"] = 2


@pytest.mark.parametrize(
    ("file", "edit", "code"),
    [
        ("access.yaml", _no_rights, "not-allowed"),
        ("access.yaml", _other_words, "approval-pending"),
        ("approval.yaml", _more_people, "approval-pending"),
        (None, None, None),
    ],
    ids=["no right any more", "other rules", "more people", "the same rules"],
)
async def test_other_rules_do_not_use_it(
    file: str | None,
    edit: Callable[[Any], None],
    code: str | None,
    folder: Path,
    provider: KeyServer,
    service: SchemaService,
) -> None:
    """Restarted with another rulebook, whatever the difference is; with the same one it passes."""
    write_rules(folder / "rules", issuer=provider.url, url=service.url, hold_seconds=0, pending_status=409)
    service.schemas["a"] = _OBJECT
    async with running_gateway(folder, provider, service) as gateway:
        approval = await _approved(gateway)
    if file is not None:
        edit_rules(folder / "rules", file, edit)
    async with running_gateway(folder, provider, service) as gateway:
        answer = await _send(gateway)
        if code is None:
            assert answer.status == 200
            assert len(service.changes) == 1
        else:
            assert answer.code == code
            assert answer.problem.get("approval") != approval.request.id
            assert service.changes == []
            await until(lambda: gateway.parts.desk.get(approval.request.id).state == "void")
            assert "the rules have changed" in gateway.parts.desk.get(approval.request.id).why
        accounts_for_everything(gateway)
