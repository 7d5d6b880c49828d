"""Makes a workspace to call functions in: compiled and installed as `compile` and `pkg install` do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..backends.workspace import WORKSPACE
from ..ir.diagnostics import Diagnostic, DiagnosticError, Severity
from .cache import Cache
from .compile import collect, compile
from .gate import check_files
from .host import Host
from .install import install
from .output import write_output
from .request import Request, Result
from .session import Session


def make_workspace(host: Host, request: Request, folder: Path) -> Result:
    """Write the files of `request` below `folder`, and make its environment.

    Raises `DiagnosticError` where something is wrong with what it asks for.
    """
    result = compile(request, host)
    _stop(result.diagnostics)
    write_output(host, folder, {each.path: each.content for each in result.artifacts})
    session = Session(host, Cache(host), request)
    bindings, manifest, problems = collect(request)
    _stop(problems)
    wanted = [*(binding.requirement for binding in bindings), *manifest.dependencies]
    wheels = session.fetch(session.resolve(wanted, stubs=False).pins)
    _stop(check_files(wheels, request.target, host, session.cache))
    placed = [session.make_editable(wheel) or wheel for wheel in wheels]
    install(host, placed, request.target, folder / WORKSPACE)
    return result


def _stop(problems: Iterable[Diagnostic]) -> None:
    errors = tuple(each for each in problems if each.severity is Severity.ERROR)
    if errors:
        raise DiagnosticError(*errors)
