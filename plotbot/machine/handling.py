"""How carefully a machine is to move: presets, and the limits of a plan, as a profile that keeps to them.

Nothing here makes a machine faster than its profile: of two limits the lower one holds. What a lift needs
is the machine's and the pen's own, whatever the handling.
"""

from __future__ import annotations

from plotbot.errors import BadInput
from plotbot.machine.profile import Profile
from plotbot.plan.model import Motion
from plotbot.plan.motion import HANDLING

__all__ = ["handled", "within"]


def handled(profile: Profile, handling: str) -> Profile:
    """The profile within the limits of a handling preset; raises `BadInput` for an unknown one.

    On a GRBL board only the speeds change: its acceleration and cornering are settings of the board.
    """
    if handling not in HANDLING:
        raise BadInput(f"The handling {handling!r} is unknown; use one of {', '.join(HANDLING)}.")
    return within(profile, HANDLING[handling])


def within(profile: Profile, motion: Motion) -> Profile:
    """The profile with no limit above those of `motion`; on a GRBL board only the speeds change."""
    own = profile.motion
    limits = {
        "draw_speed": min(own.draw_speed, motion.draw_speed),
        "travel_speed": min(own.travel_speed, motion.travel_speed),
    }
    if profile.kind != "grbl":
        limits |= {
            "draw_acceleration": min(own.draw_acceleration, motion.draw_acceleration),
            "travel_acceleration": min(
                own.travel_acceleration or own.draw_acceleration, motion.travel_acceleration
            ),
            "junction_deviation": min(own.junction_deviation, motion.junction_deviation),
        }
    limits = {name: limit for name, limit in limits.items() if limit > 0}
    return profile.model_copy(update={"motion": own.model_copy(update=limits)})
