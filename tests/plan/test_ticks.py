"""A cross before the strokes of every pen, in the margin, and nothing else of the plan changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plotbot.drawing import from_strokes
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import make_plan
from plotbot.plan.store import load_plan, save_plan
from plotbot.plan.ticks import with_ticks
from tests.plan.conftest import scribble


def test_every_pen_draws_the_same_cross_first(tin: Inventory, sheet: Paper, tmp_path: Path) -> None:
    lines = scribble(np.random.default_rng(1), 9)
    drawing = from_strokes(((tin.pens[k % 3].id, line) for k, line in enumerate(lines)), tin, sheet)
    plan = make_plan(drawing, tin, sheet)
    ticked = with_ticks(plan)
    crosses = [one.strokes[0] for one in ticked.passes]
    assert len(crosses) == 3
    for cross in crosses:
        assert (cross.points == crosses[0].points).all()
        assert cross.sources == ()
        assert cross.mm.min() > 0
        # Clear of the art even for a broad pen.
        assert cross.mm.max() <= sheet.margin - 1
    for one, before in zip(ticked.passes, plan.passes, strict=True):
        assert one.strokes[1:] == before.strokes
    assert ticked.hash != plan.hash
    assert with_ticks(ticked).hash == ticked.hash
    save_plan(ticked, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").hash == ticked.hash


def test_a_narrow_margin_is_refused(tin: Inventory) -> None:
    sheet = Paper(100, 100, 5)
    plan = make_plan(from_strokes([("dark", [[20, 20], [30, 30]])], tin, sheet), tin, sheet)
    with pytest.raises(BadInput, match=r"5 mm is too narrow.*--margin 6mm"):
        with_ticks(plan)
