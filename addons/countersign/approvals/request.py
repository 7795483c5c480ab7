"""What an approver is asked for: one exact request, described without a secret.

Everything in it was masked before it came here; `fingerprint` (keyed) is what binds it to the exact bytes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from countersign.strict_json import Json


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
    quorum: int
    approvers: tuple[str, ...]  #: `group:x` or `person:x`
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

    def __post_init__(self) -> None:
        """Raises ValueError where nobody could ever be *another* person, or nobody's signature would be needed."""
        if self.quorum < 1 or not self.approvers or not self.caller_people:
            raise ValueError("an approval request needs a quorum of 1 or more, approvers, and people behind the caller")

    def as_json(self) -> dict[str, Json]:
        """A JSON object that `from_json` reads back."""
        return cast("dict[str, Json]", _lists(asdict(self)))

    @classmethod
    def from_json(cls, data: dict[str, Json]) -> ApprovalRequest:
        """Read what `as_json` wrote. Raises TypeError on other members, ValueError on values that cannot be."""
        values: dict[str, Any] = dict(data)
        for name in ("caller_people", "approvers", "reason", "summary", "changes", "reasons"):
            if not isinstance(values.get(name), list):
                raise TypeError(f"`{name}` of an approval request is a list")
            values[name] = tuple(values[name])
        return cls(**values)


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lists(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return value
