"""The same plan for other programs: SVG, JSON, HPGL, and G-code by profiles of vpype-gcode.

An SVG that plotbot wrote carries what its plan knows beyond the lines; read back unchanged, on the same
sheet and with the same pens and motion, it gives the very same plan.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plotbot.drawing import SvgLayer, svg_text
from plotbot.errors import BadInput
from plotbot.files import write_text_whole
from plotbot.ink.spaces import srgb_hex
from plotbot.layers import LayerOrder
from plotbot.paper import px_from_mm
from plotbot.plan.model import Plan
from plotbot.plan.motion import draw_limits, pen_times
from plotbot.plan.store import plan_json
from plotbot.svg import PLAN_NOTE

if TYPE_CHECKING:
    import vpype

__all__ = [
    "HPGL_DEVICE",
    "export_gcode",
    "export_hpgl",
    "export_json",
    "export_svg",
    "ink_digest",
    "to_drawing",
]

HPGL_DEVICE = "hp7475a"
GCODE_PROFILE = "plotbot"

_PROFILES = Path(__file__).with_name("gwrite.toml")


def export_svg(plan: Plan, path: Path) -> None:
    """Write the plan as SVG in mm: a layer for each pass in drawing order, each stroke as it is drawn."""
    layers = [
        SvgLayer(
            f"{replace(one.layer or LayerOrder(), number=number).orders} - {one.pen}",
            srgb_hex(one.pen.lab),
            one.pen.width_mm,
            [stroke.mm for stroke in one.strokes],
        )
        for number, one in enumerate(plan.passes, 1)
    ]
    note: dict[str, Any] = {}
    if any(one.layer is not None or one.kept for one in plan.passes):
        note["layers"] = [[str(one.layer or ""), one.kept] for one in plan.passes]
    note |= {
        "ink": ink_digest((one.pen.id, (stroke.points for stroke in one.strokes)) for one in plan.passes),
        "inventory": plan.inventory,
        "reasons": [one.reason for one in plan.passes],
        "pens": [one.pen.id for one in plan.passes],
        "waits": [one.wait_s for one in plan.passes],
        "sources": [[list(stroke.sources) for stroke in one.strokes] for one in plan.passes],
        "dropped": [[one.source, one.pen, one.reason, one.length_mm] for one in plan.dropped],
    }
    text = PLAN_NOTE + json.dumps(note, separators=(",", ":"))
    write_text_whole(path, svg_text(layers, (plan.paper.width, plan.paper.height), text))


def export_json(plan: Plan, path: Path) -> None:
    """Write the plan file, as `plotbot.plan.store.save_plan` does."""
    write_text_whole(path, plan_json(plan))


def export_hpgl(plan: Plan, path: Path, device: str = HPGL_DEVICE) -> None:
    """Write HPGL by vpype for one of the plotters it knows; pens become SP1, SP2, … in drawing order.

    Raises `BadInput` for a plotter or a paper that vpype does not know.
    """
    import vpype  # noqa: PLC0415

    devices = vpype.config_manager.config.get("device", {})
    if device not in devices:
        raise BadInput(f"HPGL plotter {device!r} is unknown; use one of {', '.join(sorted(devices))}.")
    plotter = vpype.config_manager.get_plotter_config(device)
    papers = [paper.name for paper in plotter.paper_configs] if plotter is not None else []
    if plan.paper.name not in papers:
        raise BadInput(
            f"HPGL plotter {device} has no paper {plan.paper.name or plan.paper}; it has {', '.join(papers)}."
        )
    text = io.StringIO()
    vpype.write_hpgl(
        text,
        to_drawing(plan),
        page_size=plan.paper.name,
        landscape=plan.paper.width > plan.paper.height,
        center=False,
        device=device,
        velocity=None,
        absolute=True,
        quiet=True,
    )
    write_text_whole(path, [text.getvalue()])


def export_gcode(plan: Plan, path: Path, profile: str = GCODE_PROFILE) -> None:
    """Write G-code by a vpype-gcode profile: the one that comes with plotbot, one that comes with
    vpype-gcode, or one of the person's own vpype configuration.

    A template may use `draw_feed` and `travel_feed` (mm/min), `lower_s`, `lift_s`, and in a layer
    `pen_id`, `pen_name`, `down_s` (the servo's S word, 0 for up to 1000 for fully down), `stop` (a line with
    M0 where a person must change the pen or the layer asks for a pause, else nothing) and `delay` (a dwell,
    or nothing). Raises `BadInput` for an unknown profile, or one that asks for more.
    """
    import click  # noqa: PLC0415
    import vpype  # noqa: PLC0415
    from vpype_gcode.gwrite import gwrite  # noqa: PLC0415

    vpype.config_manager.load_config_file(str(_PROFILES))
    known = vpype.config_manager.config.get("gwrite", {})
    profiles = sorted(name for name, value in known.items() if isinstance(value, dict))
    if profile not in profiles:
        raise BadInput(f"G-code profile {profile!r} is unknown; use one of {', '.join(profiles)}.")
    drawing = to_drawing(plan)
    motion = plan.motion
    values = {
        "draw_feed": motion.draw_speed * 60,
        "travel_feed": motion.travel_speed * 60,
        "lower_s": motion.lower_s,
        "lift_s": motion.lift_s,
    }
    for number, one in enumerate(plan.passes, 1):
        layer = drawing.layers[number]
        layer.set_property("pen_id", one.pen.id)
        layer.set_property("pen_name", _plain(one.pen.name))
        layer.set_property("draw_feed", draw_limits(motion, one.pen)[0] * 60)
        down = one.pen.mechanical.down_height
        layer.set_property("down_s", 1000 - 10 * (motion.down_height if down is None else down))
        changed = number > 1 and not one.kept
        layer.set_property("stop", "M0\n" if changed or one.pause else "")
        layer.set_property("delay", f"G4 P{one.delay_s:.3f}\n" if one.delay_s else "")
        for name, seconds in zip(("lower_s", "lift_s"), pen_times(motion, one.pen), strict=True):
            layer.set_property(name, seconds)
    text = io.StringIO()
    text.name = path.name
    try:
        _run_gwrite(gwrite, drawing, text, profile, values)
    except click.ClickException as error:
        raise BadInput(f"G-code profile {profile!r} cannot be used: {error.format_message()}.") from error
    write_text_whole(path, [text.getvalue()])


def to_drawing(plan: Plan) -> vpype.Document:
    """The plan as a drawing with a layer for each pass, strokes in drawing order and direction."""
    import vpype  # noqa: PLC0415

    document = vpype.Document()
    for number, one in enumerate(plan.passes, 1):
        document.add([px_from_mm(stroke.mm).view(np.complex128).ravel() for stroke in one.strokes], number)
        layer = document.layers[number]
        layer.set_property("vp_name", one.pen.id)
        layer.set_property("vp_color", vpype.Color(srgb_hex(one.pen.lab)))
        layer.set_property("vp_pen_width", px_from_mm(one.pen.width_mm))
    document.page_size = (px_from_mm(plan.paper.width), px_from_mm(plan.paper.height))
    return document


def ink_digest(passes: Iterable[tuple[str, Iterable[np.ndarray]]]) -> str:
    """SHA-256 over pens and micrometre points in drawing order: what must not have changed."""
    digest = hashlib.sha256()
    for pen_id, strokes in passes:
        digest.update(f"pen {pen_id}\n".encode())
        for points in strokes:
            digest.update(f"{len(points)}\n".encode())
            digest.update(points.astype("<i4").tobytes())
    return digest.hexdigest()


def _run_gwrite(
    command: Any, drawing: vpype.Document, text: io.StringIO, profile: str, values: dict[str, float]
) -> None:
    import vpype_cli  # type: ignore[import-untyped]  # noqa: PLC0415

    processor = command.callback(output=text, profile=profile, default=tuple(values.items()))
    state = vpype_cli.State(drawing)
    processor(state)


def _plain(text: str) -> str:
    """Words that can stand in a G-code comment."""
    return "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in "()" else "_" for letter in text
    )
