"""Class definitions: bases, keywords, fields, properties, methods, nested classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from ...ir.items import (
    Alias,
    Binding,
    Class,
    Constant,
    Decorator,
    Field,
    FieldKind,
    Function,
    Info,
    Item,
    Param,
    ParamKind,
    Property,
    Signature,
    TypeParam,
)
from ...ir.parts import evolve
from ...ir.types import UNANNOTATED, BridgeType, Ref
from .annotation import parse_type_params
from .assignments import (
    build_assignment,
    build_type_alias,
    default_type,
    field_type,
    is_type_expression,
    literal_value,
    value_type,
)
from .declarations import MAX_DEPTH, Block, Declaration, Kind, Reading, collect
from .evidence import doc_evidence, field_evidence, param_evidence, read_doc_types, with_evidence
from .functional import read_class_call
from .functions import (
    annotate,
    argument_text,
    build_decorators,
    build_info,
    build_method,
    build_signature,
    find_deprecation,
    find_doc,
)
from .scopes import Scope
from .source_text import one_line
from .type_tokens import type_param_names

if TYPE_CHECKING:
    from tree_sitter import Node

_Member: TypeAlias = Function | Property | Field
# The field specifiers of attrs whose `type` says what an annotation would.
_TYPED_SPECIFIERS = ("ib", "attrib")
_BLOCK_PART_NAMES = """
expression_statement block if_statement elif_clause else_clause try_statement except_clause
finally_clause with_statement for_statement while_statement
"""
_BLOCK_PARTS = frozenset(_BLOCK_PART_NAMES.split())
_NESTED = re.compile(rb"\bclass\b|\btype\b|\bTypeAlias\b|^[ \t]+\w+[ \t]*=", re.MULTILINE)
_ASSIGNED = re.compile(rb"\bself\.(\w+)\s*(?:[-+*/%|&^@]|//|\*\*|<<|>>)?=(?!=)")


def build_class(
    declaration: Declaration, class_path: str, scope: Scope, reading: Reading, depth: int = 0
) -> Iterator[Item]:
    """Yield the class that `declaration` defines, then its nested classes and aliases.

    `class_path` is its dotted name inside the module; `scope` is the scope around it.
    """
    node = declaration.node
    type_params: tuple[TypeParam, ...] = ()
    names: frozenset[str] = frozenset()
    list_node = node.child_by_field_name("type_parameters")
    if list_node is not None:
        text = reading.slice(list_node)
        names = type_param_names(text)
        scope = scope.for_function(names)
        type_params = parse_type_params(text, scope)
    path = f"{scope.module}.{class_path}"
    info = build_info(declaration, None, reading)
    bases, keywords, given = _build_bases(
        node.child_by_field_name("superclasses"), path, info, scope, reading
    )
    block = Block(scope, class_path)
    body = node.child_by_field_name("body")
    if body is not None and depth < MAX_DEPTH and (reading.with_members or _may_nest(body, reading)):
        collect(body, block, reading)
    is_enum = any(isinstance(base, Ref) and _is_enum_name(base.path) for base in bases)
    if not is_enum:
        _bind_aliases(block, path, scope, reading)
    if not reading.with_members:
        _drop_members(block)
    # The keys of a TypedDict with `total=False` may be missing unless they say `Required` (PEP 655).
    total = Decorator("total", "False") not in keywords
    inner = scope.for_class(block.class_names, names)
    members, nested = _build_members(block, path, inner, reading, total, depth)
    if not reading.is_stub and "__init__" in block.declared:
        for field in _build_init_fields(block.declared["__init__"], path, inner, reading):
            known = members.setdefault(field.name, field)
            if isinstance(known, Field) and known is not field and not declaration.decorators:
                members[field.name] = _join(known, field)
    # Decorators such as `dataclass` make parameters of instance fields, but not of these.
    if not reading.is_stub and body is not None and not declaration.decorators:
        _find_instance_fields(members, reading.text.data[body.start_byte : body.end_byte])
    if not reading.is_stub:
        _add_evidence(members, block, find_doc(node, reading), inner, reading)
    members = {field.name: field for field in given} | members
    decorators = build_decorators(declaration.decorators, scope, reading)
    yield Class(
        class_path,
        path,
        bases,
        type_params=type_params,
        keywords=keywords,
        decorators=decorators,
        fields=tuple(m for m in members.values() if isinstance(m, Field)),
        properties=tuple(m for m in members.values() if isinstance(m, Property)),
        methods=tuple(m for m in members.values() if isinstance(m, Function)),
        info=evolve(info, deprecated=find_deprecation(decorators)) if decorators else info,
    )
    yield from nested


def _build_bases(
    node: Node | None, path: str, info: Info, scope: Scope, reading: Reading
) -> tuple[tuple[BridgeType, ...], tuple[Decorator, ...], tuple[Field, ...]]:
    """Return bases, keywords, and the fields of a base such as `namedtuple("A", "x y")`."""
    if node is None:
        return (), (), ()
    bases: list[BridgeType] = []
    fields: tuple[Field, ...] = ()
    keywords: list[Decorator] = []
    for child in node.named_children:
        if child.type == "keyword_argument":
            name, value = child.named_children[0], child.named_children[-1]
            keywords.append(Decorator(reading.slice(name), one_line(reading.slice(value))))
            continue
        made = read_class_call(child, path, info, scope, reading) if child.type == "call" else None
        if made is not None:
            bases.append(made[0])
            fields = made[1]
        elif child.type not in ("comment", "ERROR"):
            bases.append(annotate(child, scope, reading))
    return tuple(bases), tuple(keywords), fields


def _may_nest(body: Node, reading: Reading) -> bool:
    """Return whether a class body may hold classes or aliases; without any it need not be read for them."""
    return _NESTED.search(reading.text.data, body.start_byte, body.end_byte) is not None


def _drop_members(block: Block) -> None:
    """Leave only what has a name of its own: nested classes and aliases."""
    block.declared = {
        name: declarations
        for name, declarations in block.declared.items()
        if declarations[0].kind in (Kind.CLASS, Kind.TYPE_ALIAS) or name in block.class_names
    }


def _is_enum_name(path: str) -> bool:
    """Return whether a base makes a class an enum by its name; what it is bound to is not known here."""
    return path.rpartition(".")[2] in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum")


def _bind_aliases(block: Block, path: str, scope: Scope, reading: Reading) -> None:
    """Make the type aliases of a class body visible to its annotations."""
    for name, declarations in block.declared.items():
        declaration = declarations[0]
        if declaration.kind is Kind.ASSIGNMENT and _is_class_alias(declaration, block, scope, reading):
            block.class_names[name] = f"{path}.{name}"


def _is_class_alias(declaration: Declaration, block: Block, scope: Scope, reading: Reading) -> bool:
    """Return whether an assignment in a class body names a type rather than holds a value.

    `X = Y` is an alias when `Y` is imported or defined in the module or is a nested class; a
    name in capitals alone is a constant.
    """
    value = declaration.value
    if value is None:
        return False
    annotation = declaration.node.child_by_field_name("type")
    if annotation is not None:
        return reading.slice(annotation).endswith("TypeAlias")
    if not is_type_expression(value, reading):
        return False
    if value.type not in ("identifier", "attribute"):
        return True
    text = reading.slice(value)
    root, _, rest = text.partition(".")
    if root in block.declared:
        return root in block.class_names
    last = text.rpartition(".")[2]
    if last.isupper() and len(last) > 1:
        return False
    return root in scope.bindings or (scope.qualify(root).startswith("builtins.") and not rest)


def _build_members(
    block: Block, path: str, scope: Scope, reading: Reading, total: bool, depth: int
) -> tuple[dict[str, _Member], list[Item]]:
    members: dict[str, _Member] = {}
    nested: list[Item] = []
    for name, declarations in block.declared.items():
        declaration = declarations[0]
        member_path = f"{path}.{name}"
        nested_name = f"{block.class_path}.{name}"
        match declaration.kind:
            case Kind.FUNCTION:
                members[name] = build_method(declarations, name, member_path, scope, reading)
            case Kind.CLASS:
                nested += build_class(declaration, nested_name, scope, reading, depth + 1)
            case Kind.TYPE_ALIAS:
                alias = build_type_alias(declaration, member_path, scope, reading)
                nested.append(evolve(alias, name=nested_name))
            case Kind.ASSIGNMENT if name in block.class_names:
                item = build_assignment(declaration, member_path, scope, reading)
                if isinstance(item, Alias | Constant):
                    nested.append(evolve(item, name=nested_name))
            case Kind.ASSIGNMENT:
                members[name] = _build_attribute(declaration, member_path, members, scope, reading, total)
    return members, nested


def _build_attribute(
    declaration: Declaration,
    path: str,
    members: dict[str, _Member],
    scope: Scope,
    reading: Reading,
    total: bool,
) -> _Member:
    """Return the attribute that an assignment in a class body declares.

    `a = b`, where `b` is a member defined above, is that member under another name.
    """
    name, value = declaration.name, declaration.value
    span = declaration.name_node
    info = Info(reading.text.span(span.start_byte, span.end_byte), reading.tier)
    annotation = declaration.node.child_by_field_name("type")
    if annotation is None and value is not None and value.type == "identifier":
        same = members.get(reading.slice(value))
        if same is not None:
            return evolve(same, name=name, path=path, info=evolve(same.info, span=info.span))
    if annotation is None:
        if value is not None and value.type == "call":
            found = _build_property_call(value, name, path, members, info, reading)
            if found is not None:
                return found
        ty = UNANNOTATED if value is None else value_type(value, scope, reading, {})
        return Field(
            name,
            path,
            _told_type(value, scope, reading) or ty,
            FieldKind.CLASS_VAR,
            has_default=value is not None,
            value=literal_value(value, reading),
            specifier=_read_specifier(value, scope, reading),
            info=info,
        )
    ty, qualified = field_type(annotation, value, scope, reading)
    is_class_var = qualified.class_var or (qualified.final and value is not None)
    return Field(
        name,
        path,
        ty,
        FieldKind.CLASS_VAR if is_class_var else FieldKind.INSTANCE,
        writable=not (qualified.final or qualified.read_only),
        required=total if qualified.required is None else qualified.required,
        # In source `x: int = ...` announces a field without default, in a stub one with some default.
        has_default=value is not None and (reading.is_stub or value.type != "ellipsis"),
        value=literal_value(value, reading),
        specifier=_read_specifier(value, scope, reading),
        info=info,
    )


def _build_property_call(
    call: Node, name: str, path: str, members: dict[str, _Member], info: Info, reading: Reading
) -> Property | None:
    """Return the property made by `name = property(getter, setter)`."""
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if callee is None or arguments is None or reading.slice(callee) != "property":
        return None
    accessors = [members.get(reading.slice(child)) for child in arguments.named_children[:2]]
    getter = accessors[0] if accessors else None
    setter = accessors[1] if len(accessors) > 1 else None
    if not isinstance(getter, Function):
        return Property(name, path, UNANNOTATED, None, info)
    setter_type: BridgeType | None = None
    if isinstance(setter, Function):
        params = setter.signatures[0].params
        setter_type = params[1].type if len(params) > 1 else UNANNOTATED
    return Property(name, path, getter.signatures[0].result, setter_type, info)


def _read_specifier(value: Node | None, scope: Scope, reading: Reading) -> Decorator | None:
    """Return the call that is the value of an attribute: it may specify a field (PEP 681)."""
    if value is None or value.type != "call":
        return None
    callee, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if callee is None or arguments is None:
        return None
    name = reading.slice(callee)
    if not name.replace(".", "").isidentifier():
        return None
    return Decorator(scope.qualify(name), argument_text(arguments, reading))


def _told_type(value: Node | None, scope: Scope, reading: Reading) -> BridgeType | None:
    """Return the type that a field specifier names: `attr.ib(type=int)`."""
    if value is None or value.type != "call":
        return None
    callee, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if callee is None or arguments is None:
        return None
    if reading.slice(callee).rpartition(".")[2] not in _TYPED_SPECIFIERS:
        return None
    for argument in arguments.named_children:
        name, told = argument.child_by_field_name("name"), argument.child_by_field_name("value")
        if name is not None and told is not None and reading.slice(name) == "type":
            return annotate(told, scope, reading)
    return None


def _add_evidence(
    members: dict[str, _Member], block: Block, doc: str, scope: Scope, reading: Reading
) -> None:
    """Put on attributes and on `__init__` what a class tells of their types."""
    bare = [m for m in members.values() if isinstance(m, Field) and m.type == UNANNOTATED]
    init = members.get("__init__")
    types = read_doc_types(doc)
    if isinstance(init, Function) and len(init.signatures) == 1 and types.params:
        bare_params = [param.name for param in init.signatures[0].params if param.type == UNANNOTATED]
        found = param_evidence(bare_params, types, scope)
        init = evolve(init, info=with_evidence(init.info, found))
        members["__init__"] = init
    if not bare:
        return
    values = {
        name: declarations[0].value
        for name, declarations in block.declared.items()
        if declarations[0].kind is Kind.ASSIGNMENT and declarations[0].value is not None
    }
    found_fields = field_evidence(
        [field.name for field in bare], values, _methods(members, block), scope, reading
    )
    for field in bare:
        told = doc_evidence("field", types.attributes.get(field.name), scope)
        info = with_evidence(field.info, (*told, *found_fields.get(field.name, ())))
        members[field.name] = evolve(field, info=info)


def _methods(members: dict[str, _Member], block: Block) -> Iterator[tuple[Declaration, Signature, Binding]]:
    """Yield the definitions in a class body; of properties, the getter."""
    for name, declarations in block.declared.items():
        member = members.get(name)
        if declarations[0].kind is not Kind.FUNCTION:
            continue
        if isinstance(member, Function):
            yield declarations[-1], member.signatures[-1], member.binding
        elif isinstance(member, Property):
            yield declarations[0], Signature((Param("self"),)), Binding.METHOD


# --- attributes set by __init__ ----------------------------------------------------------


def _join(declared: Field, assigned: Field) -> Field:
    """Return the field of a class body that `__init__` gives to each instance anew."""
    if declared.kind is not FieldKind.CLASS_VAR:
        return declared
    ty = declared.type if assigned.type == UNANNOTATED else assigned.type
    return evolve(declared, kind=FieldKind.INSTANCE, type=ty)


def _find_instance_fields(members: dict[str, _Member], body: bytes) -> None:
    """Make fields of instances of those that a method assigns, and of those without a value.

    What a class only announces, its subclasses have: it is read from an instance of one of them.
    """
    shared: set[str] = set()
    for name, member in members.items():
        if isinstance(member, Field) and member.kind is FieldKind.CLASS_VAR:
            if member.has_default:
                shared.add(name)
            else:
                members[name] = evolve(member, kind=FieldKind.INSTANCE, writable=False)
    if not shared:
        return
    for match in _ASSIGNED.finditer(body):
        name = match[1].decode("utf-8", "replace")
        if name in shared:
            shared.discard(name)
            member = members[name]
            assert isinstance(member, Field)
            members[name] = evolve(member, kind=FieldKind.INSTANCE)


def _build_init_fields(
    declarations: list[Declaration], path: str, scope: Scope, reading: Reading
) -> Iterator[Field]:
    """Yield a field for each `self.x` that the last definition of `__init__` assigns."""
    definition = declarations[-1]
    body = definition.node.child_by_field_name("body")
    signature = build_signature(definition.node, definition.name_node, scope, reading)
    if body is None or not signature.params:
        return
    receiver = signature.params[0].name
    marker = f"{receiver}.".encode()
    if reading.text.data.find(marker, body.start_byte, body.end_byte) < 0:
        return
    known = {
        param.name: default_type(param.default) if param.type == UNANNOTATED else param.type
        for param in signature.params[1:]
        if param.kind not in (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)
    }
    seen: set[str] = set()
    pending = [body]
    while pending:
        statement = pending.pop()
        pending += [child for child in reversed(statement.named_children) if child.type in _BLOCK_PARTS]
        if statement.type != "expression_statement" or not statement.children:
            continue
        assignment = statement.children[0]
        if assignment.type != "assignment":
            continue
        field = _build_init_field(assignment, f"{receiver}.", path, known, scope, reading)
        if field is not None and field.name not in seen:
            seen.add(field.name)
            yield field


def _build_init_field(
    assignment: Node, receiver: str, path: str, known: dict[str, BridgeType], scope: Scope, reading: Reading
) -> Field | None:
    left = assignment.child_by_field_name("left")
    if left is None or left.type != "attribute":
        return None
    text = reading.slice(left)
    name = text.removeprefix(receiver)
    if name == text or not name.isidentifier():
        return None
    annotation = assignment.child_by_field_name("type")
    value = assignment.child_by_field_name("right")
    info = Info(reading.text.span(left.start_byte, left.end_byte), reading.tier)
    if annotation is not None:
        ty, qualified = field_type(annotation, value, scope, reading)
        return Field(name, f"{path}.{name}", ty, writable=not qualified.final, info=info)
    ty = UNANNOTATED if value is None else value_type(value, scope, reading, known)
    return Field(name, f"{path}.{name}", ty, info=info)
