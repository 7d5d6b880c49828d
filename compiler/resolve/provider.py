"""The rules of version choice, as the hooks that resolvelib calls.

Newest first; pre-releases only where a specifier names one or nothing else fits (PEP 440);
yanked files only for `==` and `===` (PEP 592); a release whose metadata exclude the
target's Python or cannot be read is no candidate. For a Python without the GIL, releases with a
wheel come before those without one: that nobody built one for it says that it may not work there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, final

from attrs import field, frozen
from packaging.requirements import Requirement as Dependency
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version
from resolvelib import AbstractProvider

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import FileKind, GitSource, PathSource, Requirement, Target, UrlSource
from ..settings import Prereleases
from .candidates import Release, admits_python
from .library import Library, Needs, normalise
from .sources import DirectSource, is_direct, read_url, show_source
from .tags import full_version, marker_environment

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

_ANY_VERSION = SpecifierSet()
_NO_VERSION = SpecifierSet("<0.dev0,>=1!0")
_AHEAD = 8


@final
@frozen(eq=False)
class Need:
    """A demand for a distribution: by a candidate, or by the user (`asked`).

    A `source` is the only place it may come from.
    """

    name: str
    extras: tuple[str, ...]
    specifier: SpecifierSet
    asked: Requirement | None = None
    source: DirectSource | None = None

    @property
    def identifier(self) -> str:
        """The name with the extras; candidates with other extras are found separately."""
        return _identifier(self.name, self.extras)

    def __str__(self) -> str:
        place = f" @ {show_source(self.source)}" if self.source is not None else ""
        return f"{self.identifier}{self.specifier}{place}"


@final
@frozen(eq=False)
class Candidate:
    """A release that may be chosen, with the extras that are wanted of it."""

    release: Release
    extras: tuple[str, ...]
    _library: Library = field(repr=False)

    @property
    def needs(self) -> Needs:
        """What the release says about itself; see `Library.needs`."""
        return self._library.needs(self.release)

    @property
    def name(self) -> str:
        """The normalised name."""
        return self.release.name

    @property
    def version(self) -> Version:
        """The version."""
        return self.release.version

    def __str__(self) -> str:
        return f"{_identifier(self.name, self.extras)} {self.version}"


@final
class Provider(AbstractProvider["Need", "Candidate", str]):
    """Answers resolvelib from a `Library`.

    Kept for explaining failures: `roots`, the needs of the user; `asked`, the user's requirements
    by name; `parents`, the candidate that first asked for an identifier; `broken`, messages by file
    name; `excluded`, candidates that can be in no answer, each with the need that the user's own
    requirements rule out, by name; `constraints` and `overrides`, specifiers by name.
    """

    def __init__(
        self,
        library: Library,
        target: Target,
        prefer: Mapping[str, str],
        *,
        constraints: Mapping[str, SpecifierSet],
        overrides: Mapping[str, SpecifierSet],
        prereleases: Prereleases,
    ) -> None:
        self.constraints = constraints
        self.overrides = overrides
        self.asked: dict[str, Requirement] = {}
        self.parents: dict[str, Candidate] = {}
        self.broken: dict[str, str] = {}
        self._library = library
        self._free_threaded = target.free_threaded
        self._python = full_version(target)
        self._environment = marker_environment(target)
        self._prefer = prefer
        self._prereleases = prereleases
        self.roots: tuple[Need, ...] = ()
        self.excluded: dict[str, dict[Version, tuple[Candidate, Need]]] = {}
        self._fixed: dict[str, SpecifierSet] = {}
        self._met: dict[tuple[str, str], bool] = {}
        self._depths: dict[str, int] = {}
        self._order: dict[tuple[str, str, DirectSource | None], tuple[Release, ...]] = {}
        self._dependencies: dict[tuple[str, Version], tuple[Need, ...]] = {}

    def identify(self, requirement_or_candidate: Need | Candidate) -> str:
        """Return the name with its extras."""
        return _identifier(requirement_or_candidate.name, requirement_or_candidate.extras)

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],
        information: Mapping[str, Iterator[RequirementInformation[Need, Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[Need, Candidate]],
    ) -> tuple[bool, bool, int, bool, str]:
        """Decide conflicting names first, then pinned ones, then those near the root, then bounded ones."""
        specifiers = [s for info in information[identifier] for s in info.requirement.specifier]
        causes = {self.identify(cause.requirement) for cause in backtrack_causes}
        return (
            identifier not in causes,
            not any(map(_pins_exactly, specifiers)),
            self._depths.get(identifier, 0),
            not any(s.operator in ("<", "<=", "~=", "==") for s in specifiers),
            identifier,
        )

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]]:
        """Return what yields the candidates that fit all requirements, the preferred ones first.

        Metadata are only fetched for those that resolvelib looks at.
        """
        needs = list(requirements[identifier])
        excluded = {candidate.version for candidate in incompatibilities[identifier]}
        name, extras = needs[0].name, needs[0].extras
        specifier = self.constraints.get(name, _ANY_VERSION)
        for need in needs:
            specifier &= need.specifier
        source = next((need.source for need in needs if need.source is not None), None)

        def candidates() -> Iterator[Candidate]:
            left = [r for r in self._ordered(name, specifier, source) if r.version not in excluded]
            for place, release in enumerate(left):
                # The more versions were tried in vain, the more of the next ones are fetched ahead.
                tried = len(excluded) + place
                if tried and place % _AHEAD == 0:
                    self._library.prefetch_needs(left[place : place + min(_AHEAD, 2**tried)])
                # A source distribution is only asked when it is chosen: that may run its build backend.
                candidate = Candidate(release, extras, self._library)
                if release.kind is FileKind.SDIST or (
                    self._is_usable(release) and not self._is_excluded(candidate)
                ):
                    yield candidate

        return candidates

    def is_satisfied_by(self, requirement: Need, candidate: Candidate) -> bool:
        """Whether version and source fit; the names are known to be the same."""
        if requirement.source is not None and not _comes_from(candidate.release, requirement.source):
            return False
        return requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate: Candidate) -> Sequence[Need]:
        """Return what `candidate` needs on the target; with extras, also itself without them."""
        known = self._known_dependencies(candidate)
        depth = self._depths.get(self.identify(candidate), 0) + 1
        for need in known:
            if need.source is None:
                self._library.prefetch(need.name)
            if need.identifier not in self._depths or self._depths[need.identifier] > depth:
                self._depths[need.identifier] = depth
            self.parents.setdefault(need.identifier, candidate)
        return known

    def start(self, needs: Iterable[Need]) -> None:
        """Note what the user asks for, and begin to fetch it."""
        self._fixed = dict(self.constraints)
        self.roots = tuple(needs)
        for need in self.roots:
            self._fixed[need.name] = self._fixed.get(need.name, _ANY_VERSION) & need.specifier
            self._depths[need.identifier] = 0
            if need.asked is not None:
                self.asked.setdefault(need.name, need.asked)
            if need.source is None:
                self._library.prefetch(need.name)

    def _ordered(
        self, name: str, specifier: SpecifierSet, source: DirectSource | None
    ) -> tuple[Release, ...]:
        key = (name, str(specifier), source)
        known = self._order.get(key)
        if known is None:
            library = self._library
            releases = library.releases(name) if source is None else library.direct(name, source)
            usable = releases.usable if releases is not None else ()
            pinned = any(
                s.operator == "===" or (s.operator == "==" and "*" not in s.version) for s in specifier
            )
            offered = [release for release in usable if pinned or release.row.yanked is None]
            # A direct source has one version, which its choice has asked for, pre-release or not.
            direct = bool(offered) and offered[0].source is not None
            admitted = True if direct else self._prereleases.admits(specifier)
            known = tuple(specifier.filter(offered, admitted, key=lambda release: release.version))
            preferred = self._prefer.get(name)
            if preferred is not None:
                known = tuple(sorted(known, key=lambda release: str(release.version) != preferred))
            if self._free_threaded:
                known = tuple(sorted(known, key=lambda release: release.kind is FileKind.SDIST))
            self._order[key] = known
        return known

    def _is_usable(self, release: Release) -> bool:
        try:
            needs = self._library.needs(release)
        except DiagnosticError as error:
            if error.diagnostics[0].code is not codes.INVALID_METADATA:
                raise
            self.broken[release.row.filename or release.name] = error.diagnostics[0].message
            return False
        return admits_python(needs.metadata.requires_python, self._python)

    def _known_dependencies(self, candidate: Candidate) -> tuple[Need, ...]:
        key = (self.identify(candidate), candidate.version)
        known = self._dependencies.get(key)
        if known is None:
            known = self._dependencies[key] = tuple(self._find_dependencies(candidate))
        return known

    def _is_excluded(self, candidate: Candidate) -> bool:
        """Whether the candidate needs what the user's own requirements and constraints rule out.

        It can be in no answer then, so that no version of anything else is tried for its sake.
        """
        plain = Candidate(candidate.release, (), self._library)
        for need in self._known_dependencies(plain):
            fixed = self._fixed.get(need.name)
            if fixed is None or need.source is not None or self._is_met(need.name, fixed & need.specifier):
                continue
            self.excluded.setdefault(candidate.name, {}).setdefault(candidate.version, (plain, need))
            return True
        return False

    def _is_met(self, name: str, specifier: SpecifierSet) -> bool:
        key = (name, str(specifier))
        known = self._met.get(key)
        if known is None:
            releases = self._library.releases(name)
            usable = releases.usable if releases is not None else ()
            versions = (release.version for release in usable)
            known = not usable or any(specifier.contains(v, prereleases=True) for v in versions)
            self._met[key] = known
        return known

    def _find_dependencies(self, candidate: Candidate) -> Iterator[Need]:
        if not self._is_usable(candidate.release):
            # Nothing meets this, so that the candidate is given up.
            yield Need(candidate.name, candidate.extras, _NO_VERSION)
            return
        if candidate.extras:
            yield Need(candidate.name, (), SpecifierSet(f"==={candidate.version}", prereleases=True))
        environments = [{**self._environment, "extra": extra} for extra in candidate.extras or ("",)]
        for dependency in candidate.needs.dependencies:
            marker = dependency.marker
            if marker is None:
                applies = not candidate.extras
            elif candidate.extras:
                # What holds without any extra is asked for by the candidate without extras.
                plain = {**self._environment, "extra": ""}
                applies = any(map(marker.evaluate, environments)) and not marker.evaluate(plain)
            else:
                applies = marker.evaluate(environments[0])
            if applies:
                yield self._need_of(dependency)

    def _need_of(self, dependency: Dependency) -> Need:
        extras = tuple(sorted({normalise(extra) for extra in dependency.extras}))
        name = normalise(dependency.name)
        replaced = self.overrides.get(name)
        if replaced is not None:
            return Need(name, extras, replaced)
        # The user's own source of a name is the one that counts.
        own = self.asked[name].source if name in self.asked else None
        source = read_url(dependency) if dependency.url and not is_direct(own) else None
        return Need(name, extras, dependency.specifier, source=source)


def _comes_from(release: Release, source: DirectSource) -> bool:
    """Whether `release` is what `source` holds; the commit of a repository is only known for the former."""
    match release.source, source:
        case GitSource(url, rev, _, folder), GitSource() as asked:
            return (url, rev, folder) == (asked.url, asked.rev, asked.subdirectory)
        case PathSource(path), PathSource(asked_path):
            return path == asked_path or path.startswith(f"{asked_path}/")
        case UrlSource(url), UrlSource(asked_url):
            return url == asked_url
        case _:
            return False


def _pins_exactly(specifier: Specifier) -> bool:
    return specifier.operator == "===" or (specifier.operator == "==" and "*" not in specifier.version)


def _identifier(name: str, extras: tuple[str, ...]) -> str:
    return f"{name}[{','.join(extras)}]" if extras else name
