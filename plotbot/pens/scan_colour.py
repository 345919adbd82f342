"""Colours of a scanner: corrected by what is known of scanners and of the pens, and how far off they may be.

A scanner does not see as an eye does. With a white lamp and filters (CCD) it comes near; with three coloured
LEDs (CIS: the thin scanners and most in printers) it does not: what an ink reflects between the lamps is not
seen, and vivid reds come out orange, up to 20 ΔE00 off. A root polynomial (Finlayson, Mackiewicz and
Hurlbert, IEEE Trans. Image Process. 24, 1460, 2015), which does not care how bright a scan is, corrects it.

It starts as the usual one of a kind of scanner, and the pens of the card pull at it, each by how sure it is:
strongly those that an instrument has measured, softly those whose colours others published, and those that
are far from what was published hardly at all. Which kind of scanner it was, the pens tell as well. All the
numbers are of simulated scanners and inks (bench/scanners.py); inks of one Lab differ in what a scanner sees
of them, so that no correction gets all of them right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab
from plotbot.pens.model import Inventory
from plotbot.pens.scan_patches import Seen

__all__ = ["FEWEST_KNOWN", "KINDS", "Correction", "ScannerKind", "correction"]

Floats = npt.NDArray[Any]
ScannerKind = Literal["ccd", "led"]
KINDS: tuple[ScannerKind, ...] = ("ccd", "led")

FEWEST_KNOWN = 6
"""Measured pens from which they say how far off the others are."""

_USUAL: dict[ScannerKind, tuple[tuple[float, ...], ...]] = {
    "ccd": (
        (0.960, -0.045, 0.007, 0.119, -0.064, 0.023),
        (-0.040, 0.943, 0.004, 0.103, -0.006, -0.004),
        (-0.007, -0.042, 0.955, 0.034, 0.090, -0.030),
    ),
    "led": (
        (0.182, -0.683, 0.066, 1.585, -0.242, 0.092),
        (-0.556, 0.583, 0.061, 1.033, -0.264, 0.143),
        (-0.035, 0.099, 0.937, -0.018, -0.085, 0.102),
    ),
}
"""Root polynomials that are best for all simulated scanners of a kind: rows for R, G and B, terms as in
`_roots`; rows add up to 1, so that white stays white."""

_STIFF: dict[ScannerKind, float] = {"ccd": 20.0, "led": 10.0}
"""How hard the usual polynomial is to bend: one over how far its terms lie from it in a kind's scanners."""

_OWN_DE: dict[ScannerKind, float] = {"ccd": 1.5, "led": 3.0}
"""What inks of one colour differ by to a scanner, so that even a measured one does not pull without end."""

_PUBLISHED = 0.6
"""Standard error of a published colour, as a share of how far those of several sources are apart."""

_OUTLIER = 2.0
"""Standard errors from which on a pen pulls less and less (Cauchy's loss, log(1 + x²))."""

_DOUBT = 2.0
"""Less than this, in squares of standard errors, between the kinds: it could have been either."""

_OFF_DE: dict[ScannerKind, tuple[float, ...]] = {
    "ccd": (4.6, 3.8, 3.2, 2.7, 2.4),
    "led": (8.0, 6.0, 6.4, 5.2, 3.8),
}
_OFF_L = (15.0, 25.0, 45.0, 65.0, 85.0)
"""How far corrected colours are off, ΔE00 root mean square, by their lightness. Neither hue nor the distance
to the next known patch says more: what is left is of each ink's own."""

_NINETY_SEVEN: dict[ScannerKind, float] = {"ccd": 2.5, "led": 2.35}
"""From that to what holds 97 times of a hundred."""

