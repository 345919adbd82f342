"""What the crossings of a scanned card say: overprints, and how much a pen hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.film import film_to_lab, lay, relative_to_film, transmittance
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab
from plotbot.pens.model import Inventory, Lab, Overprint, Pen
from plotbot.pens.scan_patches import Seen

__all__ = ["as_lab", "opacities", "other_overprints", "overprint_error", "overprints_seen"]

Floats = npt.NDArray[Any]

_SURE_OPACITY = 0.08


def overprints_seen(
    seen: Sequence[Seen], labs: Floats, measured: dict[str, Pen], sure: Sequence[float]
) -> list[Overprint]:
    """The crossings of pens that have ink; what was seen twice is averaged."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, one in enumerate(seen):
        if one.patch.kind == "overprint" and {one.patch.pen, one.patch.over} <= measured.keys():
            found.setdefault((one.patch.pen, one.patch.over), []).append(number)
    result = []
    for (under, over), numbers in found.items():
        lab = rec2020_to_lab(lab_to_rec2020(labs[numbers]).mean(axis=0))
        apart = float(delta_e00(labs[numbers], lab).max())
        uneven = max(seen[number].uneven for number in numbers) / 2
        off = round(float(np.linalg.norm([max(sure[number] for number in numbers), apart, uneven])), 1)
        result.append(Overprint(under=under, over=over, lab=as_lab(lab), provenance="scan", uncertainty=off))
    return result


def other_overprints(inventory: Inventory, measured: Sequence[Overprint]) -> list[Overprint]:
    """What is known of pairs that are not on this card: a large tin takes several."""
    pairs = {frozenset((one.under, one.over)) for one in measured}
    return [one for one in inventory.overprints if frozenset((one.under, one.over)) not in pairs]


def opacities(
    overprints: Sequence[Overprint], pens: dict[str, Pen], paper_lab: tuple[float, float, float]
) -> dict[str, float]:
    """How much each pen hides of what lies below, where its crossings say so with certainty.

    A layer of film T and opacity o over F leaves T·F + o·T·(1 − F): a straight line in o.
    """
    films = {pen.id: transmittance(pen.lab, paper_lab) for pen in pens.values()}
    found = {}
    for pen in pens.values():
        xs, ys = [], []
        for one in overprints:
            if one.over == pen.id:
                below, ink = films[one.under], films[pen.id]
                light = lab_to_rec2020(np.array(one.lab)) / lab_to_rec2020(np.array(paper_lab))
                xs.append(ink * (1 - below))
                ys.append(relative_to_film(light) - ink * below)
        if len(xs) < 2:
            continue
        x, y = np.concatenate(xs), np.concatenate(ys)
        if float(x @ x) < 0.02:
            continue
        opacity = float(np.clip(x @ y / (x @ x), 0, 1))
        error = float(np.sqrt(np.mean((y - opacity * x) ** 2) / (x @ x)))
        if max(error, 0.02) < _SURE_OPACITY:
            # What is hardly more than nothing is an error of the model, not a property of the ink.
            found[pen.id] = round(opacity, 2) if opacity > max(2 * error, 0.1) else 0.0
    return found


def overprint_error(
    overprints: Sequence[Overprint], pens: dict[str, Pen], paper_lab: tuple[float, float, float]
) -> float | None:
    if not overprints:
        return None
    off = []
    for one in overprints:
        over = pens[one.over]
        below = transmittance(pens[one.under].lab, paper_lab)
        film = lay(below, 1.0, transmittance(over.lab, paper_lab), over.opacity)
        off.append(float(delta_e00(film_to_lab(film, paper_lab), np.array(one.lab))))
    return float(np.mean(off))


def as_lab(values: Floats) -> Lab:
    """A colour as a pen file holds it."""
    lightness, a, b = (round(float(value), 2) for value in values)
    return (min(max(lightness, 0.0), 100.0), min(max(a, -128.0), 128.0), min(max(b, -128.0), 128.0))
