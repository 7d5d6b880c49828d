"""What packages can do: found with evidence, corrected, and compared with what is granted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from attrs import evolve
from casefile import Case, check_case, read_folder
from hypothesis import given, settings
from hypothesis import strategies as st
from index_server import build_wheel

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.capabilities import (
    CORRECTIONS,
    check_async_runtime,
    check_capabilities,
    check_elevation,
    correct,
    find_async_runtime,
    infer_capabilities,
    read_corrections,
    union,
)
from mochic_py.compiler.capability_scan import STARTUP_CODE, Found, scan_wheel
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.gate import check_files
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.download import CachedWheel, add_file, fetch_all
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.compiler.settings import CAPABILITIES
from mochic_py.ir.diagnostics import Severity
from mochic_py.ir.dist import (
    DistFile,
    FileKind,
    Hashes,
    PathSource,
    Pin,
    RegistryRequest,
    Requirement,
    Target,
)
from mochic_py.ir.refusals import SkipReason
from mochic_py.ir.render import render_human
from mochic_py.ir.source import Span

SCANS = [case for case in read_folder("capabilities") if case.file.stem == "scan"]
CHECKS = [case for case in read_folder("capabilities") if case.file.stem == "check"]


def _scan(files: dict[str, bytes]) -> tuple[Found, ...]:
    with open_wheel(build_wheel("demo", "1.0", files=files).content) as wheel:
        return scan_wheel(wheel)


@pytest.mark.parametrize("case", SCANS, ids=str)
def test_golden_scan(case: Case, update_golden: bool) -> None:
    files = {name: body.encode() for name, body in case.blocks.items() if name != "found"}
    found = "".join(f"{each.capability} {each.place} {each.what}\n" for each in _scan(files))
    check_case(case, "found", found, update_golden)


@pytest.mark.parametrize("case", CHECKS, ids=str)
def test_golden_check(case: Case, update_golden: bool) -> None:
    found: dict[str, list[Found]] = {}
    for row in case.blocks["found"].splitlines():
        package, capability, place = row.split(" ")
        file, _, line = place.rpartition(":")
        found.setdefault(package, []).append(Found(capability, file, int(line), "evidence"))
    before, allowed = case.blocks["before"].split(), case.blocks["allowed"].split()
    problems = check_capabilities(found, case.blocks["granted"].split(), Span("mochi.toml", 3, 1, 3, 22))
    problems += check_elevation(before, found, allowed)
    check_case(case, "diagnostics", render_human(problems, {}, color=False), update_golden)


def test_every_correction_is_sorted_reasoned_and_of_use() -> None:
    text = (Path(__file__).parent.parent / "compiler" / "data" / CORRECTIONS).read_text("utf-8")
    entries = read_corrections(text)
    assert [entry.package for entry in entries] == sorted({entry.package for entry in entries})
    for entry in entries:
        assert entry.reason
        assert entry.add or entry.remove
        assert {*entry.add, *entry.remove} <= set(CAPABILITIES)
        found = {each.capability: each for each in correct(entry.package, ())}
        assert all(found[name].what == entry.reason for name in entry.add)


def test_a_correction_does_not_hide_evidence() -> None:
    seen = Found("net", "grpc/__init__.py", 3, "import socket")
    assert correct("gRPCio", (seen,)) == (seen,)
    assert correct("other", (seen,)) == (seen,)


def _cached(folder: Path, cache: Cache, files: dict[str, bytes], name: str = "demo") -> CachedWheel:
    built = build_wheel(name, "1.0", files=files)
    path = folder / built.filename
    path.write_bytes(built.content)
    host = Host(environ={}, base=folder)
    blob = add_file(path, "", host, cache)
    file = DistFile(
        built.filename, FileKind.WHEEL, PathSource(built.filename), Hashes(blob.sha256, blob.blake3)
    )
    return CachedWheel(Pin(name, "1.0", file), blob.path, blob.hashes, blob.size)


def test_a_wheel_is_scanned_once(tmp_path: Path) -> None:
    host = Host(environ={}, base=tmp_path)
    cache = Cache(host, tmp_path / "cache", "1")
    wheel = _cached(tmp_path, cache, {"demo/a.py": b"import socket, trio\n"})
    first = infer_capabilities(wheel, host, cache)
    assert first == (Found("net", "demo/a.py", 1, "import socket, trio"),)
    gone = evolve(wheel, path=tmp_path / "gone.whl")
    assert infer_capabilities(gone, host, cache) == first
    assert infer_capabilities(wheel, host) == first


def test_a_package_that_needs_trio_is_told(tmp_path: Path) -> None:
    host = Host(environ={}, base=tmp_path)
    cache = Cache(host, tmp_path / "cache", "1")
    wheel = _cached(tmp_path, cache, {"demo/a.py": b"x = 1\nimport trio\n"})
    report = find_async_runtime(wheel, host, cache)
    assert report is not None
    assert report.reason is SkipReason.INCOMPATIBLE_ASYNC_RUNTIME
    assert str(report) == (
        "demo: SkipIncompatibleAsyncRuntime: needs the event loop of trio: `import trio` at demo/a.py:2"
    )
    (problem,) = check_async_runtime(wheel, Span("a.mochi", 1, 1, 1, 5), host, cache)
    assert (problem.code.code, problem.severity) == ("PY553", Severity.WARNING)
    for other in (b"import trio, anyio\n", b"import asyncio\n", b""):
        assert find_async_runtime(_cached(tmp_path, cache, {"demo/a.py": other}), host, cache) is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_scanned(content: bytes) -> None:
    for each in _scan({"demo/a.py": b"import socket\n" + content, "demo.pth": content}):
        assert each.line >= 0
        assert each.capability


TARGET = Target("linux-x86_64", (3, 13))
REAL = {
    "requests==2.34.2": {"net", "fs"},
    "httpx==0.28.1": {"net", "fs"},
    "urllib3==2.8.0": {"net", "fs"},
    "numpy==2.5.5": {"c-extension", "ctypes", "fs", "net", "proc"},
    "click==8.5.1": {"fs", "proc", "ctypes"},
    "attrs==26.1.0": set[str](),
    "idna==3.20": set[str](),
    "six==1.17.0": set[str](),
    "typing-extensions==4.16.0": set[str](),
    "pyyaml==6.0.3": {"c-extension"},
    "tomli==2.5.0": {"c-extension"},
    "jinja2==3.1.6": {"fs"},
    "markupsafe==3.0.4": {"c-extension"},
    "certifi==2026.10.18": {"fs"},
    "setuptools==84.2.1": {"fs", "net", "proc", "ctypes", STARTUP_CODE},
    "grpcio==1.85.1": {"c-extension", "net"},
}


@pytest.mark.network
def test_real_wheels_pass_the_gate_and_show_what_they_do() -> None:
    host = Host()
    cache = Cache(host)
    resolver = InProcessResolver(host, cache)
    expected = {pinned.partition("==")[0]: capabilities for pinned, capabilities in REAL.items()}
    versions = {pinned.partition("==")[0]: pinned.partition("==")[2] for pinned in REAL}
    wanted = [Requirement(name, RegistryRequest(f"=={version}")) for name, version in versions.items()]
    try:
        pins = [pin for pin in resolver.resolve(wanted, TARGET).pins if pin.name in expected]
        wheels = fetch_all(pins, host, cache)
    finally:
        host.close()
    assert check_files(wheels, TARGET, host) == ()
    found: dict[str, Sequence[Found]] = {wheel.pin.name: infer_capabilities(wheel, host) for wheel in wheels}
    assert {name: {each.capability for each in group} for name, group in found.items()} == expected
    assert union({"requests": found["requests"], "six": found["six"]}) == {"net", "fs"}
