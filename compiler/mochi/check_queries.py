"""Queries: `from x in xs where … select …`."""

from __future__ import annotations

from . import expressions as e
from . import tree
from .checks import Checks, is_bool, mismatch, refused
from .effects import find_impure_call, names_of
from .environment import RefusedError, Scope
from .relations import unify
from .types import (
    ANY,
    FLOAT,
    INT,
    STRING,
    Applied,
    Struct,
    Type,
    a,
    inner,
    is_,
    is_hashable,
    is_numeric,
    is_ordered,
    list_of,
    option_of,
    show,
)

_PAIR = Struct("pair_string", (("a", STRING), ("b", STRING)))


class QueryChecks(Checks):
    """The checks of queries."""

    def query(self, query: e.Query, scope: Scope, expected: Type | None) -> Type:
        """Return the list a query gives, or the number if it selects a sum or the like."""
        element = self._source(query.source, scope, query, "T032")
        inside = scope.child()
        inside.bind(query.name, element, mutable=True)
        names = [query.name]
        for source in query.froms:
            inside.bind(source.name, self._source(source.source, inside, source, "T034"), mutable=True)
            names.append(source.name)
        for join in query.joins:
            self._join(join, inside, names)
        self._filter(query.where, inside, "where", "T033")
        for word, expr in (("skip", query.skip), ("take", query.take)):
            if expr is not None:
                found = self.expr(expr, inside)
                if found != ANY and not unify(found, INT):
                    raise refused("T055", f"`{word}` takes an `int`, not {a(found)}", expr)
        rows = inside if query.group is None else self._group(query.group, element, inside)
        if query.sort is not None:
            self._sort(query.sort, rows)
        aggregate = None if query.group is not None else aggregate_call(query.select)
        selected = self._aggregate(query, aggregate, rows) if aggregate else self.expr(query.select, rows)
        if query.distinct and not is_hashable(selected):
            raise refused("T057", f"values of `{show(selected)}` cannot be told apart", query.select)
        result = selected if aggregate else list_of(selected)
        if expected is not None and not unify(result, expected):
            raise mismatch(query, expected, result)
        return result

    def _source(self, source: e.Expr, scope: Scope, node: tree.Node, code: str) -> Type:
        found = self.expr(source, scope)
        if not is_(found, "list", "group"):
            raise refused(code, f"a query goes over a list, not over {a(found)}", node)
        return inner(found)

    def _join(self, join: e.Join, scope: Scope, names: list[str]) -> None:
        """Bind the rows of a join; what may have no partner is an option afterwards."""
        scope.bind(join.name, self._source(join.source, scope, join, "T034"), mutable=True)
        found = self.expr(join.on, scope)
        if not is_bool(found):
            raise refused("T035", f"a condition is a `bool`, not {a(found)}", join.on)
        optional = {"left": [join.name], "right": names, "outer": [*names, join.name]}.get(
            join.side or "", []
        )
        for name in optional:
            ty = scope.find(name)
            if ty is not None and not is_(ty, "option"):
                scope.bind(name, option_of(ty), bool(scope.is_mutable(name)))
        names.append(join.name)

    def _filter(self, cond: e.Expr | None, scope: Scope, word: str, code: str) -> None:
        if cond is None:
            return
        found = self.expr(cond, scope)
        if found != ANY and not is_bool(found):
            raise refused(code, f"a condition is a `bool`, not {a(found)}", cond)
        if impure := find_impure_call(cond, scope):
            name, node, effects = impure
            raise refused(
                "T044", f"`{name}` has the effects {names_of(effects)}, which `{word}` must not", node
            )

    def _group(self, group: e.GroupBy, element: Type, scope: Scope) -> Scope:
        keys = [self.expr(key, scope) for key in group.keys[: 2 if len(group.keys) == 2 else 1]]
        key = keys[0] if len(keys) == 1 else _PAIR if keys == [STRING, STRING] else ANY
        inside = scope.child()
        inside.bind(group.name, Applied("group", (key, element)), mutable=True)
        self._filter(group.having, inside, "having", "T042")
        return inside

    def _sort(self, sort: e.Expr, scope: Scope) -> None:
        try:
            found = self.expr(sort, scope)
        except RefusedError:
            return
        if found != ANY and not is_ordered(found):
            raise refused("T056", f"values of `{show(found)}` have no order", sort)

    def _aggregate(self, query: e.Query, call: e.Call, scope: Scope) -> Type:
        found = self.expr(call.args[0], scope)
        if call.name != "count" and found != ANY and not is_numeric(found):
            code = "T041" if call.name in ("sum", "avg") else None
            raise refused(code, f"`{call.name}` takes numbers, not `{show(found)}`", query.select)
        return {"count": INT, "avg": FLOAT}.get(call.name, found)


def aggregate_call(select: e.Expr) -> e.Call | None:
    """Return the `sum(x)` or the like that is all of `select`."""
    match e.bare(select):
        case e.Call(name=("sum" | "avg" | "min" | "max" | "count"), args=(arg,)) as call:
            return None if _is_query(arg) else call
        case _:
            return None


def _is_query(expr: e.Expr) -> bool:
    match e.bare(expr):
        case e.Query() | e.LogicQuery():
            return True
        case e.Group(value=value):
            return _is_query(value)
        case _:
            return False
