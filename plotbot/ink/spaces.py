"""Colour spaces: Lab (D50, 2°) to XYZ, linear Rec.2020, sRGB and Oklab and back, and CIEDE2000.

Every function takes a numpy array or a torch tensor of shape [..., 3] and returns its own kind, with
the same numbers, on the same device and in the same floating type; whole numbers and sequences become
float64 arrays. In torch everything is differentiable everywhere, greys and equal colours included.
Torch is never imported here.

Y of a perfect white is 1, L* runs from 0 to 100, encoded sRGB from 0 to 1. Colours outside a gamut
are carried through unclipped until they become 8-bit.

The matrices are derived below from published chromaticities (D50 and D65 as in CSS Color 4, ITU-R
BT.2020, IEC 61966-2-1) with Bradford adaptation, so that paper white at D50 is exactly white at D65.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput

if TYPE_CHECKING:
    import torch

    Array = TypeVar("Array", np.ndarray, torch.Tensor)
else:
    Array = TypeVar("Array")

Floats = npt.NDArray[Any]

__all__ = [
    "WHITE_D50",
    "Array",
    "delta_e00",
    "encode_srgb",
    "in_srgb",
    "lab_from_hex",
    "lab_to_oklab",
    "lab_to_rec2020",
    "lab_to_srgb",
    "lab_to_xyz",
    "light_to_dark",
    "oklab_to_lab",
    "rec2020_to_lab",
    "rec2020_to_linear_srgb",
    "rec2020_to_srgb",
    "rec2020_to_xyz",
    "srgb_hex",
    "srgb_to_lab",
    "srgb_to_rec2020",
    "srgb_uint8",
    "xyz_to_lab",
    "xyz_to_rec2020",
]


def _xyz_from_xy(x: float, y: float) -> Floats:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _rgb_to_xyz(primaries: Sequence[tuple[float, float]], white: Floats) -> Floats:
    """Matrix of an additive RGB space (SMPTE RP 177-1993): columns are the primaries, scaled to the white."""
    columns = np.stack([_xyz_from_xy(*xy) for xy in primaries], axis=1)
    return np.asarray(columns * np.linalg.solve(columns, white))


def _adaptation(source: Floats, target: Floats) -> Floats:
    """Bradford adaptation from one white to another (Lam 1985, linear form as in ICC.1:2022 annex E)."""
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    return np.asarray(np.linalg.inv(cones) @ np.diag((cones @ target) / (cones @ source)) @ cones)


WHITE_D50 = _xyz_from_xy(0.3457, 0.3585)
"""XYZ of the D50 white, Y = 1."""

_WHITE_D65 = _xyz_from_xy(0.3127, 0.3290)
_D65_FROM_D50 = _adaptation(WHITE_D50, _WHITE_D65)
_REC2020_PRIMARIES = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_XYZ_FROM_REC2020 = np.linalg.inv(_D65_FROM_D50) @ _rgb_to_xyz(_REC2020_PRIMARIES, _WHITE_D65)
_REC2020_FROM_XYZ = np.linalg.inv(_XYZ_FROM_REC2020)
_SRGB_FROM_REC2020 = np.linalg.inv(_rgb_to_xyz(_SRGB_PRIMARIES, _WHITE_D65)) @ _rgb_to_xyz(
    _REC2020_PRIMARIES, _WHITE_D65
)
_REC2020_FROM_SRGB = np.linalg.inv(_SRGB_FROM_REC2020)

# Oklab (Ottosson 2020): XYZ at D65 to cone responses, and their cube roots to Oklab.
_OKLAB_CONES_FROM_XYZ = (
    np.array(
        [
            [0.8189330101, 0.3618667424, -0.1288597137],
            [0.0329845436, 0.9293118715, 0.0361456387],
            [0.0482003018, 0.2643662691, 0.6338517070],
        ]
    )
    @ _D65_FROM_D50
)
_OKLAB_FROM_ROOTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

# CIE 15:2018 in exact fractions, without the small step at the join.
_EPSILON = 216 / 24389
_KAPPA = 24389 / 27


def lab_to_xyz(lab: Array) -> Array:
    """Lab (D50) to XYZ (D50, Y of white = 1), CIE 15:2018."""
    xp, lab = _arrays(lab)
    fy = (lab[..., 0] + 16) / 116
    f = xp.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    cube = f**3
    ratio = xp.where(cube > _EPSILON, cube, (116 * f - 16) / _KAPPA)
    return ratio * _like(WHITE_D50, lab)  # type: ignore[no-any-return]


def xyz_to_lab(xyz: Array) -> Array:
    """XYZ (D50, Y of white = 1) to Lab (D50), CIE 15:2018."""
    xp, xyz = _arrays(xyz)
    ratio = xyz / _like(WHITE_D50, xyz)
    root = _over(ratio, _EPSILON) ** (1 / 3)
    f = xp.where(ratio > _EPSILON, root, (_KAPPA * ratio + 16) / 116)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    return xp.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], -1)  # type: ignore[no-any-return]


def xyz_to_rec2020(xyz: Array) -> Array:
    """XYZ (D50) to linear Rec.2020 (ITU-R BT.2020, D65), Bradford-adapted."""
    return _times(_REC2020_FROM_XYZ, xyz)


def rec2020_to_xyz(rgb: Array) -> Array:
    """Linear Rec.2020 (D65) to XYZ (D50), Bradford-adapted."""
    return _times(_XYZ_FROM_REC2020, rgb)


def lab_to_rec2020(lab: Array) -> Array:
    """Lab (D50) to linear Rec.2020; white is (1, 1, 1)."""
    return xyz_to_rec2020(lab_to_xyz(lab))


def rec2020_to_lab(rgb: Array) -> Array:
    """Linear Rec.2020 to Lab (D50)."""
    return xyz_to_lab(rec2020_to_xyz(rgb))


def rec2020_to_linear_srgb(rgb: Array) -> Array:
    """Linear Rec.2020 to linear sRGB; components leave 0..1 where sRGB cannot show the colour."""
    return _times(_SRGB_FROM_REC2020, rgb)


def rec2020_to_srgb(rgb: Array) -> Array:
    """Linear Rec.2020 to encoded sRGB (IEC 61966-2-1), unclipped."""
    return encode_srgb(rec2020_to_linear_srgb(rgb))


def encode_srgb(linear: Array) -> Array:
    """Linear sRGB to encoded sRGB (IEC 61966-2-1), unclipped."""
    xp, linear = _arrays(linear)
    curve = _over(linear, 0.0031308) ** (1 / 2.4) * 1.055 - 0.055
    return xp.where(linear > 0.0031308, curve, 12.92 * linear)  # type: ignore[no-any-return]


def srgb_to_rec2020(srgb: Array) -> Array:
    """Encoded sRGB (0..1) to linear Rec.2020."""
    xp, srgb = _arrays(srgb)
    curve = ((_over(srgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return _times(_REC2020_FROM_SRGB, xp.where(srgb > 0.04045, curve, srgb / 12.92))  # type: ignore[no-any-return]


def lab_to_srgb(lab: Array) -> Array:
    """Lab (D50) to encoded sRGB, unclipped: under 0 or over 1 where sRGB cannot show the colour."""
    return rec2020_to_srgb(lab_to_rec2020(lab))


def srgb_to_lab(srgb: Array) -> Array:
    """Encoded sRGB (0..1) to Lab (D50)."""
    return rec2020_to_lab(srgb_to_rec2020(srgb))


def lab_to_oklab(lab: Array) -> Array:
    """Lab (D50) to Oklab (Ottosson 2020): straight distances there are a cheap stand-in for ΔE00."""
    xp, cones = _arrays(_times(_OKLAB_CONES_FROM_XYZ, lab_to_xyz(lab)))
    size = xp.abs(cones)
    # A straight line under 1e-6 (L* of 0.001) keeps the slope of the cube root finite at black.
    root = xp.where(size > 1e-6, _over(size, 1e-6) ** (1 / 3), size * 1e4)
    return _times(_OKLAB_FROM_ROOTS, xp.sign(cones) * root)  # type: ignore[no-any-return]


def oklab_to_lab(oklab: Array) -> Array:
    """Oklab to Lab (D50)."""
    roots = _times(np.linalg.inv(_OKLAB_FROM_ROOTS), oklab)
    return xyz_to_lab(_times(np.linalg.inv(_OKLAB_CONES_FROM_XYZ), roots**3))


def delta_e00(one: Array, other: Array) -> Array:
    """CIEDE2000 colour difference of Labs [..., 3] that broadcast; returns [...].

    CIE 142-2001 with kL = kC = kH = 1, in the form of Sharma, Wu and Dalal, "The CIEDE2000
    Color-Difference Formula: Implementation Notes, Supplementary Test Data, and Mathematical
    Observations" (2005). The gradient at equal colours is taken as 0.
    """
    xp, one = _arrays(one)
    _, other = _arrays(other)
    l1, a1, b1 = one[..., 0], one[..., 1], one[..., 2]
    l2, a2, b2 = other[..., 0], other[..., 1], other[..., 2]
    mean_c7 = ((_sqrt(xp, a1**2 + b1**2) + _sqrt(xp, a2**2 + b2**2)) / 2) ** 7
    stretch = 1.5 - 0.5 * _sqrt(xp, mean_c7 / (mean_c7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = _sqrt(xp, a1**2 + b1**2), _sqrt(xp, a2**2 + b2**2)
    h1, h2 = _hue(xp, a1, b1), _hue(xp, a2, b2)

    grey = c1 * c2 == 0
    turn = h2 - h1
    turn = xp.where(turn > 180, turn - 360, xp.where(turn < -180, turn + 360, turn))
    turn = xp.where(grey, xp.zeros_like(turn), turn)
    total = h1 + h2
    far = xp.abs(h1 - h2) > 180
    mean_h = xp.where(far, xp.where(total < 360, total + 360, total - 360), total) / 2
    mean_h = xp.where(grey, total, mean_h)

    delta_l, delta_c = l2 - l1, c2 - c1
    delta_h = 2 * _sqrt(xp, c1 * c2) * xp.sin(_radians(turn / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * xp.cos(_radians(mean_h - 30))
        + 0.24 * xp.cos(_radians(2 * mean_h))
        + 0.32 * xp.cos(_radians(3 * mean_h + 6))
        - 0.20 * xp.cos(_radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / _sqrt(xp, 20 + (mean_l - 50) ** 2)
    s_c = 1 + 0.045 * mean_c
    s_h = 1 + 0.015 * mean_c * t
    mean_c7 = mean_c**7
    r_c = 2 * _sqrt(xp, mean_c7 / (mean_c7 + 25.0**7))
    r_t = -r_c * xp.sin(_radians(60 * xp.exp(-(((mean_h - 275) / 25) ** 2))))
    light, chroma, hue = delta_l / s_l, delta_c / s_c, delta_h / s_h
    return _sqrt(xp, light**2 + chroma**2 + hue**2 + r_t * chroma * hue)  # type: ignore[no-any-return]


def in_srgb(lab: Array, tolerance: float = 1e-4) -> Array:
    """Which Labs [..., 3] an sRGB screen can show, [...] of bool; `tolerance` is in encoded sRGB."""
    srgb: Any = lab_to_srgb(lab)
    return ((srgb >= -tolerance) & (srgb <= 1 + tolerance)).all(-1)  # type: ignore[no-any-return]


def srgb_uint8(srgb: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Encoded sRGB [..., 3] to 8 bits, clipped to what a screen can show."""
    levels: Floats = np.rint(np.clip(np.asarray(srgb, dtype=float), 0, 1) * 255)
    return levels.astype(np.uint8)


