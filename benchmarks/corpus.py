"""`make bench`: what compiling the whole corpus costs, beside reading its files and beside griffe.

Every row is a process of its own that starts with nothing but the wheels in the cache. It works on
two packages at a time, the large ones first. The rows of a round follow each other, so that what else
the machine does hits them all; a ratio is that of medians of CPU seconds, which suffer least from it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from mochic_py.compiler import external_modules
from mochic_py.compiler.bind import BindJob, bind_wheels
from mochic_py.compiler.census import read_census
from mochic_py.compiler.compile import make_settings
from mochic_py.compiler.corpus import TARGET, CorpusEntry, open_entry, read_corpus
from mochic_py.compiler.frontends.package import read_package
from mochic_py.compiler.frontends.stub import OpenModule
from mochic_py.compiler.frontends.stub_search import ModuleSource
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.host import Host
from mochic_py.compiler.request import Request
from mochic_py.compiler.settings import PythonSettings
from mochic_py.compiler.shared_modules import SharedModule
from mochic_py.compiler.workers import map_jobs
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.source import SourceFile

WORKERS = 2
FOLDER = Path(__file__).parent.parent / "golden" / "packages"
GRIFFE = """
import sys
from concurrent.futures import ProcessPoolExecutor
import griffe

def load(name):
    try:
        griffe.load(name, search_paths=[sys.argv[2]], allow_inspection=False)
    except Exception as error:
        return f"{name}: {type(error).__name__}"
    return ""

if __name__ == "__main__":
    with ProcessPoolExecutor(int(sys.argv[1])) as pool:
        print("; ".join(filter(None, pool.map(load, sys.argv[3:]))))
"""
AST = """
import ast, contextlib, sys
from concurrent.futures import ProcessPoolExecutor

def parse(path):
    with open(path, "rb") as file, contextlib.suppress(SyntaxError):  # what later versions of Python read
        ast.parse(file.read())

if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        paths = file.read().splitlines()
    with ProcessPoolExecutor(int(sys.argv[1])) as pool:
        list(pool.map(parse, paths, chunksize=8))
"""
OWN = "stub reader, packages only"
ALL = "stub reader, all files"
"""Of the packages, and once each of what compiling them reads beside: these are the same files."""
Spent = tuple[float, float, float]
"""Wall seconds, CPU seconds, megabytes at the highest."""


# --- what is measured -------------------------------------------------------------------


def read_one(entry: CorpusEntry, host: Host) -> list[str]:
    """Read the files of a package with the stub reader alone; return their names."""
    wheels = open_entry(entry, host, offline=True)
    opened = [
        open_wheel(each.path, host, shown=each.pin.file.filename) for each in (wheels.wheel, *wheels.stubs)
    ]
    package, _ = read_package(opened[0], tuple(opened[1:]), TARGET)
    for each in opened:
        each.close()
    return [module.file for module in package.modules if module.file.endswith((".py", ".pyi"))]


def compile_one(entry: CorpusEntry, host: Host) -> dict[str, float]:
    """Bind a package and emit all its files; return the seconds of each pass."""
    settings = make_settings(Request(target=TARGET), PythonSettings())
    job = BindJob(entry.alias, open_entry(entry, host, offline=True), TARGET, settings)
    bound = bind_wheels(job, host)
    seconds = Counter[str]()
    for timing in bound.timings:
        seconds[timing.name] += timing.seconds
    return {**seconds, "everything": bound.seconds}


def list_foreign(entry: CorpusEntry, host: Host) -> list[list[Any]]:
    """Return the modules of others, of typeshed and of dependencies, that compiling a package reads."""
    found: dict[str, list[Any]] = {}
    usual = external_modules.open_shared

    def record(source: ModuleSource, target: Target) -> SharedModule:
        text, tier = source.read(), source.tier.name
        found[source.path] = [text, source.module, source.path, source.is_package, source.is_stub, tier]
        return usual(source, target)

    external_modules.open_shared = record
    try:
        compile_one(entry, host)
    finally:
        external_modules.open_shared = usual
    return list(found.values())


def read_foreign(rows: list[list[Any]]) -> None:
    """Read modules in full, as the reader reads those of a package."""
    for text, name, path, is_package, is_stub, tier in rows:
        source = SourceFile(path, text)
        flags = {"is_package": is_package, "is_stub": is_stub, "tier": Tier[tier]}
        OpenModule(source, name, target=TARGET, **flags).read()


WORK = {"read": read_one, "compile": compile_one, "foreign": list_foreign}


def work(name: str, packages: list[str], foreign: str) -> None:
    """Do one row's work on every package and print what it returns as JSON."""
    host = Host()
    if foreign:
        read_foreign(json.loads(Path(foreign).read_text("utf-8")))
    census = read_census()
    corpus = read_corpus(host, FOLDER)
    entries = sorted(
        (corpus[each] for each in packages or corpus), key=lambda entry: -census[entry.name].callables
    )
    found = {entry.name: result for entry, result in map_jobs(WORK[name], entries, WORKERS, host)}
    json.dump(found, sys.stdout)


# --- measuring --------------------------------------------------------------------------


def spend(command: list[str], folder: Path) -> tuple[Spent, str]:
    """Run `command` and return what it and its children took, and its output."""
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    after = os.times()
    if process.returncode:
        raise SystemExit(f"{command[:4]} failed")
    watcher.join()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return (wall, cpu, peak[0]), output


