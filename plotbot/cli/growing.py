"""Grow a drawing from a command: options of the art, progress with activation and time left, Ctrl-C."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli import completion
from plotbot.cli.console import minutes, people
from plotbot.cli.options import Colours, Device, Network, Palette, Seed, Steps, Strokes, Weights
from plotbot.cli.styling import StyleOptions
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import vpype

    from plotbot.art.artwork import Grown, Step
    from plotbot.art.objectives import Objective
    from plotbot.art.settings import GenerateSettings
    from plotbot.cli.pixelling import PixelOptions
    from plotbot.config import Settings
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory

__all__ = [
    "DEFAULT_STEPS",
    "DEFAULT_STROKES",
    "ArtOptions",
    "art_settings",
    "drawing_of",
    "grow",
    "scale_and_tries",
    "stop_on_interrupt",
    "torch_device",
]

_ART = "Art"

DEFAULT_STROKES, DEFAULT_STEPS = 1000, 300
"""A drawing in well under a minute on two cores; a test holds them to the optimiser's own defaults."""


@dataclass(frozen=True, slots=True)
class ArtOptions(StyleOptions):
    """The art's options as typed, with its look; `check` refuses what cannot be drawn before anything slow
    is imported."""

    channels: Annotated[
        list[str],
        typer.Option(
            "--channel",
            "-c",
            help="Channel to excite, from 0; with a weight as 12:0.5. Repeatable.",
            rich_help_panel=_ART,
            autocompletion=completion.channels,
        ),
    ] = field(default_factory=list)
    neurons: Annotated[
        list[str],
        typer.Option(
            "--neuron",
            help="Like --channel, at the centre of the view alone.",
            rich_help_panel=_ART,
            autocompletion=completion.channels,
        ),
    ] = field(default_factory=list)
    classes: Annotated[
        list[str],
        typer.Option(
            "--class",
            help='ImageNet class by name or number, with a weight as "tabby cat:0.5". Repeatable.',
            rich_help_panel=_ART,
        ),
    ] = field(default_factory=list)
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer",
            help="Layer of the channels; without a channel all of it is excited, as in deep dreams, "
            "with a weight as blocks.2:0.5. See plotbot networks.",
            rich_help_panel=_ART,
            autocompletion=completion.layers,
        ),
    ] = None
    network: Network = None
    weights: Weights = None
    leaky: Annotated[
        float,
        typer.Option(
            "--leaky",
            help="Let gradients through torchvision's ReLUs at this slope below zero: --leaky 0.1.",
            rich_help_panel=_ART,
        ),
    ] = 0.0
    palette: Palette = "pens"
    colours: Colours = 5
    allow_repeat: Annotated[
        bool,
        typer.Option(
            "--allow-repeat",
            help="--palette learn: two colours may end as the same pen.",
            rich_help_panel=_ART,
        ),
    ] = False
    pen_limit: Annotated[
        int | None,
        typer.Option(
            "--pen-limit",
            help="At most that many pens: those nearest to a file's colours, those grown art needs most.",
            rich_help_panel=_ART,
        ),
    ] = None
    strokes: Strokes = DEFAULT_STROKES
    steps: Steps = DEFAULT_STEPS
    refit: Annotated[
        int | None,
        typer.Option(
            "--refit",
            help="How many of the steps come last, with every stroke's pen fixed. "
            "[dim]Default: a third of them[/dim]",
            rich_help_panel=_ART,
        ),
    ] = None
    renderer: Annotated[
        Literal["plotbot", "diffvg"],
        typer.Option(
            "--renderer",
            help="What draws strokes while they grow: plotbot itself, or diffvg where it is installed.",
            rich_help_panel=_ART,
        ),
    ] = "plotbot"
    scale: Annotated[
        str | None,
        typer.Option(
            "--scale",
            help="Grown art: large, of parts across and down, as 3x2, each with --strokes; one grows, "
            "they are laid side by side, and all is fitted. [dim]Default: what the sheet needs.[/dim]",
            rich_help_panel=_ART,
        ),
    ] = None
    tries: Annotated[
        int,
        typer.Option(
            "--tries",
            help="Grow so many, with this seed and the next ones; keep the best.",
            rich_help_panel=_ART,
        ),
    ] = 1
    views: Annotated[
        int,
        typer.Option(
            "--views", help="Looks at the drawing in each step: steadier, and slower.", rich_help_panel=_ART
        ),
    ] = 1
    device: Device = "auto"
    seed: Seed = 0

    def settled(self, settings: Settings) -> ArtOptions:
        """These, with the network of the settings where none was named."""
        return replace(self, network=self.network or settings.network)

    @property
    def network_name(self) -> str:
        """The network to excite."""
        return self.network or "embedded"

    @property
    def excites(self) -> bool:
        """Something is named to excite."""
        return bool(self.channels or self.neurons or self.classes or self.layer)

    def check(self, inventory: Inventory, *, several_styles: bool = False) -> None:
        """Raise `BadInput` for values out of range; needs no torch for the embedded network without style.

        several_styles: the style may have more than one weight.
        """
        from plotbot.art.networks import check_channel, check_layer, class_index, describe  # noqa: PLC0415
        from plotbot.pens.inventory import matchable_pens  # noqa: PLC0415

        if not self.excites:
            raise BadInput("Say what to excite: --channel 87, for example; plotbot networks lists layers.")
        if self.pen_limit is not None and self.palette != "pens":
            raise BadInput(f"--pen-limit goes with --palette pens, not {self.palette}.")
        tin = len(matchable_pens(inventory))
        most = self.strokes if self.allow_repeat else min(tin, self.strokes)
        for option, value, low, high in (
            ("--strokes", self.strokes, 1, 20_000),
            ("--steps", self.steps, 1, 1_000_000),
            ("--refit", self.refit, 0, self.steps - 1),
            ("--leaky", self.leaky, 0, 1),
            ("--tries", self.tries, 1, 64),
            ("--views", self.views, 1, 64),
            ("--pen-limit", self.pen_limit, 1, tin),
            ("--colors", self.colours if self.palette == "learn" else None, 1, most),
        ):
            if value is not None and not low <= value <= high:
                raise BadInput(f"{option} {value} is out of range; it must be {low} to {high}.")
        description = describe(self.network_name)
        layer, weight = self._layer_and_weight()
        check_layer(description, layer)
        if weight is not None and (self.channels or self.neurons):
            raise BadInput(f"--layer {self.layer} is the channels' own here; give the weight to the channel.")
        for text in (*self.channels, *self.neurons):
            check_channel(description, layer, _number_and_weight(text)[0])
        for text in self.classes:
            class_index(_name_and_weight(text)[0])
        if self.weights is not None and not self.weights.is_file():
            raise BadInput(f"There is no weights file {self.weights}.")
        self.check_look(description)
        if self.style and len(self.style_weights()) > 1 and not several_styles:
            raise BadInput(
                f"--style-weight {self.style_weight} makes several drawings; compare them with plotbot "
                "generate, and draw one of them."
            )

    def parts(self, inventory: Inventory, paper: Paper) -> tuple[int, int]:
        """Parts of the drawing across and down, as asked for or as the sheet needs; raises `BadInput`."""
        from plotbot.art.scale import check_scale, fitting_scale, parse_scale  # noqa: PLC0415
        from plotbot.pens.inventory import matchable_pens  # noqa: PLC0415

        left, top, right, bottom = paper.drawable
        area, pen_mm = (right - left, bottom - top), max(pen.width_mm for pen in matchable_pens(inventory))
        if self.scale is None:
            return fitting_scale(area, pen_mm)
        wanted = parse_scale(self.scale)
        check_scale(wanted, area, pen_mm)
        return wanted

    def objective(self) -> Objective:
        """What to excite and what it shall look like, as one value; imports torch."""
        from plotbot.art import objectives  # noqa: PLC0415
        from plotbot.art.networks import describe  # noqa: PLC0415

        description = describe(self.network_name)
        layer, layer_weight = self._layer_and_weight()
        whole = objectives.Objective(())
        for texts, kind in ((self.channels, objectives.channel), (self.neurons, objectives.neuron)):
            for text in texts:
                number, weight = _number_and_weight(text)
                whole = whole + kind(layer, number) * weight
        for text in self.classes:
            name, weight = _name_and_weight(text)
            whole = whole + objectives.class_logit(name) * weight
        if self.layer and not (self.channels or self.neurons):
            whole = whole + objectives.layer(layer) * (1.0 if layer_weight is None else layer_weight)
        return whole + self.look(description, self.style_weights()[0])

    def title(self) -> str:
        """A short name for the job."""
        parts = [f"channel {text}" for text in self.channels]
        parts += [f"neuron {text}" for text in self.neurons]
        of = f" of {self.layer}" if self.layer and parts else ""
        parts += list(self.classes)
        parts += [f"layer {self.layer}"] if self.layer and not of else []
        return " and ".join(parts) + of + self.look_title()

    def _layer_and_weight(self) -> tuple[str, float | None]:
        from plotbot.art.networks import describe  # noqa: PLC0415

        if self.layer is None:
            return describe(self.network_name).default_layer, None
        name, weight = _name_and_weight(self.layer)
        return name, weight if ":" in self.layer else None


