"""Measure pens on a scan of their calibration card.

The scan is taken as linear light, divided by the bare paper around, and turned into Lab on the paper's
known colour, corrected for what the scanner sees differently from an eye (`plotbot.pens.scan_colour`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab
from plotbot.pens.chart import Card
from plotbot.pens.model import Inventory, Lab, Pen, ScannedLine
from plotbot.pens.scan_colour import Correction, ScannerKind, correction
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
from plotbot.pens.scan_overprints import (
    as_lab,
    opacities,
    other_overprints,
    overprint_error,
    overprints_seen,
)
from plotbot.pens.scan_patches import Seen, see_patches

__all__ = ["Measurement", "measure_card"]

Floats = npt.NDArray[Any]

_BARE_DE = 3.0
_MOST_UNEVEN_DE = 6.0
_VIVID_CHROMA = 20.0
_MOST_MISFIT, _DOUBTFUL_MISFIT, _USUAL_MISFIT = 0.05, 0.012, 0.008
"""What the hatchings' tones may be off, in film, before a scan is refused, and before it is doubted; good
scans are 0.002 to 0.006 off, with a strong curve of contrast 0.01, a JPEG of least quality 0.02."""

_LEAST_SPREAD_MM, _SHORT_SPREAD_MM = 0.012, 0.02
"""Light strays farther than the first in any paper, and than the second in most; a scan that says less had
its tones stretched, surely so where they fit badly as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What a scan says. inventory: the pens as measured. seen: patch by patch; labs: their colours, [n, 3].
    correction: of its colours.
    overprint_error: mean ΔE00 of the overprint model, with these pens, on the card's crossings, or None.
    remarks: sentences for the person."""

    inventory: Inventory
    placed: Placed
    card: Card
    seen: tuple[Seen, ...]
    labs: Floats
    spread_mm: float
    spread_uncertainty_mm: float
    correction: Correction
    overprint_error: float | None
    remarks: tuple[str, ...]


def measure_card(
    light: Floats, card: Card, inventory: Inventory, scanner: ScannerKind | None = None
) -> Measurement:
    """Measure a scan, linear Rec.2020 [H, W, 3], of the card of an inventory; raises `BadInput`.

    scanner: what sees, where that is known; the pens' colours tell it otherwise.
    Pens without ink on their patch, and pens that are not on the card, stay as they were. Colours that an
    instrument has measured stay; their lines are measured all the same.
    """
    placed = place_card(light, card)
    paper_lab = inventory.paper.lab
    seen = see_patches(placed, card, paper_lab)
    paper_light = lab_to_rec2020(np.array(paper_lab))
    solids = {one.patch.pen: number for number, one in enumerate(seen) if one.patch.kind == "solid"}
    repeats = {one.patch.pen: number for number, one in enumerate(seen) if one.patch.kind == "repeat"}
    remarks: list[str] = []
    drawn = []
    for pen in inventory.pens:
        if pen.id not in solids:
            continue
        as_scanned = rec2020_to_lab(seen[solids[pen.id]].relative * paper_light)
        if float(delta_e00(as_scanned, np.array(paper_lab))) < _BARE_DE:
            remarks.append(f"Pen {pen} left no ink that can be seen on its patch; it stays as it was.")
        else:
            drawn.append(pen)
    if not drawn:
        raise BadInput("None of the card's patches has ink on it; this is not a card that was drawn.")
    _check_colourful(drawn, [seen[solids[pen.id]].relative for pen in drawn], paper_light)
    inked = {pen.id for pen in drawn}
    corrected = correction([one for one in seen if one.patch.pen in inked], inventory, scanner)
    relative = corrected.colours(np.array([one.relative for one in seen]))
    labs = rec2020_to_lab(relative * paper_light)
    sure = corrected.unsure(labs)
    hatchings = {pen.id: Hatchings.of(pen.id, pen.nominal_mm, seen) for pen in drawn}
    fits, spread, spread_sure = fit_lines(
        list(hatchings.values()),
        LEAST_UNSURE if corrected.kind == "ccd" and not corrected.doubtful else LEAST_UNSURE_LED,
    )
    remarks += _check_tone(fits, spread)
    measured: dict[str, Pen] = {}
    for pen in drawn:
        both = [at for at in (solids[pen.id], repeats.get(pen.id)) if at is not None]
        colour, said = _colour(pen, [seen[at] for at in both], relative[both], paper_lab, sure[both[0]])
        remarks += said
        lines = _lines(hatchings[pen.id], fits[pen.id]) if pen.id in fits else {}
        if not lines:
            remarks.append(f"Pen {pen} is too faint for its width to be measured; its width stays as it was.")
        measured[pen.id] = pen.model_copy(update=colour | lines)
    overprints = overprints_seen(seen, labs, measured, sure.tolist())
    for pen_id, opacity in opacities(overprints, measured, paper_lab).items():
        measured[pen_id] = measured[pen_id].model_copy(update={"opacity": opacity})
    paper = inventory.paper.model_copy(
        update={"spread_mm": round(spread, 3), "spread_uncertainty_mm": round(spread_sure, 3)}
    )
    changed = inventory.model_copy(
        update={
            "paper": paper,
            "pens": tuple(measured.get(pen.id, pen) for pen in inventory.pens),
            "overprints": (*other_overprints(inventory, overprints), *overprints),
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
        corrected,
        overprint_error(overprints, measured, paper_lab),
        tuple(remarks),
    )


def _colour(
    pen: Pen, solids: Sequence[Seen], light: Floats, paper_lab: Lab, sure: float
) -> tuple[dict[str, Any], list[str]]:
    """What a pen's solids, of this corrected light [n, 3], say of its colour, and what is odd about them."""
    white = lab_to_rec2020(np.array(paper_lab))
    lab = rec2020_to_lab(light.mean(axis=0) * white)
    apart = float(delta_e00(rec2020_to_lab(light[0] * white), rec2020_to_lab(light[-1] * white)))
    uneven = max(one.uneven for one in solids)
    clipped = max(one.clipped for one in solids) > 0.2
    remarks = []
    if clipped and pen.provenance != "measured":
        remarks.append(f"Pen {pen} is more vivid than the scan's colour space holds; it is less sure.")
    if uneven > _MOST_UNEVEN_DE:
        remarks.append(f"The solid of pen {pen} is uneven by {uneven:.0f} ΔE00: it may be running dry.")
    elif apart > _MOST_UNEVEN_DE:
        remarks.append(
            f"The two solids of pen {pen} are {apart:.0f} ΔE00 apart: it is running dry, or one is smeared."
        )
    if pen.provenance == "measured":
        return {}, remarks
    off = float(np.linalg.norm([sure, uneven / 2, apart / 2])) * (1.5 if clipped else 1.0)
    return {"lab": as_lab(lab), "provenance": "scan", "uncertainty": round(off, 1)}, remarks


