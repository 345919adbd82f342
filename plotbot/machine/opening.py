"""From a profile to a machine that can be entered."""

from __future__ import annotations

from pathlib import Path

from plotbot.machine.base import Machine
from plotbot.machine.profile import Profile
from plotbot.plan.model import Motion

__all__ = ["open_machine"]


def open_machine(
    profile: Profile,
    *,
    port: str | None = None,
    speed: float = 1.0,
    ink: Path | None = None,
    motion: Motion | None = None,
) -> Machine:
    """The driver for a profile; nothing is opened or moved before it is entered.

    port: in place of the profile's. speed and ink are for the virtual machine, which moves by `motion`.
    """
    if profile.kind == "virtual":
        from plotbot.machine.virtual import VirtualMachine  # noqa: PLC0415

        return VirtualMachine(motion, speed=speed, ink=ink)
    from plotbot.machine.grbl import GrblMachine  # noqa: PLC0415

    return GrblMachine(profile, port=port)