def srgb_hex(lab: npt.ArrayLike) -> str:
    """One Lab (D50) as ``#rrggbb``, clipped to what a screen can show."""
    red, green, blue = srgb_uint8(lab_to_srgb(np.asarray(lab, dtype=float)))
    return f"#{red:02x}{green:02x}{blue:02x}"


def lab_from_hex(text: str) -> Floats:
    """Lab (D50) of ``#rrggbb`` or ``#rgb`` sRGB; raises `BadInput` for anything else."""
    digits = text.strip().removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) != 6 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise BadInput(f"Colour {text!r} is not an sRGB colour; write it like #d90005.")
    return srgb_to_lab(np.array(list(bytes.fromhex(digits))) / 255)


def light_to_dark(labs: npt.ArrayLike) -> list[int]:
    """Indices of Labs [n, 3] from the lightest to the darkest; equals keep their order."""
    lightness = np.asarray(labs, dtype=float).reshape(-1, 3)[:, 0]
    return [int(index) for index in np.argsort(-lightness, kind="stable")]


def _arrays(values: Any) -> tuple[ModuleType, Any]:
    """The namespace, numpy or torch, to compute in, and the values as floating numbers there."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        return torch, values if values.is_floating_point() else values.to(torch.float64)
    values = np.asarray(values)
    return np, values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float64)


def _like(constant: Floats, values: Any) -> Any:
    """The constant in the kind, type and device of the values."""
    if isinstance(values, np.ndarray | np.generic):
        return constant.astype(values.dtype)
    return values.new_tensor(constant.tolist())


def _times(matrix: Floats, values: Array) -> Array:
    """The 3x3 matrix times every vector of [..., 3]."""
    _, values = _arrays(values)
    return values @ _like(matrix.T, values)  # type: ignore[no-any-return]


def _over(values: Any, limit: float) -> Any:
    """The values, but `limit` where they are lower: with no gradient there that could spoil a result."""
    return values.clip(limit, None)


def _sqrt(xp: ModuleType, values: Any) -> Any:
    """Square root whose gradient at 0 is 0, not infinite."""
    positive = values > 0
    return xp.where(
        positive, xp.sqrt(xp.where(positive, values, xp.ones_like(values))), xp.zeros_like(values)
    )


def _hue(xp: ModuleType, a: Any, b: Any) -> Any:
    """Hue angle in degrees, 0 to 360, and 0 for grey."""
    grey = (a == 0) & (b == 0)
    angle = xp.arctan2(b, xp.where(grey, xp.ones_like(a), a)) * (180 / np.pi)
    return xp.where(angle < 0, angle + 360, angle)


def _radians(degrees: Any) -> Any:
    return degrees * (np.pi / 180)