def grow(
    options: ArtOptions, inventory: Inventory, paper: Paper, pixels: PixelOptions
) -> tuple[Grown, GenerateSettings]:
    """Grow the drawing on the sheet's drawable area, with a progress bar; Ctrl-C keeps the best so far."""
    settings = art_settings(options, inventory, paper, pixels)
    with stop_on_interrupt() as stopping, _progress() as show:
        artwork = _generate(settings, show, stopping)
    if artwork.ended == "stopped":
        last = artwork.history[-1] if artwork.history else None
        share = f" at {100 * last.done:.0f} %" if last else " before the first step"
        people.print(f"Stopped{share}; keeping the best so far.")
    elif artwork.ended == "not a number":
        people.print(
            f"[yellow]The activation stopped being a number at step {len(artwork.history)}; "
            "keeping the best before that.[/yellow]"
        )
    if len(artwork.tries) > 1:
        best = max(artwork.tries, key=lambda one: one.activation)
        said = ", ".join(f"{one.activation:.2f} (seed {one.seed})" for one in artwork.tries)
        people.print(f"Activation of the tries: {said}; seed {best.seed} is kept.", soft_wrap=True)
    return artwork, settings


def art_settings(
    options: ArtOptions, inventory: Inventory, paper: Paper, pixels: PixelOptions
) -> GenerateSettings:
    """What to grow on the sheet's drawable area, checked; imports torch and compiles what must be."""
    parts = options.parts(inventory, paper) if pixels.mode == "strokes" else (1, 1)
    if options.scale is None and parts != (1, 1):
        people.print(
            f"A sheet as large as {paper} grows in {parts[0]} x {parts[1]} parts, for the network to see the "
            "lines; --scale 1x1 grows it in one.",
            soft_wrap=True,
        )
    # Threads that wait must sleep: spinning ones make a drawing take three times as long on a busy machine.
    # OpenMP reads this once, when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with people.status("Waking the network…") if people.is_terminal else _nothing():
        from plotbot.art.compiled import compile_apart, needs_compiling  # noqa: PLC0415
        from plotbot.art.networks import describe, fetch_weights  # noqa: PLC0415
        from plotbot.art.settings import GenerateSettings  # noqa: PLC0415

        if pixels.mode == "strokes" and needs_compiling():
            people.print("Compiling the renderer; this happens once and takes about half a minute.")
            compile_apart()

        left, top, right, bottom = paper.drawable
        settings = GenerateSettings(
            objective=options.objective(),
            inventory=inventory,
            area_mm=(right - left, bottom - top),
            network=options.network_name,
            weights=options.weights,
            leaky=options.leaky,
            palette=options.palette,
            colours=options.colours,
            repeat_pens=options.allow_repeat,
            pen_limit=options.pen_limit,
            strokes=options.strokes,
            steps=options.steps,
            refit=options.refit,
            renderer=options.renderer,
            seed=options.seed,
            views=options.views,
            tries=options.tries,
            scale=parts,
            device=torch_device(options.device),
        )
        if pixels.mode == "pixels":
            settings = pixels.settled(settings)
        settings.check()
    if settings.weights is None and not describe(settings.network).available:
        people.print(f"Downloading the weights of {settings.network}.")
        fetch_weights(settings.network)  # with a bar of its own
    return settings


