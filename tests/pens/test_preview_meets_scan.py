"""The picture of a plan is what its scan looks like, once the pens were measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab, srgb_to_rec2020
from plotbot.pens.model import Inventory
from plotbot.pens.scan import measure_card
from plotbot.plan.model import Plan
from plotbot.preview.picture import render_plan
from tests.pens.cards import SHEET, TIN, WIDTHS, small_card
from tests.pens.scanner import Scanner

PX_PER_MM = 150 / 25.4
VIEWING_MM = 0.5
"""Low-pass under which both are compared: about one minute of arc at 1.7 m."""


def looked_at(light: np.ndarray) -> np.ndarray:
    return np.stack([gaussian_filter(light[..., band], VIEWING_MM * PX_PER_MM) for band in range(3)], axis=-1)


def with_pens(plan: Plan, inventory: Inventory) -> Plan:
    return replace(
        plan,
        passes=tuple(replace(one, pen=inventory[one.pen.id]) for one in plan.passes),
        paper_spread_mm=inventory.paper.light_spread_mm,
    )


@pytest.mark.slow
def test_a_preview_with_measured_pens_looks_like_the_scan() -> None:
    card, plan = small_card()
    # A scanner with an eye's own sensitivities: colours it cannot see are no fault of the preview.
    light = srgb_to_rec2020(Scanner(kind="eye", widths=WIDTHS).scan(plan).astype(np.float32) / 255)
    measurement = measure_card(light, card, TIN)
    height, width = render_plan(plan, PX_PER_MM).shape[:2]
    at = (np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + 0.5) / PX_PER_MM
    spread = np.linspace(-0.3, 0.3, 4) / PX_PER_MM
    around = [measurement.placed.at(at + np.array([dx, dy])) for dx in spread for dy in spread]
    scanned = np.mean(around, axis=0)
    bare = np.median(scanned[: int(2 * PX_PER_MM), int(20 * PX_PER_MM) : -int(20 * PX_PER_MM)], axis=(0, 1))
    # The glass beyond the sheet is dark; what is compared is what lies well inside.
    inside = np.s_[12:-12, 12:-12]
    scanned = looked_at(scanned / bare * lab_to_rec2020(np.array(TIN.paper.lab)))[inside]
    ink = delta_e00(rec2020_to_lab(scanned), np.array(TIN.paper.lab)) > 3

    def apart(shown: Plan) -> np.ndarray:
        preview = looked_at(srgb_to_rec2020(render_plan(shown, PX_PER_MM) / 255))[inside]
        return delta_e00(rec2020_to_lab(preview), rec2020_to_lab(scanned))

    measured, guessed = apart(with_pens(plan, measurement.inventory)), apart(plan)
    assert SHEET.width * PX_PER_MM == pytest.approx(width, abs=1)
    assert measured.mean() < 2
    assert measured[ink].mean() < 2
    assert measured[ink].mean() < 0.75 * guessed[ink].mean()
    sharp = apart(replace(with_pens(plan, measurement.inventory), paper_spread_mm=0.0))
    assert measured[ink].mean() < 0.75 * sharp[ink].mean()
