"""Views: what the network is shown, with paper beyond the edges."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plotbot.art.augment import Jitter, fixed_views, look, random_views, view_size


def spot(height: int, width: int, y: float, x: float) -> torch.Tensor:
    """A soft dark spot on bare paper, in pixels."""
    ys, xs = torch.arange(height)[:, None] + 0.5, torch.arange(width)[None] + 0.5
    return (1 - torch.exp(-((ys - y) ** 2 + (xs - x) ** 2) / 8)).expand(3, -1, -1)


def centre_of_ink(picture: torch.Tensor) -> tuple[float, float]:
    ink = 1 - picture[0, 0]
    ys, xs = torch.arange(ink.shape[0])[:, None] + 0.5, torch.arange(ink.shape[1])[None] + 0.5
    return float((ink * ys).sum() / ink.sum()), float((ink * xs).sum() / ink.sum())


def test_the_straight_view_shows_the_drawing_itself() -> None:
    film = torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(look(film, torch.zeros(1, 4), (64, 96))[0], film, rtol=0, atol=1e-4)


def test_a_larger_view_has_paper_around_the_drawing() -> None:
    seen = look(torch.zeros(3, 60, 60), torch.zeros(1, 4), (64, 96))[0]
    assert bool((seen[:, 3:61, 19:77] == 0).all())
    assert bool((seen[:, :, :17] == 1).all())
    assert bool((seen[:, :, 79:] == 1).all())


@given(st.floats(-0.6, 0.6), st.floats(-0.3, 0.3), st.floats(-0.15, 0.15), st.floats(-0.15, 0.15))
def test_turn_zoom_and_shift_move_a_spot_as_they_should(
    turn: float, zoom: float, down: float, across: float
) -> None:
    height, width, y, x = 64, 96, 40.0, 54.0
    seen = look(spot(height, width, y, x), torch.tensor([[turn, zoom, down, across]]), (height, width))
    # The view's place v shows the drawing's place R(turn) v / exp(zoom) + shift, both from their centres.
    dy, dx = y - height / 2 - 2 * down * height / 2, x - width / 2 - 2 * across * height / 2
    scale = math.exp(zoom)
    expected_x = scale * (math.cos(turn) * dx + math.sin(turn) * dy) + width / 2
    expected_y = scale * (-math.sin(turn) * dx + math.cos(turn) * dy) + height / 2
    assert centre_of_ink(seen) == pytest.approx((expected_y, expected_x), abs=0.5)


def test_views_are_seeded_and_within_their_bounds() -> None:
    jitter = Jitter(turn=10, shift=0.1, scale=1.2)
    views = random_views(500, torch.Generator().manual_seed(3), jitter)
    torch.testing.assert_close(views, random_views(500, torch.Generator().manual_seed(3), jitter))
    limits = torch.tensor([math.radians(10), math.log(1.2), 0.1, 0.1])
    assert bool((views.abs() <= limits).all())
    assert bool((views.abs().amax(0) > 0.9 * limits).all())


def test_the_fixed_views_never_change() -> None:
    first = fixed_views()
    torch.manual_seed(99)
    torch.testing.assert_close(fixed_views(), first, rtol=0, atol=0)
    assert bool((first[0] == 0).all())
    assert bool((first[1:] != 0).all())


@pytest.mark.parametrize(
    ("size", "expected"), [((224, 336), (224, 352)), ((96, 120), (96, 128)), ((10, 10), (32, 32))]
)
def test_view_sizes_are_whole_strides(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert view_size(*size, 32) == expected
