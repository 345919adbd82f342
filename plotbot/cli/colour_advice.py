"""`plotbot pens match` and `pick`: how near pens come to a picture's colours, and which few are enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plotbot.cli.console import emit_json, people, results, swatch
from plotbot.cli.making import stage
from plotbot.cli.options import Json, Pens
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    from plotbot.pens.model import Inventory, Pen

__all__ = ["match", "pick"]

_SIDE_PX = 160
"""Pictures are judged at this size: by places, not by grains."""

_WARN_DE = 6.0
_HELPS_DE = 0.5

Art = Annotated[Path, typer.Argument(help="A picture (PNG, JPEG, …), or an SVG.")]


def pick(
    art: Art,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pens.")] = 6,
    pens: Pens = None,
    json: Json = False,
) -> None:
    """Choose the few pens of a tin that come nearest to a picture's colours, with overprints and hatching.

    [bold]Example[/bold]: plotbot pens pick photo.jpg --pens stabilo88 --count 6
    """
    from plotbot.ink.film import transmittance  # noqa: PLC0415
    from plotbot.ink.matching import choose_inks, palette_of  # noqa: PLC0415
    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415

    inventory, tin = _tin(pens)
    if count > len(tin):
        raise BadInput(
            f"--count {count} is more than the {len(tin)} pens of {inventory.id} that can be matched."
        )
    target, weights = _target(art, inventory)
    with stage("Choosing…"):
        colours, share = palette_of(target) if weights is None else (target, weights)
        films = transmittance([pen.lab for pen in tin], inventory.paper.lab)
        chosen, left = choose_inks(colours, share, films, inventory.paper.lab, count)
        _, with_all = choose_inks(colours, share, films, inventory.paper.lab, len(tin))
    picked = [tin[number] for number in chosen]
    if json:
        emit_json(
            {
                "pens": [pen.id for pen in picked],
                "mean": round(left, 3),
                "mean_of_all_pens": round(with_all, 3),
                "pens_of_all": len(tin),
            }
        )
        return
    for pen in picked:
        results.print(swatch(srgb_hex(pen.lab)), f"{pen}")
    results.print(
        f"With them colours are {left:.1f} ΔE00 off on average; with all {len(tin)} pens {with_all:.1f}."
    )


def match(
    art: Art,
    pens: Pens = None,
    heat: Annotated[
        Path | None, typer.Option("--heat", help="Write a heat map of what the pens cannot make, as PNG.")
    ] = None,
    json: Json = False,
) -> None:
    """Say how near your pens can come to a picture's colours, where they cannot, and which pen would help.

    [bold]Example[/bold]: plotbot pens match photo.jpg --pens staedtler12 --heat heat.png
    """
    from plotbot.ink.film import transmittance  # noqa: PLC0415
    from plotbot.ink.matching import heat_map, match_colours, palette_of  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    inventory, tin = _tin(pens)
    target, weights = _target(art, inventory)
    if weights is not None:
        target = target[None]  # the colours of an SVG, as a picture of one row
    with stage("Matching…"):
        films = transmittance([pen.lab for pen in tin], inventory.paper.lab)
        found = match_colours(target, films, inventory.paper.lab)
        colours, share = palette_of(target) if weights is None else (target[0], weights)
        mean = found.tin.mean if weights is None else float(share @ found.apart[0] / share.sum())
        advice = _advice(colours, share, inventory, films) if mean > _HELPS_DE else None
    if heat is not None:
        if weights is not None:
            raise BadInput(f"{art} is an SVG, which has colours but no places to map; give a picture.")
        scale = max(1, 640 // max(found.apart.shape))
        write_png(heat, heat_map(found.apart).repeat(scale, axis=0).repeat(scale, axis=1), 96)
    if json:
        emit_json(
            {
                "mean": round(mean, 3),
                "p95": round(found.tin.p95, 3),
                "worst": [
                    {"box": list(one.box), "mean": round(one.apart, 3), "wanted": _rounded(one.wanted),
                     "reachable": _rounded(one.found)}
                    for one in (found.worst if weights is None else ())
                ],
                "of_pixels": list(target.shape[:2]),
                "would_help": advice,
            }
        )  # fmt: skip
        return
    results.print(
        f"The pens of {inventory.id} come within {mean:.1f} ΔE00 on average, within {found.tin.p95:.1f} in "
        "19 of 20 places."
    )
    height, width = target.shape[:2]
    for one in found.worst if weights is None else ():
        if one.apart > _WARN_DE:
            across, down = (one.box[0] + one.box[2]) / 2 / width, (one.box[1] + one.box[3]) / 2 / height
            wanted = " ".join(f"{value:.0f}" for value in one.wanted)
            people.print(
                f"[yellow]The tin cannot make L*a*b* {wanted}[/yellow], {across:.0%} across and {down:.0%} "
                f"down: {one.apart:.0f} ΔE00 off."
            )
    if advice is not None:
        people.print(
            f"Adding {advice['name']} ({advice['inventory']}) lowers the mean from {advice['before']:.1f} to "
            f"{advice['after']:.1f}."
        )


def _tin(pens: str | None) -> tuple[Inventory, tuple[Pen, ...]]:
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory, matchable_pens  # noqa: PLC0415

    inventory = load_inventory(pens or load_settings()[0].pens)
    return inventory, matchable_pens(inventory)


def _target(art: Path, inventory: Inventory) -> tuple[np.ndarray, np.ndarray | None]:
    """Labs [H, W, 3] of a picture on the paper, or those [m, 3] of an SVG's layers and how long they are."""
    import numpy as np  # noqa: PLC0415

    from plotbot.ink.film import film_to_lab, relative_to_film  # noqa: PLC0415

    if art.suffix.lower() != ".svg":
        from plotbot.art.picture.load import load_picture  # noqa: PLC0415

        light = np.asarray(load_picture(art, _SIDE_PX), dtype=float)
        return film_to_lab(relative_to_film(np.clip(light, 0, 1)), inventory.paper.lab), None
    from plotbot.drawing import read_svg  # noqa: PLC0415
    from plotbot.ink.spaces import srgb_to_lab  # noqa: PLC0415

    labs, lengths = [], []
    for layer in read_svg(art).layers.values():
        colour = layer.property("vp_color")
        rgb = (0, 0, 0) if colour is None else (colour.red, colour.green, colour.blue)
        labs.append(srgb_to_lab(np.array(rgb) / 255))
        lengths.append(float(layer.length()))
    return np.array(labs), np.array(lengths)


