"""Settings that hold for every test: fixed seeds and no surprises from the environment."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Tests share two cores with the worker threads of torch and numba; one thread each is fastest overall.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile(
    "plotbot", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("plotbot")
