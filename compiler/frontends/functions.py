"""Function definitions: parameters, signatures, overload arms, decorators, properties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from ...ir import codes
from ...ir.items import (
    Binding,
    Decorator,
    Default,
    DefaultKind,
    Function,
    Info,
    Param,
    ParamKind,
    Property,
    Signature,
    TypeParam,
)
from ...ir.parts import evolve
from ...ir.source import Span
from ...ir.types import UNANNOTATED, BridgeType
from .annotation import parse_annotation, parse_type_params
from .declarations import Declaration, Reading
from .evidence import function_evidence, with_evidence
from .scopes import Scope
from .source_text import decode_string, first_sentence, one_line
from .type_tokens import type_param_names

if TYPE_CHECKING:
    from tree_sitter import Node

_Decorated: TypeAlias = tuple[Declaration, tuple[Decorator, ...]]

# By last component: after a star import the origin of a name is not known here.
_PROPERTIES = frozenset(("property", "cached_property", "abstractproperty", "DynamicClassAttribute"))
_BINDINGS = {
    "classmethod": Binding.CLASS_METHOD,
    "abstractclassmethod": Binding.CLASS_METHOD,
    "staticmethod": Binding.STATIC_METHOD,
    "abstractstaticmethod": Binding.STATIC_METHOD,
}
_ABSTRACT = frozenset(("abstractmethod", "abstractproperty", "abstractclassmethod", "abstractstaticmethod"))
_RECEIVERS = ("self", "cls", "mcs", "metacls")
_LITERALS = frozenset(("integer", "float", "string", "concatenated_string", "true", "false", "none"))
_KIND_ORDER = {kind: rank for rank, kind in enumerate(ParamKind)}
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)
_STRING_BELOW = re.compile(rb"""[ \t]*\r?\n[ \t]*[rRuU]?["']""")
_IMPLICIT_CLASS_METHODS = frozenset(("__init_subclass__", "__class_getitem__"))


def build_function(
    declarations: list[Declaration], name: str, path: str, scope: Scope, reading: Reading
) -> Function:
    """Return the function that `declarations`, all of one name at module level, make together."""
    decorated = [(d, build_decorators(d.decorators, scope, reading)) for d in declarations]
    return _build_function(decorated, name, path, Binding.FUNCTION, scope, reading)


def build_method(
    declarations: list[Declaration], name: str, path: str, scope: Scope, reading: Reading
) -> Function | Property:
    """Return the method or property that `declarations`, all of one name in a class, make together."""
    decorated = [(d, build_decorators(d.decorators, scope, reading)) for d in declarations]
    found = _build_property(decorated, name, path, scope, reading)
    if found is not None:
        return found
    binding = Binding.METHOD
    if name == "__new__":
        binding = Binding.STATIC_METHOD
    elif name in _IMPLICIT_CLASS_METHODS:
        binding = Binding.CLASS_METHOD
    return _build_function(decorated, name, path, binding, scope, reading)


def _build_function(
    decorated: list[_Decorated], name: str, path: str, binding: Binding, scope: Scope, reading: Reading
) -> Function:
    """Join overload arms, or take the last definition.

    With arms, the arms are the signatures and the implementation is dropped (typing
    specification, "overloads").
    """
    arms = [(d, ds) for d, ds in decorated if any(_is_overload(one) for one in ds)]
    chosen = arms or decorated[-1:]
    signatures = tuple(build_signature(d.node, d.name_node, scope, reading) for d, _ in chosen)
    abstract = False
    kept: list[Decorator] = []
    for decorator in chosen[0][1]:
        last = decorator.path.rpartition(".")[2]
        binding = _BINDINGS.get(last, binding)
        abstract |= last in _ABSTRACT
        if last not in _BINDINGS and last not in _ABSTRACT and last != "overload":
            kept.append(decorator)
    described = decorated[-1] if arms else chosen[0]
    deprecated = _deprecation(decorated, arms)
    if arms and deprecated is None:
        kept = [decorator for decorator in kept if not _is_deprecation(decorator)]
        signatures = tuple(
            evolve(signature, deprecated=find_deprecation(decorators))
            for signature, (_, decorators) in zip(signatures, arms, strict=True)
        )
    info = build_info(described[0], deprecated, reading)
    if not reading.is_stub and not arms and _lacks_annotations(signatures[0]):
        node = described[0].node
        doc = find_doc(node, reading)
        info = with_evidence(info, function_evidence(node, signatures[0], binding, doc, scope, reading))
    return Function(name, path, signatures, binding, tuple(kept), abstract, info)


