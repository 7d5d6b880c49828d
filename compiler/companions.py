"""Which stub distribution describes a package, and which release of it fits a version.

    requests 2.33.1      types-requests 2.33.0.20261030     the version prefix
    scipy 1.18.0         scipy-stubs 1.18.0.1               declared: scipy>=1.18.0,<1.19

PEP 561 leaves the names of stub distributions open. Typeshed publishes `types-<name>`,
most other projects `<name>-stubs`; the rest is in `data/companion_stubs.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, final

from attrs import frozen
from packaging.requirements import InvalidRequirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .dependency_text import parse_dependency

STUB_NAMES: Final = ("types-{}", "{}-stubs")
"""How stub distributions are named, best first. Typeshed withdraws what others maintain better."""

# How many releases are asked for the versions they describe before the newest is taken.
_MAX_ASKED: Final = 8


@final
@frozen
class Companion:
    """An entry of the table: the stub distributions of `package`, best first, and why these."""

    package: str
    stubs: tuple[str, ...]
    reason: str


@final
@frozen
class StubRelease:
    """The release of a stub distribution to use; `fits` says that it is known to describe the package."""

    version: Version
    fits: bool


@cache
def companions() -> dict[str, Companion]:
    """Return the table by package name."""
    text = files(__package__).joinpath("data", "companion_stubs.toml").read_text("utf-8")
    entries = (
        Companion(entry["package"], tuple(entry["stubs"]), entry["reason"])
        for entry in tomllib.loads(text)["companion"]
    )
    return {entry.package: entry for entry in entries}


def stub_names(package: str) -> tuple[str, ...]:
    """Return the names under which stubs of the normalised `package` may be found, best first."""
    known = companions().get(package)
    standard = tuple(pattern.format(package) for pattern in STUB_NAMES)
    return tuple(dict.fromkeys((*known.stubs, *standard) if known else standard))


def is_stub_name(name: str) -> bool:
    """Whether a distribution of this name is one of stubs, by convention or by the table."""
    if name.startswith("types-") or name.endswith("-stubs"):
        return True
    return any(name in entry.stubs for entry in companions().values())


def choose_release(
    releases: Iterable[Version], package: str, version: Version, requires: Callable[[Version], Sequence[str]]
) -> StubRelease | None:
    """Return the release that describes `package` at `version` best, None where none may.

    `requires` returns the Requires-Dist fields of a release. A release that declares a range
    for `package` fits exactly where that says so; another one fits by its version prefix. Where
    no release fits, the newest that does not exclude `version` is taken.
    """
    silent: list[Version] = []
    for release in order_releases(releases, version)[:_MAX_ASKED]:
        admitted = admits(requires(release), package, version)
        if admitted or (admitted is None and has_prefix(release, version)):
            return StubRelease(release, True)
        if admitted is None:
            silent.append(release)
    if not silent:
        return None
    return StubRelease(max(silent, key=lambda release: (not release.is_prerelease, release)), False)


def order_releases(releases: Iterable[Version], version: Version) -> list[Version]:
    """Return the releases of a stub distribution, the one that describes `version` best first.

    First those of the same minor version, then those of the same major version: the newest that
    are not ahead of `version`, then the others; last those that share nothing, newest first.
    Pre-releases come behind all others.
    """
    wanted = _prefix(version)

    def key(release: Version) -> tuple[bool, int, bool, int]:
        prefix = _prefix(release)
        shared = 2 if prefix == wanted else 1 if prefix[0] == wanted[0] else 0
        is_ahead = shared == 1 and prefix > wanted
        return release.is_prerelease, -shared, is_ahead, prefix[1] if is_ahead else 0

    return sorted(sorted(releases, reverse=True), key=key)


def has_prefix(release: Version, version: Version) -> bool:
    """Whether the number of a stub release says that it describes `version`.

    Typeshed puts the upstream version in front of a date, and others follow. A major version of 0
    promises nothing, so there the minor version must agree too (semver.org, item 4).
    """
    stub, wanted = _prefix(release), _prefix(version)
    return stub == wanted or (stub[0] == wanted[0] and wanted[0] > 0)


def admits(requires_dist: Iterable[str], package: str, version: Version) -> bool | None:
    """Whether the dependencies of a stub release, extras included, admit `package` at `version`.

    None where they do not speak of it.
    """
    answer: bool | None = None
    for text in requires_dist:
        try:
            dependency = parse_dependency(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(dependency.name) == package and dependency.specifier:
            if not dependency.specifier.contains(version, prereleases=True):
                return False
            answer = True
    return answer


def _prefix(version: Version) -> tuple[int, int]:
    return version.major, version.minor
