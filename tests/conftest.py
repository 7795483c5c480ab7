"""What every test shares: how hypothesis searches, and that what it starts can be interrupted."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# The machine's load is no reason to fail a property, and CI repeats the same examples each time.
settings.register_profile(
    "countersign", deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("countersign")

# Shells ignore SIGINT in what they start in the background, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
