"""Expressions: operators by precedence, and what is done to a primary."""

from __future__ import annotations

from . import expressions as e
from . import tree
from .bound_items import find_missing_arguments
from .check_primaries import PrimaryChecks, field_of
from .checks import is_bool, is_string, mismatch, refused
from .environment import RefusedError, Scope
from .narrowing import last_index, narrowings, split
from .relations import is_assignable, is_equal, unify
from .types import (
    ANY,
    BOOL,
    INT,
    INT64,
    STRING,
    Applied,
    Struct,
    Type,
    Union,
    a,
    inner,
    is_,
    is_numeric,
    key_of,
    list_of,
    numeric_join,
    option_of,
    show,
)

_LEVELS = (
    ("*", "/", "%"),
    ("+", "-"),
    ("<", "<=", ">", ">="),
    ("==", "!=", "in"),
    ("&&",),
    ("||",),
    ("??",),
    ("union", "except", "intersect"),
)
_LISTS = frozenset({"+", "union", "except", "intersect"})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class ExpressionChecks(PrimaryChecks):
    """The checks of whole expressions."""

    def expr(self, expr: e.Expr, scope: Scope, expected: Type | None = None) -> Type:
        """Return the type of `expr`; raises RefusedError, also where it does not fit `expected`."""
        found = self.operators(expr, scope, expected)
        if expected is not None and not unify(found, expected) and not is_assignable(found, expected):
            raise mismatch(expr, expected, found)
        return found

    def operators(self, expr: e.Expr, scope: Scope, expected: Type | None) -> Type:
        """Return the type of operands and operators."""
        if not expr.rest:
            return self.postfix(expr.left.value, scope, expected)
        for op in ("||", "&&"):
            if (at := last_index(expr, op)) is not None:
                return self._logical(expr, at, scope)
        operands = [self.postfix(expr.left.value, scope, expected)]
        operands += [self.postfix(each.right.value, scope, None) for each in expr.rest]
        operators = list(expr.rest)
        for level in _LEVELS:
            index = 0
            while index < len(operators):
                if operators[index].op in level:
                    left, right = operands[index : index + 2]
                    operands[index : index + 2] = [operate(operators.pop(index), left, right)]
                else:
                    index += 1
        return operands[0]

    def _logical(self, expr: e.Expr, at: int, scope: Scope) -> Type:
        """Check `&&` and `||`: the right side knows what the left one has proved."""
        left, right = split(expr, at)
        found = self.operators(left, scope, None)
        yes, no = narrowings(left, scope)
        proved = yes if expr.rest[at].op == "&&" else no
        return operate(expr.rest[at], found, self.operators(right, scope.narrow(proved), None))

    def postfix(self, postfix: e.Postfix, scope: Scope, expected: Type | None) -> Type:
        """Return the type of a primary and of what is done to it."""
        ty = self.primary(postfix.target, scope, None if postfix.ops else expected)
        for op in postfix.ops:
            match op:
                case e.Index():
                    ty = self.index(op, ty, scope, postfix.target)
                case e.CallOp():
                    if (error := find_missing_arguments(postfix, op, ty, self.bound, scope)) is not None:
                        scope.report_late(error)
                    ty = self.call_value(op, ty, scope)
                case e.Cast(type=ref):
                    target = scope.resolve(ref)
                    if not can_cast(ty, target):
                        raise refused("T046", f"{a(ty)} cannot be taken as `{show(target)}`", op)
                    ty = target
                case e.FieldOp(name=name):
                    ty = _field(ty, name, op)
                case e.SafeField(name=name):
                    ty = option_of(_safe_field(ty, name, op))
                case e.SafeIndex():
                    ty = option_of(self._safe_index(op, ty, scope))
        return ty

    def index(self, index: e.Index, ty: Type, scope: Scope, node: tree.Node) -> Type:
        """Return the type of an element or a slice of a `ty`."""
        match ty:
            case Applied("list", (element,)):
                if not index.colon and index.begin is None:
                    raise refused("T016", "the index is missing", index)
                self.integer(index.begin, scope, index)
                if not index.colon:
                    return element
                self.integer(index.stop, scope, index)
                return ty
            case Applied(("map" | "omap") as head, (key, value)):
                self.key(index, key, scope)
                return option_of(value) if head == "map" else value
            case _ if ty == STRING:
                if not index.colon and index.begin is None:
                    raise refused("T016", "the index is missing", index)
                self.integer(index.begin, scope, index)
                self.integer(index.stop, scope, index)
                return STRING
            case _ if ty == ANY:
                return ANY
            case _:
                raise refused("T018", f"{a(ty)} has no elements", node)

    def _safe_index(self, op: e.SafeIndex, ty: Type, scope: Scope) -> Type:
        if ty != ANY and not is_(ty, "option"):
            raise refused("T062", f"`?[` works on options, not on {a(ty)}", op)
        what = ANY if ty == ANY else inner(ty)
        if not (what == ANY or is_(what, "list", "map")):
            raise refused("T063", f"`?[` works on lists and maps, not on {a(what)}", op)
        key = self.expr(op.key, scope)
        if what == ANY:
            return ANY
        if is_(what, "list") and not (unify(key, INT) or unify(key, INT64)):
            raise refused("T015", f"an index is an `int`, not {a(key)}", op)
        if is_(what, "map") and not unify(key, key_of(what)):
            raise refused("T019", f"the keys of this map are `{show(key_of(what))}`, not `{show(key)}`", op)
        return inner(what)


