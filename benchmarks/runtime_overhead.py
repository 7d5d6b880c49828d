"""`make bench-runtime`: what a call through a wrapper costs beside the direct one, and an import.

The packages are compiled and installed together; what is measured runs in their own interpreter. Times are
CPU times, medians of rounds in which the two that are compared take turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import timeit
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
OUT = ROOT / "out" / "bench" / "overhead"
RESULTS = ROOT / "benchmarks" / "results" / "runtime_overhead.json"
PACKAGES = (
    *("click", "httpx", "msgpack", "numpy", "orjson"),
    *("pandas", "pydantic", "sqlalchemy", "tomli", "urllib3"),
)
RATIO, PLAIN, SCALAR = 1.25, 40.0, 60.0
"""A call costs at most RATIO times the direct one and PLAIN ns, and SCALAR ns more for a checked scalar."""
SHARE, FIXED = 0.15, 5.0
"""An import costs at most this share of the package's own and this many ms."""

# Package, wrapper function, its arguments, the direct form, and whether the result is a checked scalar.
CALLS = [
    ("httpx", "Headers_get", "headers, 'a'", "headers.get('a')", False),
    ("httpx", "Timeout_read", "timeout", "timeout.read", False),
    ("msgpack", "Unpacker_feed", "unpacker, b''", "unpacker.feed(b'')", False),
    ("msgpack", "Packer_reset", "packer", "packer.reset()", False),
    ("msgpack", "unpackb", "b'\\x01'", "msgpack.unpackb(b'\\x01')", False),
    ("numpy", "generic_item", "one", "one.item()", False),
    ("numpy", "ndarray_add_any", "array, array", "array + array", False),
    ("click", "HelpFormatter_indent", "formatter", "formatter.indent()", False),
    ("urllib3", "HTTPHeaderDict_add", "fields, 'a', 'b'", "fields.add('a', 'b')", False),
    ("httpx", "Headers_encoding", "headers", "headers.encoding", True),
    ("httpx", "Headers_len", "headers", "len(headers)", True),
    ("httpx", "Response_status_code", "response", "response.status_code", True),
    ("msgpack", "Packer_pack", "packer, 1", "packer.pack(1)", True),
    ("msgpack", "packb", "1", "msgpack.packb(1)", True),
    ("msgpack", "Timestamp_hash", "stamp", "hash(stamp)", True),
    ("numpy", "dtype_name", "dtype", "dtype.name", True),
    ("numpy", "dtype_itemsize", "dtype", "dtype.itemsize", True),
    ("orjson", "dumps", "1", "orjson.dumps(1)", True),
    ("click", "Command_name", "command", "command.name", True),
    ("urllib3", "HTTPHeaderDict_contains", "fields, 'a'", "'a' in fields", True),
]
SETUP = """
import operator
import click, httpx, msgpack, numpy, orjson, urllib3
headers, timeout, response = httpx.Headers({"a": "b"}), httpx.Timeout(5), httpx.Response(200)
packer, unpacker, stamp = msgpack.Packer(), msgpack.Unpacker(), msgpack.Timestamp(1)
array = numpy.arange(3); one, dtype = array[0], array.dtype
formatter, command = click.HelpFormatter(), click.Command("name")
fields = urllib3.HTTPHeaderDict(a="b")
"""
IMPORT = """
import sys, time
sys.path.insert(0, {workspace!r})
start = time.process_time_ns(); import {alias}; middle = time.process_time_ns()
import python_wrap.{alias}; print(middle - start, time.process_time_ns() - middle)
"""


# --- in the interpreter of the packages -------------------------------------------------


def measure_calls(workspace: str, rounds: int) -> list[list[float]]:
    """Return the medians in ns of the direct call and of that through the wrapper, for each of `CALLS`."""
    sys.path.insert(0, workspace)
    made: dict[str, object] = {}
    exec(SETUP, made)
    return [measure_call(call, made, rounds) for call in CALLS]