_BELIEF = 12
"""As so many known patches counts what is known of all scanners, where known patches say how far this one's
colours are off."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """From the scanner's light relative to paper, linear Rec.2020, to the true one.

    kind: of scanner, as told or found; doubtful: it could be the other one. terms: [3, 6]. known: how many
    measured pens it is fitted to. error: ΔE00 (root mean square) on a known patch that it was not fitted to,
    or None where fewer than `FEWEST_KNOWN` are known. share: of what is usual, that this scanner is off.
    """

    kind: ScannerKind
    doubtful: bool
    terms: Floats
    known: int
    error: float | None
    share: float

    def colours(self, relative: Floats) -> Floats:
        """The light [n, 3] of even patches, corrected."""
        return np.asarray(np.clip(_roots(relative) @ self.terms.T, 1e-5, None))

    def unsure(self, labs: Floats) -> Floats:
        """How far (ΔE00) corrected colours [n, 3] may be off, 97 times of a hundred."""
        kind: ScannerKind = "led" if self.doubtful else self.kind
        usual = np.interp(labs[..., 0], _OFF_L, _OFF_DE[kind])
        return np.asarray(self.share * _NINETY_SEVEN[kind] * usual)


def correction(seen: Sequence[Seen], inventory: Inventory, scanner: ScannerKind | None = None) -> Correction:
    """The correction that the solids of a scanned card call for. scanner: its kind, where that is known."""
    patches = _Patches.of(seen, inventory)
    fits = {kind: _fit(patches, kind) for kind in KINDS if scanner in (None, kind)}
    kind = min(fits, key=lambda one: fits[one][1])
    costs = sorted(cost for _, cost in fits.values())
    terms = fits[kind][0]
    error, share = _left_out(patches, kind)
    return Correction(
        kind,
        len(costs) > 1 and costs[1] - costs[0] < _DOUBT,
        terms,
        int(patches.known.sum()),
        error,
        share,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Patches:
    """Solids as seen, linear Rec.2020 relative to the paper [n, 3], their published or measured Labs, how far
    those may be off [n], and which were measured."""

    relative: Floats
    labs: Floats
    off: Floats
    known: npt.NDArray[np.bool_]
    white: Floats

    @classmethod
    def of(cls, seen: Sequence[Seen], inventory: Inventory) -> _Patches:
        """What an earlier scan said is no witness for this one, and neon inks are beyond Lab."""
        chosen = [
            (one.relative, inventory[one.patch.pen])
            for one in seen
            if one.patch.kind == "solid"
            and inventory[one.patch.pen].provenance != "scan"
            and not inventory[one.patch.pen].fluorescent
        ]
        known = np.array([pen.provenance == "measured" for _, pen in chosen], dtype=bool)
        unsure = np.array([pen.uncertainty for _, pen in chosen], dtype=float)
        return cls(
            np.array([relative for relative, _ in chosen], dtype=float).reshape(-1, 3),
            np.array([pen.lab for _, pen in chosen], dtype=float).reshape(-1, 3),
            np.where(known, unsure / 2, np.maximum(_PUBLISHED * unsure, 1.0)),
            known,
            lab_to_rec2020(np.array(inventory.paper.lab)),
        )

    def without(self, one: int) -> _Patches:
        rest = np.arange(len(self.known)) != one
        return _Patches(self.relative[rest], self.labs[rest], self.off[rest], self.known[rest], self.white)

    def differences(self, terms: Floats) -> Floats:
        """Of the corrected colours from the known ones [n, 3], about as ΔE00 has them: lightness, chroma and
        hue, the latter two less where colours are vivid (CIE94)."""
        found = rec2020_to_lab(np.clip(_roots(self.relative) @ terms.T, 1e-5, None) * self.white)
        chroma, meant = np.hypot(*found[:, 1:].T), np.hypot(*self.labs[:, 1:].T)
        turned = np.arctan2(found[:, 2], found[:, 1]) - np.arctan2(self.labs[:, 2], self.labs[:, 1])
        hue = 2 * np.sqrt(np.maximum(chroma * meant, 1e-9)) * np.sin(turned / 2)
        return np.stack(
            [
                found[:, 0] - self.labs[:, 0],
                (chroma - meant) / (1 + 0.045 * meant),
                hue / (1 + 0.015 * meant),
            ],
            axis=-1,
        )


_FREE = ~np.eye(3, 6, dtype=bool)
"""With its own term 1 − the others, only the others are unknown."""


def _terms(values: Floats) -> Floats:
    """The terms [3, 6] of the unknown ones, [15]."""
    found = np.zeros((3, 6))
    found[_FREE] = values
    found[np.arange(3), np.arange(3)] = 1 - found.sum(axis=1)
    return found


def _fit(patches: _Patches, kind: ScannerKind) -> tuple[Floats, float]:
    """The terms [3, 6] that what is known of a kind of scanner and of the pens makes likeliest, and how
    unlikely that is: a sum of squares of standard errors, to be compared with that of another kind."""
    from scipy.optimize import least_squares  # noqa: PLC0415

    usual = np.array(_USUAL[kind])
    if not len(patches.labs):
        return usual, 0.0

    def pull(values: Floats, own: float) -> Floats:
        far = patches.differences(_terms(values)) / np.hypot(patches.off, own)[:, None]
        away = np.linalg.norm(far, axis=1, keepdims=True)
        less = _OUTLIER * np.sqrt(np.log1p((away / _OUTLIER) ** 2)) / np.maximum(away, 1e-9)
        return np.asarray(far * less)

    def residuals(values: Floats) -> Floats:
        bent = (values - usual[_FREE]) * _STIFF[kind]
        return np.concatenate([pull(values, _OWN_DE[kind]).ravel(), bent])

    best = least_squares(residuals, usual[_FREE], max_nfev=60).x
    bent = (best - usual[_FREE]) * _STIFF[kind]
    # Both kinds are judged by the same measure.
    middle = float(np.mean(list(_OWN_DE.values())))
    return _terms(best), float(np.sum(pull(best, middle) ** 2) + bent @ bent)


def _left_out(patches: _Patches, kind: ScannerKind) -> tuple[float | None, float]:
    """ΔE00 (root mean square) of measured pens when each is left out of the fit, and how that compares to
    what is usual, where enough are known."""
    if patches.known.sum() < FEWEST_KNOWN:
        return None, 1.0
    off, ratio = [], []
    for one in np.flatnonzero(patches.known):
        without, _ = _fit(patches.without(int(one)), kind)
        light = np.clip(_roots(patches.relative[one]) @ without.T, 1e-5, None)
        lab = rec2020_to_lab(light * patches.white)
        off.append(float(delta_e00(lab, patches.labs[one])))
        ratio.append(off[-1] / float(np.interp(lab[0], _OFF_L, _OFF_DE[kind])))
    share = (_BELIEF + np.sum(np.square(ratio))) / (_BELIEF + len(ratio))
    return float(np.sqrt(np.mean(np.square(off)))), float(np.sqrt(share))


def _roots(relative: Floats) -> Floats:
    """The light [..., 3] and the roots of its products by two, [..., 6]: all grow as the light does."""
    red, green, blue = np.moveaxis(np.clip(relative, 0, None), -1, 0)
    return np.stack([red, green, blue, np.sqrt(red * green), np.sqrt(green * blue), np.sqrt(red * blue)], -1)
