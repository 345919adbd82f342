"""How near SVGs of many makes come to their look, as plotted: one line for each, and pictures side by side.

    uv run python bench/svg.py [--paper a5] [--pictures FOLDER] [FILE.svg ...]

Without files: the small ones that the tests have. Each is rendered by resvg, drawn and planned with
staedtler12, and the plan judged by the ink model under a low-pass of 1 mm (`plotbot.preview.matching`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from plotbot.art.vector import read_artwork
from plotbot.drawing import from_strokes
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.build import make_plan
from plotbot.plan.clock import estimate
from plotbot.preview.matching import Target, judge_matching, matching_picture
from plotbot.preview.picture import write_png


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--paper", default="a5")
    parser.add_argument("--pens", default="staedtler12")
    parser.add_argument("--pictures", type=Path, help="where to write NAME.png, target beside plan")
    options = parser.parse_args()
    inventory, paper = load_inventory(options.pens), Paper.parse(options.paper, margin="10mm")
    head = ("ΔE00", "p95", "floor", "strokes", "ink m", "passes", "min", "cpu s")
    print(f"{'file':<28}" + "".join(f"{name:>9}" for name in head))
    with tempfile.TemporaryDirectory() as folder:
        for path in options.files or _corpus(Path(folder)):
            begun = time.process_time()
            art = read_artwork(path, inventory, paper.drawable)
            plan = make_plan(from_strokes(art.strokes, inventory, paper), inventory, paper)
            took = time.process_time() - begun
            assert art.target is not None
            target = Target(art.target, art.box_mm, path.name)
            matching = judge_matching(plan, target, inventory, advice=False)
            timing = estimate(plan)
            ink_m = sum(one.down_mm for one in timing.passes) / 1000
            print(
                f"{path.stem[:27]:<28}{matching.planned.mean:9.2f}{matching.planned.p95:9.2f}"
                f"{matching.reachable.mean:9.2f}{plan.stroke_count:9}{ink_m:9.1f}{len(plan.passes):9}"
                f"{timing.machine_s / 60:9.0f}{took:9.1f}",
                flush=True,
            )
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                write_png(options.pictures / f"{path.stem}.png", matching_picture(plan, matching), 96)


def _corpus(folder: Path) -> list[Path]:
    from tests.art.vector.corpus import CORPUS  # noqa: PLC0415

    paths = []
    for name, text in CORPUS.items():
        paths.append(folder / f"{name}.svg")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


if __name__ == "__main__":
    main()
