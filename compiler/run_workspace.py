"""A workspace to call functions in, kept below the cache: one for everything that may be asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import final

from attrs import field, frozen

from .. import __version__
from ..backends.workspace import WORKSPACE, read_runtime, runtime_files
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Target
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .host import Host
from .install import find_interpreter
from .request import Request

FOLDER = "run"
MINORS = (13, 14, 12)
"""The versions of Python that run workspaces, the first choice first."""
FREE_MINORS = (14, 13)
"""Those that do without the GIL: later ones are supported, and more packages are made for them."""
_READY = ".ready"


@final
@frozen
class Prepared:
    """A workspace with its environment, and what was said while it was made."""

    workspace: Path
    diagnostics: tuple[Diagnostic, ...] = ()
    sources: Mapping[str, SourceFile] = field(factory=dict)


def find_workspace(
    host: Host, request: Request, platform: str, folder: Path, *, fresh: bool = False
) -> Prepared:
    """Return the workspace that holds what `request` asks for, made below `folder` if need be.

    It is for an installed Python of this platform. Raises `DiagnosticError` where it cannot be made.
    """
    free = request.free_threaded
    for minor in (FREE_MINORS if free else MINORS) if not fresh else ():
        place = folder / FOLDER / _digest(evolve(request, target=Target(platform, (3, minor), free)))
        if host.exists(place / _READY):
            return Prepared(place / WORKSPACE)
    from .run_install import make_workspace  # the whole compiler, not needed for what is there already

    request = evolve(request, target=Target(platform, _choose_python(free), free))
    place = folder / FOLDER / _digest(request)
    result = make_workspace(host, request, place)
    host.write_bytes_atomic(place / _READY, b"")
    return Prepared(place / WORKSPACE, result.diagnostics, result.sources)


def _choose_python(free: bool) -> tuple[int, int]:
    for minor in FREE_MINORS if free else MINORS:
        if find_interpreter((3, minor), free):
            return 3, minor
    if free:
        message = "no free-threaded CPython 3.13 or 3.14 is installed on this machine"
        help = "put `python3.14t` or `python3.13t` on PATH, or choose another `--runtime`"
        raise DiagnosticError(codes.NO_INTERPRETER.at(None, message, help=help))
    message = "no CPython from 3.12 to 3.14 is installed on this machine"
    raise DiagnosticError(codes.NO_INTERPRETER.at(None, message, help="install one of them"))


def _digest(request: Request) -> str:
    """Return what names the workspace of `request`: all that it asks for, and what is copied into it."""
    asked = [
        __version__,
        [(each.path, each.text) for each in request.programs],
        [(each.spec, each.alias) for each in request.packages],
        [(each.path, each.text) for each in (request.manifest, request.lock) if each is not None],
        str(request.target),
        request.index_url,
        request.allow_untested,
        [read_runtime(name) for name in runtime_files()],
    ]
    return hashlib.sha256(json.dumps(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]
