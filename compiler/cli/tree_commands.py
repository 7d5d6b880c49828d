"""`mochic-py pkg tree`, `pkg why` and `pkg outdated`: questions to the lock."""

from __future__ import annotations

import sys
from typing import Any

import click
from packaging.utils import canonicalize_name

from ...ir.diagnostics import Diagnostic, DiagnosticError
from ...ir.dist import Target
from ...ir.lock import Lock
from ...ir.parts import evolve
from ..cache import Cache
from ..lock_tree import find_chains, format_tree, needs, requirement_name, root_names
from ..locked import find_locked, select_packages
from ..outdated import find_outdated
from ..session import Session
from .options import format_option, open_host
from .project import open_project, project_options, require_lock
from .show import print_json

SCHEMA = 1


@click.command("tree")
@project_options
@format_option
def tree_command(form: str, **options: Any) -> int:
    """Show what is locked, and what needs what."""
    lock = require_lock(open_project(open_host(), options))
    if form == "json":
        print_json({"schema": SCHEMA, "targets": [_tree_as_json(lock, target) for target in lock.targets]})
        return 0
    for target in lock.targets:
        if len(lock.targets) > 1:
            sys.stdout.write(f"# {target}\n")
        sys.stdout.writelines(f"{line}\n" for line in format_tree(lock, select_packages(lock, target)))
    return 0


@click.command("why")
@click.argument("name")
@project_options
@format_option
def why_command(name: str, form: str, **options: Any) -> int:
    """Show what NAME is locked for."""
    lock = require_lock(open_project(open_host(), options))
    package = find_locked(lock, canonicalize_name(name))
    if isinstance(package, Diagnostic):
        raise DiagnosticError(package)
    chains = dict.fromkeys(
        chain
        for target in lock.targets
        for chain in find_chains(lock, select_packages(lock, target), package.name)
    )
    if form == "json":
        causes = [{"chain": list(chain), "asked": _asked_as(lock, chain[0])} for chain in chains]
        print_json({"schema": SCHEMA, "name": package.name, "version": package.version, "causes": causes})
        return 0
    sys.stdout.write(f"{package.name} {package.version}\n")
    for chain in chains:
        wanted = " -> ".join(chain)
        asked = ", ".join(_asked_as(lock, chain[0]))
        sys.stdout.write(f"  {wanted}  (asked for: {asked})\n")
    return 0


@click.command("outdated")
@project_options
@format_option
def outdated_command(form: str, **options: Any) -> int:
    """List what has a newer version than the one locked, and whether the requirements admit it."""
    host = open_host()
    project = open_project(host, options)
    lock = require_lock(project)
    target = lock.targets[0] if lock.targets else Target()
    session = Session(host, Cache(host), evolve(project.request, target=target, lock=None))
    rows = find_outdated(lock, session, project.request)
    if form == "json":
        listed = [
            {"name": r.name, "locked": r.locked, "fitting": r.fitting, "newest": r.newest} for r in rows
        ]
        print_json({"schema": SCHEMA, "outdated": listed})
        return 0
    for row in rows:
        note = "" if row.fitting == row.newest else f"  (the requirements admit {row.fitting})"
        sys.stdout.write(f"{row.name} {row.locked} -> {row.newest}{note}\n")
    return 0


def _tree_as_json(lock: Lock, target: Target) -> dict[str, Any]:
    packages = select_packages(lock, target)
    listed = [
        {"name": name, "version": package.version, "needs": list(needs(package))}
        for name, package in sorted(packages.items())
    ]
    return {"target": str(target), "asked": root_names(lock, packages), "packages": listed}


def _asked_as(lock: Lock, name: str) -> list[str]:
    return [text for text in lock.requirements if requirement_name(text) == name]
