"""Options that belong together, declared once: a dataclass whose fields are options of many commands.

    @dataclass(frozen=True, slots=True)
    class Sheet:
        paper: Annotated[str | None, typer.Option("--paper", help="a4, a5, …")] = None

    @spelled_out
    def plan(drawing: Path, sheet: Sheet, json: Json = False) -> None: ...

Typer shows `plan` the options of `Sheet` in the place of the parameter, and `plan` gets a `Sheet`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

__all__ = ["spelled_out"]


def spelled_out(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every parameter that is a dataclass replaced by the fields of it, in their order.

    Every field needs a default, and its name must be no other parameter's.
    """
    hints = get_type_hints(command, include_extras=True)
    bundles: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and is_dataclass(kind):
            bundles[parameter.name] = kind
            parameters += _parameters(kind)
        else:
            parameters.append(
                parameter.replace(annotation=kind, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
            )

    @functools.wraps(command)
    def call(**given: Any) -> None:
        for name, kind in bundles.items():
            given[name] = kind(**{one.name: given.pop(one.name) for one in fields(kind)})
        command(**given)

    # Typer reads the one, and the types from the other.
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return call


def _parameters(bundle: type[Any]) -> list[inspect.Parameter]:
    """The options of a bundle, its own before those of the bundles it extends."""
    hints = get_type_hints(bundle, include_extras=True)
    own = inspect.get_annotations(bundle)
    return [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=_default(one),
            annotation=hints[one.name],
        )
        for one in sorted(fields(bundle), key=lambda one: one.name not in own)
    ]


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
