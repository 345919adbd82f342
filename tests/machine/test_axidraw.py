"""The pyaxidraw driver, against a stand-in for the maker's package.

pyaxidraw cannot be installed from a package index, so these tests run on a module written from its
documentation, strict about what interactive mode allows. They show that the driver keeps to that
documentation; they do not show that a real AxiDraw obeys.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from plotbot.errors import LinkLost, NoPlotter
from plotbot.machine.axidraw import AxidrawMachine
from plotbot.machine.base import Control, PausedAt
from tests.machine.ebb_plots import SLOW, circle, plan_of, profile

ZIGZAG = [(20, 20), (60, 25), (20, 30)]

OPTIONS = {
    "units": (0, 2),
    "model": (1, 10),
    "port": None,
    "speed_pendown": (1, 110),
    "speed_penup": (1, 110),
    "accel": (1, 110),
    "pen_pos_up": (0, 100),
    "pen_pos_down": (0, 100),
    "pen_rate_raise": (1, 100),
    "pen_rate_lower": (1, 100),
    "pen_delay_up": (0, 10_000),
    "pen_delay_down": (0, 10_000),
}


class Options:
    """Accepts the documented options only, as whole numbers in range."""

    def __setattr__(self, name: str, value: Any) -> None:
        limits = OPTIONS[name]
        if limits is not None:
            assert isinstance(value, int) and limits[0] <= value <= limits[1], f"{name} = {value}"
        object.__setattr__(self, name, value)


class Bench:
    """What the stand-in drew and was asked, and what is to go wrong."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ink: list[list[list[float]]] = []
        self.at = [0.0, 0.0]
        self.up = True
        self.found = True
        self.supply = 300
        self.moving = 0
        self.fail_at: tuple[int, int] | None = None
        self.press_at: tuple[int, float] | None = None
        self.drift = 0.0
        self.options: Options | None = None


def module_of(bench: Bench) -> types.ModuleType:
    class AxiDraw:
        def __init__(self) -> None:
            self.errors = types.SimpleNamespace(code=0)
            self.mode = "plot"
            self.connected = False
            self.set: Options | None = None

        def interactive(self) -> None:
            assert self.mode == "plot"
            self.mode = "interactive"
            self.options = bench.options = Options()

        def connect(self) -> bool:
            assert self.mode == "interactive", "connect() is for interactive mode"
            assert self.options.units == 2
            self.connected = bench.found
            self.errors.code = 0 if bench.found else 101
            return bench.found

        def update(self) -> None:
            self._busy("update")

        def penup(self) -> None:
            self._busy("penup")
            bench.up = True

        def pendown(self) -> None:
            self._busy("pendown")
            if bench.up:
                bench.ink.append([list(bench.at)])
            bench.up = False

        def moveto(self, x: float, y: float) -> None:
            self._busy("moveto")
            bench.up = True
            bench.at = [x, y]

        def draw_path(self, vertices: list[list[float]]) -> None:
            self._busy("draw_path")
            assert len(vertices) >= 2 and all(type(value) is float for pair in vertices for value in pair)
            if bench.fail_at == (len(bench.ink), 104):
                self.errors.code = 104
                return
            path = [list(pair) for pair in vertices]
            if bench.press_at and bench.press_at[0] == len(bench.ink):
                path = _cut(path, bench.press_at[1])
                bench.press_at = None
                self.errors.code = 102
            bench.ink.append(path)
            bench.at = [path[-1][0] + bench.drift, path[-1][1]]
            bench.up = True
            bench.moving = 3

        def usb_query(self, query: str) -> str:
            assert query.endswith("\r")
            self._busy(query.strip())
            name = query.strip()
            if name == "QM":
                bench.moving = max(bench.moving - 1, 0)
                busy = int(bench.moving > 0)
                return f"QM,{busy},{busy},{busy},0\n\r"
            if name == "QC":
                return f"0394,{bench.supply:04d}\r\n"
            assert name == "QS"
            assert not bench.moving, "asked for the position before the motion was over"
            x, y = bench.at
            return f"{round(80 * (x + y))},{round(80 * (x - y))}\n\r"

        def disconnect(self) -> None:
            self._busy("disconnect")
            self.connected = False

        def _busy(self, call: str) -> None:
            assert self.connected, f"{call} without a connection"
            bench.calls.append(call)

    module = types.ModuleType("pyaxidraw.axidraw")
    module.AxiDraw = AxiDraw  # type: ignore[attr-defined]
    return module


