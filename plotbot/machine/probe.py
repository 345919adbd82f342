"""Ask a port what is behind it, without moving anything."""

from __future__ import annotations

from plotbot.errors import PlotbotError
from plotbot.machine.ebb_link import EbbLink
from plotbot.machine.grbl_link import GrblLink
from plotbot.machine.ports import Port, open_port

__all__ = ["what_answers"]

_PATIENCE_S = 2.0
_BAUD = 115200


def what_answers(port: Port) -> str:
    """The controller on a port as people call it, or why it cannot be told.

    Opening a port resets most GRBL boards, as it does at the start of every plot; nothing moves.
    """
    try:
        with open_port(port.device, _BAUD) as opened:
            if port.is_ebb:
                board = EbbLink(opened, timeout_s=_PATIENCE_S).connect()
                return f"EiBotBoard {board.firmware}" + (f", {board.tag}" if board.tag else "")
            return GrblLink(opened, timeout_s=_PATIENCE_S).connect().text
    except PlotbotError as error:
        return str(error)
