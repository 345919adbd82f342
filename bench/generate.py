"""Seconds per step of growing a drawing, by part: render, view, network, and their backward passes.

    python bench/generate.py [--threads 2] [--repeats 5] [--networks embedded vgg16]

Each part is timed by itself, the minimum of the repeats counts, and the sum is set against a whole step
of the optimiser. The embedded network has its real weights; the others get random ones where theirs are not
on this machine, which cost the same. The network's own rows are the floor under any optimiser.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import Tensor

from plotbot.art.augment import Jitter, look, random_views, view_size
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import encode
from plotbot.art.networks import EMBEDDED, Network, describe, open_network
from plotbot.art.objectives import channel
from plotbot.art.palette import Inks, PenChoice
from plotbot.art.strokes import Drawable, bezier_points, random_strokes
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import load_inventory

SIDE_PX, MM_PER_PX, STROKES, SPANS, STROKE_PX = 224, 0.5, 400, 3, 40.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--strokes", type=int, default=STROKES)
    parser.add_argument("--networks", nargs="+", default=[EMBEDDED, "vgg16"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"{options.strokes} strokes, {SIDE_PX} x {SIDE_PX} px, {options.threads} threads; "
        f"best of {options.repeats}, ms"
    )
    for name in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            weights = _weights(name, Path(folder))
            for part, seconds in _parts(name, weights, options.strokes, options.repeats).items():
                print(f"{name:12} {part:28} {1000 * seconds:8.1f}")
            whole = _whole_step(name, weights, options.strokes)
            print(f"{name:12} {'one step of generate':28} {1000 * whole:8.1f}")


def _weights(name: str, folder: Path) -> Path | None:
    if describe(name).available:
        return None
    torch.manual_seed(0)
    path = folder / f"{name}.pth"
    torch.save(torchvision.models.get_model(name, weights=None).state_dict(), path)
    return path


def _parts(name: str, weights: Path | None, strokes: int, repeats: int) -> dict[str, float]:
    layer = describe(name).default_layer
    network = open_network(name, [layer], weights=weights)
    generator = torch.Generator().manual_seed(0)
    tin = load_inventory("staedtler12")
    side = SIDE_PX * MM_PER_PX
    area = Drawable(side, side, 5, 100, 2)
    vertices = random_strokes(strokes, SPANS, STROKE_PX * MM_PER_PX, area, generator).requires_grad_()
    palette = PenChoice(Inks.of(InkSet.of(tin), "cpu"), strokes, generator, None)
    canvas = Canvas(SIDE_PX, SIDE_PX, MM_PER_PX)
    size = view_size(SIDE_PX, SIDE_PX, 32)
    views = random_views(1, generator, Jitter())

    def render() -> Tensor:
        return palette.lay(bezier_points(vertices), palette.mixture(0.5), canvas)

    film = render().detach().requires_grad_()

    def view() -> Tensor:
        return encode(look(film, views, size), tin.paper.lab)

    picture = view().detach().requires_grad_()

    def excite() -> Tensor:
        return _mean_of(network, picture, layer)

    return {
        "render": _best(repeats, render),
        "render, both ways": _best(repeats, lambda: render().sum().backward()),
        "view, both ways": _best(repeats, lambda: view().sum().backward()),
        f"network to {layer}": _best(repeats, excite),
        f"network to {layer}, both ways": _best(repeats, lambda: excite().backward()),
    }


def _mean_of(network: Network, picture: Tensor, layer: str) -> Tensor:
    return network(picture)[layer][:, 0].mean()


def _whole_step(name: str, weights: Path | None, strokes: int) -> float:
    side = SIDE_PX * MM_PER_PX
    ends: list[float] = []
    generate(
        GenerateSettings(
            channel(describe(name).default_layer, 0),
            load_inventory("staedtler12"),
            (side, side),
            network=name,
            weights=weights,
            strokes=strokes,
            spans=SPANS,
            stroke_px=STROKE_PX,
            steps=24,
        ),
        lambda _step: ends.append(time.perf_counter()),
    )
    return min(after - before for before, after in itertools.pairwise(ends))


def _best(repeats: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
