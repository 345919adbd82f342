"""Lint for pen files: what is allowed, but probably not what its owner means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from plotbot.ink.film import film_to_lab, transmittance
from plotbot.ink.spaces import delta_e00
from plotbot.pens.model import Inventory

__all__ = ["Finding", "check_inventory"]

DARKEST_USUAL_L = 10.0
"""Ink on paper seldom gets darker; numbers from screens do."""

# What white becomes when XYZ for one white is turned into Lab with the other's (no adaptation).
_D65_IN_D50 = (-2.4, -19.4)
_D50_IN_D65 = (2.4, 17.7)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: which pens (none: the whole file), what, and a sentence for people."""

    kind: str
    pens: tuple[str, ...]
    message: str


def check_inventory(inventory: Inventory) -> list[Finding]:
    """Everything that looks wrong in an inventory that is formally right, the gravest first."""
    return [
        *_wrong_white(inventory),
        *_brighter_than_paper(inventory),
        *_too_dark(inventory),
        *_doubtful_provenance(inventory),
        *_odd_widths(inventory),
        *_twins(inventory),
        *_unmeasured_widths(inventory),
    ]


def _wrong_white(inventory: Inventory) -> list[Finding]:
    lightness, a, b = inventory.paper.lab
    for (off_a, off_b), says in (
        (_D65_IN_D50, "computed from D65 light without adaptation"),
        (_D50_IN_D65, "computed for a D65 white from D50 light"),
    ):
        scale = (lightness + 16) / 116
        if math.hypot(a - off_a * scale, b - off_b * scale) < 5:
            message = (
                f"The paper's Lab ({lightness:g}, {a:g}, {b:g}) looks as if it was {says}; "
                "plotbot wants D50, where white paper has a* and b* near 0. The pens are probably off too."
            )
            return [Finding("wrong-white", (), message)]
    return []


def _brighter_than_paper(inventory: Inventory) -> list[Finding]:
    found = []
    for pen in inventory.pens:
        if pen.fluorescent:
            continue
        paper = inventory.paper.lab
        lost = float(delta_e00(film_to_lab(transmittance(pen.lab, paper), paper), np.array(pen.lab)))
        if pen.lab[0] > DARKEST_USUAL_L and lost > 2:
            message = (
                f"Pen {pen} gives more light than its paper in some part of the spectrum, which ink cannot: "
                f"its colour will be {lost:.0f} ΔE00 off. Check the Lab of pen and paper, or say "
                "fluorescent = true."
            )
            found.append(Finding("brighter-than-paper", (pen.id,), message))
    return found


def _too_dark(inventory: Inventory) -> list[Finding]:
    return [
        Finding(
            "too-dark",
            (pen.id,),
            f"Pen {pen} has L* {pen.lab[0]:g}, darker than ink on paper gets (black fineliners are near 20); "
            "it is probably a screen colour.",
        )
        for pen in inventory.pens
        if pen.lab[0] < DARKEST_USUAL_L and pen.provenance != "measured"
    ]


def _doubtful_provenance(inventory: Inventory) -> list[Finding]:
    found = []
    for pen in inventory.pens:
        if pen.provenance in ("guess", "third-party") and pen.uncertainty < 2:
            message = (
                f"Pen {pen} is a {pen.provenance} colour but claims to be within {pen.uncertainty:g} ΔE00."
            )
            found.append(Finding("too-sure", (pen.id,), message))
        if pen.provenance == "measured" and pen.uncertainty > 5:
            message = f"Pen {pen} is measured, yet may be {pen.uncertainty:g} ΔE00 off; measure it again."
            found.append(Finding("unsure", (pen.id,), message))
    return found


def _odd_widths(inventory: Inventory) -> list[Finding]:
    return [
        Finding(
            "odd-width",
            (pen.id,),
            f"Pen {pen} draws {pen.width_mm:g} mm but is sold as {pen.nominal_mm:g} mm; lines are usually "
            "within 40 % of that.",
        )
        for pen in inventory.pens
        if not 0.5 <= pen.width_mm / pen.nominal_mm <= 2
    ]


def _twins(inventory: Inventory) -> list[Finding]:
    """Pairs nearer to each other than even the better known of the two is to its true colour."""
    pens = [pen for pen in inventory.pens if not pen.fluorescent]
    found = []
    for one, other in combinations(pens, 2):
        if not math.isclose(one.width_mm, other.width_mm, rel_tol=0.2):
            continue
        apart = float(delta_e00(np.array(one.lab), np.array(other.lab)))
        unsure = min(one.uncertainty, other.uncertainty)
        if apart < unsure:
            message = (
                f"Pens {one} and {other} are {apart:.1f} ΔE00 apart, but each may be {unsure:.1f} or more "
                "off: whether they differ, only measuring can tell."
            )
            found.append((apart, Finding("twins", (one.id, other.id), message)))
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def _unmeasured_widths(inventory: Inventory) -> list[Finding]:
    nominal = tuple(pen.id for pen in inventory.pens if pen.width_mm == pen.nominal_mm)
    if not nominal:
        return []
    message = (
        f"{len(nominal)} of {len(inventory.pens)} pens have their nominal width as width_mm; real lines are "
        "10 to 40 % off. Measure a few lines with a loupe or a scan."
    )
    return [Finding("nominal-width", nominal, message)]
