"""`plotbot pens import`, `export` and `set-lab`: pen files in, out, and with an instrument's readings."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.pens.model import Inventory

__all__ = ["PenFileOut", "Replace", "export", "import_", "set_lab", "write_pen_file"]

PenFileOut = Annotated[Path, typer.Option("--out", "-o", help="The pen file to write, such as mine.toml.")]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite the file if there is one.")]
_ToFormat = Literal["toml", "vpype", "penset"]


def import_(
    file: Annotated[Path, typer.Argument(help="A vpype [pen_config] or vpype-penset file.")],
    out: PenFileOut,
    config: Annotated[
        str | None, typer.Option("--config", help="Which pen configuration, where there are several.")
    ] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Make a pen file from another program's. Screen colours become guesses, to be measured later.

    [bold]Example[/bold]: plotbot pens import vpype.toml --config rgb --out pens/mine.toml
    """
    from plotbot.pens.exchange import from_vpype  # noqa: PLC0415
    from plotbot.pens.inventory import read_pen_file  # noqa: PLC0415

    inventory = from_vpype(read_pen_file(file), out.stem, config, str(file))
    write_pen_file(inventory, out, replace=replace)
    if json:
        emit_json({"path": str(out), "pens": len(inventory.pens)})
    else:
        people.print(
            f"Wrote {out} with {len(inventory.pens)} pens; their colours are guesses.", soft_wrap=True
        )


def export(
    name: Annotated[str, typer.Argument(help="An inventory, by name or path.")],
    to: Annotated[_ToFormat, typer.Option("--to", help="Format to write.")] = "vpype",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write.", show_default="stdout")
    ] = None,
    replace: Replace = False,
) -> None:
    """Write an inventory for another program: colours as a screen shows them, and widths.

    [bold]Example[/bold]: plotbot pens export staedtler12 --to vpype --out vpype.toml
    """
    from plotbot.pens import exchange  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    write = {"toml": exchange.to_toml, "vpype": exchange.to_pen_config, "penset": exchange.to_penset}[to]
    inventory = load_inventory(name)
    text = write(inventory)
    if out is None:
        results.file.write(text)
    else:
        _write(text, out, replace=replace)
        people.print(f"Wrote {out}.", soft_wrap=True)
    if to != "toml":
        # The format has no place for the rest, and its readers none to look for it.
        also = f", {len(inventory.overprints)} overprints" if inventory.overprints else ""
        people.print(
            f"It holds a screen colour and a width of each pen; Labs, how sure they are{also} and the paper "
            "stay in plotbot's own file (--to toml).",
            soft_wrap=True,
        )