def _check_colourful(pens: Sequence[Pen], light: Sequence[Floats], white: Floats) -> None:
    """Refuse a scan without colours of pens that have some."""
    vivid = [at for at, pen in enumerate(pens) if np.hypot(*pen.lab[1:]) > _VIVID_CHROMA]
    bare = rec2020_to_lab(white)
    labs = rec2020_to_lab(np.array(light)[vivid] * white) - bare if vivid else np.empty((0, 3))
    if len(vivid) > 1 and np.hypot(labs[:, 1], labs[:, 2]).max() < _VIVID_CHROMA / 4:
        raise BadInput(
            f"The scan is in shades of grey, though {len(vivid)} of the card's pens are coloured; "
            "scan it in colour."
        )


def _check_tone(fits: dict[str, LineFit], spread: float) -> list[str]:
    """Refuse tones that no hatching has: the scan was beautified. Returns remarks on doubtful ones."""
    if not fits:
        return []
    misfit = float(np.median([fit.misfit for fit in fits.values()]))
    stretched = spread < _LEAST_SPREAD_MM or (spread < _SHORT_SPREAD_MM and misfit > _USUAL_MISFIT)
    if misfit > _MOST_MISFIT or stretched:
        said = f"{misfit:.0%} off" if misfit > _MOST_MISFIT else "unlike"
        raise BadInput(
            f"The tones of the hatchings are {said} what ink on paper gives: the scan's contrast "
            "or colour was altered, or it is no sRGB. Scan again with all automatic corrections switched off."
        )
    if misfit > _DOUBTFUL_MISFIT:
        return [
            f"The tones of the hatchings are {misfit:.1%} off what ink on paper gives, more than in a "
            "good scan: sharpening, contrast or strong JPEG altered them; widths and colours are less sure."
        ]
    return []


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
