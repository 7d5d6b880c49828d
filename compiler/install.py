"""`pkg install`: an environment beside the wrappers, made by uv from the pins.

uv sees only files that this program downloaded and verified, named as the index names
them, or as uv knows their tags; it never goes to the network itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import final

from attrs import frozen

from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from ..ir.dist import Target
from .host import Host
from .resolve.download import CachedWheel
from .resolve.tags import name_for_installers


@final
@frozen
class Interpreter:
    """A Python on this machine: absolute path of its executable, and (major, minor)."""

    path: str
    version: tuple[int, int]


def find_interpreter(python: tuple[int, int], free_threaded: bool = False) -> Interpreter | None:
    """Return an installed CPython of exactly this minor version, or None."""
    import findpython  # deferred: only `pkg install` and `doctor` look for interpreters

    found = findpython.find_all(*python, implementation="cpython", freethreaded=free_threaded)
    return Interpreter(str(found[0].real_path), python) if found else None


@final
@frozen
class FoundInterpreter:
    """A CPython as it was found: its whole version, its build, and the path of its executable."""

    version: str
    free_threaded: bool
    path: str


def find_interpreters() -> tuple[FoundInterpreter, ...]:
    """Return every CPython 3 on this machine once, the newest first."""
    import findpython

    found = findpython.find_all(3, implementation="cpython")
    rows = (FoundInterpreter(str(each.version), each.freethreaded, str(each.real_path)) for each in found)
    return tuple(dict.fromkeys(rows))


def install(host: Host, wheels: Sequence[CachedWheel], target: Target, workspace: Path) -> str:
    """Make `<workspace>/.venv` hold exactly `wheels` and return the path of its Python.

    Raises `DiagnosticError` when no interpreter of the target's version is installed or
    uv refuses.
    """
    interpreter = find_interpreter(target.python, target.free_threaded)
    if interpreter is None:
        version = f"{target.python[0]}.{target.python[1]}{'t' if target.free_threaded else ''}"
        raise DiagnosticError(
            codes.NO_INTERPRETER.at(
                None,
                f"no CPython {version} is installed on this machine",
                help=f"install CPython {version}, or compile for an installed one with `--python X.Y`",
            )
        )
    environment = workspace / ".venv"
    _uv(host, ["venv", "--quiet", "--allow-existing", "--python", interpreter.path, str(environment)])
    python = host.venv_python(environment)
    with host.temporary_folder() as folder:
        for wheel in wheels:
            host.link_or_copy(wheel.path, f"{folder}/{name_for_installers(wheel.pin.file.filename)}")
        lines = [f"{w.pin.name}=={w.pin.version} --hash=sha256:{w.hashes.sha256}\n" for w in wheels]
        listed = f"{folder}/requirements.txt"
        host.write_bytes_atomic(listed, "".join(lines).encode())
        sync = ["pip", "sync", "--quiet", "--python", python, "--no-index", "--find-links", folder]
        _uv(host, [*sync, "--require-hashes", listed])
    return python


def _uv(host: Host, arguments: Sequence[str]) -> None:
    import uv  # deferred: it only tells where its executable lies

    try:
        program = uv.find_uv_bin()
    except FileNotFoundError:
        help = "install `uv` again into the environment of mochic-py"
        raise DiagnosticError(
            codes.INSTALL_FAILED.at(None, "the executable of uv is gone", help=help)
        ) from None
    done = host.run([program, *arguments, "--no-python-downloads", "--offline", "--no-config"])
    if done.returncode != 0:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise DiagnosticError(
            codes.INSTALL_FAILED.at(None, f"uv could not {arguments[0]} the environment", notes=(reason,))
        )
