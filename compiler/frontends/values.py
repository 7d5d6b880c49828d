"""Expressions, and what is known of their values without running anything.

    return f"{x}!"                  =>  string
    return self.engine.connect()    =>  self, then engine, then connect, then ()
    return a if b else None         =>  a | none

A reading is a list of alternatives, all that the value may be, or None where one of them is not
known. Names of functions and attributes are left to infer-types, which sees the whole package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from attrs import Factory, define, frozen

from ...ir.types import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NONE,
    STRING,
    BridgeType,
    FunOf,
    IteratorOf,
    ListOf,
    MapOf,
    Scalar,
    SelfType,
    SetOf,
    TupleOf,
)
from .declarations import Reading
from .scopes import Scope
from .source_text import decode_int

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 12
_MAX_STEPS = 6
_LONGEST_TUPLE = 6

_CONSTANTS: dict[str, BridgeType] = {
    "true": BOOL,
    "false": BOOL,
    "none": NONE,
    "float": FLOAT,
    "list_comprehension": ListOf(ANY),
    "set_comprehension": SetOf(ANY),
    "generator_expression": IteratorOf(ANY),
}
_ARITHMETIC = frozenset(("+", "-", "*", "//", "%"))
_BITWISE = frozenset(("<<", ">>", "|", "&", "^"))
# Comparisons that no class can make to return anything but a bool (language reference, 6.10).
_CERTAIN_COMPARISONS = frozenset(("is", "is not", "in", "not in"))


@final
@frozen
class Value:
    """One alternative: where the value begins, as in `ir.items.Evidence`, and the steps from there.

    The name of a top-level module ends in a dot, until an attribute of it is taken.
    """

    type: BridgeType = ANY
    name: str = ""
    steps: tuple[str, ...] = ()

    def then(self, step: str) -> Value:
        """Return the value one step further."""
        if self.name.endswith("."):
            return Value(self.type, self.name + step)
        return Value(self.type, self.name, (*self.steps, step))

    @property
    def scalar(self) -> BridgeType | None:
        """The type where it is known here and now."""
        return self.type if not self.name and not self.steps else None


Values: TypeAlias = "list[Value] | None"


@final
@define
class Context:
    """Where an expression stands: the names of its function, and how each local name is bound.

    `locals` maps a name to its plain assignments; None marks one that is bound in another way too.
    """

    scope: Scope
    reading: Reading
    receiver: str = ""
    is_class_receiver: bool = False
    params: frozenset[str] = frozenset()
    locals: dict[str, list[Node] | None] = Factory(dict)
    augmented: set[str] = Factory(set)
    functions: dict[str, Node] = Factory(dict)
    pending: set[str] = Factory(set)


def read_value(node: Node, context: Context, depth: int = 0) -> Values:
    """Return what the value of the expression `node` may be."""
    if depth > _MAX_DEPTH:
        return None
    kind = node.type
    known = _CONSTANTS.get(kind)
    if known is not None:
        return [Value(known)]
    match kind:
        case "string" | "concatenated_string":
            return [Value(_string_type(node, context))]
        case "integer":
            return [Value(FLOAT if decode_int(context.reading.slice(node)) is None else INT)]
        case "lambda":
            return _function(node)
        case "not_operator":
            return [Value(BOOL)]
        case "parenthesized_expression":
            return read_value(node.named_children[0], context, depth + 1) if node.named_children else None
        case "identifier":
            return _name(node, context, depth)
        case "attribute":
            return _attribute(node, context, depth)
        case "call":
            return _call(node, context, depth)
        case "await":
            return _steps(node.named_children[0], "await", context, depth)
        case "list":
            return [Value(ListOf(_element(node.named_children, context, depth)))]
        case "set":
            return [Value(SetOf(_element(node.named_children, context, depth)))]
        case "dictionary":
            return [Value(_dictionary(node, context, depth))]
        case "dictionary_comprehension":
            return [Value(_dictionary_comprehension(node, context, depth))]
        case "tuple" | "expression_list":
            return _tuple(node, context, depth)
        case "conditional_expression":
            named = node.named_children
            return _join(named[0], named[-1], context, depth) if len(named) == 3 else None
        case "boolean_operator":
            return _boolean(node, context, depth)
        case "comparison_operator":
            return _comparison(node, context, depth)
        case "unary_operator":
            return _unary(node, context, depth)
        case "binary_operator":
            return _binary(node, context, depth)
        case _:
            return None


# --- names, attributes, calls --------------------------------------------------------------


def _name(node: Node, context: Context, depth: int) -> Values:
    name = context.reading.slice(node)
    if name == "NotImplemented":
        # What Python itself takes away (data model, "NotImplemented").
        return []
    if name in context.functions and name not in context.params:
        return _function(context.functions[name])
    if name in context.locals:
        return None if name in context.params else _local(name, context, depth)
    if name == context.receiver:
        return None if context.is_class_receiver else [Value(SelfType())]
    if name in context.params:
        return [Value(name=name)]
    path = context.scope.qualify(name)
    return [Value(name=path if "." in path else f"{path}.")]


def _function(definition: Node) -> Values:
    """Return a function made inside of another, if it takes plain parameters."""
    params = definition.child_by_field_name("parameters")
    children = params.named_children if params is not None else []
    if any(child.type not in ("identifier", "typed_parameter") for child in children):
        return None
    return [Value(FunOf((ANY,) * len(children), ANY))]


def _local(name: str, context: Context, depth: int) -> Values:
    """Return what the assignments of a local name give together."""
    assigned = context.locals[name]
    if not assigned or name in context.pending:
        return None
    context.pending.add(name)
    found: list[Value] = []
    for node in assigned:
        values = read_value(node, context, depth + 1)
        if values is None:
            break
        found += values
    context.pending.discard(name)
    if values is None or (name in context.augmented and not all(map(_keeps_class, found))):
        return None
    return list(dict.fromkeys(found))


def _keeps_class(value: Value) -> bool:
    """Return whether `x += …` leaves a value of this class one of the same class."""
    return value.scalar in (STRING, BYTES) or isinstance(value.scalar, ListOf | SetOf)


def _attribute(node: Node, context: Context, depth: int) -> Values:
    owner, attribute = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if owner is None or attribute is None:
        return None
    name = context.reading.slice(attribute)
    if name == "__class__" or (
        context.reading.slice(owner) == context.receiver and context.is_class_receiver
    ):
        return None
    return _steps(owner, name, context, depth)


def _steps(owner: Node, step: str, context: Context, depth: int) -> Values:
    values = read_value(owner, context, depth + 1)
    if values is None or any(len(value.steps) >= _MAX_STEPS for value in values):
        return None
    return [value.then(step) for value in values]


def _call(node: Node, context: Context, depth: int) -> Values:
    callee = node.child_by_field_name("function")
    if callee is None:
        return None
    text = context.reading.slice(callee)
    if callee.type == "identifier" and text == "super":
        return [Value(name="super")] if context.receiver else None
    if _makes_receiver(text, context):
        return [Value(SelfType())]
    return _steps(callee, "()", context, depth)


def _makes_receiver(callee: str, context: Context) -> bool:
    """Return whether a call makes a value of the receiver's class: `cls(…)`, `type(self)(…)`."""
    receiver = context.receiver
    if not receiver:
        return False
    if context.is_class_receiver:
        return callee == receiver
    return callee in (f"{receiver}.__class__", f"type({receiver})")


