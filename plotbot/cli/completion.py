"""What the shell offers on Tab: pens, channels in range, layers, machines, jobs; quick, so without torch.

Whatever goes wrong here is told by the command itself when it runs; Tab then offers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path

import typer

from plotbot.errors import PlotbotError

__all__ = ["channels", "jobs", "jobs_or_art", "layers", "machines", "networks", "papers", "pens"]

Offer = Callable[[typer.Context, str], list[str]]


def _beginning(work_out: Callable[[typer.Context, str], Iterable[str]]) -> Offer:
    """Those of the words that begin with what was typed; none when they cannot be known."""

    @wraps(work_out)
    def offer(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            words = dict.fromkeys(work_out(ctx, incomplete))
            return [word for word in words if word.startswith(incomplete)]
        except (PlotbotError, OSError, ImportError):
            return []

    return offer


@_beginning
def pens(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Inventories by name, and pen files."""
    from plotbot.pens.inventory import available_inventories  # noqa: PLC0415

    return [*available_inventories(), *_files(incomplete, ".toml")]


@_beginning
def channels(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The channels of the layer named before, of the embedded network (others would need torch)."""
    from plotbot.art.networks import describe  # noqa: PLC0415

    if not _embedded(ctx):
        return []
    network = describe("embedded")
    layer = (ctx.params.get("layer") or network.default_layer).partition(":")[0]
    count = network.channels.get(layer, 0)
    return map(str, range(count))


@_beginning
def layers(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The layers of the embedded network."""
    from plotbot.art.networks import describe  # noqa: PLC0415

    return describe("embedded").channels if _embedded(ctx) else []


@_beginning
def networks(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """The networks worth suggesting."""
    from plotbot.art.networks import SUGGESTED  # noqa: PLC0415

    return SUGGESTED


@_beginning
def machines(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Machine profiles by name, and profile files."""
    from plotbot.machine.profile import profile_folders  # noqa: PLC0415

    known = {path.stem for folder in profile_folders() if folder.is_dir() for path in folder.glob("*.toml")}
    return [*sorted(known), *_files(incomplete, ".toml")]


@_beginning
def papers(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Paper sizes by name."""
    from plotbot.paper import PAPER_SIZES_MM  # noqa: PLC0415

    return PAPER_SIZES_MM


@_beginning
def jobs(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Jobs in the folder of jobs, the newest first, and jobs or folders where the typing is."""
    return _jobs(incomplete)


@_beginning
def jobs_or_art(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Jobs, and SVG files."""
    return [*_jobs(incomplete), *_files(incomplete, ".svg")]


def _embedded(ctx: typer.Context) -> bool:
    from plotbot.config import load_settings  # noqa: PLC0415

    return (ctx.params.get("network") or load_settings()[0].network) == "embedded"


def _jobs(incomplete: str) -> list[str]:
    from plotbot.config import load_settings  # noqa: PLC0415

    place = load_settings()[0].jobs
    listed = [path.parent for path in place.glob("*/job.toml")] if place.is_dir() else []
    listed.sort(key=lambda folder: folder.name, reverse=True)
    near = [one for one in _here(incomplete) if one.is_dir() and one not in listed]
    words = [str(one) if (one / "job.toml").is_file() else f"{one}/" for one in near]
    return [*map(str, listed), *words]


def _files(incomplete: str, suffix: str) -> list[str]:
    """Files of a kind where the typing is, and folders to go on in."""
    found = _here(incomplete)
    return [f"{one}/" if one.is_dir() else str(one) for one in found if one.is_dir() or one.suffix == suffix]


def _here(incomplete: str) -> list[Path]:
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
