"""Pixel mode, on a small scale: what tricks are worth, learned colours, strokes that keep what was won."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from plotbot.art.ablation import Trial, ablate, contact_sheet, trials
from plotbot.art.artwork import Step
from plotbot.art.class_map import (
    FixedColours,
    FreeColours,
    PixelClasses,
    boundaries,
    entropy_bits,
    roots,
)
from plotbot.art.growth import growth_pictures
from plotbot.art.objectives import Objective, Seen, Term, channel, curvature, sparsity
from plotbot.art.palette import Inks
from plotbot.art.pixels import PixelArtwork, PixelSettings, generate_pixels
from plotbot.errors import BadInput
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory

pytestmark = pytest.mark.slow
"""Most of them look at one ablation, which takes over five seconds."""


@pytest.fixture(scope="module")
def tiny(tin: Inventory) -> PixelSettings:
    """A picture of 64 by 80 pixels, half a millimetre each."""
    return PixelSettings(channel("blocks.4", 87), tin, (32.0, 40.0), steps=40, view_px=64, seed=3)


@pytest.fixture(scope="module")
def told(tiny: PixelSettings) -> tuple[list[Trial], list[Step]]:
    steps: list[Step] = []
    return ablate(tiny, lambda _name, step: steps.append(step)), steps


@pytest.fixture(scope="module")
def ablated(told: tuple[list[Trial], list[Step]]) -> list[Trial]:
    return told[0]


@pytest.fixture(scope="module")
def grown(ablated: list[Trial]) -> PixelArtwork:
    return ablated[-1].artwork


def test_the_channel_is_excited_and_strokes_keep_it(grown: PixelArtwork, tiny: PixelSettings) -> None:
    activations = grown.activations
    assert activations.free > 2 * abs(grown.history[0].activation)
    assert activations.free == grown.softness.soft
    assert activations.quantised == grown.softness.argmax
    assert activations.as_plotted > 0.8 * activations.free
    assert len(grown.by_pen()) >= 4
    assert len(grown.history) == tiny.steps
    assert {step.phase for step in grown.history} == {"deciding"}


def test_strokes_stay_on_the_sheet_and_cover_what_was_decided(
    grown: PixelArtwork, tiny: PixelSettings
) -> None:
    for pen_id, line in grown.polylines():
        half = tiny.inventory[pen_id].width_mm / 2
        assert line.min() > half - 0.05
        assert (line < np.array(tiny.area_mm) - half + 0.05).all()
    moved = grown.polylines(origin_mm=(12, 15))
    np.testing.assert_allclose(moved[0][1] - grown.polylines()[0][1], np.full_like(moved[0][1], [12, 15]))
    assert np.abs(grown.plotted - grown.growth[-1].film).mean() < 0.02
    assert grown.history[-1].ink_mm == pytest.approx(
        sum(np.hypot(*np.diff(line, axis=0).T).sum() for _, line in grown.polylines()), rel=0.25
    )


def test_every_pixel_has_one_pen_or_bare_paper_in_the_end(grown: PixelArtwork, tin: Inventory) -> None:
    inks = Inks.of(InkSet.of(tin), "cpu").transmittance.numpy()
    allowed = np.concatenate([np.ones((1, 3)), inks])
    apart = np.abs(grown.argmax.reshape(3, 1, -1) - allowed.T[:, :, None]).sum(0)
    assert apart.min(0).max() < 1e-5


def test_tricks_are_what_stops_the_softmax_from_cheating(ablated: list[Trial]) -> None:
    rows = {trial.name: trial.figures() for trial in ablated}
    assert list(rows) == [
        "none",
        "penalty",
        "spikiness",
        "spikiness, penalty",
        "annealing",
        "annealing, penalty",
    ]
    plain, best = rows["none"], rows["annealing, penalty"]
    assert plain["cheated"] > 0.2
    assert best["cheated"] < 0.1
    assert best["argmax"] > plain["argmax"]
    assert best["entropy_bits"] < 0.3 * plain["entropy_bits"]
    for without, having in (("none", "penalty"), ("none", "spikiness"), ("none", "annealing")):
        assert rows[having]["entropy_bits"] < rows[without]["entropy_bits"]
    assert all(math.isfinite(row["as_plotted"]) for row in rows.values())


def test_the_contact_sheet_shows_soft_beside_argmax(ablated: list[Trial]) -> None:
    sheet = contact_sheet(ablated)
    assert sheet.dtype == np.uint8
    width, height = 336, 420
    assert sheet.shape[1] >= 4 * width
    assert sheet.shape[0] >= 3 * height
    middle = sheet[height // 2 : height]  # of the first row: pictures, no captions
    soft, hard = middle[:, 16 : 16 + width], middle[:, 32 + width : 32 + 2 * width]
    assert len(np.unique(hard.reshape(-1, 3), axis=0)) <= 13 < len(np.unique(soft.reshape(-1, 3), axis=0))


def test_steps_say_what_is_done_of_all_of_the_ablation(
    told: tuple[list[Trial], list[Step]], tiny: PixelSettings
) -> None:
    done = [step.done for step in told[1]]
    np.testing.assert_allclose(done, np.arange(1, 6 * tiny.steps + 1) / (6 * tiny.steps))
    assert trials(tiny)[-1][1] == tiny


def test_a_stopped_ablation_still_ends_in_a_drawing(tiny: PixelSettings) -> None:
    calls = itertools.count()
    heard: list[str] = []
    done = ablate(replace(tiny, steps=6), lambda name, _step: heard.append(name), lambda: next(calls) > 9)
    assert [trial.name for trial in done] == ["none", "annealing, penalty"]
    assert done[-1].artwork.ended == "stopped"
    assert set(heard) == {"none", "penalty"}


def test_learned_colours_go_to_the_nearest_pens(tiny: PixelSettings, tin: Inventory) -> None:
    steps: list[Step] = []
    artwork = generate_pixels(replace(tiny, palette="learn", colours=3, steps=30, refit=18), steps.append)
    learned = artwork.quantisation
    assert learned is not None
    assert len(set(learned.pens)) == 3
    assert set(artwork.by_pen()) <= set(learned.pens)
    assert 0 < learned.mean <= learned.p95
    assert [phase for phase, _ in itertools.groupby(step.phase for step in steps)] == ["mixing", "deciding"]
    assert [step.phase for step in steps].index("deciding") == 12
    assert math.isfinite(artwork.activations.free)
    assert artwork.activations.refitted > artwork.activations.quantised


def test_colours_are_learned_through_a_sigmoid_and_move(tin: Inventory) -> None:
    inks = Inks.of(InkSet.of(tin), "cpu")
    colours = FreeColours(inks, 4, torch.Generator().manual_seed(0), repeat=True)
    films = colours.films()
    assert films.shape == (5, 3)
    assert (films[0] == 1).all()
    assert ((films[1:] > 0) & (films[1:] < 1)).all()
    films.sum().backward()
    assert (colours.parameters[0].grad != 0).all()


def test_a_pen_limit_lets_the_least_needed_pens_go_in_time(tin: Inventory) -> None:
    colours = FixedColours(Inks.of(InkSet.of(tin), "cpu"), 4)
    shares = torch.linspace(0.2, 0.01, 13)
    left = []
    for done in np.linspace(0, 1, 21):
        colours.prune(shares, float(done))
        left.append(int(colours.allowed.sum()) - 1)
    assert left[0] == left[5] == 12
    assert left[15] == left[-1] == 4
    assert bool(colours.allowed[0])


def test_the_limit_holds_in_the_drawing(tiny: PixelSettings) -> None:
    assert len(generate_pixels(replace(tiny, steps=8, pen_limit=2)).by_pen()) <= 2


def test_mono_draws_with_the_darkest_pen(tiny: PixelSettings) -> None:
    assert set(generate_pixels(replace(tiny, steps=8, palette="mono")).by_pen()) <= {"9"}


def test_same_seed_same_drawing(tiny: PixelSettings) -> None:
    short = replace(tiny, steps=5)
    one, two = generate_pixels(short), generate_pixels(short)
    np.testing.assert_array_equal(one.soft, two.soft)
    assert [pen for pen, _ in one.lines] == [pen for pen, _ in two.lines]
    assert not np.array_equal(one.soft, generate_pixels(replace(short, seed=5)).soft)


def test_not_a_number_stops_and_keeps_what_there_was(tiny: PixelSettings) -> None:
    calls = itertools.count()

    def broken(seen: Seen) -> torch.Tensor:
        return seen.film.mean() * (math.nan if next(calls) >= 4 else 1.0)

    objective = tiny.objective + Objective((Term("broken", broken),))
    artwork = generate_pixels(replace(tiny, objective=objective))
    assert artwork.ended == "not a number"
    assert len(artwork.history) == 4
    assert np.isfinite(artwork.soft).all()


def test_the_way_it_grew_is_kept_in_pictures(grown: PixelArtwork) -> None:
    pictures = growth_pictures(grown, 128)
    assert 8 <= len(pictures) <= 13
    assert pictures[-1][0] == "final"
    assert all(picture.shape == (160, 128, 3) for _, picture in pictures)


def test_measures_of_wavering() -> None:
    sure = torch.tensor([[[0.99, 0.02]], [[0.01, 0.98]]]).log()
    half = torch.full((2, 1, 2), 0.5).log()
    assert float(roots(sure)) == 0.0
    assert float(roots(half)) == pytest.approx(2 * math.sqrt(2))
    assert float(entropy_bits(half)) == pytest.approx(1.0)
    assert float(entropy_bits(sure)) < 0.15
    assert float(boundaries(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]).expand(2, 3, 2))) == pytest.approx(1.0)


def test_scores_are_alike_at_any_size() -> None:
    classes = PixelClasses((40, 60), 5, 2.0, torch.Generator().manual_seed(1), "cpu")
    assert classes.scores().shape == (5, 40, 60)
    coarse = classes.scores().argmax(0)
    fine = classes.decided(torch.ones(5, dtype=torch.bool), (120, 180))
    assert (fine[1::3, 1::3] == coarse).float().mean() > 0.98
    some = classes.decided(torch.tensor([True, False, True, False, False]), (40, 60))
    assert set(some.unique().tolist()) <= {0, 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spikiness": 0.0}, "Spikiness 0 is out of range"),
        ({"last_spikiness": math.nan}, "Last spikiness nan"),
        ({"penalty": -1.0}, "Penalty -1 is out of range; use 0 to 100"),
        ({"smoothness": 1e9}, "Smoothness 1e\\+09"),
        ({"steps": 0}, "Number of steps 0"),
        ({"objective": channel("blocks.4", 87) - curvature()}, "no strokes to weigh by curvature"),
        ({"objective": channel("blocks.4", 87) - sparsity()}, "no strokes to weigh by paper covered"),
    ],
)
def test_bad_settings_are_named_with_their_range(
    tiny: PixelSettings, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        generate_pixels(replace(tiny, **changes))  # type: ignore[arg-type]
