"""From requirements to pins: the resolver that runs in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, final

from packaging.markers import InvalidMarker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep
from resolvelib import Resolver as Search
from resolvelib.resolvers import Result

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import IndexRequest, IndexSource, PathSource, Pin, Requirement, Resolution, Target
from ...ir.parts import evolve
from ..cache import Cache
from ..dependency_text import parse_marker
from ..host import Host
from ..settings import Index, IndexPriority
from .build import Builder, BuiltWheel
from .candidates import find_specifier
from .explain import explain_failure
from .index import IndexClient, default_index_url
from .index_set import IndexSet, open_index
from .library import Library, normalise
from .options import ResolveOptions, applying_bounds, parse_bounds, parse_cutoff
from .pages import FileRow
from .provider import Candidate, Need, Provider
from .sources import Sources, is_direct
from .tags import check_target, marker_environment

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
    """Resolves with resolvelib over simple indexes.

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
        options: ResolveOptions | None = None,
    ) -> None:
        self._host = host
        self._cache = cache
        self._offline = offline
        self._refresh = refresh
        self._base = base or host.base
        self._prefer = dict(prefer or {})
        self._options = options = options or ResolveOptions()
        self._constraints = parse_bounds(options.constraints, "the constraint")
        self._overrides = parse_bounds(options.overrides, "the override")
        self._before = parse_cutoff(options.exclude_newer)
        self._index_url = default_index_url(host.environ, index_url)
        self._main = IndexClient(host, cache, self._index_url, offline=offline, refresh=refresh)
        self._others = [
            (index, open_index(host, cache, index, offline=offline, refresh=refresh))
            for index in options.indexes
        ]

    def resolve(self, requirements: Sequence[Requirement], target: Target) -> Resolution:
        """Return the pins for `target`, sorted by name; see `Resolver`."""
        check_target(target)
        environment = marker_environment(target)
        overrides = applying_bounds(self._overrides, environment)
        applying = [requirement for requirement in requirements if _applies(requirement, target)]
        needs = [_need(requirement, overrides) for requirement in applying]
        with self._open_library(applying, target) as library:
            for requirement in applying:
                _bind(requirement, library)
            provider = Provider(
                library,
                target,
                self._prefer,
                constraints=applying_bounds(self._constraints, environment),
                overrides=overrides,
                prereleases=self._options.prereleases,
            )
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

    def build(self, pin: Pin, target: Target) -> BuiltWheel:
        """Return the wheel of a pin that is no wheel: a source distribution, a project, a commit.

        Raises `DiagnosticError` (PY438).
        """
        source = pin.file.source
        builder = self._open_builder(target)
        if is_direct(source):
            sources = self._open_sources(target, builder)
            return sources.build(source, pin.file.filename, pin.file.hashes.sha256)
        assert isinstance(source, IndexSource)
        row = FileRow(
            pin.file.filename, source.url, pin.version, "", pin.file.hashes.sha256, "", None, None, "", ""
        )
        return builder.build_sdist(row)

    def build_editable(self, source: PathSource, target: Target) -> BuiltWheel | None:
        """Return a wheel that points at a project folder; None where its backend makes none (PEP 660).

        Raises `DiagnosticError` (PY438).
        """
        return self._open_builder(target).build_editable(self._base / source.path, source.path)

    def _open_builder(self, target: Target) -> Builder:
        return Builder(
            self._host,
            self._cache,
            target,
            index_url=self._index_url,
            offline=self._offline,
            allowed=self._options.build,
            policy=self._options.tag_policy,
        )

    def _open_sources(self, target: Target, builder: Builder) -> Sources:
        return Sources(
            self._host,
            self._cache,
            target,
            builder,
            self._base,
            offline=self._offline,
            policy=self._options.tag_policy,
        )

    def _open_library(self, requirements: Iterable[Requirement], target: Target) -> Library:
        builder = self._open_builder(target)
        return Library(
            self._host,
            self._cache,
            target,
            IndexSet(self._main, self._others, self._bind_indexes(requirements)),
            builder,
            self._open_sources(target, builder),
            offline=self._offline,
            before=self._before,
            sdists=self._options.build,
            policy=self._options.tag_policy,
        )

    def _bind_indexes(self, requirements: Iterable[Requirement]) -> dict[str, IndexClient]:
        """Return the index of every name that is bound to one of its own."""
        declared = {client.url: client for _, client in self._others}
        indexes: dict[str, IndexClient] = {}
        for requirement in requirements:
            if not isinstance(requirement.source, IndexRequest):
                continue
            wanted = Index(requirement.source.url, requirement.source.url, IndexPriority.EXPLICIT)
            client = open_index(self._host, self._cache, wanted, offline=self._offline, refresh=self._refresh)
            client = declared.get(client.url, client)
            known = indexes.setdefault(requirement.name, client)
            if known.url != client.url:
                message = f"`{requirement.name}` is asked of two indexes: {known.url} and {client.url}"
                raise DiagnosticError(codes.VERSION_CONFLICT.at(requirement.span, message))
        return indexes


def _bind(requirement: Requirement, library: Library) -> None:
    if is_direct(requirement.source):
        try:
            library.bind(requirement.name, requirement.source)
        except DiagnosticError as error:
            raise DiagnosticError(
                *(evolve(d, span=d.span or requirement.span) for d in error.diagnostics)
            ) from None


def _applies(requirement: Requirement, target: Target) -> bool:
    if not requirement.marker:
        return True
    try:
        return parse_marker(requirement.marker).evaluate({**marker_environment(target), "extra": ""})
    except InvalidMarker as error:
        message = f"`{requirement.marker}` is not an environment marker"
        note = str(error).splitlines()[0]
        raise DiagnosticError(codes.INVALID_SPECIFIER.at(requirement.span, message, notes=(note,))) from None


def _need(requirement: Requirement, overrides: Mapping[str, SpecifierSet]) -> Need:
    specifier = find_specifier(requirement.specifier)
    if specifier is None:
        message = f"`{requirement.specifier}` is not a version specifier"
        raise DiagnosticError(codes.INVALID_SPECIFIER.at(requirement.span, message))
    name = canonicalize_name(requirement.name)
    extras = tuple(sorted({normalise(extra) for extra in requirement.extras}))
    source = requirement.source if is_direct(requirement.source) else None
    return Need(name, extras, overrides.get(name, specifier), requirement, source)


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
