"""How often a scanned card's uncertainties cover the truth: `uv run python -m bench.cards --scans 60`.

Small cards of three pens, drawn by pens of other widths and inks than the file says, on papers of other
colours and spreads of light, and scanned by other scanners: 200 to 600 dpi, turned, tilted, blurred, noisy,
vignetted. Two to four seconds a scan. What plotbot/pens/scan_lines.py says of widths was chosen on 89 such
scans and held in 60 others.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from plotbot.errors import BadInput
from plotbot.ink.spaces import delta_e00, srgb_to_rec2020
from plotbot.pens.chart import make_card
from plotbot.pens.inventory import load_inventory, matchable_pens
from plotbot.pens.scan import measure_card
from tests.pens import inks
from tests.pens.cards import SHEET, drawn
from tests.pens.scanner import Scanner

Found = dict[tuple[str, str], list[tuple[float, float]]]
"""(kind, what): how far off, and how far it may be off as is said."""

FAMILIES: tuple[inks.Family, ...] = ("smooth", "dye", "dye", "metamer")


def scan_one(kind: str, name: str, seed: int, found: Found) -> None:
    """Draw, scan and measure one card."""
    rng = np.random.default_rng(seed)
    tin = load_inventory(name)
    chosen = rng.choice([pen.id for pen in matchable_pens(tin)], 3, replace=False).tolist()
    paper_lab = [min(95 + rng.normal(0, 1.2), 97.0), rng.normal(0, 0.8), rng.normal(2, 1.5)]
    paper = inks.spectrum(paper_lab)
    tin = tin.model_copy(update={"paper": tin.paper.model_copy(update={"lab": tuple(map(float, paper_lab))})})
    card = make_card(tin, SHEET, pens=chosen)
    solids, widths = {}, {}
    for pen_id in chosen:
        pen = tin[pen_id]
        way = rng.normal(size=3)
        lab = pen.lab + way / np.linalg.norm(way) * abs(rng.normal(0, 0.6 * pen.uncertainty))
        lab[0] = np.clip(lab[0], 14, 90)
        solids[pen_id] = np.minimum(inks.ink(lab, paper, FAMILIES[rng.integers(4)], rng), paper)
        widths[pen_id] = float(pen.nominal_mm * rng.uniform(0.8, 1.35))
    red, green, blue = rng.normal(1, 0.015, 3).tolist()
    scanner = Scanner(
        kind=kind,
        eyes=inks.some_eyes(kind, rng),
        inks=solids,
        paper=paper,
        dpi=float(rng.choice([200, 240, 300, 400, 600])),
        rotation=float(rng.uniform(-180, 180)),
        skew=float(rng.choice([0, 0, 0.02, -0.03])),
        blur=float(rng.uniform(0.02, 0.06)),
        noise=float(rng.uniform(0.003, 0.012)),
        vignetting=float(rng.uniform(0, 0.12)),
        exposure=float(rng.uniform(0.78, 0.92)),
        spread=float(rng.uniform(0.03, 0.11)),
        tint=(red, green, blue),
        seed=seed,
        widths=widths,
    )
    light = srgb_to_rec2020(scanner.scan(drawn(tin, card)).astype(np.float32) / 255)
    measured = measure_card(light, card, tin)
    spread = abs(measured.spread_mm - scanner.spread)
    found[kind, "spread, mm"].append((spread, measured.spread_uncertainty_mm))
    for pen_id, solid in solids.items():
        pen = measured.inventory[pen_id]
        off = float(delta_e00(np.array(pen.lab), inks.true_lab(solid)))
        found[kind, "solid, ΔE00"].append((off, pen.uncertainty))
        if pen.scan is not None:
            wide = abs(pen.width_mm / widths[pen_id] - 1), pen.scan.width_uncertainty_mm / widths[pen_id]
            found[kind, "width, share"].append(wide)
    for one in measured.inventory.overprints:
        truth = inks.true_lab(solids[one.under] * solids[one.over] / paper)
        off = float(delta_e00(np.array(one.lab), truth))
        found[kind, "overprint, ΔE00"].append((off, one.uncertainty))


def main() -> None:
    """Scan, and print how far off and how often covered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=60)
    parser.add_argument("--seed", type=int, default=300)
    options = parser.parse_args()
    found: Found = defaultdict(list)
    for number in range(options.scans):
        kind, name = ("ccd", "led")[number % 2], ("staedtler20", "micron", "stabilo88")[number % 3]
        try:
            scan_one(kind, name, 1000 * options.seed + number, found)
        except BadInput as error:
            print(f"refused: {error}")
    for (kind, what), pairs in sorted(found.items()):
        off, said = np.array(pairs).T
        print(
            f"{kind}  {what:16} {len(off):4} mean {off.mean():6.3f}  p95 {np.percentile(off, 95):6.3f}  "
            f"said {said.mean():6.3f}  covered {(off < said).mean():6.1%}"
        )


if __name__ == "__main__":
    main()
