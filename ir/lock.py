"""The lock as a value: what was chosen, from where, and the digests of everything made from it.

`backends/lockfile.py` prints it as `mochi.lock`, `compiler/lockfile.py` reads that back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, final

from attrs import field, frozen

from .binary import GilVerdict
from .dist import (
    AbiTagPolicy,
    DistFile,
    GitSource,
    IndexRequest,
    IndexSource,
    PathSource,
    Pin,
    RegistryRequest,
    Requirement,
    Target,
    Tier,
    UrlSource,
)
from .parts import evolve

SCHEMA_VERSION: Final = 1
"""The version of the Python part of `mochi.lock` that this program writes and reads."""

_TARGET = re.compile(r"(?P<platform>[a-z0-9_-]+) (?P<major>3)\.(?P<minor>[0-9]{1,2})(?P<free>t?)", re.ASCII)

# What ends the name at the start of a requirement, as `format_requirement` prints it.
_NAME = re.compile(r"[^a-z0-9-]")


@final
@frozen
class StubProvenance:
    """Where the types of a package came from: the tier, and the distribution that held them."""

    tier: Tier
    distribution: str
    version: str


@final
@frozen
class LockedPackage:
    """A pin, and what was made from its file.

    `aliases` are the names that programs import it under; the digests of stubs, wrappers and
    shims, and `stubs`, are only known where there is one. `wrapper_sha256` and `shim_sha256`
    are taken over the files of all aliases, in the order of the aliases. `index_sha256` covers
    what the index says of the file. `markers` says for which environments the pin is (PEP 508).
    `gil` is what each extension module of a wheel says of the GIL, by dotted name and sorted; None where
    nobody has looked, as no target is without it. `gil_confirmed` are the modules that had to be
    imported to see it.
    """

    pin: Pin
    index_sha256: str = ""
    markers: str = ""
    aliases: tuple[str, ...] = ()
    stubs: StubProvenance | None = None
    stub_sha256: str = ""
    wrapper_sha256: str = ""
    shim_sha256: str = ""
    capabilities: tuple[str, ...] = ()
    capabilities_declared: tuple[str, ...] = ()
    attestation_bundle: str = ""
    attestation_verified: str = ""
    gil: tuple[tuple[str, GilVerdict], ...] | None = None
    gil_confirmed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The normalised name of the distribution."""
        return self.pin.name

    @property
    def version(self) -> str:
        """The pinned version."""
        return self.pin.version

    @property
    def order(self) -> tuple[str, str, str, str]:
        """The place of this package in a lock."""
        return self.name, self.version, self.pin.file.filename, self.markers


def _sort_targets(targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(sorted(set(targets), key=str))


def _sort_texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _sort_packages(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    return tuple(sorted(packages, key=lambda package: package.order))


@final
@frozen
class Lock:
    """The Python part of `mochi.lock`.

    `requirements` are what programs and manifest asked for, as `format_requirement` prints it.
    Every tuple is sorted, whatever order it was given in.
    """

    targets: tuple[Target, ...] = field(converter=_sort_targets)
    requirements: tuple[str, ...] = field(converter=_sort_texts)
    packages: tuple[LockedPackage, ...] = field(converter=_sort_packages)
    requires_python: str = ""
    resolver: str = "in-process"
    generator: str = ""
    abi_tag_policy: AbiTagPolicy = AbiTagPolicy.LEGACY
    typeshed: str = ""

    def find(self, name: str) -> LockedPackage | None:
        """Return the first package of the normalised `name`."""
        return next((package for package in self.packages if package.name == name), None)

    @property
    def runtime_names(self) -> frozenset[str]:
        """The names of what a program needs when it runs: all but stubs and what only they import."""
        needs = {package.name: package.pin.dependencies for package in self.packages}
        pending = [_NAME.split(text, maxsplit=1)[0] for text in self.requirements]
        found: set[str] = set()
        while pending:
            name = pending.pop()
            if name not in found and name in needs:
                found.add(name)
                pending += needs[name]
        return frozenset(found)

    @property
    def freethread_status(self) -> str:
        """`gil`, `free-threaded` or `mixed`: the builds of Python that the targets ask for."""
        builds = {target.free_threaded for target in self.targets}
        return "mixed" if len(builds) > 1 else "free-threaded" if True in builds else "gil"


def parse_target(text: str) -> Target | None:
    """Return the target that `str` prints as `text`, or None."""
    match = _TARGET.fullmatch(text)
    if match is None:
        return None
    return Target(match["platform"], (int(match["major"]), int(match["minor"])), bool(match["free"]))


def format_requirement(requirement: Requirement) -> str:
    """Return `requirement` on one line: `name[extras]SPEC @ source ; marker`."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    match requirement.source:
        case RegistryRequest():
            place = ""
        case IndexRequest(url=url):
            place = f" @ index+{url}"
        case GitSource(url=url, rev=rev, subdirectory=folder):
            place = f" @ git+{url}" + (f"#{rev}" if rev else "") + (f" in {folder}" if folder else "")
        case UrlSource(url=url):
            place = f" @ {url}"
        case PathSource(path=path, editable=editable):
            place = f" @ path+{path}" + (" (editable)" if editable else "")
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{requirement.specifier}{place}{marker}"


def as_locked(pin: Pin) -> Pin:
    """Return `pin` with nothing but what a lock holds: no URL, and no facts of one index page."""
    return evolve(pin, file=as_locked_file(pin.file, pin.requires_python))


def as_locked_file(file: DistFile, requires_python: str) -> DistFile:
    """Return `file` with nothing but what a lock holds."""
    source = IndexSource(file.source.index) if isinstance(file.source, IndexSource) else file.source
    return evolve(file, source=source, requires_python=requires_python, upload_time="", metadata_sha256=None)
