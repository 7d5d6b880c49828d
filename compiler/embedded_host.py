"""The host program for the embedded runtime: `runtime/embed` compiled once, kept in the cache.

It takes the place of a worker's interpreter: `Worker(workspace, python=PATH)` of `runtime/client`
then calls functions in a process of C that has Python inside.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from .host import Host
from .machine import cache_dir

PROGRAM = "mochi_embed_run"
_FLAGS = ("-std=c11", "-O2")
_LIBRARIES = ("-lpthread", "-ldl")
_PATIENCE = 120.0
"""Seconds to wait for another process that compiles the same."""


def build_host(host: Host) -> Path:
    """Return the path of the host program, compiled if there is none for these sources and this compiler.

    Raises `DiagnosticError` where there is no C compiler, or where it fails.
    """
    sources = read_sources()
    compiler = _find_compiler(host)
    flags = [*_FLAGS, *_LIBRARIES]
    version = host.run([compiler, "--version"]).stdout
    digest = hashlib.sha256(repr((sorted(sources.items()), flags, version)).encode()).hexdigest()[:32]
    program = cache_dir(host.environ) / "hosts" / digest / PROGRAM
    if host.exists(program):
        return program
    host.makedirs(program.parent)
    with host.exclusive(program.parent / ".lock", _PATIENCE), host.temporary_folder() as folder:
        if host.exists(program):
            return program
        for name, content in sources.items():
            host.makedirs(Path(folder, name).parent)
            host.write_bytes_atomic(Path(folder, name), content)
        units = sorted(name for name in sources if name.endswith(".c"))
        made = program.with_suffix(".new")
        command = [compiler, *_FLAGS, "-o", str(made), *units, *_LIBRARIES]
        done = host.run(command, folder=Path(folder))
        if done.returncode:
            message = f"`{compiler}` could not compile the host program"
            raise DiagnosticError(codes.SUBPROCESS_FAILED.at(None, message, notes=(done.stderr.strip(),)))
        host.move(made, program)
    return program


def read_sources() -> dict[str, bytes]:
    """Return the C files of the library and of the program, by their place."""
    folder = files(f"{__package__.rpartition('.')[0]}.runtime").joinpath("embed")
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith((".c", ".h"))}
    for each in folder.joinpath("host").iterdir():
        if each.name.endswith(".c"):
            found[f"host/{each.name}"] = each.read_bytes()
    return found


def _find_compiler(host: Host) -> str:
    chosen = host.environ.get("CC")
    for name in (chosen,) if chosen else ("cc", "gcc", "clang"):
        if name and (found := host.find_program(name)):
            return found
    help = "install one or name it in CC, or use `--runtime=subprocess`"
    missing = codes.SUBPROCESS_FAILED.at(None, "the embedded runtime needs a C compiler", help=help)
    raise DiagnosticError(missing)
