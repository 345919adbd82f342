"""Colours of a scanner: corrected by pens that an instrument has measured, or how far off they may be.

A scanner does not see as an eye does. With a white lamp and filters (CCD) it comes near; with three coloured
LEDs (CIS: the thin scanners and most in printers) it does not: what an ink reflects between the lamps is not
seen, and vivid reds come out orange, up to 20 ΔE00 off. Six known patches or more fit a 3 x 3 matrix, which
halves the worst and leaves the mean; many fit the root polynomial of Finlayson, Mackiewicz and Hurlbert (IEEE
Trans. Image Process. 24, 1460, 2015), which halves the mean too and does not care how bright the scan is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab
from plotbot.pens.model import Inventory
from plotbot.pens.scan_patches import Seen

__all__ = ["FEWEST_FOR_ROOTS", "FEWEST_KNOWN", "Correction", "ScannerKind", "correction", "uncorrected_error"]

Floats = npt.NDArray[Any]
ScannerKind = Literal["ccd", "led"]

FEWEST_KNOWN, FEWEST_FOR_ROOTS = 6, 18
"""Measured pens from which a matrix, and from which a root polynomial, is tried."""

_UNCORRECTED: dict[ScannerKind, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "ccd": ((-0.5, 0.8, 1.4), (1.5, 1.5, 4.0)),
    "led": ((-0.7, -0.3, 0.4, 0.7, 1.0, 2.0), (4.5, 2.5, 2.5, 5.0, 13.0, 16.0)),
}
"""How far (ΔE00) uncorrected inks are off, by the logarithm of how much more red than green they reflect:
root mean squares over 78 pens in simulated scanners (tests/pens/scanner.py)."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """From the scanner's light relative to paper, linear Rec.2020, to the true one.

    matrix: [3, 3], for light that is a mean over several inks, as on a hatching. roots: [3, 6] for the light
    of one even patch, or None where the matrix serves for it too. error: ΔE00 (root mean square) on a known
    patch that it was not fitted to, or None where too few patches are known.
    """

    matrix: Floats
    roots: Floats | None
    error: float | None

    def colours(self, relative: Floats) -> Floats:
        """The light [n, 3] of even patches, corrected."""
        if self.roots is None:
            return np.asarray(relative @ self.matrix.T)
        return np.asarray(_roots(relative) @ self.roots.T)


def correction(seen: Sequence[Seen], inventory: Inventory) -> Correction:
    """The correction by the solids of measured pens that does best on one that it has not seen; none at all
    where that is best, or where too few are known."""
    paper = lab_to_rec2020(np.array(inventory.paper.lab))
    known = [
        (one.relative, lab_to_rec2020(np.array(inventory[one.patch.pen].lab)) / paper)
        for one in seen
        if one.patch.kind == "solid" and inventory[one.patch.pen].provenance == "measured"
    ]
    if len(known) < FEWEST_KNOWN:
        return Correction(np.eye(3), None, None)
    scanned, true = (np.array(part) for part in zip(*known, strict=True))
    labs = rec2020_to_lab(true * paper)

    def error(fit: Callable[[Floats, Floats], Floats], terms: Floats) -> float:
        """Of a fit, on each patch in turn, left out of it."""
        off = []
        for left_out in range(len(known)):
            rest = np.arange(len(known)) != left_out
            guess = terms[left_out] @ fit(terms[rest], true[rest]).T
            off.append(float(delta_e00(rec2020_to_lab(guess * paper), labs[left_out])))
        return float(np.sqrt(np.mean(np.square(off))))

    plain = float(np.sqrt(np.mean(np.square(delta_e00(rec2020_to_lab(scanned * paper), labs)))))
    by_matrix = error(_fit, scanned)
    # A matrix that does no better on a pen it has not seen is no correction.
    matrix, best = (_fit(scanned, true), by_matrix) if by_matrix < plain else (np.eye(3), plain)
    if len(known) >= FEWEST_FOR_ROOTS:
        terms = _roots(scanned)
        by_roots = error(_fit, terms)
        if by_roots < best:
            return Correction(matrix, _fit(terms, true), by_roots)
    return Correction(matrix, None, best)


def uncorrected_error(relative: Floats, scanner: ScannerKind) -> float:
    """How far (ΔE00) a colour that a scanner sees as this light [3] relative to paper may be off."""
    red, green = (max(float(value), 1e-3) for value in relative[:2])
    return float(np.interp(np.log(red / green), *_UNCORRECTED[scanner]))


def _roots(relative: Floats) -> Floats:
    """The light [n, 3] and the roots of its products by two, [n, 6]: all of them grow as the light does."""
    red, green, blue = np.moveaxis(np.clip(relative, 0, None), -1, 0)
    return np.stack([red, green, blue, np.sqrt(red * green), np.sqrt(green * blue), np.sqrt(red * blue)], -1)


def _fit(terms: Floats, true: Floats) -> Floats:
    """Least squares of [n, 3] by terms [n, k]: [3, k] with rows that add up to 1 (white stays white), a
    little towards the identity.

    Dark patches count more, as they do to the eye: the slope of a cube root.
    """
    rows = []
    for band in range(3):
        weight = 1 / (0.03 + true[:, band]) ** (2 / 3)
        # With its own term 1 − the others, only the others are unknown.
        others = [index for index in range(terms.shape[1]) if index != band]
        left = (terms[:, others] - terms[:, [band]]) * weight[:, None]
        right = (true[:, band] - terms[:, band]) * weight
        normal = left.T @ left + 0.02 * np.eye(len(others))
        part = np.linalg.solve(normal, left.T @ right)
        row = np.zeros(terms.shape[1])
        row[others] = part
        row[band] = 1 - part.sum()
        rows.append(row)
    return np.array(rows)
