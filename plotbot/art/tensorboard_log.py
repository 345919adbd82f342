"""A run as TensorBoard reads it: scalars of every step by name, pictures as it grew, hyper-parameters.

Written in one go when the drawing is finished, straight from TensorBoard's own records: nothing of
TensorFlow is imported, and a run is not held up. ``tensorboard --logdir jobs`` then shows runs together.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from PIL import Image

from plotbot.art.artwork import Grown, Step
from plotbot.art.objectives import Objective
from plotbot.art.settings import GenerateSettings

__all__ = ["FOLDER", "hyperparameters", "losses", "write_run"]

FOLDER = "tensorboard"
"""What the folder of events is called inside a job."""


def losses(step: Step, objective: Objective) -> dict[str, float]:
    """What was minimised in a step: ``exc_loss`` (the activation, negative), ``style_reg`` (how far the
    styles are, times their weights) and ``total`` (these and all that keeps strokes drawable)."""
    styles = [term for term in objective.terms if not term.excites and term.name.startswith("style")]
    reg = -sum(term.weight * step.terms[term.name] for term in styles)
    return {"exc_loss": -step.activation, "style_reg": reg, "total": step.loss}


def hyperparameters(settings: GenerateSettings) -> dict[str, str | int | float | bool]:
    """Every setting of a run that is a plain value, with the objective, the pens and the area in words."""
    named = {one.name: getattr(settings, one.name) for one in fields(settings)}
    plain = {name: value for name, value in named.items() if isinstance(value, str | int | float)}
    width, height = settings.area_mm
    return plain | {
        "objective": str(settings.objective),
        "pens": settings.inventory.id,
        "width_mm": width,
        "height_mm": height,
    }


def write_run(
    folder: Path, artwork: Grown, settings: GenerateSettings, pictures: Sequence[np.ndarray]
) -> None:
    """Write the events of a run into `folder`, which is made; pictures: sRGB uint8, one per snapshot.

    Scalars per step: `losses`, ``activation``, ``ink_m``, ``pen_entropy`` in bits, and every term as
    ``terms/NAME``, unweighted. Once: ``final/…``, the activations under the fixed views. Images:
    ``drawing`` at every snapshot, the final one last.
    """
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - half a second
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415
    from tensorboard.plugins.hparams.summary_v2 import (  # noqa: PLC0415
        Metric,
        hparams_config_pb,
        hparams_pb,
    )
    from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: PLC0415

    now, count = time.time(), len(artwork.history)
    second_per_step = artwork.timings_s.get("optimise", 0.0) / max(count, 1)

    def when(step: int) -> float:
        return now - second_per_step * (count - step)

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"events.out.tfevents.{int(now)}.plotbot").open("xb") as file:
        writer = RecordWriter(file)

        def write(event: Event) -> None:
            writer.write(event.SerializeToString())

        write(Event(wall_time=when(0), file_version="brain.Event:2"))
        metrics = [Metric(f"final/{name}") for name, _ in _final(artwork)]
        for summary in (hparams_config_pb([], metrics), hparams_pb(hyperparameters(settings))):
            write(Event(wall_time=when(0), summary=summary))
        for step in artwork.history:
            values = [
                Summary.Value(tag=tag, simple_value=value)
                for tag, value in _scalars(step, settings.objective)
            ]
            write(Event(wall_time=when(step.index), step=step.index, summary=Summary(value=values)))
        for snapshot, picture in zip(artwork.growth, pictures, strict=True):
            image = Summary.Image(
                height=picture.shape[0],
                width=picture.shape[1],
                colorspace=3,
                encoded_image_string=_png(picture),
            )
            shown = Summary(value=[Summary.Value(tag="drawing", image=image)])
            write(Event(wall_time=when(snapshot.step), step=snapshot.step, summary=shown))
        finals = [Summary.Value(tag=f"final/{name}", simple_value=value) for name, value in _final(artwork)]
        write(Event(wall_time=now, step=count, summary=Summary(value=finals)))
        writer.flush()


def _scalars(step: Step, objective: Objective) -> Iterator[tuple[str, float]]:
    yield from losses(step, objective).items()
    yield "activation", step.activation
    yield "ink_m", step.ink_mm / 1000
    if not np.isnan(step.pen_entropy):
        yield "pen_entropy", step.pen_entropy
    for name, value in step.terms.items():
        yield f"terms/{name}", value


def _final(artwork: Grown) -> Iterator[tuple[str, float]]:
    values = artwork.activations
    for name in ("free", "quantised", "refitted", "as_plotted"):
        yield name, getattr(values, name)


def _png(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()
