"""A simulated scanner: a drawn card, seen through other eyes, on a glass, in a file.

What it shares with plotbot is the plan. Inks are spectra (the smoothest that have the pens' Labs), light
strays in the paper by another law than plotbot's (the transfer function 1 / (1 + (2πdf)²) that Inoue, Tsumura
and Miyake measured on papers, J. Imaging Sci. Technol. 41, 657, 1997), and the scanner sees by its own
sensitivities, through a matrix to sRGB that its maker fitted to other colours.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter, map_coordinates

from plotbot.ink.spaces import encode_srgb, lab_to_xyz, rec2020_to_linear_srgb, xyz_to_lab, xyz_to_rec2020
from plotbot.plan.model import Plan
from plotbot.preview.raster import pen_coverage

Floats = np.ndarray[Any, Any]

_FLAT: dict[object, Floats] = {}
"""Sheets that were seen before: the same one is scanned in many ways."""

WAVELENGTHS = np.arange(400, 701, 10.0)


@dataclass(frozen=True)
class Scanner:
    """dpi; rotation in degrees; skew: how much shorter the far side looks; blur in mm; noise and
    vignetting as shares of white; exposure: encoded white; spread: of light in the paper, mm."""

    kind: str = "ccd"
    dpi: float = 300
    rotation: float = 1.3
    skew: float = 0.0
    blur: float = 0.03
    noise: float = 0.006
    vignetting: float = 0.04
    exposure: float = 0.86
    spread: float = 0.06
    tint: tuple[float, float, float] = (1.01, 1.0, 0.97)
    seed: int = 7
    widths: dict[str, float] = field(default_factory=dict)

    def scan(self, plan: Plan) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The file a person gets, sRGB [H, W, 3]."""
        linear = self.on_glass(plan)
        rng = np.random.default_rng(self.seed)
        linear = linear * (1 + rng.normal(0, self.noise, linear.shape)) + rng.normal(
            0, self.noise / 4, linear.shape
        )
        encoded = encode_srgb(np.clip(linear, 0, 1))
        return np.rint(encoded * 255).astype(np.uint8)

    def on_glass(self, plan: Plan) -> Floats:
        """Linear sRGB, as this scanner's maker means it, of the turned sheet on a dark glass."""
        flat_per_mm = 18.0
        key = (plan.hash, self.kind, self.spread, *self.widths.items())
        if key not in _FLAT:
            _FLAT[key] = seen(plan, self.kind, flat_per_mm, self.spread, self.widths)
        flat = _FLAT[key]
        height, width = flat.shape[:2]
        per_mm = self.dpi / 25.4
        room = 6.0
        angle = np.deg2rad(self.rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        size_mm = np.array([width, height]) / flat_per_mm
        reach = np.abs(turn) @ size_mm / 2 + room
        columns, rows = (int(side * 2 * per_mm) for side in reach)
        y, x = np.mgrid[0:rows, 0:columns] / per_mm
        centred = np.stack([x - reach[0], y - reach[1]])
        # A sheet that is lifted on one side is seen in perspective.
        depth = 1 + self.skew * centred[1] / reach[1]
        on_sheet = np.tensordot(turn.T, centred * depth, axes=1) + size_mm[:, None, None] / 2
        where = [on_sheet[1] * flat_per_mm - 0.5, on_sheet[0] * flat_per_mm - 0.5]
        sigma = np.hypot(self.blur, 0.3 / per_mm) * flat_per_mm
        picture = np.empty((rows, columns, 3))
        falloff = 1 - self.vignetting * ((centred[0] / reach[0]) ** 2 + (centred[1] / reach[1]) ** 2) / 2
        for band in range(3):
            soft = gaussian_filter(flat[..., band], sigma, mode="nearest")
            picture[..., band] = map_coordinates(soft, where, order=1, cval=0.02)
            picture[..., band] *= self.exposure**2.2 * falloff * self.tint[band]
        return picture


def seen(plan: Plan, kind: str, px_per_mm: float, spread: float, widths: dict[str, float]) -> Floats:
    """The flat sheet, linear sRGB [H, W, 3] relative to a perfect white: every mixture of inks is one colour
    to the scanner, and light strays between them."""
    area = (0.0, 0.0, plan.paper.width, plan.paper.height)
    pens = [one.pen for one in plan.passes]
    covers = [
        pen_coverage([s.mm for s in one.strokes], widths.get(one.pen.id, one.pen.width_mm), area, px_per_mm)
        for one in plan.passes
    ]
    paper = spectrum(plan.paper_lab)
    inks = {pen.id: spectrum(pen.lab) / paper for pen in pens}
    # Where pens meet, the parts of a point under none, one, two, … of them.
    parts: list[tuple[Floats, Floats]] = [(np.ones(covers[0].shape, np.float32), paper)]
    for pen, cover in zip(pens, covers, strict=True):
        grown = []
        for weight, light in parts:
            both = weight * cover
            if both.any():
                hidden = pen.opacity * paper + (1 - pen.opacity) * light
                grown.append((both, hidden * inks[pen.id]))
            grown.append((weight - both, light))
        parts = grown
    # Light goes in through the root of an ink, strays, and comes out through one, wavelength by wavelength.
    strayed = [_stray(weight, spread * px_per_mm) for weight, _ in parts]
    total = np.zeros((*covers[0].shape, 3), np.float32)
    for inside, (weight, light) in enumerate(parts):
        for outside, (_, other) in enumerate(parts):
            product = weight * strayed[outside] if spread else weight * (inside == outside)
            if product.max() > 1e-4:
                colour = response(np.sqrt(light * other), kind).astype(np.float32)
                for band in range(3):
                    total[..., band] += colour[band] * product
    return np.asarray(np.clip(total, 0, None))


def _stray(part: Floats, spread_px: float) -> Floats:
    down = np.arange(part.shape[0])[:, None] / (2 * part.shape[0])
    across = np.arange(part.shape[1])[None, :] / (2 * part.shape[1])
    transfer = (1 / (1 + (2 * np.pi * spread_px) ** 2 * (down**2 + across**2))).astype(np.float32)
    return np.asarray(idctn(dctn(part) * transfer))


@functools.cache
def observer() -> Floats:
    """Weights [wavelengths, 3] that turn a spectrum into XYZ for D50: CIE 1931 in the analytic form of
    Wyman, Sloan and Shirley (2013), and daylight as a smooth curve through D50."""

    def lobe(peak: float, left: float, right: float) -> Floats:
        off = WAVELENGTHS - peak
        return np.exp(-0.5 * (off * np.where(off < 0, left, right)) ** 2)

    x = (
        1.056 * lobe(599.8, 0.0264, 0.0323)
        + 0.362 * lobe(442.0, 0.0624, 0.0374)
        - 0.065 * lobe(501.1, 0.0490, 0.0382)
    )
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    light = np.interp(WAVELENGTHS, [400, 450, 500, 560, 600, 650, 700], [49, 87, 95.7, 100, 97.7, 98.7, 91.6])
    weights = np.stack([x, y, z], axis=1) * light[:, None]
    # A perfect white has exactly plotbot's white.
    return np.asarray(weights * lab_to_xyz(np.array([100.0, 0, 0])) / weights.sum(axis=0))


def spectrum(lab: tuple[float, float, float]) -> Floats:
    """The smoothest reflectance with this Lab: least slope of its logarithm (Burns 2015), by Newton."""
    weights, target = observer(), lab_to_xyz(np.array(lab))
    count = len(WAVELENGTHS)
    slope = np.diff(np.eye(count), axis=0)
    smooth = 2 * slope.T @ slope
    values, price = np.zeros(count), np.zeros(3)
    for _ in range(60):
        light = np.exp(values)
        pull = weights * light[:, None]
        gradient = np.concatenate([smooth @ values + pull @ price, light @ weights - target])
        matrix = np.block([[smooth + np.diag(pull @ price), pull], [pull.T, np.zeros((3, 3))]])
        step = np.linalg.solve(matrix + 1e-12 * np.eye(count + 3), -gradient)
        step *= min(1.0, 1.5 / np.abs(step[:count]).max())
        values, price = values + step[:count], price + step[count:]
        if np.abs(gradient).max() < 1e-10:
            break
    return np.asarray(np.exp(values))


def true_lab(light: Floats) -> Floats:
    """Lab of a spectrum."""
    return xyz_to_lab(light @ observer())


@functools.cache
def _sensitivity(kind: str) -> tuple[Floats, Floats]:
    """Device sensitivities [wavelengths, 3] and the maker's matrix from device to linear sRGB."""
    peaks, wide = {"ccd": ((608, 540, 460), (34, 36, 30)), "led": ((630, 525, 465), (9, 16, 11))}[kind]
    device = np.exp(-0.5 * ((WAVELENGTHS[:, None] - np.array(peaks)) / np.array(wide)) ** 2)
    device /= device.sum(axis=0)
    rng = np.random.default_rng(3)
    labs = [
        (float(lightness), float(chroma * np.cos(hue)), float(chroma * np.sin(hue)))
        for lightness, chroma, hue in zip(
            rng.uniform(30, 90, 60), rng.uniform(0, 45, 60), rng.uniform(0, 2 * np.pi, 60), strict=True
        )
    ]
    spectra = np.array([spectrum(lab) for lab in [*labs, (96.0, 0.0, 0.0)]])
    meant = rec2020_to_linear_srgb(xyz_to_rec2020(spectra @ observer()))
    return device, np.linalg.lstsq(spectra @ device, meant, rcond=None)[0]


def response(light: Floats, kind: str) -> Floats:
    """Linear sRGB of a spectrum, as the scanner's file says it."""
    if kind == "eye":
        return np.asarray(rec2020_to_linear_srgb(xyz_to_rec2020(light @ observer())))
    device, matrix = _sensitivity(kind)
    return np.asarray(light @ device @ matrix)
