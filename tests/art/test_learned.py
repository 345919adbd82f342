"""Learned colours: what k-means and CIEDE2000 make of free inks, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from plotbot.art.artwork import Quantisation
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.learned import LearnedColours, cluster, nearest_pens
from plotbot.art.palette import Inks
from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab
from plotbot.ink.spaces import delta_e00
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory


def labs(tin: Inventory) -> np.ndarray:
    return np.array([pen.lab for pen in InkSet.of(tin).pens])


def test_clusters_find_the_pens_that_colours_scatter_round(tin: Inventory) -> None:
    random = np.random.default_rng(0)
    true = random.integers(0, 4, 300)
    around = labs(tin)[[1, 4, 7, 11]]
    _, centres = cluster(around[true] + random.normal(0, 1.5, (300, 3)), random.uniform(1, 5, 300), 4, seed=1)
    assert sorted(nearest_pens(centres, np.ones(4), labs(tin), repeat=False).tolist()) == [1, 4, 7, 11]


def test_ink_weighs_in_the_clusters() -> None:
    colours = np.array([[20.0, 0, 0], [30.0, 0, 0]])
    _, centres = cluster(colours, np.array([9.0, 1.0]), 1, seed=0)
    np.testing.assert_allclose(centres, [[21.0, 0, 0]], atol=1e-6)


def test_no_pen_is_taken_twice_unless_allowed(tin: Inventory) -> None:
    black = labs(tin)[11]
    centres = black + np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    mass = np.array([1.0, 10.0, 1.0])
    assert nearest_pens(centres, mass, labs(tin), repeat=True).tolist() == [11, 11, 11]
    single = nearest_pens(centres, mass, labs(tin), repeat=False).tolist()
    assert len(set(single)) == 3
    assert single[1] == 11  # most of the ink gets the best match


def test_p95_is_where_95_percent_of_the_ink_is() -> None:
    quantisation = Quantisation(
        np.zeros((3, 3)),
        np.array([90.0, 6.0, 4.0]),
        np.zeros(3),
        np.zeros((1, 3)),
        ("1",),
        np.array([1.0, 5.0, 40.0]),
    )
    assert quantisation.p95 == 5.0
    assert quantisation.mean == pytest.approx(0.9 + 0.3 + 1.6)


def free_labs(palette: LearnedColours, tin: Inventory) -> np.ndarray:
    return np.asarray(film_to_lab(palette.mixture(1.0).detach().double(), tin.paper.lab))


@pytest.fixture
def palette(tin: Inventory) -> LearnedColours:
    inks = Inks.of(InkSet.of(tin), "cpu")
    palette = LearnedColours(inks, 60, torch.Generator().manual_seed(0), 3, repeat=False)
    with torch.no_grad():  # as wide apart as they get while a drawing grows
        palette.parameters[0].mul_(6)
    return palette


def test_free_inks_are_mixtures_of_the_tins(palette: LearnedColours, tin: Inventory) -> None:
    inks = palette.inks.transmittance
    mixed = palette.mixture(1.0)
    assert bool((mixed >= inks.amin(0) - 1e-6).all())
    assert bool((mixed <= 0.98 + 1e-6).all())
    with torch.no_grad():
        palette.parameters[0][0] = 0
        palette.parameters[0][0, :2] = 30.0
    torch.testing.assert_close(palette.mixture(1.0)[0], (inks[0] * inks[1]).sqrt())


def test_every_stroke_gets_the_nearest_of_the_pens_that_clusters_became(
    palette: LearnedColours, tin: Inventory
) -> None:
    free = free_labs(palette, tin)
    pen_of = palette.decide(torch.ones(60)).numpy()
    drawn = pen_of >= 0
    quantisation = palette.quantisation
    assert quantisation is not None
    chosen = [pen.id for pen in palette.inks.pens].index
    pens = np.array([chosen(pen) for pen in quantisation.pens])
    assert len(set(pens)) == 3
    assert set(pen_of[drawn]) <= set(pens)
    np.testing.assert_allclose(quantisation.lab, free[drawn], atol=1e-4)
    apart = delta_e00(free[drawn][:, None], labs(tin)[pens][None])
    np.testing.assert_allclose(quantisation.delta_e00, apart.min(1), atol=1e-3)
    np.testing.assert_array_equal(pen_of[drawn], pens[apart.argmin(1)])


def test_strokes_that_are_all_but_thinner_stay_away_but_never_all(palette: LearnedColours) -> None:
    shares = palette.parameters[0]
    with torch.no_grad():
        shares[:, -1] = -30
        shares[:20, -1] = 60
    pen_of = palette.decide(torch.ones(60))
    assert (pen_of < 0).tolist() == [True] * 20 + [False] * 40
    with torch.no_grad():
        shares[:, -1] = 60
    assert int((palette.decide(torch.ones(60)) >= 0).sum()) >= 6


def test_learning_colours_ends_in_real_pens(small: GenerateSettings) -> None:
    artwork = generate(replace(small, palette="learn", colours=3, steps=40))
    assert len(artwork.by_pen()) == 3
    assert artwork.quantisation is not None
    assert 0 < artwork.quantisation.mean <= artwork.quantisation.p95
    assert artwork.activations.as_plotted == pytest.approx(artwork.activations.refitted, rel=0.1, abs=0.05)


def test_more_colours_than_pens_are_refused_before_anything_starts(small: GenerateSettings) -> None:
    with pytest.raises(BadInput, match=r"13 colours .* use 1 to 12, or --allow-repeat"):
        generate(replace(small, palette="learn", colours=13))
    replace(small, palette="learn", colours=13, repeat_pens=True).check()
    with pytest.raises(BadInput, match="0 colours"):
        replace(small, palette="learn", colours=0, repeat_pens=True).check()