def set_lab(
    name: Annotated[str, typer.Argument(help="The inventory to start from, by name or path.")],
    out: PenFileOut,
    readings: Annotated[
        list[str] | None,
        typer.Argument(help="PEN=L,a,b for each pen measured; paper=L,a,b for the bare paper."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--readings", help="CSV with a line pen,L,a,b for each reading.")
    ] = None,
    uncertainty: Annotated[
        float, typer.Option("--uncertainty", min=0, max=100, help="How far a reading may be off, ΔE00.")
    ] = 1.0,
    paper_name: Annotated[str | None, typer.Option("--paper-name", help="What the paper is called.")] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Put an instrument's readings (Lab, D50, 2°) into a pen file; their provenance becomes measured.

    [bold]Example[/bold]: plotbot pens set-lab staedtler12 paper=95.1,0.3,1.8 20=57.3,66,-4.2 --out mine.toml
    """
    from plotbot.pens.check import check_inventory  # noqa: PLC0415
    from plotbot.pens.inventory import find_pen, load_inventory  # noqa: PLC0415
    from plotbot.pens.model import Inventory  # noqa: PLC0415

    inventory = load_inventory(name)
    wanted = [_reading(text) for text in readings or []] + (_read_table(table) if table else [])
    if not wanted:
        raise BadInput("No reading was given; write them like 20=57.3,66,-4.2, or name a CSV by --readings.")
    values = inventory.model_dump(mode="json")
    values["id"] = out.stem
    places = {pen.id: place for place, pen in enumerate(inventory.pens)}
    read = Counter(label if label == "paper" else find_pen(inventory, label).id for label, _ in wanted)
    twice = next((label for label, count in read.items() if count > 1), None)
    if twice is not None:
        raise BadInput(f"There are {read[twice]} readings of {twice}; give one, their mean for instance.")
    for label, lab in wanted:
        if label == "paper":
            values["paper"]["lab"] = lab
            continue
        pen = values["pens"][places[find_pen(inventory, label).id]]
        pen |= {"lab": lab, "provenance": "measured", "uncertainty": uncertainty}
    if paper_name:
        values["paper"]["name"] = paper_name
    changed = Inventory.model_validate(values)
    findings = check_inventory(changed)
    if any(label == "paper" for label, _ in wanted):
        for finding in findings:
            if finding.kind == "wrong-white":
                raise BadInput(finding.message)
    same = Path(name).resolve() == out.resolve()
    write_pen_file(changed, out, replace=replace or same)
    concerned = {find_pen(inventory, label).id for label, _ in wanted if label != "paper"}
    remarks = [one.message for one in findings if concerned & set(one.pens) and one.kind != "nominal-width"]
    if json:
        emit_json({"path": str(out), "measured": sorted(concerned), "findings": remarks})
        return
    people.print(
        f"Wrote {out}; {len(concerned)} of {len(changed.pens)} pens have new readings.", soft_wrap=True
    )
    for remark in remarks:
        people.print(f"[yellow]{remark}[/yellow]", soft_wrap=True)


def write_pen_file(inventory: Inventory, out: Path, *, replace: bool = False) -> None:
    """Write an inventory as a pen file that can be read back; raises `BadInput`."""
    from plotbot.pens.exchange import to_toml  # noqa: PLC0415
    from plotbot.pens.inventory import parse_inventory  # noqa: PLC0415

    if out.suffix != ".toml":
        raise BadInput(f"{out} is not named like a pen file; call it {out.with_suffix('.toml').name}.")
    text = to_toml(inventory)
    parse_inventory(text, out.stem, str(out))
    _write(text, out, replace=replace)


def _write(text: str, out: Path, *, replace: bool) -> None:
    from plotbot.files import written_whole  # noqa: PLC0415

    if out.exists() and not (replace and out.is_file()):
        raise BadInput(f"{out} exists already; choose another name, or add --replace to overwrite it.")
    try:
        with written_whole(out) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror or error}.") from None


def _reading(text: str) -> tuple[str, list[float]]:
    label, equals, values = text.partition("=")
    if not equals:
        raise BadInput(f"The reading {text!r} cannot be understood; write it like 20=57.3,66,-4.2.")
    return label.strip(), _lab(values.split(","), text)


def _read_table(path: Path) -> list[tuple[str, list[float]]]:
    from plotbot.pens.inventory import read_pen_file  # noqa: PLC0415

    rows: Iterable[list[str]] = csv.reader(io.StringIO(read_pen_file(path)))
    try:
        lines = [row for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadInput(f"{path} is not a table of readings: {error}.") from None
    if lines and len(lines[0]) == 4 and not _is_number(lines[0][1]):
        lines = lines[1:]  # a heading
    return [(row[0].strip(), _lab(row[1:], f"{path}: {','.join(row)}")) for row in lines]


def _lab(cells: list[str], what: str) -> list[float]:
    if len(cells) != 3 or not all(_is_number(cell) for cell in cells):
        raise BadInput(f"{what!r} is no reading; it needs a pen and three numbers, L*, a* and b*.")
    lab = [float(cell) for cell in cells]
    if not (0 <= lab[0] <= 100 and all(-128 <= value <= 128 for value in lab[1:])):
        raise BadInput(f"{what!r} is out of range: L* must be from 0 to 100, a* and b* from -128 to 128.")
    return lab


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
