"""Getting packages for one request: resolve, fetch, read into raw IR.

A session belongs to one request and thread. It keeps the text of every file that a
diagnostic may point into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar, final

from attrs import frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import FileKind, PathSource, Pin, Requirement, Resolution, Target, Tier
from ..ir.items import Package
from ..ir.lock import Lock
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .cache import Cache
from .companions import stub_names
from .external_modules import ExternalModules
from .externals import expand_externals
from .foreign_bases import adopt_constructors
from .foreign_classes import attach_foreign
from .frontends.importspec import parse_import_spec
from .frontends.package import read_package
from .frontends.stub import read_module
from .frontends.stub_search import decode_source
from .frontends.wheel import open_wheel
from .hidden_modules import hide_modules
from .host import Host
from .locked import find_misfits, find_policy_change, locked_resolution
from .lockfile import read_lock
from .lower import PIPELINE
from .manifest import read_manifest
from .probe import ProbeJob
from .request import Engine, Request
from .resolve.download import CachedWheel, fetch_all
from .resolve.index import IndexClient, default_index_url
from .resolve.locate import Locator
from .resolve.options import ResolveOptions, merge_settings
from .resolve.resolver import InProcessResolver, Resolver
from .resolve.uv import UvResolver
from .settings import PythonSettings
from .stub_pins import StubFinder, StubPins
from .stubgen import GeneratedStubs, find_unreadable, generate_stubs
from .type_index import TypeIndex
from .typeshed import TypeshedRequest, default_pin, parse_pin

_Engine = TypeVar("_Engine", bound=Resolver)

# What a requirement can be at fault for; a network that fails, fails for all of them.
_UNMET: Final = frozenset(
    {
        codes.PACKAGE_NOT_FOUND,
        codes.INVALID_INDEX_PAGE,
        codes.NO_MATCHING_VERSION,
        codes.VERSION_CONFLICT,
        codes.NO_USABLE_WHEEL,
        codes.UNTESTED_FREETHREAD,
        codes.SOURCE_NOT_SUPPORTED,
        codes.INVALID_METADATA,
    }
)


@final
@frozen
class WheelSet:
    """The wheel of a package and those of its stubs, all in the cache.

    `dependencies` are what the types import from, `typeshed` is where stdlib types come from, and
    `notes` says where the stubs may not fit. `generated` are stubs made for a package without any.
    """

    wheel: CachedWheel
    stubs: tuple[CachedWheel, ...] = ()
    dependencies: tuple[CachedWheel, ...] = ()
    typeshed: TypeshedRequest | None = None
    notes: tuple[Diagnostic, ...] = ()
    generated: GeneratedStubs | None = None


@final
class Session:
    """The packages of `request`, through `host` and `cache`."""

    def __init__(self, host: Host, cache: Cache, request: Request) -> None:
        self.host = host
        self.cache = cache
        self.request = request
        self.sources: dict[str, SourceFile] = {file.path: file for file in request.programs}
        if request.manifest is not None:
            self.sources[request.manifest.path] = request.manifest
        if request.pipeline is not None:
            self.sources[PIPELINE] = SourceFile(PIPELINE, request.pipeline)
        if request.lock is not None:
            self.sources[request.lock.path] = request.lock
        self._url = url = default_index_url(host.environ, request.index_url)
        index = IndexClient(host, cache, url, offline=request.offline)
        self._stubs = StubFinder(host, cache, index, url, request.target, offline=request.offline)
        named = {each.name: each.url for each in self._settings.indexes}
        self.locator = Locator(
            host,
            cache,
            index,
            request.target,
            indexes=named,
            offline=request.offline,
            policy=self._options.tag_policy,
        )
        self._follows_lock = False

    @cached_property
    def lock(self) -> Lock | None:
        """The lock of the request; raises `DiagnosticError` where it cannot be read."""
        if self.request.lock is None:
            return None
        lock, problems = read_lock(self.request.lock)
        if problems:
            raise DiagnosticError(*problems)
        return lock

    @cached_property
    def typeshed(self) -> TypeshedRequest:
        """The snapshot of stdlib types: that of the lock, else the compiler's own."""
        pin = parse_pin(self.lock.typeshed) if self.lock else None
        return TypeshedRequest(pin or default_pin(), self._url, self.request.offline)

    @cached_property
    def _settings(self) -> PythonSettings:
        manifest = self.request.manifest
        return read_manifest(manifest)[0].python if manifest is not None else PythonSettings()

    @cached_property
    def base(self) -> Path:
        """The folder that paths start from: that of the manifest."""
        manifest = self.request.manifest
        return self.host.base / Path(manifest.path).parent if manifest is not None else self.host.base

    @cached_property
    def _resolver(self) -> InProcessResolver:
        return self._make_resolver(InProcessResolver)

    @cached_property
    def _prefer(self) -> dict[str, str]:
        pins = self.lock.packages if self.lock else ()
        return {**{each.name: each.version for each in pins}, **self.request.prefer}

    @cached_property
    def _options(self) -> ResolveOptions:
        return merge_settings(self.request.resolve, self._settings)

    @cached_property
    def _chooser(self) -> Resolver:
        """Who chooses versions."""
        if self.request.resolver is Engine.IN_PROCESS:
            return self._resolver
        return self._make_resolver(UvResolver)

    def _make_resolver(self, kind: Callable[..., _Engine]) -> _Engine:
        return kind(
            self.host,
            self.cache,
            index_url=self._url,
            offline=self.request.offline,
            base=self.base,
            prefer=self._prefer,
            options=self._options,
        )

    def resolve(self, requirements: Sequence[Requirement], *, stubs: bool = True) -> Resolution:
        """Choose a file for each requirement and all they need; the lock decides where it fits.

        `stubs` also takes the stub distributions that the lock has for them.

        Raises `DiagnosticError`: every requirement that cannot be met on its own is reported,
        or else what keeps them from being met together.
        """
        found = self._take_from_lock(requirements, stubs)
        if found is not None:
            return found
        try:
            return self._chooser.resolve(requirements, self.request.target)
        except DiagnosticError as error:
            if len(requirements) < 2 or any(d.code not in _UNMET for d in error.diagnostics):
                raise
            unmet = {problem for each in requirements for problem in self._try_alone(each)}
            raise DiagnosticError(*(sorted(unmet, key=_place) or error.diagnostics)) from None

    def _take_from_lock(self, requirements: Sequence[Requirement], stubs: bool) -> Resolution | None:
        lock, target = self.lock, self.request.target
        policy = find_policy_change(lock, self._options.tag_policy) if lock else ()
        found = locked_resolution(lock, requirements, target, stubs=stubs) if lock and not policy else None
        if found is None and self.request.locked:
            help = "run `mochic-py pkg lock` and commit the file it writes"
            problems = (*policy, *find_misfits(lock, requirements, target)) if lock else ()
            raise DiagnosticError(*(problems or (codes.LOCK_MISSING.at(None, help=help),)))
        self._follows_lock = found is not None
        return found

    def _try_alone(self, requirement: Requirement) -> tuple[Diagnostic, ...]:
        try:
            self._chooser.resolve([requirement], self.request.target)
        except DiagnosticError as error:
            return error.diagnostics
        return ()

    def fetch(self, pins: Sequence[Pin]) -> tuple[CachedWheel, ...]:
        """Bring the files of `pins` into the cache, in their order; raises `DiagnosticError`."""
        for pin in pins:
            expected = self.request.expect.get(pin.name)
            if expected not in (None, pin.file.hashes.sha256):
                message = f"`{pin.file.filename}` has another digest than the one it is pinned to"
                raise DiagnosticError(codes.HASH_MISMATCH.at(None, message))
        return fetch_all(
            pins,
            self.host,
            self.cache,
            offline=self.request.offline,
            locate=self.locator.find_url,
            build=lambda pin: self._resolver.build(pin, self.request.target),
            base=self.base,
        )

    def make_editable(self, wheel: CachedWheel) -> CachedWheel | None:
        """Return what to install for a project that is asked for as editable: a wheel that points at it.

        `wheel` itself where nothing is editable; None where the build backend makes no such wheels.
        """
        source = wheel.built_from.file.source if wheel.built_from else None
        if not isinstance(source, PathSource) or not source.editable:
            return wheel
        built = self._resolver.build_editable(source, self.request.target)
        if built is None:
            return None
        file = evolve(wheel.pin.file, filename=built.filename)
        hashes = evolve(wheel.hashes, sha256=built.blob.sha256, blake3=built.blob.blake3)
        return evolve(wheel, pin=evolve(wheel.pin, file=file), path=built.blob.path, hashes=hashes)

    def fetch_with_stubs(self, pins: Sequence[Pin], locked: Sequence[Pin] = ()) -> tuple[WheelSet, ...]:
        """Fetch `pins` and the stub distributions that describe them.

        `locked` is all that was resolved with them. A stub distribution among those describes its package
        even where that has types (PEP 561); for packages without types one is looked for.
        """
        wheels = self.fetch(pins)
        stubs = {wheel.pin.name: self._find_stubs(wheel, locked) for wheel in wheels}
        wanted = dict.fromkeys(pin for found in stubs.values() for pin in found.pins)
        fetched = {wheel.pin: wheel for wheel in self.fetch(list(wanted))}
        return tuple(self._join(wheel, stubs[wheel.pin.name], fetched, locked) for wheel in wheels)

    def find_probe(self, wheel: CachedWheel, locked: Sequence[Pin]) -> ProbeJob:
        """Return what looking at the installed package takes; `locked` is all that was resolved with it.

        Raises `DiagnosticError` where a file cannot be had.
        """
        by_name = {pin.name: pin for pin in locked}
        names = sorted(_closure(wheel.pin.name, by_name) - {wheel.pin.name})
        return ProbeJob(wheel, (wheel, *self.fetch([by_name[name] for name in names])))

    def _join(
        self, wheel: CachedWheel, found: StubPins, fetched: Mapping[Pin, CachedWheel], locked: Sequence[Pin]
    ) -> WheelSet:
        needed = tuple(fetched[pin] for pin in found.dependencies)
        if found.stub is None:
            generated, notes = self._generate(wheel, locked)
            return WheelSet(wheel, (), needed, self.typeshed, (*found.notes, *notes), generated)
        return WheelSet(wheel, (fetched[found.stub],), needed, self.typeshed, found.notes)

    def _generate(
        self, wheel: CachedWheel, locked: Sequence[Pin]
    ) -> tuple[GeneratedStubs | None, tuple[Diagnostic, ...]]:
        """Return stubs of compiled modules that nothing else describes, where the manifest allows it."""
        if not (self._settings.stubgen_fallback and self._settings.stubgen_inspect):
            return None, ()
        modules, known = find_unreadable(wheel, self.host)
        if not modules:
            return None, ()
        by_name = {pin.name: pin for pin in locked}
        names = sorted(_closure(wheel.pin.name, by_name) - {wheel.pin.name})
        closure = self.fetch([by_name[name] for name in names])
        target = self.request.target
        return generate_stubs(wheel, closure, modules, known, target, self._fetch_tool, self.host, self.cache)

    def _fetch_tool(self, tool: Requirement) -> tuple[CachedWheel, ...]:
        """Fetch a tool that runs on the target's interpreter; it is no part of what is locked."""
        resolver = InProcessResolver(self.host, self.cache, index_url=self._url, offline=self.request.offline)
        pins = resolver.resolve([tool], self.request.target).pins
        return fetch_all(pins, self.host, self.cache, offline=self.request.offline)

    def _find_stubs(self, wheel: CachedWheel, locked: Sequence[Pin]) -> StubPins:
        by_name = {pin.name: pin for pin in locked}
        chosen = next((name for name in stub_names(wheel.pin.name) if name in by_name), None)
        if chosen is not None:
            needed = sorted(_closure(chosen, by_name) - {chosen, wheel.pin.name})
            return StubPins(by_name[chosen], tuple(by_name[name] for name in needed))
        if self._is_typed(wheel):
            # Inline types, and base classes, come from what the package itself depends on.
            direct = (by_name[name] for name in wheel.pin.dependencies if name in by_name)
            return StubPins(None, tuple(pin for pin in direct if pin.file.kind is FileKind.WHEEL))
        if self._is_settled(wheel.pin):
            return StubPins()
        versions = {pin.name: pin.version for pin in locked}
        return self._stubs.find(wheel.pin, versions, self.request.prefer)

    def _is_settled(self, pin: Pin) -> bool:
        """Whether the lock has decided where the types of `pin` come from."""
        package = self.lock.find(pin.name) if self.lock and self._follows_lock else None
        return package is not None and package.stubs is not None

    def read_spec(self, spec: str) -> tuple[Package | None, tuple[Diagnostic, ...]]:
        """Return the raw IR of the package that an import spec names, or what is wrong."""
        requirement, problems = parse_import_spec(spec, None)
        if requirement is None:
            return None, problems
        resolution = self.resolve([requirement])
        pin = resolution.find(requirement.name)
        assert pin is not None, "a resolution holds what was asked for"
        wheels = self.fetch_with_stubs([pin], resolution.pins)[0]
        package, found = read_wheels(wheels, self.request.target, self.host)
        self.sources |= read_texts(found, wheels, self.host)
        return package, (*problems, *found)

    def read_stub_file(self, path: Path) -> tuple[Package, tuple[Diagnostic, ...]]:
        """Return the raw IR of a single `.py` or `.pyi` file as a package of one module."""
        source = SourceFile(str(path), decode_source(self.host.read_bytes(path)))
        self.sources[source.path] = source
        return read_stub_text(source, path.stem, self.request.target)

    def _is_typed(self, wheel: CachedWheel) -> bool:
        with open_wheel(wheel.path, self.host, shown=wheel.pin.file.filename) as archive:
            names = archive.import_names
            return any(f"{name}/py.typed" in archive.names for name in names)


