"""The Mochi compiler of the machine, where there is one: it makes the Python of a module."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from .host import Completed, Host

TIMEOUT: Final = 600.0
"""Seconds that a module may take."""
_SHOWN: Final = 10
"""How many lines of what it said are shown, the last ones."""
_WIDTH: Final = 400


def compile_to_python(module: Path, out: Path, host: Host) -> tuple[str, ...]:
    """Have `mochi` write the Python of `module` to the folder `out`; return the last of what it said.

    Raises `DiagnosticError` where there is no `mochi` or it fails (PY561), cannot be started or does not end
    (PY432).
    """
    program = host.find_program("mochi")
    if program is None:
        message = f"the Python of `{module.name}` is not there, and `mochi` is not on the search path"
        help = "name the folder that the Mochi compiler wrote: `--compiled DIR`"
        raise DiagnosticError(codes.NO_COMPILED_CODE.at(None, message, help=help))
    command = [program, "build", "--target=python-source", f"--out={out}", str(module)]
    done = host.run(command, folder=host.base, timeout=TIMEOUT)
    said = _last_lines(done)
    if done.returncode:
        message = f"`mochi build` failed for `{module.name}` (exit status {done.returncode})"
        raise DiagnosticError(codes.NO_COMPILED_CODE.at(None, message, notes=said))
    return said


def _last_lines(done: Completed) -> tuple[str, ...]:
    text = done.stderr if done.stderr.strip() else done.stdout
    lines = [line[:_WIDTH] for line in text.splitlines() if line.strip()]
    return tuple(lines[-_SHOWN:])
