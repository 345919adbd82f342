"""`plotbot networks`: what can be excited."""

from __future__ import annotations

from typing import Annotated

import typer

from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json

__all__ = ["networks"]


def networks(
    name: Annotated[str | None, typer.Argument(help="Show the layers of this network.")] = None,
    json: Json = False,
) -> None:
    """List the networks, their layers and channel counts, and whether the weights are on this machine.

    Any other classification model of torchvision works by its name too.

    [bold]Examples[/bold]: plotbot networks · plotbot networks embedded · plotbot networks vgg16
    """
    from plotbot.art.networks import EMBEDDED, SUGGESTED, describe  # noqa: PLC0415

    if name is None and not json:
        people.print("[dim]Reading torchvision's list…[/dim]")
    found = [describe(one) for one in ([name] if name else SUGGESTED)]
    if json:
        emit_json(
            {
                "networks": [
                    {
                        "name": network.name,
                        "title": network.title,
                        "default_layer": network.default_layer,
                        "layers": dict(network.channels),
                        "weights": str(network.weights),
                        "available": network.available,
                    }
                    for network in found
                ]
            }
        )
        return
    from rich.table import Table  # noqa: PLC0415

    if name:
        network = found[0]
        results.print(f"[bold]{network.name}[/bold] – {network.title}")
        state = "on this machine" if network.available else "not on this machine, downloaded when first used"
        results.print(f"Weights {state}: {network.weights}", soft_wrap=True)
        table = Table("Layer", "Channels", box=None, pad_edge=False)
        for layer, channels in network.channels.items():
            mark = "  (default)" if layer == network.default_layer else ""
            table.add_row(layer + mark, str(channels))
        results.print(table)
        results.print(
            f"[dim]Channels count from 0. Example: plotbot draw --network {network.name} "
            f"--layer {network.default_layer} --channel 0 --dry-run[/dim]",
            soft_wrap=True,
        )
        return
    table = Table("Network", "Weights", "Default layer", "Channels", "Layers", box=None, pad_edge=False)
    for network in found:
        weights = "here" if network.available else "to download"
        if network.name == EMBEDDED:
            weights = "built in" if network.available else "missing"
        default_count = str(network.channels[network.default_layer])
        table.add_row(network.name, weights, network.default_layer, default_count, str(len(network.channels)))
    results.print(table)
    results.print("[dim]plotbot networks NAME lists the layers of one.[/dim]")
