"""Programs for a Python without the GIL: what is refused, what locks hold, and what the lock remembers."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from casefile import GOLDEN, Case, check_case, read_cases
from elf_builder import Elf, Module
from hypothesis import given
from hypothesis import strategies as st
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host, mochic

import mochic_py
from mochic_py.compiler import extensions
from mochic_py.compiler.freethread import judge
from mochic_py.compiler.lock_gil import overlay
from mochic_py.compiler.resolve.download import CachedWheel
from mochic_py.ir.binary import GilVerdict
from mochic_py.ir.dist import (
    DistFile,
    FileKind,
    GitSource,
    Hashes,
    IndexSource,
    PathSource,
    Pin,
    Source,
    Target,
)
from mochic_py.ir.source import SourceFile

FILE = GOLDEN / "cli" / "freethread.md"
_KEYS = "targets|freethread-status|name|gil|gil-modules"
_SHOWN = re.compile(rf"^(?:\[\[.*|(?:{_KEYS}) = (?:\[\n(?:    .*\n)*\]|.*))$", re.MULTILINE)
NOT_USED, USED, SILENT = ((4, 1),), ((4, 0),), ((2, 0x1234),)
SUFFIX = ".cpython-313t-x86_64-linux-gnu.so"
FREE = "cp313-cp313t-manylinux_2_17_x86_64"
TYPED = b"def f(x: int) -> int: ...\n"


def module(name: str, slots: tuple[tuple[int, int], ...] | None) -> bytes:
    return Elf((Module(name, slots),), imports=("PyModuleDef_Init",)).build()


def package(name: str, **modules: tuple[tuple[int, int], ...] | None) -> dict[str, bytes]:
    """Return the files of a typed package that imports its compiled `modules`."""
    imports = "".join(f"from . import {each}\n" for each in modules).encode()
    files = {f"{name}/__init__.py": imports + TYPED, f"{name}/py.typed": b""}
    return files | {
        f"{name}/{each}{SUFFIX}": module(f"{name}.{each}", slots) for each, slots in modules.items()
    }


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index with packages of every standing, an empty cache, and an empty working folder."""
    with serve() as index:
        offer(index, build_wheel("pure", "1.0", files=package("pure")))
        offer(index, build_wheel("safe", "1.0", files=package("safe", _core=NOT_USED), tag=FREE))
        offer(
            index, build_wheel("mixed", "1.0", files=package("mixed", _core=NOT_USED, _fast=USED), tag=FREE)
        )
        offer(
            index,
            build_wheel("silent", "1.0", files=package("silent", **dict.fromkeys("abcd", SILENT)), tag=FREE),
        )
        offer(index, build_wheel("above", "1.0", files=package("above"), requires=("between",)))
        offer(index, build_wheel("between", "1.0", files=package("between"), requires=("mixed",)))
        for tag in ("cp313-cp313-manylinux_2_17_x86_64", "cp38-abi3-win_amd64"):
            offer(index, build_wheel("gilled", "1.0", files=package("gilled"), tag=tag))
        monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("NO_COLOR", raising=False)
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield index


@pytest.mark.parametrize("case", read_cases(FILE), ids=str)
def test_golden_programs(case: Case, index: Index, update_golden: bool) -> None:
    for name in ("mochi.toml", "app.mochi"):
        if name in case.blocks:
            Path(name).write_text(case.blocks[name], "utf-8")
    done = mochic(*shlex.split(case.blocks["arguments"]), "--color", "never")
    check_case(case, "stderr", done.err, update_golden)
    if "lock" in case.blocks:
        text = Path("mochi.lock").read_text("utf-8")
        check_case(case, "lock", "".join(f"{each}\n" for each in _SHOWN.findall(text)), update_golden)
    assert done.code == (1 if "error[" in done.err else 0)


# --- verdicts in the lock ---------------------------------------------------------------

PROGRAM = 'import python "mixed" as mixed\nimport python "above" as above\n'
MANIFEST = "[python]\nfree-threaded = true\n[python.capabilities]\nc-extension = true\n"
ALLOW = "--allow-untested-freethread"
HERE = ("--target", "linux-x86_64")


def write(manifest: str = MANIFEST, program: str = PROGRAM) -> None:
    Path("mochi.toml").write_text(manifest, "utf-8")
    Path("app.mochi").write_text(program, "utf-8")


def lock(*arguments: str) -> dict[str, dict[str, object]]:
    """Lock and return the packages by name."""
    done = mochic("pkg", "lock", *HERE, *arguments)
    assert done.code == 0, done.err
    return {each["name"]: each for each in tomllib.loads(Path("mochi.lock").read_text())["python-package"]}


