"""Inks as spectra, an eye, and the sensors of scanners: what the simulated scanner looks with.

Nothing here is plotbot's: Lab, sRGB and their matrices are written out again from what was published (CIE 15;
IEC 61966-2-1, adapted to D50 as in the ICC's sRGB profile), so that an error in plotbot's own cannot cancel.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy.optimize import least_squares

Floats = np.ndarray[Any, Any]
Family = Literal["smooth", "dye", "metamer"]

WAVELENGTHS = np.arange(400, 701, 10.0)
COUNT = len(WAVELENGTHS)
WHITE = np.array([0.96422, 1.0, 0.82521])
_SRGB_FROM_XYZ = np.linalg.inv(
    np.array(
        [
            [0.4360747, 0.3850649, 0.1430804],
            [0.2225045, 0.7168786, 0.0606169],
            [0.0139322, 0.0971045, 0.7141733],
        ]
    )
)


def _observer() -> Floats:
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
    return np.asarray(weights * WHITE / weights.sum(axis=0))


OBSERVER = _observer()


def lab_of_xyz(xyz: Floats) -> Floats:
    ratio = np.asarray(xyz) / WHITE
    root = np.where(ratio > 216 / 24389, np.cbrt(np.maximum(ratio, 1e-12)), (24389 / 27 * ratio + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def xyz_of_lab(lab: Any) -> Floats:
    lightness, a, b = np.moveaxis(np.asarray(lab, dtype=float), -1, 0)
    y = (lightness + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    return np.asarray(np.where(root**3 > 216 / 24389, root**3, (116 * root - 16) * 27 / 24389) * WHITE)


def true_lab(light: Floats) -> Floats:
    """Lab of a spectrum."""
    return lab_of_xyz(light @ OBSERVER)


def linear_srgb(xyz: Floats) -> Floats:
    return np.asarray(xyz @ _SRGB_FROM_XYZ.T)


def encoded(linear: Floats) -> Floats:
    """sRGB as a file holds it, of 0 to 1."""
    held = np.clip(linear, 0, 1)
    return np.where(held <= 0.0031308, 12.92 * held, 1.055 * np.maximum(held, 1e-9) ** (1 / 2.4) - 0.055)


def decoded(srgb: Floats) -> Floats:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def spectrum(lab: Any) -> Floats:
    """The smoothest reflectance with this Lab: least slope of its logarithm (Burns 2015), by Newton."""
    target = xyz_of_lab(lab)
    slope = np.diff(np.eye(COUNT), axis=0)
    smooth = 2 * slope.T @ slope
    values, price = np.zeros(COUNT), np.zeros(3)
    for _ in range(60):
        light = np.exp(values)
        pull = OBSERVER * light[:, None]
        gradient = np.concatenate([smooth @ values + pull @ price, light @ OBSERVER - target])
        matrix = np.block([[smooth + np.diag(pull @ price), pull], [pull.T, np.zeros((3, 3))]])
        step = np.linalg.solve(matrix + 1e-12 * np.eye(COUNT + 3), -gradient)
        step *= min(1.0, 1.5 / np.abs(step[:COUNT]).max())
        values, price = values + step[:COUNT], price + step[COUNT:]
        if np.abs(gradient).max() < 1e-10:
            break
    return np.asarray(np.exp(values))


def ink(lab: Any, paper: Floats, family: Family, rng: np.random.Generator) -> Floats:
    """A solid of about this Lab on a paper: the smoothest spectrum; a mixture of a cyan, a magenta and a
    yellow dye, each with an absorption of its own, and some black; or another spectrum of the same Lab."""
    if family == "smooth":
        return spectrum(lab)
    return _dyed(lab, paper, rng) if family == "dye" else _metamer(lab, rng)


def _dyed(lab: Any, paper: Floats, rng: np.random.Generator) -> Floats:
    def band(peak: float, width: float, skew: float = 1.0) -> Floats:
        off = WAVELENGTHS - peak
        return np.exp(-0.5 * (off / np.where(off < 0, width * skew, width / skew)) ** 2)

    for _ in range(6):
        cyan = band(rng.uniform(620, 660), rng.uniform(38, 60), rng.uniform(1, 1.5))
        cyan += rng.uniform(0, 0.15) * band(430, 40)
        magenta = band(rng.uniform(525, 565), rng.uniform(25, 42), rng.uniform(0.9, 1.4))
        magenta += rng.uniform(0, 0.25) * band(420, 45)
        yellow = band(rng.uniform(405, 450), rng.uniform(28, 45), rng.uniform(0.8, 1.2))
        dyes = np.stack([cyan, magenta, yellow], axis=1)
        grey = rng.uniform(0, 0.3) * max(0.0, (60 - lab[0]) / 60)

        def light(amounts: Floats, dyes: Floats = dyes, grey: float = grey) -> Floats:
            return np.asarray(paper * np.exp(-dyes @ amounts - grey))

        found = least_squares(lambda q, f=light: true_lab(f(q)) - lab, [0.5, 0.5, 0.5], bounds=(0, 6))
        if np.linalg.norm(found.fun) < 1:
            break
    return light(found.x)


def _metamer(lab: Any, rng: np.random.Generator) -> Floats:
    plain = spectrum(lab)
    unseen = np.eye(COUNT) - OBSERVER @ np.linalg.pinv(OBSERVER)
    for size in (1, 0.5, 0.25, 0.1):
        width = rng.uniform(20, 50)
        noise = np.exp(-0.5 * ((WAVELENGTHS[:, None] - WAVELENGTHS) / width) ** 2) @ rng.normal(size=COUNT)
        noise = unseen @ noise
        found = plain + size * rng.uniform(0.05, 0.2) * noise / np.abs(noise).max()
        if found.min() > 0.003 and found.max() < 1:
            return np.asarray(found)
    return plain


@dataclass(frozen=True, eq=False)
class Eyes:
    """What a scanner sees with: sensitivities of the device [wavelengths, 3], the light of its lamp in them,
    and the maker's matrix from device to linear sRGB."""

    device: Floats
    matrix: Floats = field(repr=False)

    def linear(self, light: Floats) -> Floats:
        """Linear sRGB of spectra, as the scanner's file says it."""
        return np.asarray(light @ self.device @ self.matrix)

    def relative(self, light: Floats, paper: Floats, exposure: float = 0.72) -> Floats:
        """The light of even patches relative to the paper, linear sRGB, through a file of 8 bits."""
        seen = self.linear(light) / self.linear(paper)
        return np.asarray(decoded(np.rint(encoded(seen * exposure) * 255) / 255) / exposure)


