"""How much to hatch so that the paper shows a tone: light that strays makes every hatching darker than the
share of paper that it covers (`plotbot.ink.coverage`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.coverage import hatch_n, tint

__all__ = ["share_to_ink"]

_SHARES = np.concatenate([np.linspace(0, 0.1, 9), np.linspace(0.15, 1, 18)])


def share_to_ink(
    tone: npt.NDArray[Any], film: npt.NDArray[Any], width_mm: float, spread_mm: float
) -> npt.NDArray[Any]:
    """Share of the paper [...] to cover with lines of a width, so that it looks as dark as if ink of a film
    [3] covered the share `tone` [...] of it and no light strayed."""
    if spread_mm == 0:
        return tone
    missing = 1 - film
    looks = [
        float(missing @ (1 - tint(film, np.array(share), hatch_n(width_mm, width_mm / share, spread_mm))))
        for share in _SHARES[1:]
    ]
    optical = np.concatenate([[0.0], np.array(looks) / max(float(missing @ missing), 1e-9)])
    return np.asarray(np.interp(tone, optical, _SHARES))
