"""Motion as GRBL 1.1 plans it: look-ahead over the planner's blocks, junction deviation, per-axis limits.

Written from the algorithm's description, with exact trapezoids in continuous time instead of step
segments. mm, s, mm/s, mm/s².
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Block:
    """A straight move in the planner; speeds squared as GRBL keeps them."""

    start: np.ndarray
    end: np.ndarray
    nominal: float
    acceleration: float
    max_entry_sqr: float
    entry_sqr: float = 0.0
    length: float = field(init=False)
    unit: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        delta = self.end - self.start
        self.length = float(np.linalg.norm(delta))
        self.unit = delta / self.length


@dataclass(frozen=True)
class Move:
    """What the motors really did: a straight piece from t0 to t1, and the highest speed on it."""

    t0: float
    t1: float
    start: tuple[float, ...]
    end: tuple[float, ...]
    top_speed: float
    pen_down: bool


@dataclass
class Limits:
    """Board settings that shape motion: mm/s and mm/s² per axis, junction deviation in mm."""

    rate: np.ndarray
    acceleration: np.ndarray
    junction: float


class Planner:
    """Blocks and the state of the one that runs. `advance(t)` moves time; `log` gets what was driven."""

    def __init__(self, limits: Limits, blocks: int = 15) -> None:
        self.limits = limits
        self.capacity = blocks
        self.blocks: list[Block] = []
        self.position = np.zeros(3)
        self.offset = np.zeros(3)  # where the carriage really is, less what the board believes
        self.now = 0.0
        self.speed = 0.0
        self.gone = 0.0
        self.running = False
        self.holding = False
        self.log: list[Move] = []
        self.pen_down = False
        self.down_mm = 0.0
        self.starved: list[float] = []
        self._phases: list[tuple[float, float]] = []

    @property
    def target(self) -> np.ndarray:
        """Where all queued motion ends."""
        return self.blocks[-1].end if self.blocks else self.position

    @property
    def full(self) -> bool:
        return len(self.blocks) >= self.capacity

    def add(self, end: np.ndarray, feed: float | None) -> None:
        """Queue a line to `end` at `feed` mm/s (None: as fast as the axes allow)."""
        start = self.target.copy()
        delta = end - start
        length = float(np.linalg.norm(delta))
        if length < 1e-9:
            return
        unit = delta / length
        rapid = _limit(self.limits.rate, unit)
        nominal = rapid if feed is None else min(feed, rapid)
        acceleration = _limit(self.limits.acceleration, unit)
        if self.blocks:
            last = self.blocks[-1]
            junction = min(self._junction_sqr(last.unit, unit), last.nominal**2, nominal**2)
        else:
            junction = 0.0
        self.blocks.append(Block(start, end.copy(), nominal, acceleration, junction))
        self._plan()

    def start(self) -> None:
        if self.blocks and not self.running and not self.holding:
            self.running = True
            self._plan()

    def hold(self) -> None:
        if self.running:
            self.holding = True
            self._plan()

    def resume(self) -> None:
        self.holding = False
        self.start()

    def stop_dead(self) -> None:
        """Reset: motors stop where they are, everything queued is gone."""
        self.blocks.clear()
        self.speed = self.gone = 0.0
        self.running = self.holding = False
        self._phases = []

    def next_event(self) -> float:
        """When the running block ends (or the hold is complete); infinity at rest."""
        return self.now + sum(duration for duration, _ in self._phases) if self.running else math.inf

    def advance(self, to: float) -> None:
        """Let time pass up to `to`, not beyond the next event."""
        if not self.running:
            self.now = max(self.now, to)
            return
        block = self.blocks[0]
        begin, start = self.now, self.position.copy()
        top = self.speed
        left = to - self.now
        while self._phases and left > 0:
            duration, acceleration = self._phases[0]
            step = min(duration, left)
            self.gone += self.speed * step + acceleration * step * step / 2
            self.speed = max(0.0, self.speed + acceleration * step)
            top = max(top, self.speed)
            left -= step
            if step >= duration - 1e-12:
                self._phases.pop(0)
            else:
                self._phases[0] = (duration - step, acceleration)
        self.now = to
        share = min(self.gone / block.length, 1.0)
        self.position = block.start + (block.end - block.start) * share
        finished = not self._phases
        if finished and not (self.holding and self.speed <= 1e-9 and share < 1.0 - 1e-9):
            self.position = block.end.copy()
        if np.any(self.position != start):
            if self.pen_down:
                self.down_mm += float(np.linalg.norm(self.position - start))
            self.log.append(
                Move(
                    begin,
                    to,
                    tuple((start + self.offset).tolist()),
                    tuple((self.position + self.offset).tolist()),
                    top,
                    self.pen_down,
                )
            )
        if finished:
            self._finish(block)

    def _finish(self, block: Block) -> None:
        if self.holding and self.speed <= 1e-6 and np.any(self.position != block.end):
            self.speed = 0.0
            self.running = False
            rest = Block(self.position.copy(), block.end, block.nominal, block.acceleration, 0.0)
            self.blocks[0] = rest
            self.gone = 0.0
            self._plan()
            return
        self.blocks.pop(0)
        self.gone = 0.0
        if not self.blocks:
            self.running = False
            self.speed = 0.0
            self.starved.append(self.now)
            return
        if self.holding and self.speed <= 1e-6:
            self.running = False
            self.speed = 0.0
        self._plan()

    def _plan(self) -> None:
        """GRBL's two passes over the waiting blocks, then the phases of the running one."""
        blocks = self.blocks
        if not blocks:
            self._phases = []
            return
        exit_sqr = 0.0
        for block in reversed(blocks[1:]):
            block.entry_sqr = min(block.max_entry_sqr, exit_sqr + 2 * block.acceleration * block.length)
            exit_sqr = block.entry_sqr
        entry_sqr = self.speed**2
        rest = blocks[0].length - self.gone
        for index, block in enumerate(blocks[1:], 1):
            before = blocks[index - 1]
            reach = entry_sqr + 2 * before.acceleration * (rest if index == 1 else before.length)
            block.entry_sqr = min(block.entry_sqr, reach)
            entry_sqr = block.entry_sqr
        if not self.running:
            self._phases = []
            return
        self._phases = self._phases_of(
            blocks[0], max(rest, 0.0), blocks[1].entry_sqr if len(blocks) > 1 else 0.0
        )

    def _phases_of(self, block: Block, rest: float, exit_sqr: float) -> list[tuple[float, float]]:
        """(duration, acceleration) until the block's end, or until standing when holding."""
        a, v = block.acceleration, self.speed
        if self.holding:
            out_sqr = v * v - 2 * a * rest
            if out_sqr <= 0:
                return [(v / a, -a)] if v > 0 else []
            return [((v - math.sqrt(out_sqr)) / a, -a)]
        out = math.sqrt(exit_sqr)
        nominal = max(block.nominal, v, 1e-6)  # entries are planned, so v is above by rounding at most
        peak = min(nominal, math.sqrt(max(a * rest + (v * v + exit_sqr) / 2, 0.0)))
        if peak < max(v, out) - 1e-6:
            # Braking over the rest of the block is all that is left.
            mean = (v + out) / 2
            return [(rest / mean, (out - v) * mean / rest)] if rest > 0 and mean > 0 else []
        peak = max(peak, v, out)
        up, down = (peak - v) / a, (peak - out) / a
        cruise = rest - (peak**2 - v * v) / (2 * a) - (peak**2 - exit_sqr) / (2 * a)
        phases = [(up, a), (max(cruise, 0.0) / peak if peak > 0 else 0.0, 0.0), (down, -a)]
        return [(duration, acceleration) for duration, acceleration in phases if duration > 1e-12]

    def _junction_sqr(self, before: np.ndarray, after: np.ndarray) -> float:
        cosine = -float(before @ after)
        if cosine > 0.999999:
            return 0.0
        if cosine < -0.999999:
            return 1e12
        between = after - before
        between /= np.linalg.norm(between)
        half_sine = math.sqrt(0.5 * (1 - cosine))
        acceleration = _limit(self.limits.acceleration, between)
        return max(0.0, acceleration * self.limits.junction * half_sine / (1 - half_sine))


def _limit(per_axis: np.ndarray, unit: np.ndarray) -> float:
    used = np.abs(unit) > 1e-12
    return float(np.min(per_axis[used] / np.abs(unit[used])))
