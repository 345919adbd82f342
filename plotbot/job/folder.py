"""The job folder: everything that is needed to draw a plan, to go on with it, or to repeat it.

A job folder holds

- ``drawing.svg`` and ``preview.png``, written by the caller of `create_job`;
- ``plan.json``, the frozen plan, never written again;
- ``journal.sqlite``, which strokes are ink (`plotbot.job.journal`);
- ``job.toml``, where all of it came from;
- ``lock``, held by the one process that plots;
- ``ink.jsonl``, the paper of the virtual machine (`plotbot.machine.virtual`), once that has drawn.

A new job is built in a hidden folder beside its place and renamed when it is whole, so a job folder is
either complete or not there.
"""

from __future__ import annotations

import datetime as dt
import errno
import importlib.metadata
import os
import platform
import re
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plotbot.errors import BadInput, JobMismatch
from plotbot.files import folder_written_whole, written_whole
from plotbot.job.journal import Journal
from plotbot.job.lock import job_lock
from plotbot.paper import Paper
from plotbot.pens.inventory import inventory_hash, load_inventory
from plotbot.pens.model import Inventory
from plotbot.plan.model import Plan
from plotbot.plan.store import load_plan, save_plan

__all__ = ["INK", "About", "Job", "check_free", "create_job", "default_folder", "known_versions", "open_job"]

FORMAT = 1
MAX_ABOUT_BYTES = 1_000_000
MAX_TITLE = 200

ABOUT, PLAN, JOURNAL, LOCK = "job.toml", "plan.json", "journal.sqlite", "lock"
INK = "ink.jsonl"
"""Where the virtual machine keeps its paper."""


