"""Calls: how many arguments, of which types, and what comes out."""

from __future__ import annotations

from itertools import count
from typing import TypeAlias

from . import expressions as e
from . import tree
from .builtins import check_builtin_arguments, check_builtin_arity, result_of
from .checks import Checks, mismatch, refused
from .environment import RefusedError, Scope
from .relations import Subst, apply, is_same, unify, unify_with
from .types import ANY, BOOL, Applied, Func, Struct, Type, Var, a, free_vars, is_, key_of, show

_Call: TypeAlias = e.Call | e.CallOp

_fresh = count(1)


class CallChecks(Checks):
    """The checks of `name(args)` and of `(args)` behind an expression."""

    def call(self, call: e.Call, scope: Scope) -> Type:
        """Return the type of calling a plain name."""
        if call.name in ("has", "add") and len(call.args) == 2:
            found = self._set_call(call, scope)
            if found is not None:
                return found
        ty = scope.find(call.name)
        if ty is None:
            raise refused("T003", f"there is no function `{call.name}`", call)
        if not isinstance(ty, Func):
            raise refused("T004", f"`{call.name}` is {a(ty)} and cannot be called", call)
        subst: Subst = {}
        if ty.type_params:
            subst = {name: Var(f"{name}#{next(_fresh)}") for name in ty.type_params}
            instance = apply(subst, ty)
            assert isinstance(instance, Func)
            ty = instance
        builtin = not scope.is_user_function(call.name)
        if ty.variadic is None:
            if builtin:
                check_builtin_arity(call.name, len(call.args), call)
            self._refuse_surplus(call, ty)
            if len(call.args) == len(ty.params) and any(e.bare_name(arg) == "_" for arg in call.args):
                return self._partial(call, ty, subst, scope)
        args = self._arguments(call, ty, subst, scope)
        if builtin:
            check_builtin_arguments(call.name, args, call)
        result = result_of(call.name, args, apply(subst, ty.result))
        if ty.variadic is not None:
            return result
        if ty.type_params and len(args) == len(ty.params) and (left := free_vars(result, subst)):
            name = left[0].partition("#")[0]
            raise refused("T048", f"nothing says what the type parameter `{name}` of the result is", call)
        return _curry(ty.params[len(args) :], result)

    def call_value(self, call: e.CallOp, ty: Type, scope: Scope) -> Type:
        """Return the type of calling a value of type `ty`."""
        if not isinstance(ty, Func):
            if ty != ANY:
                raise refused("T004", f"{a(ty)} cannot be called", call)
            for arg in call.args:
                self.expr(arg, scope)
            return ANY
        self._refuse_surplus(call, ty)
        for index, (arg, expected) in enumerate(zip(call.args, ty.params, strict=False)):
            found = self.expr(arg, scope, expected)
            if not unify(found, expected):
                raise _wrong_argument(call, index, expected, found)
        return _curry(ty.params[len(call.args) :], ty.result)

    def _refuse_surplus(self, call: _Call, ty: Func) -> None:
        if len(call.args) > len(ty.params):
            takes = f"{len(ty.params)} argument{'s' if len(ty.params) != 1 else ''}"
            raise refused("T006", f"this function takes {takes}, not {len(call.args)}", call)

    def _set_call(self, call: e.Call, scope: Scope) -> Type | None:
        """Return the type of `has` and `add` on sets, which are tried before everything else."""
        try:
            first = self.expr(call.args[0], scope)
        except RefusedError:
            return None
        if not (is_(first, "set") or (call.name == "has" and is_(first, "omap"))):
            return None
        wanted = key_of(first)
        found = self.expr(call.args[1], scope)
        if not unify(wanted, found):
            raise mismatch(call.args[1], wanted, found)
        return BOOL if call.name == "has" else first

    def _partial(self, call: e.Call, ty: Func, subst: Subst, scope: Scope) -> Type:
        """Return the function that is left where some arguments are `_`."""
        left: list[Type] = []
        for index, (arg, param) in enumerate(zip(call.args, ty.params, strict=True)):
            expected = apply(subst, param)
            if e.bare_name(arg) == "_":
                left.append(expected)
                continue
            found = self.expr(arg, scope, expected)
            if not unify(found, expected):
                raise _wrong_argument(call, index, expected, found)
        return Func(tuple(left), apply(subst, ty.result))

    def _arguments(self, call: e.Call, ty: Func, subst: Subst, scope: Scope) -> list[Type]:
        """Check the arguments in order and add to `subst` what they say about type parameters."""
        found: list[Type] = []
        for index, arg in enumerate(call.args):
            fixed = index < len(ty.params)
            declared = ty.params[index] if fixed else ty.variadic
            assert declared is not None, "a surplus is refused before"
            expected = apply(subst, declared)
            actual = self.expr(arg, scope, None if free_vars(declared, {}) else expected)
            found.append(actual)
            solved = unify_with(actual, expected, subst)
            if solved is not None:
                subst.update(solved)
            elif not unify(actual, expected):
                if ty.type_params and (names := free_vars(declared, {})):
                    name = names[0].partition("#")[0]
                    message = f"`{name}` is `{show(expected)}` by an earlier argument, not `{show(actual)}`"
                    raise refused("T047", message, call)
                raise _wrong_argument(call, index, expected, actual)
            if fixed:
                check_alias(arg, actual, apply(subst, declared), call)
        return found


def check_alias(source: e.Expr, found: Type, target: Type, node: tree.Node) -> None:
    """Refuse to pass or bind a stored collection as one of other elements.

    Both names would share it, and what is written through one would not fit the other.
    """
    label = storage_label(source)
    if label and is_aggregate(found) and is_aggregate(target) and not is_same(found, target):
        message = f"`{label}` is {a(found)} and cannot be shared as `{show(target)}`"
        raise refused("T052", message, node)


def is_aggregate(ty: Type) -> bool:
    """Tell whether values of `ty` are shared, not copied."""
    return isinstance(ty, Struct) or is_(ty, "list", "map")


def storage_label(expr: e.Expr | None) -> str:
    """Return how `expr` names a stored value, empty where it makes a new one."""
    if expr is None or expr.rest or expr.left.ops:
        return ""
    target = expr.left.value.target
    if not isinstance(target, e.Selector):
        return ""
    label = ".".join((target.root, *target.tail))
    for op in expr.left.value.ops:
        match op:
            case e.FieldOp(name=name):
                label += f".{name}"
            case e.Index():
                label += "[…]"
            case _:
                return ""
    return label


def check_literal_aliases(checks: Checks, expr: e.Expr | None, scope: Scope, expected: Type) -> None:
    """Apply `check_alias` to the elements of literals, at any depth."""
    match e.bare(expr), expected:
        case e.ListLiteral(items=items), Applied("list", (element,)):
            each = [(item, element) for item in items]
        case e.MapLiteral(items=entries, ordered=False), Applied("map", (_, value)):
            each = [(entry.value, value) for entry in entries]
        case _:
            return
    for item, wanted in each:
        if storage_label(item) and is_aggregate(wanted):
            try:
                found = checks.expr(item, scope)
            except RefusedError:
                continue
            check_alias(item, found, wanted, item)
        check_literal_aliases(checks, item, scope, wanted)


def _curry(params: tuple[Type, ...], result: Type) -> Type:
    """Return what is left when too few arguments were given: one function per parameter."""
    for param in reversed(params):
        result = Func((param,), result)
    return result


def _wrong_argument(call: _Call, index: int, expected: Type, found: Type) -> RefusedError:
    message = f"argument {index + 1} is {a(found)}, where `{show(expected)}` is expected"
    return RefusedError("T007", message, call)