# --- displays ------------------------------------------------------------------------------


def _element(nodes: list[Node], context: Context, depth: int) -> BridgeType:
    """Return the type that all of `nodes` show, else `any`."""
    types: set[BridgeType] = set()
    for node in nodes:
        if node.type == "comment":
            continue
        found = _shown_type(node, context, depth)
        if found is None or types - {found}:
            return ANY
        types.add(found)
    return types.pop() if types else ANY


def _shown_type(node: Node, context: Context, depth: int) -> BridgeType | None:
    """Return the one scalar that `node` shows by itself."""
    values = read_value(node, context, depth + 1)
    scalar = values[0].scalar if values is not None and len(values) == 1 else None
    return scalar if isinstance(scalar, Scalar) and scalar not in (ANY, NONE) else None


def _dictionary(node: Node, context: Context, depth: int) -> BridgeType:
    pairs = [child for child in node.named_children if child.type != "comment"]
    if any(pair.type != "pair" for pair in pairs):
        return MapOf(ANY, ANY)
    keys = [key for pair in pairs if (key := pair.child_by_field_name("key")) is not None]
    values = [value for pair in pairs if (value := pair.child_by_field_name("value")) is not None]
    return MapOf(_element(keys, context, depth), _element(values, context, depth))


def _dictionary_comprehension(node: Node, context: Context, depth: int) -> BridgeType:
    body = node.child_by_field_name("body")
    key = body.child_by_field_name("key") if body is not None else None
    if key is None or key.type not in ("string", "concatenated_string"):
        return MapOf(ANY, ANY)
    return MapOf(_element([key], context, depth), ANY)