class About(BaseModel):
    """What ``job.toml`` says: where a job came from, and what it must still fit to be drawn."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    format: int = Field(FORMAT, ge=1)
    title: str = Field("", max_length=MAX_TITLE)
    created: dt.datetime
    command: tuple[str, ...] = ()
    plan_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    pens: str = Field(min_length=1, description="inventory, by name or absolute path")
    pens_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    paper: dict[str, str | float]
    seeds: dict[str, int] = {}
    network: dict[str, str | int | float] = Field({}, description="name, layer, channel, weights hash, …")
    settings: dict[str, Any] = Field({}, description="further values of the run, for people")
    versions: dict[str, str] = {}


@dataclass(frozen=True)
class Job:
    """A complete job folder and what it says about itself."""

    folder: Path
    about: About

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan; raises `JobMismatch` when it is not the one this job was made with."""
        plan = load_plan(self.path(PLAN))
        if plan.hash != self.about.plan_hash:
            raise JobMismatch(
                f"{self.folder / PLAN} is not the plan this job was made with (hash {plan.hash[:12]}, not "
                f"{self.about.plan_hash[:12]}). Put the original back, or make a new job."
            )
        return plan

    def path(self, name: str) -> Path:
        """The path of a file of this job; raises `BadInput` for a name or link that leads out of it."""
        path = self.folder / name
        if path.parent != self.folder or name in {"", ".", ".."}:
            raise BadInput(f"{name!r} is no file name inside a job folder.")
        if path.is_symlink():
            raise BadInput(f"{path} is a link; the files of a job must be in its folder.")
        return path

    def journal(self, *, read_only: bool = False) -> Journal:
        """Open the journal, checked against this job's plan; raises `JobMismatch`."""
        return Journal.open(
            self.path(JOURNAL), self.about.plan_hash, self.about.pens_hash, read_only=read_only
        )

    def renew_journal(self, drawn_mm: Sequence[float]) -> Journal:
        """Put a new journal in the place of a damaged one, by which the first strokes, of these lengths,
        are ink; the old one stays beside it as ``journal.sqlite.damaged-<time>``."""
        path = self.path(JOURNAL)
        mark = f"{dt.datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        new = path.with_name(f".{JOURNAL}.{mark}.tmp")
        with Journal.create(
            new, self.about.plan_hash, self.about.pens_hash, self.plan.stroke_count
        ) as journal:
            journal.restore(drawn_mm)
        for name in (JOURNAL, *(JOURNAL + end for end in ("-wal", "-shm", "-journal")), "journal.rows"):
            with suppress(FileNotFoundError):
                self.path(name).rename(self.path(f"{name}.damaged-{mark}"))
        new.rename(path)
        return self.journal()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the job for this process alone; raises `BadInput` when another one plots it."""
        with job_lock(self.path(LOCK), str(self.folder)):
            yield

    def check_pens(self) -> Inventory:
        """The inventory this job was made with; raises `JobMismatch` when its file is gone or changed."""
        way_out = "Put it back as it was, or make a new job for the pens as they are now"
        try:
            inventory = load_inventory(self.about.pens)
        except BadInput as error:
            raise JobMismatch(f"The pens of {self.folder} cannot be read: {error} {way_out}.") from error
        if inventory_hash(inventory) != self.about.pens_hash:
            raise JobMismatch(
                f"The pen file {self.about.pens!r} has changed since {self.folder} was made. {way_out}."
            )
        return inventory


def create_job(
    folder: Path,
    plan: Plan,
    inventory: Inventory,
    *,
    pens: str | None = None,
    command: tuple[str, ...] = (),
    title: str = "",
    seeds: Mapping[str, int] | None = None,
    network: Mapping[str, str | int | float] | None = None,
    settings: Mapping[str, Any] | None = None,
    fill: Callable[[Path], None] | None = None,
) -> Job:
    """Make the job folder `folder`, whole or not at all.

    inventory: the whole pen file as loaded (not a selection from it); `pens` is the name or path it was
    loaded by, its id when left out. `fill(staging_folder)` writes ``drawing.svg`` and ``preview.png``.
    Raises `BadInput` when `folder` holds a job or anything else, or cannot be written.
    """
    source = pens or inventory.id
    if source.endswith(".toml") or "/" in source or "\\" in source:
        source = str(Path(source).expanduser().resolve())
    about = About(
        title=title[:MAX_TITLE],
        created=dt.datetime.now(dt.UTC).replace(microsecond=0),
        command=command,
        plan_hash=plan.hash,
        pens=source,
        pens_hash=inventory_hash(inventory),
        paper=_paper_values(plan.paper),
        seeds=dict(seeds or {}),
        network=dict(network or {}),
        settings=dict(settings or {}),
        versions=known_versions(),
    )
    target = _absolute(folder)
    check_free(target)
    try:
        with folder_written_whole(target) as staging:
            if fill is not None:
                fill(staging)
            save_plan(plan, staging / PLAN)
            Journal.create(staging / JOURNAL, plan.hash, about.pens_hash, plan.stroke_count).close()
            _write_about(about, staging / ABOUT)
    except OSError as error:
        raise _unwritable(target, error) from error
    return Job(target, about)


def open_job(folder: Path) -> Job:
    """Open an existing job folder; raises `BadInput` when it is none or its ``job.toml`` is broken."""
    folder = _absolute(folder)
    path = folder / ABOUT
    if not folder.is_dir():
        raise BadInput(f"There is no job folder {folder}; `plotbot jobs` lists those there are.")
    if not path.is_file():
        raise BadInput(f"{folder} is not a job folder: it has no {ABOUT}.")
    try:
        if path.stat().st_size > MAX_ABOUT_BYTES:
            raise BadInput(f"{path} is larger than {MAX_ABOUT_BYTES // 1_000_000} MB; it is no job.toml.")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        about = About.model_validate(values)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is no valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{path}: {field} cannot be used: {first['msg']}.") from None
    if about.format > FORMAT:
        raise BadInput(f"{folder} was made by a newer plotbot (format {about.format}); update plotbot.")
    return Job(folder, about)


def check_free(folder: Path) -> None:
    """Raise `BadInput` unless a job folder can be made here: nothing or an empty folder is there, and
    the folder around it can be written.

    Worth asking before a long computation; `create_job` asks again.
    """
    target = _absolute(folder)
    try:
        if (target / ABOUT).exists():
            raise BadInput(f"{target} already holds a job. Name another folder, or go on with that job.")
        if not os.path.lexists(target):
            around = next(folder for folder in target.parents if os.path.lexists(folder))
            Path(tempfile.mkdtemp(prefix=".plotbot-", dir=around)).rmdir()
            return
        if target.is_symlink() or not target.is_dir():
            raise BadInput(f"{target} exists and is no folder; name a new one for the job.")
        if any(target.iterdir()):
            raise BadInput(f"{target} is not empty. Name a new folder for the job, such as {target / 'job'}.")
        if target.samefile(Path.cwd()):
            raise BadInput(f"{target} is the current folder. Name one inside it, such as {target / 'job'}.")
    except OSError as error:
        raise _unwritable(target, error) from error


def default_folder(jobs: Path, title: str, now: dt.datetime | None = None) -> Path:
    """A free place for a new job: ``jobs/<date>-<time>-<slug>``, with a number where that is taken."""
    stamp = (now or dt.datetime.now()).strftime("%Y%m%d-%H%M%S")
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")
    base = f"{stamp}-{slug}" if slug else stamp
    folder, number = jobs / base, 2
    while folder.exists():
        folder, number = jobs / f"{base}-{number}", number + 1
    return folder


def known_versions() -> dict[str, str]:
    """Versions of Python, the system, plotbot and the packages that shape a drawing; imports none."""
    versions = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for package in ("plotbot", "numpy", "numba", "vpype", "torch", "torchvision", "timm", "resvg-py"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _absolute(folder: Path) -> Path:
    """Absolute without following links: where the person said, not where that leads."""
    return Path(os.path.abspath(folder))  # noqa: PTH100


def _paper_values(paper: Paper) -> dict[str, str | float]:
    sizes: dict[str, str | float] = {"width": paper.width, "height": paper.height, "margin": paper.margin}
    return {"name": paper.name, **sizes} if paper.name else sizes


def _without_none(value: Any) -> Any:
    """TOML has no null: what is not known is left out."""
    if isinstance(value, Mapping):
        return {str(key): _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value if item is not None]
    return value


def _write_about(about: About, path: Path) -> None:
    values = {key: value for key, value in about.model_dump().items() if value not in ("", {}, ())}
    values = _without_none(values)
    with written_whole(path) as temporary:
        # An argument that was not UTF-8 has characters that no file can hold.
        temporary.write_bytes(tomli_w.dumps(values).encode(errors="replace"))


def _unwritable(target: Path, error: OSError) -> BadInput:
    reason = error.strerror or str(error)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason += "; choose a folder you may write to with --out"
    return BadInput(f"The job folder {target} cannot be written: {reason}.")
