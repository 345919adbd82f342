"""Hatching takes the light into account that strays in paper."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.art.picture.gain import share_to_ink
from plotbot.art.picture.quantize import QuantizeOptions, quantize
from plotbot.drawing import from_strokes
from plotbot.ink.film import transmittance
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.build import make_plan
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.preview.matching import Target, judge_matching
from plotbot.preview.picture import plan_film

TIN = load_inventory("staedtler12")


@pytest.mark.parametrize("pen_id", ["3", "9"])
@pytest.mark.parametrize("tone", [0.15, 0.5, 0.8])
def test_a_hatching_looks_as_dark_as_the_tone_that_was_asked_for(pen_id: str, tone: float) -> None:
    pen, spread = TIN[pen_id], 0.08
    film = transmittance(pen.lab, TIN.paper.lab)
    share = float(share_to_ink(np.array(tone), film, pen.width_mm, spread))
    assert share < tone
    pitch = pen.width_mm / share
    lines = [np.array([[-2.0, y], [42.0, y]]) for y in np.arange(pitch / 2, 40, pitch)]
    strokes = tuple(Stroke.from_mm(line, (number,)) for number, line in enumerate(lines))
    plan = Plan(Paper(40.0, 40.0, 0.0), TIN.id, TIN.paper.lab, (Pass(pen, strokes),), paper_spread_mm=spread)
    whole = pitch * round(16 / pitch)  # as many lines as gaps
    seen = plan_film(plan, 25.0, (10.0, 10.0, 14.0, 10.0 + whole)).mean(axis=(0, 1))
    missing = 1 - film
    assert float(missing @ (1 - seen)) == pytest.approx(tone * float(missing @ missing), rel=0.04)


def test_without_stray_light_a_tone_is_its_share() -> None:
    tone = np.linspace(0, 1, 5)
    np.testing.assert_allclose(share_to_ink(tone, np.full(3, 0.2), 0.3, 0.0), tone)


@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_on_any_paper_the_plan_of_a_picture_has_its_tones(spread: float) -> None:
    paper = TIN.paper.model_copy(update={"spread_mm": spread})
    tin = TIN.model_copy(update={"paper": paper})
    ramp = np.linspace(0.12, 0.85, 40)
    picture = np.stack([ramp, np.full(40, 0.45), ramp[::-1]], axis=-1)[None].repeat(24, axis=0)
    sheet = Paper(70.0, 44.0, 2.0)
    drawn = quantize(picture, tin, sheet.drawable, QuantizeOptions(marks="hatch"))
    plan = make_plan(from_strokes(drawn.strokes, tin, sheet), tin, sheet)
    assert plan.paper_spread_mm == spread
    found = judge_matching(plan, Target(drawn.target, drawn.box_mm), tin, advice=False)
    # Without any grain in it, what is left is what the tones are off in all.
    wanted = np.mean([one.wanted[0] for one in found.worst])
    there = np.mean([one.found[0] for one in found.worst])
    assert found.planned.mean < 4
    assert abs(wanted - there) < 3
    assert found.planned.mean == pytest.approx(drawn.report.drawn.mean, abs=0.8)
