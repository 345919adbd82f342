"""The report of a plot while it runs: a small web server for this computer, and nobody else unless asked.

The address holds a secret; without it there is nothing to see. Requests must name the host they were
meant for, so that a page from elsewhere cannot reach in under another name. ``GET`` serves the report and
``status`` (see `Status`), ``POST pause`` and ``POST go-on`` ask the plot.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import urlsplit

from plotbot.errors import BadInput, PlotbotError

__all__ = ["Address", "Asked", "Status", "serving"]

Asked: TypeAlias = Literal["pause", "go on"]

LOOPBACK = "127.0.0.1"
_FRESH_S = 0.25
_ASKS: dict[str, Asked] = {"pause": "pause", "go-on": "go on"}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Status:
    """How far a plot is, as the page gets it.

    state: planned, plotting, paused, unfinished or done; words: the same for people. done: runs of
    strokes that are ink, first and last of each. pausing: asked to pause, and on its way there.
    """

    state: str
    words: str
    done: tuple[tuple[int, int], ...]
    can_pause: bool = False
    can_go_on: bool = False


@dataclass(slots=True)
class Address:
    """Where the page is; `seen` is when it was last asked for anything (monotonic seconds, 0: never)."""

    url: str
    seen: float = 0.0


@contextmanager
def serving(
    page: str,
    status: Callable[[], Status],
    ask: Callable[[Asked], None],
    *,
    host: str = LOOPBACK,
    port: int = 0,
) -> Iterator[Address]:
    """Serve the page while the block runs; port 0 takes a free one.

    status and ask may raise `PlotbotError`, which the page shows. Raises `BadInput` for a host or port
    that cannot be had.
    """
    secret = secrets.token_urlsafe(18)
    try:
        server = _Server((host, port), _Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"Nothing can be served at {host}, port {port}: {reason}.") from error
    server.page, server.secret, server.ask = page.encode(), secret, ask
    server.status = _Recent(status)
    server.loopback = ipaddress.ip_address(str(server.server_address[0])).is_loopback
    shown = _own_number() if host == "0.0.0.0" else host  # noqa: S104 (only when the person says so)
    server.address = Address(f"http://{shown}:{server.server_address[1]}/{secret}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _own_number() -> str:
    """This computer's number in its network, as far as it can tell; nothing is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return LOOPBACK


class _Recent:
    """A status for several pages at once: not worked out more often than it can have changed."""

    def __init__(self, work_out: Callable[[], Status]) -> None:
        self._work_out = work_out
        self._lock = threading.Lock()
        self._at = -_FRESH_S
        self._last: Status | None = None

    def __call__(self) -> Status:
        with self._lock:
            if self._last is None or time.monotonic() - self._at > _FRESH_S:
                self._last, self._at = self._work_out(), time.monotonic()
            return self._last

    def forget(self) -> None:
        with self._lock:
            self._last = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page: bytes
    secret: str
    status: _Recent
    ask: Callable[[Asked], None]
    address: Address
    loopback: bool


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version = "plotbot"
    sys_version = ""
    _names: ClassVar[tuple[str, ...]] = ("localhost",)

    def do_GET(self) -> None:
        what = self._wanted()
        if what is None:
            return
        if what == "":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        elif what == "status":
            self._answer(lambda: asdict(self.server.status()))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        what = self._wanted()
        if what is None:
            return
        if what not in _ASKS:
            self._refuse(HTTPStatus.NOT_FOUND)
            return

        def asked() -> dict[str, Any]:
            self.server.ask(_ASKS[what])
            self.server.status.forget()
            return asdict(self.server.status())

        self._answer(asked)

    def _wanted(self) -> str | None:
        """What comes after the secret in the address; None, and refused, where that is wrong."""
        self.close_connection = True  # nobody keeps a thread; a body is never read
        if not self._meant_for_us():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        secret, slash, what = self.path.removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(secret.encode(), self.server.secret.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
            return None
        self.server.address.seen = time.monotonic()
        return what

    def _meant_for_us(self) -> bool:
        """Whether the Host header, and Origin where there is one, name this server by number or localhost."""
        host = self.headers.get("Host", "")
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        origin = self.headers.get("Origin")
        if port != self.server.server_address[1] or (origin is not None and origin != f"http://{host}"):
            return False
        if name in self._names:
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return False
        return number.is_loopback or not self.server.loopback

    def _answer(self, work_out: Callable[[], dict[str, Any]]) -> None:
        try:
            code, value = HTTPStatus.OK, work_out()
        except PlotbotError as error:
            code, value = HTTPStatus.CONFLICT, {"error": str(error)}
        self._send(code, "application/json", json.dumps(value).encode())

    def _refuse(self, code: HTTPStatus) -> None:
        self._send(code, "text/plain; charset=utf-8", code.phrase.encode())

    def _send(self, code: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(code)
        for name, value in _PAGE_HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the plot."""
