"""What holds without any rule, as rules: one way of masking for all.

Does not say when they hold.
"""

from __future__ import annotations

from functools import lru_cache

from countersign.rulebook.values import MaskingRule, Source


@lru_cache(maxsize=512)  # marks and detectors are fewer
def built_in_rule(name: str) -> MaskingRule:
    """The built-in rule that the tally calls `built-in:` and `name`: it redacts, in all that is kept or shown."""
    return MaskingRule(
        name=f"built-in:{name}",
        connections=("*",),
        subjects=("*",),
        directions=("request", "response", "schema"),
        paths=(),
        headers=(),
        query=(),
        how="redact",
        keep=0,
        source=Source("(built in)", 0),
    )
