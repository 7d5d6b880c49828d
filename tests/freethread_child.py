"""What `test_freethread_stress.py` runs on a Python without the GIL: `python freethread_child.py TASK`.

Needs the standard library, the wrappers and their packages. The last line of output is JSON.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import queue
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

THREADS = 8
PATIENCE = 60.0


def wrapper(package: str) -> Any:  # noqa: ANN401
    """Import the wrapper of a package; what it offers nobody declares here."""
    return importlib.import_module(f"python_wrap.{package}.{package}_externs")


def in_threads(work: Callable[[int], object], threads: int = THREADS) -> list[Any]:
    """Run `work` in threads that start together; return what each gave, raise what one raised."""
    results: list[Any] = [None] * threads
    errors: list[BaseException] = []
    barrier = threading.Barrier(threads)

    def run(number: int) -> None:
        try:
            barrier.wait()
            results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    started = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)]
    for each in started:
        each.start()
    deadline = time.monotonic() + PATIENCE
    for each in started:
        each.join(max(0.1, deadline - time.monotonic()))
    if any(each.is_alive() for each in started):
        faulthandler.dump_traceback(all_threads=True)
        raise SystemExit("threads wait for each other")
    if errors:
        raise errors[0]
    return results


# --- a package that needs the GIL -------------------------------------------------------


def count_directly() -> dict[str, Any]:
    """Without locks counts get lost: what the others show is no accident."""
    core = importlib.import_module("frail._core")
    for attempt in range(1, 20):
        in_threads(lambda _: [core.bump(50) for _ in range(200)])
        if core.total() < attempt * THREADS * 200 * 50:
            break
    return {"total": core.total(), "expected": attempt * THREADS * 200 * 50}


def count() -> dict[str, Any]:
    frail = wrapper("frail")
    in_threads(lambda _: [frail.bump(50) for _ in range(200)])
    return {"total": frail.total(), "expected": THREADS * 200 * 50, "lock": frail._lock_acquire is not bool}


def fail() -> dict[str, Any]:
    """What a call raises leaves the lock behind."""
    frail = wrapper("frail")

    def work(_: int) -> int:
        failed = 0
        for _ in range(300):
            frail.bump(3)
            try:
                frail.bump(-1)
            except ValueError:
                failed += 1
            try:
                frail.bump("x")
            except (TypeError, frail._mochi.ConversionError):
                failed += 1
        return failed

    failed = sum(in_threads(work))
    return {"total": frail.total(), "expected": THREADS * 300 * 3, "failed": failed}


def call_back() -> dict[str, Any]:
    """Functions of Mochi that call the package again, from the thread that holds its lock."""
    frail = wrapper("frail")

    def deeper(level: int) -> int:
        frail.bump(2)
        return frail.apply(deeper, level - 1) if level else 0

    in_threads(lambda _: [frail.apply(deeper, 3) for _ in range(150)])
    # Each call counts twice and calls `deeper`, which counts twice: on four levels.
    return {"total": frail.total(), "expected": THREADS * 150 * 4 * 4}


def cross() -> dict[str, Any]:
    """Two packages that call each other back, in both orders, and callbacks that wait for other threads."""
    first, second = wrapper("frail"), wrapper("brittle")

    def work(number: int) -> None:
        one, other = (first, second) if number % 2 else (second, first)
        for _ in range(150):
            one.apply(other.bump, 1)

    in_threads(work)
    there, back = queue.Queue(), queue.Queue()

    def answer(value: int) -> int:
        there.put(value)
        return back.get(timeout=PATIENCE / 2)

    def meet(number: int) -> None:
        if number:
            found = there.get(timeout=PATIENCE / 2)
            back.put(first.bump(found))
        else:
            first.apply(answer, 5)

    in_threads(meet, 2)
    return {
        "total": first.total() + second.total(),
        "expected": THREADS * 150 * 3 + 2 + 5,
    }


def call_given() -> dict[str, Any]:
    """A function that the package hands out takes the lock when it is called."""
    frail = wrapper("frail")
    bump = frail.give()
    in_threads(lambda _: [bump(50) for _ in range(200)])
    return {"total": frail.total(), "expected": THREADS * 200 * 50}


def await_() -> dict[str, Any]:
    """Steps of coroutines hold the lock, and nobody holds it while it waits."""
    frail = wrapper("frail")
    in_threads(lambda number: [frail.slowly_sync(40) for _ in range(5)] if number % 2 else frail.bump(4000))
    return {"total": frail.total(), "expected": THREADS // 2 * (5 * 40 + 4000)}


# --- packages that do without -----------------------------------------------------------

DOCUMENT = """
title = "stress"
[[point]]
x = 1
y = 2.5
tags = ["a", "b"]
[owner]
born = 1979-05-27T07:32:00Z
"""


def use_safe_packages() -> dict[str, Any]:
    """Conversions, records, callbacks and handles of real packages, beside what they give directly."""
    import msgpack
    import numpy
    import tomli

    np, toml, mp, attrs = wrapper("numpy"), wrapper("tomli"), wrapper("msgpack"), wrapper("attrs")
    parsed = tomli.loads(DOCUMENT)
    packed = msgpack.packb({"a": [1, 2.5, "x", b"y"], "b": {"c": None}})
    calls = [0] * THREADS

    def work(number: int) -> None:
        rows = numpy.arange(24.0).reshape(4, 6) + number
        for turn in range(150):
            assert toml.loads(DOCUMENT) == parsed
            assert toml.loads_with("x = 1.5", {"parse_float": lambda text: f"<{text}>"}) == {"x": "<1.5>"}
            assert mp.loads(packed) == msgpack.loads(packed)
            assert np.ndarray_tolist(np.arange(turn)) == list(range(turn))
            assert np.linalg_norm(rows) == numpy.linalg.norm(rows)

            def add(row: Any) -> Any:  # noqa: ANN401
                calls[number] += 1
                return row.sum()

            assert list(np.apply_along_axis(add, 1, rows)) == list(rows.sum(axis=1))
            made = attrs.make_class("Point", ["x", "y"])(turn, number)
            assert attrs.asdict(made) == {"x": turn, "y": number}
            assert np.ndarray_tolist(np.sort(numpy.array([3, number, 1]))) == sorted([3, number, 1])

    in_threads(work)
    return {
        "gil": sys._is_gil_enabled(),
        "calls": calls,
        "locked": sorted(
            name
            for name, module in sys.modules.items()
            if name.startswith("python_wrap.") and "_lock_acquire" in vars(module)
        ),
        "wrappers": sum(name.startswith("python_wrap.numpy.") for name in sys.modules),
    }


def release_anywhere() -> dict[str, Any]:
    """Handles made in one thread and dropped in another, bare and through the table of linked programs."""
    import weakref

    import numpy

    np = wrapper("numpy")
    link = importlib.import_module("_mochi_link")
    pipes = [queue.SimpleQueue() for _ in range(THREADS)]
    seen: list[list[weakref.ref[Any]]] = [[] for _ in range(THREADS)]
    before, numbers = len(link._values), [set() for _ in range(THREADS)]

    class Array(numpy.ndarray):
        """An array that can be watched."""

    def work(number: int) -> None:
        there, mine = pipes[(number + 1) % THREADS], pipes[number]
        for _turn in range(2000):
            made = np.zeros(4).view(Array)
            seen[number].append(weakref.ref(made))
            handle = link.keep(made)
            numbers[number].add(handle)
            there.put((handle, made))
            del made
            handle, value = mine.get(timeout=PATIENCE / 2)
            assert link.take(handle) is value
            assert np.ndarray_size(value) == 4
            link.release(handle)
            del value

    in_threads(work)
    gc.collect()
    distinct = len(set().union(*numbers))
    alive = sum(ref() is not None for each in seen for ref in each)
    return {"alive": alive, "handles": len(link._values) - before, "distinct": distinct}


if __name__ == "__main__":
    faulthandler.enable()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = globals()[sys.argv[1]]()
    found.setdefault("gil", sys._is_gil_enabled())
    found["warned"] = [str(each.message)[:60] for each in caught if "GIL" in str(each.message)]
    print(json.dumps(found))