def _field(ty: Type, name: str, node: tree.Node) -> Type:
    if ty == ANY:
        return ANY
    if isinstance(ty, Struct):
        return field_of(ty, name, node)
    raise refused("T027", f"{a(ty)} has no fields", node)


def _safe_field(ty: Type, name: str, node: tree.Node) -> Type:
    if ty == ANY:
        return ANY
    if not is_(ty, "option"):
        raise refused("T060", f"`?.` works on options, not on {a(ty)}", node)
    what = inner(ty)
    if what == ANY:
        return ANY
    if isinstance(what, Struct):
        return field_of(what, name, node)
    if is_(what, "map") and is_string(key_of(what)):
        return inner(what)
    raise refused("T061", f"{a(what)} has no fields", node)


def can_cast(source: Type, target: Type) -> bool:
    """Tell whether `as` takes a `source` for a `target`."""
    if is_equal(source, target) or ANY in (source, target):
        return True
    if is_numeric(source) and is_numeric(target):
        return True
    if isinstance(source, Union) and isinstance(target, Struct):
        return target.name in source.variants
    return is_(source, "map") and isinstance(target, Struct)


# --- operators ----------------------------------------------------------------------------


def operate(op: e.BinaryOp, left: Type, right: Type) -> Type:
    """Return the type of `left op right`."""
    word = op.op
    if ANY in (left, right):
        if word == "+" and (is_string(left) or is_string(right)):
            return STRING
        return BOOL if word in _COMPARISONS or word in ("&&", "||", "in") else ANY
    if word in _LISTS and is_(left, "list") and is_(right, "list"):
        if unify(inner(left), inner(right)):
            return list_of(inner(left))
        raise _wrong_operands(op, left, right)
    match word:
        case "+" | "-" | "*" | "/" | "%":
            joined = numeric_join(left, right)
            if joined is not None:
                return joined
            if word == "+" and (is_string(left) or is_string(right)):
                return STRING
        case "in":
            if _is_in(left, right):
                return BOOL
        case "&&" | "||":
            if is_bool(left) and is_bool(right):
                return BOOL
        case "??":
            if is_(left, "option") and (found := _default(inner(left), right)) is not None:
                return found
        case _ if word in _COMPARISONS:
            return _compare(op, left, right)
        case _:
            raise refused("T021", f"`{word}` is not defined for `{show(left)}` and `{show(right)}`", op)
    raise _wrong_operands(op, left, right)


def _wrong_operands(op: e.BinaryOp, left: Type, right: Type) -> RefusedError:
    return refused("T020", f"`{op.op}` does not work on `{show(left)}` and `{show(right)}`", op)


def _is_in(left: Type, right: Type) -> bool:
    if is_(right, "map", "set", "list"):
        return unify(left, key_of(right))
    return is_string(left) and is_string(right)


def _default(value: Type, default: Type) -> Type | None:
    """Return the type of `option ?? default`, None where the two do not fit."""
    if is_(default, "option"):
        return option_of(value) if unify(value, inner(default)) else option_of(ANY)
    return value if unify(value, default) else numeric_join(value, default)


def _compare(op: e.BinaryOp, left: Type, right: Type) -> Type:
    if unify(left, right) or (is_numeric(left) and is_numeric(right)):
        return BOOL
    if op.op in ("==", "!=") and is_(left, "option") != is_(right, "option"):
        other = right if is_(left, "option") else left
        raise refused("T059", f"an option is compared with {a(other)}, which is never none", op)
    raise refused("T013", f"{a(left)} cannot be compared with {a(right)}", op)
