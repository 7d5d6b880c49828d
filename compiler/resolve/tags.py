"""Which wheels a target can install, and how well: ranked tags and the marker environment.

Built from the target alone, never from the machine this runs on, so that a lock is the
same everywhere. Source: PyPA "Platform compatibility tags", PEP 425, 600, 656, 703, 783, 803.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, final

from attrs import define, field, frozen

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import AbiTagPolicy, Target

GLIBC: Final = (2, 28)
"""The glibc a `linux` target has, unless told otherwise: every supported distribution has it."""
MUSL: Final = (1, 2)
MACOS: Final = (14, 0)
FIRST_ABI2026: Final = (3, 14)
"""The first Python that wheels tagged `abi2026` are for (ADR 0013)."""

_LEGACY: Final = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
# Python version -> (year tag, Emscripten version) of the Pyodide ABI.
_PYODIDE: Final = {
    (3, 12): ("2024_0", "3_1_58"),
    (3, 13): ("2025_0", "4_0_9"),
    (3, 14): ("2026_0", "5_0_3"),
    (3, 15): ("2026_5", ""),
}
# platform -> os_name, sys_platform, platform_system, platform_machine
_MARKERS: Final = {
    "linux-x86_64": ("posix", "linux", "Linux", "x86_64"),
    "linux-aarch64": ("posix", "linux", "Linux", "aarch64"),
    "musllinux-x86_64": ("posix", "linux", "Linux", "x86_64"),
    "musllinux-aarch64": ("posix", "linux", "Linux", "aarch64"),
    "macos-arm64": ("posix", "darwin", "Darwin", "arm64"),
    "macos-x86_64": ("posix", "darwin", "Darwin", "x86_64"),
    "windows-x86_64": ("nt", "win32", "Windows", "AMD64"),
    "windows-arm64": ("nt", "win32", "Windows", "ARM64"),
    "pyodide": ("posix", "emscripten", "Emscripten", "wasm32"),
    "wasi-p2": ("posix", "wasi", "WASI", "wasm32"),
}
PLATFORMS: Final = tuple(_MARKERS)
"""Every platform a `Target` may name."""

Rank = tuple[int, int]


@final
@define
class TagSet:
    """The tags a target accepts. Small ranks are better.

    `native` holds the (interpreter, ABI) pairs that go with one of `platforms`, `pure`
    those that go with `any`; both are best first, and every native tag beats every pure one.
    """

    native: tuple[tuple[str, str], ...]
    platforms: tuple[str, ...]
    pure: tuple[tuple[str, str], ...]
    _blocks: dict[tuple[str, str], int] = field(init=False, repr=False)
    _places: dict[str, int] = field(init=False, repr=False)
    _pure: dict[tuple[str, str], int] = field(init=False, repr=False)
    _ranks: dict[str, Rank | None] = field(init=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._blocks = {pair: rank for rank, pair in enumerate(self.native)}
        self._places = {platform: rank for rank, platform in enumerate(self.platforms)}
        self._pure = {pair: len(self.native) + rank for rank, pair in enumerate(self.pure)}

    def rank(self, tag: str) -> Rank | None:
        """Return the best rank of `tag` as file names have it (`py2.py3-none-any`); None if it fits not."""
        try:
            return self._ranks[tag]
        except KeyError:
            rank = self._ranks[tag] = self._find_rank(tag)
            return rank

    def _find_rank(self, tag: str) -> Rank | None:
        interpreters, abis, platforms = tag.split("-")
        places = [self._places[p] for p in platforms.split(".") if p in self._places]
        ranks: list[Rank] = []
        for interpreter in interpreters.split("."):
            for abi in abis.split("."):
                block = self._blocks.get((interpreter, abi))
                if block is not None and places:
                    ranks.append((block, min(places)))
                block = self._pure.get((interpreter, abi))
                if block is not None and "any" in platforms.split("."):
                    ranks.append((block, 0))
        return min(ranks, default=None)

    def __iter__(self) -> Iterator[str]:
        for interpreter, abi in self.native:
            for platform in self.platforms:
                yield f"{interpreter}-{abi}-{platform}"
        for interpreter, abi in self.pure:
            yield f"{interpreter}-{abi}-any"


@frozen
class _Levels:
    """The versions of the system libraries that wheels may need."""

    glibc: tuple[int, int] = GLIBC
    musl: tuple[int, int] = MUSL
    macos: tuple[int, int] = MACOS


@lru_cache(maxsize=64)
def wheel_tags(
    target: Target,
    policy: AbiTagPolicy = AbiTagPolicy.LEGACY,
    *,
    glibc: tuple[int, int] = GLIBC,
    musl: tuple[int, int] = MUSL,
    macos: tuple[int, int] = MACOS,
) -> TagSet:
    """Return the tags that `target` accepts under `policy`, best first.

    `glibc`, `musl` and `macos` are the newest versions that a wheel may ask for. An
    unknown platform or implementation is PY433.
    """
    check_target(target)
    major, minor = target.python
    here = f"cp{major}{minor}"
    native = [(here, here + ("t" if target.free_threaded else ""))]
    # PEP 703: a free-threaded build cannot load abi3; PEP 803 gives it abi3t.
    stable = "abi3t" if target.free_threaded else "abi3"
    legacy = [(here, stable), (here, "none")]
    legacy += [(f"cp{major}{older}", stable) for older in range(minor - 1, 1, -1)]
    match policy:
        case AbiTagPolicy.LEGACY:
            native += legacy
        case AbiTagPolicy.ABI2026:
            native += [*_abi2026_tags(target), *legacy]
        case AbiTagPolicy.BOTH:
            native += [*legacy, *_abi2026_tags(target)]
    versions = [
        f"py{major}{minor}",
        f"py{major}",
        *(f"py{major}{older}" for older in range(minor - 1, -1, -1)),
    ]
    native += [(version, "none") for version in versions]
    pure = [(here, "none"), *((version, "none") for version in versions)]
    platforms = tuple(_platforms(target, _Levels(glibc, musl, macos)))
    return TagSet(tuple(native), platforms, tuple(pure))


def _abi2026_tags(target: Target) -> list[tuple[str, str]]:
    """Return what names wheels for the ABI of 2026, the newest first.

    None for a free-threaded build: what proves the tag is abi3, which it cannot load.
    """
    major, minor = target.python
    if major != FIRST_ABI2026[0] or target.free_threaded:
        return []
    return [(f"cp{major}{each}", "abi2026") for each in range(minor, FIRST_ABI2026[1] - 1, -1)]


def name_for_installers(filename: str) -> str:
    """Return the name that installers know a wheel by: what is tagged `abi2026` alone goes as `abi3`.

    Both promise the stable ABI as of the Python in the tag (ADR 0013).
    """
    head, _, platform = filename.rpartition("-")
    stem, _, abi = head.rpartition("-")
    return f"{stem}-abi3-{platform}" if abi == "abi2026" else filename


def check_target(target: Target) -> None:
    """Raise PY433 unless the platform and implementation of `target` are known."""
    if target.platform not in _MARKERS:
        message = f"`{target.platform}` is not a platform"
        raise DiagnosticError(
            codes.UNKNOWN_TARGET.at(None, message, help="choose from " + ", ".join(PLATFORMS))
        )
    if target.implementation != "cpython":
        message = f"`{target.implementation}` is not supported"
        raise DiagnosticError(
            codes.UNKNOWN_TARGET.at(None, message, help="the implementation must be `cpython`")
        )
    if target.free_threaded and target.python < (3, 13):
        message = f"CPython {target.python[0]}.{target.python[1]} has no build without the GIL"
        raise DiagnosticError(codes.UNKNOWN_TARGET.at(None, message, help="take `--python 3.13` or later"))


def _platforms(target: Target, levels: _Levels) -> Iterator[str]:
    system, _, machine = target.platform.partition("-")
    match system:
        case "linux":
            yield f"linux_{machine}"
            yield from _manylinux(levels.glibc, machine)
        case "musllinux":
            major, newest = levels.musl
            yield f"linux_{machine}"
            yield from (f"musllinux_{major}_{minor}_{machine}" for minor in range(newest, -1, -1))
        case "macos":
            from packaging.tags import (
                mac_platforms,
            )  # takes version and machine, so it is not bound to the host

            yield from mac_platforms(levels.macos, machine)
        case "windows":
            yield "win_amd64" if machine == "x86_64" else "win_arm64"
        case "pyodide":
            yield from _pyodide(target.python)
        case _:
            # WASI has no platform tag yet: only pure wheels fit.
            return


def _manylinux(newest: tuple[int, int], machine: str) -> Iterator[str]:
    """PEP 600: glibc `newest` down to the oldest one of the machine, with the older names of three levels."""
    major, top = newest
    oldest = 5 if machine == "x86_64" else 17
    for minor in range(top, oldest - 1, -1):
        yield f"manylinux_{major}_{minor}_{machine}"
        if (major, minor) in _LEGACY:
            yield f"{_LEGACY[major, minor]}_{machine}"


def _pyodide(python: tuple[int, int]) -> Iterator[str]:
    year, emscripten = _PYODIDE.get(python, ("", ""))
    if year:
        yield f"pyemscripten_{year}_wasm32"
        yield f"pyodide_{year}_wasm32"
    if emscripten:
        yield f"emscripten_{emscripten}_wasm32"


@lru_cache(maxsize=64)
def _marker_items(target: Target) -> tuple[tuple[str, str], ...]:
    check_target(target)
    os_name, sys_platform, platform_system, machine = _MARKERS[target.platform]
    version = f"{target.python[0]}.{target.python[1]}"
    return (
        ("implementation_name", "cpython"),
        ("implementation_version", f"{version}.0"),
        ("os_name", os_name),
        ("platform_machine", machine),
        ("platform_python_implementation", "CPython"),
        ("platform_release", ""),
        ("platform_system", platform_system),
        ("platform_version", ""),
        ("python_full_version", full_version(target)),
        ("python_version", version),
        ("sys_platform", sys_platform),
    )


def marker_environment(target: Target) -> dict[str, str]:
    """Return the values that environment markers take on `target` (PyPA "Dependency specifiers").

    A target names no patch release and no kernel: the first patch release stands for all,
    and the release and version of the system are empty.
    """
    return dict(_marker_items(target))


def full_version(target: Target) -> str:
    """Return the Python version of `target` with three numbers."""
    return f"{target.python[0]}.{target.python[1]}.0"
