"""Which model of ink on paper is right? Overprints and tints, judged on printed colours.

    apt-get download scribus-data libgs-common
    for package in *.deb; do dpkg -x "$package" profiles; done
    python bench/ink.py profiles            # --fit fits the overprint model again, in half a minute

Data: 1,617 patches of FOGRA39L (offset, coated paper) that the profile ISOcoated_v2_300_bas.icc carries
along, and the corners and ramps of SWOP (another press, another paper) as Ghostscript's default CMYK
profile says them, in whole numbers. The bands and the haze of `plotbot.ink.film` were fitted to the six
two-ink solids of FOGRA39L and every third of its tints; nothing else was, SWOP least of all.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from scipy.optimize import minimize

from plotbot import ink
from plotbot.ink.coverage import hatch_n, tint
from plotbot.ink.film import BANDS, HAZE

Overprint = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Labs of layers [n, inks, 3] and of the paper [3] to Labs of the overprints [n, 3]."""


@dataclass(frozen=True)
class Patches:
    """Layers of ink (a layer left out has the paper's Lab), the paper, and what they gave together."""

    name: str
    layers: np.ndarray
    paper: np.ndarray
    lab: np.ndarray

    def errors(self, model: Overprint) -> np.ndarray:
        return ink.delta_e00(model(self.layers, self.paper), self.lab)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("folder", type=Path, help="where the two packages were unpacked")
    arguments.add_argument("--fit", action="store_true", help="fit bands and haze again")
    asked = arguments.parse_args()
    fogra = read_target(find(asked.folder, "ISOcoated_v2_300_bas.icc"))
    swop = find(asked.folder, "default_cmyk.icc")

    sets = overprints(fogra, swop)
    models = overprint_models()
    if asked.fit:
        bands, haze = fit([sets[0], sets[4]])
        print("fitted: bands", np.round(bands, 4).tolist(), f"haze {haze:.4f}")
        models["bands and haze, fitted now"] = bands_and_haze(bands, haze)
    print("Overprints, ΔE00 mean / p95 / max")
    print(f"{'':32}" + "".join(f"{one.name:>24}" for one in sets))
    for name, model in models.items():
        print(f"{name:32}" + "".join(f"{figures(one.errors(model)):>24}" for one in sets))

    print("\nTints, ΔE00 mean / p95 / max")
    print_tints(fogra, swop)
    print_time()


def overprint_models() -> dict[str, Overprint]:
    identity = np.eye(3)
    return {
        "multiply in sRGB": multiply_srgb,
        "multiply in linear Rec.2020": bands_and_haze(identity, 0.0),
        "haze alone, 0.008": bands_and_haze(identity, 0.008),
        "recovered spectra, multiplied": spectral(0.0, kubelka_munk=False),
        "the same with haze 0.006": spectral(0.006, kubelka_munk=False),
        "recovered spectra, Kubelka-Munk": spectral(0.0, kubelka_munk=True),
        "bands and haze (plotbot.ink)": bands_and_haze(BANDS, HAZE),
    }


def multiply_srgb(layers: np.ndarray, paper: np.ndarray) -> np.ndarray:
    white = ink.lab_to_srgb(paper)
    return ink.srgb_to_lab(white * np.prod(np.clip(ink.lab_to_srgb(layers), 1e-3, 1) / white, axis=1))


def bands_and_haze(bands: np.ndarray, haze: float) -> Overprint:
    back = np.linalg.inv(bands)

    def model(layers: np.ndarray, paper: np.ndarray) -> np.ndarray:
        white = ink.lab_to_rec2020(paper)
        films = np.clip(((ink.lab_to_rec2020(layers) / white) @ bands.T - haze) / (1 - haze), 1e-3, 1)
        return ink.rec2020_to_lab(((haze + (1 - haze) * films.prod(1)) @ back.T) * white)

    return model


def spectral(haze: float, kubelka_munk: bool) -> Overprint:
    """Multiply, or add K/S of, the smoothest spectra that have the given Labs."""
    weights = observer()

    def absorption(reflectance: np.ndarray) -> np.ndarray:
        return (1 - reflectance) ** 2 / (2 * reflectance)

    def model(layers: np.ndarray, paper: np.ndarray) -> np.ndarray:
        flat, index = np.unique(layers.reshape(-1, 3), axis=0, return_inverse=True)
        spectra = np.array([smoothest_spectrum(lab, weights) for lab in flat])[index]
        spectra, white = spectra.reshape(*layers.shape[:2], -1), smoothest_spectrum(paper, weights)
        if kubelka_munk:
            ks = absorption(np.clip((spectra - haze) / (1 - haze), 1e-3, 0.9999))
            base = absorption(white)
            total = base + (ks - base).sum(1)
            light = haze + (1 - haze) * (1 + total - np.sqrt(total**2 + 2 * total))
        else:
            light = white * (haze + (1 - haze) * ((spectra / white - haze) / (1 - haze)).clip(1e-4).prod(1))
        return ink.xyz_to_lab(light @ weights)

    return model


