"""The files that `--link` adds to a compilation.

Mochi's Python back end names modules after the file of a program, and a dot in that name makes a
program that cannot be imported. So `program/` has each program once more, as it is to be built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import final

from attrs import frozen

from ..backends.declarations import declare
from ..backends.target import Artifact
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.source import SourceFile
from .bind import Bound
from .frontends.sidecar import read_sidecar
from .link import LinkedPackage, importable_name, module_name
from .link_dotted import link_dotted
from .link_flat import link_flat
from .overrides import module_of
from .request import LinkStyle


@final
@frozen
class LinkedFiles:
    """The linked form of programs with what they need beside them, and what was found.

    `sidecars` are the paths of hand-written files with externs that the programs declare themselves.
    """

    artifacts: tuple[Artifact, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    sidecars: frozenset[str] = frozenset()


def link_files(
    programs: Sequence[SourceFile],
    bound: Sequence[Bound],
    style: LinkStyle,
    sidecars: Sequence[SourceFile] = (),
) -> LinkedFiles:
    """Return what `--link` adds for `programs` over the packages in `bound`."""
    dotted = style is LinkStyle.DOTTED
    packages = {
        each.alias: LinkedPackage(
            each.alias,
            f"{each.package.name} {each.package.version} as {each.alias}",
            declare(each.package),
        )
        for each in bound
    }
    artifacts: dict[str, Artifact] = {}
    diagnostics: list[Diagnostic] = []
    used: set[str] = set()
    functions = _read_functions(programs, sidecars)
    for program in programs:
        stem = module_name(program.path)
        texts: dict[str, str] = {}
        try:
            own = {module_name(program.path) + "_externs": 0}
            known = dict(sorted(functions.items(), key=lambda item: own.get(item[0], 1)))
            linked = link_dotted(program, packages) if dotted else link_flat(program, packages, known)
        except DiagnosticError as error:
            diagnostics += error.diagnostics
            continue
        if dotted:
            texts[f"{stem}.linked.mochi"] = linked.text
        else:
            for name in (f"{stem}.linked", f"program/{importable_name(program.path)}"):
                texts[f"{name}.mochi"] = linked.text
                if linked.externs:
                    texts[f"{name}_externs.py"] = linked.externs
        diagnostics += linked.diagnostics
        used |= linked.sidecars
        if artifacts.keys() & texts.keys():
            message = f"two programs are called `{stem}.mochi`, and so would be what they are linked to"
            help = "link them with a command and an output folder each"
            diagnostics.append(codes.NOT_LINKED.at(None, message, help=help))
        for path, text in texts.items():
            artifacts[path] = Artifact(path, text.encode("utf-8", "surrogatepass"))
    paths = frozenset(sidecar.path for sidecar in sidecars if module_of(sidecar) in used)
    return LinkedFiles(tuple(artifacts.values()), tuple(diagnostics), paths)


def _read_functions(
    programs: Iterable[SourceFile], sidecars: Iterable[SourceFile]
) -> dict[str, frozenset[str]]:
    """Return the functions of sidecars by module; nothing is read where no program declares an extern."""
    if not any("extern" in program.text for program in programs):
        return {}
    return {
        module_of(sidecar): frozenset(function.name for function in read_sidecar(sidecar)[0])
        for sidecar in sidecars
    }
