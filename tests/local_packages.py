"""Small packages on a loopback index, and the command line and library run against them."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

from attrs import frozen
from index_server import Index, build_wheel, offer, serve

from mochic_py.compiler.cli import run
from mochic_py.compiler.host import Host

ROOT = Path(__file__).parent.parent

SHAPES = b'''"""Plane figures."""
from typing import Any, Callable, Concatenate, Iterator, Literal, ParamSpec

from ._core import Circle as Circle, Figure as Figure

P = ParamSpec("P")
UNIT: Literal["cm"]

class ShapeError(Exception): ...

def area(figure: Figure, *, precise: bool = False) -> float:
    """Return the area."""
def load(source: str | bytes | int, /, *parts: str, **settings: Any) -> list[Figure]: ...
def wrap(call: Callable[Concatenate[int, P], str]) -> Callable[P, str]: ...
async def fetch(url: str, timeout: float = 1.0) -> bytes: ...
def untyped(x, y=1): ...
def pairs(n: int) -> Iterator[tuple[int, str]]: ...
'''
CORE = b"""class Figure:
    name: str
    def __init__(self, name: str) -> None: ...
    @property
    def size(self) -> int | None: ...
    def scale(self, factor: float = 2.0) -> "Figure": ...
    def __len__(self) -> int: ...

class Circle(Figure):
    def __init__(self, radius: float) -> None: ...
    def mix(self, z: complex) -> complex: ...
"""
TALLY = b'''from dataclasses import dataclass
from enum import Enum

class Mode(Enum):
    FAST = 1
    SLOW = 2

@dataclass(frozen=True)
class Count:
    word: str
    times: int = 1

def tally(text: str, mode: Mode = Mode.FAST) -> dict[str, int]:
    """Count words."""
    out: dict[str, int] = {}
    for word in text.split():
        out[word] = out.get(word, 0) + 1
    return out

def most(counts: list[Count], top: int | None = None) -> Count:
    return counts[0]
'''
BARE = b"def guess(x, y=2):\n    return x\n"


@final
@frozen
class Outcome:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def serve_packages() -> Iterator[Index]:
    """Serve `shapes` (stubs), `tally` (typed source), `bare` (no types) and `needy` (needs the first two)."""
    with serve() as index:
        shapes = {
            "shapes/__init__.pyi": SHAPES,
            "shapes/__init__.py": b"",
            "shapes/_core.pyi": CORE,
            "shapes/py.typed": b"",
        }
        offer(index, build_wheel("shapes", "1.2.0", files=shapes, requires_python=">=3.8"))
        offer(index, build_wheel("shapes", "1.0.0", files=shapes, requires_python=">=3.8"))
        offer(index, build_wheel("tally", "0.3", files={"tally/__init__.py": TALLY, "tally/py.typed": b""}))
        offer(index, build_wheel("bare", "2.0", files={"bare.py": BARE}))
        needs = ["shapes>=1", "tally"]
        needy = {"needy/__init__.py": b"def go() -> int: ...\n", "needy/py.typed": b""}
        offer(index, build_wheel("needy", "1.0", files=needy, requires=needs))
        yield index


def environment(index_url: str, cache: Path) -> dict[str, str]:
    """Return the environment in which the compiler sees `index_url` and the cache folder alone."""
    dropped = ("NO_COLOR", "MOCHIC_INDEX_URL", "XDG_CACHE_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"MOCHIC_INDEX_URL": index_url, "XDG_CACHE_HOME": str(cache)}


def make_host(index_url: str, cache: Path) -> Host:
    """Return a host of that environment, for the library."""
    return Host(environ=environment(index_url, cache))


def mochic(*arguments: str | Path, stdin: bytes = b"") -> Outcome:
    """Run the command line in this process, in its environment."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run([str(argument) for argument in arguments])
    finally:
        sys.stdin = before
    out.flush()
    return Outcome(code, out.buffer.getvalue().decode("utf-8"), err.getvalue())  # type: ignore[attr-defined]


def spawn(
    arguments: Sequence[str | Path],
    environ: Mapping[str, str],
    *,
    python: str = sys.executable,
    folder: Path | None = None,
    stdin: bytes = b"",
) -> Outcome:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        [python, "-m", "mochic_py", *map(str, arguments)],
        env=dict(environ),
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` by its relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
