"""Save and load a plan as `plan.json`, and sum it up for people and scripts.

The file is canonical: the same plan is the same bytes. Coordinates are whole micrometres, x and y in
turn; a loaded plan has the hash it was saved with, or is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from plotbot.errors import BadInput, JobMismatch
from plotbot.files import write_text_whole
from plotbot.ink.coverage import PAPER_SPREAD_MM
from plotbot.layers import parse_layer_name
from plotbot.paper import Paper
from plotbot.pens.model import Overprint, Pen
from plotbot.plan.clock import Estimate, estimate
from plotbot.plan.model import Dropped, Motion, Pass, Plan, Stroke
from plotbot.plan.motion import check_motion

__all__ = ["FORMAT", "MAX_PLAN_BYTES", "load_plan", "plan_json", "save_plan", "summary"]

FORMAT = "plotbot plan 1"
MAX_PLAN_BYTES = 1_000_000_000
"""Largest plan file that is read; a plan of a million strokes is a quarter of that."""

_MAX_WAIT_S = 24 * 3600.0
_MAX_UM = 10_000_000  # 10 m: more than any sheet, and far from the ends of int32

Value = TypeVar("Value")


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan to `path`, whole or not at all; raises `BadInput` when the folder cannot be written."""
    write_text_whole(path, plan_json(plan))


def plan_json(plan: Plan) -> Iterator[str]:
    """The text of a plan file in pieces, one line per stroke."""
    head = {
        "format": FORMAT,
        "hash": plan.hash,
        "paper": asdict(plan.paper),
        "inventory": plan.inventory,
        "paper_lab": list(plan.paper_lab),
        "paper_spread_mm": plan.paper_spread_mm,
        "motion": asdict(plan.motion),
        "dropped": [asdict(dropped) for dropped in plan.dropped],
    }
    if plan.overprints:
        head["overprints"] = [one.model_dump(mode="json") for one in plan.overprints]
    yield _dumps(head)[:-1] + ',"passes":['
    for number, one in enumerate(plan.passes):
        wait = {"wait_s": one.wait_s} if one.wait_s else {}
        asked = {"layer": str(one.layer)} if one.layer is not None else {}
        kept = {"kept": True} if one.kept else {}
        opening = _dumps(
            {"pen": one.pen.model_dump(mode="json"), "reason": one.reason, **wait, **asked, **kept}
        )
        yield (",\n" if number else "\n") + opening[:-1] + ',"strokes":['
        for count, stroke in enumerate(one.strokes):
            sources = ",".join(map(str, stroke.sources))
            points = ",".join(map(str, stroke.points.ravel().tolist()))
            yield (",\n" if count else "\n") + f'{{"sources":[{sources}],"points":[{points}]}}'
        yield "]}"
    yield "\n]}\n"


