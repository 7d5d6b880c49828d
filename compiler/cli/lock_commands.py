"""`mochic-py pkg lock`: write mochi.lock, or check that it is right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ...ir.dist import Target
from ...ir.parts import evolve
from ...ir.source import SourceFile
from ..api_changes import MovedPackage, find_api_changes
from ..capability_scan import STARTUP_CODE
from ..freethread import choose_build
from ..frontends.pylock import read_pylock
from ..host import Host
from ..lock import Locking, Upgrade, make_lock, read_project
from ..lock_check import check_lock, format_differences
from ..lock_moves import Move
from ..locked import find_locked, find_misfits, find_policy_change
from ..lockfile import read_lock, splice_lock
from ..machine import this_platform
from ..output import remove_abandoned
from ..settings import CAPABILITIES
from . import EXIT_FAILED
from .options import (
    DEFAULT_PYTHON,
    PLATFORMS,
    PythonVersion,
    color_option,
    format_option,
    freethread_options,
    open_host,
    wants_color,
)
from .project import (
    ProjectFiles,
    decode,
    encode,
    list_targets,
    missing_lock,
    open_project,
    project_options,
)
from .resolve_options import resolve_options, steer
from .show import fail_with, print_json, show_diagnostics

SCHEMA = 1
UNIVERSAL = ("linux-x86_64", "linux-aarch64", "macos-arm64", "windows-x86_64")
"""The platforms of a lock that is to serve a team."""


@click.command("lock")
@project_options
@resolve_options
@click.option("--check", is_flag=True, help="Work out every digest again and list what differs.")
@click.option("--locked", is_flag=True, help="Fail if the lock would change; never touch the network.")
@click.option(
    "--upgrade",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Let NAME move, or every package.",
)
@click.option(
    "--update-typeshed", is_flag=True, help="Move the snapshot of the types of Python's own modules."
)
@click.option(
    "--pylock",
    type=click.Path(dir_okay=False),
    help="Take the versions of this pylock.toml for what mochi.lock does not pin, where they fit.",
)
@click.option(
    "--allow-capability",
    "allowed",
    multiple=True,
    type=click.Choice((*CAPABILITIES, STARTUP_CODE)),
    help="Accept this capability from an upgraded package.",
)
@click.option(
    "--universal",
    is_flag=True,
    help=f"Lock for the platforms {', '.join(UNIVERSAL)} in one run; `--target` names others.",
)
@click.option(
    "--target",
    "platforms",
    multiple=True,
    type=click.Choice(PLATFORMS),
    help="Platform to lock for; may be repeated [those of the lock, else this machine].",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    type=PythonVersion(),
    help=f"Python version to lock for; may be repeated [those of the lock, else {DEFAULT_PYTHON}].",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False),
    help="With --check, also compare the wrappers and shims of this output folder.",
)
@freethread_options
@click.option(
    "--confirm-freethread",
    is_flag=True,
    help="Import modules that do not let the GIL be read, in a sandbox and a Python without it.",
)
@format_option
@color_option
def lock_command(**options: Any) -> int:
    """Pin what FILEs import and mochi.toml names, and all they need, in mochi.lock.

    Without FILEs, the programs beside mochi.toml and below its folder `src` count. A pin that still
    fits is kept.
    """
    moves = options["upgrade"] or options["update_typeshed"]
    if options["check"] and (options["locked"] or moves):
        raise click.UsageError("`--check` changes nothing, so `--locked` and `--upgrade` have no place there")
    if options["locked"] and moves:
        raise click.UsageError("`--locked` and `--upgrade` exclude each other")
    if any(name.endswith(".mochi") for name in options["upgrade"]):
        raise click.UsageError("`--upgrade` takes the name of a package: write `--upgrade= FILE` for all")
    host = open_host()
    project = open_project(host, options)
    project = evolve(project, request=steer(project.request, options, host))
    if options["check"]:
        return _check(host, project, options)
    if options["locked"]:
        return _verify(project, options)
    return _lock(host, project, options)


def _lock(host: Host, project: ProjectFiles, options: dict[str, Any]) -> int:
    color = wants_color(options["color"])
    upgrade = _read_upgrade(project, options)
    request = project.request
    if options["pylock"]:
        source = SourceFile(options["pylock"], decode(host.read_bytes(options["pylock"])))
        other, problems = read_pylock(source)
        if other is None:
            return fail_with(problems, {source.path: source}, color)
        versions = {each.name: each.version for each in other.packages if each.version}
        request = evolve(request, prefer={**versions, **request.prefer})
    done = make_lock(request, _find_targets(project, options), host, upgrade)
    if done.lock is None:
        if options["form"] == "json":
            print_json({"schema": SCHEMA, "ok": False, "file": str(project.lock), "moves": []})
        return fail_with(done.diagnostics, done.sources, color)
    before = project.request.lock.text if project.request.lock else ""
    after = splice_lock(before, done.lock)
    if after != before:
        remove_abandoned(host, project.lock)
        host.write_bytes_atomic(project.lock, encode(after), durable=True)
    show_diagnostics(done.diagnostics, done.sources, color)
    changed = _find_changes_of_api(project, done, host) if upgrade else ()
    if options["form"] == "json":
        print_json(
            {
                "schema": SCHEMA,
                "ok": True,
                "file": str(project.lock),
                "changed": after != before,
                "packages": len(done.lock.packages),
                "moves": [{"name": m.name, "before": m.before, "after": m.after} for m in done.moves],
                "api": {
                    each.move.name: [
                        {"name": c.name, "before": c.before, "after": c.after} for c in each.changes
                    ]
                    for each in changed
                },
            }
        )
    else:
        sys.stdout.writelines(map(_show_move, done.moves))
        sys.stdout.writelines(line for package in changed for line in _show_changes(package))
        sys.stderr.write(_summary(project.lock, done, after != before))
    return 0


def _check(host: Host, project: ProjectFiles, options: dict[str, Any]) -> int:
    color = wants_color(options["color"])
    if project.request.lock is None:
        raise missing_lock(project)
    out = Path(options["out"]) if options["out"] else None
    done = check_lock(project.request, host, (lambda path: host.find_bytes(out / path)) if out else None)
    if options["form"] == "json":
        rows = [
            {
                "package": each.package,
                "field": each.field,
                "expected": each.expected,
                "found": each.found,
                "file": each.file,
            }
            for each in done.differences
        ]
        print_json({"schema": SCHEMA, "ok": done.ok, "differences": rows})
    else:
        sys.stdout.writelines(f"{line}\n" for line in format_differences(done.differences))
    found = [*done.diagnostics]
    if done.differences:
        names = sorted({each.package or each.field for each in done.differences})
        message = f"mochi.lock is not what it should be: {len(done.differences)} differences"
        if len(done.differences) == 1:
            message = "mochi.lock is not what it should be: 1 difference"
        help = "do not use a file whose digest differs; for the rest, run `mochic-py pkg lock`"
        found.append(
            codes.LOCK_DIFFERS.at(None, message, notes=(f"it is about {', '.join(names)}",), help=help)
        )
    show_diagnostics(found, done.sources, color)
    return 0 if done.ok else EXIT_FAILED


def _verify(project: ProjectFiles, options: dict[str, Any]) -> int:
    """Compare the lock with what is asked for, without resolving."""
    color = wants_color(options["color"])
    request = project.request
    asked, problems = read_project(request)
    found = [*problems]
    sources = {source.path: source for source in (*request.programs, *filter(None, (request.manifest,)))}
    if request.lock is None:
        raise missing_lock(project)
    sources[request.lock.path] = request.lock
    lock, wrong = read_lock(request.lock)
    found += wrong
    if lock is None and not wrong:
        raise missing_lock(project)
    if lock is not None and not _has_errors(found):
        for target in _find_targets(project, options):
            own = choose_build(target, request, asked.manifest.python)
            found += find_misfits(lock, asked.requirements, own)
        found += find_policy_change(lock, asked.options.tag_policy)
        if not _has_errors(found):
            found += _find_changes(asked.requirement_texts, lock.requirements)
    show_diagnostics(tuple(dict.fromkeys(found)), sources, color)
    if options["form"] == "json":
        print_json({"schema": SCHEMA, "ok": not _has_errors(found), "file": str(project.lock)})
    return EXIT_FAILED if _has_errors(found) else 0


def _find_changes(asked: Iterable[str], locked: Iterable[str]) -> list[Diagnostic]:
    """Return what was asked for since, or is no longer, though the pins serve both."""
    help = "run `mochic-py pkg lock` and commit the new mochi.lock"
    found = []
    for text in sorted({*asked} ^ {*locked}):
        state = "is asked for and was not when mochi.lock was written"
        if text in set(locked):
            state = "was asked for when mochi.lock was written and no longer is"
        found.append(codes.LOCK_OUTDATED.at(None, f"`{text}` {state}", help=help))
    return found


def _find_targets(project: ProjectFiles, options: dict[str, Any]) -> list[Target]:
    """Return the targets that options name; those of the lock where they name none."""
    platforms, pythons = options["platforms"], options["pythons"]
    lock = read_lock(project.request.lock)[0] if project.request.lock is not None else None
    known = lock.targets if lock is not None else ()
    if options["universal"]:
        platforms = platforms or UNIVERSAL
        pythons = pythons or tuple(dict.fromkeys((*each.python, each.free_threaded) for each in known))
    elif known and not platforms and not pythons:
        return list(known)
    python = PythonVersion().convert(DEFAULT_PYTHON, None, None)
    return list_targets(platforms or [this_platform()], pythons or [python])


def _read_upgrade(project: ProjectFiles, options: dict[str, Any]) -> Upgrade:
    names = frozenset(canonicalize_name(name) for name in options["upgrade"] if name)
    lock = read_lock(project.request.lock)[0] if project.request.lock else None
    if lock is not None:
        unknown = [
            found for name in sorted(names) if isinstance(found := find_locked(lock, name), Diagnostic)
        ]
        if unknown:
            raise DiagnosticError(*unknown)
    allowed = frozenset(options["allowed"])
    return Upgrade("" in options["upgrade"], names, allowed, options["update_typeshed"])


def _find_changes_of_api(project: ProjectFiles, done: Locking, host: Host) -> tuple[MovedPackage, ...]:
    before = read_lock(project.request.lock)[0] if project.request.lock else None
    if before is None or done.lock is None:
        return ()
    return find_api_changes(before, done.lock, done.moves, project.request, host)


def _show_changes(package: MovedPackage) -> Iterator[str]:
    """Yield a line for each declaration of `package` that differs."""
    move = package.move
    yield f"{move.name} {move.before} -> {move.after} as {package.alias}: "
    yield f"{len(package.changes) or 'no'} {'change' if len(package.changes) == 1 else 'changes'}\n"
    for change in package.changes:
        if change.before:
            yield f"  - {change.before}\n"
        if change.after:
            yield f"  + {change.after}\n"


def _show_move(move: Move) -> str:
    if not move.before:
        return f"+ {move.name} {move.after}\n"
    if not move.after:
        return f"- {move.name} {move.before}\n"
    return f"  {move.name} {move.before} -> {move.after}\n"


def _summary(path: Path, done: Locking, changed: bool) -> str:
    assert done.lock is not None, "a lock was made"
    count = len(done.lock.packages)
    verb = "now pins" if changed else "already pins"
    return f"{path} {verb} {count} {'distribution' if count == 1 else 'distributions'}\n"


def _has_errors(found: Iterable[Diagnostic]) -> bool:
    return any(each.severity is Severity.ERROR for each in found)
