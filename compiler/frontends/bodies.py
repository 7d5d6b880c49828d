"""Function bodies, as far as they tell what a function without annotation returns.

    def size(self):                 =>  evidence return "result" self then "items" then "__len__" …
        if not self.items:
            return 0
        return len(self.items)

Only bodies of functions without a declared result are read, and nothing inside nested functions.
A body that does nothing, or only raises, tells nothing: a subclass will say.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, final

from attrs import frozen

from ...ir.items import Evidence, EvidenceSource
from ...ir.types import ANY, NONE, IteratorOf, StreamOf
from .declarations import Reading
from .scopes import Scope
from .uses import read_unused, read_uses
from .values import Context, Value, read_value

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_QUERY = """
(return_statement) @return
(yield) @yield
(function_definition) @inner
(lambda) @inner
(class_definition) @inner
(assignment) @assignment
(augmented_assignment left: (identifier) @augmented)
(case_pattern) @other
(for_statement left: (_) @other)
(as_pattern_target) @other
(named_expression name: (_) @other)
(global_statement) @other
(nonlocal_statement) @other
(import_statement) @other
(import_from_statement) @other
(delete_statement) @other
"""
_NAME = re.compile(r"[^\W\d]\w*")
_MAX_RETURNS = 12
_EMPTY = frozenset(("pass_statement", "comment", "raise_statement"))
_LEAVING = re.compile(rb"\b(?:return|yield)\b")


@final
@frozen
class Receiver:
    """The first parameter of a method, and whether it is the class."""

    name: str = ""
    is_class: bool = False


def read_body(
    definition: Node,
    params: frozenset[str],
    bare: list[str],
    receiver: Receiver,
    scope: Scope,
    reading: Reading,
    *,
    wants_result: bool,
) -> tuple[Evidence, ...]:
    """Return what a body tells of the parameters in `bare`, and of the result where that is wanted."""
    body = definition.child_by_field_name("body")
    if body is None or _does_nothing(body):
        return ()
    returns = wants_result and _LEAVING.search(reading.text.data, body.start_byte, body.end_byte) is not None
    evidence: list[Evidence] = []
    if wants_result and not returns and not _leaves(body.named_children[-1]):
        evidence.append(Evidence("result", EvidenceSource.RETURN, NONE))
    if not bare and not returns:
        return tuple(evidence)
    found = capture(body)
    inner = [(node.start_byte, node.end_byte) for node in found.get("inner", ())]
    context = make_context(found, inner, params, receiver, scope, reading)
    evidence += read_unused(body, bare, context)
    evidence += read_uses(body, bare, context)
    if returns:
        evidence += _read_result(definition, body, found, inner, context)
    return tuple(evidence)


def _read_result(
    definition: Node,
    body: Node,
    found: dict[str, list[Node]],
    inner: list[tuple[int, int]],
    context: Context,
) -> tuple[Evidence, ...]:
    """Return evidence for the result of a function: every alternative, or nothing."""
    if outside(found.get("yield", []), inner):
        is_async = context.reading.text.data.startswith(b"async", definition.start_byte)
        ty = StreamOf(ANY) if is_async else IteratorOf(ANY)
        return (Evidence("result", EvidenceSource.YIELD, ty),)
    returns = outside(found.get("return", []), inner)
    return () if len(returns) > _MAX_RETURNS else _join_returns(body, returns, context)


def _join_returns(body: Node, returns: list[Node], context: Context) -> tuple[Evidence, ...]:
    values: list[Value] = []
    for statement in returns:
        children = [child for child in statement.named_children if child.type != "comment"]
        read = read_value(children[0], context) if children else [Value(NONE)]
        if read is None:
            return ()
        values += read
    if not returns and _leaves(body.named_children[-1]):
        return ()
    if not _leaves(body.named_children[-1]):
        values.append(Value(NONE))
    return tuple(
        Evidence("result", EvidenceSource.RETURN, value.type, value.name, value.steps)
        for value in dict.fromkeys(values)
    )


def _does_nothing(body: Node) -> bool:
    """Return whether a body is a placeholder: `...`, `pass`, a docstring, or a plain raise."""
    for statement in body.named_children:
        if statement.type in _EMPTY:
            continue
        if statement.type != "expression_statement" or not statement.named_children:
            return False
        if statement.named_children[0].type not in ("string", "concatenated_string", "ellipsis"):
            return False
    return True


def _leaves(statement: Node) -> bool:
    """Return whether control never goes past `statement`, as far as its shape tells."""
    kind = statement.type
    if kind in ("return_statement", "raise_statement"):
        return True
    if kind in ("with_statement", "block"):
        body = statement if kind == "block" else statement.child_by_field_name("body")
        return body is not None and bool(body.named_children) and _leaves(body.named_children[-1])
    if kind == "if_statement":
        branches = [child for child in statement.named_children if child.type.endswith("_clause")]
        if not branches or branches[-1].type != "else_clause":
            return False
        return _body_leaves(statement, "consequence") and all(
            _body_leaves(each, "consequence" if each.type == "elif_clause" else "body") for each in branches
        )
    if kind == "try_statement":
        return _try_leaves(statement)
    if kind == "while_statement":
        condition = statement.child_by_field_name("condition")
        return condition is not None and condition.type == "true"
    if kind == "match_statement":
        return False
    return False


def _body_leaves(owner: Node, field: str) -> bool:
    body = owner.child_by_field_name(field)
    return body is not None and _leaves(body)


def _try_leaves(statement: Node) -> bool:
    clauses = [child for child in statement.named_children if child.type.endswith("_clause")]
    blocks = {clause.type: _last_block(clause) for clause in clauses}
    final = blocks.get("finally_clause")
    if final is not None and _leaves(final):
        return True
    handlers = [_last_block(clause) for clause in clauses if clause.type.startswith("except")]
    if not all(handler is not None and _leaves(handler) for handler in handlers):
        return False
    after = blocks.get("else_clause")
    return _body_leaves(statement, "body") or (after is not None and _leaves(after))


def _last_block(clause: Node) -> Node | None:
    return next((child for child in reversed(clause.named_children) if child.type == "block"), None)


# --- names ---------------------------------------------------------------------------------


@cache
def _query() -> Query:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Query(tree_sitter.Language(tree_sitter_python.language()), _QUERY)


def capture(body: Node) -> dict[str, list[Node]]:
    """Return the statements of a body that matter here, by what they do."""
    import tree_sitter

    return tree_sitter.QueryCursor(_query()).captures(body)


def outside(nodes: list[Node], inner: list[tuple[int, int]]) -> list[Node]:
    """Return the nodes that do not stand inside a nested function or class, in source order."""
    kept = [n for n in nodes if not any(start <= n.start_byte < end for start, end in inner)]
    return sorted(kept, key=lambda node: node.start_byte)


def make_context(
    found: dict[str, list[Node]],
    inner: list[tuple[int, int]],
    params: frozenset[str],
    receiver: Receiver,
    scope: Scope,
    reading: Reading,
) -> Context:
    """Return the names of a function, given what `capture` found in its body."""
    context = Context(scope, reading, receiver.name, receiver.is_class, params)
    bound = context.locals
    for node in outside(found.get("assignment", []), inner):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or left.type in ("attribute", "subscript"):
            continue
        if left.type != "identifier" or right is None or right.type == "assignment":
            _hide(left, context)
            continue
        known = bound.setdefault(reading.slice(left), [])
        if known is not None:
            known.append(right)
    for node in outside(found.get("augmented", []), inner):
        context.augmented.add(reading.slice(node))
    for node in outside(found.get("other", []), inner):
        _hide(node, context)
    for node in found.get("inner", ()):
        name = node.child_by_field_name("name")
        if name is not None:
            text = reading.slice(name)
            if text not in bound and node.type == "function_definition" and _is_plain(node):
                context.functions[text] = node
            else:
                context.functions.pop(text, None)
            bound[text] = None
    return context


def _is_plain(definition: Node) -> bool:
    """Return whether a function has no decorator, which might make something else of it, and no `async`."""
    parent = definition.parent
    is_decorated = parent is not None and parent.type == "decorated_definition"
    return not is_decorated and definition.children[0].type == "def"


def _hide(node: Node, context: Context) -> None:
    """Mark every name in `node` as bound in a way that is not read."""
    for name in _NAME.findall(context.reading.slice(node)):
        context.locals[name] = None
