"""The report of how a plan meets its picture: figures, regions, warnings, and the picture of it all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_relative, transmittance
from plotbot.ink.spaces import delta_e00, lab_to_srgb
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory, select_pens
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.preview.matching import PICTURE_NAME, Target, judge_matching, side_by_side, write_matching

TIN = load_inventory("staedtler12")
BOX = (10.0, 10.0, 50.0, 34.0)


def hatched(pen_id: str, pitch: float, box: tuple[float, float, float, float] = BOX) -> Pass:
    pen = TIN[pen_id]
    left, top, right, bottom = box
    half = pen.width_mm / 2
    lines = [
        np.array([[left + half, y], [right - half, y]]) for y in np.arange(top + pitch / 2, bottom, pitch)
    ]
    return Pass(pen, tuple(Stroke.from_mm(line, (number,)) for number, line in enumerate(lines)))


def plan(*passes: Pass) -> Plan:
    return Plan(Paper(60.0, 44.0, 5.0), TIN.id, TIN.paper.lab, passes)


def flat(light: np.ndarray) -> Target:
    return Target(np.broadcast_to(light, (24, 40, 3)), BOX)


def test_a_solid_of_the_colour_that_was_wanted_is_not_off() -> None:
    green = np.asarray(film_to_relative(transmittance(TIN["5"].lab, TIN.paper.lab)))
    exact = judge_matching(plan(hatched("5", 0.25)), flat(green), TIN)
    assert exact.planned.mean < 1
    assert exact.reachable.mean < 0.5
    assert exact.missed == ()
    assert exact.warnings() == []
    # Half the ink is far off, and the report says so; what is reachable does not depend on the plan.
    thin = judge_matching(plan(hatched("5", 0.9)), flat(green), TIN)
    assert thin.planned.mean > 10
    assert thin.reachable == exact.reachable
    for one in (exact.as_dict(), thin.as_dict()):
        assert one["mean"] <= one["p95"]


def test_the_worst_region_is_where_ink_is_missing() -> None:
    green = np.asarray(film_to_relative(transmittance(TIN["5"].lab, TIN.paper.lab)))
    left_only = hatched("5", 0.25, (BOX[0], BOX[1], 38.0, BOX[3]))
    worst = judge_matching(plan(left_only), flat(green), TIN).worst[0]
    assert worst.box[0] > 36
    assert float(delta_e00(np.array(worst.found), np.array(TIN.paper.lab))) < 2
    bare = float(delta_e00(np.array(TIN["5"].lab), np.array(TIN.paper.lab)))
    assert worst.apart == pytest.approx(bare, rel=0.1)


def test_a_blue_that_the_tin_lacks_is_named_with_the_pen_that_makes_it() -> None:
    few = select_pens(TIN, ["1", "2", "5", "9"])
    azure = load_inventory("stabilo88")["57"]
    light = np.ones((24, 40, 3))
    light[6:18, 20:36] = film_to_relative(transmittance(azure.lab, TIN.paper.lab))
    found = judge_matching(plan(hatched("9", 2.0)), Target(light, BOX), few)
    region = found.missed[0]
    assert 26 < region.box[0] < region.box[2] < 48
    sentences = found.warnings()
    assert "cannot make the" in sentences[0] and "blue" in sentences[0]
    assert found.suggestion is not None
    assert found.suggestion.after < found.suggestion.before
    # Azure itself, or one of another tin that comes as near.
    assert float(delta_e00(np.array(found.suggestion.pen.lab), np.array(azure.lab))) < 12
    assert str(found.suggestion) == sentences[-1]
    assert found.as_dict()["would_help"]["pen"] == found.suggestion.pen.id


def test_the_picture_shows_target_and_plan(tmp_path: Path) -> None:
    red = lab_to_srgb(np.array(TIN["2"].lab))
    target = Target.from_srgb(np.broadcast_to(red, (30, 50, 3)), BOX, "All red")
    write_matching(tmp_path, plan(hatched("3", 0.25)), target, TIN)
    with Image.open(tmp_path / PICTURE_NAME) as image:
        picture = np.asarray(image.convert("RGB")).astype(int)
    height, width = picture.shape[:2]
    wanted, planned = picture[height // 4, width // 4], picture[3 * height // 5, width // 4]
    heat = picture[3 * height // 5, 3 * width // 4]
    assert wanted[0] > wanted[2] + 80
    assert planned[2] > planned[0] + 80
    assert heat[0] > heat[2] + 40 and heat.sum() < 350


def test_pictures_lie_in_rows_under_their_captions() -> None:
    panel = np.full((40, 60, 3), 10, dtype=np.uint8)
    whole = side_by_side([("one", panel), ("two", panel), ("three", panel)])
    dark = (whole == 10).all(axis=2)
    assert dark.sum() == 3 * panel[..., 0].size
    assert whole.shape[1] > 2 * 60 and whole.shape[0] > 2 * 40


def test_a_target_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BadInput, match="shape"):
        Target(np.ones((4, 4)), BOX)


def test_it_is_the_plan_that_is_judged_with_the_light_that_strays() -> None:
    grey = np.full(3, 0.5)
    sharp = replace(plan(hatched("9", 0.6)), paper_spread_mm=0.0)
    soft = replace(sharp, paper_spread_mm=0.2)
    one, other = (judge_matching(each, flat(grey), TIN).worst[0].found for each in (sharp, soft))
    assert other[0] < one[0] - 2
