"""`mochic-py pkg export`: the lock in the formats of other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from packaging.pylock import is_valid_pylock_path

from ...backends.pylock import emit_pylock
from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import Target
from ...ir.lock import Lock
from ...ir.parts import evolve
from ..cache import Cache
from ..host import Host
from ..pylock_export import WHEELS, export_pylock, find_rows, pinned_files
from ..session import Session
from .options import color_option, open_host
from .project import ProjectFiles, open_project, project_options, require_lock

DEFAULT_NAME = "pylock.toml"


@click.group("export")
def export_command() -> None:
    """Write the lock in the format of another tool."""


@export_command.command("pylock")
@project_options
@click.option(
    "-o", "--out", type=click.Path(), help="File to write; `-` is stdout [pylock.toml beside mochi.lock]."
)
@click.option(
    "--relative-to",
    "folder",
    type=click.Path(file_okay=False),
    help="Put the files below this folder and name them by path, for use without an index.",
)
@color_option
def pylock_command(**options: Any) -> int:
    """Write mochi.lock as pylock.toml (PEP 751), which pip and uv install from.

    URLs are those of the index in use; mochi.lock itself holds none.
    """
    host = open_host()
    project = open_project(host, options)
    lock = require_lock(project)
    folder = Path(options["folder"]) if options["folder"] else None
    out = options["out"] or str((folder or project.folder) / DEFAULT_NAME)
    _check_name(out, folder)
    if folder is None:
        rows = find_rows(lock, lambda target: _open(host, project, target).locator)
    else:
        rows = None
        _place_files(host, project, lock, folder)
    text = emit_pylock(export_pylock(lock, rows))
    if out == "-":
        sys.stdout.write(text)
    else:
        host.write_bytes_atomic(out, text.encode())
        sys.stderr.write(f"{out} now has {text.count('[[packages]]')} distributions\n")
    return 0


def _open(host: Host, project: ProjectFiles, target: Target) -> Session:
    return Session(host, Cache(host), evolve(project.request, target=target))


def _check_name(out: str, folder: Path | None) -> None:
    if out == "-":
        return
    if not is_valid_pylock_path(Path(out)):
        message = f"a lock file of PEP 751 cannot be called `{Path(out).name}`"
        help = "call it `pylock.toml` or `pylock.NAME.toml`"
        raise DiagnosticError(codes.PYLOCK_FILE_NAME.at(None, message, help=help))
    if folder is not None and Path(out).parent != folder:
        raise click.UsageError("with `--relative-to DIR`, the lock file must be in DIR")


def _place_files(host: Host, project: ProjectFiles, lock: Lock, folder: Path) -> None:
    """Put every pinned file into the folder `wheels` below `folder`."""
    host.makedirs(folder / WHEELS)
    for target in lock.targets:
        for wheel in _open(host, project, target).fetch(pinned_files(lock, target)):
            place = folder / WHEELS / wheel.pin.file.filename
            host.remove(place)
            host.link_or_copy(wheel.path, place)