def _lacks_annotations(signature: Signature) -> bool:
    return signature.result is UNANNOTATED or any(p.type is UNANNOTATED for p in signature.params)


def _is_overload(decorator: Decorator) -> bool:
    return decorator.path.rpartition(".")[2] == "overload" and not decorator.arguments


def _deprecation(
    decorated: list[_Decorated],
    arms: list[_Decorated],
) -> str | None:
    """Return the message of PEP 702's decorator: on the implementation, the only definition, or every arm."""
    last = find_deprecation(decorated[-1][1])
    if not arms or last is None or decorated[-1][0] is not arms[-1][0]:
        return last
    return last if all(find_deprecation(ds) is not None for _, ds in arms) else None


def find_deprecation(decorators: tuple[Decorator, ...]) -> str | None:
    """Return the message of `@deprecated("…")`, or None without one (PEP 702)."""
    for decorator in decorators:
        if _is_deprecation(decorator):
            message = decode_string(decorator.arguments.partition(", category")[0].rstrip(", "))
            return message if isinstance(message, str) else ""
    return None


def _is_deprecation(decorator: Decorator) -> bool:
    return decorator.path.rpartition(".")[2] == "deprecated"


def build_info(declaration: Declaration, deprecated: str | None, reading: Reading) -> Info:
    """Return what every item keeps, for the definition in `declaration`."""
    name = declaration.name_node
    span = reading.text.span(name.start_byte, name.end_byte)
    return Info(span, reading.tier, read_doc(declaration.node, reading), deprecated)


def read_doc(definition: Node, reading: Reading) -> str:
    """Return the first sentence of the docstring of a definition or module, or an empty string."""
    literal = find_doc(definition, reading)
    return first_sentence(literal) if literal else ""


def find_doc(definition: Node, reading: Reading) -> str:
    """Return the literal that is the docstring of a definition or module, or an empty string."""
    body = definition if definition.type == "module" else definition.child_by_field_name("body")
    if body is None:
        return ""
    data = reading.text.data
    if definition.type != "module" and data[body.start_byte : body.start_byte + 1] not in b"\"'rRuU#":
        return ""
    for statement in body.children:
        if statement.type == "comment":
            continue
        if statement.type != "expression_statement":
            return ""
        literal = statement.children[0]
        if literal.type != "string" or data[literal.start_byte : literal.start_byte + 1] in b"bBfFtT":
            return ""
        return reading.slice(literal)
    return ""


def read_doc_below(statement: Node, reading: Reading) -> str:
    """Return the first sentence of the string on the line below an assignment, or an empty string.

    Python ignores such a string; tools for documentation take it for that of the name (PEP 258).
    """
    if not _STRING_BELOW.match(reading.text.data, statement.end_byte):
        return ""
    while statement.parent is not None and statement.parent.type == "expression_statement":
        statement = statement.parent
    below = statement.next_sibling
    if below is None or below.type != "expression_statement" or len(below.children) != 1:
        return ""
    literal = below.children[0]
    return first_sentence(reading.slice(literal)) if literal.type == "string" else ""


# --- properties --------------------------------------------------------------------------


def _build_property(
    decorated: list[_Decorated],
    name: str,
    path: str,
    scope: Scope,
    reading: Reading,
) -> Property | None:
    """Return the property that the definitions make, or None where they are functions."""
    getter: Declaration | None = None
    setter_type: BridgeType | None = None
    deprecated: str | None = None
    abstract = False
    for declaration, decorators in decorated:
        for decorator in decorators:
            accessor = decorator.path.rpartition(".")[2]
            abstract |= accessor in _ABSTRACT
            if accessor in _PROPERTIES or accessor == "getter":
                getter = declaration
                deprecated = find_deprecation(decorators)
            elif accessor == "setter" and not decorator.arguments:
                setter_type = _setter_type(declaration.node, scope, reading)
    if getter is None and setter_type is None:
        return None
    described = getter or decorated[0][0]
    ty = _result(getter.node, scope, reading) if getter else UNANNOTATED
    info = build_info(described, deprecated, reading)
    if getter is not None and ty == UNANNOTATED and not reading.is_stub:
        signature = build_signature(getter.node, getter.name_node, scope, reading)
        doc = find_doc(getter.node, reading)
        found = function_evidence(getter.node, signature, Binding.METHOD, doc, scope, reading)
        info = with_evidence(info, (piece for piece in found if piece.where == "result"))
    return Property(name, path, ty, setter_type, info, abstract=abstract)


