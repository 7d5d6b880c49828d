"""Stub distributions found on an index, with what they import, and bound with it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session, WheelSet, read_wheels
from mochic_py.ir.dist import RegistryRequest, Requirement, Target
from mochic_py.ir.printer import format_package

BOX = {"box/__init__.py": b"def put(x, y=1): ...\n"}
STUB = (
    b"from shapes.kinds import Kind as K\nimport shapes\n"
    b"def put(x: K, y: shapes.Pair[int] = ...) -> int: ...\n"
)
SHAPES = {
    "shapes/__init__.pyi": b"from ._pairs import *\n",
    "shapes/kinds.pyi": b"from typing import Union\nfrom ._pairs import Name\nKind = Union[str, Name]\n",
    "shapes/_pairs.pyi": (
        b"from typing import TypeVar\nT = TypeVar('T')\nclass Name: ...\nPair = tuple[T, T]\n"
        b"__all__ = ['Pair', 'Name']\n"
    ),
    "shapes/py.typed": b"",
}


@pytest.fixture
def index():
    with serve() as running:
        offer(running, build_wheel("box", "1.2.0", files=BOX))
        yield running


def fetch(index: Index, cache: Path, *names: str, offline: bool = False) -> WheelSet:
    with closing(make_host(index.url, cache)) as host:
        session = Session(host, Cache(host), Request(offline=offline))
        found = session.resolve([Requirement(name, RegistryRequest()) for name in names])
        pin = found.find(names[0])
        assert pin is not None
        return session.fetch_with_stubs([pin], found.pins)[0]


def text(wheels: WheelSet, index: Index, cache: Path) -> str:
    package, problems = read_wheels(wheels, Target(), make_host(index.url, cache))
    assert problems == wheels.notes
    return format_package(package)


def names(wheels: WheelSet) -> tuple[list[str], list[str], list[str]]:
    shown = [
        [f"{w.pin.name} {w.pin.version}" for w in group] for group in (wheels.stubs, wheels.dependencies)
    ]
    return shown[0], shown[1], [note.code.code for note in wheels.notes]


def test_the_stub_that_fits_is_pinned(index, tmp_path):
    for version in ("1.1.0.20250101", "1.2.0.20250101", "1.2.0.20260101", "1.3.0.20260201"):
        offer(index, build_wheel("types-box", version, files={"box-stubs/__init__.pyi": STUB}))
    assert names(fetch(index, tmp_path, "box")) == (["types-box 1.2.0.20260101"], [], [])


def test_stubs_of_another_version_are_doubted(index, tmp_path):
    offer(index, build_wheel("box-stubs", "0.1", files={"box-stubs/__init__.pyi": STUB}))
    assert names(fetch(index, tmp_path, "box")) == (["box-stubs 0.1"], [], ["PY210"])


def test_what_stubs_import_is_pinned_and_its_aliases_bound(index, tmp_path):
    offer(index, build_wheel("shapes", "3.0", files=SHAPES))
    files = {"box-stubs/__init__.pyi": STUB}
    offer(index, build_wheel("types-box", "1.2.0.1", files=files, requires=["shapes>=2", "box"]))
    wheels = fetch(index, tmp_path, "box")
    assert names(wheels) == (["types-box 1.2.0.1"], ["shapes 3.0"], [])
    shown = text(wheels, index, tmp_path)
    assert "x: string | @shapes.Name at" in shown
    assert "y: tuple<@builtins.int, @builtins.int> = ... at" in shown


def test_missing_dependencies_of_stubs_are_reported(index, tmp_path):
    files = {"box-stubs/__init__.pyi": STUB}
    offer(index, build_wheel("types-box", "1.2.0.1", files=files, requires=["shapes>=2"]))
    wheels = fetch(index, tmp_path, "box")
    assert names(wheels) == (["types-box 1.2.0.1"], [], ["PY211"])
    assert "x: @shapes.kinds.Kind at" in text(wheels, index, tmp_path)


def test_names_are_asked_for_once(index, tmp_path):
    assert names(fetch(index, tmp_path, "box")) == ([], [], [])
    asked = [line for line in index.log if "box" in line and line.startswith("/simple/")]
    assert asked == ["/simple/box/", "/simple/types-box/", "/simple/box-stubs/"]
    index.log.clear()
    fetch(index, tmp_path, "box")
    assert index.log == []
    fetch(index, tmp_path, "box", offline=True)
    assert index.log == []


def test_typed_packages_are_not_asked_about(index, tmp_path):
    offer(index, build_wheel("lid", "1.0", files={"lid/__init__.py": b"", "lid/py.typed": b""}))
    offer(index, build_wheel("types-lid", "1.0.0.1", files={"lid-stubs/__init__.pyi": b""}))
    assert names(fetch(index, tmp_path, "lid")) == ([], [], [])
    assert index.count("types-lid/") == 0


@pytest.mark.parametrize(("since", "tier"), [("2.0", "stubs"), ("1.0", "inline")])
def test_locked_stubs_supersede_inline_types_until_obsolete(index, tmp_path, since, tier):
    offer(index, build_wheel("lid", "1.0", files={"lid/__init__.py": b"", "lid/py.typed": b""}))
    files = {
        "lid-stubs/__init__.pyi": b"x: int\n",
        "lid-stubs/METADATA.toml": f'obsolete-since = "{since}"\n'.encode(),
    }
    offer(index, build_wheel("types-lid", "1.0.0.1", files=files))
    wheels = fetch(index, tmp_path, "lid", "types-lid")
    assert names(wheels) == (["types-lid 1.0.0.1"], [], [])
    package, problems = read_wheels(wheels, Target(), make_host(index.url, tmp_path))
    assert package.tier.value == tier
    assert [problem.code.code for problem in problems] == ([] if tier == "stubs" else ["PY203"])


def test_an_earlier_pin_stays_while_it_fits(index, tmp_path):
    for version in ("1.2.0.1", "1.2.0.2"):
        offer(index, build_wheel("types-box", version, files={"box-stubs/__init__.pyi": b"x: int\n"}))
    with closing(make_host(index.url, tmp_path)) as host:
        session = Session(host, Cache(host), Request(prefer={"types-box": "1.2.0.1"}))
        pin = session.resolve([Requirement("box", RegistryRequest())]).find("box")
        assert pin is not None
        assert names(session.fetch_with_stubs([pin])[0])[0] == ["types-box 1.2.0.1"]
