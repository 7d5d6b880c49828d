"""Dependencies and markers are read by several threads at once."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mochic_py.compiler.dependency_text import parse_dependency, parse_marker


@pytest.fixture
def restless_interpreter() -> Iterator[None]:
    """Threads switch, and garbage with finalisers is collected, as often as possible."""
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(10, 2, 2)
    sys.setswitchinterval(1e-6)
    yield
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


class Cycle:
    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        for _ in range(50):
            pass


def read_many(worker: int) -> int:
    for number in range(1000):
        Cycle()
        marker = f'python_version >= "3.{number}" and (os_name == "nt" or extra != "a{worker}")'
        assert str(parse_dependency(f"tally[x]>=1; {marker}").marker) == str(parse_marker(marker))
    return worker


def test_threads_read_at_once(restless_interpreter: None) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_many, range(8))) == list(range(8))
