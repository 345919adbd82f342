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
from plotbot.ink import film as film_module
from plotbot.ink.spaces import rec2020_to_linear_srgb

PAPER = (95.0, 0.0, 2.0)
INKS = np.array([[88.2, -7.2, 81.6], [61.2, 67.1, -4.0], [52.6, -10.4, -44.2], [20.0, 0.0, 0.0]])
FILMS = ink.transmittance(INKS, PAPER)

# Printed solids: paper, single inks, and what they gave on top of one another.
FOGRA39L = {
    "": (95, 0, -2), "C": (55, -37, -50), "M": (48, 74, -3), "Y": (89, -5, 93), "K": (16, 0, 0),
    "MY": (47, 68, 48), "CY": (50, -65, 27), "CM": (24, 22, -46), "CMY": (23, 0, 0),
    "YK": (15.7, -3.1, 11.7), "MK": (10.4, 13.9, 1.4), "CK": (10.4, -8.2, -10.3),
    "MYK": (11.3, 8.6, 7.3), "CYK": (11.3, -12.9, 3.6), "CMK": (7.9, 5.8, -5.9), "CMYK": (8.7, -0.1, 2.1),
}  # fmt: skip
# SWOP (Ghostscript's default CMYK profile): another press and paper, none of it used for fitting.
SWOP = {
    "": (89, 0, 4), "C": (56, -38, -40), "M": (47, 69, -4), "Y": (84, -6, 83), "K": (18, 1, 1),
    "MY": (47, 63, 42), "CY": (52, -61, 26), "CM": (26, 18, -41), "CMY": (25, 0, 0),
    "YK": (17, -2, 12), "MK": (11, 14, 1), "CK": (14, -7, -8),
    "MYK": (12, 10, 7), "CYK": (14, -12, 5), "CMK": (8, 7, -7), "CMYK": (9, 1, 1),
}  # fmt: skip


def overprint_errors(press: dict[str, tuple[float, float, float]]) -> np.ndarray:
    films = ink.transmittance([press[one] for one in "CMYK"], press[""])
    over = [name for name in press if len(name) > 1]
    laid = np.array([[one in name for one in "CMYK"] for name in over], dtype=float)
    found = ink.film_to_lab(ink.compose(laid, films), press[""])
    return ink.delta_e00(found, np.array([press[name] for name in over], dtype=float))


def plain_multiplication_errors(press: dict[str, tuple[float, float, float]]) -> np.ndarray:
    light = {name: ink.lab_to_rec2020(np.array(lab, dtype=float)) for name, lab in press.items()}
    over = [name for name in press if len(name) > 1]
    found = [light[""] * np.prod([light[one] / light[""] for one in name], axis=0) for name in over]
    target = np.array([press[name] for name in over], dtype=float)
    return ink.delta_e00(ink.rec2020_to_lab(np.array(found)), target)


@pytest.mark.parametrize("press", [FOGRA39L, SWOP])
def test_printed_overprints_are_met_better_than_by_multiplication(press):
    errors, plain = overprint_errors(press), plain_multiplication_errors(press)
    assert errors.mean() < 4.0 and errors.max() < 7.5
    assert errors.mean() < 0.7 * plain.mean()
    assert plain.mean() > 5


def test_bands_keep_paper_and_greys():
    np.testing.assert_allclose(film_module.BANDS.sum(1), 1)
    grey = np.full(3, 0.4)
    film = film_module.relative_to_film(grey)
    assert np.ptp(film) < 1e-12
    np.testing.assert_allclose(film_module.film_to_relative(film), grey)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_film_and_light_are_inverse(light):
    there = film_module.relative_to_film(np.array(light))
    np.testing.assert_allclose(film_module.film_to_relative(there), light, atol=1e-12)


def test_a_half_covered_point_is_the_mean_of_its_parts():
    both = ink.film_to_rec2020(ink.compose(np.array([[0.0], [0.5], [1.0]]), FILMS[1:2]), PAPER)
    np.testing.assert_allclose(both[1], (both[0] + both[2]) / 2, atol=1e-12)


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


def test_the_screen_matrix_is_the_whole_way_from_film_to_linear_srgb():
    matrix, offset = film_module.screen_matrix(PAPER)
    film = ink.compose(np.random.default_rng(5).uniform(0, 1, (20, 4)), FILMS)
    expected = rec2020_to_linear_srgb(ink.film_to_rec2020(film, PAPER))
    np.testing.assert_allclose(film @ matrix.T + offset, expected, atol=1e-12)


# --- pairs that were measured ---------------------------------------------------------------------

RATIOS = np.exp(np.random.default_rng(4).normal(0, 0.8, (4, 4, 3)))
RATIOS[0, 2] = RATIOS[2, 0] = 1  # a pair that nobody measured
covers = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(np.array)


