"""What every test shares: how hypothesis searches."""

from __future__ import annotations

from hypothesis import settings

# The machine's load is no reason to fail a property, and CI repeats the same examples each time.
settings.register_profile("countersign", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("countersign")
