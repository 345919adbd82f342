"""The order of strokes: a shortest one on small drawings, and never worse than what others sort."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import vpype
import vpype_cli
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.plan.motion import hop_seconds
from plotbot.plan.order import Effort, order_strokes

SPEED, ACCELERATION = 120.0, 800.0
HOME = (0.0, 0.0)


def travel(starts: np.ndarray, stops: np.ndarray) -> tuple[float, float]:
    """Seconds and mm from home over all strokes and back."""
    hops = np.concatenate([starts, [HOME]]) - np.concatenate([[HOME], stops])
    far = np.hypot(*hops.T)
    return float(hop_seconds(far, SPEED, ACCELERATION).sum()), float(far.sum())


def ordered(lines: list[np.ndarray], **effort: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The order, and the first and last points of the strokes as they are drawn."""
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    points = np.concatenate(lines) if lines else np.zeros((0, 2))
    entered, begin = order_strokes(
        points,
        offsets,
        home=HOME,
        speed=SPEED,
        acceleration=ACCELERATION,
        effort=Effort(**effort),  # type: ignore[arg-type]
    )
    starts, stops = [], []
    for end in entered:
        line = lines[end // 2]
        if begin[end // 2]:
            assert (line[0] == line[-1]).all()
            starts.append(line[begin[end // 2]])
            stops.append(line[begin[end // 2]])
        else:
            starts.append(line[-1 if end % 2 else 0])
            stops.append(line[0 if end % 2 else -1])
    assert sorted(entered // 2) == list(range(len(lines)))
    return entered, np.array(starts).reshape(-1, 2), np.array(stops).reshape(-1, 2)


def linesort(lines: list[np.ndarray], *options: str) -> tuple[np.ndarray, np.ndarray]:
    """First and last points after vpype's own linesort."""
    document = vpype.Document()
    document.add([line[:, 0] + 1j * line[:, 1] for line in lines], 1)
    done = vpype_cli.execute(" ".join(["linesort", *options]), document)
    (layer,) = done.layers.values()
    starts, stops = np.array([line[0] for line in layer]), np.array([line[-1] for line in layer])
    return np.column_stack([starts.real, starts.imag]), np.column_stack([stops.real, stops.imag])


coordinate = st.one_of(st.integers(0, 9).map(lambda k: k * 20.0), st.floats(0, 200, width=32))
short_lines = st.lists(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 4), st.just(2)), elements=coordinate),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40)
@given(short_lines)
def test_never_slower_than_the_given_order_nor_than_linesort(lines: list[np.ndarray]) -> None:
    _, starts, stops = ordered(lines)
    seconds, _ = travel(starts, stops)
    given_starts, given_stops = np.array([x[0] for x in lines]), np.array([x[-1] for x in lines])
    assert seconds <= travel(given_starts, given_stops)[0] + 1e-6
    assert seconds <= travel(*linesort(lines))[0] + 1e-6


def test_few_strokes_get_the_fastest_order_there_is() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        lines = list(rng.uniform(0, 200, (6, 2, 2)))
        best = np.inf
        for order in itertools.permutations(range(6)):
            for flips in itertools.product((0, 1), repeat=6):
                starts = np.array([lines[k][f] for k, f in zip(order, flips, strict=True)])
                stops = np.array([lines[k][1 - f] for k, f in zip(order, flips, strict=True)])
                best = min(best, travel(starts, stops)[0])
        _, starts, stops = ordered(lines)
        assert travel(starts, stops)[0] == pytest.approx(best)


def test_travel_is_a_quarter_less_than_greedy_and_no_more_than_two_opt() -> None:
    rng = np.random.default_rng(11)
    start = rng.uniform(15, 195, (1500, 2))
    lines = list(np.stack([start, start + rng.uniform(-6, 6, (1500, 2))], axis=1))
    _, starts, stops = ordered(lines)
    seconds, far = travel(starts, stops)
    greedy, two_opt = travel(*linesort(lines)), travel(*linesort(lines, "--two-opt"))
    assert far <= 0.75 * greedy[1]
    assert far <= two_opt[1] and seconds <= two_opt[0]


def test_closed_strokes_begin_where_it_suits() -> None:
    turn = np.linspace(0, 2 * np.pi, 73)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    ring[-1] = ring[0]
    rings = [ring * 8 + (20 + 17 * k, 100) for k in range(10)]
    entered, starts, stops = ordered(rings)
    seconds, _ = travel(starts, stops)
    first = np.array([one[0] for one in rings])
    # Every other gap can be 1 mm; from the same point of each ring all are 17 mm.
    assert seconds < 0.9 * travel(first, first)[0]
    assert np.sort(np.hypot(*(starts[1:] - stops[:-1]).T))[:5] == pytest.approx(1, abs=0.9)
    assert np.array_equal(starts, stops)
    assert list(entered // 2) in ([*range(10)], [*range(9, -1, -1)])


def test_the_order_does_not_depend_on_anything_but_its_input() -> None:
    lines = list(np.random.default_rng(4).uniform(0, 200, (300, 3, 2)))
    first, again = ordered(lines)[0], ordered([line.copy() for line in lines])[0]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ordered(lines, seed=2)[0])


def test_more_effort_is_never_worse() -> None:
    lines = list(np.random.default_rng(8).uniform(0, 200, (800, 2, 2)))
    times = [travel(*ordered(lines, kicks=kicks)[1:])[0] for kicks in (0, 500, 20_000)]
    assert times[0] > times[1] > times[2]
    by_the_clock = travel(*ordered(lines, kicks=500, seconds=0.3)[1:])[0]
    assert by_the_clock < times[1]


def test_nothing_and_one() -> None:
    assert len(ordered([])[0]) == 0
    near_end = np.array([[50.0, 50.0], [10.0, 10.0]])
    assert len(ordered([near_end])[0]) == 1
