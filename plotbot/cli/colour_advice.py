"""`plotbot pens match` and `pick`: how near pens come to the colours of a file, and which few are enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli.console import emit_json, people, results, swatch
from plotbot.cli.making import stage
from plotbot.cli.options import Json, Pens
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.pens.model import Inventory

__all__ = ["match", "pick"]

Art = Annotated[Path, typer.Argument(help="A picture (PNG, JPEG, …), or an SVG.")]
SvgMode = Annotated[
    Literal["plain", "lines", "faithful"],
    typer.Option("--svg-mode", help="SVGs: by the colours of their lines, or (faithful) by how they look."),
]


def pick(
    art: Art,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pens.")] = 6,
    pens: Pens = None,
    svg_mode: SvgMode = "plain",
    json: Json = False,
) -> None:
    """Choose the few pens of a tin that come nearest to a picture's colours, with overprints and hatching.

    [bold]Example[/bold]: plotbot pens pick photo.jpg --pens stabilo88 --count 6
    """
    from plotbot.art.colours import colours_of  # noqa: PLC0415
    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415
    from plotbot.pens.advice import choose_pens  # noqa: PLC0415
    from plotbot.pens.inventory import matchable_pens  # noqa: PLC0415

    inventory = _inventory(pens)
    every = len(matchable_pens(inventory))
    with stage("Choosing…"):
        colours = colours_of(art, inventory.paper.lab, svg_mode)
        chosen = choose_pens(colours.labs, colours.share, inventory, count, mixed=colours.mixed)
        whole = choose_pens(colours.labs, colours.share, inventory, every, mixed=colours.mixed)
    if json:
        emit_json(
            {
                "pens": [pen.id for pen in chosen.pens],
                "mean": round(chosen.mean, 3),
                "mean_of_all_pens": round(whole.mean, 3),
                "pens_of_all": every,
            }
        )
        return
    for pen in chosen.pens:
        results.print(swatch(srgb_hex(pen.lab)), f"{pen}")
    results.print(
        f"With them colours are {chosen.mean:.1f} ΔE00 off on average; with all {every} pens "
        f"{whole.mean:.1f}. To draw so: plotbot draw {art} --pens {inventory.id} --pen-limit {count}",
        soft_wrap=True,
    )


def match(
    art: Art,
    pens: Pens = None,
    svg_mode: SvgMode = "plain",
    heat: Annotated[
        Path | None,
        typer.Option(
            "--heat",
            help="Write a picture of what the pens cannot make, as PNG.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say how near your pens can come to a picture's colours, where they cannot, and which pen would help.

    [bold]Example[/bold]: plotbot pens match photo.jpg --pens staedtler12 --heat heat.png
    """
    from plotbot.art.colours import colours_of  # noqa: PLC0415
    from plotbot.pens.reach import judge_reach  # noqa: PLC0415
    from plotbot.preview.matching import reach_picture  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    inventory = _inventory(pens)
    with stage("Matching…"):
        colours = colours_of(art, inventory.paper.lab, svg_mode)
        if heat is not None and colours.picture is None:
            raise BadInput(
                f"{art} is an SVG whose lines have colours but no places to map; add --svg-mode faithful."
            )
        found = judge_reach(colours.labs, colours.share, colours.picture, inventory, mixed=colours.mixed)
    if heat is not None and colours.picture is not None:
        write_png(heat, reach_picture(colours.picture, found), 96)
    if json:
        emit_json(found.as_dict())
        return
    results.print(
        f"The pens of {inventory.id} come within {found.reachable.mean:.1f} ΔE00 on average, within "
        f"{found.reachable.p95:.1f} in 19 of 20 places."
    )
    for warning in found.warnings():
        people.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)


def _inventory(pens: str | None) -> Inventory:
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    return load_inventory(pens or load_settings()[0].pens)
