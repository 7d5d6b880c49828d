"""`make bench-runtime`: calls in a worker beside rpyc, execnet and a bare pipe, and arrays that cross.

All of them run in one environment, and take turns in every round; what is told is the median of the
rounds. A bar is passed by a median.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
OUT = ROOT / "out" / "bench" / "worker"
RESULTS = ROOT / "benchmarks" / "results" / "runtime_worker.json"
PACKAGES = ("rpyc", "execnet", "orjson", "msgspec", "numpy")
DEPTH = 64
SEQUENTIAL, PIPELINED, ARRAY = 40_000, 150_000, 0.3
"""Calls a second with the standard library's JSON, and seconds for 100 MB."""
WRAPPER = """
import _mochi_wrap as _mochi

def add_one(x):
    return _mochi.as_int(x + 1, "add_one")

def size(x):
    return x.nbytes

def zeros(n):
    import numpy
    return numpy.ones(n)
"""
BARE = """
import os
while chunk := os.read(0, 65536):
    os.write(1, chunk)
"""


def main(arguments: list[str]) -> int:
    """Prepare what is measured, measure it in its own interpreter, tell, and keep the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        json.dump(measure(options.rounds), sys.stdout)
        return 0
    python = prepare()
    script = [python, __file__, "--measure", "--rounds", str(options.rounds)]
    environment = {**os.environ, "PYTHONPATH": str(OUT / "lib")}
    done = subprocess.run(script, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    found["bars"] = judge(found)
    show(found)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0 if all(bar["holds"] for bar in found["bars"]) else 1


def prepare() -> str:
    """Make the environment and the workspace; return the Python."""
    from mochic_py.backends.venv import Venv
    from mochic_py.backends.workspace import WorkspaceOptions, plan_root
    from mochic_py.compiler.install import find_interpreter

    found = next(filter(None, (find_interpreter((3, minor)) for minor in (13, 14, 12))), None)
    if found is None:
        raise SystemExit("Python 3.12 or later is needed")
    uv = Path(sys.executable).with_name("uv")
    environment = OUT / "venv"
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", found.path, environment], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True)
    files = {artifact.path: artifact.content for artifact in plan_root(Venv(), WorkspaceOptions())}
    folder = "python_workspace/python_wrap/bench"
    files[f"{folder}/__init__.py"] = b"from . import bench_externs as externs\n"
    files[f"{folder}/bench_externs.py"] = WRAPPER.encode()
    for path, content in files.items():
        (OUT / path).parent.mkdir(parents=True, exist_ok=True)
        (OUT / path).write_bytes(content)
    (OUT / "lib").mkdir(exist_ok=True)
    if not (OUT / "lib" / "mochic_py").exists():
        (OUT / "lib" / "mochic_py").symlink_to(ROOT)
    return str(python)


# --- what is measured -------------------------------------------------------------------

Subject = tuple[Callable[[int], None], Callable[[int], None]]
"""Makes so many calls one after the other, and so many with many under way at a time."""


@contextmanager
def open_worker(engine: str) -> Iterator[Subject]:
    """Our worker."""
    from mochic_py.runtime.client import Worker

    with Worker(OUT / "python_workspace", python=sys.executable, engine=engine) as worker:

        def sequential(count: int) -> None:
            for number in range(count):
                assert worker.call("bench.add_one", number) == number + 1

        def pipelined(count: int) -> None:
            found = worker.call_many("bench.add_one", ((number,) for number in range(count)))
            assert found == list(range(1, count + 1))

        yield sequential, pipelined


@contextmanager
def open_rpyc() -> Iterator[Subject]:
    """The same function through rpyc in a child process."""
    rpyc = importlib.import_module("rpyc")
    server = next(Path(sys.executable).parent.glob("rpyc_classic*"))
    connection = rpyc.classic.connect_subproc(str(server))
    connection.execute("def add_one(x):\n    return x + 1")
    function = connection.namespace["add_one"]
    later = rpyc.async_(function)

    def sequential(count: int) -> None:
        for number in range(count):
            assert function(number) == number + 1

    def pipelined(count: int) -> None:
        for start in range(0, count, DEPTH):
            replies = [later(number) for number in range(start, start + DEPTH)]
            assert [reply.value for reply in replies] == list(range(start + 1, start + DEPTH + 1))

    yield sequential, pipelined
    connection.close()


@contextmanager
def open_execnet() -> Iterator[Subject]:
    """The same expression through an execnet channel to a child process."""
    execnet = importlib.import_module("execnet")
    gateway = execnet.makegateway(f"popen//python={sys.executable}")
    channel = gateway.remote_exec("for x in channel: channel.send(x + 1)")

    def sequential(count: int) -> None:
        for number in range(count):
            channel.send(number)
            assert channel.receive() == number + 1

    def pipelined(count: int) -> None:
        for start in range(0, count, DEPTH):
            for number in range(start, start + DEPTH):
                channel.send(number)
            for number in range(start, start + DEPTH):
                assert channel.receive() == number + 1

    yield sequential, pipelined
    gateway.exit()


@contextmanager
def open_bare() -> Iterator[Subject]:
    """A pipe to a child that sends everything back: what the system takes for itself."""
    with subprocess.Popen(
        [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        there, back = child.stdin.fileno(), child.stdout.fileno()
        line = b'{"jsonrpc":"2.0","id":1000,"method":"bench.add_one","params":[1000]}\n'

        def sequential(count: int) -> None:
            for _ in range(count):
                os.write(there, line)
                os.read(back, 65536)

        def pipelined(count: int) -> None:
            for _ in range(0, count, DEPTH):
                os.write(there, line * DEPTH)
                left = len(line) * DEPTH
                while left:
                    left -= len(os.read(back, 65536))

        yield sequential, pipelined
        child.stdin.close()


SUBJECTS = {
    "bare pipe": open_bare,
    "worker json": lambda: open_worker("json"),
    "worker orjson": lambda: open_worker("orjson"),
    "worker msgspec": lambda: open_worker("msgspec"),
    "rpyc": open_rpyc,
    "execnet": open_execnet,
}
COUNTS = {"rpyc": (2_000, 2_048), "execnet": (2_000, 4_096)}


def measure(rounds: int) -> dict[str, Any]:
    """Return calls a second of every subject, and the seconds that arrays take."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in SUBJECTS}
    for _ in range(rounds):
        for name, opened in SUBJECTS.items():
            few, many = COUNTS.get(name, (10_000, 40_000))
            with opened() as (sequential, pipelined):
                sequential(200)
                rates[name].append((rate(sequential, few), rate(pipelined, many)))
    calls = [
        {
            "name": name,
            "sequential": round(median(one for one, _ in found)),
            "pipelined": round(median(many for _, many in found)),
            "best_sequential": round(max(one for one, _ in found)),
            "best_pipelined": round(max(many for _, many in found)),
        }
        for name, found in rates.items()
    ]
    version = ".".join(map(str, sys.version_info[:2]))
    return {"python": version, "rounds": rounds, "calls": calls, "arrays": measure_arrays(rounds)}