def fit(sets: list[Patches]) -> tuple[np.ndarray, float]:
    """Bands and haze for the least mean square ΔE00; the tints count four times, far bands cost."""

    def unpack(x: np.ndarray) -> tuple[np.ndarray, float]:
        a, b, c, d, e, f, haze = x
        return np.array([[1 - a - b, a, b], [c, 1 - c - d, d], [e, f, 1 - e - f]]), float(haze)

    def loss(x: np.ndarray) -> float:
        model = bands_and_haze(*unpack(x))
        errors = [np.mean(one.errors(model) ** 2) for one in sets]
        return float(errors[0] + 4 * errors[1] + 30 * np.sum(x[:6] ** 2))

    options = {"maxiter": 4000, "maxfev": 4000, "xatol": 1e-5, "fatol": 1e-4, "adaptive": True}
    start = np.append(np.zeros(6), 0.006)
    return unpack(minimize(loss, start, method="Nelder-Mead", options=options).x)


def print_tints(fogra: np.ndarray, swop: Path) -> None:
    ramps = {(i, row[i]): row[4:] for row in fogra for i in range(4) if row[:4].sum() == row[i]}
    paper = ramps[0, 0.0]
    shares = {key: lab for key, lab in ramps.items() if 0 < key[1] < 100}
    printed = [
        (
            "FOGRA39L",
            np.array([share / 100 for _, share in shares]),
            np.array([ramps[i, 100.0] for i, _ in shares]),
            paper,
            np.array(list(shares.values())),
        )
    ]
    steps = np.concatenate([np.eye(4)[i] * np.arange(10, 100, 10)[:, None] for i in range(4)])
    solids = read_profile(swop, np.eye(4) * 100)
    printed.append(
        (
            "SWOP",
            steps.max(1) / 100,
            solids[steps.argmax(1)],
            read_profile(swop, np.zeros((1, 4)))[0],
            read_profile(swop, steps),
        )
    )
    # Coated paper spreads light over about 0.05 mm; both screens have about 6 lines a mm.
    several = fogra[(fogra[:, :4] > 0).sum(1) > 1]
    solids_of_fogra = np.array([ramps[i, 100.0] for i in range(4)])
    print(f"{'':32}{'FOGRA39L, one ink':>24}{'SWOP, one ink':>24}{'FOGRA39L, all from 4':>24}")
    foretold = hatch_n(1 / 12, 1 / 6, spread_mm=0.05)
    for label, n in (
        ("Murray-Davies, n = 1", 1.0),
        ("n = 1.5", 1.5),
        (f"n = {foretold:.2f}, from scattering", foretold),
        ("n = 2", 2.0),
        ("n = 2.5", 2.5),
    ):
        line = f"{label:32}"
        for _, share, solid, white, target in printed:
            found = ink.film_to_lab(tint(ink.transmittance(solid, white), share, n), white)
            line += f"{figures(ink.delta_e00(found, target)):>24}"
        films = ink.transmittance(solids_of_fogra, paper)
        found = ink.film_to_lab(ink.compose(several[:, :4] / 100, films, n=n), paper)
        print(line + f"{figures(ink.delta_e00(found, several[:, 4:])):>24}")

    weights = observer()
    line = f"{'recovered spectra, n = 2':32}"
    for _, share, solid, white, target in printed:
        bare = smoothest_spectrum(white, weights)
        light = np.array([smoothest_spectrum(lab, weights) for lab in solid]) / bare
        mixed = (1 - share[:, None] * (1 - light**0.5)) ** 2 * bare
        line += f"{figures(ink.delta_e00(ink.xyz_to_lab(mixed @ weights), target)):>24}"
    bare = smoothest_spectrum(paper, weights)
    light = np.array([smoothest_spectrum(lab, weights) for lab in solids_of_fogra]) / bare
    mixed = np.prod(1 - several[:, :4, None] / 100 * (1 - light**0.5), axis=1) ** 2 * bare
    print(line + f"{figures(ink.delta_e00(ink.xyz_to_lab(mixed @ weights), several[:, 4:])):>24}")


def print_time() -> None:
    """What the model costs a renderer: twelve pens over a picture of 224 x 336."""
    import torch  # noqa: PLC0415

    coverage = torch.rand(224, 336, 12)
    films = np.random.default_rng(0).uniform(0.05, 1, (12, 3))

    def best(run: Callable[[], object]) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return min(times) * 1000

    film = ink.compose(coverage, films)
    white = np.array([95.0, 0.0, 2.0])
    print(f"\n{torch.get_num_threads()} threads, best of 7, 12 pens, 224 x 336, torch forward:")
    print(f"compose {best(lambda: ink.compose(coverage, films)):.1f} ms, ", end="")
    print(f"compose with n = 2 {best(lambda: ink.compose(coverage, films, n=2.0)):.1f} ms, ", end="")
    print(f"film to linear Rec.2020 {best(lambda: ink.film_to_rec2020(film, white)):.1f} ms")


