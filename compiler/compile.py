"""The whole way from a `Request` to a `Result`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, final

from attrs import define, field

from ..backends.target import Artifact
from ..backends.venv import Venv
from ..backends.workspace import WorkspaceMember, WorkspaceOptions, add_to_venv, plan_root, plan_sidecars
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ..ir.dist import Requirement, Resolution
from ..ir.parts import evolve
from ..ir.source import SourceFile
from ..passes.context import PassOptions
from ..passes.manager import Verify
from .bind import BindJob, BindSettings, Bound, bind_in_worker, bind_wheels
from .cache import Cache
from .collect import check_text, collect_bindings, find_clashes
from .extensions import Closure
from .freethread import check_resolution, choose_build, locked_verdicts, read_policy
from .host import Host
from .lower import LowerSettings, check_emission
from .manifest import Manifest, read_manifest
from .probe import ProbeJob, not_probed
from .request import Binding, BoundPackage, Emit, LinkStyle, Request, Result, Surface
from .resolve.download import CachedWheel
from .session import Session
from .settings import PythonSettings

if TYPE_CHECKING:
    from .link_files import LinkedFiles


def compile(request: Request, host: Host | None = None) -> Result:
    """Bind everything that `request` names and return the files to write.

    Prints nothing, writes nothing but the cache, and does not raise for what the user wrote:
    errors are diagnostics of the result. Safe to call from several threads.

    Raises `InternalError` where an invariant of this program is broken.
    """
    if host is not None:
        return _compile(request, host)
    own = Host()
    try:
        return _compile(request, own)
    finally:
        own.close()


def _compile(request: Request, host: Host) -> Result:
    if request.free_threaded or request.manifest is not None:
        target = choose_build(request.target, request, collect_settings(request))
        request = evolve(request, target=target)
    run = _Run(request, host)
    started = host.clock()
    try:
        bound = run.bind_all()
        linked = run.link_programs(bound) if run.ok else None
        sidecars = run.find_sidecars(bound, linked)
        artifacts = run.make_artifacts(bound, linked, sidecars) if run.ok else ()
    except DiagnosticError as error:
        run.diagnostics += error.diagnostics
        bound, artifacts = [], ()
    packages = tuple(run.describe(each) for each in bound)
    return Result(
        request.target,
        packages,
        artifacts,
        tuple(dict.fromkeys(run.diagnostics)),
        run.session.sources,
        host.clock() - started,
    )


def collect(request: Request) -> tuple[tuple[Binding, ...], Manifest, tuple[Diagnostic, ...]]:
    """Return the bindings a request asks for, the manifest it obeys, and what is wrong with both."""
    manifest, problems = _read_manifest(request.manifest) if request.manifest else (Manifest(), ())
    bindings, found = collect_bindings(request.programs, request.packages, manifest)
    return bindings, manifest, (*problems, *found)


def collect_settings(request: Request) -> PythonSettings:
    """Return `[python]` of the manifest of a request, with its defaults where there is none."""
    return _read_manifest(request.manifest)[0].python if request.manifest else PythonSettings()


def _read_manifest(source: SourceFile) -> tuple[Manifest, tuple[Diagnostic, ...]]:
    garbled = check_text(source)
    return (Manifest(), tuple(garbled)) if garbled else read_manifest(source)


@final
@define
class _Run:
    request: Request
    host: Host
    diagnostics: list[Diagnostic] = field(factory=list)
    session: Session = field(init=False)
    manifest: Manifest = Manifest()
    bindings: tuple[Binding, ...] = ()
    wheels: dict[str, CachedWheel] = field(factory=dict)

    @session.default
    def _make_session(self) -> Session:
        return Session(self.host, Cache(self.host), self.request)

    @property
    def ok(self) -> bool:
        return all(d.severity is not Severity.ERROR for d in self.diagnostics)

    def bind_all(self) -> list[Bound]:
        """Return every alias bound, in order; empty when the input already failed."""
        self.bindings, self.manifest, problems = collect(self.request)
        self.diagnostics += problems
        settings = self._settings()
        check_emission(settings.lower)
        if not self.ok or not self.bindings:
            return []
        bound = list(self._map(self._jobs(settings)))
        for each in bound:
            self.diagnostics += each.diagnostics
            self.session.sources.update(each.sources)
        if any(binding.auto for binding in self.bindings):
            names = {each.alias: each.names for each in bound}
            self.diagnostics += [d for program in self.request.programs for d in find_clashes(program, names)]
        return bound

    def link_programs(self, bound: Sequence[Bound]) -> LinkedFiles | None:
        """Return the programs as `--link` writes them; None where it was not asked for."""
        if self.request.link is None:
            return None
        from .link_files import link_files  # loads the checker of programs

        linked = link_files(self.request.programs, bound, self.request.link, self.request.sidecars)
        self.diagnostics += linked.diagnostics
        return linked

    def find_sidecars(self, bound: Sequence[Bound], linked: LinkedFiles | None) -> dict[str, str]:
        """Return the texts of the sidecars that wrappers and linked programs call, by file name."""
        used = {path for each in bound for path in each.sidecars} | (linked.sidecars if linked else set())
        found: dict[str, SourceFile] = {}
        for sidecar in self.request.sidecars:
            if sidecar.path in used:
                name = sidecar.path.replace("\\", "/").rpartition("/")[2]
                other = found.setdefault(name, sidecar)
                if other.text != sidecar.text:
                    message = f"`{other.path}` and `{sidecar.path}` would be modules of one name"
                    self.diagnostics.append(codes.SIDECAR_MISMATCH.at(None, message))
        return {name: sidecar.text for name, sidecar in found.items()}

    def make_artifacts(
        self, bound: Sequence[Bound], linked: LinkedFiles | None, sidecars: Mapping[str, str]
    ) -> tuple[Artifact, ...]:
        """Return the files of every alias and of the workspace, by path."""
        venv = _venv(self.manifest.python) if self.request.manifest else Venv()
        venv = evolve(venv, free_threaded=self.request.target.free_threaded)
        for binding, each in zip(self.bindings, bound, strict=True):
            wanted = binding.requirement
            member = WorkspaceMember(each.package, binding.alias, wanted.specifier, wanted.extras)
            venv = add_to_venv(venv, member)
        root = plan_root(venv, self._settings().workspace) if bound else ()
        files = [*root, *(file for each in bound for file in each.files), *plan_sidecars(sidecars)]
        files += linked.artifacts if linked else ()
        return tuple(sorted(files, key=lambda artifact: artifact.path))

    def describe(self, bound: Bound) -> BoundPackage:
        """Return `bound` as the result shows it."""
        binding = next(binding for binding in self.bindings if binding.alias == bound.alias)
        pin = self.wheels[bound.alias].pin
        return BoundPackage(
            binding, pin, bound.package, bound.report, bound.seconds, bound.timings, bound.dumps
        )

    def _settings(self) -> BindSettings:
        return make_settings(self.request, self.manifest.python)

    def _jobs(self, settings: BindSettings) -> list[BindJob]:
        wanted = [binding.requirement for binding in self.bindings]
        asked = [*wanted, *self.manifest.dependencies]
        resolution = self.session.resolve(asked)
        self._check_freethread(resolution, asked)
        pins = [resolution.find(requirement.name) for requirement in wanted]
        distinct = list(dict.fromkeys(pin for pin in pins if pin is not None))
        found = self.session.fetch_with_stubs(distinct, resolution.pins)
        by_name = {wheels.wheel.pin.name: wheels for wheels in found}
        jobs = []
        used = self._find_used()
        for binding in self.bindings:
            wheels = by_name[binding.requirement.name]
            self.wheels[binding.alias] = wheels.wheel
            probe = self._find_probe(wheels.wheel, resolution)
            closure = self._find_closure(wheels.wheel, resolution, probe)
            job = BindJob(binding.alias, wheels, self.request.target, settings, probe, closure)
            job = evolve(job, sidecars=self.request.sidecars, used=used.get(binding.alias))
            jobs.append(evolve(job, check_abi=self.request.check_abi))
        return jobs

    def _check_freethread(self, resolution: Resolution, asked: Sequence[Requirement]) -> None:
        """Stop where the program is for a Python without the GIL and a package is not."""
        policy = read_policy(self.request, self.manifest.python)
        found = check_resolution(self.session, resolution.pins, asked, policy)
        if found and not policy.allowed:
            raise DiagnosticError(*found)
        self.diagnostics += found

    def _find_closure(self, wheel: CachedWheel, resolution: Resolution, probe: ProbeJob | None) -> Closure:
        """Return the wheels whose extension modules decide on locks; none where the GIL is on."""
        if not self.request.target.free_threaded:
            return Closure()
        wheels = (probe or self.session.find_probe(wheel, resolution.pins)).closure
        denied = frozenset(self.manifest.python.freethread_deny_list)
        return Closure(wheels, denied, locked_verdicts(self.session.lock))

    def _find_used(self) -> dict[str, frozenset[str]]:
        """Return the items that programs use, by alias; an alias without an entry is bound whole."""
        if self.request.surface is Surface.ALL:
            return {}
        from .surface import find_used  # loads the checker of programs

        asked = {package.alias for package in self.request.packages}
        found = find_used(self.request.programs, {binding.alias for binding in self.bindings})
        return {alias: items for alias, items in found.items() if alias not in asked}

    def _find_probe(self, wheel: CachedWheel, resolution: Resolution) -> ProbeJob | None:
        """Return what to look at the installed package with; where that cannot be had, say so."""
        if not self.request.probe:
            return None
        try:
            return self.session.find_probe(wheel, resolution.pins)
        except DiagnosticError as error:
            self.diagnostics.append(not_probed(wheel, error.diagnostics[0].message))
            return None

    def _map(self, jobs: Sequence[BindJob]) -> Iterator[Bound]:
        workers = min(self.request.jobs, len(jobs))
        if workers < 2:
            yield from (bind_wheels(job, self.host) for job in jobs)
            return
        # Processes, as lowering is Python code throughout; spawned, as a caller may have threads.
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        from .collector import start_worker

        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
            bind = partial(bind_in_worker, environ=dict(self.host.environ), base=self.host.base)
            yield from pool.map(bind, jobs)


def make_settings(request: Request, python: PythonSettings) -> BindSettings:
    """Return how every package of `request` is lowered and emitted under a manifest."""
    options = PassOptions(
        request.strict or python.strict,
        python.int_mode.value,
        request.infer and python.infer,
        tuple((each.item, each.arguments) for each in python.monomorphise),
        python.async_mode.value,
        round(python.async_cancel_timeout * 1000),
    )
    emit = frozenset(kind.value for kind in request.emit if kind is not Emit.IR)
    if request.link is LinkStyle.FLAT:
        # Its sidecar calls the wrappers.
        emit |= {"wrapper"}
    watched = request.verify or request.pipeline is not None or request.dump
    verify = Verify.EACH if watched else Verify.LAST
    return BindSettings(
        LowerSettings(request.pipeline, options, request.dump, verify),
        WorkspaceOptions(
            request.shim_style,
            emit,
            python.int_mode.value,
            python.strict_return_types,
            request.link is LinkStyle.FLAT,
        ),
        Emit.IR in request.emit,
    )


def _venv(python: PythonSettings) -> Venv:
    return Venv(
        requires_python=python.requires_python,
        implementation=python.implementation.value,
        runtime_mode=python.runtime_mode.value,
        async_mode=python.async_mode.value,
        free_threaded=python.free_threaded,
        stubgen_fallback=python.stubgen_fallback,
        sidecar_glob=python.sidecar_glob,
    )