def load_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises `BadInput` when there is none, when it is too large or no plan file, and `JobMismatch` when
    it is one whose contents do not give the hash that it was saved with.
    """
    try:
        size = path.stat().st_size
        if size > MAX_PLAN_BYTES:
            raise BadInput(
                f"{path} is {size / 1e6:.0f} MB; a plan file has at most {MAX_PLAN_BYTES / 1e6:.0f} MB."
            )
        data = json.loads(path.read_bytes(), object_hook=_compact)
    except OSError as error:
        raise BadInput(f"The plan {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadInput(f"{path} is not a plan file, or is damaged; plan the drawing again.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadInput(f"{path} is not a plan file that this plotbot reads (it reads {FORMAT!r}).")
    try:
        plan = _plan(data)
        intact = data["hash"] == plan.hash
    except BadInput as error:
        raise BadInput(f"The plan {path} is damaged: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError, ValidationError) as error:
        raise BadInput(
            f"The plan {path} is damaged: {_first_line(error)}. Plan the drawing again."
        ) from error
    if not intact:
        raise JobMismatch(f"The plan {path} was changed after it was made; plan the drawing again.")
    return plan


def summary(plan: Plan, timing: Estimate | None = None) -> dict[str, Any]:
    """The plan in numbers, ready for JSON: `plan_hash`, `pens`, `totals`, `estimate_s`, `dropped`.

    `timing` is the plan's own `estimate` when the caller has it already.
    """
    timing = timing or estimate(plan)
    pens = [
        {
            "id": one.pen.id,
            "name": one.pen.name,
            "lab": list(one.pen.lab),
            "strokes": times.strokes,
            "down_mm": round(times.down_mm, 3),
            "up_mm": round(times.up_mm, 3),
            "lifts": times.lifts,
            "seconds": round(times.seconds, 3),
            "reason": one.reason,
            "wait_s": one.wait_s,
            "kept": one.kept,
            "layer": None if one.layer is None else one.layer.orders,
        }
        for one, times in zip(plan.passes, timing.passes, strict=True)
    ]
    totals = {
        "strokes": plan.stroke_count,
        "down_mm": round(sum(times.down_mm for times in timing.passes), 3),
        "up_mm": round(sum(times.up_mm for times in timing.passes), 3),
        "lifts": sum(times.lifts for times in timing.passes),
        "seconds": round(timing.machine_s, 3),
        "draw_s": round(sum(times.draw_s for times in timing.passes), 3),
        "travel_s": round(sum(times.travel_s for times in timing.passes), 3),
        "lift_s": round(sum(times.lift_s for times in timing.passes), 3),
        "swaps": plan.swaps,
        "pauses": sum(one.pause for one in plan.passes),
        "swap_s": round(timing.swap_s, 3),
        "wait_s": round(timing.wait_s, 3),
    }
    return {
        "plan_hash": plan.hash,
        "pens": pens,
        "totals": totals,
        "estimate_s": round(timing.seconds, 3),
        "dropped": [asdict(dropped) for dropped in plan.dropped],
    }


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _compact(item: dict[str, Any]) -> dict[str, Any]:
    """Turn the points of a stroke into an array while parsing, so that big plans stay small in memory."""
    points = item.get("points")
    if isinstance(points, list):
        item["points"] = _points(points)
    return item


def _points(values: list[Any]) -> np.ndarray:
    array = np.array(values)
    if array.dtype.kind != "i" or array.ndim != 1 or array.size % 2 or array.size < 4:
        raise ValueError("a stroke needs at least two points of whole micrometres")
    if np.abs(array).max() > _MAX_UM:
        raise ValueError(f"a coordinate is more than {_MAX_UM / 1e6:g} m from the corner of the sheet")
    return array.astype(np.int32).reshape(-1, 2)


def _plan(data: dict[str, Any]) -> Plan:
    lab = tuple(_number(value) for value in data["paper_lab"])
    spread = _number(data.get("paper_spread_mm", PAPER_SPREAD_MM))
    if not 0 <= spread <= 2:
        raise ValueError("light strays from 0 to 2 mm in paper")
    if len(lab) != 3:
        raise ValueError("the colour of the paper needs three numbers")
    return Plan(
        paper=Paper(**_only(Paper, data["paper"])),
        inventory=_text(data["inventory"]),
        paper_lab=lab,
        paper_spread_mm=spread,
        overprints=tuple(Overprint.model_validate(one) for one in data.get("overprints", ())),
        passes=tuple(
            Pass(
                Pen.model_validate(one["pen"]),
                tuple(
                    Stroke(stroke["points"], tuple(map(_index, stroke["sources"])))
                    for stroke in one["strokes"]
                ),
                _text(one["reason"]),
                _wait(one.get("wait_s", 0.0)),
                parse_layer_name(_text(one["layer"])) if "layer" in one else None,
                one.get("kept") is True,
            )
            for one in data["passes"]
        ),
        motion=check_motion(
            Motion(**{key: _number(value) for key, value in _only(Motion, data["motion"]).items()})
        ),
        dropped=tuple(
            Dropped(_index(one["source"]), _text(one["pen"]), _text(one["reason"]), _number(one["length_mm"]))
            for one in data["dropped"]
        ),
    )


def _only(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    known = {one.name for one in fields(kind)}
    if set(values) != known:
        raise ValueError(f"{kind.__name__.lower()} needs exactly {', '.join(sorted(known))}")
    return values


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value


def _wait(value: Any) -> float:
    if not 0 <= _number(value) <= _MAX_WAIT_S:
        raise ValueError(f"a wait of {value} s is not between 0 and {_MAX_WAIT_S:g} s")
    return float(value)


def _index(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{value!r} is not a stroke's number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
