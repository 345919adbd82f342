"""`plotbot config`: where settings come from."""

from __future__ import annotations

import typer

from plotbot.cli.console import emit_json, results
from plotbot.cli.options import Json

__all__ = ["app"]

app = typer.Typer(help="Settings, and where each comes from.", no_args_is_help=True)


@app.callback()
def _group() -> None: ...


@app.command(epilog="Example: plotbot config show")
def show(json: Json = False) -> None:
    """Show every setting, its value and where that came from.

    Later sources win: built-in default, the user file, ./plotbot.toml, PLOTBOT_* in the environment,
    and then the options of a command.
    """
    from rich.table import Table  # noqa: PLC0415

    from plotbot.config import Settings, load_settings, user_file  # noqa: PLC0415

    settings, origin = load_settings()
    values = settings.model_dump(mode="json")
    if json:
        emit_json({"settings": values, "origin": origin, "user_file": str(user_file())})
        return
    table = Table("Setting", "Value", "From", "Meaning", box=None, pad_edge=False)
    for key, field in Settings.model_fields.items():
        shown = "" if values[key] is None else str(values[key])
        table.add_row(key, shown, origin[key], field.description)
    results.print(table)
    results.print(f"\nUser file: {user_file()}", soft_wrap=True)