def rate(calls: Callable[[int], None], count: int) -> float:
    """Return how many calls a second there are."""
    started = time.perf_counter()
    calls(count)
    return count / (time.perf_counter() - started)


def measure_arrays(rounds: int) -> dict[str, float]:
    """Return the seconds that 100 MB of floats take, in each direction."""
    import numpy

    from mochic_py.runtime.client import Worker

    array = numpy.ones(12_500_000)
    there, back = [], []
    with Worker(OUT / "python_workspace", python=sys.executable) as worker:
        kept = worker.call("bench.zeros", len(array))
        for _ in range(rounds):
            started = time.perf_counter()
            assert worker.call("bench.size", array) == array.nbytes
            between = time.perf_counter()
            assert kept.to_buffer().nbytes == array.nbytes
            there.append(between - started)
            back.append(time.perf_counter() - between)
    return {"to_worker": round(median(there), 4), "to_client": round(median(back), 4)}


# --- what is told -----------------------------------------------------------------------


def judge(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bars."""
    rates = {each["name"]: each for each in found["calls"]}
    ours = rates["worker json"]
    bars: list[tuple[str, float, float, bool]] = []
    for kind, least in (("sequential", SEQUENTIAL), ("pipelined", PIPELINED)):
        bars.append((f"{kind} calls a second", ours[kind], least, ours[kind] >= least))
        for other in ("rpyc", "execnet"):
            theirs = rates[other][kind]
            bars.append((f"{kind}, ahead of {other}", ours[kind], theirs, ours[kind] > theirs))
    for way, seconds in found["arrays"].items():
        bars.append((f"100 MB {way.replace('_', ' ')}, seconds", seconds, ARRAY, seconds < ARRAY))
    return [{"name": name, "value": value, "goal": goal, "holds": ok} for name, value, goal, ok in bars]


def show(found: dict[str, Any]) -> None:
    """Print the figures side by side."""
    least = {each["name"]: each for each in found["calls"]}["rpyc"]
    print(f"{'calls a second':16} {'one by one':>12} {'of rpyc':>8} {'pipelined':>12} {'of rpyc':>8}")
    for each in found["calls"]:
        cells = [each["name"].ljust(16)]
        for kind in ("sequential", "pipelined"):
            cells += [f"{each[kind]:12,}", f"{each[kind] / least[kind]:7.1f}x"]
        print(" ".join(cells))
    for bar in found["bars"]:
        verdict = "ok" if bar["holds"] else "MISSED"
        print(f"{bar['name']:34} {bar['value']:>12,} goal {bar['goal']:>10,} {verdict}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