def _cut(path: list[list[float]], mm: float) -> list[list[float]]:
    line = np.array(path)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    end = [float(np.interp(mm, along, line[:, axis])) for axis in (0, 1)]
    return [*line[along < mm].tolist(), end]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench()
    monkeypatch.setitem(sys.modules, "pyaxidraw", types.ModuleType("pyaxidraw"))
    monkeypatch.setitem(sys.modules, "pyaxidraw.axidraw", module_of(bench))
    return bench


def strokes_of(plan: Any) -> list[Any]:
    return [(index, stroke) for index, _, stroke in plan.strokes()]


def test_stroke_by_stroke_each_reported_when_it_is_ink(bench: Bench) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 5), [(70, 70), (70, 70)], pen=SLOW)
    done: list[tuple[int, int, bool]] = []
    with AxidrawMachine(profile(model="V3/A3")) as machine:
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        machine.plot(strokes_of(plan), lambda k: done.append((k, len(bench.ink), bench.up)), Control())
        assert machine.position_mm() == pytest.approx((70, 70), abs=0.01)
        machine.park()
        assert machine.position_mm() == (0, 0)
        assert not machine.position_kept((0.0, 0.0))
    assert done == [(0, 1, True), (1, 2, True), (2, 3, True)]
    assert bench.ink[0] == [[float(x), float(y)] for x, y in ZIGZAG]
    assert bench.calls[-1] == "disconnect"
    options = bench.options
    assert options is not None
    assert (options.model, options.pen_pos_down, options.pen_pos_up) == (2, 35, 60)  # type: ignore[attr-defined]
    assert options.speed_pendown == int(15 / (8.6979 * 25.4) * 110)  # type: ignore[attr-defined]
    assert options.pen_delay_down == 100  # type: ignore[attr-defined]


def test_the_button_pauses_inside_the_stroke(bench: Bench) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 5))
    bench.press_at = (0, 33.0)
    with AxidrawMachine(profile()) as machine:
        machine.check(plan)
        paused = machine.plot(strokes_of(plan), lambda _: None, Control())
    assert paused is not None and paused.index == 0
    assert paused.drawn_mm == pytest.approx(33.0, abs=0.02)


def test_a_pause_waits_for_the_end_of_the_stroke(bench: Bench) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 5))
    control = Control()
    with AxidrawMachine(profile()) as machine:
        assert machine.plot(strokes_of(plan), lambda _: control.halt(), control) == PausedAt(1)


def test_a_lost_link_is_told_and_nothing_is_reported(bench: Bench) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 5))
    bench.fail_at = (1, 104)
    done: list[int] = []
    with AxidrawMachine(profile()) as machine, pytest.raises(LinkLost, match="lost the USB connection"):
        machine.plot(strokes_of(plan), done.append, Control())
    assert done == [0]


def test_counters_elsewhere_than_the_end_of_the_stroke_are_not_ink(bench: Bench) -> None:
    plan = plan_of(ZIGZAG)
    bench.drift = 0.5
    with AxidrawMachine(profile()) as machine, pytest.raises(LinkLost, match="instead of 20"):
        machine.plot(strokes_of(plan), pytest.fail, Control())


def test_motor_power_is_asked_for_before_and_after(bench: Bench) -> None:
    plan = plan_of(ZIGZAG)
    with AxidrawMachine(profile()) as machine:
        bench.supply = 20
        with pytest.raises(LinkLost, match="lost their power"):
            machine.plot(strokes_of(plan), pytest.fail, Control())
    with pytest.raises(NoPlotter, match="no power"):
        AxidrawMachine(profile()).__enter__()


def test_no_axidraw_found(bench: Bench) -> None:
    bench.found = False
    with pytest.raises(NoPlotter, match="finds no AxiDraw called East"):
        AxidrawMachine(profile(), port="East").__enter__()


def test_without_the_package_it_says_how_to_get_it() -> None:
    with pytest.raises(NoPlotter, match=r"not installed.*leave --driver out"):
        AxidrawMachine(profile()).__enter__()
