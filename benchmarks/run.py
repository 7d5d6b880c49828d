"""`make bench`: what each promised figure is on this machine. See README.md beside this file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROUNDS = 7
READ_ONLY = """
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session
session = Session(Host(), Cache(Host()), Request(offline=True))
session.read_spec("click")
"""
LARGE = """
import sys
from mochic_py.compiler.bind import BindSettings, bind_package
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.collector import relax_collector
from mochic_py.compiler.host import Host
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session
relax_collector()
host = Host()
started = host.clock()
package = Session(host, Cache(host), Request(offline=True)).read_spec(sys.argv[1])[0]
read = host.clock()
bind_package("x", package, BindSettings(), host.clock)
print(read - started, host.clock() - read)
"""
"""Reads and binds the package that is its argument; prints the seconds of both."""


def main() -> None:
    """Measure and print; a first run fills the cache."""
    with tempfile.TemporaryDirectory() as out:
        compile_numpy = [sys.executable, "-m", "mochic_py", "compile", "--package", "numpy", "-o", out]
        run(compile_numpy)
        compile_click = [sys.executable, "-m", "mochic_py", "compile", "--package", "click", "-o", out]
        run(compile_click)
        rows = [
            ("python -c pass", wall([sys.executable, "-c", "pass"])),
            ("import click (the library)", wall([sys.executable, "-c", "import click"])),
            ("mochic-py --version", wall([sys.executable, "-m", "mochic_py", "--version"])),
            ("read click's stubs into IR", wall([sys.executable, "-c", READ_ONLY])),
            ("cold compile of click", wall([*compile_click, "--time-passes", "--offline"])),
            ("warm compile of click", wall([*compile_click, "--offline"])),
        ]
    numpy = [
        [float(text) for text in run([sys.executable, "-c", LARGE, "numpy"]).split()] for _ in range(ROUNDS)
    ]
    rows += [
        ("numpy: read", median(read for read, _ in numpy)),
        ("numpy: bind", median(bind for _, bind in numpy)),
    ]
    for name, seconds in rows:
        print(f"{seconds * 1000:8.0f} ms  {name}")
    figures = dict(rows)
    cold = figures["cold compile of click"] / figures["read click's stubs into IR"]
    warm = figures["warm compile of click"] / figures["import click (the library)"]
    print(f"{cold:8.2f} x   cold compile against reading (goal: 3)")
    print(f"{warm:8.2f} x   warm compile against start-up (goal: 3)")


def wall(command: list[str]) -> float:
    """Return the median wall time of `command` in seconds."""
    return median(timed(lambda: run(command)) for _ in range(ROUNDS))


def timed(work: Callable[[], object]) -> float:
    """Return how long `work` takes in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run(command: list[str]) -> str:
    """Run `command` away from the checkout and return what it prints."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    folder = Path(tempfile.gettempdir())
    done = subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environ, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
