"""From programs, a manifest and the command line to the list of bindings."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from ..ir import codes
from ..ir.diagnostics import Diagnostic, Label
from ..ir.dist import RegistryRequest, Requirement
from ..ir.keywords import is_legal_mochi_name
from ..ir.source import SourceFile
from .frontends.importspec import parse_import_spec
from .frontends.mochi import find_imports
from .manifest import Manifest, find_conflicts
from .request import Binding, PackageRequest

Collected = tuple[tuple[Binding, ...], tuple[Diagnostic, ...]]


def collect_bindings(
    programs: Iterable[SourceFile], packages: Iterable[PackageRequest], manifest: Manifest | None
) -> Collected:
    """Return one binding per alias, in order of alias, and what was wrong on the way.

    An alias that names two different requirements is an error at its second place. A bare
    name takes the specifier of the manifest.
    """
    diagnostics: list[Diagnostic] = []
    found: list[Binding] = []
    for program in programs:
        bindings, problems = read_program(program)
        found += bindings
        diagnostics += problems
    for package in packages:
        requirement, spec_problems = parse_import_spec(package.spec, None)
        diagnostics += spec_problems
        if requirement is not None:
            alias = package.alias or requirement.name.replace("-", "_").replace(".", "_")
            if is_legal_mochi_name(alias):
                found.append(Binding(alias, requirement))
            else:
                message = f"`{alias}` cannot be an alias in Mochi"
                diagnostics.append(codes.ILLEGAL_ALIAS.at(None, message, help="name another one with `--as`"))
    if manifest is not None:
        diagnostics += find_conflicts([b.requirement for b in found], manifest)
        found = [_complete(binding, manifest) for binding in found]
    return _unique(found, diagnostics)


def read_program(program: SourceFile) -> tuple[list[Binding], list[Diagnostic]]:
    """Return the bindings that the Python imports of `program` ask for, in source order."""
    imports, problems = find_imports(program)
    diagnostics = list(problems)
    bindings = []
    for statement in imports:
        if statement.language != "python":
            continue
        requirement, spec_problems = parse_import_spec(statement.spec, statement.spec_span)
        diagnostics += spec_problems
        if requirement is not None:
            bindings.append(Binding(statement.alias, requirement, statement.auto))
    return bindings, diagnostics


def _complete(binding: Binding, manifest: Manifest) -> Binding:
    requirement = binding.requirement
    if requirement.source != RegistryRequest():
        return binding
    for declared in manifest.dependencies:
        if declared.name == requirement.name:
            extras = tuple(sorted({*requirement.extras, *declared.extras}))
            return evolve(
                binding, requirement=evolve(requirement, source=declared.source, extras=extras)
            )
    return binding


def _unique(found: Iterable[Binding], diagnostics: list[Diagnostic]) -> Collected:
    chosen: dict[str, Binding] = {}
    for binding in found:
        first = chosen.setdefault(binding.alias, binding)
        if first.requirement != binding.requirement:
            here, there = binding.requirement.span, first.requirement.span
            diagnostics.append(
                codes.ALIAS_TAKEN.at(
                    here,
                    f"alias `{binding.alias}` stands for two different requirements",
                    label=f"`{_written(binding.requirement)}` here",
                    labels=(Label(there, f"`{_written(first.requirement)}` here"),) if there else (),
                    help="give one of them another alias",
                )
            )
    return tuple(chosen[alias] for alias in sorted(chosen)), tuple(diagnostics)


def _written(requirement: Requirement) -> str:
    return requirement.written or f"{requirement.name}{requirement.specifier}"
