"""Compiling apart: once, and everything that a growing drawing needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GROW = """
from plotbot.art import objectives
from plotbot.art.compiled import compile_apart, needs_compiling
from plotbot.art.generate import GenerateSettings, generate
from plotbot.pens.inventory import load_inventory
assert needs_compiling()
compile_apart()
assert not needs_compiling()
settings = dict(inventory=load_inventory("mono"), area_mm=(40, 40), view_px=64, strokes=12, steps=4)
for tin, palette in (("staedtler12", "pens"), ("staedtler12", "learn"), ("mono", "mono")):
    settings |= dict(inventory=load_inventory(tin), palette=palette, colours=3)
    generate(GenerateSettings(objective=objectives.channel("blocks.1", 3), **settings))
"""


@pytest.mark.slow
def test_a_drawing_compiles_nothing_that_was_not_compiled_apart(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", GROW], env=environment, capture_output=True, text=True, check=True
    )
    saved = [line for line in done.stdout.splitlines() if "data saved to" in line and "ink_kernels" in line]
    assert saved == []
    loaded = [
        line for line in done.stdout.splitlines() if "data loaded from" in line and "ink_kernels" in line
    ]
    assert loaded
