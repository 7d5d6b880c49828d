"""`make bench-runtime`: what a call of Python costs from C and from Go, with the interpreter in the process.

The functions are those of `tests/embed/shop`: plain ones that return their argument, and the same bound.
*Bare* is a vectorcall in C with Python's lock held, arguments made and results read. *Held* is the library's
call, with the lock held too (between `mochi_enter` and `mochi_leave`); *each* is the library's call on its
own, which takes the lock and gives it back. CPU times, and for Go wall times beside them; medians of rounds
that take turns, in several processes: where a process has its memory makes a fifth of the time of a string.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
HERE = ROOT / "benchmarks" / "embed"
RESULTS = ROOT / "benchmarks" / "results" / "runtime_embed.json"
VERSIONS = ("3.12", "3.13", "3.14", "3.13t")
C_RATIO = 1.5
"""A call from C costs at most so much of a bare vectorcall, the lock held in both."""
PROCESSES = 5
GO_SCALAR = 250.0
"""A call from Go costs at most so many ns, for a plain scalar function."""

sys.path.insert(0, str(ROOT / "tests"))

import embedding  # noqa: E402
import go_toolchain  # noqa: E402

Row = dict[str, object]


def main() -> int:
    """Compile, measure, print; return 0 when all figures keep within their bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", help="version to run, 3.13t for a free-threaded one")
    parser.add_argument("--rounds", type=int, default=5, help="in each process")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        program = embedding.compile_c(Path(place), HERE / "bench.c")
        for version in arguments.python or VERSIONS:
            python = embedding.find_python(version)
            if python is None:
                print(f"{version}: skipped, there is no such interpreter")
                continue
            workspace = embedding.make_workspace(Path(place, version), python)
            rows += judge_c(version, run([program, workspace, arguments.rounds]))
            try:
                rows += judge_go(version, run_go(workspace, arguments.rounds))
            except go_toolchain.NoGoError as error:
                print(f"{version}: Go is skipped, {error}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"calls": rows}, indent=1) + "\n", "utf-8")
    over = [row for row in rows if not row["holds"]]
    print(f"{len(over)} of {len(rows)} over their bars; kept in {RESULTS.relative_to(ROOT)}")
    return 1 if over else 0


def run(command: list[object]) -> dict[str, list[list[float]]]:
    """Run a program that prints a row for each measurement, several times; return the rows by their label."""
    found: dict[str, list[list[float]]] = {}
    for _ in range(PROCESSES):
        done = embedding.run_program(command)
        if done.returncode:
            raise SystemExit(done.stderr)
        for line in done.stdout.splitlines():
            label, *numbers = line.split("\t")
            found.setdefault(label, []).append([float(each) for each in numbers])
    return found


def run_go(workspace: Path, rounds: int) -> dict[str, list[list[float]]]:
    """Build the program in Go beside the packages of the workspace and run it."""
    folder = workspace / "go" / "bench"
    folder.mkdir()
    (folder / "main.go").write_bytes((HERE / "main.go").read_bytes())
    built = go_toolchain.run(["build", "-o", "bench/bench", "./bench"], folder.parent)
    if built.returncode:
        raise SystemExit(built.stderr)
    return run([folder / "bench", workspace, rounds])


def medians(found: dict[str, list[list[float]]]) -> Iterator[tuple[str, list[float]]]:
    """Yield each label with the medians of its columns."""
    for label, measured in found.items():
        yield label, [median(column) for column in zip(*measured, strict=True)]


def judge_c(version: str, found: dict[str, list[list[float]]]) -> list[Row]:
    """Print a row for each function called from C, and return the rows."""
    rows: list[Row] = []
    print(f"\n{version}, from C{'':12}{'bare':>8}{'held':>8}{'ratio':>7}{'each':>8}{'ratio':>7}  ns")
    for label, (bare, held, each) in medians(found):
        holds = held <= C_RATIO * bare
        ratios = held / bare, each / bare
        end = "" if holds else "OVER"
        print(f"{label:24}{bare:8.1f}{held:8.1f}{ratios[0]:7.2f}{each:8.1f}{ratios[1]:7.2f}  {end}")
        times = {"bare_ns": bare, "held_ns": held, "each_ns": each}
        shown = {"held_ratio": round(ratios[0], 3), "each_ratio": round(ratios[1], 3)}
        rows.append({"python": version, "host": "C", "call": label, **times, **shown, "holds": holds})
    return rows


def judge_go(version: str, found: dict[str, list[list[float]]]) -> list[Row]:
    """Print a row for each function called from Go, and return the rows."""
    rows: list[Row] = []
    print(f"\n{version}, from Go{'':11}{'each':>8}{'bar':>8}{'wall':>8}  ns")
    for label, (each, wall) in medians(found):
        bar = GO_SCALAR if label.startswith("plain") else None
        holds = bar is None or each <= bar
        print(f"{label:24}{each:8.1f}{bar or '':>8}{wall:8.1f}  {'' if holds else 'OVER'}")
        times = {"each_ns": each, "wall_ns": wall, "bar_ns": bar}
        rows.append({"python": version, "host": "Go", "call": label, **times, "holds": holds})
    return rows


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
