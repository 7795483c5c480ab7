"""Factories of the values that a decision is made from; each names only what its test is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from countersign.dialects import Operation
from countersign.identity import Caller
from countersign.rulebook.values import (
    AccessRule,
    ApprovalRule,
    BreakGlassRule,
    Effect,
    IdentityRules,
    Rulebook,
    Source,
)
from countersign.schema_change import Change, SchemaDiff
from countersign.schema_change.values import ChangeEffect, Verdict
from countersign.strict_json import Json


def _caller(
    *,
    issuer: str = "https://idp.example",
    subject: str = "ci",
    people: Iterable[str] = ("ann",),
    groups: Iterable[str] = (),
    claims: Mapping[str, Json] | None = None,
    expires_at: int = 2_000,
) -> Caller:
    return Caller(
        issuer=issuer,
        subject=subject,
        audience=("gateway",),
        issued_at=1_000,
        expires_at=expires_at,
        token_id="t-1",
        key_id="k-1",
        key_thumbprint="thumb",
        may_sign=True,
        people=frozenset(people),
        groups=frozenset(groups),
        claims=claims or {},
    )


def _operation(effect: Effect = "register", subject: str | None = "orders-value") -> Operation:
    return Operation(
        dialect="confluent",
        name="register-version",
        effect=effect,
        subject=subject,
        proposed=None,
        has_proposed=False,
        references=(),
        current=None,
        rule=Source("dialects/confluent.yaml", 7),
    )


def _diff(
    *changes: tuple[str, ChangeEffect], backward: Verdict = "compatible", forward: Verdict = "compatible"
) -> SchemaDiff:
    return SchemaDiff(
        changes=tuple(
            Change(
                kind=kind,
                pointer="/properties/id",
                old_pointer="/properties/id",
                new_pointer="/properties/id",
                property="id",
                before=None,
                after=None,
                effect=effect,
            )
            for kind, effect in changes
        ),
        backward=backward,
        forward=forward,
        reasons=(),
    )


def _rules(
    access: Iterable[AccessRule] = (),
    approval: Iterable[ApprovalRule] = (),
    break_glass: Iterable[BreakGlassRule] = (),
) -> Rulebook:
    return Rulebook(
        connections=(),
        tunnels=(),
        dialects={},
        identity=IdentityRules((), ()),
        access=tuple(access),
        approval=tuple(approval),
        masking=(),
        digest="rules-1",
        break_glass=tuple(break_glass),
    )


@pytest.fixture(scope="session")
def a_caller() -> Callable[..., Caller]:
    """Makes a Caller: `issuer`, `subject`, `people`, `groups`, `claims`, `expires_at` (seconds)."""
    return _caller


@pytest.fixture(scope="session")
def an_operation() -> Callable[..., Operation]:
    """Makes an Operation of an effect on a subject."""
    return _operation


@pytest.fixture(scope="session")
def a_diff() -> Callable[..., SchemaDiff]:
    """Makes a SchemaDiff of (kind, effect) pairs, with `backward` and `forward`."""
    return _diff


@pytest.fixture(scope="session")
def rules_of() -> Callable[..., Rulebook]:
    """Makes a Rulebook of access rules, approval rules and break-glass rules."""
    return _rules
