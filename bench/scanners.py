"""How far off scanned colours are, by many simulated scanners: `uv run python -m bench.scanners`.

Scanners of two kinds look at the shipped tins. The pens' true colours lie around the published ones, some
far off; their spectra are smooth ones, mixtures of dyes, or metamers of smooth ones. Prints how far colours
are off as scanned, by the usual correction of the kind, with the pens' published colours, and with measured
pens among them, and how often the uncertainty that goes into the pen file covers the truth. `--fit` fits the
usual corrections (plotbot/pens/scan_colour.py holds the result) to scanners of other seeds than those judged.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab, srgb_to_rec2020
from plotbot.pens import scan_colour
from plotbot.pens.chart import Patch
from plotbot.pens.inventory import load_inventory, matchable_pens
from plotbot.pens.model import Inventory
from plotbot.pens.scan_colour import KINDS, Correction, ScannerKind, correction
from plotbot.pens.scan_patches import Seen
from tests.pens import inks

Floats = np.ndarray[Any, Any]

TINS = ("staedtler12", "staedtler20", "micron", "stabilo88")
FAMILIES: dict[str, tuple[inks.Family, ...]] = {
    "mixed": ("smooth", "dye", "dye", "metamer"),
    "smooth": ("smooth",),
    "dye": ("dye",),
}
OFF, OUTLIERS = 0.6, 0.05
"""True colours lie off the published ones by this share of how far those are apart; so many lie anywhere."""


@dataclass(frozen=True)
class Scan:
    """One tin as one scanner sees it: its pens as published, their true Labs, and their solids."""

    kind: ScannerKind
    inventory: Inventory
    truth: Floats
    seen: list[Seen]

    @property
    def light(self) -> Floats:
        return np.array([one.relative for one in self.seen])

    def labs(self, light: Floats) -> Floats:
        return rec2020_to_lab(light * lab_to_rec2020(np.array(self.inventory.paper.lab)))

    def off(self, light: Floats) -> Floats:
        return delta_e00(self.labs(light), self.truth)

    def with_measured(self, which: Floats) -> Inventory:
        """The tin with these pens measured."""
        pens = [
            pen.model_copy(update={"provenance": "measured", "lab": tuple(lab), "uncertainty": 1.0})
            if yes
            else pen
            for pen, lab, yes in zip(self.inventory.pens, self.truth.tolist(), which, strict=True)
        ]
        return self.inventory.model_copy(update={"pens": tuple(pens)})


def scans(seed: int, count: int, families: tuple[inks.Family, ...]) -> Iterator[Scan]:
    """So many scanners of each kind, each with one tin on a paper of its own."""
    rng = np.random.default_rng(seed)
    tins = [load_inventory(name) for name in TINS]
    for kind in KINDS:
        for number in range(count):
            eyes = inks.some_eyes(kind, rng)
            tin = tins[number % len(tins)]
            paper_lab = np.array([min(95 + rng.normal(0, 1.5), 97), rng.normal(0, 1), rng.normal(2, 2)])
            paper = inks.spectrum(paper_lab)
            pens = matchable_pens(tin)
            truth, seen = [], []
            for pen in pens:
                light = np.minimum(
                    inks.ink(_true(pen.lab, pen.uncertainty, rng), paper, rng.choice(families), rng), 1
                )
                relative = srgb_to_rec2020(inks.encoded(eyes.relative(light, paper)))
                truth.append(inks.true_lab(light))
                seen.append(Seen(Patch("solid", pen.id, (0, 0, 9, 9)), relative, 0.0, 0.0))
            paper_known = tin.paper.model_copy(update={"lab": tuple(paper_lab.tolist())})
            yield Scan(
                kind, tin.model_copy(update={"pens": pens, "paper": paper_known}), np.array(truth), seen
            )


def _true(lab: tuple[float, float, float], apart: float, rng: np.random.Generator) -> Floats:
    way = rng.normal(size=3)
    away = way / np.linalg.norm(way) * abs(rng.normal(0, OFF * apart)) * [0.7, 1.3, 1.3]
    found = np.array(lab) + (rng.normal(0, 20, 3) if rng.random() < OUTLIERS else away)
    found[0] = np.clip(found[0], 14, 93)
    return found


def judge(every: list[Scan]) -> None:
    """Print how far colours are off, and how often less than what is said."""
    off: dict[tuple[str, str], list[Floats]] = defaultdict(list)
    covered: dict[tuple[str, str], list[Floats]] = defaultdict(list)
    right = defaultdict(list)
    rng = np.random.default_rng(0)
    for scan in every:
        off[scan.kind, "as scanned"].append(scan.off(scan.light))
        off[scan.kind, "usual of the kind"].append(scan.off(_usual(scan.kind).colours(scan.light)))
        for name, measured in (("published pens", 0), ("6 measured", 6), ("12 measured", 12)):
            if measured >= len(scan.seen):
                continue
            known = np.isin(np.arange(len(scan.seen)), rng.permutation(len(scan.seen))[:measured])
            found = correction(scan.seen, scan.with_measured(known))
            apart = scan.off(found.colours(scan.light))[~known]
            off[scan.kind, name].append(apart)
            covered[scan.kind, name].append(
                apart < found.unsure(scan.labs(found.colours(scan.light)))[~known]
            )
            right[scan.kind].append(found.kind == scan.kind)
            if not measured:
                told = correction(scan.seen, scan.inventory, scan.kind)
                off[scan.kind, "and the kind told"].append(scan.off(told.colours(scan.light)))
    for (kind, name), parts in off.items():
        apart = np.concatenate(parts)
        inside = f"{np.concatenate(covered[kind, name]).mean():7.1%} covered" if covered[kind, name] else ""
        print(
            f"  {kind}  {name:20} mean {apart.mean():5.2f}  p95 {np.percentile(apart, 95):5.1f}  "
            f"max {apart.max():5.1f} {inside}"
        )
    print("  kind found:", {kind: f"{np.mean(found):.0%}" for kind, found in right.items()})


def _usual(kind: ScannerKind) -> Correction:
    return Correction(kind, False, np.array(scan_colour._USUAL[kind]), 0, None, 1.0)


def fit(every: list[Scan]) -> None:
    """Print the usual correction of each kind, best for all its scanners, and what is left by lightness."""
    from scipy.optimize import least_squares  # noqa: PLC0415

    for kind in KINDS:
        own = [
            scan_colour._Patches.of(one.seen, one.with_measured(np.ones(len(one.seen), bool)))
            for one in every
            if one.kind == kind
        ]
        best = least_squares(
            lambda values, own=own: np.concatenate(
                [part.differences(scan_colour._terms(values)).ravel() for part in own]
            ),
            np.zeros(15),
            loss="soft_l1",
            f_scale=3.0,
        ).x
        print(kind, np.round(scan_colour._terms(best), 3).tolist())
        mine = [one for one in every if one.kind == kind]
        corrected = [correction(one.seen, one.inventory, kind).colours(one.light) for one in mine]
        off = np.concatenate([one.off(light) for one, light in zip(mine, corrected, strict=True)])
        lightness = np.concatenate([one.labs(light) for one, light in zip(mine, corrected, strict=True)])[
            :, 0
        ]
        for low, high in ((0, 20), (20, 35), (35, 55), (55, 75), (75, 100)):
            some = off[(lightness >= low) & (lightness < high)]
            print(f"  L* {low} to {high}: root mean square {np.sqrt(np.mean(some**2)):.1f} of {len(some)}")
        usual = np.interp(lightness, scan_colour._OFF_L, scan_colour._OFF_DE[kind])
        print(f"  97 of a hundred lie within {np.percentile(off / usual, 97):.2f} times that")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="fit the usual corrections")
    parser.add_argument("--scanners", type=int, default=60, help="of each kind")
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    if options.fit:
        fit(list(scans(options.seed + 1000, options.scanners, FAMILIES["mixed"])))
    else:
        for world, chosen in FAMILIES.items():
            print(f"Inks: {world}")
            judge(list(scans(options.seed, options.scanners, chosen)))