def _generate(settings: GenerateSettings, on_step: Callable[[Step], None], stop: Callable[[], bool]) -> Grown:
    from plotbot.art.generate import generate  # noqa: PLC0415
    from plotbot.art.pixels import PixelSettings, generate_pixels  # noqa: PLC0415

    if isinstance(settings, PixelSettings):
        return generate_pixels(settings, on_step, stop)
    return generate(settings, on_step, stop)


def scale_and_tries(artwork: Grown, settings: GenerateSettings) -> dict[str, object]:
    """For the job and for JSON: the parts of a large drawing, and what every try came to."""
    facts: dict[str, object] = {}
    if settings.scale != (1, 1):
        facts["scale"] = "{}x{}".format(*settings.scale)
    if len(artwork.tries) > 1:
        facts["tries"] = [{"seed": one.seed, "activation": round(one.activation, 4)} for one in artwork.tries]
    return facts


def drawing_of(artwork: Grown, inventory: Inventory, sheet: Paper) -> vpype.Document:
    """The grown strokes as a drawing, placed inside the sheet's margins."""
    from plotbot.drawing import from_strokes  # noqa: PLC0415

    left, top, _, _ = sheet.drawable
    return from_strokes(artwork.polylines(origin_mm=(left, top)), inventory, sheet)