def _watch(process: subprocess.Popen[str], peak: list[float]) -> None:
    """Note the highest sum of the resident sets of `process` and all below it, where `/proc` tells."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(_resident, _below(process.pid))))
        time.sleep(0.05)


def _below(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [pid, *(each for child in text.split() for each in _below(int(child)))]


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def unpack(entries: list[CorpusEntry], folder: Path) -> list[str]:
    """Unpack packages for the others; return the names of their import packages."""
    host = Host()
    names = set[str]()
    for entry in entries:
        wheels = open_entry(entry, host)
        with zipfile.ZipFile(wheels.wheel.path) as archive:
            archive.extractall(folder)
        with open_wheel(wheels.wheel.path, host, shown=entry.wheel.file) as wheel:
            names.update(wheel.import_names)
        for stubs in wheels.stubs:
            with zipfile.ZipFile(stubs.path) as archive:
                archive.extractall(folder)
    return sorted(names)


def make_griffe(folder: Path) -> str:
    """Install griffe, which is no dependency of ours, and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "griffe"], check=True)
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", nargs="?", choices=WORK)
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--foreign", default="", help="read the modules in this file too")
    parser.add_argument("--without-griffe", action="store_true")
    parser.add_argument("--only", action="append", default=[], metavar="PACKAGE")
    given = parser.parse_args()
    if given.work:
        work(given.work, given.packages, given.foreign)
        return
    with tempfile.TemporaryDirectory() as name:
        bench(Path(name), given.rounds, given.only, griffe=not given.without_griffe)


def bench(folder: Path, rounds: int, only: list[str], *, griffe: bool) -> None:
    """Run every row `rounds` times and print the table; `only` names the packages, none for all."""
    corpus = read_corpus(Host(), FOLDER)
    names = only or list(corpus)
    site, out = folder / "site", folder / "out"
    imports = unpack([corpus[each] for each in names], site)
    ours = [sys.executable, str(Path(__file__).resolve())]
    _, read = spend([*ours, "read", *names], folder)  # also compiles the compiler's own modules
    files = [site / file for names in json.loads(read).values() for file in names]
    (folder / "files.txt").write_text("\n".join(str(file) for file in files if file.exists()), "utf-8")
    _, foreign = spend([*ours, "foreign", *names], folder)
    (folder / "foreign.json").write_text(json.dumps(distinct(json.loads(foreign))), "utf-8")
    (folder / "parse_files.py").write_text(AST, "utf-8")
    # Without a probe, which runs the packages: what is measured is the compiler.
    mochic = [sys.executable, "-m", "mochic_py", "compile", "--no-probe", "-j", str(WORKERS), "-o", str(out)]
    for each in names:
        mochic += ["--package", f"{each}@=={corpus[each].wheel.version}"]
    spend(mochic, folder)
    rows = {
        "ast.parse of the same files": [
            sys.executable,
            "parse_files.py",
            str(WORKERS),
            str(folder / "files.txt"),
        ],
        OWN: [*ours, "read", *names],
        ALL: [*ours, "--foreign", str(folder / "foreign.json"), "read", *names],
        "cold compile": [*ours, "compile", *names],
        "warm compile, one command": [*mochic, "--offline"],
    }
    if griffe:
        (folder / "load_with_griffe.py").write_text(GRIFFE, "utf-8")
        rows["griffe"] = [
            make_griffe(folder / "venv"),
            "load_with_griffe.py",
            str(WORKERS),
            str(site),
            *imports,
        ]
    spent: dict[str, list[Spent]] = {name: [] for name in rows}
    outputs: dict[str, str] = {}
    for _ in range(rounds):
        for name, command in rows.items():
            figures, outputs[name] = spend(command, folder)
            spent[name].append(figures)
    show(spent, outputs)


def distinct(found: dict[str, list[list[Any]]]) -> list[list[Any]]:
    """Return each module once that some package reads."""
    return list({row[2]: row for rows in found.values() for row in rows}.values())


def show(spent: dict[str, list[Spent]], outputs: dict[str, str]) -> None:
    """Print medians, ratios and the passes by what they take."""
    base = median(cpu for _, cpu, _ in spent[ALL])
    print(f"{'':28} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'CPU ratio':>10}")
    for name, figures in spent.items():
        wall, cpu, peak = (median(values) for values in zip(*figures, strict=True))
        print(f"{name:28} {wall:8.2f} {cpu:8.2f} {peak:8.0f} {cpu / base:10.2f}")
    if outputs.get("griffe", "").strip():
        print(f"griffe could not load: {outputs['griffe'].strip()}")
    compiled = json.loads(outputs["cold compile"])
    passes = Counter[str]()
    for seconds in compiled.values():
        passes.update(seconds)
    total = passes.pop("everything")
    print(f"\nin the last cold compile, seconds of {total:.1f} in both workers")
    for name, seconds in passes.most_common():
        print(f"{seconds:8.2f}  {name}")
    print(f"{total - sum(passes.values()):8.2f}  reading, verifying and emitting")
    cold = (
        median(wall for wall, _, _ in spent["cold compile"]),
        median(cpu for _, cpu, _ in spent["cold compile"]),
    )
    warm = median(wall for wall, _, _ in spent["warm compile, one command"])
    peak = max(peak for _, _, peak in spent["cold compile"])
    print()
    for reached, goal, what in (
        (cold[1] / base, 2.5, "cold compile against the stub reader, times"),
        (peak, 700.0, "peak of a cold compile, MB"),
        (warm, 2.0, "warm compile, s"),
    ):
        print(f"{'ok  ' if reached <= goal else 'OVER'} {what}: {reached:.2f} (goal {goal:g})")


if __name__ == "__main__":
    main()
