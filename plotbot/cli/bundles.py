"""Options that belong together, declared once: a dataclass whose fields are options of many commands.

    @dataclass(frozen=True, slots=True)
    class Sheet:
        paper: Annotated[str | None, typer.Option("--paper", help="a4, a5, …")] = None

    @spelled_out
    def plan(drawing: Path, sheet: Sheet, json: Json = False) -> None: ...

Typer shows `plan` the options of `Sheet` in the place of the parameter, and `plan` gets a `Sheet`.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, get_args, get_type_hints

__all__ = ["spelled_out"]


def spelled_out(command: Callable[..., None]) -> Callable[..., None]:
    """The command with every parameter that is a dataclass replaced by the fields of it, in their order.

    Every field needs a default. Bundles may share a field of one name, type and default: a single option
    then, with the help of both, whose value goes to both. Otherwise names must differ.
    """
    hints = get_type_hints(command, include_extras=True)
    bundles: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and is_dataclass(kind):
            bundles[parameter.name] = kind
            for own in _parameters(kind):
                _add(parameters, own)
        else:
            parameters.append(
                parameter.replace(annotation=kind, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
            )

    @functools.wraps(command)
    def call(**given: Any) -> None:
        filled = {
            name: kind(**{one.name: given[one.name] for one in fields(kind)})
            for name, kind in bundles.items()
        }
        bundled = {one.name for kind in bundles.values() for one in fields(kind)}
        command(**{name: value for name, value in given.items() if name not in bundled}, **filled)

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


def _add(parameters: list[inspect.Parameter], own: inspect.Parameter) -> None:
    """Add a parameter, or its help to the one of its name that is there."""
    for at, there in enumerate(parameters):
        if there.name == own.name and there.default == own.default:
            kind, option = get_args(there.annotation)
            own_kind, own_option = get_args(own.annotation)
            if kind == own_kind and option.param_decls == own_option.param_decls:
                both = copy.copy(option)
                both.help = f"{option.help} {own_option.help}"
                parameters[at] = there.replace(annotation=Annotated[kind, both])
                return
    parameters.append(own)


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
