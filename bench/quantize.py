"""How long pictures and SVGs take, and how near they come.

python bench/quantize.py photo      cat, coffee, astronaut and others, low-passed ΔE00 beside the tin's floor
python bench/quantize.py refined    the same, refined by the renderer
python bench/quantize.py large      a 2,000 x 2,000 photograph to a planned drawing in twelve pens
python bench/quantize.py svg        50,000 and 200,000 paths to centre lines, and the most memory used
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from plotbot.art.picture import MARKS, Quantized, QuantizeOptions, load_picture, quantize
from plotbot.art.picture.judge import colour_difference, film_of_strokes, resized
from plotbot.art.picture.refine import refine
from plotbot.art.vector import ArtworkOptions, read_artwork
from plotbot.drawing import from_strokes
from plotbot.ink.spaces import srgb_to_rec2020
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.build import make_plan

SHEET = Paper.parse("a4")
TIN = load_inventory("staedtler12")
TUNED = ("chelsea", "coffee", "astronaut")
OTHERS = ("rocket", "retina", "immunohistochemistry")
"""Pictures that nobody looked at while the numbers of the separation and of settling were chosen."""


def photo() -> None:
    for marks in (*MARKS, "flow+lines"):
        for name in (*TUNED, *OTHERS):
            picture = srgb_to_rec2020(getattr(data, name)() / 255)
            options = QuantizeOptions(marks=marks)
            start = time.process_time()
            result = quantize(picture, TIN, SHEET.drawable, options)
            _tell(f"{marks:10} {name:10}", result, time.process_time() - start)


def refined() -> None:
    for marks in ("hatch", "flow"):
        for name in ("chelsea", "coffee", "astronaut"):
            picture = srgb_to_rec2020(getattr(data, name)() / 255)
            options = QuantizeOptions(marks=marks)
            result = quantize(picture, TIN, SHEET.drawable, options)
            start, wall = time.process_time(), time.perf_counter()
            result = refine(result, TIN, options)
            took = time.perf_counter() - wall
            _tell(f"{marks:10} {name:10}", result, time.process_time() - start)
            print(f"    from {result.report.refined_from:.2f} at 1 mm, in {took:.0f} s")


def _tell(what: str, result: Quantized, cpu_s: float) -> None:
    cells = resized(film_of_strokes(result.strokes, TIN, result.box_mm, 10.0), result.target.shape)
    seen = [
        colour_difference(cells, result.target, TIN.paper.lab, result.cell_mm, sigma).mean
        for sigma in (0.5, 1.0, 2.0)
    ]
    lengths = [float(np.hypot(*np.diff(points, axis=0).T).sum()) for _, points in result.strokes]
    print(
        f"{what} {cpu_s:5.1f} s of CPU  floor {result.report.floor.mean:.2f}  "
        f"drawn at 0.5/1/2 mm {seen[0]:.2f} {seen[1]:.2f} {seen[2]:.2f}  {len(lengths)} strokes of "
        f"{np.median(lengths):.1f} mm, {sum(lengths) / 1000:.0f} m  {result.report.seconds / 3600:.1f} h",
        flush=True,
    )


def large() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.png"
        Image.fromarray(data.astronaut()).resize((2000, 2000), Image.Resampling.BICUBIC).save(path)
        for marks in MARKS:
            start = time.perf_counter()
            result = quantize(load_picture(path), TIN, SHEET.drawable, QuantizeOptions(marks=marks))
            drawn = time.perf_counter() - start
            plan = make_plan(from_strokes(result.strokes, TIN, SHEET), TIN, SHEET)
            took = time.perf_counter() - start
            print(f"{marks}: {drawn:.1f} s to strokes, {took:.1f} s to a plan of {plan.stroke_count} strokes")
    _memory()


def svg() -> None:
    rng = np.random.default_rng(0)
    for count in (50_000, 200_000):
        at, by = rng.uniform(0, 1000, (count, 2)), rng.normal(0, 4, (count, 4))
        paths = "".join(
            f'<path d="M{x:.2f} {y:.2f}q{a:.2f} {b:.2f} {c:.2f} {d:.2f}" stroke="#{k % 4096:03x}" fill="none"/>'  # noqa: E501
            for k, ((x, y), (a, b, c, d)) in enumerate(zip(at, by, strict=True))
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "many.svg"
            path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000">{paths}</svg>')
            start = time.perf_counter()
            art = read_artwork(path, TIN, SHEET.drawable, ArtworkOptions(svg_mode="lines"))
            read = time.perf_counter() - start
            plan = make_plan(from_strokes(art.strokes, TIN, SHEET), TIN, SHEET)
            took = time.perf_counter() - start
            print(f"{count} paths: {read:.1f} s to strokes, {took:.1f} s to a plan of {plan.stroke_count}")
        _memory()


def _memory() -> None:
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("photo", "refined", "large", "svg"))
    {"photo": photo, "refined": refined, "large": large, "svg": svg}[parser.parse_args().what]()
