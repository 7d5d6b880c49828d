"""A wheel and its stub distributions to the raw `ir.Package`.

Read are the public modules and those that they import, directly or not: a private module that
nothing public reaches cannot add to the surface. Compiled modules without a stub become
modules without items that are `dynamic`, so that a name imported from one is not taken for an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.dist import Target, Tier
from ...ir.items import Import, Module, Package, StarExport
from ...ir.parts import evolve
from ...ir.source import SourceFile
from .stub import OpenModule, read_module
from .stub_search import Archive, ModuleSource, ModuleSources, find_types
from .twins import add_twin_evidence, find_bare
from .wheel import Wheel

_PLAIN_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]+\.[\w., \t]+)", re.MULTILINE)


def read_package(
    wheel: Wheel, stub_wheels: tuple[Wheel, ...], target: Target, generated: Archive | None = None
) -> tuple[Package, tuple[Diagnostic, ...]]:
    """Return the raw package of `wheel` for `target`, with modules sorted by name.

    `stub_wheels` are the stub distributions that describe it, best first; `generated` holds stubs made
    for a package without any. Raises `DiagnosticError` where a wheel is damaged.
    """
    version = wheel.metadata.version
    sources = find_types(wheel, stub_wheels, str(version))
    if generated is not None and sources.tier is Tier.STUBGEN:
        sources = add_generated(sources, generated)
    modules, diagnostics = read_modules(sources, target)
    name = canonicalize_name(wheel.metadata.name)
    for folder in sources.obsolete:
        diagnostics.append(
            codes.OBSOLETE_STUBS.at(
                None, f"`{folder}` is obsolete for {name} {version}: the types of the package itself are used"
            )
        )
    if not modules:
        diagnostics.append(codes.NO_MODULES.at(None, f"{name} {version} holds no Python module"))
    package = Package(
        name,
        str(version),
        sources.import_names,
        sources.tier,
        target,
        tuple(modules[n] for n in sorted(modules)),
    )
    return package, tuple(diagnostics)


def add_generated(sources: ModuleSources, generated: Archive) -> ModuleSources:
    """Return `sources` with the compiled modules that `generated` describes."""
    found = find_types(generated).modules
    extra = {name: evolve(found[name], tier=Tier.STUBGEN) for name in sources.compiled if name in found}
    compiled = {name: path for name, path in sources.compiled.items() if name not in extra}
    return evolve(sources, modules={**sources.modules, **extra}, compiled=compiled)


def read_modules(sources: ModuleSources, target: Target) -> tuple[dict[str, Module], list[Diagnostic]]:
    """Return the modules that count, by name, and what was wrong in them."""
    modules: dict[str, Module] = {}
    diagnostics: list[Diagnostic] = []
    known = sources.modules.keys() | sources.compiled.keys()
    pending = sorted((name for name in known if not _is_private(name)), reverse=True)
    seen = set(pending)
    while pending:
        name = pending.pop()
        source = sources.modules.get(name)
        if source is None:
            modules[name] = Module(name, sources.compiled[name], (), dynamic=True)
            continue
        text = source.read()
        module, problems = _read_source(name, source, text, sources, target)
        twin = sources.twins.get(name)
        bare = find_bare(module) if twin is not None else frozenset()
        if twin is not None and bare:
            module = add_twin_evidence(module, _read_twin(twin, sources, target, bare))
        modules[name] = module
        diagnostics += problems
        for wanted in (*_imported_modules(module), *_plainly_imported(text)):
            if wanted in known and wanted not in seen:
                seen.add(wanted)
                pending.append(wanted)
    return modules, diagnostics


def _read_source(
    name: str, source: ModuleSource, text: str, sources: ModuleSources, target: Target
) -> tuple[Module, tuple[Diagnostic, ...]]:
    return read_module(
        SourceFile(source.path, text),
        name,
        is_package=source.is_package,
        is_stub=source.is_stub,
        tier=source.tier,
        target=target,
        missing=sources.compiled,
    )


def _read_twin(twin: ModuleSource, sources: ModuleSources, target: Target, names: frozenset[str]) -> Module:
    """Return what the source of a module says of `names`; its stub says the rest."""
    opened = OpenModule(
        SourceFile(twin.path, twin.read()),
        twin.module,
        is_package=twin.is_package,
        is_stub=False,
        tier=twin.tier,
        target=target,
        missing=sources.compiled,
    )
    return opened.read_items(names)


def _is_private(module: str) -> bool:
    return any(part.startswith("_") for part in module.split("."))


def _imported_modules(module: Module) -> Iterable[str]:
    """Yield every module that `module` may import, with the packages around it."""
    for statement in module.imports:
        yield from _with_parents(_full_name(statement))
    for export in module.exports or ():
        if isinstance(export, StarExport):
            yield export.module


def _plainly_imported(text: str) -> Iterable[str]:
    """Yield the modules of `import a.b.c`, which binds `a` alone, so that `Import` does not tell them."""
    for match in _PLAIN_IMPORT.finditer(text):
        for name in match[1].split(","):
            yield from _with_parents(name.strip().partition(" ")[0])


def _full_name(statement: Import) -> str:
    if statement.attribute in (None, "*"):
        return statement.module
    return f"{statement.module}.{statement.attribute}"


def _with_parents(module: str) -> Iterable[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]
