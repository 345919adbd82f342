"""Options for how grown art shall look besides what it excites: a style to come near to, thrift with ink."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plotbot.cli import completion
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.art.networks import Description
    from plotbot.art.objectives import Objective

__all__ = ["DEFAULT_STYLE_WEIGHT", "StyleOptions"]

_LOOK = "Look of the art"

DEFAULT_STYLE_WEIGHT = "50"
MAX_WEIGHT = 1e9


@dataclass(frozen=True, slots=True)
class StyleOptions:
    """What a drawing shall look like, as typed; every option is a term of the objective."""

    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            help="Come near to a style: mondrian, which is built in (mondrian:3 is another composition), "
            "or a picture file.",
            rich_help_panel=_LOOK,
        ),
    ] = None
    style_weight: Annotated[
        str | None,
        typer.Option(
            "--style-weight",
            help="How much the style counts; several as 0,50,1000 to compare them with plotbot generate. "
            f"[dim]Default: {DEFAULT_STYLE_WEIGHT}[/dim]",
            rich_help_panel=_LOOK,
        ),
    ] = None
    style_layers: Annotated[
        list[str],
        typer.Option(
            "--style-layer",
            help="Layer the style is read from. Repeatable. [dim]Default: early ones, conv2_2 for VGG[/dim]",
            rich_help_panel=_LOOK,
            autocompletion=completion.layers,
        ),
    ] = field(default_factory=list)
    sparsity: Annotated[
        float,
        typer.Option("--sparsity", help="Cover less of the paper: try 20.", rich_help_panel=_LOOK),
    ] = 0.0
    stroke_length: Annotated[
        float,
        typer.Option(
            "--stroke-length",
            help="Draw shorter strokes: try 30; below 0 draws longer ones.",
            rich_help_panel=_LOOK,
        ),
    ] = 0.0
    curvature: Annotated[
        float,
        typer.Option("--curvature", help="Draw straighter strokes: try 2.", rich_help_panel=_LOOK),
    ] = 0.0
    variation: Annotated[
        float,
        typer.Option(
            "--variation",
            help="Put less change between neighbouring pixels (total variation): try 50.",
            rich_help_panel=_LOOK,
        ),
    ] = 0.0

    def style_weights(self) -> tuple[float, ...]:
        """The weights to try, one or more; raises `BadInput`."""
        texts = (self.style_weight or DEFAULT_STYLE_WEIGHT).split(",")
        try:
            weights = tuple(float(text) for text in texts)
        except ValueError:
            weights = ()
        if not weights or any(not 0 <= weight <= MAX_WEIGHT for weight in weights):
            raise BadInput(
                f"--style-weight {self.style_weight} is no weight; give 0 or more, or several, as 0,50,1000."
            )
        if len(set(weights)) < len(weights):
            raise BadInput(f"--style-weight {self.style_weight} names a weight twice.")
        return weights

    def check_look(self, description: Description) -> None:
        """Raise `BadInput` for a style, layer or weight that cannot be used; a style needs torch."""
        if self.style is None and (self.style_weight is not None or self.style_layers):
            raise BadInput("--style-weight and --style-layer go with --style, as in --style mondrian.")
        for option, weight in (
            ("--sparsity", self.sparsity),
            ("--stroke-length", self.stroke_length),
            ("--curvature", self.curvature),
            ("--variation", self.variation),
        ):
            if not (math.isfinite(weight) and abs(weight) <= MAX_WEIGHT):
                raise BadInput(f"{option} {weight:g} is no weight; 0 leaves it out.")
        if self.style is not None:
            from plotbot.art.style import style_term  # noqa: PLC0415

            for weight in self.style_weights():
                style_term(self.style, description, weight, self.style_layers or None)

    def look(self, description: Description, style_weight: float) -> Objective:
        """The terms to add to what is excited."""
        from plotbot.art import objectives  # noqa: PLC0415
        from plotbot.art.style import style, style_layers, style_picture  # noqa: PLC0415

        terms = objectives.Objective(())
        for weight, term in (
            (self.sparsity, objectives.sparsity),
            (self.stroke_length, objectives.stroke_length),
            (self.curvature, objectives.curvature),
            (self.variation, objectives.total_variation),
        ):
            if weight:
                terms = terms - weight * term()
        if self.style is not None:
            # A style of weight 0 is told too, so that it can be compared with others.
            layers = self.style_layers or style_layers(description)
            terms = terms - style_weight * style(style_picture(self.style), layers)
        return terms

    def look_said(self) -> dict[str, str | list[str]]:
        """The style for the job to remember; weights are in its objective."""
        if self.style is None:
            return {}
        return {"style": self.style} | ({"style_layers": self.style_layers} if self.style_layers else {})

    def look_title(self) -> str:
        """The style, for the name of a job."""
        return f" in the style of {Path(self.style).stem}" if self.style else ""
