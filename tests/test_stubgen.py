"""Compiled modules without types, described by importing them: from the index to the IR."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.install import find_interpreter
from mochic_py.compiler.machine import this_platform
from mochic_py.compiler.request import Request
from mochic_py.compiler.session import Session, WheelSet, read_wheels
from mochic_py.compiler.stubgen import default_tool
from mochic_py.ir.dist import RegistryRequest, Requirement, Target, Tier
from mochic_py.ir.printer import format_package
from mochic_py.ir.source import SourceFile

HERE = Target(platform=this_platform())

# In the place of mypy: it writes down the functions of the module.
STUBGENC = b"""
import importlib, pathlib
def generate_stub_for_c_module(name, target, known_modules):
    module = importlib.import_module(name)
    pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
    names = [name for name, value in vars(module).items() if callable(value) and name[0] != "_"]
    pathlib.Path(target).write_text("".join(f"def {name}(*args) -> int: ...\\n" for name in names))
"""


def extension() -> tuple[str, bytes]:
    """Return a real extension module of the target's Python: file name and content."""
    found = find_interpreter(HERE.python)
    assert found is not None, "these tests need the default Python of targets"
    major, minor = HERE.python
    folder = Path(found.path).parent.parent / "lib" / f"python{major}.{minor}" / "lib-dynload"
    (path,) = folder.glob("_heapq.*.so")
    return path.name, path.read_bytes()


@pytest.fixture
def index():
    tool = default_tool()
    with serve() as running:
        offer(running, build_wheel(tool.name, tool.version, files={"mypy/stubgenc.py": STUBGENC}))
        yield running


def offer_box(index: Index, name: str = "", content: bytes = b"", init: bytes = b"") -> None:
    known, heap = extension()
    files = {"box/__init__.py": init, f"box/{name or known}": content or heap}
    offer(index, build_wheel("box", "1.0", files=files))


def fetch(
    index: Index, cache: Path, target: Target = HERE, manifest: str = "", offline: bool = False
) -> tuple[WheelSet, list[tuple[str, str]]]:
    source = SourceFile("mochi.toml", manifest) if manifest else None
    with closing(make_host(index.url, cache)) as host:
        session = Session(host, Cache(host), Request(target=target, manifest=source, offline=offline))
        found = session.resolve([Requirement("box", RegistryRequest())])
        wheels = session.fetch_with_stubs([found.pins[0]], found.pins)[0]
    return wheels, [(note.code.code, note.message) for note in wheels.notes]


def test_an_extension_module_is_described(index, tmp_path):
    offer_box(index, init=b"from ._heapq import heappush\ndef go(x, y=1): ...\n")
    wheels, notes = fetch(index, tmp_path)
    assert notes == [("PY215", "1 compiled modules of box 1.0 were imported to see what is in them")]
    assert wheels.notes[0].notes[0].startswith("held by: ")
    with closing(make_host(index.url, tmp_path)) as host:
        package, _ = read_wheels(wheels, HERE, host)
    assert package.tier is Tier.STUBGEN
    assert [(module.name, module.file) for module in package.modules] == [
        ("box", "box/__init__.py"),
        ("box._heapq", "box-stubs/_heapq.pyi"),
    ]
    assert "fun heappush(*args" in format_package(package)
    assert "fun go(x" in format_package(package)


def test_it_is_described_once(index, tmp_path):
    offer_box(index)
    first, _ = fetch(index, tmp_path)
    index.log.clear()
    again, notes = fetch(index, tmp_path, offline=True)
    assert index.log == []
    assert [code for code, _ in notes] == ["PY215"]
    assert again.generated == first.generated
    assert first.generated is not None
    assert set(first.generated.files) == {"box-stubs/py.typed", "box-stubs/_heapq.pyi"}


def test_a_module_that_cannot_be_imported_is_reported(index, tmp_path):
    offer_box(index, "_torn.so", b"no library")
    wheels, notes = fetch(index, tmp_path)
    assert notes == [("PY214", "`box._torn` of box 1.0 could not be inspected (SkipImportTimeError)")]
    assert wheels.notes[0].notes[0].startswith("ImportError: ")


def test_a_package_that_wants_the_network_is_reported(index, tmp_path):
    offer_box(index, init=b"import socket\nsocket.create_connection(('127.0.0.1', 9))\n")
    _, notes = fetch(index, tmp_path)
    assert notes == [("PY214", "`box._heapq` of box 1.0 could not be inspected (SkipImportTimeNetwork)")]


def test_another_platform_is_not_described(index, tmp_path):
    offer_box(index)
    target = Target("windows-x86_64")
    wheels, notes = fetch(index, tmp_path, target)
    assert wheels.generated is None
    assert notes == [
        (
            "PY213",
            "the compiled modules of box 1.0 stay without types (SkipUntypedPackage): "
            "no interpreter for windows-x86_64 3.13 is installed here",
        )
    ]


def test_an_index_without_the_tool_is_reported(index, tmp_path):
    del index.files["mypy"]
    offer_box(index)
    wheels, notes = fetch(index, tmp_path)
    assert wheels.generated is None
    assert [code for code, _ in notes] == ["PY213"]


@pytest.mark.parametrize("key", ["fallback", "inspect"])
def test_the_manifest_can_forbid_it(index, tmp_path, key):
    offer_box(index)
    manifest = f"[python]\nstubgen = {{ {key} = false }}\n"
    wheels, notes = fetch(index, tmp_path, manifest=manifest)
    assert (wheels.generated, notes) == (None, [])


@pytest.mark.parametrize("typed", ["box/py.typed", "box/other.pyi"])
def test_packages_with_types_or_source_are_not_imported(index, tmp_path, typed):
    name, content = extension()
    files = {"box/__init__.py": b"", f"box/{name}": content, typed: b""}
    offer(index, build_wheel("box", "1.0", files=files))
    wheels, notes = fetch(index, tmp_path)
    assert (wheels.generated, notes) == (None, [])


@pytest.mark.network
@pytest.mark.slow
def test_msgpack_without_its_stubs_is_described_by_stubgen(tmp_path, monkeypatch):
    monkeypatch.setattr("mochic_py.compiler.stub_pins.stub_names", lambda name: ())
    with closing(make_host("", tmp_path)) as host:
        session = Session(host, Cache(host), Request(target=HERE))
        found = session.resolve([Requirement("msgpack", RegistryRequest())])
        wheels = session.fetch_with_stubs(found.pins)[0]
    assert [note.code.code for note in wheels.notes] == ["PY215"]
    assert wheels.generated is not None
    stub = wheels.generated.files["msgpack-stubs/_cmsgpack.pyi"].decode()
    assert "class Packer:" in stub
    assert "def pack(self, obj)" in stub
