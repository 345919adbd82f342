"""Tone from hatching: the limits, the scattering model against a simulation, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plotbot import ink
from plotbot.errors import BadInput
from plotbot.ink import coverage as hatching

PAPER = (95.0, 0.0, 2.0)
BLACK = (20.0, 0.0, 0.0)
BLUE = (25.9, 21.4, -61.7)
FILM = ink.transmittance(BLUE, PAPER)

# FOGRA39L, offset on coated paper, 60 lines/cm: each solid ink with its 40, 50 and 70 % tints.
PRESS_PAPER = (95.0, 0.0, -2.0)
PRESS_PITCH_MM = 1 / 6
PRESS_TINTS = np.array(
    [
        [[55.0, -37.0, -50.0], [79.72, -12.53, -21.75], [75.62, -16.48, -26.7], [66.86, -24.73, -37.1]],
        [[48.0, 74.0, -3.0], [76.42, 25.78, -6.91], [71.23, 33.64, -7.3], [60.84, 50.59, -6.74]],
        [[89.0, -5.0, 93.0], [92.19, -3.47, 31.15], [91.55, -4.0, 41.0], [90.34, -4.7, 62.56]],
        [[16.0, 0.0, 0.0], [69.28, 0.0, -1.35], [61.82, 0.0, -1.16], [45.53, 0.0, -0.75]],
    ]
)


def press_tint_errors(n: float) -> np.ndarray:
    films = ink.transmittance(PRESS_TINTS[:, :1], PRESS_PAPER)
    found = hatching.tint(films, np.array([[0.4, 0.5, 0.7]] * 4), n)
    return ink.delta_e00(ink.film_to_lab(found, PRESS_PAPER), PRESS_TINTS[:, 1:])


def test_printed_tints_are_met_without_a_fitted_number():
    errors = press_tint_errors(2.0)
    assert errors.mean() < 1.8 and errors.max() < 3.5
    assert press_tint_errors(1.0).mean() > 6


def test_the_scattering_model_foretells_the_n_of_a_press():
    """Coated paper spreads light over about 0.05 mm; the screen's pitch does the rest."""
    n = hatching.hatch_n(PRESS_PITCH_MM / 2, PRESS_PITCH_MM, spread_mm=0.05)
    best = min(np.arange(1.0, 3.01, 0.05), key=lambda value: press_tint_errors(value).mean())
    assert abs(n - best) < 0.2
    assert press_tint_errors(n).mean() < 1.5


@given(st.floats(0.05, 2), st.floats(0.05, 20))
def test_pitch_and_coverage_are_inverse(width, pitch):
    share = float(hatching.hatch_coverage(np.float64(width), np.float64(pitch)))
    assert 0 < share <= 1
    if share < 1:
        assert hatching.hatch_pitch(width, share) == pytest.approx(pitch)


def test_crossing_hatchings_cover_less_than_their_sum():
    assert hatching.crosshatch_coverage(np.array(0.5), np.array(0.5)) == pytest.approx(0.75)
    assert hatching.crosshatch_coverage(np.array(1.0), np.array(0.3)) == pytest.approx(1.0)


@given(st.floats(0, 1), st.floats(1, 3))
def test_tint_lies_between_paper_and_solid_and_darkens_with_n(share, n):
    film = hatching.tint(FILM, np.array(share), n)
    assert (film <= 1 + 1e-12).all() and (film >= FILM - 1e-12).all()
    assert (film <= hatching.tint(FILM, np.array(share), 1.0) + 1e-12).all()


def test_tint_is_compose_with_one_pen():
    shares = np.linspace(0, 1, 9)
    for n in (1.0, 1.6, 2.0):
        np.testing.assert_allclose(
            hatching.tint(FILM, shares, n), ink.compose(shares[:, None], FILM[None], n=n), atol=1e-12
        )


def test_lines_far_apart_do_not_mix_and_fine_ones_mix_fully():
    assert hatching.hatch_n(20, 40) == pytest.approx(1.0, abs=0.02)
    assert hatching.hatch_n(0.005, 0.01) == pytest.approx(2.0, abs=0.02)
    assert hatching.hatch_n(0.3, 0.6, spread_mm=0) == 1.0
    assert hatching.hatch_n(0.6, 0.3) == 1.0


@given(st.floats(0.05, 1), st.floats(0.1, 5), st.floats(0.01, 0.3))
def test_n_stays_in_its_range_and_falls_with_the_pitch(width, pitch, spread):
    n = hatching.hatch_n(width, pitch, spread)
    assert 1 <= n <= 2
    if width < pitch:
        assert hatching.hatch_n(width * 2, pitch * 2, spread) <= n + 1e-3