def wrapper(name: str = "mixed") -> str:
    (path,) = Path("out").rglob(f"{name}_externs.py")
    return path.read_text("utf-8")


def compile_program(*arguments: str) -> str:
    """Compile the program; return what its wrapper of `mixed` is."""
    done = mochic("compile", "app.mochi", *HERE, "--no-probe", ALLOW, "-o", "out", *arguments)
    assert done.code == 0, done.err
    return wrapper()


def test_a_lock_is_checked_with_its_verdicts(index: Index) -> None:
    write()
    locked = lock(ALLOW)
    assert locked["mixed"]["gil-modules"] == ["mixed._core not_used", "mixed._fast used"]
    assert lock(ALLOW, "--offline") == locked
    assert mochic("pkg", "lock", "--check", ALLOW).code == 0
    text = Path("mochi.lock").read_text("utf-8")
    lie = text.replace('gil = "used"', 'gil = "not_used"').replace("_fast used", "_fast not_used")
    Path("mochi.lock").write_text(lie, "utf-8")
    done = mochic("pkg", "lock", "--check", "--color", "never")
    assert done.code == 1
    assert "mixed gil-modules: expected mixed._core not_used, mixed._fast not_used, found" in done.out


def test_wrapper_digests_are_those_of_compile(index: Index) -> None:
    """What is locked for such a Python has the locks, and only those, that compile writes."""
    write(program=PROGRAM + 'import python "safe" as safe\n')
    lock(ALLOW)
    assert "module_lock" in compile_program()
    assert "module_lock" not in wrapper("safe")
    done = mochic("pkg", "lock", "--check", ALLOW, "-o", "out")
    assert (done.code, done.out) == (0, "")