def _closure(name: str, pins: Mapping[str, Pin]) -> set[str]:
    """Return `name` and all that it needs, as far as `pins` holds it."""
    found: set[str] = set()
    pending = [name]
    while pending:
        each = pending.pop()
        if each not in found and each in pins:
            found.add(each)
            pending += pins[each].dependencies
    return found


def _place(problem: Diagnostic) -> tuple[str, int, int, str]:
    span = problem.span
    return (span.file, span.line, span.column, problem.message) if span else ("", 0, 0, problem.message)


def read_wheels(wheels: WheelSet, target: Target, host: Host) -> tuple[Package, tuple[Diagnostic, ...]]:
    """Return the raw IR of a fetched package."""
    with ExitStack() as stack:
        first, *rest = (
            stack.enter_context(open_wheel(each.path, host, shown=each.pin.file.filename))
            for each in (wheels.wheel, *wheels.stubs)
        )
        package, problems = read_package(first, tuple(rest), target, wheels.generated)
    package = hide_modules(package)
    index = TypeIndex()
    with ExternalModules(wheels.dependencies, wheels.typeshed, target, host) as modules:
        package = expand_externals(package, modules, index)
        # Without a snapshot on the index aliases are lost; classes are handles then, as they may always be.
        problems = (*wheels.notes, *problems, *modules.problems)
        package = adopt_constructors(package, modules)
        return attach_foreign(package, modules, index), problems


