"""Time the ink renderer: strokes of typical length, 2 px wide, in twelve soft pens.

    python bench/renderer.py [--repeats 15] [--threads 2] [--device cuda] [--quick]

Prints the least and the median of the repeats in milliseconds, forward and forward + backward, with how
many segment–pixel pairs a drawing takes. Where pydiffvg is importable its times stand beside ours.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from plotbot.art.ink_renderer import Canvas, render, render_coverage

PENS = 12
WIDTH_PX = 2.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="200 strokes at 224 px only")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    peer = options.device == "cpu" and importlib.util.find_spec("pydiffvg") is not None
    print(
        f"torch {torch.__version__}, {options.device}, {options.threads} threads, {options.repeats} repeats"
    )
    print(
        "strokes    px     pairs   forward min/median ms   forward+backward min/median ms   hard pens", end=""
    )
    print("   diffvg" if peer else "")
    counts, sizes = ([200], [224]) if options.quick else ([64, 200, 400, 1000, 4096], [224, 448])
    for size in sizes:
        for count in counts:
            print(row(count, size, options.device, options.repeats, peer), flush=True)


def row(count: int, size: int, device: str, repeats: int, peer: bool) -> str:
    """One line of the table."""
    points, soft, ink = (value.to(device) for value in scene(count, size))
    hard = torch.nn.functional.one_hot(soft.argmax(1), PENS).to(soft)
    canvas = Canvas(size, size, 0.5)
    width, hides = torch.full((PENS,), WIDTH_PX * 0.5, device=device), torch.zeros(PENS, device=device)
    points.requires_grad_()
    soft.requires_grad_()

    def forward() -> Tensor:
        return render(points, soft, width, ink, hides, canvas)

    def backward() -> None:
        torch.autograd.grad(forward().square().sum(), (points, soft))

    def backward_hard() -> None:
        torch.autograd.grad(render(points, hard, width, ink, hides, canvas).square().sum(), points)

    pairs = render_coverage(points.detach(), torch.full((count,), WIDTH_PX * 0.5, device=device), canvas)
    ahead, both, one = (times(act, repeats, device) for act in (forward, backward, backward_hard))
    line = f"{count:7d} {size:5d} {pairs.candidates:9d} {ahead[0]:12.1f} / {ahead[1]:6.1f}"
    line += f" {both[0]:19.1f} / {both[1]:6.1f} {one[0]:21.1f}"
    return line + (f" {times(diffvg_pass(count, size), 3, device)[0]:8.1f}" if peer else "")


def scene(count: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points in mm at 0.5 mm a pixel, single cubics 30–80 px long; soft weights; inks."""
    random = torch.Generator().manual_seed(0)
    start = size * torch.rand(count, 1, 2, generator=random)
    heading = 2 * torch.pi * torch.rand(count, 1, generator=random)
    turn = 0.6 * torch.randn(count, 3, generator=random)
    bearing = heading + turn.cumsum(1)
    length = (30 + 50 * torch.rand(count, 1, 1, generator=random)) / 3
    steps = length * torch.stack((bearing.cos(), bearing.sin()), -1)
    points = torch.cat((start, start + steps.cumsum(1)), 1) * 0.5
    weights = torch.softmax(3 * torch.randn(count, PENS, generator=random), 1)
    return points, weights, torch.rand(PENS, 3, generator=random)


def times(act: Callable[[], object], repeats: int, device: str) -> tuple[float, float]:
    """Least and median time in ms, after two runs that do not count (compiling, filling caches)."""
    taken = []
    for _ in range(repeats + 2):
        begin = time.perf_counter()
        act()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(1e3 * (time.perf_counter() - begin))
    return min(taken[2:]), statistics.median(taken[2:])


def diffvg_pass(count: int, size: int) -> Callable[[], object]:
    """The same strokes through diffvg, forward and backward, 2 × 2 samples; it counts half widths."""
    import pydiffvg  # noqa: PLC0415

    points, _, ink = scene(count, size)
    pydiffvg.set_use_gpu(False)
    paths = [
        pydiffvg.Path(
            torch.tensor([2]), p.requires_grad_(), is_closed=False, stroke_width=torch.tensor(WIDTH_PX / 2)
        )
        for p in points / 0.5
    ]
    groups = [
        pydiffvg.ShapeGroup(
            torch.tensor([at]), fill_color=None, stroke_color=torch.cat((ink[at % PENS], torch.ones(1)))
        )
        for at in range(count)
    ]

    def both() -> None:
        arguments = pydiffvg.RenderFunction.serialize_scene(size, size, paths, groups)
        pydiffvg.RenderFunction.apply(size, size, 2, 2, 0, None, *arguments).square().sum().backward()

    return both


if __name__ == "__main__":
    main()
