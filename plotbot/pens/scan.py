"""Measure pens on a scan of their calibration card.

The scan is taken as linear light, divided by the bare paper around, and turned into Lab on the paper's
known colour. Pens that an instrument has measured serve as known patches, which correct what the scanner sees
differently from an eye (`plotbot.pens.scan_colour`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab, lay, relative_to_film, transmittance
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab
from plotbot.pens.chart import Card
from plotbot.pens.model import Inventory, Lab, Overprint, Pen, ScannedLine
from plotbot.pens.scan_colour import ScannerKind, correction, uncorrected_error
from plotbot.pens.scan_lines import (
    LEAST_UNSURE,
    LEAST_UNSURE_LED,
    Hatchings,
    LineFit,
    fit_lines,
    gain_at_half,
    measured_n,
)
from plotbot.pens.scan_markers import Placed, place_card
from plotbot.pens.scan_patches import Seen, see_patches

__all__ = ["Measurement", "measure_card"]

Floats = npt.NDArray[Any]

_NEVER_BETTER = 1.0
"""ΔE00: no correction makes a scanner an instrument."""

_BARE_DE = 3.0
_MOST_MISFIT = 0.05
_LEAST_SPREAD_MM = 0.012
"""Light strays at least so far in any paper; a scan that says less had its tones stretched."""

_SURE_OPACITY = 0.08


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What a scan says. inventory: the pens as measured. seen: patch by patch; labs: their colours, [n, 3].
    corrected: ΔE00 of the known patches when each is left out of the correction, or None without one.
    overprint_error: mean ΔE00 of the overprint model, with these pens, on the card's crossings, or None.
    remarks: sentences for the person."""

    inventory: Inventory
    placed: Placed
    card: Card
    seen: tuple[Seen, ...]
    labs: Floats
    spread_mm: float
    spread_uncertainty_mm: float
    corrected: float | None
    overprint_error: float | None
    remarks: tuple[str, ...]


def measure_card(
    light: Floats, card: Card, inventory: Inventory, scanner: ScannerKind = "led"
) -> Measurement:
    """Measure a scan, linear Rec.2020 [H, W, 3], of the card of an inventory; raises `BadInput`.

    scanner: what sees, as far as it is known; colours of LEDs are less sure (see `uncorrected_error`).
    Pens without ink on their patch, and pens that are not on the card, stay as they were. Colours that an
    instrument has measured stay; their lines are measured all the same.
    """
    placed = place_card(light, card)
    paper_lab = inventory.paper.lab
    seen = see_patches(placed, card, paper_lab)
    corrected = correction(seen, inventory)
    relative = corrected.colours(np.array([one.relative for one in seen]))
    labs = rec2020_to_lab(relative * lab_to_rec2020(np.array(paper_lab)))
    sure = [
        uncorrected_error(one.relative, scanner)
        if corrected.error is None
        else max(corrected.error, _NEVER_BETTER)
        for one in seen
    ]
    remarks: list[str] = []
    solids = {one.patch.pen: number for number, one in enumerate(seen) if one.patch.kind == "solid"}
    drawn = []
    for pen in inventory.pens:
        if pen.id not in solids:
            continue
        if float(delta_e00(labs[solids[pen.id]], np.array(paper_lab))) < _BARE_DE:
            remarks.append(f"Pen {pen} left no ink that can be seen on its patch; it stays as it was.")
        else:
            drawn.append(pen)
    if not drawn:
        raise BadInput("None of the card's patches has ink on it; this is not a card that was drawn.")
    hatchings = {pen.id: Hatchings.of(pen.id, pen.nominal_mm, seen, corrected.matrix) for pen in drawn}
    fits, spread, spread_sure = fit_lines(
        list(hatchings.values()), LEAST_UNSURE_LED if scanner == "led" else LEAST_UNSURE
    )
    _check_tone(fits, spread)
    measured: dict[str, Pen] = {}
    for pen in drawn:
        one = seen[solids[pen.id]]
        changes: dict[str, Any] = {}
        if pen.provenance != "measured":
            off = float(np.hypot(sure[solids[pen.id]], one.uneven / 2)) * (1.5 if one.clipped > 0.2 else 1.0)
            changes |= {
                "lab": _lab(labs[solids[pen.id]]),
                "provenance": "scan",
                "uncertainty": round(off, 1),
            }
            if one.clipped > 0.2:
                remarks.append(
                    f"Pen {pen} is more vivid than the scan's colour space holds; it is less sure."
                )
        if one.uneven > 6:
            remarks.append(
                f"The solid of pen {pen} is uneven by {one.uneven:.0f} ΔE00: it may be running dry."
            )
        if pen.id in fits:
            changes |= _lines(hatchings[pen.id], fits[pen.id])
        else:
            remarks.append(f"Pen {pen} is too faint for its width to be measured; its width stays as it was.")
        measured[pen.id] = pen.model_copy(update=changes)
    overprints = _overprints(seen, labs, measured, sure)
    for pen_id, opacity in _opacities(overprints, measured, paper_lab).items():
        measured[pen_id] = measured[pen_id].model_copy(update={"opacity": opacity})
    paper = inventory.paper.model_copy(
        update={"spread_mm": round(spread, 3), "spread_uncertainty_mm": round(spread_sure, 3)}
    )
    changed = inventory.model_copy(
        update={
            "paper": paper,
            "pens": tuple(measured.get(pen.id, pen) for pen in inventory.pens),
            "overprints": tuple(overprints),
        }
    )
    return Measurement(
        Inventory.model_validate(changed.model_dump()),
        placed,
        card,
        tuple(seen),
        labs,
        spread,
        spread_sure,
        corrected.error,
        _overprint_error(overprints, measured, paper_lab),
        tuple(remarks),
    )


def _check_tone(fits: dict[str, LineFit], spread: float) -> None:
    """Refuse tones that no hatching has: the scan was beautified."""
    if not fits:
        return
    misfit = float(np.median([fit.misfit for fit in fits.values()]))
    if misfit > _MOST_MISFIT or spread < _LEAST_SPREAD_MM:
        said = f"{misfit:.0%} off" if misfit > _MOST_MISFIT else "unlike"
        raise BadInput(
            f"The tones of the hatchings are {said} what ink on paper gives: the scan's contrast "
            "or colour was altered, or it is no sRGB. Scan again with all automatic corrections switched off."
        )


def _lines(hatchings: Hatchings, fit: LineFit) -> dict[str, Any]:
    n, n_sure = measured_n(hatchings, fit.width_mm)
    gain, gain_sure = gain_at_half(hatchings)
    scan = ScannedLine(
        width_uncertainty_mm=round(fit.width_uncertainty_mm, 4),
        coverage_gain=round(gain, 4),
        coverage_gain_uncertainty=round(gain_sure, 4),
        n=round(n, 3),
        n_uncertainty=round(n_sure, 3),
    )
    return {"width_mm": round(fit.width_mm, 3), "scan": scan}


def _overprints(
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
        result.append(Overprint(under=under, over=over, lab=_lab(lab), provenance="scan", uncertainty=off))
    return result


def _opacities(
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


def _overprint_error(
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


def _lab(values: Floats) -> Lab:
    lightness, a, b = (round(float(value), 2) for value in values)
    return (min(max(lightness, 0.0), 100.0), min(max(a, -128.0), 128.0), min(max(b, -128.0), 128.0))
