"""An independent reading of a Python file with libcst, to hold the stub frontend against.

It shares no code with the frontend: another parser, and conditions are decided by running
them. Where a condition cannot be decided, what its branches define is *possible* instead of
*certain*.
"""

from __future__ import annotations

import types
from collections import defaultdict
from collections.abc import Iterable
from typing import final

import libcst as cst
from attrs import Factory, define, frozen

_MODULE = cst.Module([])
_PLATFORM = types.SimpleNamespace(
    version_info=(3, 13, 0), platform="linux", implementation=types.SimpleNamespace(name="cpython")
)
_NAMES = {
    "sys": _PLATFORM,
    "typing": types.SimpleNamespace(TYPE_CHECKING=True),
    "t": types.SimpleNamespace(TYPE_CHECKING=True),
    "os": types.SimpleNamespace(name="posix"),
    "TYPE_CHECKING": True,
    "__name__": "module",
    "__debug__": True,
    "__builtins__": {},
}


@final
@frozen
class Parameter:
    """A parameter's name, kind as in `ParamKind.value`, and whether it has a default."""

    name: str
    kind: str
    has_default: bool


@final
@frozen
class FunctionShape:
    """What a `def` statement says. `decorators` are the last parts of their names."""

    parameters: tuple[Parameter, ...]
    decorators: tuple[str, ...]
    is_async: bool
    has_result: bool


@final
@frozen
class ClassShape:
    """What a `class` statement says. `bases` are the last parts of dotted names, else empty."""

    bases: tuple[str, ...]
    keywords: tuple[str, ...]
    decorators: tuple[str, ...]


@final
@define
class Shapes:
    """Everything that a file declares, by dotted name inside the module."""

    functions: dict[str, list[FunctionShape]] = Factory(lambda: defaultdict(list))
    classes: dict[str, list[ClassShape]] = Factory(lambda: defaultdict(list))
    annotated: set[str] = Factory(set)
    rebound: set[str] = Factory(set)
    uncertain: set[str] = Factory(set)


def read_shapes(text: str) -> Shapes:
    """Return the declarations of a module."""
    shapes = Shapes()
    _read_body(cst.parse_module(text).body, "", True, shapes)
    return shapes


def _read_body(body: object, prefix: str, certain: bool, shapes: Shapes) -> None:
    assert isinstance(body, Iterable)
    for statement in body:
        match statement:
            case cst.FunctionDef():
                _record(prefix + statement.name.value, certain, shapes)
                shapes.functions[prefix + statement.name.value].append(_function(statement))
            case cst.ClassDef():
                name = prefix + statement.name.value
                _record(name, certain, shapes)
                shapes.classes[name].append(_class(statement))
                if isinstance(statement.body, cst.IndentedBlock):
                    _read_body(statement.body.body, f"{name}.", certain, shapes)
            case cst.If():
                _read_if(statement, prefix, certain, shapes)
            case cst.Try() | cst.TryStar():
                _read_block(statement.body, prefix, certain, shapes)
                for handler in statement.handlers:
                    _read_block(handler.body, prefix, False, shapes)
                for part in (statement.orelse, statement.finalbody):
                    if part is not None:
                        _read_block(part.body, prefix, certain, shapes)
            case cst.With():
                _read_block(statement.body, prefix, certain, shapes)
            case cst.SimpleStatementLine():
                for small in statement.body:
                    _read_small(small, prefix, certain, shapes)


def _read_block(block: object, prefix: str, certain: bool, shapes: Shapes) -> None:
    if isinstance(block, cst.IndentedBlock):
        _read_body(block.body, prefix, certain, shapes)
    elif isinstance(block, cst.SimpleStatementSuite):
        for small in block.body:
            _read_small(small, prefix, certain, shapes)


def _read_if(statement: cst.If, prefix: str, certain: bool, shapes: Shapes) -> None:
    part: cst.If | cst.Else | None = statement
    while isinstance(part, cst.If):
        holds = _decide(_MODULE.code_for_node(part.test))
        if holds is not False:
            certain &= holds is True
            _read_block(part.body, prefix, certain, shapes)
        if holds is True:
            return
        part = part.orelse
    if isinstance(part, cst.Else):
        _read_block(part.body, prefix, certain, shapes)


