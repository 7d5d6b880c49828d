"""How the bound surface of a package differs between two locks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import final

from attrs import frozen

from ..backends.lockfile import emit_lock
from ..backends.target import Artifact
from ..ir.lock import Lock
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .bind import bind_package
from .cache import Cache
from .compile import make_settings
from .host import Host
from .lock import Project, read_project
from .lock_facts import find_file
from .lock_moves import Move
from .locked import select_packages
from .lockfile import LOCK_FILE
from .request import Request
from .session import Session, read_wheels


@final
@frozen
class ApiChange:
    """A declaration that came (`before` is empty), went (`after` is empty) or changed."""

    name: str
    before: str
    after: str


@final
@frozen
class MovedPackage:
    """An imported package that moved, under its first alias, and how its surface changed."""

    move: Move
    alias: str
    changes: tuple[ApiChange, ...]


def find_api_changes(
    before: Lock, after: Lock, moves: tuple[Move, ...], request: Request, host: Host
) -> tuple[MovedPackage, ...]:
    """Return every imported package of `moves` that both locks have, with the changes of its surface.

    Both versions are bound for the first target of `after`. Raises `DiagnosticError` where a file
    cannot be had.
    """
    project, _ = read_project(request)
    found = []
    for move in moves:
        aliases = project.aliases(move.name)
        if move.before and move.after and aliases:
            surfaces = [
                _bind(lock, move.name, aliases[0], project, request, host) for lock in (before, after)
            ]
            found.append(MovedPackage(move, aliases[0], compare_surfaces(*surfaces)))
    return tuple(found)


def compare_surfaces(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[ApiChange, ...]:
    """Return what differs between two surfaces, by name; a surface holds signatures by name."""
    return tuple(
        ApiChange(name, before.get(name, ""), after.get(name, ""))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _bind(
    lock: Lock, name: str, alias: str, project: Project, request: Request, host: Host
) -> dict[str, str]:
    """Return the signatures of what the shim of a locked package declares."""
    target = lock.targets[0]
    packages = select_packages(lock, target)
    text = SourceFile(LOCK_FILE, emit_lock(lock))
    session = Session(host, Cache(host), evolve(request, target=target, lock=text))
    pins = [package.pin for package in packages.values()]
    wheels = session.fetch_with_stubs([packages[name].pin], pins)[0]
    raw, _ = read_wheels(wheels, target, host)
    bound = bind_package(alias, raw, make_settings(session.request, project.manifest.python), host.clock)
    return read_surface(bound.files)


def read_surface(files: Iterable[Artifact]) -> dict[str, str]:
    """Return the signatures of what is declared, by name, from the files of an alias."""
    table = json.loads(find_file(files, "_symbols.json").content)
    return {row["mochi"]: row["signature"] for row in (*table["types"], *table["symbols"])}