def _number_and_weight(text: str) -> tuple[int, float]:
    number, _, weight = text.partition(":")
    try:
        return int(number), _finite(weight or "1")
    except ValueError:
        raise BadInput(f"{text!r} is no channel; write its number, or number:weight as in 12:0.5.") from None


def _name_and_weight(text: str) -> tuple[str, float]:
    name, _, weight = text.partition(":")
    try:
        return name.strip(), _finite(weight or "1")
    except ValueError:
        raise BadInput(f"The weight in {text!r} is no number; write it as in {name}:0.5.") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def torch_device(name: str) -> str:
    """The torch device that ``--device`` means; raises `BadInput` for one that is not here."""
    import torch  # noqa: PLC0415

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput("--device cuda: torch finds no CUDA device here; leave --device out to use the CPU.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise BadInput("--device mps: torch finds no Apple GPU here; leave --device out to use the CPU.")
    if name.partition(":")[0] not in ("cpu", "cuda", "mps"):
        raise BadInput(f"--device {name!r} is unknown; use auto, cpu, cuda or mps.")
    return name


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C asks the growth to end; the second one ends the program."""
    asked = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """A bar with activation and time left; without a terminal a line every ten seconds."""
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    said = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("activation {task.fields[activation]:.2f}"),
        TextColumn("{task.fields[left]} left"),
        console=people,
        transient=True,
        expand=True,
        disable=not people.is_terminal,
    ) as bars:
        task = bars.add_task("Growing", total=1.0, activation=0.0, left="…")

        def show(step: Step) -> None:
            nonlocal said
            words = {
                "choosing": "Choosing pens",
                "refitting": "Refining lines",
                "enlarging": "Fitting the large drawing",
                "mixing": "Mixing colours",
                "deciding": "Deciding pixels",
            }
            left = minutes(step.left_s)
            bars.update(
                task,
                completed=step.done,
                description=words.get(step.phase, step.phase),
                activation=step.activation,
                left=left,
            )
            if not people.is_terminal and time.monotonic() - said > 10:
                said = time.monotonic()
                people.print(f"{100 * step.done:.0f} % grown: activation {step.activation:.2f}, {left} left")

        yield show
