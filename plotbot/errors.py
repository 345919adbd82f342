"""The one hierarchy of errors a person can meet, each with its exit code.

Raise the class that says what the person can do next; `plotbot.cli` prints the message once and
leaves with `exit_code`. Messages are one or two plain sentences that name the offending value, the
valid range where there is one, and the way out.
"""

from __future__ import annotations

__all__ = [
    "BadInput",
    "Cancelled",
    "JobMismatch",
    "LinkLost",
    "NoPlotter",
    "Paused",
    "PlotbotError",
]


class PlotbotError(Exception):
    """Anything plotbot can explain; `str(error)` is what the person reads."""

    exit_code = 1


class BadInput(PlotbotError):
    """A value, file or option that cannot be used."""

    exit_code = 2


class NoPlotter(PlotbotError):
    """No plotter, a busy port, a wrong or too old device: nothing has moved."""

    exit_code = 3


class Paused(PlotbotError):
    """The plot stopped at a clean point with the pen up; the job can be resumed."""

    exit_code = 4


class LinkLost(PlotbotError):
    """The controller was lost, reset or stalled in mid-plot; the job can be resumed."""

    exit_code = 5


class JobMismatch(PlotbotError):
    """The job folder does not fit what is asked: another plan, other pens, another sheet."""

    exit_code = 6


class Cancelled(PlotbotError):
    """The person said no, or pressed Ctrl-C before anything was drawn."""

    exit_code = 130
