"""Seconds that resolving the 25 packages of the corpus takes: this program, uv and pip, cold and warm."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import uv
from resolve_diff import DATA, ask, tomllib

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.ir.dist import Target

ROUNDS = 3
TARGET = Target("linux-x86_64", sys.version_info[:2])
NAMES = tomllib.loads((DATA / "sets.toml").read_text("utf-8"))["sets"]["corpus"]


def main() -> None:
    """Measure and print. Every cold run has a cache of its own."""
    cold, warm, cpu = zip(*(ours() for _ in range(ROUNDS)), strict=True)
    with_uv = [run([uv.find_uv_bin(), "pip", "compile", "-q", "--no-cache", "-"]) for _ in range(ROUNDS)]
    with_pip = run([sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"], NAMES)
    print(f"{median(cold) * 1000:8.0f} ms  ours, cold")
    print(f"{median(warm) * 1000:8.0f} ms  ours, warm ({median(cpu) * 1000:.0f} ms of CPU)")
    print(f"{median(with_uv) * 1000:8.0f} ms  uv, cold")
    print(f"{with_pip * 1000:8.0f} ms  pip, cold")
    print(f"{median(cold) / median(with_uv):8.2f} x   ours against uv, cold (goal: 2.5)")
    print(f"{with_pip / median(cold):8.2f} x   pip against ours, cold (goal: at least 4)")


def ours() -> tuple[float, float, float]:
    """Return wall times of a cold and a warm resolution, and the CPU time of the warm one."""
    with tempfile.TemporaryDirectory() as root:
        times = []
        for _ in range(2):
            host = Host()
            started, cpu = time.perf_counter(), time.process_time()
            InProcessResolver(host, Cache(host, Path(root))).resolve([ask(name) for name in NAMES], TARGET)
            times.append((time.perf_counter() - started, time.process_time() - cpu))
            host.close()
    return times[0][0], times[1][0], times[1][1]


def run(command: list[str], arguments: list[str] | None = None) -> float:
    """Return how long a command takes on the corpus, without a cache of its own."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        started = time.perf_counter()
        subprocess.run(
            [*command, *(arguments or [])],
            input="\n".join(NAMES).encode() if arguments is None else b"",
            cwd=folder,
            env=environ,
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
