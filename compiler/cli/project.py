"""The project that lock commands work on: manifest, programs and mochi.lock, found from where one is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, final

import click
from attrs import frozen

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import Target
from ...ir.lock import Lock
from ...ir.source import SourceFile
from ..host import Host
from ..lockfile import read_lock
from ..request import Request
from .options import FREE_THREADED, find_manifest, find_programs, lock_path, source_options

Command = TypeVar("Command", bound=Callable[..., Any])


@final
@frozen
class ProjectFiles:
    """Where a project lies: `lock` is the path of mochi.lock, whether it is there or not."""

    folder: Path
    lock: Path
    request: Request


def project_options(command: Command) -> Command:
    """Add the programs of a project, its manifest, and where answers come from."""
    for option in (
        source_options,
        click.option(
            "--manifest", type=click.Path(dir_okay=False), help="The mochi.toml to obey [the nearest]."
        ),
        click.argument("programs", nargs=-1, type=click.Path(dir_okay=False), metavar="[FILE.mochi]..."),
    ):
        command = option(command)
    return command


def open_project(host: Host, options: dict[str, Any], target: Target | None = None) -> ProjectFiles:
    """Read the project that `options` name; without programs, those beside the manifest and below `src`."""
    manifest = options["manifest"] or find_manifest(host, options["programs"])
    lock = Path(lock_path(manifest, options["programs"]))
    folder = lock.parent
    programs = list(dict.fromkeys(options["programs"])) or find_programs(host, folder)
    if not programs and not manifest:
        raise click.UsageError("there is no mochi.toml and no program here: name one")
    content = host.find_bytes(lock)
    request = Request(
        programs=tuple(read_source(host, path) for path in programs),
        manifest=read_source(host, manifest) if manifest else None,
        target=target or Target(),
        offline=options["offline"],
        index_url=options["index_url"],
        lock=None if content is None else SourceFile(str(lock), decode(content)),
        free_threaded=options.get("runtime") == FREE_THREADED,
        allow_untested=bool(options.get("allow_untested")),
        confirm_gil=bool(options.get("confirm_freethread")),
    )
    return ProjectFiles(folder, lock, request)


def require_lock(project: ProjectFiles) -> Lock:
    """Return the lock of `project`; raises `DiagnosticError` where there is none or it cannot be read."""
    source = project.request.lock
    lock, problems = read_lock(source) if source else (None, ())
    if source is not None and problems:
        raise DiagnosticError(*problems)
    if lock is None:
        raise missing_lock(project)
    return lock


def missing_lock(project: ProjectFiles) -> DiagnosticError:
    """Return the error of a command that needs a lock where there is none."""
    help = "run `mochic-py pkg lock` and commit the file it writes"
    return DiagnosticError(codes.LOCK_MISSING.at(None, f"there is no `{project.lock}`", help=help))


def decode(content: bytes) -> str:
    """Return `content` as text; what is not UTF-8 is kept as lone surrogates (PEP 383)."""
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return what `decode` made `text` of."""
    return text.encode("utf-8", "surrogateescape")


def read_source(host: Host, path: str) -> SourceFile:
    """Return the file at `path` as a text."""
    return SourceFile(path, decode(host.read_bytes(Path(path))))


def list_targets(platforms: Sequence[str], pythons: Sequence[tuple[int, int, bool]]) -> list[Target]:
    """Return every pair of a platform and a version of Python."""
    return [Target(platform, version[:2], version[2]) for platform in platforms for version in pythons]
