"""The card that shows how true a machine is: a ladder of pen heights, and a ruler along each axis.

Each rung of the ladder is drawn with the pen a little lower than the one before; the first without gaps
says how low the pen must go. The rulers are told to be so long; what they measure says how far the
machine's steps are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import vpype

from plotbot.errors import BadInput
from plotbot.machine.profile import Lines, Profile
from plotbot.paper import Paper, mm_from_px, px_from_mm
from plotbot.pens.model import Mechanical, Pen
from plotbot.plan.model import Pass, Plan, Stroke

__all__ = ["Card", "corrected_scale"]

FloatArray = npt.NDArray[np.float64]

RUNGS = 9
_MARGIN_MM = 10.0
_EVERY_MM = 10.0
_DIGIT_MM = 3.0


@dataclass(frozen=True)
class Card:
    """What is drawn for one machine. ruler_mm: length of the rulers; step: height between rungs, %."""

    profile: Profile
    ruler_mm: float = 100.0
    step: float = 5.0

    def __post_init__(self) -> None:
        if not 50 <= self.ruler_mm <= 1000:
            raise BadInput(f"A ruler of {self.ruler_mm:g} mm is no use; draw one of 50 to 1000 mm.")
        if not 0.1 <= self.step <= 20:
            raise BadInput(f"Steps of {self.step:g} % are no use; take one between 0.1 and 20 %.")
        reach = min(self.profile.travel.x, self.profile.travel.y)
        if self.sheet.width > reach:
            most = max(reach - 3 * _MARGIN_MM, 0.0)
            raise BadInput(
                f"Rulers of {self.ruler_mm:g} mm need {self.sheet.width:g} mm of travel both ways and "
                f"{self.profile.name} has {reach:g}; draw them at most {most:g} mm long."
            )

    @cached_property
    def sheet(self) -> Paper:
        """The paper that the card needs, from its starting corner on."""
        side = self.ruler_mm + 3 * _MARGIN_MM
        return Paper(side, side, 0.0)

    @cached_property
    def heights(self) -> tuple[float, ...]:
        """Pen heights of the rungs in per cent, highest first; none where the lift knows only up and down."""
        lift = self.profile.pen
        if isinstance(lift, Lines) and not any("{height}" in line for line in lift.down):
            return ()
        around = [lift.down_height + self.step * k for k in range(RUNGS // 2, -RUNGS // 2, -1)]
        return tuple(round(one, 3) for one in around if 0 <= one < lift.up_height)

    def ladder(self) -> Plan:
        """One pass for each rung, with a pen of that height."""
        pitch = min(7.0, (self.ruler_mm - 2 * _MARGIN_MM) / RUNGS)
        passes = []
        for number, height in enumerate(self.heights, 1):
            y = 3 * _MARGIN_MM + pitch * (number - 1)
            rung = np.array([[3.5 * _MARGIN_MM, y], [self.ruler_mm, y]])
            lines = [*_number(number, 2.6 * _MARGIN_MM, y), rung]
            passes.append(Pass(_pen(f"rung-{number}", height), _strokes(lines)))
        return self._plan(passes)

    def rulers(self, height: float) -> Plan:
        """A ruler along each side of the sheet, drawn with the pen at a height in per cent."""
        along = 2 * _MARGIN_MM + np.arange(0.0, self.ruler_mm + 1e-6, _EVERY_MM)
        along = np.unique(np.append(along, 2 * _MARGIN_MM + self.ruler_mm))
        lines: list[FloatArray] = []
        for axis in (0, 1):
            ends = np.array([[along[0], _MARGIN_MM], [along[-1], _MARGIN_MM]])
            lines.append(_turned(ends, axis))
            for k, place in enumerate(along):
                long = 6.0 if k in (0, len(along) - 1) else 3.0
                lines.append(_turned(np.array([[place, _MARGIN_MM], [place, _MARGIN_MM + long]]), axis))
        return self._plan([Pass(_pen("ruler", height), _strokes(lines))])

    def _plan(self, passes: list[Pass]) -> Plan:
        return Plan(self.sheet, "card", (95.0, 0.0, 0.0), tuple(passes), motion=self.profile.timing())


def corrected_scale(
    profile: Profile, told_mm: float, measured_mm: tuple[float | None, float | None]
) -> tuple[float, float]:
    """The length correction after rulers along the sheet's x and y were measured; None: not measured.

    Raises `BadInput` for lengths that no machine is off by: then another axis, unit or line was measured.
    """
    frame = profile.frame
    scale = list(frame.scale)
    for direction, measured in zip((frame.paper_x, frame.paper_y), measured_mm, strict=True):
        if measured is None:
            continue
        axis = "xy".index(direction[1])
        least, most = told_mm * scale[axis] / 1.1, told_mm * scale[axis] / 0.9
        if not least <= measured <= most:
            raise BadInput(
                f"{measured:g} mm measured for {told_mm:g} mm is beyond a correction; it must be "
                f"{least:.1f} to {most:.1f} mm. Measure from the first long tick to the last; if it is so, "
                "set the steps per mm on the board or the model in the profile."
            )
        scale[axis] = round(scale[axis] * told_mm / measured, 6)
    return (scale[0], scale[1])


def _pen(name: str, height: float) -> Pen:
    return Pen(
        id=name, name=f"height {height:g} %", lab=(20.0, 0.0, 0.0), provenance="guess", uncertainty=100,
        nominal_mm=0.3, width_mm=0.3, mechanical=Mechanical(down_height=height),
    )  # fmt: skip


def _strokes(lines: list[FloatArray]) -> tuple[Stroke, ...]:
    return tuple(Stroke.from_mm(line, ()) for line in lines)


def _turned(points: FloatArray, axis: int) -> FloatArray:
    """As they are, or with x and y changed."""
    return points if axis == 0 else points[:, ::-1]


def _number(number: int, x: float, y: float) -> list[FloatArray]:
    """A digit in single lines, centred on a height."""
    letters = vpype.text_line(str(number), "futural", px_from_mm(_DIGIT_MM / 0.66))
    found = [mm_from_px(np.column_stack([line.real, line.imag])) for line in letters]
    low = np.min([line.min(axis=0) for line in found], axis=0)
    high = np.max([line.max(axis=0) for line in found], axis=0)
    return [line + np.array([x, y]) - (low + high) / 2 for line in found]
