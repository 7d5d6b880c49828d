"""Effects: which functions print, read files, look at the clock.

An effect set is an int with a bit for each label, as in Mochi.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import expressions as e
from . import tree
from .environment import RefusedError, Scope
from .types import ANY, Func

_LABELS = ("io", "fs", "net", "time", "meta")
FS, NET = 1 << _LABELS.index("fs"), 1 << _LABELS.index("net")


def bits_of(labels: Iterable[str]) -> int:
    """Return the set of the labels that Mochi knows."""
    return sum(1 << _LABELS.index(label) for label in set(labels) if label in _LABELS)


def names_of(effects: int) -> str:
    """Return the labels of a set for a message."""
    return ", ".join(label for bit, label in enumerate(_LABELS) if effects >> bit & 1) or "none"


def unknown_labels(labels: Iterable[str], node: tree.Node) -> list[RefusedError]:
    """Return an error for each label that Mochi does not know."""
    known = ", ".join(_LABELS)
    return [
        RefusedError("T064", f"there is no effect `{label}`, only {known}", node)
        for label in labels
        if label not in _LABELS
    ]


def of_function(params: tuple[tree.Param, ...], body: tuple[tree.Statement, ...], scope: Scope) -> int:
    """Return the effects of calling a function with that body."""
    inside = scope.child()
    for param in params:
        inside.bind(param.name, scope.resolve(param.type) if param.type is not None else ANY)
    return _of_block(body, inside)


def of_lambda(fun: e.FunExpr, scope: Scope) -> int:
    """Return the effects of calling a function value."""
    found = of_function(fun.params, fun.body, scope)
    if fun.value is not None:
        inside = scope.child()
        for param in fun.params:
            inside.bind(param.name, scope.resolve(param.type) if param.type is not None else ANY)
        found |= of_expr(fun.value, inside)
    return found


def _of_block(body: tuple[tree.Statement, ...], scope: Scope) -> int:
    found = 0
    for statement in body:
        found |= _of_statement(statement, scope)
    return found


def _of_statement(statement: tree.Statement, scope: Scope) -> int:
    match statement:
        case tree.Binding(value=value) | tree.Return(value=value):
            return of_expr(value, scope)
        case tree.ExprStatement(value=value):
            return of_expr(value, scope)
        case tree.Assign(value=value, indexes=indexes):
            return of_expr(value, scope) | _of_indexes(indexes, scope)
        case tree.If(cond=cond, then=then, else_if=else_if, orelse=orelse):
            inner = _of_statement(else_if, scope) if else_if is not None else 0
            return of_expr(cond, scope) | _of_block(then, scope) | inner | _of_block(orelse, scope)
        case tree.While(cond=cond, body=body):
            return of_expr(cond, scope) | _of_block(body, scope)
        case tree.For(source=source, stop=stop, body=body):
            return of_expr(source, scope) | of_expr(stop, scope) | _of_block(body, scope)
        case tree.Update(values=values, where=where):
            found = of_expr(where, scope)
            for entry in values.items:
                found |= of_expr(entry.value, scope)
            return found
        case tree.FetchInto(url=url, options=options):
            return NET | of_expr(url, scope) | of_expr(options, scope)
        case _:
            return 0


def _of_indexes(indexes: Iterable[e.Index], scope: Scope) -> int:
    found = 0
    for index in indexes:
        found |= of_expr(index.begin, scope) | of_expr(index.stop, scope)
    return found


def of_expr(expr: e.Expr | None, scope: Scope) -> int:
    """Return the effects of evaluating `expr`."""
    if expr is None:
        return 0
    found = 0
    for unary in (expr.left, *(op.right for op in expr.rest)):
        found |= _of_postfix(unary.value, scope)
    return found


def _of_postfix(postfix: e.Postfix, scope: Scope) -> int:
    found = _of_primary(postfix.target, scope)
    for op in postfix.ops:
        if isinstance(op, e.CallOp):
            found |= _of_args(op.args, scope)
            if isinstance(postfix.target, e.Selector) and not postfix.target.tail:
                found |= _of_value(postfix.target.root, scope)
        elif isinstance(op, e.Index):
            found |= _of_indexes((op,), scope)
    return found


def _of_primary(primary: e.Primary, scope: Scope) -> int:
    match primary:
        case e.Call(name=name, args=args):
            return _of_value(name, scope) | _of_args(args, scope)
        case e.Group(value=value):
            return of_expr(value, scope)
        case e.Fetch():
            return NET
        case e.Load() | e.Save():
            return FS
        case _:
            return 0


def _of_args(args: tuple[e.Expr, ...], scope: Scope) -> int:
    """Return the effects of the arguments, and of calling those that are functions."""
    found = 0
    for arg in args:
        found |= of_expr(arg, scope)
        match e.bare(arg):
            case e.FunExpr() as fun:
                found |= of_lambda(fun, scope)
            case e.Selector(root=root, tail=()):
                found |= _of_value(root, scope)
            case _:
                pass
    return found


def _of_value(name: str, scope: Scope) -> int:
    ty = scope.find(name)
    return ty.effects if isinstance(ty, Func) else 0


# --- the first call with effects ----------------------------------------------------------


def find_impure_call(expr: e.Expr | None, scope: Scope) -> tuple[str, tree.Node, int] | None:
    """Return the name, place and effects of the first such call; only the left operand is searched."""
    if expr is None:
        return None
    postfix = expr.left.value
    target = postfix.target
    if isinstance(target, e.Call):
        if effects := _of_value(target.name, scope):
            return target.name, target, effects
        for arg in target.args:
            if found := find_impure_call(arg, scope):
                return found
    elif isinstance(target, e.Group) and (found := find_impure_call(target.value, scope)):
        return found
    for op in postfix.ops:
        called = target.root if isinstance(op, e.CallOp) and isinstance(target, e.Selector) else ""
        if called and (effects := _of_value(called, scope)):
            return called, target, effects
    return None


def has_impure_call(statement: tree.Statement, scope: Scope) -> bool:
    """Tell whether what `statement` evaluates itself, bodies aside, calls something with effects."""
    return any(find_impure_call(expr, scope) for expr in _evaluated(statement))


def _evaluated(statement: tree.Statement) -> Iterable[e.Expr | None]:
    match statement:
        case tree.Binding(value=value) | tree.Return(value=value):
            return (value,)
        case tree.ExprStatement(value=value):
            return (value,)
        case tree.Assign(value=value, indexes=indexes):
            return (value, *(part for index in indexes for part in (index.begin, index.stop)))
        case tree.If(cond=cond) | tree.While(cond=cond):
            return (cond,)
        case tree.For(source=source, stop=stop):
            return (source, stop)
        case tree.Update(values=values, where=where):
            return (where, *(entry.value for entry in values.items))
        case _:
            return ()
