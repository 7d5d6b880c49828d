"""Find the names that `auto` imports bind twice.

An `auto` import binds every public name of its package at the top of the program, where a
declaration or another `auto` import may have the same one. Mochi takes the last.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...ir import codes
from ...ir.diagnostics import Diagnostic, Label
from ...ir.source import Span
from .mochi import Declaration, ImportStatement

_SHOWN = 5


def find_auto_clashes(
    autos: Iterable[tuple[ImportStatement, Iterable[str]]], declarations: Iterable[Declaration]
) -> tuple[Diagnostic, ...]:
    """Return a warning for each `auto` import that shares names with what stands elsewhere.

    `autos` pairs the `auto` imports of one program, in order, with the Mochi names they bind;
    `declarations` are the program's own.
    """
    taken: dict[str, tuple[Span, str]] = {}
    for declaration in declarations:
        taken.setdefault(declaration.name, (declaration.span, f"declares `{declaration.name}`"))
    diagnostics = []
    for statement, names in autos:
        bound = sorted(set(names))
        clashes = [name for name in bound if name in taken]
        if clashes:
            diagnostics.append(_warn(statement, clashes, taken))
        for name in bound:
            taken.setdefault(name, (statement.span, f"binds `{name}` too"))
    return tuple(diagnostics)


def _warn(statement: ImportStatement, clashes: list[str], taken: dict[str, tuple[Span, str]]) -> Diagnostic:
    listed = ", ".join(f"`{name}`" for name in clashes[:_SHOWN])
    more = f" and {len(clashes) - _SHOWN} more" if len(clashes) > _SHOWN else ""
    return codes.AUTO_CLASH.at(
        statement.span,
        f"this `auto` import binds {listed}{more}, which the program already has",
        labels=tuple(Label(*taken[name]) for name in clashes[:_SHOWN]),
        help="import under an alias instead of `auto`",
    )
