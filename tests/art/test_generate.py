"""Growing a drawing, on a small scale: it excites, it decides, it can be stopped, and it repeats."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from plotbot.art.artwork import Artwork, Step
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.objectives import Objective, Seen, Term, channel, sparsity
from plotbot.art.optimiser import PALETTE_WEIGHTS, SNAPSHOTS
from plotbot.art.palette import Inks, PenChoice
from plotbot.art.strokes import polygon_lengths
from plotbot.art.studio import REGULARITY_WEIGHTS
from plotbot.errors import BadInput
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import load_inventory
from plotbot.pens.model import Inventory

Grown = tuple[Artwork, list[Step]]


def test_the_channel_is_excited_and_pens_cost_nothing(grown: Grown) -> None:
    artwork, steps = grown
    activations = artwork.activations
    assert steps[0].activation < 1 < activations.refitted
    assert activations.refitted >= activations.free
    assert activations.as_plotted == pytest.approx(activations.refitted, rel=0.1)
    assert len(artwork.by_pen()) >= 4


def test_every_stroke_is_drawable(grown: Grown, small: GenerateSettings) -> None:
    artwork, _ = grown
    lines = artwork.polylines()
    assert len(lines) == sum(map(len, artwork.by_pen().values()))
    assert small.strokes / 2 < len(lines) <= small.strokes
    half = max(pen.width_mm for pen in artwork.pens) / 2
    for pen_id, line in lines:
        assert pen_id in small.inventory
        assert line.min() >= half - 1e-4
        assert (line <= np.array(small.area_mm) - half + 1e-4).all()
        assert np.hypot(*np.diff(line, axis=0).T).sum() > 1.0


def test_the_origin_moves_the_drawing(grown: Grown) -> None:
    artwork, _ = grown
    for (_, here), (_, there) in zip(artwork.polylines(), artwork.polylines(origin_mm=(12, 15)), strict=True):
        np.testing.assert_allclose(there - here, np.broadcast_to([12, 15], here.shape), atol=1e-9)


def test_steps_are_told_with_every_term_by_name(grown: Grown, small: GenerateSettings) -> None:
    artwork, steps = grown
    assert list(artwork.history) == steps
    assert [step.index for step in steps] == list(range(small.steps))
    phases = [phase for phase, _ in itertools.groupby(step.phase for step in steps)]
    assert phases == ["choosing", "refitting"]
    assert {"channel blocks.4:87", "dots", "runaways", "kinks", "bunches", "edges", "undecided"} <= set(
        steps[5].terms
    )
    assert all(math.isfinite(value) for step in steps for value in step.terms.values())
    assert steps[-1].left_s == 0 < steps[3].left_s
    assert steps[-1].terms["channel blocks.4:87"] == pytest.approx(steps[-1].activation)


def test_steps_are_told_with_loss_ink_and_how_undecided_pens_are(grown: Grown) -> None:
    artwork, steps = grown
    choosing = [step for step in steps if step.phase == "choosing"]
    assert choosing[0].pen_entropy == pytest.approx(math.log2(13), rel=0.02)
    assert choosing[0].pen_entropy > 2 * choosing[-1].pen_entropy > 0
    assert all(step.pen_entropy == 0 for step in steps if step.phase == "refitting")
    weights = REGULARITY_WEIGHTS | PALETTE_WEIGHTS
    for step in steps:
        regular = sum(weights[name] * value for name, value in step.terms.items() if name in weights)
        assert step.loss == pytest.approx(regular - step.activation, abs=1e-4)
    drawn = sum(np.hypot(*np.diff(line, axis=0).T).sum() for _, line in artwork.polylines())
    assert drawn <= polygon_lengths(torch.from_numpy(artwork.points_mm)).sum() < 1.2 * drawn
    assert steps[-1].ink_mm == pytest.approx(drawn, rel=0.2)


def test_the_drawing_is_kept_as_it_grows(grown: Grown, small: GenerateSettings) -> None:
    artwork, steps = grown
    growth = artwork.growth
    assert len(growth) == SNAPSHOTS
    assert growth[0].step == 0
    assert growth[-1].step == len(steps)
    gaps = np.diff([one.step for one in growth])
    assert 0 < gaps[0] < gaps[-1] <= len(steps) / 6
    for one in growth:
        assert one.points_mm.shape[1:] == artwork.points_mm.shape[1:]
        assert one.ink.shape == (len(one.points_mm), 3)
        assert (one.pen_of is None) == (one.step < len(steps) and steps[one.step].phase == "choosing")
    assert len(growth[0].points_mm) == small.strokes
    np.testing.assert_array_equal(growth[-1].points_mm, artwork.points_mm)
    np.testing.assert_array_equal(growth[-1].pen_of, artwork.pen_of)


def test_same_seed_same_drawing(small: GenerateSettings) -> None:
    short = replace(small, steps=8)
    one, two = generate(short), generate(short)
    np.testing.assert_array_equal(one.points_mm, two.points_mm)
    np.testing.assert_array_equal(one.pen_of, two.pen_of)
    other = generate(replace(short, seed=5))
    assert not np.array_equal(one.points_mm, other.points_mm)


@pytest.mark.parametrize("limit", [1, 3])
def test_pen_limit_holds(small: GenerateSettings, limit: int) -> None:
    assert len(generate(replace(small, steps=12, pen_limit=limit)).by_pen()) <= limit


def test_pens_leave_one_at_a_time_and_the_limit_is_reached_in_time(tin: Inventory) -> None:
    inks = Inks.of(InkSet.of(tin), "cpu")
    choice = PenChoice(inks, 50, torch.Generator().manual_seed(0), limit=4)
    left = []
    for progress in np.linspace(0, 1, 41):
        choice._prune(float(progress))
        left.append(int(choice._allowed.sum()))
    assert left[0] == 12
    assert left[-1] == left[31] == 4
    assert set(np.diff(left)) == {0, -1}


def test_strokes_without_use_stay_away_but_never_all(tin: Inventory) -> None:
    inks = Inks.of(InkSet.of(tin), "cpu")
    choice = PenChoice(inks, 50, torch.Generator().manual_seed(0), limit=None)
    with torch.no_grad():
        choice.parameters[0][:, -1] = -3.0
        assert (choice.decide(torch.ones(50)) >= 0).all()
        choice.parameters[0][:20, -1] = 3.0
        assert (choice.decide(torch.ones(50)) < 0).tolist() == [True] * 20 + [False] * 30
        choice.parameters[0][:, -1] = 3.0
        assert int((choice.decide(torch.ones(50)) >= 0).sum()) == 5


def test_mono_draws_with_the_darkest_pen(small: GenerateSettings) -> None:
    artwork = generate(replace(small, steps=6, palette="mono"))
    assert list(artwork.by_pen()) == ["9"]


def stop_after(count: int) -> Callable[[], bool]:
    calls = itertools.count()
    return lambda: next(calls) >= count


@pytest.mark.parametrize("count", [0, 3, 20])
def test_stopping_keeps_what_there_is(small: GenerateSettings, count: int) -> None:
    artwork = generate(replace(small, steps=24), stop=stop_after(count))
    assert artwork.ended == "stopped"
    assert len(artwork.history) == count
    assert np.isfinite(artwork.points_mm).all()
    assert math.isfinite(artwork.activations.as_plotted)


@pytest.mark.parametrize(("refit", "phases"), [(5, {"choosing": 15, "refitting": 5}), (0, {"choosing": 20})])
def test_the_last_steps_refit(small: GenerateSettings, refit: int, phases: dict[str, int]) -> None:
    history = generate(replace(small, steps=20, refit=refit)).history
    assert Counter(step.phase for step in history) == phases


def test_time_limit_ends_the_drawing(small: GenerateSettings) -> None:
    artwork = generate(replace(small, steps=100_000, seconds=1.5))
    assert artwork.ended == "out of time"
    assert artwork.timings_s["optimise"] < 15
    assert artwork.history[-1].phase == "refitting"


def broken_after(count: int) -> Objective:
    calls = itertools.count()

    def value(seen: Seen) -> torch.Tensor:
        return seen.film.mean() * (math.nan if next(calls) >= count else 1.0)

    return Objective((Term("broken", value),))


@pytest.mark.parametrize("count", [0, 5, 20])
def test_not_a_number_stops_and_keeps_the_best(small: GenerateSettings, count: int) -> None:
    artwork = generate(replace(small, steps=24, objective=small.objective + broken_after(count)))
    assert artwork.ended == "not a number"
    assert len(artwork.history) == count
    assert np.isfinite(artwork.points_mm).all()
    assert math.isfinite(artwork.activations.refitted)


def test_an_activation_that_never_was_a_number_is_said(small: GenerateSettings) -> None:
    def value(seen: Seen) -> torch.Tensor:
        return seen.film.mean() * math.nan

    broken = Objective((Term("broken", value, layers=("blocks.4",), excites=True),))
    with pytest.raises(BadInput, match="broken in embedded is not a number"):
        generate(replace(small, steps=3, objective=broken))


def test_sparsity_saves_ink(small: GenerateSettings) -> None:
    def ink(objective: Objective) -> float:
        return generate(replace(small, steps=25, objective=objective)).history[-1].terms["paper covered"]

    assert ink(small.objective - 100 * sparsity()) < 0.7 * ink(small.objective + 1e-9 * sparsity())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strokes": 0}, "Number of strokes 0 is out of range"),
        ({"strokes": -5}, "Number of strokes -5 is out of range"),
        ({"steps": 0}, "Number of steps 0"),
        ({"steps": 20, "refit": 20}, "steps to refit 20 is out of range; use 0 to 19"),
        ({"leaky": 1.5}, "leaky ReLU 1.5"),
        ({"area_mm": (1.0, 50.0)}, "Width of the drawing in mm 1 "),
        ({"area_mm": (20.0, 500.0)}, "25.0 times"),
        ({"pen_limit": 13}, "Pen limit 13 is out of range; use 1 to 12"),
        ({"seconds": math.nan}, "Time limit in seconds nan"),
        ({"objective": channel("blocks.4", 112)}, "0 to 111"),
        ({"objective": sparsity()}, "nothing to excite"),
        ({"network": "vgg61"}, "no network 'vgg61'"),
    ],
)
def test_bad_settings_are_named_with_their_range(
    small: GenerateSettings, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        generate(replace(small, **changes))  # type: ignore[arg-type]


def test_one_pen_tin_works(small: GenerateSettings) -> None:
    artwork = generate(replace(small, steps=6, inventory=load_inventory("mono")))
    assert len(artwork.by_pen()) == 1
