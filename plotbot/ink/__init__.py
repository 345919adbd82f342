"""Colour science: the only place that converts colours.

`spaces` knows Lab, XYZ, Rec.2020, sRGB, Oklab and CIEDE2000; `film` knows what inks do on paper.
"""

from plotbot.ink.film import compose, film_to_lab, film_to_rec2020, film_to_srgb, transmittance
from plotbot.ink.spaces import (
    delta_e00,
    in_srgb,
    lab_from_hex,
    lab_to_oklab,
    lab_to_rec2020,
    lab_to_srgb,
    lab_to_xyz,
    light_to_dark,
    oklab_to_lab,
    rec2020_to_lab,
    rec2020_to_srgb,
    srgb_hex,
    srgb_to_lab,
    srgb_to_rec2020,
    srgb_uint8,
    xyz_to_lab,
)

__all__ = [
    "compose",
    "delta_e00",
    "film_to_lab",
    "film_to_rec2020",
    "film_to_srgb",
    "in_srgb",
    "lab_from_hex",
    "lab_to_oklab",
    "lab_to_rec2020",
    "lab_to_srgb",
    "lab_to_xyz",
    "light_to_dark",
    "oklab_to_lab",
    "rec2020_to_lab",
    "rec2020_to_srgb",
    "srgb_hex",
    "srgb_to_lab",
    "srgb_to_rec2020",
    "srgb_uint8",
    "transmittance",
    "xyz_to_lab",
]
