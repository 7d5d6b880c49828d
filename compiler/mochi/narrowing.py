"""What a condition proves: `x != none` makes an option `x` a plain value where it holds."""

from __future__ import annotations

from ...ir.parts import evolve
from . import expressions as e
from .environment import Scope
from .types import Applied, Type

Proved = dict[str, Type]


def narrowings(cond: e.Expr, scope: Scope) -> tuple[Proved, Proved]:
    """Return what is known of options where `cond` is true, and where it is false."""
    if (at := last_index(cond, "||")) is not None:
        left, right = split(cond, at)
        no = narrowings(left, scope)[1]
        return {}, {**no, **narrowings(right, scope.narrow(no))[1]}
    if (at := last_index(cond, "&&")) is not None:
        left, right = split(cond, at)
        yes = narrowings(left, scope)[0]
        return {**yes, **narrowings(right, scope.narrow(yes))[0]}, {}
    if len(cond.rest) != 1 or cond.rest[0].op not in ("==", "!="):
        return {}, {}
    name = _compared_with_none(cond.left, cond.rest[0].right)
    ty = scope.find(name) if name else None
    if not (isinstance(ty, Applied) and ty.head == "option"):
        return {}, {}
    proved = {name: ty.args[0]}
    return (proved, {}) if cond.rest[0].op == "!=" else ({}, proved)


def last_index(expr: e.Expr, op: str) -> int | None:
    """Return the index of the last operator `op` of `expr`."""
    return next((i for i in range(len(expr.rest) - 1, -1, -1) if expr.rest[i].op == op), None)


def split(expr: e.Expr, index: int) -> tuple[e.Expr, e.Expr]:
    """Return the operands of the operator at `index`."""
    op = expr.rest[index]
    left = evolve(expr, rest=expr.rest[:index])
    return left, e.Expr(start=op.right.start, end=expr.end, left=op.right, rest=expr.rest[index + 1 :])


def is_none(expr: e.Expr) -> bool:
    """Tell whether `expr` is the literal `none`."""
    match e.bare(expr):
        case e.Literal(kind="none"):
            return True
        case _:
            return False


def _compared_with_none(left: e.Unary, right: e.Unary) -> str:
    for value, other in ((left, right), (right, left)):
        match _target(value), _target(other):
            case e.Selector(root=root, tail=()), e.Literal(kind="none"):
                return root
            case _:
                pass
    return ""


def _target(unary: e.Unary) -> e.Primary | None:
    return None if unary.ops or unary.value.ops else unary.value.target
