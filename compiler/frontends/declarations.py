"""The declarations of a block: which statements count, and what each name is bound to.

    if sys.version_info >= (3, 13):      =>    f from the branch that holds for the target
        def f() -> int: ...
    else:
        def f() -> str: ...

First of two steps of the stub frontend: `collect` walks the statements of a module or class
body, decides conditions, and binds names; the second step builds items, when every name
of the block is known. Function bodies are not entered.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, final

from attrs import Factory, define, field

from ...ir.diagnostics import Diagnostic
from ...ir.dist import Target, Tier
from ...ir.items import Import
from .conditions import evaluate_condition
from .exports import ExportState, read_assignment, read_call
from .scopes import Scope, absolute_module
from .source_text import SourceText

if TYPE_CHECKING:
    from collections.abc import Container

    from tree_sitter import Node

# Values that `__all__` may be made of.
_LISTS = ("list", "tuple", "set", "dictionary", "binary_operator", "list_comprehension")
# Deeper nesting of classes and conditions is no declaration that anyone wrote.
MAX_DEPTH = 50


@final
class Kind(enum.Enum):
    """What a statement declares."""

    FUNCTION = "function"
    CLASS = "class"
    ASSIGNMENT = "assignment"
    TYPE_ALIAS = "type alias"


@final
@define
class Declaration:
    """A statement that declares `name`. `value` is set where a tuple was taken apart."""

    kind: Kind
    name: str
    name_node: Node
    node: Node
    decorators: tuple[Node, ...] = ()
    value: Node | None = None


@final
@define
class Reading:
    """One file being read: what is constant while it is, and the diagnostics so far.

    `missing` holds the modules that have no source to read (compiled, without stubs). Without
    `with_members` a class is read for what is nested in it only.
    """

    text: SourceText
    module: str
    is_package: bool
    is_stub: bool
    tier: Tier
    target: Target
    missing: Container[str] = ()
    with_members: bool = True
    diagnostics: list[Diagnostic] = Factory(list)

    def slice(self, node: Node) -> str:
        """Return the source text of `node`."""
        return self.text.slice(node.start_byte, node.end_byte)


@final
@define
class Block:
    """What a module or class body declares, by name in source order.

    A name maps to several declarations only for functions: overload arms and accessors of
    a property. `class_path` is the dotted name of the class inside the module, or empty.
    """

    scope: Scope
    class_path: str = ""
    declared: dict[str, list[Declaration]] = Factory(dict)
    imports: dict[str, Import] = Factory(dict)
    stars: list[Import] = Factory(list)
    class_names: dict[str, str] = Factory(dict)
    exports: ExportState = Factory(ExportState)
    # The branch that bound a name: 0 is the body itself, other numbers are branches of
    # conditions that could not be decided.
    _owners: dict[str, int] = Factory(dict)
    _weak: set[str] = Factory(set)
    _branches: int = field(default=0)

    def new_branch(self) -> int:
        """Return the number of a further undecided branch."""
        self._branches += 1
        return self._branches

    def may_bind(self, name: str, branch: int) -> bool:
        """Return whether a binding in `branch` counts: the first of several alternatives does."""
        if branch == 0:
            return True
        owner = self._owners.get(name)
        return owner is None or owner == branch or name in self._weak

    def bind(self, name: str, path: str, branch: int, weak: bool = False) -> None:
        """Bind `name` to `path`. A `weak` binding gives way to an alternative."""
        self._owners[name] = branch
        if weak:
            self._weak.add(name)
        else:
            self._weak.discard(name)
        if not self.class_path:
            self.scope.bindings[name] = path


def collect(block: Node, into: Block, reading: Reading, branch: int = 0, depth: int = 0) -> None:
    """Add the declarations of the statements of `block` to `into`."""
    if depth > MAX_DEPTH:
        return
    for statement in block.children:
        kind = statement.type
        if kind == "expression_statement":
            _collect_expression(statement, into, reading, branch)
        elif kind == "function_definition":
            _declare_definition(Kind.FUNCTION, statement, (), into, reading, branch)
        elif kind == "class_definition":
            _declare_definition(Kind.CLASS, statement, (), into, reading, branch)
        elif kind == "decorated_definition":
            definition = statement.child_by_field_name("definition")
            if definition is not None:
                decorators = tuple(c for c in statement.children if c.type == "decorator")
                is_class = definition.type == "class_definition"
                target = Kind.CLASS if is_class else Kind.FUNCTION
                _declare_definition(target, definition, decorators, into, reading, branch)
        elif kind == "if_statement":
            _collect_if(statement, into, reading, branch, depth)
        elif kind == "import_from_statement":
            _collect_import_from(statement, into, reading, branch)
        elif kind == "import_statement":
            _collect_import(statement, into, reading, branch)
        elif kind == "try_statement":
            _collect_try(statement, into, reading, branch, depth)
        elif kind == "type_alias_statement":
            _declare_type_alias(statement, into, reading, branch)
        elif kind in ("with_statement", "else_clause", "finally_clause"):
            body = statement.child_by_field_name("body")
            if body is not None:
                collect(body, into, reading, branch, depth + 1)
        elif kind == "delete_statement":
            for target_node in statement.named_children:
                into.declared.pop(reading.slice(target_node), None)
        elif kind in ("ERROR", "block"):
            collect(statement, into, reading, branch, depth + 1)


# --- definitions and assignments ---------------------------------------------------------


def _declare_definition(
    kind: Kind, node: Node, decorators: tuple[Node, ...], into: Block, reading: Reading, branch: int
) -> None:
    name_node = node.child_by_field_name("name")
    if name_node is None:
        return
    name = reading.slice(name_node)
    if not name or not into.may_bind(name, branch):
        return
    _bind_own(name, into, branch)
    into.imports.pop(name, None)
    declaration = Declaration(kind, name, name_node, node, decorators)
    earlier = into.declared.get(name)
    if kind is Kind.FUNCTION and earlier and earlier[-1].kind is Kind.FUNCTION:
        earlier.append(declaration)
        return
    into.declared.pop(name, None)
    into.declared[name] = [declaration]
    if kind is Kind.CLASS and into.class_path:
        into.class_names[name] = f"{into.scope.module}.{into.class_path}.{name}"


def _bind_own(name: str, into: Block, branch: int, weak: bool = False) -> None:
    into.bind(name, f"{into.scope.module}.{name}", branch, weak)


def _declare_type_alias(node: Node, into: Block, reading: Reading, branch: int) -> None:
    left = node.child_by_field_name("left")
    while left is not None and left.type in ("type", "generic_type"):
        left = left.named_children[0] if left.named_children else None
    if left is None:
        return
    name = reading.slice(left)
    if not into.may_bind(name, branch):
        return
    _bind_own(name, into, branch)
    into.declared.pop(name, None)
    into.declared[name] = [Declaration(Kind.TYPE_ALIAS, name, left, node)]
    if into.class_path:
        into.class_names[name] = f"{into.scope.module}.{into.class_path}.{name}"


def _collect_expression(statement: Node, into: Block, reading: Reading, branch: int) -> None:
    children = statement.children
    if not children:
        return
    node = children[0]
    kind = node.type
    if kind == "assignment":
        _declare_assignment(node, into, reading, branch)
    elif into.class_path:
        return
    elif kind == "augmented_assignment":
        left = node.children[0]
        if reading.slice(left) == "__all__":
            read_assignment(node, True, into.exports, reading.text, into.scope)
    elif kind == "call" and reading.text.data.startswith(b"__all__.", node.start_byte):
        read_call(node, into.exports, reading.text, into.scope)


def _declare_assignment(node: Node, into: Block, reading: Reading, branch: int) -> None:
    left = node.child_by_field_name("left")
    right = node.child_by_field_name("right")
    if left is None:
        return
    # `a = b = value` declares every target with the same value.
    value = _last_value(right)
    _declare_target(left, node, value, into, reading, branch)
    while right is not None and right.type == "assignment":
        inner = right.child_by_field_name("left")
        if inner is not None:
            _declare_target(inner, node, value, into, reading, branch)
        right = right.child_by_field_name("right")


def _last_value(value: Node | None) -> Node | None:
    while value is not None and value.type == "assignment":
        value = value.child_by_field_name("right")
    return value


def _declare_target(
    left: Node, node: Node, value: Node | None, into: Block, reading: Reading, branch: int
) -> None:
    kind = left.type
    if kind in ("pattern_list", "tuple_pattern", "list_pattern"):
        targets = left.named_children
        values: list[Node | None] = [None] * len(targets)
        if value is not None and value.type in ("expression_list", "tuple", "list"):
            found = value.named_children
            if len(found) == len(targets):
                values = list(found)
        for target, one in zip(targets, values, strict=True):
            if target.type == "identifier":
                _declare_name(target, node, one, into, reading, branch)
        return
    if kind == "identifier":
        _declare_name(left, node, value, into, reading, branch)


def _declare_name(
    left: Node, node: Node, value: Node | None, into: Block, reading: Reading, branch: int
) -> None:
    name = reading.slice(left)
    if name == "__all__" and not into.class_path:
        read_assignment(node, False, into.exports, reading.text, into.scope)
        return
    if not into.may_bind(name, branch):
        return
    annotated = node.child_by_field_name("type") is not None
    earlier = into.declared.get(name)
    if earlier and not annotated and (earlier[0].kind is not Kind.ASSIGNMENT or _is_annotated(earlier[0])):
        # `f = decorate(f)` and a value for an annotated name add nothing to the declaration.
        return
    if not into.class_path and value is not None and value.type in _LISTS:
        into.exports.lists[name] = value
    _bind_own(name, into, branch, weak=not annotated and value is not None and value.type == "none")
    into.imports.pop(name, None)
    into.declared.pop(name, None)
    into.declared[name] = [Declaration(Kind.ASSIGNMENT, name, left, node, (), value)]


def _is_annotated(declaration: Declaration) -> bool:
    return declaration.node.child_by_field_name("type") is not None


# --- control flow ------------------------------------------------------------------------


def _collect_if(node: Node, into: Block, reading: Reading, branch: int, depth: int) -> None:
    undecided = False
    clauses: list[Node] = [node, *node.children_by_field_name("alternative")]
    for clause in clauses:
        condition = clause.child_by_field_name("condition")
        body = clause.child_by_field_name("consequence") or clause.child_by_field_name("body")
        holds: bool | None = True
        if condition is not None:
            holds = evaluate_condition(condition, reading.text, into.scope, reading.target)
        if holds is False or body is None:
            continue
        undecided |= holds is None
        collect(body, into, reading, into.new_branch() if undecided else branch, depth + 1)
        if holds:
            return


def _collect_try(node: Node, into: Block, reading: Reading, branch: int, depth: int) -> None:
    body = node.child_by_field_name("body")
    if body is not None:
        collect(body, into, reading, branch, depth + 1)
    for clause in node.children:
        if clause.type in ("except_clause", "except_group_clause"):
            for part in clause.children:
                if part.type == "block":
                    collect(part, into, reading, into.new_branch(), depth + 1)
        elif clause.type in ("else_clause", "finally_clause"):
            for part in clause.children:
                if part.type == "block":
                    collect(part, into, reading, branch, depth + 1)


# --- imports -----------------------------------------------------------------------------


def _collect_import(node: Node, into: Block, reading: Reading, branch: int) -> None:
    for part in node.children_by_field_name("name"):
        if part.type == "aliased_import":
            module, alias = (reading.slice(child) for child in part.named_children[:2])
            _bind_import(alias, module, None, module == alias, part, into, reading, branch)
        else:
            root = reading.slice(part).partition(".")[0]
            _bind_import(root, root, None, False, part, into, reading, branch)


def _collect_import_from(node: Node, into: Block, reading: Reading, branch: int) -> None:
    module_node = node.child_by_field_name("module_name")
    if module_node is None:
        return
    written = reading.slice(module_node).replace(" ", "")
    module = absolute_module(written, reading.module, reading.is_package)
    from_package = not written.strip(".")
    for part in node.children_by_field_name("name"):
        if part.type == "aliased_import":
            attribute, alias = (reading.slice(child) for child in part.named_children[:2])
            _bind_import(alias, module, attribute, alias == attribute, part, into, reading, branch)
        else:
            attribute = reading.slice(part)
            _bind_import(attribute, module, attribute, from_package, part, into, reading, branch)
    if node.children and node.children[-1].type == "wildcard_import" and not into.class_path:
        star = node.children[-1]
        into.scope.star.append(module)
        span = reading.text.span(star.start_byte, star.end_byte)
        into.stars.append(Import("", module, "*", True, span))


def _bind_import(
    name: str,
    module: str,
    attribute: str | None,
    explicit: bool,
    node: Node,
    into: Block,
    reading: Reading,
    branch: int,
) -> None:
    earlier = into.declared.get(name)
    is_declared = earlier and (earlier[0].kind is not Kind.ASSIGNMENT or _is_annotated(earlier[0]))
    if is_declared or not into.may_bind(name, branch):
        # A definition beats an import of a faster twin: only the definition shows its types.
        return
    path = module if attribute is None else f"{module}.{attribute}"
    weak = module in reading.missing or path in reading.missing
    if earlier:
        del into.declared[name]
    into.bind(name, path, branch, weak)
    span = reading.text.span(node.start_byte, node.end_byte)
    if into.class_path:
        into.class_names[name] = path
        name = f"{into.class_path}.{name}"
    into.imports.pop(name, None)
    into.imports[name] = Import(name, module, attribute, explicit, span)