@pytest.mark.parametrize(("width", "pitch"), [(0.3, 0.6), (0.3, 1.2), (0.45, 0.6), (0.1, 2.0)])
def test_closed_form_agrees_with_a_simulated_sheet(width, pitch):
    """Draw the grating finely, let light stray in it, and take the mean."""
    px_per_mm, periods = 200, 4
    x = (np.arange(round(periods * pitch * px_per_mm)) + 0.5) / px_per_mm
    lines = np.abs((x % pitch) - pitch / 2) < width / 2
    sheet = np.where(lines[None, :, None], FILM, 1.0).repeat(3, axis=0)
    seen = hatching.scatter(sheet, px_per_mm).mean((0, 1))
    share = np.array(lines.mean())
    mixing = hatching.paper_mixing(width, pitch)
    expected = (1 - mixing) * hatching.tint(FILM, share, 1.0) + mixing * hatching.tint(FILM, share, 2.0)
    np.testing.assert_allclose(seen, expected, atol=2e-3)
    by_n = hatching.tint(FILM, share, hatching.hatch_n(width, pitch))
    difference = ink.delta_e00(ink.film_to_lab(by_n, PAPER), ink.film_to_lab(seen, PAPER))
    assert difference < 1.0


def test_scatter_changes_nothing_without_edges():
    flat = np.full((8, 9, 3), 0.25)
    np.testing.assert_allclose(hatching.scatter(flat, 10), flat, atol=1e-12)
    edge = np.ones((4, 400, 3))
    edge[:, 200:] = 0.04
    seen = hatching.scatter(edge, 100)
    assert seen.mean() < edge.mean()
    np.testing.assert_allclose(seen[0, [0, -1], 0], [1, 0.04], atol=2e-3)
    np.testing.assert_allclose(hatching.scatter(edge, 100, 0.0), edge, atol=1e-12)


def test_lightness_finds_its_coverage():
    wanted = np.array([[95.0, 80.0], [50.0, 25.0]])
    share = hatching.coverage_for_lightness(wanted, BLACK, PAPER, n=1.7)
    film = hatching.tint(ink.transmittance(BLACK, PAPER), share, 1.7)
    np.testing.assert_allclose(ink.film_to_lab(film, PAPER)[..., 0], wanted, atol=0.05)
    assert hatching.coverage_for_lightness([100, 0], BLACK, PAPER).tolist() == [0, 1]
    with pytest.raises(BadInput, match="darker pen"):
        hatching.coverage_for_lightness(50, (96, 0, 0), PAPER)


def test_torch_agrees_and_is_differentiable():
    shares = torch.rand(
        5, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True
    )
    films = torch.tensor(FILM)
    found = hatching.tint(films, shares, 1.8)
    np.testing.assert_allclose(found.detach().numpy(), hatching.tint(FILM, shares.detach().numpy(), 1.8))
    assert torch.autograd.gradcheck(lambda share: hatching.tint(films, share, 1.8), (shares,))


@pytest.mark.parametrize(
    "call",
    [
        lambda: hatching.hatch_pitch(0.3, 1.5),
        lambda: hatching.hatch_pitch(0.0, 0.5),
        lambda: hatching.hatch_n(0.3, 0.0),
        lambda: hatching.hatch_n(0.3, 0.6, float("nan")),
        lambda: hatching.tint(FILM, np.array(0.5), 0.5),
        lambda: hatching.scatter(np.ones((2, 2, 3)), 10, -1.0),
    ],
)
def test_impossible_hatchings_are_refused(call):
    with pytest.raises(BadInput, match="must be"):
        call()


@pytest.mark.parametrize("px_per_mm", [10, 5, 2, 1])
@pytest.mark.parametrize("pitch_mm", [0.4, 0.6, 1.5])
def test_coarse_pixels_scatter_as_fine_ones_do(px_per_mm: int, pitch_mm: float) -> None:
    fine, films = 100, np.array([[0.05, 0.3, 0.9]])
    side = 6 * fine
    x = (np.arange(side) + 0.5) / fine
    cover = np.tile((x % pitch_mm < 0.3).astype(float), (side, 1))[..., None]
    truth = hatching.scatter(ink.compose(cover, films), fine)
    size = fine // px_per_mm

    def coarse(picture: np.ndarray) -> np.ndarray:
        return picture.reshape(6 * px_per_mm, size, 6 * px_per_mm, size, 3).mean((1, 3))

    sharp = coarse(ink.compose(cover, films))
    seen = hatching.scatter(sharp, px_per_mm, root=coarse(ink.compose(cover, np.sqrt(films))))
    off, off_sharp = (np.abs(one - coarse(truth)) for one in (seen, sharp))
    # Hatching that is all inside one pixel has less low-frequency contrast than a single edge.
    assert off.mean() < (0.45 if px_per_mm >= 5 else 0.75) * off_sharp.mean()
