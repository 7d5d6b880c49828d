"""The files that `--link` adds to a compilation.

Mochi's Python back end names modules after the file of a program, and a dot in that name makes a
program that cannot be imported. So `program/` has each program once more, as it is to be built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..backends.declarations import declare
from ..backends.target import Artifact
from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.source import SourceFile
from .bind import Bound
from .link import LinkedPackage, LinkedProgram, importable_name, module_name
from .link_dotted import link_dotted
from .link_flat import link_flat
from .request import LinkStyle


def link_files(
    programs: Iterable[SourceFile], bound: Sequence[Bound], style: LinkStyle
) -> tuple[list[Artifact], list[Diagnostic]]:
    """Return the linked form of every program, with what it needs beside it, and what was found."""
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
    for program in programs:
        stem = module_name(program.path)
        texts: dict[str, str] = {}
        try:
            linked = _link(program, packages, style)
        except DiagnosticError as error:
            diagnostics += error.diagnostics
            continue
        if style is LinkStyle.DOTTED:
            texts[f"{stem}.linked.mochi"] = linked.text
        else:
            for name in (f"{stem}.linked", f"program/{importable_name(program.path)}"):
                texts[f"{name}.mochi"] = linked.text
                if linked.externs:
                    texts[f"{name}_externs.py"] = linked.externs
        diagnostics += linked.diagnostics
        if artifacts.keys() & texts.keys():
            message = f"two programs are called `{stem}.mochi`, and so would be what they are linked to"
            help = "link them with a command and an output folder each"
            diagnostics.append(codes.NOT_LINKED.at(None, message, help=help))
        for path, text in texts.items():
            artifacts[path] = Artifact(path, text.encode("utf-8", "surrogatepass"))
    return list(artifacts.values()), diagnostics


def _link(program: SourceFile, packages: dict[str, LinkedPackage], style: LinkStyle) -> LinkedProgram:
    return link_dotted(program, packages) if style is LinkStyle.DOTTED else link_flat(program, packages)
