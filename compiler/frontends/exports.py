"""`__all__`, as far as it can be evaluated without running the module.

The forms are those of the typing specification ("library interface"): assignment, `+=`, `extend`,
`append`, `remove`, with lists, tuples, sets of strings, `+`, `|`, `-`, `*names`, `m.__all__`,
`list()`, `tuple()`, `sorted()`, copies, comprehensions that leave names out by how they begin, and
names of such lists, or of tables by such names, in the same module. `dir()` without what begins
with `_` is the same as no `__all__`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, final

from attrs import Factory, define

from ...ir.items import StarExport
from .scopes import Scope
from .source_text import SourceText, decode_string

if TYPE_CHECKING:
    from tree_sitter import Node

Exports: TypeAlias = list[str | StarExport]

_MAX_DEPTH = 40
_NOT_PREFIXED = re.compile(
    r"""if\s+not\s+\(?\s*(?P<name>\w+)\.startswith\(\s*["'](?P<prefix>\w+)["']\s*\)\s*\)?"""
)
_COPIES = ("list", "tuple", "set", "frozenset", "sorted")
_OWN_NAMES = ("dir()", "globals()", "locals()", "vars()")


@final
@define
class ExportState:
    """What the statements read so far say. `names` is None until `__all__` is seen.

    `lost` is set once a statement could not be evaluated: from then on the whole of
    `__all__` is unknown. `lists` are other module-level lists that `__all__` may use; `everything` says
    that all public names of the module are exported, as they are without `__all__`.
    """

    names: Exports | None = None
    lost: Node | None = None
    lists: dict[str, Node] = Factory(dict)
    everything: bool = False

    def finish(self) -> tuple[str | StarExport, ...] | None:
        """Return the exports in source order without repeats, or None where unknown."""
        if self.names is None or self.lost is not None or self.everything:
            return None
        return tuple(dict.fromkeys(self.names))


def read_assignment(node: Node, augmented: bool, state: ExportState, text: SourceText, scope: Scope) -> None:
    """Apply `__all__ = …`, `__all__: T = …` or `__all__ += …`."""
    right = node.child_by_field_name("right")
    if right is None:
        return
    if _is_everything(right, text):
        state.everything, state.names, state.lost = True, [], None
        return
    values = _evaluate(right, state, text, scope, 0)
    if values is None:
        state.lost = right
    elif augmented:
        state.names = [*(state.names or ()), *values]
    else:
        state.names = values
        state.lost = None


def read_call(node: Node, state: ExportState, text: SourceText, scope: Scope) -> None:
    """Apply `__all__.extend(…)`, `.append(…)` or `.remove(…)`; other calls are no business of ours."""
    callee = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if callee is None or arguments is None or len(arguments.named_children) != 1:
        return
    method = text.slice(callee.start_byte, callee.end_byte).removeprefix("__all__.")
    argument = arguments.named_children[0]
    if method == "extend":
        values = _evaluate(argument, state, text, scope, 0)
        if values is None:
            state.lost = argument
        else:
            state.names = [*(state.names or ()), *values]
        return
    name = decode_string(text.slice(argument.start_byte, argument.end_byte))
    if not isinstance(name, str):
        state.lost = argument
    elif method == "append":
        state.names = [*(state.names or ()), name]
    elif method == "remove":
        state.names = [other for other in state.names or () if other != name]


def _evaluate(node: Node, state: ExportState, text: SourceText, scope: Scope, depth: int) -> Exports | None:
    if depth > _MAX_DEPTH:
        return None
    kind = node.type
    if kind in ("list", "tuple", "set", "expression_list"):
        return _evaluate_all(node.named_children, state, text, scope, depth)
    if kind == "parenthesized_expression":
        return _evaluate_all(node.named_children, state, text, scope, depth, spread=True)
    if kind == "dictionary":
        keys = [pair.child_by_field_name("key") for pair in node.named_children if pair.type == "pair"]
        return _evaluate_all([key for key in keys if key is not None], state, text, scope, depth)
    if kind in ("list_comprehension", "generator_expression", "set_comprehension"):
        return _evaluate_filter(node, state, text, scope, depth)
    if kind in ("string", "concatenated_string"):
        value = decode_string(text.slice(node.start_byte, node.end_byte))
        return [value] if isinstance(value, str) else None
    if kind == "binary_operator":
        return _evaluate_sum(node, state, text, scope, depth)
    if kind == "call":
        callee, arguments = node.named_children[:2]
        name = text.slice(callee.start_byte, callee.end_byte)
        if callee.type == "attribute" and name.rpartition(".")[2] in ("copy", "keys"):
            return _evaluate(callee.named_children[0], state, text, scope, depth + 1)
        if arguments.type in ("generator_expression", "list_comprehension") and name in _COPIES:
            return _evaluate(arguments, state, text, scope, depth + 1)
        if name not in _COPIES or arguments.type != "argument_list":
            return None
        return _evaluate_all(arguments.named_children, state, text, scope, depth, spread=True)
    if kind == "attribute":
        owner, _, last = text.slice(node.start_byte, node.end_byte).rpartition(".")
        return [StarExport(scope.qualify(owner))] if last == "__all__" else None
    if kind == "subscript" and text.data.endswith(b"[:]", node.start_byte, node.end_byte):
        return _evaluate(node.named_children[0], state, text, scope, depth + 1)
    if kind == "identifier":
        return _evaluate_name(text.slice(node.start_byte, node.end_byte), state, text, scope, depth)
    return None


def _evaluate_all(
    nodes: list[Node], state: ExportState, text: SourceText, scope: Scope, depth: int, spread: bool = False
) -> Exports | None:
    """Evaluate the elements of a display, or, with `spread`, the lists that `nodes` are."""
    values: Exports = []
    for node in nodes:
        if node.type == "comment":
            continue
        is_spread = node.type == "list_splat"
        inner = node.named_children[0] if is_spread else node
        is_text = inner.type in ("string", "concatenated_string")
        if is_text is (is_spread or spread):
            return None
        found = _evaluate(inner, state, text, scope, depth + 1)
        if found is None:
            return None
        values.extend(found)
    return values


def _evaluate_sum(
    node: Node, state: ExportState, text: SourceText, scope: Scope, depth: int
) -> Exports | None:
    children = node.children
    if len(children) != 3 or children[1].type not in ("+", "|", "-"):
        return None
    left = _evaluate(children[0], state, text, scope, depth + 1)
    right = _evaluate(children[2], state, text, scope, depth + 1)
    if left is None or right is None:
        return None
    if children[1].type == "-":
        # What another module exports is not known here, so that nothing can be taken away from it.
        known = all(isinstance(name, str) for name in (*left, *right))
        return [name for name in left if name not in right] if known else None
    return [*left, *right]


def _evaluate_filter(
    node: Node, state: ExportState, text: SourceText, scope: Scope, depth: int
) -> Exports | None:
    """Evaluate `[n for n in names]` and `[n for n in names if not n.startswith("_")]`."""
    parts = _read_filter(node, text)
    if parts is None:
        return None
    source, prefix = parts
    values = _evaluate(source, state, text, scope, depth + 1)
    if values is None or prefix is None:
        return values
    known = [name for name in values if isinstance(name, str)]
    return [name for name in known if not name.startswith(prefix)] if len(known) == len(values) else None


def _is_everything(node: Node, text: SourceText) -> bool:
    """Return whether `node` is `[n for n in dir() if not n.startswith("_")]` or a copy of it."""
    while node.type == "call" and len(node.named_children) == 2:
        callee, arguments = node.named_children
        if text.slice(callee.start_byte, callee.end_byte) not in _COPIES:
            return False
        is_listed = arguments.type == "argument_list"
        if is_listed and len(arguments.named_children) != 1:
            return False
        node = arguments.named_children[0] if is_listed else arguments
    if node.type not in ("list_comprehension", "generator_expression", "set_comprehension"):
        return False
    parts = _read_filter(node, text)
    if parts is None or parts[1] != "_":
        return False
    source = text.slice(parts[0].start_byte, parts[0].end_byte)
    return source.replace(" ", "").removesuffix(".keys()") in _OWN_NAMES


def _read_filter(node: Node, text: SourceText) -> tuple[Node, str | None] | None:
    """Return what a comprehension runs over and the prefix of the names it leaves out, if any."""
    children = [child for child in node.named_children if child.type != "comment"]
    if len(children) not in (2, 3) or children[0].type != "identifier":
        return None
    left, source = children[1].child_by_field_name("left"), children[1].child_by_field_name("right")
    name = text.slice(children[0].start_byte, children[0].end_byte)
    if left is None or source is None or text.slice(left.start_byte, left.end_byte) != name:
        return None
    if len(children) == 2:
        return source, None
    match = _NOT_PREFIXED.fullmatch(text.slice(children[2].start_byte, children[2].end_byte))
    return (source, match["prefix"]) if match is not None and match["name"] == name else None


def _evaluate_name(
    name: str, state: ExportState, text: SourceText, scope: Scope, depth: int
) -> Exports | None:
    if name == "__all__":
        return None if state.lost is not None else list(state.names or ())
    path = scope.bindings.get(name, "")
    if path.endswith(".__all__"):
        return [StarExport(path.removesuffix(".__all__"))]
    node = state.lists.get(name)
    return _evaluate(node, state, text, scope, depth + 1) if node is not None else None
