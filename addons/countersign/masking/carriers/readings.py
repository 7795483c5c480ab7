"""One value that readers may understand in several ways: what any of the readings masks is masked.

Does not find the readings; whoever reads a carrier knows what its readers differ on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from countersign.masking.replacements import Replacements

SEVERAL_READINGS: Final = "built-in:several-readings"


def mask_readings[T](
    readings: Sequence[Callable[[Replacements], T]], replacements: Replacements, where: str
) -> T | str | None:
    """What stands in the place of a value; None: no reading has anything to mask.

    Each of `readings` masks one of them with what it is given. Where they mask two things, and what is left by one may hold what
    the other took out, the value is redacted whole. Only the reading that is used counts. Raises what they raise.
    """
    if len(readings) == 1:
        before = replacements.total
        masked = readings[0](replacements)
        return None if replacements.total == before else masked
    outcome: T | None = None
    used: Replacements | None = None
    trial = replacements.checkpoint()
    for reading in readings:
        if trial.total != replacements.total:
            trial = replacements.checkpoint()
        masked = reading(trial)
        if trial.total == replacements.total:
            continue
        if used is None:
            outcome, used = masked, trial
        elif masked != outcome:
            return replacements.redact(SEVERAL_READINGS, where)
    if used is not None:
        replacements.back_to(used)
    return outcome
