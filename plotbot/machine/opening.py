"""From a profile, or from what is plugged in, to a machine that can be entered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from plotbot.errors import BadInput, NoPlotter
from plotbot.machine.base import Machine
from plotbot.machine.ports import Port, find_ports
from plotbot.machine.profile import Profile, find_profile, list_profiles
from plotbot.plan.model import Motion

__all__ = ["AUTO", "Driver", "connected_profile", "open_machine", "suits"]

AUTO = "auto"
"""Machine name that stands for the one plotter that is connected."""

Driver: TypeAlias = Literal["ebb", "pyaxidraw"]
"""How an AxiDraw is driven: by plotbot itself, or by the maker's own package."""


def open_machine(
    profile: Profile,
    *,
    port: str | None = None,
    driver: str | None = None,
    speed: float = 1.0,
    ink: Path | None = None,
    motion: Motion | None = None,
) -> Machine:
    """The driver for a profile; nothing is opened or moved before it is entered.

    port: in place of the profile's. driver: for an AxiDraw. speed and ink are for the virtual machine,
    which moves by `motion`. Raises `BadInput` when an option does not go with the profile.
    """
    if driver is not None and driver not in get_args(Driver):
        raise BadInput(f"--driver {driver!r} is unknown; use {' or '.join(get_args(Driver))}.")
    if driver is not None and profile.kind != "axidraw":
        raise BadInput(f"--driver is for an AxiDraw; {profile.name} is of kind {profile.kind}.")
    if profile.kind == "virtual":
        from plotbot.machine.virtual import VirtualMachine  # noqa: PLC0415

        return VirtualMachine(motion, speed=speed, ink=ink)
    if profile.kind == "grbl":
        from plotbot.machine.grbl import GrblMachine  # noqa: PLC0415

        return GrblMachine(profile, port=port)
    if driver == "pyaxidraw":
        from plotbot.machine.axidraw import AxidrawMachine  # noqa: PLC0415

        return AxidrawMachine(profile, port=port)
    from plotbot.machine.ebb import EbbMachine  # noqa: PLC0415

    return EbbMachine(profile, port=port)


def suits(profile: Profile, port: Port) -> bool:
    """Whether the machine of a profile could be the one on this port."""
    if profile.kind == "virtual":
        return False
    if profile.port is not None and profile.port != port.device:
        return False
    if (
        profile.tag is not None
        and profile.tag.lower() not in f"{port.description} {port.serial_number}".lower()
    ):
        return False
    if profile.usb is not None:
        return profile.usb.upper() == port.usb_id
    return port.is_ebb if profile.kind == "axidraw" else port.may_be_grbl


def connected_profile(
    find: Callable[[], Sequence[Port]] = find_ports, project: Path | None = None
) -> tuple[Profile, str]:
    """The profile and the port of the one plotter that is connected.

    A person's own profiles come before the shipped ones. Raises `NoPlotter` when nothing that could be a
    plotter is connected, and when it is not clear which machine it is.
    """
    ports = [port for port in find() if port.is_ebb or port.may_be_grbl]
    if not ports:
        raise NoPlotter(
            "No plotter is connected. Plug it in and switch it on, name its port with --port and its profile "
            "with --machine, plot on --machine virtual, or plan with --dry-run."
        )
    if len(ports) > 1:
        names = "; ".join(map(str, ports))
        raise NoPlotter(f"Several ports could be the plotter: {names}. Say which with --machine and --port.")
    (port,) = ports
    known = [
        (path, one) for path, one in list_profiles(project) if isinstance(one, Profile) and suits(one, port)
    ]
    own = [one for path, one in known if path.parent.name != "shipped"]
    if len(own) == 1:
        return own[0], port.device
    if not own and port.is_ebb:
        return find_profile("axidraw", project), port.device
    names = ", ".join(sorted(one.name for _, one in known))
    raise NoPlotter(
        f"{port} could be driven by several profiles: {names}. Say which with --machine, or keep it in the "
        "settings (plotbot config show)."
    )