def _setter_type(node: Node, scope: Scope, reading: Reading) -> BridgeType:
    signature = build_signature(node, node, scope, reading)
    return signature.params[1].type if len(signature.params) > 1 else UNANNOTATED


def _result(node: Node, scope: Scope, reading: Reading) -> BridgeType:
    type_params = node.child_by_field_name("type_parameters")
    if type_params is not None:
        scope = scope.for_function(type_param_names(reading.slice(type_params)))
    annotation = node.child_by_field_name("return_type")
    return UNANNOTATED if annotation is None else annotate(annotation, scope, reading)


# --- decorators --------------------------------------------------------------------------


def build_decorators(nodes: tuple[Node, ...], scope: Scope, reading: Reading) -> tuple[Decorator, ...]:
    """Return the decorators, outermost first, with qualified names.

    A decorator that is no dotted name or call of one keeps its source text as path.
    """
    return tuple(_build_decorator(node, scope, reading) for node in nodes) if nodes else ()


def _build_decorator(node: Node, scope: Scope, reading: Reading) -> Decorator:
    named = [child for child in node.named_children if child.type != "comment"]
    if not named:
        return Decorator("")
    expression = named[0]
    arguments = ""
    if expression.type == "call":
        argument_list = expression.child_by_field_name("arguments")
        callee = expression.child_by_field_name("function")
        if argument_list is not None and callee is not None:
            arguments = argument_text(argument_list, reading)
            expression = callee
    text = reading.slice(expression)
    if expression.type == "identifier" or (
        expression.type == "attribute" and text.replace(".", "").isidentifier()
    ):
        return Decorator(scope.qualify(text), arguments)
    return Decorator(one_line(text), arguments)


def argument_text(arguments: Node, reading: Reading) -> str:
    """Return the arguments of a call on one line, without comments between them."""
    if arguments.type != "argument_list":
        return one_line(reading.slice(arguments))
    given = (child for child in arguments.named_children if child.type != "comment")
    return ", ".join(one_line(reading.slice(child)) for child in given)


# --- signatures --------------------------------------------------------------------------


def build_signature(node: Node, name_node: Node, scope: Scope, reading: Reading) -> Signature:
    """Return the signature of a `def` statement."""
    type_params: tuple[TypeParam, ...] = ()
    list_node = node.child_by_field_name("type_parameters")
    if list_node is not None:
        text = reading.slice(list_node)
        scope = scope.for_function(type_param_names(text))
        type_params = parse_type_params(text, scope)
    parameters = node.child_by_field_name("parameters")
    params = _build_params(parameters, scope, reading) if parameters is not None else ()
    annotation = node.child_by_field_name("return_type")
    result = UNANNOTATED if annotation is None else annotate(annotation, scope, reading)
    is_async = reading.text.data.startswith(b"async", node.start_byte) and not _yields(node, reading)
    span = reading.text.span(name_node.start_byte, name_node.end_byte)
    return Signature(params, result, type_params, is_async, span)


def _yields(node: Node, reading: Reading) -> bool:
    """Tell whether `node` is a generator: then `async def` makes the iterator at once (PEP 525)."""
    body = node.child_by_field_name("body")
    if body is None or b"yield" not in reading.text.data[body.start_byte : body.end_byte]:
        return False
    pending = [body]
    while pending:
        for child in pending.pop().named_children:
            if child.type == "yield":
                return True
            if child.type not in ("function_definition", "class_definition", "lambda"):
                pending.append(child)
    return False


def annotate(node: Node, scope: Scope, reading: Reading) -> BridgeType:
    """Return the type that the annotation `node` stands for."""
    text = reading.text
    start = node.start_byte
    source = text.slice(start, node.end_byte)
    known = scope.cache.get(source)
    if known is not None:
        return known

    def locate(begin: int, end: int) -> Span:
        before = len(source[:begin].encode())
        return text.span(start + before, start + before + len(source[begin:end].encode()))

    return parse_annotation(source, scope, locate)


