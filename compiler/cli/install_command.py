"""`mochic-py pkg install`: the environment of a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ...backends.workspace import WORKSPACE
from ...ir.diagnostics import Severity
from ...ir.parts import evolve
from ..cache import Cache
from ..compile import collect
from ..freethread import check_resolution, choose_build, read_policy
from ..gate import check_files
from ..install import install
from ..session import Session
from . import EXIT_FAILED
from .compile_run import make_request
from .options import (
    DEFAULT_OUT,
    PackageCommand,
    color_option,
    find_lock,
    find_manifest,
    find_programs,
    freethread_options,
    input_options,
    open_host,
    pair_packages,
    target_options,
    wants_color,
)
from .resolve_options import resolve_options, steer
from .show import show_diagnostics


@click.command("install", cls=PackageCommand)
@input_options
@click.option("-o", "--out", default=DEFAULT_OUT, show_default=True, help="Folder of the workspace.")
@target_options
@freethread_options
@resolve_options
@color_option
def install_command(**options: Any) -> int:
    """Install what FILEs import, and packages named by --package, into the workspace's .venv.

    Without either, the programs beside mochi.toml and below its folder `src` count.
    """
    options["packages"] = pair_packages(options["packages"], options["aliases"])
    host = open_host()
    options["manifest"] = options["manifest"] or find_manifest(host, options["programs"])
    if not options["programs"] and not options["packages"]:
        if not options["manifest"]:
            raise click.UsageError("name a program or a --package")
        options["programs"] = tuple(find_programs(host, Path(options["manifest"]).parent))
    options["lock"] = find_lock(host, options["manifest"], options["programs"])
    files = (*options["programs"], *filter(None, (options["manifest"], options["lock"])))
    contents = {path: host.read_bytes(Path(path)) for path in files}
    request = steer(make_request(options, contents), options, host)
    bindings, read, problems = collect(request)
    request = evolve(request, target=choose_build(request.target, request, read.python))
    session = Session(host, Cache(host), request)
    show_diagnostics(problems, session.sources, wants_color(options["color"]))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return EXIT_FAILED
    wanted = [*(binding.requirement for binding in bindings), *read.dependencies]
    wheels = session.fetch(pins := session.resolve(wanted, stubs=False).pins)
    untested = check_resolution(session, pins, wanted, read_policy(request, read.python))
    refused = (*check_files(wheels, request.target, host, session.cache), *untested)
    show_diagnostics(refused, session.sources, wants_color(options["color"]))
    if any(problem.severity is Severity.ERROR for problem in refused):
        return EXIT_FAILED
    placed = []
    for wheel in wheels:
        editable = session.make_editable(wheel)
        if editable is None:
            sys.stderr.write(
                f"{wheel.pin.name} is installed as a wheel: its build backend makes no editable ones\n"
            )
        placed.append(editable or wheel)
    python = install(host, placed, request.target, Path(options["out"]) / WORKSPACE)
    for wheel in wheels:
        sys.stdout.write(f"{wheel.pin.name}=={wheel.pin.version}\n")
    sys.stderr.write(f"installed {len(wheels)} distributions for {python}\n")
    return 0
