"""Durations as people write them: ``10s``, ``90 min``, ``2h``, ``1h30m``."""

from __future__ import annotations

import math
import re

from plotbot.errors import BadInput

__all__ = ["parse_duration"]

_SECONDS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ms|min|sec|s|m|h)\s*", re.IGNORECASE)
_WHOLE = re.compile(f"(?:{_PART.pattern})+", re.IGNORECASE)


def parse_duration(text: str, what: str, *, most_s: float) -> float:
    """Seconds of a duration, more than 0 and at most `most_s`; else raises `BadInput` naming `what`."""
    if len(text) > 40 or not _WHOLE.fullmatch(text):
        raise BadInput(f"{what} {text!r} is not a duration; write it like 10s, 5min, 2h or 1h30m.")
    seconds = sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PART.findall(text))
    if not (math.isfinite(seconds) and 0 < seconds <= most_s):
        raise BadInput(f"{what} is {text}; it must be more than 0 and at most {most_s:g} s.")
    return seconds