def test_two_measured_solids_have_exactly_their_colour():
    measured = np.array([48.0, 30.0, -20.0])
    ratio = film_module.trapping_ratio(measured, 0.0, FILMS[1], FILMS[2], PAPER)
    trapping = np.ones((4, 4, 3))
    trapping[1, 2] = ratio
    assert ink.delta_e00(ink.film_to_lab(FILMS[1] * FILMS[2], PAPER), measured) > 8
    for n in (1.0, 1.7, 2.0):
        both = ink.compose(np.array([0.0, 1, 1, 0]), FILMS, n=n, trapping=trapping)
        assert ink.delta_e00(ink.film_to_lab(both, PAPER), measured) < 1e-6
    # The lower one hides a part of what is below by itself: the pair is as it was measured all the same.
    model_of = film_module.lay(FILMS[1], 1.0, FILMS[2], 0.4)
    trapping[1, 2] = film_module.trapping_ratio(measured, 0.0, FILMS[1], FILMS[2], PAPER, 0.4)
    assert ink.delta_e00(ink.film_to_lab(model_of, PAPER), measured) > 1
    both = ink.compose(np.array([0.0, 1, 1, 0]), FILMS, [0, 0, 0.4, 0], trapping=trapping)
    assert ink.delta_e00(ink.film_to_lab(both, PAPER), measured) < 1e-6


@given(covers)
def test_without_a_pair_nothing_changes(coverage):
    plain = ink.compose(coverage, FILMS)
    np.testing.assert_array_equal(ink.compose(coverage, FILMS, trapping=np.ones((4, 4, 3))), plain)
    for one in range(4):
        alone = coverage * (np.arange(4) == one)
        np.testing.assert_array_equal(ink.compose(alone, FILMS, trapping=RATIOS), ink.compose(alone, FILMS))


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([1.0, 2.0]))
def test_two_hatchings_that_cross_are_the_mean_of_their_parts(a, b, n):
    trapping = np.ones((2, 2, 3))
    trapping[0, 1] = RATIOS[1, 3]
    one, other = FILMS[1], FILMS[3]
    parts = [np.ones(3), one, other, one * other * trapping[0, 1]]
    shares = [(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b]
    wanted = sum(share * part ** (1 / n) for share, part in zip(shares, parts, strict=True)) ** n
    found = ink.compose(np.array([a, b]), FILMS[[1, 3]], n=n, trapping=trapping)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_dark_inks_on_dark_ones_do_not_become_light():
    blacks = np.full((3, 3), 0.02)
    trapping = np.full((3, 3, 3), 25.0)  # two layers let 1 % through, not the product
    film = ink.compose(np.tril(np.ones((3, 3))), blacks, trapping=trapping)[:, 0]
    assert film[1] == pytest.approx(0.01)
    assert 0.001 < film[2] < film[1]


@given(covers)
def test_no_layer_adds_light(coverage):
    rng = np.random.default_rng(int(coverage.sum() * 1e6))
    films = rng.uniform(0.001, 1, (4, 3))
    measured = rng.uniform(0.001, 1, (4, 4, 3))
    ratios = np.minimum(measured / (films[:, None] * films[None]), 1 / films[None])
    film = ink.compose(coverage, films, trapping=ratios)
    assert (film > 0).all() and (film <= 1 + 1e-9).all()
    assert (film <= ink.compose(coverage * (np.arange(4) < 3), films, trapping=ratios) + 1e-9).all()


def test_an_opaque_ink_hides_what_lies_below_it_of_pairs_too():
    trapping = np.ones((3, 3, 3))
    trapping[0, 2] = 0.3
    over = ink.compose(np.ones(3), FILMS[:3], [0, 1, 0], trapping=trapping)
    np.testing.assert_allclose(over, FILMS[1] * FILMS[2], atol=1e-12)


def test_pairs_are_the_same_in_torch_and_their_slopes_are_right():
    coverage = np.random.default_rng(3).uniform(0.05, 0.95, (5, 4))
    opacity = [0, 0.3, 0, 0.8]
    leaf = torch.tensor(coverage, requires_grad=True)
    films = torch.tensor(FILMS, requires_grad=True)
    found = ink.compose(leaf, films, opacity, trapping=RATIOS)
    np.testing.assert_allclose(
        found.detach().numpy(), ink.compose(coverage, FILMS, opacity, trapping=RATIOS), atol=1e-12
    )
    assert torch.autograd.gradcheck(
        lambda a, t: ink.compose(a, t, opacity, n=1.5, trapping=RATIOS), (leaf, films)
    )


def test_a_noisy_pair_does_no_harm():
    """Shrunk by its uncertainty, a measured pair is better than the model where that is off, hardly worse
    where it is right, and never as bad as the noise itself."""
    rng = np.random.default_rng(0)

    def errors(off: float, noise: float) -> np.ndarray:
        found = []
        for under, over in [(0, 1), (0, 2), (1, 2), (0, 3)] * 40:
            model = FILMS[under] * FILMS[over]
            truth = ink.film_to_lab(np.clip(model * np.exp(rng.normal(0, off, 3)), 1e-3, 1), PAPER)
            step = rng.normal(0, 1, 3)
            step *= noise * abs(rng.normal()) * 0.5 / float(ink.delta_e00(truth, truth + 0.5 * step))
            seen = np.clip(truth + step, [1, -120, -120], [99, 120, 120])
            ratios = [
                film_module.trapping_ratio(seen, unsure, FILMS[under], FILMS[over], PAPER)
                for unsure in (1e9, 0.0, 2 * noise)
            ]
            found.append([ink.delta_e00(ink.film_to_lab(model * one, PAPER), truth) for one in ratios])
        return np.mean(found, axis=0)

    model, raw, shrunk = errors(0.05, 4.0)
    assert raw > 1.8 * model
    assert shrunk < 0.7 * raw
    model, raw, shrunk = errors(0.4, 2.0)
    assert model > 6
    assert shrunk < 0.3 * model
    assert shrunk < 1.1 * raw
