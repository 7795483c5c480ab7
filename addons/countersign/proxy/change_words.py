"""What is said of a change, in words and values: what its schemas hide is withheld, and where it is not sure, too.

Does not look for secrets in the words: masking does, afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from countersign.dialects import Operation
from countersign.masking import touches
from countersign.proxy.service_reader import CurrentSchema
from countersign.schema_change import Change, SchemaDiff, summarise
from countersign.strict_json import Json

_WITHHELD = "[masked]"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a change."""

    reasons: tuple[str, ...]
    summary: tuple[str, ...]
    changes: tuple[dict[str, Json], ...]
    counterexamples: tuple[dict[str, Json], ...]
    withholds_examples: bool


def said_of(
    operation: Operation,
    diff: SchemaDiff | None,
    current: CurrentSchema,
    bundle: Mapping[str, Json],
    masked: frozenset[str],
) -> Said:
    """What may be said of `diff` (None: nothing is compared). `masked`: pointers into any of the schemas, to what is hidden."""
    if diff is None:
        return Said((), (_plain(operation),), (), (), withholds_examples=False)
    if (
        current.bundle
        or bundle
        or _has_parts_of_their_own(current.document)
        or _has_parts_of_their_own(operation.proposed)
    ):
        masked = _wherever_they_start(masked)
    changes = tuple(_withhold(change, masked) for change in diff.changes)
    return Said(
        diff.reasons,
        tuple(summarise(changes)),
        tuple(change.as_json() for change in changes),
        () if masked else tuple(each.as_json() for each in diff.counterexamples),
        withholds_examples=bool(diff.counterexamples) and bool(masked),
    )


def _plain(operation: Operation) -> str:
    subject = "the service as a whole" if operation.subject is None else operation.subject
    return f"{operation.name} ({operation.effect}) on {subject}"


def _withhold(change: Change, masked: frozenset[str]) -> Change:
    """The change without its values where it lies at, above or below a masked place, or where its place is not sure.

    A pointer through `$ref`, or with an escape of a URI in it, does not say where in a document the value stands. A made-up
    value may hold one of any masked place.
    """
    pointers = {pointer for pointer in (change.pointer, change.old_pointer, change.new_pointer) if pointer is not None}
    if not masked:
        return change
    change = replace(change, counterexample=None)
    if not any("/$ref" in each or "%" in each or touches(each, masked) for each in pointers):
        return change
    return replace(
        change,
        before=None if change.before is None else _WITHHELD,
        after=None if change.after is None else _WITHHELD,
        may_be_quoted=False,
    )


def _has_parts_of_their_own(document: Json) -> bool:
    """Whether a part has an identifier: a pointer inside it starts there, not at the root."""
    waiting = list(document.values()) if isinstance(document, dict) else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("$id"), str) or isinstance(value.get("id"), str):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def _wherever_they_start(pointers: frozenset[str]) -> frozenset[str]:
    """The pointers as they are, and as seen from every place above them."""
    found: set[str] = set()
    for pointer in pointers:
        found.add(pointer)
        while (start := pointer.find("/", 1)) > 0:
            pointer = pointer[start:]
            found.add(pointer)
    return frozenset(found)
