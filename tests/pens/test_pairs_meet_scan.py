"""Inks that do not mix as the model says: measured on a card, they look in the preview as on the paper."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from plotbot.art.picture.judge import film_of_strokes
from plotbot.art.picture.quantize import QuantizeOptions, quantize
from plotbot.art.picture.separation import separate
from plotbot.drawing import from_strokes
from plotbot.ink.film import compose, film_to_lab, lay, transmittance
from plotbot.ink.spaces import delta_e00, encode_srgb, lab_to_rec2020, rec2020_to_lab, srgb_to_rec2020
from plotbot.paper import Paper
from plotbot.pens.advice import choose_pens, matchable_inks, missing_pen
from plotbot.pens.inventory import select_pens
from plotbot.pens.model import Inventory, Overprint
from plotbot.pens.reach import judge_reach
from plotbot.pens.scan import measure_card
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.model import Plan
from plotbot.preview.picture import render_plan
from tests.pens.cards import TIN, WIDTHS, small_card
from tests.pens.scanner import FLAT_PX_PER_MM, Scanner

PAPER = TIN.paper.lab
TAKES = {("1", "3"): 0.2, ("1", "2"): 0.55, ("2", "3"): 0.5}
"""Pale inks that repel what is drawn on them."""

SCANNER = Scanner(kind="eye", widths=WIDTHS, takes=TAKES)


@functools.cache
def measured() -> Inventory:
    card, plan = small_card(("1", "2", "3"))
    light = srgb_to_rec2020(SCANNER.scan(plan).astype(np.float32) / 255)
    return measure_card(light, card, TIN, "ccd").inventory


def hatched(box: tuple[float, float, float, float], pitch: float, down: bool) -> list[np.ndarray]:
    left, top, right, bottom = box
    if down:
        return [np.array([[x, top], [x, bottom]]) for x in np.arange(left, right, pitch)]
    return [np.array([[left, y], [right, y]]) for y in np.arange(top, bottom, pitch)]


def crossing_patches(tin: Inventory) -> Plan:
    """Two solids over one another, and two hatchings that cross, of yellow and blue and of red and blue."""
    strokes = []
    for at, under in ((5.0, "1"), (27.0, "2")):
        strokes += [(under, line) for line in hatched((at, 5, at + 8, 13), 0.2, down=True)]
        strokes += [("3", line) for line in hatched((at, 5, at + 8, 13), 0.2, down=False)]
        strokes += [(under, line) for line in hatched((at + 10, 5, at + 18, 13), 0.45, down=True)]
        strokes += [("3", line) for line in hatched((at + 10, 5, at + 18, 13), 0.45, down=False)]
    sheet = Paper(50.0, 18.0, 3.0)
    return make_plan(
        from_strokes(strokes, tin, sheet), tin, sheet, options=PlanOptions(pen_order="light-first")
    )


def seen_from_afar(light: np.ndarray, px_per_mm: float) -> np.ndarray:
    soft = [gaussian_filter(light[..., band], 0.5 * px_per_mm) for band in range(3)]
    return np.asarray(rec2020_to_lab(np.stack(soft, axis=-1)))


def test_the_card_tells_pairs_that_the_model_does_not_know() -> None:
    inks = matchable_inks(measured())
    off = {}
    for one in measured().overprints:
        under, over = ([pen.id for pen in inks.pens].index(name) for name in (one.under, one.over))
        model = film_to_lab(lay(inks.films[under], 1.0, inks.films[over]), PAPER)
        off[one.under, one.over] = float(delta_e00(model, np.array(one.lab)))
        assert inks.trapping is not None
        both = film_to_lab(
            compose(
                np.ones(2),
                inks.films[[under, over]],
                trapping=inks.trapping[np.ix_([under, over], [under, over])],
            ),
            PAPER,
        )
        # What the scanner is unsure of goes back a little towards the model.
        assert float(delta_e00(both, np.array(one.lab))) < 0.25 * one.uncertainty
    assert off["1", "3"] > 20
    assert off["2", "3"] > 8


def test_a_preview_of_pairs_is_what_the_paper_shows() -> None:
    plan = crossing_patches(measured())
    assert {(one.under, one.over) for one in plan.overprints} == set(TAKES)
    px_per_mm = FLAT_PX_PER_MM
    there = srgb_to_rec2020(encode_srgb(SCANNER.flat(plan)))
    wanted = seen_from_afar(there, px_per_mm)
    patches = np.zeros(wanted.shape[:2], dtype=bool)
    for left in (5, 15, 27, 37):
        rows, columns = (
            slice(round(6 * px_per_mm), round(12 * px_per_mm)),
            slice(round((left + 1) * px_per_mm), round((left + 7) * px_per_mm)),
        )
        patches[rows, columns] = True

    def apart(shown: Plan) -> np.ndarray:
        preview = seen_from_afar(srgb_to_rec2020(render_plan(shown, px_per_mm) / 255), px_per_mm)
        return np.asarray(delta_e00(preview, wanted)[patches])

    with_pairs, without = apart(plan), apart(replace(plan, overprints=()))
    assert with_pairs.mean() < 2
    assert without.mean() > 5


VIVID = (48.0, -52.0, 30.0)
"""A green that yellow under blue gives where they take to each other: nothing else of the tin comes near."""


def vivid_tin() -> Inventory:
    pair = Overprint(under="1", over="3", lab=VIVID, provenance="measured", uncertainty=0.5)
    return select_pens(TIN, ["1", "2", "3"]).model_copy(update={"overprints": (pair,)})


def test_the_colour_of_a_pair_is_separated_into_that_pair() -> None:
    inks = matchable_inks(vivid_tin())
    ids = [pen.id for pen in inks.pens]
    assert ids == ["1", "2", "3"]
    goal = transmittance(np.array(VIVID), PAPER)[None]

    def off(coverage: np.ndarray) -> float:
        film = compose(coverage.astype(float), inks.films, trapping=inks.trapping)
        return float(delta_e00(film_to_lab(film, PAPER), np.array(VIVID))[0])

    told = separate(goal, inks.films, PAPER, trapping=inks.trapping, limit=1.0)
    assert off(told) < 2
    assert off(separate(goal, inks.films, PAPER, limit=1.0)) > 5
    assert told[0, 0] > 0.9 and told[0, 2] > 0.9
    # What is drawn already counts as if it were drawn together.
    below = compose(np.array([[1.0]]), inks.films[[0]])
    assert inks.trapping is not None
    rest = separate(
        goal,
        inks.films[1:],
        PAPER,
        below=below,
        trapping=inks.trapping[1:, 1:],
        meets=inks.trapping[0, 1:][None],
        limit=1.0,
    )
    assert off(np.concatenate([np.ones((1, 1)), rest], axis=1)) < 2
    assert rest[0, 1] > 0.9


def test_what_is_within_reach_counts_pairs() -> None:
    tin, wanted, share = vivid_tin(), np.array([VIVID]), np.ones(1)
    bare = tin.model_copy(update={"overprints": ()})
    assert judge_reach(wanted, share, None, tin).reachable.mean < 1
    assert judge_reach(wanted, share, None, bare).reachable.mean > 5
    # With the pair, yellow and blue are the pens to take.
    assert {pen.id for pen in choose_pens(wanted, share, tin, 2).pens} == {"1", "3"}
    help_ = missing_pen(wanted, share, bare)
    assert help_ is not None and help_.before > 5
    assert missing_pen(wanted, share, tin) is None


def test_a_patch_of_the_pair_is_hatched_with_both() -> None:
    tin = vivid_tin()
    picture = np.tile(lab_to_rec2020(np.array(VIVID)) / lab_to_rec2020(np.array(PAPER)), (20, 20, 1))
    result = quantize(picture, tin, (0.0, 0.0, 20.0, 20.0), QuantizeOptions(marks="hatch"))
    ink = result.report.pens
    assert set(ink) == {"1", "3"}
    assert result.report.floor.mean < 1.5

    def off(inventory: Inventory) -> float:
        film = film_of_strokes(result.strokes, inventory, (5.0, 5.0, 15.0, 15.0), 10.0)
        return float(delta_e00(film_to_lab(film.mean((0, 1)), PAPER), np.array(VIVID)))

    assert off(tin) < 3
    assert off(tin.model_copy(update={"overprints": ()})) > 5
