"""One Python file, stub or source, to one `ir.Module`.

    class Box:                                   =>    class m.Box
        def put(self, item: "int | None") -> None: ...     m.Box.put(self, item: int | none): none

The file is parsed by tree-sitter (docs/adr/0002-tree-sitter.md), which never fails: what it cannot
read becomes a diagnostic, and the rest of the module is kept. Two steps: `declarations`
collects what the module declares and binds its names; `functions`, `classes` and
`assignments` build items, qualifying names by what this file alone says. Nothing is selected
here: private names and unknown constructs are kept for the passes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, final

from ...ir import codes
from ...ir.diagnostics import Diagnostic
from ...ir.dist import Target, Tier
from ...ir.items import Item, Module
from ...ir.source import SourceFile, Span
from .assignments import build_assignment, build_type_alias
from .classes import build_class
from .declarations import Block, Declaration, Kind, Reading, collect
from .functions import build_function, read_doc
from .scopes import Scope
from .source_text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# A file with more errors than this is not Python; more reports would not help.
_MAX_ERRORS = 10


def read_module(
    source: SourceFile,
    module_name: str,
    *,
    is_package: bool,
    is_stub: bool,
    tier: Tier,
    target: Target,
    missing: Container[str] = (),
) -> tuple[Module, tuple[Diagnostic, ...]]:
    """Return the module that `source` declares for `target`, and what was wrong with it.

    `is_package` says that the file is an `__init__`, from which relative imports count;
    `is_stub` that it is a `.pyi`. `missing` names modules without readable source: an import from
    one of them gives way to an alternative in an `except` branch.
    """
    opened = OpenModule(
        source, module_name, is_package=is_package, is_stub=is_stub, tier=tier, target=target, missing=missing
    )
    return opened.read(), opened.diagnostics


@final
class OpenModule:
    """A parsed file, of which a part may be read."""

    def __init__(
        self,
        source: SourceFile,
        name: str,
        *,
        is_package: bool,
        is_stub: bool,
        tier: Tier,
        target: Target,
        missing: Container[str] = (),
    ) -> None:
        text = SourceText(source)
        self._root = _parser().parse(text.data).root_node
        self._block = Block(Scope(name))
        self._reading = Reading(text, name, is_package, is_stub, tier, target, missing)
        collect(self._root, self._block, self._reading)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was wrong with the file."""
        return tuple(self._reading.diagnostics)

    def read(self) -> Module:
        """Return the whole module; reports what is wrong with it."""
        block, reading, root = self._block, self._reading, self._root
        items = tuple(_build_items(block.declared.items(), block.scope, reading))
        if root.has_error:
            _report_errors(root, reading)
        lost = block.exports.lost
        if lost is not None:
            reading.diagnostics.append(
                codes.DYNAMIC_ALL.at(reading.text.span(lost.start_byte, lost.end_byte))
            )
        return self._make(items)

    def read_outline(self) -> Module:
        """Return the module without functions and without the members of classes."""
        return self._make(self._read_part(self._block.declared.items(), with_members=False))

    def read_frame(self) -> Module:
        """Return the module with its functions, but without the members of classes."""
        self._reading.with_members = False
        items = tuple(_build_items(self._block.declared.items(), self._block.scope, self._reading))
        self._reading.with_members = True
        return self._make(items)

    def read_class(self, name: str) -> tuple[Item, ...]:
        """Return what the module declares as `name`, a class with its members and those nested in it."""
        found = self._block.declared.get(name)
        return self._read_part([(name, found)], with_members=True) if found else ()

    def read_items(self, names: Container[str]) -> Module:
        """Return the module with the functions, classes and values called `names` only."""
        declared = [each for each in self._block.declared.items() if each[0] in names]
        return self._make(tuple(_build_items(declared, self._block.scope, self._reading)))

    def _read_part(
        self, declared: Iterable[tuple[str, list[Declaration]]], *, with_members: bool
    ) -> tuple[Item, ...]:
        kept = [each for each in declared if each[1][0].kind is not Kind.FUNCTION]
        self._reading.with_members = with_members
        items = tuple(_build_items(kept, self._block.scope, self._reading))
        self._reading.with_members = True
        return items

    def _make(self, items: tuple[Item, ...]) -> Module:
        block, reading = self._block, self._reading
        return Module(
            reading.module,
            reading.text.path,
            items,
            (*block.imports.values(), *block.stars),
            block.exports.finish(),
            reading.is_package,
            any(d.kind is Kind.FUNCTION for d in block.declared.get("__getattr__", ())),
            read_doc(self._root, reading),
        )


def find_syntax_error(source: SourceFile) -> Span | None:
    """Return the place of the first part of `source` that is not Python."""
    text = SourceText(source)
    root = _parser().parse(text.data).root_node
    node = next(_find_errors(root, into_functions=True), None) if root.has_error else None
    return text.span(node.start_byte, node.end_byte) if node is not None else None


@cache
def _parser() -> Parser:
    # Deferred: loading the grammar takes longer than starting the command line does.
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def _build_items(
    declared: Iterable[tuple[str, list[Declaration]]], scope: Scope, reading: Reading
) -> Iterator[Item]:
    for name, declarations in declared:
        path = f"{scope.module}.{name}"
        declaration = declarations[0]
        match declaration.kind:
            case Kind.FUNCTION:
                yield build_function(declarations, name, path, scope, reading)
            case Kind.CLASS:
                yield from build_class(declaration, name, scope, reading)
            case Kind.TYPE_ALIAS:
                yield build_type_alias(declaration, path, scope, reading)
            case Kind.ASSIGNMENT:
                yield build_assignment(declaration, path, scope, reading)


def _report_errors(root: Node, reading: Reading) -> None:
    """Report the syntax errors outside function bodies, which nobody reads here."""
    for node in islice(_find_errors(root, into_functions=False), _MAX_ERRORS):
        span = reading.text.span(node.start_byte, node.end_byte)
        reading.diagnostics.append(codes.STUB_SYNTAX.at(span))


def _find_errors(root: Node, into_functions: bool) -> Iterator[Node]:
    """Yield the nodes that are not Python, in source order.

    A PEP 696 default inside `[…]` is unknown to the grammar but not to us, and no error.
    """
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node
            continue
        is_function = node.type == "function_definition"
        body = node.child_by_field_name("body") if is_function and not into_functions else None
        pending += [
            child
            for child in reversed(node.children)
            if child.has_error and child != body and child.type != "type_parameter"
        ]