def overprints(fogra: np.ndarray, swop: Path) -> list[Patches]:
    ramps = {(i, row[i]): row[4:] for row in fogra for i in range(4) if row[:4].sum() == row[i]}
    paper = ramps[0, 0.0]
    known = np.array([all((i, row[i]) in ramps for i in range(4)) for row in fogra])
    rows = np.unique(fogra[known & ((fogra[:, :4] > 0).sum(1) > 1)], axis=0)
    layers = np.array([[ramps[i, row[i]] for i in range(4)] for row in rows])
    solid = np.isin(rows[:, :4], (0, 100)).all(1)
    two = solid & ((rows[:, :4] > 0).sum(1) == 2)
    tints = np.flatnonzero(~solid)
    third = tints[::3]

    corners = np.array([one for one in itertools.product((0, 1), repeat=4) if sum(one) > 1])
    white, single = read_profile(swop, np.zeros((1, 4)))[0], read_profile(swop, np.eye(4) * 100)
    swop_layers = np.where(corners[..., None] == 1, single, white)
    chosen = {
        "FOGRA 2 solids": two,
        "3-4 solids": solid & ~two,
        "tints": np.setdiff1d(tints, third),
    }
    found = [Patches(name, layers[pick], paper, rows[pick, 4:]) for name, pick in chosen.items()]
    found.insert(2, Patches("SWOP solids", swop_layers, white, read_profile(swop, corners * 100)))
    found.append(Patches("tints fitted to", layers[third], paper, rows[third, 4:]))
    return found


def read_target(path: Path) -> np.ndarray:
    """The measurements a profile was made from: rows of C, M, Y, K (%) and L*, a*, b*."""
    text = ImageCms.getOpenProfile(str(path)).profile.target
    rows = [line.split() for line in text[text.index("BEGIN_DATA\n") :].splitlines()]
    return np.array([[float(value) for value in row] for row in rows if len(row) == 7])


def read_profile(path: Path, cmyk: np.ndarray) -> np.ndarray:
    """Labs of inks (%) by a profile, absolute colorimetric, in whole a* and b*."""
    lab = ImageCms.createProfile("LAB")
    intent = ImageCms.Intent.ABSOLUTE_COLORIMETRIC
    transform = ImageCms.buildTransform(str(path), lab, "CMYK", "LAB", renderingIntent=intent)
    inks = np.rint(np.asarray(cmyk) * 2.55).astype(np.uint8)[None]
    found = np.asarray(ImageCms.applyTransform(Image.fromarray(inks, "CMYK"), transform))[0]
    # Pillow packs a* and b* as signed bytes.
    return np.concatenate([found[:, :1] * (100 / 255), found[:, 1:].view(np.int8)], axis=1)


def find(folder: Path, name: str) -> Path:
    found = next(folder.rglob(name), None)
    if found is None:
        sys.exit(f"{name} is not in {folder}; see the first lines of {__file__} for where to get it.")
    return found


def observer() -> np.ndarray:
    """CIE 1931 2° under D50 at 400 to 700 nm by 10: [31, 3], scaled so that white is white."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour  # noqa: PLC0415
    shape = colour.SpectralShape(400, 700, 10)
    matching = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(shape).values
    weights = matching * colour.SDS_ILLUMINANTS["D50"].copy().align(shape).values[:, None]
    return weights * (ink.lab_to_xyz(np.array([100.0, 0, 0])) / weights.sum(0))


def smoothest_spectrum(lab: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Reflectance between 0 and 1 with this Lab whose inverse tanh is smoothest (Burns, Color Res. Appl.
    45, 33, 2020), by Newton's method."""
    size = len(weights)
    slope = np.diff(np.eye(size), axis=0)
    stiffness = 2 * slope.T @ slope
    target, z, multipliers = ink.lab_to_xyz(lab), np.zeros(size), np.zeros(3)
    for _ in range(60):
        steepness = (1 - np.tanh(z) ** 2) / 2
        jacobian = weights.T * steepness
        residual = np.append(
            stiffness @ z + jacobian.T @ multipliers, weights.T @ (np.tanh(z) + 1) / 2 - target
        )
        if np.abs(residual).max() < 1e-8:
            break
        bend = np.diag(-2 * np.tanh(z) * steepness * (weights @ multipliers))
        system = np.block([[stiffness + bend, jacobian.T], [jacobian, np.zeros((3, 3))]])
        step = np.linalg.lstsq(system, -residual, rcond=None)[0]
        step *= min(1.0, 2 / np.abs(step[:size]).max())
        z, multipliers = z + step[:size], multipliers + step[size:]
    return (np.tanh(z) + 1) / 2


def figures(errors: np.ndarray) -> str:
    return f"{errors.mean():.2f} / {np.percentile(errors, 95):.2f} / {errors.max():.2f}"


if __name__ == "__main__":
    main()