def _decide(condition: str) -> bool | None:
    try:
        return bool(eval(condition, dict(_NAMES)))
    except Exception:
        return None


def _read_small(small: object, prefix: str, certain: bool, shapes: Shapes) -> None:
    match small:
        case cst.AnnAssign(target=cst.Name(value=name)):
            if certain:
                shapes.annotated.add(prefix + name)
            shapes.rebound.add(prefix + name)
        case cst.Assign(targets=targets):
            for target in targets:
                for name in _names(target.target):
                    shapes.rebound.add(prefix + name)
        case cst.Del(target=target):
            shapes.rebound.update(prefix + name for name in _names(target))
        case cst.Import(names=names) | cst.ImportFrom(names=names) if not isinstance(names, cst.ImportStar):
            for alias in names:
                bound = alias.asname.name if alias.asname else alias.name
                shapes.rebound.add(prefix + _MODULE.code_for_node(bound).partition(".")[0])
        case cst.TypeAlias(name=cst.Name(value=name)):
            shapes.rebound.add(prefix + name)
        case _:
            pass


def _names(target: cst.CSTNode) -> list[str]:
    match target:
        case cst.Name(value=name):
            return [name]
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            return [name for element in elements for name in _names(element.value)]
        case _:
            return []


def _record(name: str, certain: bool, shapes: Shapes) -> None:
    if not certain:
        shapes.uncertain.add(name)


def _function(node: cst.FunctionDef) -> FunctionShape:
    return FunctionShape(
        _parameters(node.params),
        tuple(_last_name(d.decorator) for d in node.decorators),
        node.asynchronous is not None and not _yields(node),
        node.returns is not None,
    )


def _yields(node: cst.FunctionDef) -> bool:
    """Tell whether the body is that of a generator; functions and classes in it have bodies of their own."""
    pending: list[cst.CSTNode] = [node.body]
    while pending:
        for child in pending.pop().children:
            if isinstance(child, cst.Yield):
                return True
            if not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda):
                pending.append(child)
    return False


def _parameters(params: cst.Parameters) -> tuple[Parameter, ...]:
    found = [Parameter(p.name.value, "/", p.default is not None) for p in params.posonly_params]
    found += [Parameter(p.name.value, "", p.default is not None) for p in params.params]
    if isinstance(params.star_arg, cst.Param):
        found.append(Parameter(params.star_arg.name.value, "*", False))
    found += [Parameter(p.name.value, "kw", p.default is not None) for p in params.kwonly_params]
    if params.star_kwarg is not None:
        found.append(Parameter(params.star_kwarg.name.value, "**", False))
    hidden = [
        i
        for i, p in enumerate(found)
        if p.kind == "" and p.name.startswith("__") and not p.name.endswith("__")
    ]
    # The convention from before PEP 570 holds for a run at the start, behind a receiver.
    run = 0
    for i, p in enumerate(found):
        if i in hidden:
            run = i + 1
        elif i > 0 or p.name not in ("self", "cls", "mcs", "metacls"):
            break
    return tuple(
        Parameter(p.name, "/" if i < run and p.kind == "" else p.kind, p.has_default)
        for i, p in enumerate(found)
    )


def _class(node: cst.ClassDef) -> ClassShape:
    return ClassShape(
        # `class A(*bases)` has bases that nobody can know; the IR says so with `typing.Unpack`.
        tuple("Unpack" if b.star == "*" else _last_name(b.value) for b in node.bases if b.star != "**"),
        tuple(k.keyword.value for k in node.keywords if k.keyword is not None),
        tuple(_last_name(d.decorator) for d in node.decorators),
    )


def _last_name(node: cst.CSTNode) -> str:
    """Return the last part of a dotted name, looking through calls and subscripts."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Call(func=func):
            return _last_name(func)
        case cst.Subscript(value=value):
            return _last_name(value)
        case _:
            return ""
