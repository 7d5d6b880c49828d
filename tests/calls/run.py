"""`make corpus-calls` and `make outside`: real calls through compiled wrappers, beside direct ones.

For packages outside of the corpus the shares of what is bound are checked too: those of the corpus are
the work of `mochic-py report --corpus`.

A folder holds a case file for each package, named like its alias. A case file has `SPEC`, the
package to compile, and `calls(w)`, which yields a name, a call through the wrapper `w` and the
direct call. What the two give is compared by `outcome.py`, in the workspace's own Python.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
OUT = HERE.parent.parent / "out" / "calls"
LEAST = 8
"""How many calls a case file has at least."""
REPORT = "report.json"
EACH = 0.92
"""The share of a package's public callables and properties that is bound or degraded at least."""
OVERALL = (0.97, 0.82)
"""The shares over all packages: bound or degraded, bound without loss."""


class Outcome(NamedTuple):
    """What one call gave: `problem` is empty where wrapper and package agree."""

    name: str
    problem: str


def main(arguments: Sequence[str]) -> int:
    """Run the case files of a folder; return 0 when all calls agree and none is missing."""
    folder, *chosen = arguments
    files = [path for path in sorted((HERE / folder).glob("[!_]*.py")) if not chosen or path.stem in chosen]
    specs = {path.stem: read_spec(path) for path in files}
    workspace = prepare(specs, OUT / folder, choose_version())
    failed = report_shares(workspace.parent) if folder == "outside" and not chosen else 0
    with ThreadPoolExecutor(2) as pool:
        for path, found in zip(files, pool.map(lambda path: run(path, workspace), files), strict=True):
            failed += report(path.stem, found)
    print(f"{len(files)} packages, {failed} problems")
    return 1 if failed else 0


def read_spec(path: Path) -> str:
    """Return the value of `SPEC` in a case file, without running it."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="SPEC")], value=ast.Constant(value=str() as spec)):
                return spec
    raise SystemExit(f"{path.name} has no SPEC")


def prepare(specs: dict[str, str], out: Path, version: str) -> Path:
    """Compile and install the packages together for a version of Python; return the workspace."""
    options = ["-o", str(out), "--python", version]
    for alias, spec in specs.items():
        options += ["--package", spec, "--as", alias]
    report = mochic("compile", *options, "--report", "json")
    (out / REPORT).write_text(report, "utf-8")
    mochic("pkg", "install", *options)
    return out / "python_workspace"


def mochic(*arguments: str) -> str:
    """Run the command line; return what it prints."""
    done = subprocess.run([sys.executable, "-m", "mochic_py", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def report_shares(out: Path) -> int:
    """Print how much of each package is bound; return the number of shares that are too low."""
    counts = {
        package["distribution"]: package["counts"]
        for package in json.loads((out / REPORT).read_text("utf-8"))["packages"]
    }
    public, bound, degraded = (
        sum(each[key] for each in counts.values()) for key in ("public", "bound", "degraded")
    )
    counts["all"] = {"public": public, "bound": bound, "degraded": degraded}
    low = 0
    for name, each in counts.items():
        seen = (each["bound"] + each["degraded"]) / each["public"]
        whole = each["bound"] / each["public"]
        least = OVERALL if name == "all" else (EACH, 0.0)
        low += (seen < least[0]) + (whole < least[1])
        print(
            f"{name:16} {each['public']:6} public  {seen:6.1%} bound or degraded  {whole:6.1%} without loss"
        )
    return low


def choose_version() -> str:
    """Return the newest of Python 3.12 to 3.14 on this machine."""
    from mochic_py.compiler.install import find_interpreter

    for minor in (13, 14, 12):
        if find_interpreter((3, minor)):
            return f"3.{minor}"
    raise SystemExit("Python 3.12 or later is needed")


def run(path: Path, workspace: Path) -> list[Outcome]:
    """Return the outcome of each call of a case file."""
    python = next(p for p in workspace.glob(".venv/*/python*") if p.stem == "python")
    done = subprocess.run(
        [python, HERE / "outcome.py", workspace, path], capture_output=True, text=True, timeout=600
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found = [Outcome(**json.loads(line)) for line in lines]
    if done.returncode:
        found.append(Outcome("(all)", done.stderr.strip() or f"exit status {done.returncode}"))
    return found


def report(package: str, found: Sequence[Outcome]) -> bool:
    """Print a line for a package and one for each difference; tell whether there is any."""
    problems = list(list_problems(found))
    print(f"{package:14} {len(found):3} calls  {'differs' if problems else 'equal'}", flush=True)
    for line in problems:
        print(f"    {line}")
    return bool(problems)


def list_problems(found: Sequence[Outcome]) -> Iterator[str]:
    """Yield what is wrong with the calls of a package."""
    if len(found) < LEAST:
        yield f"fewer than {LEAST} calls"
    for each in found:
        if each.problem:
            yield f"{each.name}: {each.problem}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
