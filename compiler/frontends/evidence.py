"""Evidence for what has no annotation, on the item that lacks it.

    def scale(self, by=2):          =>  evidence docstring "parameter by" float
        ":param float by: …"            evidence return "result" self then "size"
        return self.size

Nothing is decided here: infer-types joins the evidence with what the rest of the package says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ...ir.items import Binding, Evidence, EvidenceSource, Info, Param, ParamKind, Signature
from ...ir.parts import evolve
from ...ir.types import ANY, NONE, STRING, UNANNOTATED, BridgeType, ListOf, MapOf, Ref
from .bodies import Receiver, capture, make_context, outside, read_body
from .declarations import Declaration, Reading
from .docstrings import DocTypes, may_hold_types, read_doc_type, read_docstring
from .scopes import BUILTINS, Scope
from .values import Context, Value, Values, read_value

if TYPE_CHECKING:
    from tree_sitter import Node

_NO_TYPES = DocTypes()
_MOST_ASSIGNMENTS = 12
_COLLECTED: dict[ParamKind, BridgeType] = {
    ParamKind.VAR_POSITIONAL: ListOf(ANY),
    ParamKind.VAR_KEYWORD: MapOf(STRING, ANY),
}
_CAP_WORDS = re.compile(r"_*[A-Z]\w*[a-z]\w*")


def function_evidence(
    definition: Node, signature: Signature, binding: Binding, doc: str, scope: Scope, reading: Reading
) -> tuple[Evidence, ...]:
    """Return what a definition tells of its parameters and its result where they are not annotated.

    The result of `__init__` needs no evidence.
    """
    receiver = find_receiver(binding, signature)
    params = signature.params[1 if receiver.name else 0 :]
    bare = [param.name for param in params if param.type == UNANNOTATED]
    name = definition.child_by_field_name("name")
    is_init = name is not None and reading.slice(name) == "__init__"
    wants_result = signature.result == UNANNOTATED and not is_init
    if not bare and not wants_result:
        return ()
    types = read_doc_types(doc)
    evidence = param_evidence(bare, types, scope)
    if wants_result:
        evidence += doc_evidence("result", types.result, scope)
    names = frozenset(param.name for param in signature.params)
    used = [param.name for param in params if param.type == UNANNOTATED and param.kind not in _COLLECTED]
    evidence += read_body(definition, names, used, receiver, scope, reading, wants_result=wants_result)
    return tuple(evidence)


def param_evidence(names: Iterable[str], types: DocTypes, scope: Scope) -> list[Evidence]:
    """Return what a docstring tells of parameters; `any` where it tells something that cannot be read."""
    evidence: list[Evidence] = []
    for name in names:
        where, text = f"parameter {name}", types.params.get(name)
        unread = (Evidence(where, EvidenceSource.DOCSTRING, ANY),) if text else ()
        evidence += doc_evidence(where, text, scope) or unread
    return evidence


def find_receiver(binding: Binding, signature: Signature) -> Receiver:
    """Return the parameter that a method is called on."""
    if binding not in (Binding.METHOD, Binding.CLASS_METHOD) or not signature.params:
        return Receiver()
    return Receiver(signature.params[0].name, binding is Binding.CLASS_METHOD)


def read_doc_types(doc: str) -> DocTypes:
    """Return the types in the docstring literal `doc`."""
    return read_docstring(doc.strip("rRuU\"'")) if may_hold_types(doc) else _NO_TYPES


def doc_evidence(where: str, text: str | None, scope: Scope) -> tuple[Evidence, ...]:
    """Return the evidence of the text that stands for a type in a docstring."""
    ty = read_doc_type(text, lambda name: _find_class(name, scope)) if text else None
    return () if ty is None else (Evidence(where, EvidenceSource.DOCSTRING, ty),)


def _find_class(name: str, scope: Scope) -> BridgeType | None:
    """Return the class a docstring may mean by `name`; bind-names finds out whether there is one."""
    root, dot, _ = name.partition(".")
    if root in scope.bindings or root in scope.class_names:
        return Ref(scope.qualify(name))
    if name in BUILTINS and not name[0].isupper():
        return None
    if dot:
        return Ref(name)
    return Ref(scope.qualify(name)) if _CAP_WORDS.fullmatch(name) else None


# --- values --------------------------------------------------------------------------------


def value_evidence(where: str, value: Node | None, scope: Scope, reading: Reading) -> tuple[Evidence, ...]:
    """Return what the one value assigned in a module or class body tells."""
    if value is None or reading.is_stub:
        return ()
    return _assigned(where, read_value(value, Context(scope, reading)))


def _assigned(where: str, values: Values) -> tuple[Evidence, ...]:
    """Return values as evidence; None alone is what stands there before there is a value."""
    if values is None or all(value.scalar is NONE for value in values):
        return ()
    return tuple(
        Evidence(where, EvidenceSource.ASSIGNMENT, value.type, value.name, value.steps)
        for value in dict.fromkeys(values)
    )


def field_evidence(
    wanted: Iterable[str],
    body_values: Mapping[str, Node],
    methods: Iterable[tuple[Declaration, Signature, Binding]],
    scope: Scope,
    reading: Reading,
) -> dict[str, tuple[Evidence, ...]]:
    """Return evidence for the attributes in `wanted`, from every assignment that a class makes to them.

    `body_values` are those of the class body. A parameter without annotation tells something
    in `__init__` only.
    """
    found: dict[str, Values] = {name: [] for name in wanted}
    for name in found:
        if name in body_values:
            found[name] = read_value(body_values[name], Context(scope, reading))
    data = reading.text.data
    marks = [f".{name}".encode() for name in found]
    for declaration, signature, binding in methods:
        body = declaration.node.child_by_field_name("body")
        if body is None or all(data.find(mark, body.start_byte, body.end_byte) < 0 for mark in marks):
            continue
        receiver = find_receiver(binding, signature)
        if receiver.name and not receiver.is_class:
            for name, values in _method_values(declaration, body, signature, receiver, scope, reading):
                known = found.get(name)
                if known is not None:
                    found[name] = None if values is None else [*known, *values]
    return {
        name: evidence
        for name, values in found.items()
        if values and len(values) <= _MOST_ASSIGNMENTS and (evidence := _assigned("field", values))
    }


def _method_values(
    declaration: Declaration,
    body: Node,
    signature: Signature,
    receiver: Receiver,
    scope: Scope,
    reading: Reading,
) -> Iterator[tuple[str, Values]]:
    """Yield what a method assigns to each attribute of its receiver."""
    captured = capture(body)
    inner = [(node.start_byte, node.end_byte) for node in captured.get("inner", ())]
    names = frozenset(param.name for param in signature.params)
    context = make_context(captured, inner, names, receiver, scope, reading)
    params = {param.name: param for param in signature.params}
    for node in outside(captured.get("assignment", []), inner):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or node.child_by_field_name("type") is not None:
            continue
        text = reading.slice(left)
        if left.type != "attribute":
            for name in (
                re.findall(rf"\b{re.escape(receiver.name)}\.(\w+)", text) if "_list" in left.type else ()
            ):
                yield name, None
            continue
        name = text.removeprefix(f"{receiver.name}.")
        if name == text or not name.isidentifier() or right is None:
            continue
        values = read_value(right, context) if right.type != "assignment" else None
        yield name, _typed_values(values, params, declaration.name == "__init__")


def _typed_values(values: Values, params: Mapping[str, Param], is_init: bool) -> Values:
    """Put the annotation of a parameter in the place of its name."""
    if values is None:
        return None
    typed: list[Value] = []
    for value in values:
        param = params.get(value.name)
        if param is not None and param.kind in _COLLECTED:
            typed.append(Value(_COLLECTED[param.kind], "", value.steps))
        elif param is None or (param.type == UNANNOTATED and is_init):
            typed.append(value)
        elif param.type == UNANNOTATED:
            return None
        else:
            typed.append(Value(param.type, "", value.steps))
    return typed


def with_evidence(info: Info, evidence: Iterable[Evidence]) -> Info:
    """Return `info` with more evidence."""
    added = tuple(evidence)
    return evolve(info, evidence=(*info.evidence, *added)) if added else info
