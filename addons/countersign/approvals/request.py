"""What an approver is asked for: one exact request, described without a secret.

Everything in it was masked before it came here; `fingerprint` (keyed) is what binds it to the exact bytes.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, fields
from typing import Any, Literal

from countersign.rulebook.values import Requirement
from countersign.strict_json import Json, dumps_in_pieces

#: Any one of these, and of that one all.
Alternatives = tuple[tuple[Requirement, ...], ...]


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """One approval asked for. Times are microseconds UTC."""

    id: str
    fingerprint: str  #: keyed digest of connection, method, target, body, headers, caller, current schema, rules
    exchange: str
    connection: str
    subject: str | None
    operation: str
    effect: str
    caller: dict[str, Json]  #: as in the evidence
    caller_people: tuple[str, ...]
    rules: str  #: digest of the rules in force
    rule: str  #: the rule that asks, with its file and line
    why: str
    alternatives: Alternatives  #: who must sign; of a break-glass change: who must review
    reason: tuple[Literal["approve", "deny"], ...]  #: decisions that need a reason
    summary: tuple[str, ...]
    changes: tuple[dict[str, Json], ...]
    backward: str
    forward: str
    reasons: tuple[str, ...]
    before: Json  #: the masked current schema; None: there is none
    after: Json  #: the masked proposed schema; None: nothing is proposed
    message: dict[str, Json]  #: the masked request: method, url, headers, body
    requested_at: int
    expires_at: int
    grant_seconds: int
    access: str = ""  #: the access rule that lets the caller ask, with its file and line
    justification: str = ""  #: what the caller says to it
    counterexamples: tuple[dict[str, Json], ...] = ()  #: whole documents that the change decides otherwise, masked
    withholds_examples: bool = False  #: there are some, but they could hold a masked value

    def __post_init__(self) -> None:
        """Raises ValueError where nobody could ever be *another* person, or nobody's signature would be needed."""
        if not self.alternatives or not self.caller_people:
            raise ValueError("an approval request needs requirements, and people behind the caller")
        for requirements in self.alternatives:
            if not requirements or any(each.quorum < 1 or not each.approvers for each in requirements):
                raise ValueError("a requirement of an approval is a quorum of 1 or more out of some approvers")

    @property
    def asked_by(self) -> tuple[Json, Json]:
        """Issuer and subject of the caller."""
        return self.caller.get("iss"), self.caller.get("sub")

    @property
    def approvers(self) -> tuple[str, ...]:
        """Everybody who is named, once."""
        named = [name for requirements in self.alternatives for each in requirements for name in each.approvers]
        return tuple(dict.fromkeys(named))

    @property
    def quorum(self) -> int:
        """The fewest people who can let it pass."""
        return min(sum(each.quorum for each in requirements) for requirements in self.alternatives)

    def size(self) -> int:
        """Bytes of its JSON; in memory it takes about five times as much."""
        return len(dumps_in_pieces(self.as_json()))

    def as_json(self, *, leave_out: Container[str] = ()) -> dict[str, Json]:
        """A JSON object that `from_json` reads back, where nothing is left out. Shares the documents, so change none."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self) if field.name not in leave_out}

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> ApprovalRequest:
        """Read what `as_json` wrote, also before 0.2. Raises TypeError on other members, ValueError on impossible values."""
        values: dict[str, Any] = {"counterexamples": [], **data}
        if "alternatives" not in values and "quorum" in values:  # until 0.2 there was one requirement only
            values["alternatives"] = [[{"quorum": values.pop("quorum"), "approvers": values.pop("approvers", None)}]]
        for name in ("caller_people", "alternatives", "reason", "summary", "changes", "reasons", "counterexamples"):
            values[name] = _tuple(values.get(name), name)
        values["alternatives"] = tuple(
            tuple(
                Requirement(each["quorum"], _tuple(each["approvers"], "approvers"))
                for each in _tuple(requirements, "alternatives")
            )
            for requirements in values["alternatives"]
        )
        return cls(**values)


def _tuple(value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError(f"`{name}` of an approval request is a list")
    return tuple(value)


def _json(value: Any) -> Any:
    """Tuples as lists, requirements as objects; what is JSON already as it is."""
    if isinstance(value, Requirement):
        return {"quorum": value.quorum, "approvers": [*value.approvers]}
    return [_json(item) for item in value] if isinstance(value, tuple) else value
