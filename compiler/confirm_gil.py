"""What a Python without the GIL makes of modules whose word on it cannot be read from their files.

Each is imported on its own in a sandbox (`runtime/gil_witness.py`): the first one that needs the GIL turns it
on for good, so that nothing could be seen of the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from importlib.resources import as_file, files
from typing import Final, final

from attrs import frozen

from ..ir import codes
from ..ir.binary import GilVerdict
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Target
from .cache import Cache
from .gate import require_files
from .host import Host
from .inspection import LIMITS
from .machine import this_platform
from .probe import find_kept_interpreter
from .resolve.download import CachedWheel
from .resolve.tags import wheel_tags
from .sandbox import Limits, Surroundings, open_child
from .unpack import unpack_wheels

_MAX_RESULT: Final = 1 << 20
_SCRIPT: Final = "gil_witness.py"
_MINORS: Final = (13, 14, 15)
"""The versions of Python that have a build without the GIL."""


@final
@frozen
class Confirmation:
    """The verdict on a module that was imported; still unknown where `reason` says why."""

    module: str
    verdict: GilVerdict = GilVerdict.UNKNOWN
    reason: str = ""


def find_unknown(verdicts: Mapping[str, GilVerdict]) -> list[str]:
    """Return the modules that nothing can be read of, sorted."""
    return sorted(name for name, verdict in verdicts.items() if verdict is GilVerdict.UNKNOWN)


def free_targets() -> tuple[Target, ...]:
    """Return this machine with each Python that has a build without the GIL."""
    return tuple(Target(this_platform(), (3, minor), free_threaded=True) for minor in _MINORS)


def confirm(
    modules: Sequence[str],
    closure: Sequence[CachedWheel],
    targets: Iterable[Target],
    host: Host,
    store: Cache,
    limits: Limits = LIMITS,
) -> tuple[Confirmation, ...]:
    """Return what importing `modules` of the first wheel of `closure` shows; the others are what it needs.

    Nothing is imported where no Python of `targets` is here and loads the wheel.
    """
    try:
        target, python = _find_python(closure[0].pin.file.filename, targets, host, store)
        require_files(closure, target, host, store)
        with host.temporary_folder() as folder:
            unpack_wheels(closure, folder, python, host)
            around = Surroundings(python, (folder,), (), "")
            return tuple(witness(module, around, host, limits) for module in modules)
    except DiagnosticError as error:
        reason = error.diagnostics[0].message
        return tuple(Confirmation(module, reason=reason) for module in modules)


def unconfirmed(package: str, found: Iterable[Confirmation]) -> tuple[Diagnostic, ...]:
    """Return a warning (PY555) for what stays unknown of `package`, by reason."""
    by_reason: dict[str, list[str]] = {}
    for each in found:
        if each.verdict is GilVerdict.UNKNOWN:
            by_reason.setdefault(each.reason, []).append(f"`{each.module}`")
    return tuple(
        codes.GIL_UNCONFIRMED.at(
            None, f"nobody knows whether {', '.join(names)} of `{package}` needs the GIL: {reason}"
        )
        for reason, names in sorted(by_reason.items())
    )


def witness(module: str, around: Surroundings, host: Host, limits: Limits = LIMITS) -> Confirmation:
    """Import `module` in a process of its own; return what was seen."""
    try:
        with open_child(host) as child:
            with ExitStack() as stack:
                scripts = files(__package__.rpartition(".")[0]).joinpath("runtime")
                script, sandbox = (
                    stack.enter_context(as_file(scripts.joinpath(name))) for name in (_SCRIPT, "sandbox.py")
                )
                job = {"module": module, "sandbox": str(sandbox)}
                done = child.run(script, job, around, limits, host)
            ended = f"importing it ended the process with status {done.returncode}"
            return _judge(module, host.read_inside(child.out, "seen.json", _MAX_RESULT), ended)
    except DiagnosticError as error:
        return Confirmation(module, reason=error.diagnostics[0].message)


def _judge(module: str, raw: bytes | None, ended: str) -> Confirmation:
    try:
        seen = json.loads(raw or b"")
        before, after, error = bool(seen["before"]), bool(seen["after"]), str(seen["error"])
        blamed = [str(name) for name in seen["blamed"]]
    except (ValueError, LookupError, TypeError):
        return Confirmation(module, reason=ended)
    if before:
        return Confirmation(module, reason="the Python that imported it has the GIL on from the start")
    if module in blamed:
        return Confirmation(module, GilVerdict.USED)
    if error:
        return Confirmation(module, reason=f"it cannot be imported: {error}")
    if after:
        other = f"`{blamed[0]}`" if blamed else "something else"
        return Confirmation(module, reason=f"importing it loads {other}, which turns the GIL on")
    return Confirmation(module, GilVerdict.NOT_USED)


def _find_python(filename: str, targets: Iterable[Target], host: Host, store: Cache) -> tuple[Target, str]:
    """Return an interpreter here that loads the wheel of this name; raises `DiagnosticError`."""
    tag = "-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:])
    free = (each for each in targets if each.free_threaded and each.platform == this_platform())
    fitting = [target for target in free if wheel_tags(target).rank(tag) is not None]
    if not fitting:
        message = "its wheel is not for a Python without the GIL on this machine"
        raise DiagnosticError(codes.GIL_UNCONFIRMED.at(None, message))
    for target in fitting:
        if python := find_kept_interpreter(target, host, store):
            return target, python
    versions = " or ".join(f"{target.python[0]}.{target.python[1]}t" for target in fitting)
    message = f"no CPython {versions} is installed here to import it"
    raise DiagnosticError(codes.NO_INTERPRETER.at(None, message))
