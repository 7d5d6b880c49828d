"""Which manylinux or musllinux tag the ELF files of a wheel allow (PEP 600, PEP 656).

A tag stands for a policy: the libraries that every such system has, the versions of their symbols, and
symbols that are private to them. The policy for the most systems comes first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, final

from attrs import frozen

from ...ir.audit import PlatformVerdict
from ...ir.binary import Image

_INTERPRETER: Final = re.compile(r"ld-linux.*|ld64\.so\.[12]|ld-musl-.*|libpython\d+\.\d+t?m?\.so(?:\.\d+)*")
"""The loader, which every program brings, and Python itself, which has loaded the module."""
_MUSL: Final = re.compile(r"libc\.so|libc\.musl-\w+\.so\.1|ld-musl-.*")
_VERSION: Final = re.compile(r"(?P<prefix>[A-Z]+)_(?P<version>.+)")
_PREFIXES: Final = ("CXXABI", "GCC", "GLIBC", "GLIBCXX", "LIBATOMIC", "ZLIB")
_BASELINE: Final = "x86-64-baseline"


@final
@frozen
class Policy:
    """What a wheel with a tag may take from the system. `versions` are by machine and prefix."""

    name: str
    aliases: tuple[str, ...]
    libraries: frozenset[str]
    private: Mapping[str, frozenset[str]]
    versions: Mapping[str, Mapping[str, frozenset[str]]]

    @property
    def is_musl(self) -> bool:
        """Whether the C library is musl."""
        return self.name.startswith("musl")


@cache
def read_policies() -> tuple[Policy, ...]:
    """Return the policies, those of glibc first, and of each kind the one for the most systems."""
    text = files(__package__.rpartition(".")[0]).joinpath("data", "linux_policies.toml").read_text("utf-8")
    data = tomllib.loads(text)
    known = {
        family: {
            machine: {prefix: names.split() for prefix, names in each.items()}
            for machine, each in machines.items()
        }
        for family, machines in data["versions"].items()
    }
    return tuple(
        Policy(
            each["name"],
            tuple(each.get("aliases", ())),
            frozenset(data["libraries"][each["libraries"]].split()),
            {lib: frozenset(names.split()) for lib, names in data["private"][each["private"]].items()},
            dict(_allowed(each, known.get(each["name"].partition("_")[0], {}))),
        )
        for each in data["policies"]
    )


def _allowed(
    policy: Mapping[str, Mapping[str, Mapping[str, str]]], known: Mapping[str, Mapping[str, list[str]]]
) -> Iterator[tuple[str, Mapping[str, frozenset[str]]]]:
    for machine, highest in policy["highest"].items():
        # Where the figures name no version of a library, none may be asked for; musl has no versions at all.
        found = dict.fromkeys(_PREFIXES if known else (), frozenset[str]())
        for prefix, last in highest.items():
            order = known[machine][prefix]
            found[prefix] = frozenset(order[: order.index(last) + 1])
        yield machine, found


def judge_linux(
    images: Iterable[Image], bundled: frozenset[str], declared: tuple[str, ...]
) -> PlatformVerdict:
    """Return the verdict on a wheel with these images and the library names that are `bundled`.

    A musl system's version cannot be read from a file: where the wheel is for musl at all, the
    declared tag is believed.
    """
    images = tuple(images)
    machines = sorted({image.machine for image in images})
    external = {
        library.name for image in images for library in image.libraries if library.name not in bundled
    }
    versions = {version for image in images for library in image.libraries for version in library.versions}
    symbols = _symbols_of(images, external)
    needed = _highest(versions)
    shown = tuple(sorted(external))
    if len(machines) != 1:
        return PlatformVerdict(declared, "", needed, shown)
    machine = machines[0]
    foreign = frozenset(name for name in external if not _INTERPRETER.fullmatch(name))
    fits = [
        policy
        for policy in read_policies()
        if machine in policy.versions
        and _may_use(policy, machine, foreign, versions, symbols)
        and not any(isa != _BASELINE for image in images for isa in image.isa)
    ]
    is_musl = any(_MUSL.fullmatch(name) for name in external)
    suitable = [policy for policy in fits if policy.is_musl == is_musl]
    if is_musl:
        suitable = [each for each in suitable if f"{each.name}_{machine}" in declared] or suitable[-1:]
    name = suitable[0].name if suitable else "linux"
    return PlatformVerdict(declared, f"{name}_{machine}", needed, shown)


def _may_use(
    policy: Policy,
    machine: str,
    libraries: frozenset[str],
    versions: set[str],
    symbols: Mapping[str, frozenset[str]],
) -> bool:
    if policy.is_musl:
        libraries = frozenset("libc.so" if _MUSL.fullmatch(name) else name for name in libraries)
    if not libraries <= policy.libraries:
        return False
    if any(symbols.get(library, frozenset()) & names for library, names in policy.private.items()):
        return False
    allowed = policy.versions[machine]
    for version in versions:
        match = _VERSION.fullmatch(version)
        if match and match["version"] not in allowed.get(match["prefix"], (match["version"],)):
            return False
    return True


def _symbols_of(images: Iterable[Image], external: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return what must come from each external library; a symbol without a version may be from any."""
    found: dict[str, set[str]] = {name: set() for name in external}
    for image in images:
        own = [library.name for library in image.libraries if library.name in found]
        for symbol in image.imports:
            for library in (symbol.library,) if symbol.library else own:
                if library in found and not symbol.weak:
                    found[library].add(symbol.name)
    return {name: frozenset(symbols) for name, symbols in found.items()}


def _highest(versions: Iterable[str]) -> Mapping[str, str]:
    """Return the highest numeric version of each prefix."""
    found: dict[str, tuple[int, ...]] = {}
    for version in versions:
        match = _VERSION.fullmatch(version)
        if match and re.fullmatch(r"\d+(?:\.\d+)*", match["version"]):
            number = tuple(map(int, match["version"].split(".")))
            found[match["prefix"]] = max(found.get(match["prefix"], ()), number)
    return {prefix: ".".join(map(str, number)) for prefix, number in sorted(found.items())}
