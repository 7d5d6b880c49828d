"""Hand-written sidecars: a `<name>_externs.py` that a Mochi programmer keeps beside a program.

Read like any source file; edited with libcst, so that everything that is not touched stays byte
for byte: comments, quotes, blank lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.dist import Target, Tier
from ...ir.items import Function
from ...ir.source import SourceFile, Span
from .stub import find_syntax_error, read_module

if TYPE_CHECKING:
    import libcst
    from libcst import FunctionDef

    Statement = libcst.SimpleStatementLine | libcst.BaseCompoundStatement


def read_sidecar(
    source: SourceFile, target: Target | None = None
) -> tuple[tuple[Function, ...], tuple[Diagnostic, ...]]:
    """Return the public functions of a sidecar in source order, and what was wrong with it."""
    name = source.path.rpartition("/")[2].removesuffix(".py")
    module, diagnostics = read_module(
        source,
        name,
        is_package=False,
        is_stub=False,
        tier=Tier.INLINE,
        target=target or Target(),
    )
    functions = (item for item in module.items if isinstance(item, Function))
    return tuple(f for f in functions if not f.name.startswith("_")), diagnostics


def edit_sidecar(
    source: SourceFile, add: Mapping[str, str], remove: Collection[str] = ()
) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the text of `source` with functions added and removed.

    `add` maps function names to the text of their definitions. A function that exists is replaced
    in place, keeping the comments above it; a new one goes to the end, behind two empty lines.
    `remove` names functions to delete, with their decorators and overloads. The text comes back as
    it was, with a diagnostic, when it or a definition is not valid Python.
    """
    # Deferred, here and below: libcst takes longer to load than all else that a compilation needs.
    import libcst as cst

    try:
        module = cst.parse_module(source.text)
    except cst.ParserSyntaxError:
        return source.text, (_syntax_error(source),)
    definitions: dict[str, list[FunctionDef]] = {}
    for name, text in add.items():
        try:
            part = cst.parse_module(text.replace("\n", module.default_newline), module.config_for_parsing)
        except cst.ParserSyntaxError:
            return source.text, (_syntax_error(SourceFile(f"<{name}>", text)),)
        definitions[name] = [each for each in part.body if isinstance(each, cst.FunctionDef)]
    body = _edit_body(module, definitions, remove)
    ends_line = module.has_trailing_newline or not module.body
    return module.with_changes(body=body, has_trailing_newline=ends_line).code, ()


def _edit_body(
    module: libcst.Module, definitions: dict[str, list[FunctionDef]], remove: Collection[str]
) -> list[Statement]:
    import libcst as cst

    pending = dict(definitions)
    body: list[Statement] = []
    for statement in module.body:
        name = statement.name.value if isinstance(statement, cst.FunctionDef) else ""
        if name in pending and isinstance(statement, cst.FunctionDef):
            first, *rest = pending.pop(name)
            body.append(first.with_changes(leading_lines=statement.leading_lines))
            body += map(_space_out, rest)
        elif not name or (name not in remove and name not in definitions):
            body.append(statement)
    for added in pending.values():
        for definition in added:
            body.append(_space_out(definition) if body else definition)
    return body


def _space_out(definition: FunctionDef) -> FunctionDef:
    """Return `definition` behind two empty lines, as PEP 8 asks."""
    import libcst as cst

    comments = [line for line in definition.leading_lines if line.comment is not None]
    return definition.with_changes(leading_lines=[cst.EmptyLine(), cst.EmptyLine(), *comments])


def _syntax_error(source: SourceFile) -> Diagnostic:
    # libcst places every error at the start of the statement around it.
    return codes.SIDECAR_SYNTAX.at(find_syntax_error(source) or Span(source.path, 1, 1, 1, 1))