def measure_call(call: tuple[str, str, str, str, bool], made: dict[str, object], rounds: int) -> list[float]:
    """Return what the two forms cost. The wrapper is at hand by its bare name, as in a Mochi program."""
    alias, name, arguments, direct, _ = call
    wrapper = importlib.import_module(f"python_wrap.{alias}").externs
    space = {**made, "wrapped": getattr(wrapper, name)}
    timers = [
        timeit.Timer(form, timer=time.process_time, globals=space)
        for form in (direct, f"wrapped({arguments})")
    ]
    number = max(1, int(0.01 / max(timers[0].timeit(1000) / 1000, 2e-8)))
    found = [[timer.timeit(number) / number * 1e9 for timer in timers] for _ in range(rounds)]
    return [median(each) for each in zip(*found, strict=True)]


# --- here -------------------------------------------------------------------------------


def main() -> int:
    """Compile, install, measure, print; return 0 when all figures keep within their bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="3.13", help="version of the interpreter that runs the packages")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.calls:
        print(json.dumps(measure_calls(arguments.calls, arguments.rounds)))
        return 0
    python = prepare(arguments.python)
    workspace = str(OUT / "python_workspace")
    calls = judge_calls(run(python, __file__, "--calls", workspace, "--rounds", str(arguments.rounds)))
    imports = [judge_import(alias, python, workspace) for alias in PACKAGES]
    report = {"python": arguments.python, "calls": calls, "imports": imports}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    over = [row for row in (*calls, *imports) if not row["holds"]]
    print(f"{len(over)} of {len(calls) + len(imports)} over their bars; kept in {RESULTS.relative_to(ROOT)}")
    return 1 if over else 0


def prepare(version: str) -> Path:
    """Compile and install the packages; return their interpreter."""
    options = ["-o", str(OUT), "--python", version]
    for package in PACKAGES:
        options += ["--package", package]
    for command in (["compile"], ["pkg", "install"]):
        subprocess.run(
            [sys.executable, "-m", "mochic_py", *command, *options], check=True, capture_output=True
        )
    return next(path for path in OUT.glob("python_workspace/.venv/*/python*") if path.stem == "python")


def run(python: Path, *arguments: str) -> str:
    """Return what the interpreter prints. It may keep compiled files, as it does outside of tests."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([python, *arguments], check=True, capture_output=True, text=True, env=kept)
    return done.stdout


def judge_calls(measured: str) -> list[dict[str, object]]:
    """Print a row for each call, and return the rows."""
    rows: list[dict[str, object]] = []
    print(f"{'call':34}{'direct':>9}{'wrapped':>9}{'ratio':>7}{'bar':>9}  ns")
    for (alias, name, *_, scalar), (direct, wrapped) in zip(CALLS, json.loads(measured), strict=True):
        bar = RATIO * direct + PLAIN + (SCALAR if scalar else 0.0)
        ratio, holds = wrapped / direct, wrapped <= bar
        title = f"{alias}.{name}{' (checked)' if scalar else ''}"
        print(f"{title:34}{direct:9.1f}{wrapped:9.1f}{ratio:7.2f}{bar:9.1f}  {'' if holds else 'OVER'}")
        rows.append(
            {
                "call": title,
                "direct_ns": round(direct, 1),
                "wrapped_ns": round(wrapped, 1),
                "ratio": round(ratio, 3),
            }
            | {"bar_ns": round(bar, 1), "holds": holds}
        )
    return rows


def judge_import(alias: str, python: Path, workspace: str) -> dict[str, object]:
    """Print a row for the import of a package and its wrapper, and return it."""
    code = IMPORT.format(workspace=workspace, alias=alias)
    times = [[int(each) / 1e6 for each in run(python, "-c", code).split()] for _ in range(8)][1:]
    package, added = (median(each) for each in zip(*times, strict=True))
    bar = SHARE * package + FIXED
    title = f"import {alias}"
    end = "" if added <= bar else "OVER"
    print(f"{title:34}{package:9.1f}{added:9.1f}{added / package:7.2f}{bar:9.1f}  ms {end}", flush=True)
    found = {"package_ms": package, "wrapper_ms": added, "ratio": added / package, "bar_ms": bar}
    return {"import": alias, **{key: round(value, 3) for key, value in found.items()}, "holds": added <= bar}


if __name__ == "__main__":
    sys.exit(main())