def _advice(
    colours: np.ndarray, share: np.ndarray, inventory: Inventory, films: np.ndarray
) -> dict[str, Any] | None:
    """The pen of all other known inventories that would help most, unless it hardly does."""
    import numpy as np  # noqa: PLC0415

    from plotbot.ink.film import transmittance  # noqa: PLC0415
    from plotbot.ink.matching import best_addition  # noqa: PLC0415
    from plotbot.pens.inventory import available_inventories, load_inventory  # noqa: PLC0415

    others: list[tuple[Inventory, Pen, np.ndarray]] = []
    for path in available_inventories().values():
        other = load_inventory(str(path))
        if other.id == inventory.id:
            continue
        # Opaque inks do not mix as hatchings of translucent ones do.
        others += [
            (other, pen, transmittance(pen.lab, other.paper.lab))
            for pen in other.pens
            if not pen.fluorescent and pen.opacity < 0.5
        ]
    if not others:
        return None
    added = best_addition(
        colours, share, films, np.array([film for _, _, film in others]), inventory.paper.lab
    )
    if added.before - added.after < _HELPS_DE:
        return None
    tin, pen, _ = others[added.ink]
    return {
        "inventory": tin.id,
        "pen": pen.id,
        "name": f"{tin.name} {pen}",
        "before": round(added.before, 3),
        "after": round(added.after, 3),
    }


def _rounded(lab: tuple[float, float, float]) -> list[float]:
    return [round(value, 2) for value in lab]
