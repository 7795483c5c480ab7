"""What a detector reports, and how reports that touch each other become one.

Holds places only, never what stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: Of two names for the same place the first one here counts: what says more about it.
ORDER: Final = (
    "private-key", "cloud-key", "jwt", "url-credential", "payment-card", "iban", "national-id", "email", "phone",
    "assigned-secret", "high-entropy",
)  # fmt: skip
DETECTOR_NAMES: Final = frozenset(ORDER)


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text."""

    start: int  #: position of its first character
    end: int  #: position after its last character
    detector: str  #: one of DETECTOR_NAMES


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings` in order, with one for each stretch that some of them share.

    A finding inside another one disappears in it; two that overlap become one over both, under the name that comes first in
    ORDER: a rule that shows the end of a value must not show the end of a part.
    """
    kept: list[Finding] = []
    for each in sorted(findings, key=lambda finding: (finding.start, -finding.end, ORDER.index(finding.detector))):
        last = kept[-1] if kept else None
        if last is None or each.start >= last.end:
            kept.append(each)
        elif each.end > last.end:
            name = min(last.detector, each.detector, key=ORDER.index)
            kept[-1] = Finding(last.start, each.end, name)
    return tuple(kept)