@functools.cache
def usual_eyes(kind: str) -> Eyes:
    """An eye's own, or those of one scanner of a kind, that its maker fitted to smooth pale colours."""
    if kind == "eye":
        return Eyes(OBSERVER, _SRGB_FROM_XYZ.T)
    peaks, wide = {"ccd": ((608, 540, 460), (34, 36, 30)), "led": ((630, 525, 465), (9, 16, 11))}[kind]
    rng = np.random.default_rng(3)
    lightness, chroma, hue = rng.uniform(30, 90, 60), rng.uniform(0, 45, 60), rng.uniform(0, 2 * np.pi, 60)
    labs = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    return _made(_bells(peaks, wide), np.array([spectrum(lab) for lab in [*labs, (96.0, 0.0, 0.0)]]))


def some_eyes(kind: str, rng: np.random.Generator) -> Eyes:
    """One of many scanners of a kind: three LEDs (630, 525, 465 nm or near), or filters before a sensor under
    an even, a white LED's or a cold cathode lamp; matrices fitted to photographs' dyes or smooth colours."""
    if kind == "led":
        peaks = np.array([630, 525, 465]) + np.clip(rng.normal(0, [5, 5, 4]), -12, 12)
        device = _bells(peaks, np.array([8, 15, 10]) * rng.uniform(0.85, 1.2, 3))
    else:
        peaks = np.array([603, 540, 458]) + rng.normal(0, [8, 6, 6])
        device = _bells(peaks, np.array([32, 36, 28]) * rng.uniform(0.8, 1.2, 3))
        lamp = rng.integers(3)
        if lamp == 1:
            device = device * (_bells([452, 565], [12, 60]) @ [1.2, 0.8] + 0.02)[:, None]
        elif lamp == 2:
            lines = _bells([436, 490, 545, 611], [8, 10, 9, 9]) @ [1.2, 0.5, 2.0, 1.8]
            device = device * (0.25 + lines)[:, None]
    paper = spectrum((96.0, 0.0, 0.0))
    family: Family = "smooth" if rng.integers(2) else "dye"
    lightness, hue = rng.uniform(25, 90, 60), rng.uniform(0, 2 * np.pi, 60)
    chroma = rng.uniform(0, rng.uniform(40, 70), 60)
    labs = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    return _made(device, np.array([ink(lab, paper, family, rng) for lab in labs] + [paper] * 5))


def _bells(peaks: Any, wide: Any) -> Floats:
    return np.exp(-0.5 * ((WAVELENGTHS[:, None] - np.asarray(peaks)) / np.asarray(wide)) ** 2)


def _made(device: Floats, known: Floats) -> Eyes:
    device = device / device.sum(axis=0)
    return Eyes(device, np.linalg.lstsq(known @ device, linear_srgb(known @ OBSERVER), rcond=None)[0])
