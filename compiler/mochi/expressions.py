"""The expressions of a Mochi program: see `tree.py` for what the classes have in common."""

from __future__ import annotations

from typing import TypeAlias, final

from attrs import frozen

from .tree import Node, Param, Statement, TypeRef


@final
@frozen(kw_only=True)
class Expr(Node):
    """Operands and binary operators in the order of the text, precedence not yet applied."""

    left: Unary
    rest: tuple[BinaryOp, ...] = ()


@final
@frozen(kw_only=True)
class BinaryOp(Node):
    """An operator and its right operand; `all` is `union all`."""

    op: str
    all: bool = False
    right: Unary


@final
@frozen(kw_only=True)
class Unary(Node):
    """`-` and `!` before an operand."""

    ops: tuple[str, ...] = ()
    value: Postfix


@final
@frozen(kw_only=True)
class Postfix(Node):
    """A primary and what is done to it."""

    target: Primary
    ops: tuple[PostfixOp, ...] = ()


@final
@frozen(kw_only=True)
class CallOp(Node):
    """`(args)` behind anything but a plain name."""

    args: tuple[Expr, ...] = ()


@final
@frozen(kw_only=True)
class SafeField(Node):
    """`?.name`."""

    name: str


@final
@frozen(kw_only=True)
class SafeIndex(Node):
    """`?[key]`."""

    key: Expr


@final
@frozen(kw_only=True)
class FieldOp(Node):
    """`.name` behind anything but a plain name."""

    name: str


@final
@frozen(kw_only=True)
class Cast(Node):
    """`as T`."""

    type: TypeRef


@final
@frozen(kw_only=True)
class Index(Node):
    """`[begin]` or, with `colon`, a slice."""

    begin: Expr | None = None
    colon: bool = False
    stop: Expr | None = None
    step: Expr | None = None


PostfixOp: TypeAlias = CallOp | SafeField | SafeIndex | Index | FieldOp | Cast


@final
@frozen(kw_only=True)
class Group(Node):
    """`(value)`."""

    value: Expr


@final
@frozen(kw_only=True)
class Literal(Node):
    """A literal; `kind` is `int`, `float`, `bool`, `text` or `none`."""

    kind: str
    value: str


@final
@frozen(kw_only=True)
class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...] = ()


@final
@frozen(kw_only=True)
class SetLiteral(Node):
    """`set{a, b}`."""

    items: tuple[Expr, ...] = ()


@final
@frozen(kw_only=True)
class MapEntry(Node):
    """`key: value`."""

    key: Expr
    value: Expr


@final
@frozen(kw_only=True)
class MapLiteral(Node):
    """`{k: v}`; `ordered` for `omap{k: v}`."""

    items: tuple[MapEntry, ...] = ()
    ordered: bool = False


@final
@frozen(kw_only=True)
class NamedValue(Node):
    """`name: value`."""

    name: str
    value: Expr


@final
@frozen(kw_only=True)
class StructLiteral(Node):
    """`Name { a: 1 }`."""

    name: str
    fields: tuple[NamedValue, ...] = ()


@final
@frozen(kw_only=True)
class Selector(Node):
    """`root.tail.tail`."""

    root: str
    tail: tuple[str, ...] = ()


@final
@frozen(kw_only=True)
class Call(Node):
    """`name(args)`."""

    name: str
    args: tuple[Expr, ...] = ()


@final
@frozen(kw_only=True)
class Generate(Node):
    """`generate target { … }`."""

    target: str
    fields: tuple[NamedValue, ...] = ()


@final
@frozen(kw_only=True)
class Fetch(Node):
    """`fetch url with options`."""

    url: Expr
    options: Expr | None = None


@final
@frozen(kw_only=True)
class Spawn(Node):
    """`spawn agent(args)`."""

    agent: str
    args: tuple[Expr, ...] = ()


@final
@frozen(kw_only=True)
class Async(Node):
    """`async value`."""

    value: Expr


@final
@frozen(kw_only=True)
class Await(Node):
    """`await value`."""

    value: Expr


@final
@frozen(kw_only=True)
class Load(Node):
    """`load "path" as T with options`."""

    path: str | None = None
    type: TypeRef
    options: Expr | None = None


@final
@frozen(kw_only=True)
class Save(Node):
    """`save source to "path" with options`."""

    source: Expr
    path: str | None = None
    options: Expr | None = None


@final
@frozen(kw_only=True)
class From(Node):
    """`from name in source` within a query."""

    name: str
    source: Expr


@final
@frozen(kw_only=True)
class Join(Node):
    """`join name in source on …`; `side` is `left`, `right`, `outer` or None."""

    side: str | None = None
    name: str
    source: Expr
    on: Expr


@final
@frozen(kw_only=True)
class GroupBy(Node):
    """`group by keys into name having …`."""

    keys: tuple[Expr, ...] = ()
    name: str
    having: Expr | None = None


@final
@frozen(kw_only=True)
class Query(Node):
    """`from name in source … select …`."""

    name: str
    source: Expr
    froms: tuple[From, ...] = ()
    joins: tuple[Join, ...] = ()
    where: Expr | None = None
    group: GroupBy | None = None
    sort: Expr | None = None
    skip: Expr | None = None
    take: Expr | None = None
    distinct: bool = False
    select: Expr


@final
@frozen(kw_only=True)
class LogicQuery(Node):
    """`query pred(…)`."""


@final
@frozen(kw_only=True)
class MatchCase(Node):
    """`pattern when guard => result` or `pattern => { … }`."""

    pattern: Expr
    guard: Expr | None = None
    result: Expr | None = None
    block: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class Match(Node):
    """`match target { … }`."""

    target: Expr
    cases: tuple[MatchCase, ...] = ()


@final
@frozen(kw_only=True)
class IfExpr(Node):
    """`if cond { then } else …` or `if cond then … else …`."""

    cond: Expr
    then: Expr
    else_if: IfExpr | None = None
    orelse: Expr | None = None


@final
@frozen(kw_only=True)
class FunExpr(Node):
    """`fun(x) => value` or `fun(x) { … }`."""

    type_params: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    result: TypeRef | None = None
    effects: tuple[str, ...] = ()
    body: tuple[Statement, ...] = ()
    value: Expr | None = None


Primary: TypeAlias = (
    StructLiteral
    | Call
    | Query
    | LogicQuery
    | IfExpr
    | Selector
    | ListLiteral
    | SetLiteral
    | MapLiteral
    | FunExpr
    | Match
    | Generate
    | Fetch
    | Spawn
    | Async
    | Await
    | Load
    | Save
    | Literal
    | Group
)


def bare(expr: Expr | None) -> Primary | None:
    """Return the primary that is all of `expr`: no operators, nothing done to it; else None."""
    if expr is None or expr.rest or expr.left.ops or expr.left.value.ops:
        return None
    return expr.left.value.target


def bare_name(expr: Expr | None) -> str:
    """Return the name that is all of `expr`, or an empty text."""
    match bare(expr):
        case Selector(root=root, tail=()):
            return root
    return ""


def text_key(expr: Expr) -> str | None:
    """Return the key that a bare name or a string stands for."""
    match bare(expr):
        case Selector(root=root, tail=()):
            return root
        case Literal(kind="text", value=value):
            return value
    return None