def _tuple(node: Node, context: Context, depth: int) -> Values:
    parts = [child for child in node.named_children if child.type != "comment"]
    if any(part.type == "list_splat" for part in parts) or not parts or len(parts) > _LONGEST_TUPLE:
        return [Value(ListOf(ANY))]
    return [Value(TupleOf(tuple(_shown_type(part, context, depth) or ANY for part in parts)))]


# --- operators -----------------------------------------------------------------------------


def _join(left: Node, right: Node, context: Context, depth: int) -> Values:
    first = read_value(left, context, depth + 1)
    second = read_value(right, context, depth + 1)
    return None if first is None or second is None else list(dict.fromkeys([*first, *second]))


def _boolean(node: Node, context: Context, depth: int) -> Values:
    """`a or b` is never a false `a`, where None is one."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return None
    values = _join(left, right, context, depth)
    if values is None or context.reading.slice(operator) == "and":
        return values
    last = read_value(right, context, depth + 1) or []
    return [value for value in values if value.scalar is not NONE or value in last]


def _comparison(node: Node, context: Context, depth: int) -> Values:
    children = node.children
    if len(children) != 3:
        return None
    operator = " ".join(context.reading.slice(children[1]).split())
    if operator in _CERTAIN_COMPARISONS:
        return [Value(BOOL)]
    # What `==` gives is up to the classes of its operands, so these must be known.
    shown = [_shown_type(child, context, depth) for child in (children[0], children[2])]
    return [Value(BOOL)] if None not in shown else None


def _unary(node: Node, context: Context, depth: int) -> Values:
    argument = node.child_by_field_name("argument")
    shown = _shown_type(argument, context, depth) if argument is not None else None
    return [Value(shown)] if shown in (INT, FLOAT) and shown is not None else None


def _binary(node: Node, context: Context, depth: int) -> Values:
    """Text stays text whatever is added to it or formatted into it; numbers stay numbers."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator_node = node.child_by_field_name("operator")
    if left is None or right is None or operator_node is None:
        return None
    operator = context.reading.slice(operator_node)
    first = _shown_type(left, context, depth)
    if operator == "%" and first in (STRING, BYTES) and first is not None:
        return [Value(first)]
    second = _shown_type(right, context, depth)
    if operator == "+" and STRING in (first, second):
        return [Value(STRING)]
    if first is second is INT and operator in (*_ARITHMETIC, *_BITWISE):
        return [Value(INT)]
    if {first, second} <= {INT, FLOAT} and operator in (*_ARITHMETIC, "/"):
        return [Value(FLOAT)]
    return None


def _string_type(node: Node, context: Context) -> BridgeType:
    """Return `bytes` or `string`; pieces of a concatenation are of one kind."""
    text = context.reading.slice(node)
    prefix = text[: min((text.find(quote) for quote in "\"'" if quote in text), default=0)]
    return BYTES if "b" in prefix.lower() else STRING
