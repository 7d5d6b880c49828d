"""The operation behind `pkg lock`: from a manifest and programs to the lock, keeping what still fits.

Where the requirements are those of the lock there is, nothing is resolved and the network is
not touched. Otherwise its versions are preferred, so that only what must move does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, final

from attrs import define, field, frozen

from .. import __version__
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ..ir.dist import IndexSource, PathSource, Pin, Requirement, Resolution, Target
from ..ir.lock import Lock, LockedPackage, format_requirement
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .bind import BindSettings
from .cache import Cache
from .capabilities import check_async_runtime, check_capabilities, check_elevation, infer_capabilities
from .capability_scan import Found
from .compile import collect, make_settings
from .freethread import check_fetched, choose_build, find_closure, read_policy
from .gate import check_files
from .host import Host
from .lock_facts import Facts, digest_row, find_facts
from .lock_gil import LockedVerdicts, read_verdicts
from .lock_merge import merge_packages
from .lock_moves import Move, find_moves
from .lock_pins import all_pins, pin_file, runtime_names
from .locked import locked_resolution
from .lockfile import read_lock
from .manifest import Manifest
from .request import Binding, Request
from .resolve.download import CachedWheel
from .resolve.index import IndexClient, default_index_url
from .resolve.options import ResolveOptions, merge_settings
from .resolve.universal import find_disagreement, resolve_universal
from .session import Session, WheelSet
from .settings import Prereleases
from .typeshed import TypeshedPin, default_pin, find_newest_pin, parse_pin

GENERATOR: Final = f"mochic-py {__version__}"


@final
@frozen
class Upgrade:
    """What may move though it still fits: `names`, or everything; and the capabilities it may bring.

    `typeshed` moves the snapshot of stdlib types, which is no package.
    """

    everything: bool = False
    names: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    typeshed: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.names)

    def keeps(self, name: str) -> bool:
        """Whether the pin of `name` is to stay where it fits."""
        return not self.everything and name not in self.names


@final
@frozen
class Locking:
    """What came of locking: the lock unless `diagnostics` hold an error, and how it differs."""

    lock: Lock | None
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, SourceFile] = field(factory=dict, repr=False)
    moves: tuple[Move, ...] = ()


@final
@frozen
class Project:
    """What a request asks to be locked: its bindings, its manifest, and what steers their resolution."""

    bindings: tuple[Binding, ...]
    manifest: Manifest
    options: ResolveOptions

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement, as `compile` resolves them."""
        return (*(binding.requirement for binding in self.bindings), *self.manifest.dependencies)

    @property
    def requirement_texts(self) -> tuple[str, ...]:
        """The requirements as a lock lists them, and after them what steers the resolution."""
        asked = sorted({format_requirement(each) for each in self.requirements})
        return tuple(sorted((*asked, *_format_options(self.options))))

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return the aliases of the distribution `name`, sorted."""
        return tuple(sorted(each.alias for each in self.bindings if each.requirement.name == name))


def make_lock(
    request: Request, targets: Sequence[Target], host: Host, upgrade: Upgrade | None = None
) -> Locking:
    """Lock what `request` asks for, for every one of `targets`.

    `request.lock` is the lock there is, and `request.prefer` holds versions for what it does not pin.
    Raises nothing for what the user wrote: errors are diagnostics of the result, and then there is
    no lock.
    """
    locker = _Locker(request, host, Upgrade() if upgrade is None else upgrade)
    try:
        lock = locker.run(targets)
    except DiagnosticError as error:
        locker.diagnostics += error.diagnostics
        lock = None
    failed = any(each.severity is Severity.ERROR for each in locker.diagnostics)
    moves = find_moves(locker.existing, lock) if lock is not None and not failed else ()
    found = tuple(dict.fromkeys(locker.diagnostics))
    return Locking(None if failed else lock, found, locker.sources, moves)


def read_project(request: Request) -> tuple[Project, tuple[Diagnostic, ...]]:
    """Return what `request` asks for, and what is wrong with its programs and manifest."""
    bindings, manifest, problems = collect(request)
    return Project(bindings, manifest, merge_settings(request.resolve, manifest.python)), problems


def _format_options(options: ResolveOptions) -> Iterator[str]:
    """Yield what `options` ask beyond the usual; a parenthesis tells it from a requirement."""
    yield from (f"(constraint) {bound.text}" for bound in options.constraints)
    yield from (f"(override) {bound.text}" for bound in options.overrides)
    yield from (f"(index) {index.name} {index.priority.value}" for index in options.indexes)
    if options.exclude_newer:
        yield f"(exclude-newer) {options.exclude_newer}"
    if options.prereleases is not Prereleases.PEP440:
        yield f"(prereleases) {options.prereleases.value}"
    if not options.build:
        yield "(no-build)"


@final
@define
class _Locker:
    request: Request
    host: Host
    upgrade: Upgrade
    diagnostics: list[Diagnostic] = field(factory=list)
    sources: dict[str, SourceFile] = field(factory=dict)
    existing: Lock | None = None
    typeshed: TypeshedPin = field(factory=default_pin)
    cache: Cache = field(init=False)
    _capabilities: dict[str, tuple[Found, ...]] = field(factory=dict)
    _sessions: dict[Target, Session] = field(factory=dict)
    _resolutions: list[Resolution] = field(factory=list)

    @cache.default
    def _make_cache(self) -> Cache:
        return Cache(self.host)

    def run(self, targets: Sequence[Target]) -> Lock | None:
        request = self.request
        given = (*request.programs, *filter(None, (request.manifest, request.lock)))
        self.sources.update({source.path: source for source in given})
        project, problems = read_project(request)
        self.diagnostics += problems
        if request.lock is not None:
            self.existing, found = read_lock(request.lock)
            self.diagnostics += found
        if any(each.severity is Severity.ERROR for each in self.diagnostics):
            return None
        python = project.manifest.python
        targets = list(dict.fromkeys(choose_build(target, request, python) for target in targets))
        self.typeshed = self._find_typeshed(targets[0])
        chosen = resolve_universal(
            project.requirements, targets, lambda prefer: _Chooser(self, project, prefer), self._preferred()
        )
        parts = {target: self._lock_target(project, chosen.select(target)) for target in targets}
        self._check_capabilities(project.manifest)
        return Lock(
            targets=targets,
            requirements=project.requirement_texts,
            packages=merge_packages(parts),
            requires_python=project.manifest.python.requires_python,
            resolver=request.resolver.value,
            generator=GENERATOR,
            abi_tag_policy=project.options.tag_policy,
            typeshed=str(self.typeshed),
        )

    def _find_typeshed(self, target: Target) -> TypeshedPin:
        if self.upgrade.typeshed:
            url = default_index_url(self.host.environ, self.request.index_url)
            return find_newest_pin(IndexClient(self.host, self.cache, url), target)
        return (parse_pin(self.existing.typeshed) if self.existing else None) or default_pin()

    def choose(self, project: Project, target: Target, prefer: Mapping[str, str]) -> Resolution:
        """Return the pins for one target: those of the lock there is, else new ones, `prefer` if they fit."""
        kept = self._find_kept(project, target)
        if kept is not None and find_disagreement(kept, self._resolutions):
            kept = None
        session = self._open_session(target, prefer, unchanged=kept is not None)
        self._sessions[target] = session
        self._resolutions.append(kept or session.resolve(project.requirements))
        return self._resolutions[-1]

    def _lock_target(self, project: Project, resolution: Resolution) -> list[LockedPackage]:
        target = resolution.target
        session = self._sessions[target]
        settings = make_settings(session.request, project.manifest.python)
        self._check_digests(resolution)
        imported = self._fetch_imported(session, project, resolution)
        pins = all_pins(resolution, imported.values())
        fetched = {wheel.pin.name: wheel for wheel in session.fetch(pins)}
        self.diagnostics += check_files(tuple(fetched.values()), target, self.host, self.cache)
        runtime = runtime_names(pins, project.requirements)
        verdicts = read_verdicts(
            runtime,
            fetched,
            target,
            self.existing,
            self.host,
            self.cache,
            importing=self.request.confirm_gil,
        )
        self.diagnostics += verdicts.diagnostics
        policy = read_policy(self.request, project.manifest.python)
        self.diagnostics += check_fetched(fetched, verdicts.seen, project.requirements, policy)
        packages = (
            self._lock_package(
                session, fetched, pin.name, imported.get(pin.name), project, settings, runtime, verdicts
            )
            for pin in pins
        )
        return [verdicts.add_to(package, fetched[package.name]) for package in packages]

    def _check_digests(self, resolution: Resolution) -> None:
        """Refuse a file that the index replaced since it was locked, unless it may move."""
        packages = self.existing.packages if self.existing else ()
        locked = {each.pin.file.filename: each.pin for each in packages if self.upgrade.keeps(each.name)}
        for pin in resolution.pins:
            known, found = locked.get(pin.file.filename), pin.file.hashes.sha256
            if isinstance(pin.file.source, PathSource):
                continue  # a file beside the program is there to be changed
            if known is not None and found and known.file.hashes.sha256 not in ("", found):
                message = f"`{pin.file.filename}` has another digest than the one locked"
                notes = (f"expected sha256 {known.file.hashes.sha256}", f"found sha256    {found}")
                help = f"do not use it; if it was replaced on purpose, run with `--upgrade {pin.name}`"
                raise DiagnosticError(codes.HASH_MISMATCH.at(None, message, notes=notes, help=help))

    def _find_kept(self, project: Project, target: Target) -> Resolution | None:
        """Return the pins of the lock there is, if it was made for the same requirements."""
        lock = self.existing
        if lock is None or self.upgrade or self.request.prefer:
            return None
        if lock.requirements != project.requirement_texts:
            return None
        if lock.requires_python != project.manifest.python.requires_python:
            return None
        if lock.resolver != self.request.resolver.value:
            return None
        if lock.abi_tag_policy is not project.options.tag_policy:
            return None
        kept = locked_resolution(lock, project.requirements, target)
        if kept is None:
            return None
        base = Session(self.host, self.cache, self.request).base
        return kept if all(self._is_current(pin, base) for pin in kept.pins) else None

    def _is_current(self, pin: Pin, base: Path) -> bool:
        """Whether the file of `pin`, where it lies beside the program, is the one that was locked."""
        source = pin.file.source
        if not isinstance(source, PathSource):
            return True
        path = base / source.path
        if not pin.file.filename or not self.host.exists(path):
            return False
        return hashlib.sha256(self.host.read_bytes(path)).hexdigest() == pin.file.hashes.sha256

    def _preferred(self) -> dict[str, str]:
        """Return the versions to keep while they fit."""
        packages = self.existing.packages if self.existing else ()
        kept = {each.name: each.version for each in packages if self.upgrade.keeps(each.name)}
        return {**self.request.prefer, **kept}

    def _open_session(self, target: Target, prefer: Mapping[str, str], unchanged: bool) -> Session:
        lock = self.request.lock if unchanged else None
        request = evolve(self.request, target=target, lock=lock, locked=unchanged, prefer=dict(prefer))
        session = Session(self.host, self.cache, request)
        session.typeshed = evolve(session.typeshed, pin=self.typeshed)
        return session

    def _fetch_imported(
        self, session: Session, project: Project, resolution: Resolution
    ) -> dict[str, WheelSet]:
        """Return the wheels and stubs of everything that is imported, by name."""
        names = sorted({binding.requirement.name for binding in project.bindings})
        # In a row, so that what the stubs of one package import is there for those of the next.
        pins = {pin.name: pin for pin in resolution.pins}
        if session.request.locked:
            session.resolve(project.requirements)
        found: dict[str, WheelSet] = {}
        for name in names:
            pin = pins.get(name)
            if pin is None:
                continue  # a marker rules it out for this target
            wheels = session.fetch_with_stubs([pin], tuple(pins.values()))[0]
            self.diagnostics += wheels.notes
            for other in (*wheels.stubs, *wheels.dependencies):
                pins.setdefault(other.pin.name, other.pin)
            found[name] = wheels
        return found

    def _lock_package(
        self,
        session: Session,
        fetched: Mapping[str, CachedWheel],
        name: str,
        imported: WheelSet | None,
        project: Project,
        settings: BindSettings,
        runtime: frozenset[str],
        verdicts: LockedVerdicts,
    ) -> LockedPackage:
        wheel = fetched[name]
        pin = wheel.built_from or wheel.pin
        aliases = project.aliases(pin.name)
        facts: Facts | None = None
        if imported is not None:
            target = session.request.target
            span = next(
                (b.requirement.span for b in project.bindings if b.requirement.name == pin.name), None
            )
            self.diagnostics += check_async_runtime(wheel, span, self.host, self.cache)
            closure = find_closure(name, fetched, target, project.manifest.python, verdicts.seen)
            facts = find_facts(imported, aliases, target, settings, self.host, self.cache, closure)
        found = infer_capabilities(wheel, self.host, self.cache) if pin.name in runtime else ()
        if pin.name in runtime:
            self._capabilities[pin.name] = found
        named = tuple(sorted(each.capability for each in found))
        granted = project.manifest.capabilities.granted
        return LockedPackage(
            pin=pin_file(pin, wheel, project.requirements),
            index_sha256=self._digest_index(session, pin),
            aliases=aliases,
            stubs=facts.stubs if facts else None,
            stub_sha256=facts.stub_sha256 if facts else "",
            wrapper_sha256=facts.wrapper_sha256 if facts else "",
            shim_sha256=facts.shim_sha256 if facts else "",
            capabilities=named,
            capabilities_declared=tuple(name for name in named if name in granted),
        )

    def _digest_index(self, session: Session, pin: Pin) -> str:
        if not isinstance(pin.file.source, IndexSource):
            return ""
        for known in self.existing.packages if session.request.locked and self.existing else ():
            if known.pin.file.filename == pin.file.filename:
                return known.index_sha256
        row = session.locator.find_row(pin)
        return digest_row(row) if row is not None else ""

    def _check_capabilities(self, manifest: Manifest) -> None:
        if self.request.manifest is None:
            return
        granted = manifest.capabilities
        self.diagnostics += check_capabilities(self._capabilities, granted.granted, granted.span)
        if self.existing is not None and self.upgrade:
            before = {name for each in self.existing.packages for name in each.capabilities}
            self.diagnostics += check_elevation(before, self._capabilities, self.upgrade.allowed)


@final
@frozen
class _Chooser:
    """A `Resolver` that leaves what is locked as it is, and prefers some versions for the rest."""

    locker: _Locker
    project: Project
    prefer: Mapping[str, str]

    def resolve(self, requirements: Sequence[Requirement], target: Target) -> Resolution:
        assert requirements == self.project.requirements, "a lock is for the whole project"
        # A copy: later targets add to the mapping.
        return self.locker.choose(self.project, target, dict(self.prefer))
