"""From the wheels of a package to the locks of its wrapper, for a Python without the GIL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from elf_builder import Elf, Module
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host, mochic

import mochic_py
from mochic_py.compiler.frontends.module_imports import read_imports
from mochic_py.ir.binary import GilVerdict
from mochic_py.ir.dist import Target
from mochic_py.ir.extensions import Extensions, format_extensions, parse_extensions
from mochic_py.ir.source import SourceFile

TARGET = Target(python=(3, 13), free_threaded=True)
NOT_USED, USED = ((4, 1),), ((4, 0),)
SUFFIX = ".cpython-313t-x86_64-linux-gnu.so"

# --- imports ----------------------------------------------------------------------------

IMPORTS = {
    "import a, b.c as d  # and e": "a b.c",
    "from a.b import c, d as e": "a.b a.b.c a.b.d",
    "from a import (\n    b,  # no, c\n    d,\n)": "a a.b a.d",
    "from a import b, \\\n    c": "a a.b a.c",
    "from . import x": "pkg.sub pkg.sub.x",
    "from .x import y": "pkg.sub.x pkg.sub.x.y",
    "from ..other import *": "pkg.other pkg.other.*",
    "from .... import x": "",
    "if True: import a; import b": "a b",
    "def f():\n    try: from a import b\n    except ImportError: pass": "a a.b",
    "importlib.import_module('a.b')": "a.b pkg.sub.*",
    "__import__(name)": "pkg.sub.*",
    "important = 1; x.imports()": "",
    "from_import = 1": "",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_imports(text: str) -> None:
    assert " ".join(read_imports(text, "pkg.sub.mod", False)) == IMPORTS[text]


def test_imports_of_a_package() -> None:
    assert read_imports("from . import x", "pkg.sub", True) == ("pkg.sub", "pkg.sub.x")[1:]
    assert read_imports("from .. import x", "pkg.sub", True) == ("pkg", "pkg.x")


# --- plans ------------------------------------------------------------------------------


def shared(*modules: Module, **options: object) -> bytes:
    return Elf(modules, imports=("PyModuleDef_Init",), **options).build()


def stub(*names: str) -> bytes:
    return "".join(f"def {name}(x: int) -> int: ...\n" for name in names).encode()


PURE = {"pure/__init__.py": stub("f"), "pure/py.typed": b""}
SAFE = {
    "safe/__init__.py": b"from ._core import g\n" + stub("f"),
    "safe/py.typed": b"",
    f"safe/_core{SUFFIX}": shared(Module("safe._core", NOT_USED)),
    "safe/_core.pyi": stub("g"),
}
MIXED = {
    "mixed/__init__.py": stub("top"),
    "mixed/py.typed": b"",
    "mixed/fast.py": b"from mixed import _fast\n" + stub("quick"),
    "mixed/slow.py": stub("plain"),
    "mixed/late.py": b"def late(x: int) -> int:\n    from .fast import quick\n    return quick(x)\n",
    f"mixed/_fast{SUFFIX}": shared(Module("mixed._fast", USED)),
    # Not for this interpreter, not a module, and not readable.
    "mixed/_old.cpython-313-x86_64-linux-gnu.so": shared(Module("mixed._old", USED)),
    "mixed.libs/libz.so.1": shared(),
}
# Its own module is safe and loads what its dependency says it has, which nobody can see.
ABOVE = {
    "above/__init__.py": stub("alone"),
    "above/py.typed": b"",
    "above/reach.py": b"from . import _core\n" + stub("all_of_it"),
    f"above/_core{SUFFIX}": shared(Module("above._core", NOT_USED)),
    "above/other.py": b"import mixed.fast\n" + stub("one"),
}
BROKEN = {
    "broken/__init__.py": b"from . import _core\n" + stub("f"),
    "broken/py.typed": b"",
    f"broken/_core{SUFFIX}": shared(Module("broken._core", NOT_USED))[:200],
}


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    tag = "cp313-cp313t-manylinux_2_17_x86_64"
    with serve() as index:
        offer(index, build_wheel("pure", "1.0", files=PURE))
        offer(index, build_wheel("safe", "1.0", files=SAFE, tag=tag))
        offer(index, build_wheel("mixed", "1.0", files=MIXED, tag=tag))
        offer(index, build_wheel("above", "1.0", files=ABOVE, tag=tag, requires=("mixed",)))
        offer(index, build_wheel("broken", "1.0", files=BROKEN, tag=tag))
        yield index


def guards(
    name: str, index: Index, folder: Path, *, manifest: str = "", target: Target = TARGET
) -> Mapping[str, str]:
    """Compile `name`; return the locks of each function of its wrapper."""
    request = mochic_py.Request(
        packages=(mochic_py.PackageRequest(name),),
        manifest=SourceFile("mochi.toml", manifest) if manifest else None,
        target=target,
    )
    with closing(make_host(index.url, folder)) as host:
        result = mochic_py.compile(request, host)
    assert result.ok, result.diagnostics
    (wrapper,) = (a.content.decode() for a in result.artifacts if a.path.endswith(f"{name}_externs.py"))
    locks = dict(re.findall(r"^(_lock_acquire\w*), \w+ = _mochi\.module_lock\((.*)\)$", wrapper, re.M))
    bodies = re.findall(r'^def (\w+)\(.*\):\n    """.*"""\n    (?:(\w+)\(\)\n    try)?', wrapper, re.M)
    return {function: locks.get(lock, "") for function, lock in bodies if not function.startswith("_")}


def test_packages_without_compiled_modules_have_no_locks(index: Index, tmp_path: Path) -> None:
    assert guards("pure", index, tmp_path) == {"f": ""}


def test_safe_modules_have_no_locks(index: Index, tmp_path: Path) -> None:
    assert guards("safe", index, tmp_path) == {"f": "", "g": ""}


def test_what_reaches_a_module_that_needs_the_gil_is_guarded(index: Index, tmp_path: Path) -> None:
    assert guards("mixed", index, tmp_path) == {
        "fast_quick": '"mixed"',
        "late_late": '"mixed"',
        "slow_plain": "",
        "top": "",
    }


def test_locks_of_dependencies(index: Index, tmp_path: Path) -> None:
    """A compiled module may import anything that its distribution depends on, which nobody can see."""
    assert guards("above", index, tmp_path) == {
        "alone": "",
        "other_one": '"mixed"',
        "reach_all_of_it": '"mixed"',
    }


def test_what_cannot_be_read_is_guarded(index: Index, tmp_path: Path) -> None:
    assert guards("broken", index, tmp_path) == {"f": '"broken"'}


def test_distributions_that_are_not_trusted(index: Index, tmp_path: Path) -> None:
    manifest = '[python]\nfreethread-deny-list = ["SAFE"]\n'
    assert guards("safe", index, tmp_path, manifest=manifest) == {
        "f": 'always=("safe",)',
        "g": 'always=("safe",)',
    }
    assert guards("pure", index, tmp_path, manifest=manifest) == {"f": ""}


def test_the_second_time_the_cache_answers(index: Index, tmp_path: Path) -> None:
    first = guards("mixed", index, tmp_path)
    assert guards("mixed", index, tmp_path) == first


def test_extensions_survive_text() -> None:
    extensions = Extensions(
        {"a.b": GilVerdict.USED, "a": GilVerdict.UNKNOWN}, frozenset({"a"}), {"a": ("a", "a.b"), "c": ()}
    )
    assert parse_extensions(format_extensions(extensions)) == extensions


def test_the_ir_shows_the_guards(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    safe, mixed = (mochic("ir", name, "--python", "3.13t") for name in ("safe", "mixed"))
    assert (safe.code, "guard" in safe.out, safe.err) == (0, False, "")
    assert (mixed.code, mixed.out.count("guard mixed")) == (0, 2)
    assert "note[PY219]: mixed 1.0 may load what needs the GIL: `mixed._fast`" in mixed.err
