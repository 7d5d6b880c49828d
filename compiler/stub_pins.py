"""Pins for the stub distributions of packages that ship no types, found on the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from attrs import frozen
from packaging.version import Version

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Pin, RegistryRequest, Requirement, Resolution, Target
from .cache import Cache
from .companions import StubRelease, choose_release, is_stub_name, stub_names
from .frontends.metadata import MetadataError, parse_metadata
from .host import Host
from .resolve.candidates import Release, find_version, list_releases
from .resolve.index import IndexClient
from .resolve.metadata_fetch import fetch_metadata
from .resolve.resolver import InProcessResolver
from .resolve.tags import full_version, wheel_tags


@final
@frozen
class StubPins:
    """The stub distribution of a package and all that it needs for its own imports.

    `dependencies` is the closure without the package itself, sorted by name; for a package with types of
    its own, what it depends on itself. `notes` says where the stubs may not fit.
    """

    stub: Pin | None = None
    dependencies: tuple[Pin, ...] = ()
    notes: tuple[Diagnostic, ...] = ()

    @property
    def pins(self) -> tuple[Pin, ...]:
        """Every pin, the stub distribution first."""
        return (self.stub, *self.dependencies) if self.stub is not None else self.dependencies


@final
class StubFinder:
    """Looks on the main index for stubs that fit `target`; one lookup for each candidate name.

    `index_url` is the URL of the main index. Answers, negative ones too, come from the cache while
    they are fresh, and always when `offline`.
    """

    def __init__(
        self, host: Host, cache: Cache, index: IndexClient, index_url: str, target: Target, *, offline: bool
    ) -> None:
        self._host = host
        self._cache = cache
        self._index = index
        self._index_url = index_url
        self._target = target
        self._offline = offline

    def find(self, pin: Pin, locked: Mapping[str, str], prefer: Mapping[str, str] | None = None) -> StubPins:
        """Return the stubs that describe `pin`; none where the index has none.

        `locked` holds the versions of everything locked beside it, which the dependencies of the stubs
        keep where they can; `prefer` the versions of an earlier lock. Raises `DiagnosticError`
        where the index gives no answer.
        """
        version = find_version(pin.version)
        if version is None or is_stub_name(pin.name):
            return StubPins()
        for name in stub_names(pin.name):
            releases = self._releases(name)
            chosen = self._choose(releases, pin, version, (prefer or {}).get(name, ""))
            if chosen is not None:
                release = next(release for release in releases if release.version == chosen.version)
                return self._close(release, chosen, pin, locked)
        return StubPins()

    def _releases(self, name: str) -> Sequence[Release]:
        page = self._index.page(name, self._target)
        if page is None:
            return ()
        tags, python = wheel_tags(self._target), full_version(self._target)
        releases = list_releases(name, page, tags, python, self._index.name).usable
        return [release for release in releases if release.row.yanked is None]

    def _choose(
        self, releases: Sequence[Release], pin: Pin, version: Version, preferred: str
    ) -> StubRelease | None:
        """Return the preferred release where it fits, else the one that fits best."""
        by_version = {release.version: release for release in releases}

        def requires(stub: Version) -> tuple[str, ...]:
            return self._requires(by_version[stub])

        kept = find_version(preferred) if preferred else None
        if kept in by_version:
            chosen = choose_release([kept], pin.name, version, requires)
            if chosen is not None and chosen.fits:
                return chosen
        return choose_release(by_version, pin.name, version, requires)

    def _requires(self, release: Release) -> tuple[str, ...]:
        content = fetch_metadata(
            release.row, self._host, self._cache, advertised=release.advertised, offline=self._offline
        )
        try:
            return parse_metadata(content).requires_dist
        except MetadataError:
            return ()  # the resolver reports it, should the release be chosen

    def _close(self, release: Release, chosen: StubRelease, pin: Pin, locked: Mapping[str, str]) -> StubPins:
        """Pin `release` and what it needs."""
        notes = () if chosen.fits else (_doubt(release, pin),)
        alone = Pin(
            release.name, str(release.version), release.file, requires_python=release.row.requires_python
        )
        if not self._requires(release):
            return StubPins(alone, (), notes)
        try:
            closure = self._resolve(release, {**locked, pin.name: pin.version})
        except DiagnosticError as error:
            return StubPins(alone, (), (*notes, _incomplete(release, error)))
        stub = closure.find(release.name)
        assert stub is not None, "a resolution holds what was asked for"
        rest = tuple(other for other in closure.pins if other.name not in (stub.name, pin.name))
        return StubPins(stub, rest, notes)

    def _resolve(self, release: Release, locked: Mapping[str, str]) -> Resolution:
        resolver = InProcessResolver(
            self._host, self._cache, index_url=self._index_url, offline=self._offline, prefer=locked
        )
        wanted = Requirement(release.name, RegistryRequest(f"=={release.version}"))
        return resolver.resolve([wanted], self._target)


def _doubt(release: Release, pin: Pin) -> Diagnostic:
    message = f"no release of `{release.name}` is known to describe {pin.name} {pin.version}; "
    message += f"{release.version} is used"
    return codes.STUB_VERSION_UNKNOWN.at(None, message)


def _incomplete(release: Release, error: DiagnosticError) -> Diagnostic:
    message = f"what the stubs `{release.name}` import cannot be found; types from there stay opaque"
    return codes.STUB_DEPENDENCIES.at(None, message, notes=tuple(d.message for d in error.diagnostics))
