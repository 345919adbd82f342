"""Ink on paper: what `compose` and its neighbours promise."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plotbot import ink

PAPER = (95.0, 0.0, 2.0)
INKS = np.array([[88.2, -7.2, 81.6], [61.2, 67.1, -4.0], [52.6, -10.4, -44.2], [20.0, 0.0, 0.0]])
FILMS = ink.transmittance(INKS, PAPER)


def test_solid_ink_has_the_colour_of_the_pen():
    found = ink.film_to_lab(FILMS, PAPER)
    assert ink.delta_e00(found, INKS).max() < 1.0
    one = ink.compose(np.eye(4), FILMS)
    np.testing.assert_allclose(one, FILMS, atol=1e-12)


def test_bare_paper_has_the_colour_of_the_paper():
    film = ink.compose(np.zeros((2, 3, 4)), FILMS)
    np.testing.assert_array_equal(film, np.ones((2, 3, 3)))
    np.testing.assert_allclose(ink.film_to_lab(film[0, 0], PAPER), PAPER, atol=1e-9)
    assert ink.srgb_hex(PAPER) == "#{:02x}{:02x}{:02x}".format(
        *ink.srgb_uint8(ink.film_to_srgb(film[0, 0], PAPER))
    )


def test_ink_never_gives_light():
    assert (ink.transmittance((99, -30, 90), PAPER) <= 1).all()
    assert (ink.transmittance((0, 0, 0), PAPER) > 0).all()


@given(st.permutations(range(4)), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_translucent_pens_commute_and_darken(order, coverage):
    coverage = np.array(coverage)
    film = ink.compose(coverage, FILMS)
    np.testing.assert_allclose(ink.compose(coverage[order], FILMS[order]), film, atol=1e-12)
    assert (film <= 1 + 1e-12).all()
    assert (film <= ink.compose(coverage * 0.5, FILMS) + 1e-12).all()


def test_an_opaque_pen_hides_what_is_below():
    both = np.ones(4)
    film = ink.compose(both, FILMS, [0, 0, 0, 1])
    np.testing.assert_allclose(film, FILMS[3], atol=1e-12)
    half = ink.compose(np.array([1.0, 0.5]), FILMS[[0, 3]], [0, 1])
    np.testing.assert_allclose(half, (FILMS[0] + FILMS[3]) / 2, atol=1e-12)


def test_partial_opacity_lies_between():
    both = np.ones(2)
    clear, some, full = (ink.compose(both, FILMS[[3, 0]], [0, o]) for o in (0, 0.5, 1))
    assert (clear < some).all() and (some < full).all()
    np.testing.assert_allclose(some, (clear + full) / 2, atol=1e-12)


def test_torch_and_numpy_agree_and_gradients_flow():
    rng = np.random.default_rng(0)
    coverage = rng.uniform(0, 1, (5, 6, 4))
    expected = ink.film_to_srgb(ink.compose(coverage, FILMS, [0, 0.2, 0, 1]), PAPER)
    leaf = torch.tensor(coverage, requires_grad=True)
    found = ink.film_to_srgb(ink.compose(leaf, FILMS, [0, 0.2, 0, 1]), PAPER)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-12)
    found.sum().backward()
    assert torch.isfinite(leaf.grad).all() and (leaf.grad != 0).any(dim=(0, 1)).all()


def test_films_can_be_learned():
    coverage = torch.rand(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    films = torch.tensor(FILMS[:2], requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: ink.compose(coverage, values), (films,))


def test_colour_science_starts_without_torch():
    code = "import sys, plotbot.ink, plotbot.pens.inventory; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_solids_round_trip_for_every_shipped_pen():
    from plotbot.pens.inventory import load_inventory, matchable_pens  # noqa: PLC0415

    for name in ("staedtler20", "stabilo88", "micron"):
        inventory = load_inventory(name)
        labs = np.array([pen.lab for pen in matchable_pens(inventory)])
        shown = ink.film_to_lab(ink.transmittance(labs, inventory.paper.lab), inventory.paper.lab)
        difference = ink.delta_e00(shown, labs)
        assert difference.max() < 3 and difference.mean() < 0.5, (name, difference.max())


@pytest.mark.parametrize("opacity", [None, [0, 0, 0, 0]])
def test_no_opacity_means_translucent(opacity):
    coverage = np.full(4, 0.3)
    expected = np.prod(1 - 0.3 * (1 - FILMS), axis=0)
    np.testing.assert_allclose(ink.compose(coverage, FILMS, opacity), expected, atol=1e-12)
