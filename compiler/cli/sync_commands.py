"""`mochic-py pkg sync`: files made again from the lock."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ...ir.parts import evolve
from ...ir.source import SourceFile
from ..compile import compile
from ..output import write_output
from . import EXIT_FAILED
from .options import DEFAULT_OUT, allow_option, color_option, open_host, wants_color
from .project import decode, missing_lock, open_project, project_options, require_lock
from .show import show_diagnostics
from .sidecar_files import find_sidecars, read_sidecars


@click.group("sync")
def sync_command() -> None:
    """Make files again from the lock, without resolving."""


@sync_command.command("python")
@project_options
@click.option("-o", "--out", default=DEFAULT_OUT, show_default=True, help="Folder to write to.")
@allow_option
@color_option
def python_command(**options: Any) -> int:
    """Write the wrappers and shims of what is locked, without resolving."""
    host = open_host()
    project = open_project(host, options)
    lock = require_lock(project)
    if not lock.targets:
        raise missing_lock(project)
    manifest = project.request.manifest
    programs = [program.path for program in project.request.programs]
    paths = find_sidecars(host, programs, manifest.path if manifest else None)
    contents = {path: SourceFile(path, decode(host.read_bytes(Path(path)))) for path in paths}
    sidecars = read_sidecars(contents, paths)
    request = evolve(project.request, target=lock.targets[0], locked=True, sidecars=sidecars)
    result = compile(request, host)
    show_diagnostics(result.diagnostics, result.sources, wants_color(options["color"]))
    if not result.ok:
        return EXIT_FAILED
    files = {artifact.path: artifact.content for artifact in result.artifacts}
    done = write_output(host, Path(options["out"]), files)
    sys.stderr.write(f"{done.written} of {len(files)} files below {options['out']} were not up to date\n")
    if done.removed:
        sys.stderr.write(f"{done.removed} files that are no longer made were removed\n")
    return 0
