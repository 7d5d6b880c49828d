"""Build orchestration (seed phase 8): targets in, a workspace out.

`plan` is pure: it checks the request and computes every file. `build` plans and writes the
files below the driver's work folder.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import final

from attrs import field, frozen

from ..backends.declarations import declare
from ..backends.refusals import find_degraded, find_refused
from ..backends.target import Artifact
from ..backends.venv import Venv
from ..backends.workspace import WORKSPACE, WorkspaceMember, WorkspaceOptions, add_to_venv, plan_root
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import Requirement, Target
from ..ir.errors import BridgeError, SkipReport
from ..ir.items import Package
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .bind import BindSettings, Bound, bind_package
from .driver import Driver
from .lower import LowerSettings
from .session import read_stub_text


@final
@frozen
class BuildTarget:
    """A package to wrap under `alias`. A raw `package` goes through the standard pipeline."""

    alias: str
    requirement: Requirement
    package: Package

    @classmethod
    def from_stub(
        cls, alias: str, requirement: Requirement, stub: str, target: Target | None = None
    ) -> BuildTarget:
        """Return a target whose types are the text of one `.pyi` file.

        Raises `DiagnosticError` where the stub cannot be read.
        """
        module = requirement.name.replace("-", "_") or "module"
        package, problems = read_stub_text(SourceFile(f"{module}.pyi", stub), module, target or Target())
        if problems:
            raise DiagnosticError(*problems)
        return cls(alias, requirement, package)


@final
@frozen
class BuildRequest:
    """What to build, and with which settings."""

    targets: tuple[BuildTarget, ...]
    lower: LowerSettings = LowerSettings()
    options: WorkspaceOptions = WorkspaceOptions()


@final
@frozen
class BuildResult:
    """The plan of a build. `written_files` is filled, sorted, by `build` alone.

    `wrappers` and `shims` are texts by alias; `skipped` lists every refusal and degradation.
    """

    venv: Venv
    packages: tuple[Package, ...]
    artifacts: tuple[Artifact, ...]
    wrappers: dict[str, str]
    shims: dict[str, str]
    skipped: tuple[SkipReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    written_files: tuple[Path, ...] = field(default=())


@final
class Orchestrator:
    """Plans and builds under the work folder of `driver`."""

    def __init__(self, driver: Driver | None) -> None:
        self._driver = driver

    def plan(self, request: BuildRequest) -> BuildResult:
        """Return what `build` would write. Touches no file.

        Raises `BridgeError` for a request that names nothing, names an alias twice, or leaves an
        alias or a distribution name empty, and where there is no driver.
        """
        driver = self._check(request)
        settings = BindSettings(request.lower, request.options)
        bound = [bind_package(t.alias, t.package, settings, driver.host.clock) for t in request.targets]
        venv = Venv()
        for target, each in zip(request.targets, bound, strict=True):
            wanted = target.requirement
            package = evolve(each.package, name=wanted.name)
            member = WorkspaceMember(package, target.alias, wanted.specifier, wanted.extras)
            venv = add_to_venv(venv, member)
        return assemble(venv, bound, request.options)

    def build(self, request: BuildRequest) -> BuildResult:
        """Plan `request`, write its files, and return the plan with the files written.

        Raises as `plan` does, and `DiagnosticError` where a file cannot be written.
        """
        planned = self.plan(request)
        assert self._driver is not None, "plan has checked it"
        self._driver.prepare_venv()
        work = self._driver.work_dir
        assert work is not None, "prepare_venv has made it"
        written = []
        for artifact in planned.artifacts:
            path = work / artifact.path
            self._driver.host.write_bytes_atomic(path, artifact.content)
            written.append(path)
        return evolve(planned, written_files=tuple(sorted(written)))

    def _check(self, request: BuildRequest) -> Driver:
        if self._driver is None:
            raise BridgeError("plan", "", "a driver is needed")
        if not request.targets:
            raise BridgeError("plan", "", "a request needs at least one target")
        for target in request.targets:
            if not target.alias:
                raise BridgeError("plan", target.requirement.name, "a target needs an alias")
            if not target.requirement.name:
                raise BridgeError("plan", target.alias, "a target needs the name of a distribution")
        aliases = Counter(target.alias for target in request.targets)
        for alias, count in sorted(aliases.items()):
            if count > 1:
                raise BridgeError("plan", alias, f"alias `{alias}` is used by {count} targets")
        return self._driver


def assemble(venv: Venv, bound: list[Bound], options: WorkspaceOptions) -> BuildResult:
    """Put the files of every alias and those of the workspace's root together."""
    artifacts = [*plan_root(venv, options), *(file for each in bound for file in each.files)]
    return BuildResult(
        venv,
        tuple(each.package for each in bound),
        tuple(sorted(artifacts, key=lambda artifact: artifact.path)),
        {each.alias: _text(each, "_externs.py") for each in bound},
        {each.alias: _text(each, "_shim.mochi") for each in bound},
        tuple(report for each in bound for report in _skipped(each)),
        tuple(problem for each in bound for problem in each.diagnostics),
    )


def _skipped(bound: Bound) -> list[SkipReport]:
    declared = declare(bound.package)
    return sorted(find_refused(declared), key=str) + sorted(find_degraded(declared), key=str)


def _text(bound: Bound, ending: str) -> str:
    folder = f"{WORKSPACE}/python_wrap/{bound.alias}/"
    for file in bound.files:
        if file.path.startswith(folder) and file.path.endswith(ending):
            return file.content.decode("utf-8", "surrogatepass")
    return ""
