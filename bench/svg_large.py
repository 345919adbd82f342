"""What SVGs of very many paths cost to draw as they look: a line for each make, with vpype beside it.

    uv run python bench/svg_large.py [--paths 50000] [--modes faithful lines] [--makes map dots …] [--peer]

Each run is a process of its own, `plotbot draw FILE --dry-run`: CPU seconds, wall seconds and most memory.
--peer: vpype's read, occult (if the plugin is installed), linemerge and linesort of the same file, and how
many times as long it takes as plotbot. It draws centre lines in one colour per layer, no tones.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

WIDTH, HEIGHT = 190, 277
"""In mm: an A4 sheet within its margins."""
COLOURS = ("#d90005", "#0033aa", "#00803c", "#f7931e", "#6b2fa0", "#000000", "#8a8f94", "#e5007d")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--paths", type=int, default=50_000)
    parser.add_argument("--modes", nargs="+", default=["faithful"], choices=["plain", "lines", "faithful"])
    parser.add_argument("--makes", nargs="+", default=list(MAKES), choices=list(MAKES))
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    head = ("cpu s", "wall s", "MB", "exit", "peer cpu s", "peer/own")
    print(f"{'make':<12}{'mode':<10}" + "".join(f"{name:>12}" for name in head))
    with tempfile.TemporaryDirectory() as folder:
        for make in options.makes:
            path = Path(folder) / f"{make}.svg"
            path.write_text(svg(make, options.paths), encoding="utf-8")
            peer = _peer(path, Path(folder) / "peer.svg") if options.peer else None
            for number, mode in enumerate(options.modes):
                job = Path(folder) / f"{make}-{number}"
                cpu, wall, megabytes, code = _measured(
                    [
                        *(
                            sys.executable,
                            "-m",
                            "plotbot",
                            "draw",
                            str(path),
                            "--dry-run",
                            "--svg-mode",
                            mode,
                        ),
                        *("--pens", "staedtler12", "--paper", "a4", "--out", str(job), "--json"),
                    ]
                )
                beside = "" if peer is None else f"{peer:12.1f}{peer / cpu:12.2f}"
                own = f"{cpu:12.1f}{wall:12.1f}{megabytes:12.0f}{code:12}"
                print(f"{make:<12}{mode:<10}{own}{beside}", flush=True)


def svg(make: str, count: int, seed: int = 7) -> str:
    """An SVG of a make with so many paths, in mm."""
    pick = random.Random(seed)
    body = "".join(MAKES[make](pick, count))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}">{body}</svg>'
    )


def _measured(command: list[str]) -> tuple[float, float, float, int]:
    """CPU seconds, wall seconds, most memory in MB and exit code of a command."""
    begun = time.monotonic()
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    said = running.stderr.read()
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        print(said.strip()[-400:], file=sys.stderr)
    cpu = used.ru_utime + used.ru_stime
    return cpu, time.monotonic() - begun, used.ru_maxrss / 1024, running.returncode


def _peer(path: Path, out: Path) -> float:
    vpype = Path(sys.executable).with_name("vpype")
    offered = subprocess.run([vpype, "--help"], capture_output=True, text=True, check=True).stdout
    steps = ["read", str(path), *(["occult"] if " occult" in offered else []), "linemerge", "linesort"]
    return _measured([str(vpype), *steps, "write", str(out)])[0]


def _map(pick: random.Random, count: int) -> list[str]:
    """Streets: short thin strokes of a few colours, strewn about a ground with lakes."""
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f2efe9"/>']
    for _ in range(max(1, count // 500)):
        x, y, r = pick.uniform(0, WIDTH), pick.uniform(0, HEIGHT), pick.uniform(2, 10)
        parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r:.2f}" fill="#aad3df"/>')
    for _ in range(count - len(parts)):
        x, y, turn = pick.uniform(0, WIDTH), pick.uniform(0, HEIGHT), pick.uniform(0, 7)
        points = []
        for _ in range(pick.randint(2, 6)):
            points.append(f"{x:.2f} {y:.2f}")
            turn += pick.uniform(-0.5, 0.5)
            x, y = x + 0.6 * math.cos(turn), y + 0.6 * math.sin(turn)
        colour, width = pick.choice(COLOURS), pick.choice((0.2, 0.3, 0.4))
        parts.append(f'<path d="M{"L".join(points)}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
    return parts


def _dots(pick: random.Random, count: int) -> list[str]:
    """Small filled opaque shapes of many colours."""
    parts = []
    for _ in range(count):
        x, y, r = pick.uniform(0, WIDTH), pick.uniform(0, HEIGHT), pick.uniform(0.3, 1.0)
        colour = pick.choice((*COLOURS, f"#{pick.randrange(1 << 24):06x}"))
        if pick.random() < 0.5:
            parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r:.2f}" fill="{colour}"/>')
        else:
            parts.append(f'<path d="M{x:.2f} {y:.2f}h{r:.2f}l-{r / 2:.2f} {r:.2f}z" fill="{colour}"/>')
    return parts


def _curve(pick: random.Random) -> str:
    x, y = pick.uniform(0, WIDTH), pick.uniform(0, HEIGHT)
    bends = " ".join(f"{pick.uniform(-8, 8):.2f} {pick.uniform(-8, 8):.2f}" for _ in range(3))
    return f"M{x:.2f} {y:.2f}c{bends}"


def _neural(pick: random.Random, count: int) -> list[str]:
    """Wide translucent curves over one another, as neural stroke programs write them."""
    return [
        f'<path d="{_curve(pick)}" fill="none" stroke="rgb({pick.randrange(256)},{pick.randrange(256)},'
        f'{pick.randrange(256)})" stroke-opacity="{pick.uniform(0.2, 0.95):.3f}" stroke-linecap="round" '
        f'stroke-width="{pick.uniform(0.4, 2):.2f}"/>'
        for _ in range(count)
    ]


def _brush(pick: random.Random, count: int) -> list[str]:
    """Wide opaque curves over one another: nearly everything is hidden."""
    return [
        f'<path d="{_curve(pick)}" fill="none" stroke="{pick.choice(COLOURS)}" stroke-linecap="round" '
        f'stroke-width="{pick.uniform(0.4, 2):.2f}"/>'
        for _ in range(count)
    ]


def _plotter(pick: random.Random, count: int) -> list[str]:
    """Polylines of one pen."""
    parts = []
    for _ in range(count):
        x, y = pick.uniform(0, WIDTH), pick.uniform(0, HEIGHT)
        steps = " ".join(f"l{pick.uniform(-2, 2):.2f} {pick.uniform(-2, 2):.2f}" for _ in range(4))
        parts.append(f'<path d="M{x:.2f} {y:.2f}{steps}"/>')
    return ['<g fill="none" stroke="#000" stroke-width=".3">', *parts, "</g>"]


MAKES: dict[str, Callable[[random.Random, int], list[str]]] = {
    "map": _map,
    "dots": _dots,
    "neural": _neural,
    "brush": _brush,
    "plotter": _plotter,
}

if __name__ == "__main__":
    main()
