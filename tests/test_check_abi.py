"""`compile --check-abi`: the audit of a wheel, kept with its package (`golden/passes/check_abi.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from elf_builder import Elf, Module, Needed
from index_server import Index, build_wheel, offer, serve
from local_packages import make_host

from mochic_py.compiler.audit import wheel_audit
from mochic_py.compiler.compile import compile
from mochic_py.compiler.request import PackageRequest, Request, Result
from mochic_py.ir.abi import Abi, AbiFacts, AbiProblem, format_abi_facts, parse_abi_facts
from mochic_py.ir.audit import Gil
from mochic_py.ir.diagnostics import Severity

GLIBC = Needed("libc.so.6", (("f", "GLIBC_2.34"),))
MODULE = Elf([Module("_fast", ((2, 0x1234), (4, 1)))], [GLIBC], ["PyList_New"]).build()
STUB = b"def f() -> int: ...\n"


@pytest.fixture
def index() -> Iterator[Index]:
    """An index with a wheel whose tag promises too much, and one without compiled files."""
    with serve() as found:
        files = {
            "fast/__init__.pyi": STUB,
            "fast/py.typed": b"",
            "fast/__init__.py": b"",
            "fast/_fast.so": MODULE,
        }
        offer(found, build_wheel("fast", "1.0", tag="cp313-cp313-manylinux_2_17_x86_64", files=files))
        offer(found, build_wheel("pure", "1.0", files={"pure/__init__.py": b"", "pure/py.typed": b""}))
        yield found


def run(index: Index, cache: Path, name: str, *, check_abi: bool, strict: bool = False) -> Result:
    host = make_host(index.url, cache)
    try:
        return compile(Request(packages=(PackageRequest(name),), check_abi=check_abi, strict=strict), host)
    finally:
        host.close()


def test_what_a_tag_promises_in_vain_is_a_warning(index: Index, tmp_path: Path) -> None:
    found = run(index, tmp_path, "fast", check_abi=True)
    assert [(each.code.code, each.severity, each.message) for each in found.diagnostics] == [
        (
            "PY570",
            Severity.WARNING,
            "`fast-1.0-cp313-cp313-manylinux_2_17_x86_64.whl`: `manylinux_2_17_x86_64` is promised; "
            "it qualifies for manylinux_2_34_x86_64 (needs GLIBC 2.34)",
        )
    ]
    assert found.packages[0].package.abi == Abi("manylinux_2_34_x86_64", (3, 2), Gil.NOT_USED)
    strict = run(index, tmp_path, "fast", check_abi=True, strict=True)
    assert [each.severity for each in strict.diagnostics] == [Severity.ERROR]


def test_a_package_without_compiled_files_is_for_any_platform(index: Index, tmp_path: Path) -> None:
    found = run(index, tmp_path, "pure", check_abi=True)
    assert found.packages[0].package.abi == Abi("any")


def test_a_wheel_is_read_once(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(index, tmp_path, "fast", check_abi=True)
    monkeypatch.setattr(wheel_audit, "audit_wheel", None)
    assert run(index, tmp_path, "fast", check_abi=True).diagnostics == first.diagnostics
    with pytest.raises(Exception, match="not callable"):
        run(index, tmp_path, "pure", check_abi=True)


def test_nobody_looks_into_wheels_unasked(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel_audit, "audit_wheel", None)
    found = run(index, tmp_path, "fast", check_abi=False)
    assert found.diagnostics == ()
    assert found.packages[0].package.abi is None


def test_facts_are_kept_as_they_are() -> None:
    problem = AbiProblem("PY570", Severity.ERROR, "no", "yes")
    for abi in (Abi("any"), Abi("", (3, 11), Gil.USED)):
        facts = AbiFacts("a.whl", abi, (problem,))
        assert parse_abi_facts(format_abi_facts(facts)) == facts
