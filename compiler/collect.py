"""From programs, a manifest and the command line to the list of bindings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping

from ..ir import codes
from ..ir.diagnostics import Diagnostic, Label
from ..ir.dist import IndexRequest, RegistryRequest, Requirement
from ..ir.keywords import is_legal_mochi_alias
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .frontends.importspec import parse_import_spec
from .manifest import Manifest, find_conflicts
from .request import Binding, PackageRequest

Collected = tuple[tuple[Binding, ...], tuple[Diagnostic, ...]]


def collect_bindings(
    programs: Iterable[SourceFile], packages: Iterable[PackageRequest], manifest: Manifest
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
            alias = package.alias or default_alias(requirement)
            if is_legal_mochi_alias(alias):
                found.append(Binding(alias, requirement))
            else:
                message = f"`{alias}` cannot be an alias in Mochi"
                diagnostics.append(codes.ILLEGAL_ALIAS.at(None, message, help="name another one with `--as`"))
    diagnostics += find_conflicts([binding.requirement for binding in found], manifest)
    return _unique([_complete(binding, manifest) for binding in found], diagnostics)


def read_program(program: SourceFile) -> tuple[list[Binding], list[Diagnostic]]:
    """Return the bindings that the Python imports of `program` ask for, in source order."""
    from .frontends.mochi import find_imports  # loads a parser generator

    imports, problems = find_imports(program)
    diagnostics = [*check_text(program), *problems]
    bindings = []
    for statement in imports:
        if statement.language != "python":
            continue
        if statement.spec.partition(".")[0] in sys.stdlib_module_names:
            message = f"`{statement.spec}` is a module of Python's standard library and is not bound"
            diagnostics.append(codes.STDLIB_MODULE.at(statement.spec_span, message))
            continue
        requirement, spec_problems = parse_import_spec(statement.spec, statement.spec_span)
        diagnostics += spec_problems
        if requirement is not None:
            alias = statement.bound_name or default_alias(requirement)
            if is_legal_mochi_alias(alias):
                bindings.append(Binding(alias, requirement, statement.auto))
            else:
                span = statement.alias_span or statement.spec_span
                message = f"`{alias}` cannot be an alias in Mochi"
                diagnostics.append(codes.ILLEGAL_ALIAS.at(span, message, help="write `as` and another name"))
    return bindings, diagnostics


def check_text(source: SourceFile) -> list[Diagnostic]:
    """Return an error at the first byte of `source` that was not UTF-8 (a lone surrogate, PEP 383)."""
    found = re.search("[\ud800-\udfff]", source.text)
    if found is None:
        return []
    span = source.span(found.start(), found.end())
    help = "save the file as UTF-8"
    return [codes.NOT_UTF8.at(span, f"`{source.path}` is not UTF-8 text", label="not UTF-8", help=help)]


def find_clashes(program: SourceFile, names: Mapping[str, Iterable[str]]) -> tuple[Diagnostic, ...]:
    """Return a warning for each `auto` import of `program` that binds a name twice.

    `names` are the Mochi names of each alias.
    """
    from .frontends.auto import find_auto_clashes
    from .frontends.mochi import read_program as read_source

    read = read_source(program)
    autos = []
    for statement in read.imports:
        if statement.auto and statement.language == "python":
            requirement, _ = parse_import_spec(statement.spec, None)
            if requirement is not None:
                alias = statement.bound_name or default_alias(requirement)
                autos.append((statement, names.get(alias, ())))
    return find_auto_clashes(autos, read.declarations) if autos else ()


def default_alias(requirement: Requirement) -> str:
    """Return the distribution name as an identifier."""
    return requirement.name.replace("-", "_").replace(".", "_")


def _complete(binding: Binding, manifest: Manifest) -> Binding:
    """Add what the manifest says of the same distribution; `find_conflicts` has compared the two."""
    requirement = binding.requirement
    entry = manifest.find(requirement.name)
    if entry is None or not isinstance(requirement.source, RegistryRequest):
        return binding
    declared = entry.requirement
    source = declared.source
    if isinstance(source, RegistryRequest | IndexRequest):
        specifiers = (requirement.specifier, source.specifier)
        source = evolve(source, specifier=",".join(dict.fromkeys(filter(None, specifiers))))
    extras = tuple(sorted({*requirement.extras, *declared.extras}))
    return evolve(binding, requirement=evolve(requirement, source=source, extras=extras))


def _unique(found: Iterable[Binding], diagnostics: list[Diagnostic]) -> Collected:
    chosen: dict[str, Binding] = {}
    for binding in found:
        first = chosen.setdefault(binding.alias, binding)
        if first.requirement != binding.requirement:
            here, there = binding.requirement.span, first.requirement.span
            diagnostics.append(
                codes.DUPLICATE_ALIAS.at(
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