def test_compile_takes_verdicts_from_the_lock(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiled file is read again; a lock without verdicts gives the same."""
    write()
    lock(ALLOW)
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("other").absolute()))
    with monkeypatch.context() as patch:
        patch.setattr(extensions, "read_verdicts", None)
        known = compile_program()
    text = Path("mochi.lock").read_text("utf-8")
    old = re.sub(r"^gil(-modules)? = (\[\n(    .*\n)*\]|.*)\n", "", text, flags=re.M)
    assert "gil" not in old.replace("gilled", "")
    Path("mochi.lock").write_text(old, "utf-8")
    assert compile_program() == known
    assert "module_lock" in known


def test_a_lock_for_the_gil_is_not_one_for_the_other_build(index: Index) -> None:
    program = 'import python "pure" as pure\n'
    write("", program)
    assert "gil" not in lock()["pure"]
    write(program=program)
    done = mochic("pkg", "lock", "--check", "--color", "never")
    assert "targets: expected linux-x86_64 3.13, found linux-x86_64 3.13t" in done.out
    done = mochic("pkg", "lock", "--locked", "--color", "never")
    assert (done.code, "mochi.lock is not for `linux-x86_64 3.13t`" in done.err) == (1, True)
    assert lock()["pure"]["gil"] == "none"


def test_every_command_refuses(index: Index) -> None:
    write()
    lock(ALLOW)
    for arguments in (
        ("compile", "app.mochi", *HERE),
        ("pkg", "lock", *HERE),
        ("pkg", "sync", "python"),
        ("pkg", "install", *HERE),
    ):
        done = mochic(*arguments, "--color", "never")
        assert done.code == 1, arguments
        assert done.err.count("error[PY554]: `mixed` is not known to do without the GIL") == 1, arguments
    assert mochic("pkg", "sync", "python", ALLOW).code == 0


def test_what_only_tells_refuses_nothing(index: Index) -> None:
    write()
    for arguments in (("report", "app.mochi"), ("check", "app.mochi", "--with-bindings")):
        done = mochic(*arguments, "--target", "linux-x86_64", "--color", "never")
        assert done.code == 0, done.err
    done = mochic("report", "app.mochi", "--target", "linux-x86_64", "--color", "never")
    assert "warning[PY554]: `mixed` is not known to do without the GIL" in done.err


def test_the_library_refuses_too(index: Index, tmp_path: Path) -> None:
    def compiled(**settings: bool) -> mochic_py.Result:
        asked = mochic_py.Request(packages=(mochic_py.PackageRequest("mixed"),), **settings)
        with closing(make_host(index.url, tmp_path / "cache")) as host:
            return mochic_py.compile(asked, host)

    refused = compiled(free_threaded=True)
    assert [each.code.code for each in refused.diagnostics] == ["PY554"]
    assert refused.target == Target(free_threaded=True)
    assert refused.artifacts == ()
    allowed = compiled(free_threaded=True, allow_untested=True)
    assert allowed.ok
    assert [each.code.code for each in allowed.diagnostics if each.code.code == "PY554"] == ["PY554"]


# --- both builds in one lock ------------------------------------------------------------

BOTH = ("--python", "3.13", "--python", "3.13t")
GRANTED = "[python.capabilities]\nc-extension = true\n"
GILLED = "cp313-cp313-manylinux_2_17_x86_64"


def offer_wheels(index: Index, version: str, *tags: str) -> None:
    for tag in tags:
        files = package("both", _core=NOT_USED) if tag == FREE else package("both")
        offer(index, build_wheel("both", version, files=files, tag=tag))


def test_both_builds_take_the_version_that_serves_both(index: Index) -> None:
    """No marker tells builds apart, so that the lock could not say which version is for which."""
    offer_wheels(index, "1.0", FREE, GILLED)
    offer_wheels(index, "2.0", GILLED)
    program = 'import python "both" as both\n'
    write(GRANTED, program)
    assert lock("--python", "3.13")["both"]["version"] == "2.0"
    assert lock(*BOTH)["both"]["version"] == "1.0"
    rows = tomllib.loads(Path("mochi.lock").read_text("utf-8"))["python-package"]
    told = [(row["filename"], row.get("gil")) for row in rows]
    assert told == [(f"both-1.0-{GILLED}.whl", None), (f"both-1.0-{FREE}.whl", "not_used")]
    assert mochic("pkg", "lock", "--check").code == 0
    write(GRANTED, 'import python "both@<3" as both\n')
    assert {each["version"] for each in lock(*BOTH).values()} == {"1.0"}


def test_builds_without_a_common_version_are_not_locked_together(index: Index) -> None:
    offer_wheels(index, "1.0", FREE)
    offer_wheels(index, "2.0", GILLED)
    write(GRANTED, 'import python "both" as both\n')
    done = mochic("pkg", "lock", *HERE, *BOTH, "--color", "never")
    assert done.code == 1
    assert done.err == (
        "error[PY425]: no version of `both` was found that serves both linux-x86_64 3.13 and linux-x86_64"
        " 3.13t (version-conflict)\n"
        "  = note: 2.0 for linux-x86_64 3.13\n"
        "  = note: 1.0 for linux-x86_64 3.13t\n"
        "  = help: lock for one of them, or ask for a version that has wheels for both\n"
    )


# --- verdicts on packages ---------------------------------------------------------------


def fetched(source: Source, *, built: bool) -> tuple[Pin, CachedWheel]:
    filename = "it-1.tar.gz" if built else "it-1-py3-none-any.whl"
    pin = Pin("it", "1", DistFile(filename, FileKind.SDIST if built else FileKind.WHEEL, source, Hashes("0")))
    return pin, CachedWheel(pin, Path(), Hashes("1"), 1, pin if built else None)


@given(st.dictionaries(st.sampled_from("abcde"), st.sampled_from(GilVerdict)))
def test_a_package_is_fit_when_every_module_says_so(verdicts: dict[str, GilVerdict]) -> None:
    pin, wheel = fetched(IndexSource("default"), built=False)
    fit = all(verdict is GilVerdict.NOT_USED for verdict in verdicts.values())
    assert (judge(pin, wheel, verdicts) == ()) == fit


@given(
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from(GilVerdict)),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(GilVerdict)),
)
def test_what_was_seen_never_contradicts_what_was_read(
    read: dict[str, GilVerdict], seen: dict[str, GilVerdict]
) -> None:
    found = overlay(read, seen)
    assert found.keys() == read.keys()
    for name, verdict in read.items():
        unknown = verdict is GilVerdict.UNKNOWN
        assert found[name] is (seen.get(name, verdict) if unknown else verdict)


def test_what_is_built_from_source_was_published_for_nobody() -> None:
    verdicts = {"it._core": GilVerdict.NOT_USED}
    for source, built, count in (
        (IndexSource("default"), True, 1),
        (GitSource("host"), True, 1),
        (PathSource("../it"), True, 0),
        (IndexSource("default"), False, 0),
    ):
        pin, wheel = fetched(source, built=built)
        assert len(judge(pin, wheel, verdicts)) == count, source
        assert judge(pin, wheel, {}) == ()


def test_the_manifest_decides_for_every_python(index: Index) -> None:
    request = mochic_py.Request(
        packages=(mochic_py.PackageRequest("pure"),),
        manifest=SourceFile("mochi.toml", MANIFEST),
        target=Target(python=(3, 12)),
    )
    result = mochic_py.compile(request)
    assert [each.code.code for each in result.diagnostics] == ["PY433"]