def _build_params(parameters: Node, scope: Scope, reading: Reading) -> tuple[Param, ...]:
    params: list[Param] = []
    kind = ParamKind.POSITIONAL_OR_KEYWORD
    for node in parameters.named_children:
        node_type = node.type
        if node_type == "positional_separator":
            params = [p if p.kind in _VARIADIC else _positional_only(p) for p in params]
            continue
        if node_type == "keyword_separator":
            kind = ParamKind.KEYWORD_ONLY
            continue
        param = _build_param(node, node_type, kind, scope, reading)
        if param is None:
            continue
        if param.kind is ParamKind.VAR_POSITIONAL:
            kind = ParamKind.KEYWORD_ONLY
        params.append(param)
    return _apply_pep484_names(_drop_misplaced(params, reading))


def _drop_misplaced(params: list[Param], reading: Reading) -> list[Param]:
    """Leave out parameters that the grammar takes and Python does not: a repeated name, a wrong order."""
    kept: list[Param] = []
    names: set[str] = set()
    last = 0
    for param in params:
        rank = _KIND_ORDER[param.kind]
        if rank < last or param.name in names:
            problem = f"parameter `{param.name}` cannot stand here and was left out"
            reading.diagnostics.append(codes.STUB_SYNTAX.at(param.span, problem))
            continue
        last = rank + (param.kind in _VARIADIC)
        names.add(param.name)
        kept.append(param)
    return kept


def _build_param(node: Node, node_type: str, kind: ParamKind, scope: Scope, reading: Reading) -> Param | None:
    name_node: Node | None = node
    ty: BridgeType = UNANNOTATED
    default: Default | None = None
    if node_type != "identifier":
        if node_type in ("typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"):
            name_node = node if node_type != "typed_parameter" else node.named_children[0]
            if name_node.type == "list_splat_pattern":
                kind = ParamKind.VAR_POSITIONAL
                name_node = name_node.named_children[0]
            elif name_node.type == "dictionary_splat_pattern":
                kind = ParamKind.VAR_KEYWORD
                name_node = name_node.named_children[0]
        elif node_type in ("default_parameter", "typed_default_parameter"):
            name_node = node.child_by_field_name("name")
            value = node.child_by_field_name("value")
            if value is not None:
                default = build_default(value, reading)
        else:
            return None
        if node_type in ("typed_parameter", "typed_default_parameter"):
            annotation = node.child_by_field_name("type")
            if annotation is not None:
                ty = annotate(annotation, scope, reading)
    if name_node is None or name_node.type != "identifier":
        return None
    span = reading.text.span(node.start_byte, node.end_byte)
    return Param(reading.slice(name_node), kind, ty, default, span)


def build_default(value: Node, reading: Reading) -> Default:
    """Return a parameter's default: its literal value, its text, or that it is unknown."""
    kind = value.type
    if kind == "ellipsis":
        return Default(DefaultKind.UNKNOWN, "...")
    text = one_line(reading.slice(value))
    if kind in _LITERALS or (kind == "unary_operator" and text[1:].strip()[:1].isdigit()):
        is_template = kind in ("string", "concatenated_string") and decode_string(text) is None
        return Default(DefaultKind.EXPRESSION if is_template else DefaultKind.LITERAL, text)
    return Default(DefaultKind.EXPRESSION, text)


def _apply_pep484_names(params: list[Param]) -> tuple[Param, ...]:
    """Make parameters named `__x` positional-only, as before PEP 570 (typing specification).

    A receiver before the first of them is positional-only with it.
    """
    hidden = 0
    for index, param in enumerate(params):
        if param.kind is ParamKind.POSITIONAL_OR_KEYWORD and _is_hidden_name(param.name):
            hidden = index + 1
        elif index > 0 or param.name not in _RECEIVERS:
            break
    return (*map(_positional_only, params[:hidden]), *params[hidden:])


def _is_hidden_name(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _positional_only(param: Param) -> Param:
    return Param(param.name, ParamKind.POSITIONAL_ONLY, param.type, param.default, param.span)
