"""GRBL's numbered errors and alarms in words, each with what to do.

Numbers and meanings: GRBL 1.1 interface documentation; grblHAL and FluidNC use the same up to 38 and 10.
"""

from __future__ import annotations

__all__ = ["POSITION_LOST", "alarm_in_words", "error_in_words"]

POSITION_LOST = frozenset({1, 3, 6, 7, 8, 9, 10})
"""Alarms after which the machine no longer knows where it stands."""

_CORRUPT = "characters were probably lost or changed on the way; try a shorter or shielded USB cable"

_ERRORS = {
    1: ("a word does not begin with a letter", _CORRUPT),
    2: ("a number is missing or malformed", _CORRUPT),
    3: ("the $ command is not known", "the firmware may be too old or built without it"),
    4: ("a value is negative that must not be", "correct it in the machine profile"),
    5: ("homing is switched off ($22=0)", "set $22=1 if there are limit switches, or homing = false"),
    6: ("a step pulse is shorter than 3 µs", "set $0 to 3 or more"),
    7: ("the settings could not be read and were reset", "restore the machine's $ settings"),
    8: ("the command needs the machine to be idle", "wait until it stands still"),
    9: ("the machine is locked by an alarm", "home it, or unlock it with $X"),
    10: ("soft limits need homing", "switch homing on ($22=1) first"),
    11: ("the line is longer than 80 characters", _CORRUPT),
    12: ("the step rate is above 30 kHz", "lower the maximum rate $110 or $111"),
    13: ("the safety door is open", "close it and resume"),
    14: ("a stored line is too long", "shorten the start-up lines $N0 and $N1"),
    15: ("the jog would leave the machine's travel", "move the pen nearer to the middle"),
    16: ("the jog command is malformed", _CORRUPT),
    17: ("laser mode needs a PWM output", "set $32=0"),
    20: ("a command is not known", _CORRUPT),
    21: ("two commands of one group are in a line", _CORRUPT),
    22: ("no feed rate is set", _CORRUPT),
    23: ("a command needs a whole number", _CORRUPT),
    24: ("two commands in a line both want the axes", _CORRUPT),
    25: ("a word is in the line twice", _CORRUPT),
    26: ("the axis words are missing", _CORRUPT),
    27: ("the line number is not valid", _CORRUPT),
    28: ("a value is missing", _CORRUPT),
    29: ("the coordinate system is not known", "use G54 to G59"),
    30: ("G53 needs G0 or G1", _CORRUPT),
    31: ("there are axis words that nothing uses", _CORRUPT),
    32: ("an arc has no end in its plane", _CORRUPT),
    33: ("the target of a motion is not valid", _CORRUPT),
    34: ("the arc's radius is not valid", _CORRUPT),
    35: ("the arc has no centre", _CORRUPT),
    36: ("there are words that nothing uses", _CORRUPT),
    37: ("the tool length offset is for another axis", _CORRUPT),
    38: ("the tool number is too high", _CORRUPT),
}

_ALARMS = {
    1: ("a limit switch was hit", "free the carriage, then home it or set the origin again"),
    2: (
        "the motion would leave the machine's travel",
        "place the sheet or the origin so that all is in reach",
    ),
    3: ("the board was reset while moving", "home it or set the origin again"),
    4: ("the probe was not in its starting state", "check the probe wiring"),
    5: ("the probe did not touch", "check the probe wiring"),
    6: ("homing was interrupted by a reset", "home again"),
    7: ("the door was opened while homing", "close it and home again"),
    8: ("homing could not leave the limit switch", "raise the pull-off $27 or check the switch wiring"),
    9: ("homing found no limit switch", "check the switches and the travel $130, $131, then home again"),
    10: ("homing found no second limit switch", "check the switches of the paired axis, then home again"),
}


def error_in_words(number: int) -> str:
    """``error:N`` as a clause with what to do."""
    meaning, remedy = _ERRORS.get(number, ("the firmware's manual lists its meaning", "look it up there"))
    return f"error {number}: {meaning}; {remedy}"


def alarm_in_words(number: int) -> str:
    """``ALARM:N`` as a clause with what to do."""
    meaning, remedy = _ALARMS.get(number, ("the firmware's manual lists its meaning", "look it up there"))
    return f"alarm {number}: {meaning}; {remedy}"
