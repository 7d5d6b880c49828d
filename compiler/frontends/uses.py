"""What a function does with its parameters before it looks at them.

    def connect(self, url, name):     =>  evidence use "parameter url" of "m.Engine" then "argument 0"
        self.name = name                  evidence use "parameter name" self then "name"
        return Engine(url)

A value that is handed on in every case must be one that the callee takes. So only what is sure to run
counts: a parameter that a condition, a loop or a `try` mentions is not followed any further. One that the
body never mentions takes anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...ir.items import Evidence, EvidenceSource
from ...ir.types import ANY
from .values import Context, Value, read_value

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_STATEMENTS = 40
_RUNS = frozenset(("expression_statement", "return_statement", "with_statement", "block"))
# Expressions all of whose parts are evaluated.
_SURE = frozenset(
    """
    expression_statement return_statement assignment augmented_assignment call argument_list keyword_argument
    attribute await subscript binary_operator unary_operator not_operator parenthesized_expression tuple list
    expression_list pair dictionary comparison_operator with_statement with_clause with_item as_pattern
    """.split()  # noqa: SIM905
)
_WORD = re.compile(rb"[^\W\d]\w*")


def read_unused(body: Node, names: list[str], context: Context) -> Iterator[Evidence]:
    """Yield evidence for the parameters in `names` that a body never mentions."""
    words = set(_WORD.findall(context.reading.text.data, body.start_byte, body.end_byte))
    if b"locals" in words:
        return
    for name in names:
        if name.encode() not in words:
            yield Evidence(f"parameter {name}", EvidenceSource.UNUSED, ANY)


def read_uses(body: Node, names: list[str], context: Context) -> Iterator[Evidence]:
    """Yield evidence for the parameters in `names` that a body hands on in every case."""
    alive = {name for name in names if name not in context.locals}
    pending = list(reversed(body.named_children[:_MOST_STATEMENTS]))
    while pending and alive:
        statement = pending.pop()
        if statement.type not in _RUNS:
            if statement.type != "comment":
                alive -= _mentioned(statement, context)
            continue
        if statement.type == "with_statement":
            inner = statement.child_by_field_name("body")
            pending += reversed(inner.named_children) if inner is not None else ()
        yield from _sure_uses(statement, alive, context)
        if statement.type == "return_statement":
            return


def _mentioned(node: Node, context: Context) -> set[str]:
    data = context.reading.text.data
    return {word.decode() for word in _WORD.findall(data, node.start_byte, node.end_byte)}


def _sure_uses(statement: Node, alive: set[str], context: Context) -> Iterator[Evidence]:
    pending = [statement]
    while pending:
        node = pending.pop()
        kind = node.type
        if kind not in _SURE:
            if node.named_child_count:
                alive -= _mentioned(node, context) if kind != "string" else set()
            continue
        if kind == "call":
            yield from _arguments(node, alive, context)
        elif kind == "assignment":
            yield from _stored(node, alive, context)
        pending += [
            child for child in node.named_children if not (kind == "with_statement" and child.type == "block")
        ]


def _arguments(call: Node, alive: set[str], context: Context) -> Iterator[Evidence]:
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if callee is None or arguments is None or arguments.type != "argument_list":
        return
    handed = list(_handed(arguments, alive, context))
    values = read_value(callee, context) if handed else None
    if values is None or len(values) != 1:
        return
    value = values[0]
    for place, name in handed:
        step = f"argument {place}"
        yield Evidence(f"parameter {name}", EvidenceSource.USE, value.type, value.name, (*value.steps, step))


def _handed(arguments: Node, alive: set[str], context: Context) -> Iterator[tuple[int | str, str]]:
    """Yield the place and the name of each parameter that stands alone as an argument."""
    is_spread = False
    index = 0
    for child in arguments.named_children:
        if child.type == "comment":
            continue
        if child.type == "keyword_argument":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and value is not None and value.type == "identifier":
                text = context.reading.slice(value)
                if text in alive:
                    yield context.reading.slice(name), text
            continue
        is_spread |= child.type == "list_splat"
        if child.type == "identifier" and not is_spread and context.reading.slice(child) in alive:
            yield index, context.reading.slice(child)
        index += 1


def _stored(assignment: Node, alive: set[str], context: Context) -> Iterator[Evidence]:
    """Yield the use of a parameter that becomes an attribute of the receiver."""
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if left is None or right is None or left.type != "attribute" or right.type != "identifier":
        return
    name = context.reading.slice(right)
    values = read_value(left, context) if name in alive else None
    if values is not None and len(values) == 1 and values[0] == _receiver_attribute(values[0], context):
        yield Evidence(f"parameter {name}", EvidenceSource.USE, values[0].type, "", values[0].steps)


def _receiver_attribute(value: Value, context: Context) -> Value | None:
    return value if context.receiver and not value.name and len(value.steps) == 1 else None
