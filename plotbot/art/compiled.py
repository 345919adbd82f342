"""Compile the renderer's kernels once per installation, in a process of their own.

numba keeps compiled code on disk. A process that compiles does not get the very same machine code as one
that loads it, and a last digit is enough to send an optimiser elsewhere: with the compiling done apart,
the first drawing after an installation is the same as every later one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from plotbot.art import ink_kernels, ink_layers, kernels

__all__ = ["compile_apart", "needs_compiling"]

_RENDER_ONCE = """
import numpy, torch
from plotbot.art.ink_renderer import Canvas, render, render_free
points = torch.tensor([[[2.0, 2], [4, 3], [6, 5], [8, 8]], [[3.0, 8], [4, 5], [6, 4], [8, 2]]])
points.requires_grad_()
weights = torch.tensor([[0.7, 0.3], [0.0, 1.0]], requires_grad=True)
inks, canvas = torch.full((2, 3), 0.5), Canvas(12, 12, 1.0)
width = torch.ones(2)
(render(points, weights, width, inks, torch.zeros(2), canvas).sum()).backward()
(render(points, weights.detach(), width, inks, torch.zeros(2), canvas).sum()).backward()
pairs = numpy.full((2, 2, 3), 2.0)
(render(points, weights, width, inks, torch.zeros(2), canvas, trapping=pairs).sum()).backward()
inks.requires_grad_()
(render_free(points, width, inks, canvas).sum()).backward()
"""


def needs_compiling() -> bool:
    """Whether nobody has compiled the kernels as they are now."""
    return not _stamp().exists()


def compile_apart() -> None:
    """Compile the kernels in another process. Should that fail, they compile in this one when used."""
    done = subprocess.run([sys.executable, "-c", _RENDER_ONCE], capture_output=True, check=False)  # noqa: S603
    if done.returncode == 0:
        _stamp().touch()


def _stamp() -> Path:
    """A file beside numba's own, named after the time of the sources, as numba's are bound to it."""
    sources = (Path(str(module.__file__)) for module in (ink_kernels, ink_layers, kernels))
    newest = max(source.stat().st_mtime_ns for source in sources)
    return Path(ink_kernels.cache_folder()) / f"ink_kernels.{newest}.compiled"