def read_texts(found: Sequence[Diagnostic], wheels: WheelSet, host: Host) -> dict[str, SourceFile]:
    """Return the files of `wheels` that `found` points into, by path."""
    wanted = {diagnostic.span.file for diagnostic in found if diagnostic.span is not None}
    wanted |= {label.span.file for diagnostic in found for label in diagnostic.labels}
    texts: dict[str, SourceFile] = {}
    for each in (wheels.wheel, *wheels.stubs):
        if wanted - texts.keys():
            with open_wheel(each.path, host, shown=each.pin.file.filename) as archive:
                for name in sorted((wanted - texts.keys()) & set(archive.names)):
                    texts[name] = SourceFile(name, decode_source(archive.read(name)))
    return texts


def read_stub_text(source: SourceFile, module: str, target: Target) -> tuple[Package, tuple[Diagnostic, ...]]:
    """Return the raw IR of one file as a package of the module `module`."""
    name = module.partition(".")[0]
    read, problems = read_module(
        source,
        module,
        is_package=False,
        is_stub=source.path.endswith(".pyi"),
        tier=Tier.INLINE,
        target=target,
    )
    return Package(name.replace("_", "-"), "0", (name,), Tier.INLINE, target, (read,)), problems


def make_target(platform: str, python: tuple[int, int, bool]) -> Target:
    """Return the target that the command line names."""
    return Target(platform, python[:2], python[2])
