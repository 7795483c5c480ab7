"""What a comparison says: changes, what each does to the accepted documents, and the two verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from countersign.strict_json import Json

Verdict = Literal["compatible", "breaking", "unknown"]
ChangeEffect = Literal["narrows", "widens", "narrows-and-widens", "none", "unknown"]
Direction = Literal["backward", "forward"]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A made-up value that one schema accepts and the other refuses. May hold values of the schemas.

    `backward`: valid under OLD, refused by NEW. `forward`: valid under NEW, refused by OLD.
    """

    direction: Direction
    value: Json

    def as_json(self) -> dict[str, Json]:
        """The object of `schema diff --json`."""
        return {"direction": self.direction, "value": self.value}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two schemas. Holds values of the schemas, never of documents."""

    kind: str  #: for example `required-added`; the list is in schema_change/README.md
    pointer: str  #: RFC 6901, in NEW; in OLD where the thing is gone
    old_pointer: str | None
    new_pointer: str | None
    property: str | None  #: the member, keyword or branch concerned, where there is one
    before: Json
    after: Json
    effect: ChangeEffect
    counterexample: Counterexample | None = None  #: a value for the place of the change, which shows its effect
    may_be_quoted: bool = False  #: whether its values are known to be of no sensitive member: a summary may say them

    def as_json(self) -> dict[str, Json]:
        """The members of `schema diff --json`."""
        return {
            "kind": self.kind,
            "pointer": self.pointer,
            "old_pointer": self.old_pointer,
            "new_pointer": self.new_pointer,
            "property": self.property,
            "before": self.before,
            "after": self.after,
            "effect": self.effect,
            "counterexample": None if self.counterexample is None else self.counterexample.as_json(),
        }


@dataclass(frozen=True, slots=True)
class SchemaDiff:
    """All changes from OLD to NEW and what they mean.

    `backward`: NEW accepts everything that OLD accepts. `forward`: OLD accepts everything that NEW accepts.
    `compatible` is proved, `breaking` is known, everything else is `unknown`.
    """

    changes: tuple[Change, ...]
    backward: Verdict
    forward: Verdict
    reasons: tuple[str, ...]  #: one line for each thing that made a verdict unknown or breaking; pointers, no values
    counterexamples: tuple[Counterexample, ...] = ()  #: whole documents; at most one for each breaking direction

    def as_json(self) -> dict[str, Json]:
        """The object of `schema diff --json`."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "backward": self.backward,
            "forward": self.forward,
            "reasons": list(self.reasons),
            "counterexamples": [each.as_json() for each in self.counterexamples],
        }
