"""Runs `runtime/sandbox.py`: what foreign modules hold, found by importing them where they can do no harm.

What comes back is not trusted: sizes are bounded, links are not followed, and the stubs are read by the
same parser as any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final, final

from attrs import frozen

from ..ir.diagnostics import DiagnosticError
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from .host import Completed, Host

_SCRIPT: Final = "sandbox.py"
_MAX_STUB: Final = 8 * 1024 * 1024
_MAX_RESULT: Final = 4 * 1024 * 1024
# A module may end the process; the rest is then tried without it, but not forever.
_MAX_STARTS: Final = 5


@final
@frozen
class Limits:
    """What a run may use: bytes of address space, seconds of processor time, seconds on the clock."""

    memory: int = 3 * 1024**3
    cpu: int = 60
    wall: float = 120.0


@final
@frozen
class Failure:
    """A module that could not be described, and why."""

    module: str
    reason: SkipReason
    detail: str


@final
@frozen
class Inspection:
    """What a run found.

    `protection` says how the modules were held; `stubs` are pairs of module and text. `network` is
    the first attempt of a module that was described to use the network. `error` is set when the run
    itself failed.
    """

    protection: str = ""
    stubs: tuple[tuple[str, str], ...] = ()
    failures: tuple[Failure, ...] = ()
    network: str = ""
    error: str = ""


@final
@frozen
class Surroundings:
    """Where a run finds things: interpreter, folders of packages and of the tool, and the tool's module."""

    python: str
    packages: tuple[str, ...]
    tools: tuple[str, ...]
    tool: str


def script() -> str:
    """Return the text of the script; results depend on it."""
    return files(__package__.rpartition(".")[0]).joinpath("runtime", _SCRIPT).read_text("utf-8")


def inspect_modules(
    modules: Sequence[str],
    known: Sequence[str],
    around: Surroundings,
    host: Host,
    limits: Limits = Limits(),
) -> Inspection:
    """Return stubs of `modules`, which belong to a package whose modules are `known`."""
    found = Inspection()
    rest = list(modules)
    for _ in range(_MAX_STARTS):
        if not rest:
            return found
        run, culprit = _run(rest, known, around, host, limits)
        found = Inspection(
            run.protection or found.protection,
            (*found.stubs, *run.stubs),
            (*found.failures, *run.failures),
            found.network or run.network,
            run.error,
        )
        if run.error or not culprit:
            return found
        settled = {name for name, _ in run.stubs} | {failure.module for failure in run.failures}
        rest = [name for name in rest if name not in settled]
    unsettled = tuple(Failure(name, SkipReason.IMPORT_TIME_ERROR, "not reached") for name in rest)
    return evolve(found, failures=(*found.failures, *unsettled))


def _run(
    modules: Sequence[str], known: Sequence[str], around: Surroundings, host: Host, limits: Limits
) -> tuple[Inspection, str]:
    """Run the script once; return also the module that ended it early."""
    job = {
        "modules": list(modules),
        "known": list(known),
        "tools": list(around.tools),
        "tool": around.tool,
    }
    with open_child(host) as child:
        with as_file(files(__package__.rpartition(".")[0]).joinpath("runtime", _SCRIPT)) as path:
            ended = child.finish(path, job, around, limits, host)
        return _read_result(child.out, ended, host)


# --- one run ----------------------------------------------------------------------------


@final
@frozen
class Child:
    """The folders of one run: its results go to `out`, and `home` is for what it imports."""

    folder: Path

    @property
    def out(self) -> Path:
        """Where the results go."""
        return self.folder / "out"

    @property
    def home(self) -> Path:
        """The working folder of what is imported."""
        return self.folder / "home"

    def run(
        self, script: Path, job: Mapping[str, object], around: Surroundings, limits: Limits, host: Host
    ) -> Completed:
        """Have `script` of the runtime do `job`, beside what holds every job; raises `DiagnosticError`."""
        whole = {
            **job,
            "packages": list(around.packages),
            "out": str(self.out),
            "home": str(self.home),
            "read": readable(around),
            "memory": limits.memory,
            "cpu": limits.cpu,
        }
        path = self.folder / "job.json"
        host.write_bytes_atomic(path, json.dumps(whole).encode())
        # Without `site`, as `.pth` files of the packages would run before the sandbox closes.
        command = [around.python, "-s", "-S", "-P", "-B", str(script), str(path)]
        return host.run(command, folder=self.home, environ=environ(str(self.home)), timeout=limits.wall)

    def finish(
        self, script: Path, job: Mapping[str, object], around: Surroundings, limits: Limits, host: Host
    ) -> str:
        """Do as `run`; return what was wrong with that."""
        try:
            done = self.run(script, job, around, limits, host)
        except DiagnosticError as error:
            return error.diagnostics[0].message
        return f"the process ended with status {done.returncode}" if done.returncode else ""


@contextmanager
def open_child(host: Host) -> Iterator[Child]:
    """Make the folders of a run, and remove them after it."""
    child = Child(host.make_temporary_folder("mochic-py-inspect-"))
    try:
        host.makedirs(child.out)
        host.makedirs(child.home)
        yield child
    finally:
        _discard(child.folder, host)


def readable(around: Surroundings) -> list[str]:
    """Return the folders an interpreter needs; homes are not among them."""
    prefix = str(Path(around.python).parent.parent)
    system = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/nix/store", "/proc", "/sys"]
    devices = ["/dev/urandom", "/dev/random", "/dev/zero"]
    return [prefix, *around.packages, *around.tools, *system, *devices]


def environ(home: str) -> dict[str, str]:
    """Return the environment of a child: its own home, and one thread for each numeric library."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "HOME": home,
        "TMPDIR": home,
        "TMP": home,
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        **dict.fromkeys(threads, "1"),
    }


def _read_result(out: Path, ended: str, host: Host) -> tuple[Inspection, str]:
    text = host.read_inside(out, "result.json", _MAX_RESULT)
    try:
        result = json.loads(text or b"")
        protection, network = str(result["protection"]), str(result["network"])
        tool, culprit = str(result["tool"]), str(result["current"])
        done = [str(name) for name in result["done"]]
        failed = {str(name): (str(why), str(net)) for name, (why, net) in result["failed"].items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return Inspection(error=ended or "the process left no result"), ""
    if tool:
        return Inspection(protection, error=tool), ""
    failures = [_failure(name, why, net) for name, (why, net) in failed.items()]
    stubs = []
    for name in done:
        stub = host.read_inside(out, name.replace(".", "/") + ".pyi", _MAX_STUB)
        if stub is None:
            failures.append(Failure(name, SkipReason.UNTYPED_PACKAGE, "its stub is not there or too large"))
        else:
            stubs.append((name, stub.decode("utf-8", "replace")))
    if culprit:
        failures.append(Failure(culprit, SkipReason.IMPORT_TIME_ERROR, ended or "it ended the process"))
    return Inspection(protection, tuple(stubs), tuple(failures), network), culprit


def _failure(module: str, detail: str, network: str) -> Failure:
    if network:
        return Failure(module, SkipReason.IMPORT_TIME_NETWORK, f"{detail} ({network})")
    return Failure(module, SkipReason.IMPORT_TIME_ERROR, detail)


def _discard(folder: Path, host: Host) -> None:
    """Remove the folder; what foreign code left undeletable there is left to the system."""
    try:
        host.remove_tree(folder)
    except DiagnosticError:
        return
