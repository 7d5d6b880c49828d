"""From requirements to pins: the resolver that runs in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, final

from packaging.markers import InvalidMarker, Marker
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep
from resolvelib import Resolver as Search
from resolvelib.resolvers import Result

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import (
    GitSource,
    IndexRequest,
    PathSource,
    Pin,
    RegistryRequest,
    Requirement,
    Resolution,
    Target,
)
from ..cache import Cache
from ..host import Host
from .candidates import Release, find_specifier
from .download import add_file
from .explain import explain_failure
from .index import IndexClient, default_index_url
from .library import Library, normalise
from .pages import FileRow
from .provider import Candidate, Need, Provider
from .tags import check_target, marker_environment, wheel_tags

_MAX_ROUNDS: Final = 100_000


class Resolver(Protocol):
    """Chooses one version and file of everything that requirements need."""

    def resolve(self, requirements: Sequence[Requirement], target: Target) -> Resolution:
        """Return the pins for `target`, sorted by name.

        Raises `DiagnosticError` with an explanation when there is no answer.
        """
        ...


@final
class InProcessResolver:
    """Resolves with resolvelib over a simple index.

    `index_url` replaces the main index (`MOCHIC_INDEX_URL`, else the default one). `offline`
    uses cached pages and metadata whatever their age; `refresh` ignores cached pages.
    `base` is the folder that path sources start from. `prefer` holds versions to keep while
    they fit, by name: the pins of an earlier lock.
    """

    def __init__(
        self,
        host: Host,
        cache: Cache,
        *,
        index_url: str = "",
        offline: bool = False,
        refresh: bool = False,
        base: Path | None = None,
        prefer: Mapping[str, str] | None = None,
    ) -> None:
        self._host = host
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        self._base = base or host.base
        self._prefer = dict(prefer or {})
        self._main = IndexClient(
            host, cache, default_index_url(host.environ, index_url), offline=offline, refresh=refresh
        )

    def resolve(self, requirements: Sequence[Requirement], target: Target) -> Resolution:
        """Return the pins for `target`, sorted by name; see `Resolver`."""
        check_target(target)
        applying = [requirement for requirement in requirements if _applies(requirement, target)]
        needs = [_need(requirement) for requirement in applying]
        indexes = self._bind_indexes(applying)
        local = self._local_releases(applying, target)
        with Library(
            self._host, self._cache, target, self._main, indexes, local, offline=self._offline
        ) as library:
            provider = Provider(library, target, self._prefer)
            provider.start(needs)
            search: Search[Need, Candidate, str] = Search(provider, BaseReporter())
            try:
                result = search.resolve(needs, max_rounds=_MAX_ROUNDS)
            except ResolutionImpossible as failure:
                raise explain_failure(list(failure.causes), provider, library, target) from None
            except ResolutionTooDeep:
                message = f"no answer was found in {_MAX_ROUNDS} steps"
                help = "narrow the version ranges, so that fewer versions have to be tried"
                raise DiagnosticError(codes.VERSION_CONFLICT.at(None, message, help=help)) from None
        return Resolution(target, tuple(_pins(result)))

    def _bind_indexes(self, requirements: Iterable[Requirement]) -> dict[str, IndexClient]:
        """Return the index of every name that is bound to one of its own."""
        indexes: dict[str, IndexClient] = {}
        for requirement in requirements:
            if not isinstance(requirement.source, IndexRequest):
                continue
            url = requirement.source.url
            client = IndexClient(
                self._host,
                self._cache,
                url,
                name=_index_name(url),
                offline=self._offline,
                refresh=self._refresh,
            )
            known = indexes.setdefault(requirement.name, client)
            if known.url != client.url:
                message = f"`{requirement.name}` is asked of two indexes: {known.url} and {client.url}"
                raise DiagnosticError(codes.VERSION_CONFLICT.at(requirement.span, message))
        return indexes

    def _local_releases(self, requirements: Iterable[Requirement], target: Target) -> dict[str, Release]:
        releases: dict[str, Release] = {}
        for requirement in requirements:
            match requirement.source:
                case PathSource(path=path):
                    releases[requirement.name] = self._local_release(requirement, path, target)
                case GitSource():
                    message = f"`{requirement.name}` comes from a repository, which is not supported yet"
                    help = "name a version that the index has, or build a wheel and use `path+`"
                    raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(requirement.span, message, help=help))
                case RegistryRequest() | IndexRequest():
                    pass
        return releases

    def _local_release(self, requirement: Requirement, written: str, target: Target) -> Release:
        """Return the wheel at `written`, or the best one in the folder there."""
        place = self._base / written
        names = self._host.list(place) if self._host.is_folder(place) else [place.name]
        folder = place if self._host.is_folder(place) else place.parent
        tags = wheel_tags(target)
        found: list[tuple[object, Release]] = []
        for filename in names:
            try:
                name, version, _, _ = parse_wheel_filename(filename)
            except InvalidWheelFilename:
                continue
            tag = "-".join(filename[:-4].rsplit("-", 3)[1:])
            rank = tags.rank(tag)
            if name == requirement.name and rank is not None:
                row = FileRow(filename, str(folder / filename), str(version), tag, "", "", None, None, "", "")
                key = (version, (-rank[0], -rank[1]))
                found.append((key, Release(requirement.name, version, row)))
        if not found:
            message = f"there is no wheel of `{requirement.name}` for {target} at `{written}`"
            help = "build one first (`uv build --wheel`), or name the folder that holds it"
            raise DiagnosticError(codes.SOURCE_NOT_SUPPORTED.at(requirement.span, message, help=help))
        _, best = max(found, key=lambda pair: pair[0])  # type: ignore[arg-type,return-value]
        blob = add_file(folder / best.row.filename, "", self._host, self._cache)
        row = best.row._replace(sha256=blob.sha256, size=blob.size)
        return Release(best.name, best.version, row)


def _applies(requirement: Requirement, target: Target) -> bool:
    if not requirement.marker:
        return True
    try:
        return Marker(requirement.marker).evaluate({**marker_environment(target), "extra": ""})
    except InvalidMarker as error:
        message = f"`{requirement.marker}` is not an environment marker"
        note = str(error).splitlines()[0]
        raise DiagnosticError(codes.INVALID_SPECIFIER.at(requirement.span, message, notes=(note,))) from None


def _need(requirement: Requirement) -> Need:
    specifier = find_specifier(requirement.specifier)
    if specifier is None:
        message = f"`{requirement.specifier}` is not a version specifier"
        raise DiagnosticError(codes.INVALID_SPECIFIER.at(requirement.span, message))
    extras = tuple(sorted({normalise(extra) for extra in requirement.extras}))
    return Need(canonicalize_name(requirement.name), extras, specifier, requirement)


def _index_name(url: str) -> str:
    """An index without a name of its own is known by its URL, without credentials."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}".rstrip("/")


def _pins(result: Result[Need, Candidate, str]) -> list[Pin]:
    """Merge the candidates of one name, with and without extras, into one pin each."""
    extras: dict[str, set[str]] = {}
    needed: dict[str, set[str]] = {}
    chosen: dict[str, Candidate] = {}
    for identifier, candidate in result.mapping.items():
        name = candidate.name
        chosen[name] = candidate
        extras.setdefault(name, set()).update(candidate.extras)
        children = {result.mapping[child].name for child in result.graph.iter_children(identifier) if child}
        needed.setdefault(name, set()).update(children - {name})
    return [
        Pin(
            name=name,
            version=str(candidate.version),
            file=candidate.release.file,
            extras=tuple(sorted(extras[name])),
            dependencies=tuple(sorted(needed[name])),
            requires_python=candidate.needs.metadata.requires_python or candidate.release.row.requires_python,
        )
        for name, candidate in sorted(chosen.items())
    ]
