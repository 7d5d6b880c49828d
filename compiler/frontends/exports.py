"""`__all__`, as far as it can be evaluated without running the module.

The forms are those of the typing specification ("library interface"): assignment, `+=`,
`extend`, `append`, `remove`, with lists, tuples, sets of strings, `+`, `*names`, `m.__all__`, `list()`,
`tuple()`, `sorted()`, and names of such lists in the same module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from attrs import Factory, define

from ...ir.items import StarExport
from .scopes import Scope
from .source_text import SourceText, decode_string

if TYPE_CHECKING:
    from tree_sitter import Node

Exports: TypeAlias = list[str | StarExport]

_MAX_DEPTH = 40


@final
@define
class ExportState:
    """What the statements read so far say. `names` is None until `__all__` is seen.

    `lost` is set once a statement could not be evaluated: from then on the whole of
    `__all__` is unknown. `lists` are other module-level lists that `__all__` may use.
    """

    names: Exports | None = None
    lost: Node | None = None
    lists: dict[str, Node] = Factory(dict)

    def finish(self) -> tuple[str | StarExport, ...] | None:
        """Return the exports in source order without repeats, or None where unknown."""
        if self.names is None or self.lost is not None:
            return None
        return tuple(dict.fromkeys(self.names))


def read_assignment(node: Node, augmented: bool, state: ExportState, text: SourceText, scope: Scope) -> None:
    """Apply `__all__ = …`, `__all__: T = …` or `__all__ += …`."""
    right = node.child_by_field_name("right")
    if right is None:
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
    if kind in ("string", "concatenated_string"):
        value = decode_string(text.slice(node.start_byte, node.end_byte))
        return [value] if isinstance(value, str) else None
    if kind == "binary_operator":
        return _evaluate_sum(node, state, text, scope, depth)
    if kind == "call":
        callee, arguments = node.named_children[:2]
        name = text.slice(callee.start_byte, callee.end_byte)
        if name not in ("list", "tuple", "set", "sorted") or arguments.type != "argument_list":
            return None
        return _evaluate_all(arguments.named_children, state, text, scope, depth, spread=True)
    if kind == "attribute":
        owner, _, last = text.slice(node.start_byte, node.end_byte).rpartition(".")
        return [StarExport(scope.qualify(owner))] if last == "__all__" else None
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
    if len(children) != 3 or children[1].type not in ("+", "|"):
        return None
    left = _evaluate(children[0], state, text, scope, depth + 1)
    right = _evaluate(children[2], state, text, scope, depth + 1)
    return None if left is None or right is None else [*left, *right]


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
