"""Assignments and alias statements: constants, aliases, type variables, and types of values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...ir.items import (
    Alias,
    Class,
    Constant,
    Default,
    DefaultKind,
    Info,
    TypeParam,
    TypeParamKind,
    TypeVariable,
)
from ...ir.types import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    STRING,
    UNANNOTATED,
    BridgeType,
    LiteralValue,
    Ref,
)
from .annotation import parse_annotation, parse_type_params
from .declarations import Declaration, Reading
from .evidence import value_evidence, with_evidence
from .functional import build_functional_class
from .functions import annotate, read_doc_below
from .qualifiers import Qualified, strip_qualifiers
from .scopes import Scope
from .source_text import decode_int, decode_string
from .type_tokens import type_param_names

if TYPE_CHECKING:
    from tree_sitter import Node

_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*", re.DOTALL)
_TYPE_VARIABLES = {
    "TypeVar": TypeParamKind.TYPE,
    "ParamSpec": TypeParamKind.PARAM_SPEC,
    "TypeVarTuple": TypeParamKind.TUPLE,
}
_LOWER_CASE_TYPE_NAMES = """
list dict set frozenset tuple type int str float bool bytes complex bytearray memoryview object deque
defaultdict slice range property
"""
_LOWER_CASE_TYPES = frozenset(_LOWER_CASE_TYPE_NAMES.split())


def build_assignment(
    declaration: Declaration, path: str, scope: Scope, reading: Reading
) -> Alias | Class | Constant | TypeVariable:
    """Return the item that an assignment at module level, or an alias in a class, declares."""
    info = assignment_info(declaration, reading)
    name, value = declaration.name, declaration.value
    annotation = declaration.node.child_by_field_name("type")
    if annotation is not None:
        ty = annotate(annotation, scope, reading)
        if isinstance(ty, Ref) and ty.path.endswith(".TypeAlias") and value is not None:
            return Alias(name, path, annotate(value, scope, reading), (), info)
        qualified = strip_qualifiers(ty)
        literal = literal_value(value, reading)
        return Constant(name, path, _declared_type(qualified, value, scope, reading), literal, info)
    if value is None:
        return Constant(name, path, UNANNOTATED, None, info)
    if value.type == "call":
        return _build_call(declaration, value, path, info, scope, reading)
    if is_type_expression(value, reading):
        return Alias(name, path, annotate(value, scope, reading), (), info)
    return _build_constant(name, path, value, info, scope, reading)


def _build_constant(
    name: str, path: str, value: Node, info: Info, scope: Scope, reading: Reading
) -> Constant:
    """Return the constant that a value without annotation makes."""
    ty = value_type(value, scope, reading, {})
    if ty == UNANNOTATED:
        info = with_evidence(info, value_evidence("value", value, scope, reading))
    return Constant(name, path, ty, literal_value(value, reading), info)


def build_type_alias(declaration: Declaration, path: str, scope: Scope, reading: Reading) -> Alias:
    """Return the alias of a `type X[T] = …` statement (PEP 695)."""
    right = declaration.node.child_by_field_name("right")
    left = declaration.node.child_by_field_name("left")
    params: tuple[TypeParam, ...] = ()
    if left is not None and b"[" in reading.text.data[left.start_byte : left.end_byte]:
        text = reading.slice(left)
        text = text[text.index("[") :]
        scope = scope.for_function(type_param_names(text))
        params = parse_type_params(text, scope)
    target = annotate(right, scope, reading) if right is not None else UNANNOTATED
    return Alias(declaration.name, path, target, params, assignment_info(declaration, reading))


def assignment_info(declaration: Declaration, reading: Reading) -> Info:
    """Return what every item keeps, for a name that is assigned to."""
    node = declaration.name_node
    span = reading.text.span(node.start_byte, node.end_byte)
    return Info(span, reading.tier, read_doc_below(declaration.node, reading))


def _declared_type(qualified: Qualified, value: Node | None, scope: Scope, reading: Reading) -> BridgeType:
    """Return the declared type; a bare `Final` takes it from the value (PEP 591)."""
    if qualified.type is not None:
        return qualified.type
    return value_type(value, scope, reading, {}) if value is not None else UNANNOTATED


def field_type(
    annotation: Node, value: Node | None, scope: Scope, reading: Reading
) -> tuple[BridgeType, Qualified]:
    """Return the type of an annotated attribute and the qualifiers around it."""
    qualified = strip_qualifiers(annotate(annotation, scope, reading))
    return _declared_type(qualified, value, scope, reading), qualified


# --- values ------------------------------------------------------------------------------


def literal_value(node: Node | None, reading: Reading) -> LiteralValue | None:
    """Return the value of a literal that IR keeps: bool, int, str or bytes."""
    if node is None:
        return None
    kind = node.type
    if kind in ("true", "false"):
        return kind == "true"
    if kind == "integer":
        return decode_int(reading.slice(node))
    if kind == "unary_operator":
        text = reading.slice(node)
        number = decode_int(text[1:].strip()) if text[0] in "+-" else None
        return None if number is None else -number if text[0] == "-" else number
    if kind in ("string", "concatenated_string"):
        return decode_string(reading.slice(node))
    return None


def default_type(default: Default | None) -> BridgeType:
    """Return the type that a literal default shows; None shows nothing."""
    if default is None or default.kind is not DefaultKind.LITERAL:
        return UNANNOTATED
    text = default.text
    if text in ("True", "False"):
        return BOOL
    if text == "None":
        return UNANNOTATED
    if text.lstrip("+- ")[:1].isdigit() or text.lstrip("+- ").startswith("."):
        return INT if decode_int(text.lstrip("+- ")) is not None else FLOAT
    return BYTES if isinstance(decode_string(text), bytes) else STRING


def value_type(node: Node, scope: Scope, reading: Reading, known: dict[str, BridgeType]) -> BridgeType:
    """Return the type that a value shows by itself, else `UNANNOTATED`.

    A literal shows its class, a name in `known` (a parameter) its annotation, and a call of
    a class its class. Nothing else is inferred.
    """
    kind = node.type
    if kind == "identifier":
        return known.get(reading.slice(node), UNANNOTATED)
    if kind in ("true", "false"):
        return BOOL
    if kind == "float":
        return FLOAT
    if kind == "call":
        return _constructed_type(node, scope, reading)
    if kind == "unary_operator" and node.named_children and node.named_children[0].type == "float":
        return FLOAT
    literal = literal_value(node, reading)
    if isinstance(literal, str) or (kind == "string" and _is_format_string(node, reading)):
        return STRING
    if isinstance(literal, bytes):
        return BYTES
    return INT if literal is not None else UNANNOTATED


def _is_format_string(node: Node, reading: Reading) -> bool:
    return reading.slice(node)[:2].lower().startswith(("f", "rf"))


def _constructed_type(node: Node, scope: Scope, reading: Reading) -> BridgeType:
    """Return the class whose constructor `node` calls, judged by the spelling of its name."""
    callee = node.child_by_field_name("function")
    if callee is None or callee.type not in ("identifier", "attribute"):
        return UNANNOTATED
    text = reading.slice(callee)
    if not _DOTTED.fullmatch(text) or text.partition(".")[0] in ("self", "cls"):
        return UNANNOTATED
    return Ref(scope.qualify(text)) if _is_type_name(text) and text != "type" else UNANNOTATED


# --- aliases -----------------------------------------------------------------------------


def is_type_expression(node: Node, reading: Reading) -> bool:
    """Return whether a value on the right of `=` is to be read as a type (PEP 484, 604).

    A dotted name always is: it may be a class, a function or a module member, and
    bind-names finds out. Subscripts and unions are types when they are spelled like types
    or stand in a stub.
    """
    kind = node.type
    if kind in ("identifier", "attribute"):
        return _DOTTED.fullmatch(reading.slice(node)) is not None
    if kind == "subscript":
        base = node.children[0]
        if base.type not in ("identifier", "attribute"):
            return False
        text = reading.slice(base)
        return _DOTTED.fullmatch(text) is not None and (reading.is_stub or _is_type_name(text))
    if kind == "binary_operator":
        return _is_union(node, reading)
    return False


def _is_union(node: Node, reading: Reading) -> bool:
    """Return whether `A | B | …` joins types; `re.I | re.M` joins flags. Iterative: unions may be long."""
    pending = [node]
    while pending:
        current = pending.pop()
        kind = current.type
        if kind == "binary_operator":
            children = current.children
            if len(children) != 3 or children[1].type != "|":
                return False
            pending += (children[0], children[2])
        elif kind in ("identifier", "attribute"):
            if not reading.is_stub and not _is_type_name(reading.slice(current)):
                return False
        elif kind == "subscript":
            if not is_type_expression(current, reading):
                return False
        elif kind not in ("none", "string"):
            return False
    return True


def _is_type_name(dotted: str) -> bool:
    """Return whether a name is spelled like a type: `CapWords`, or a builtin class."""
    owner, _, last = dotted.rpartition(".")
    bare = last.lstrip("_")
    # A single capital is a type variable, but `re.I` is a flag.
    is_variable = len(bare) == 1 and not owner
    return last in _LOWER_CASE_TYPES or (bare[:1].isupper() and (is_variable or not bare.isupper()))


def _build_call(
    declaration: Declaration, call: Node, path: str, info: Info, scope: Scope, reading: Reading
) -> Alias | Class | Constant | TypeVariable:
    """Return what `X = f(…)` declares: a type variable, a type, an alias, or a constant."""
    name = declaration.name
    callee = call.child_by_field_name("function")
    arguments = call.child_by_field_name("arguments")
    if callee is not None and arguments is not None and callee.type in ("identifier", "attribute"):
        last = scope.qualify(reading.slice(callee)).rpartition(".")[2]
        operands = [child for child in arguments.named_children if child.type != "comment"]
        if last in _TYPE_VARIABLES:
            param = _build_type_variable(name, _TYPE_VARIABLES[last], operands, scope, reading)
            return TypeVariable(name, path, param, info)
        if last == "NewType" and len(operands) == 2:
            return Alias(name, path, annotate(operands[1], scope, reading), (), info)
        if last == "TypeAliasType" and len(operands) >= 2:
            return _build_type_alias_type(name, path, operands, info, scope, reading)
        made = build_functional_class(call, name, path, info, scope, reading)
        if made is not None:
            return made
    return _build_constant(name, path, call, info, scope, reading)


def _build_type_variable(
    name: str, kind: TypeParamKind, operands: list[Node], scope: Scope, reading: Reading
) -> TypeParam:
    constraints: list[BridgeType] = []
    bound: BridgeType | None = None
    default: BridgeType | None = None
    for operand in operands[1:]:
        if operand.type != "keyword_argument":
            constraints.append(annotate(operand, scope, reading))
            continue
        keyword = operand.child_by_field_name("name")
        value = operand.child_by_field_name("value")
        if keyword is None or value is None:
            continue
        if reading.slice(keyword) == "bound":
            bound = annotate(value, scope, reading)
        elif reading.slice(keyword) == "default":
            default = annotate(value, scope, reading)
    return TypeParam(name, kind, bound, tuple(constraints), default)


def _build_type_alias_type(
    name: str, path: str, operands: list[Node], info: Info, scope: Scope, reading: Reading
) -> Alias:
    params: list[TypeParam] = []
    for operand in operands[2:]:
        value = operand.child_by_field_name("value")
        if value is not None and value.type == "tuple":
            params += [TypeParam(reading.slice(child)) for child in value.named_children]
    inner = scope.for_function(frozenset(param.name for param in params))
    target = parse_annotation(reading.slice(operands[1]), inner)
    return Alias(name, path, target, tuple(params), info)
