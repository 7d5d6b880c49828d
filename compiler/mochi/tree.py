"""The tree of a Mochi program: a class for each rule of `mochi.peg`, a field for each capture.

`start` and `end` are indices of tokens. Expressions stand in `expressions.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

from attrs import frozen

if TYPE_CHECKING:
    from .expressions import Expr, Index, MapLiteral, NamedValue


@frozen(kw_only=True)
class Node:
    """Where a part of the program stands; every class below is one."""

    start: int
    end: int


@final
@frozen(kw_only=True)
class TypeRef(Node):
    """A type where it is used; one of the fields before `optional` is set."""

    fun: FunType | None = None
    stream: TypeRef | None = None
    generic: Generic | None = None
    struct: InlineStruct | None = None
    element: TypeRef | None = None
    name: str | None = None
    optional: bool = False


@final
@frozen(kw_only=True)
class FunType(Node):
    """`fun(T, U): R`."""

    params: tuple[TypeRef, ...] = ()
    result: TypeRef | None = None


@final
@frozen(kw_only=True)
class Generic(Node):
    """`name<T, U>`."""

    name: str
    args: tuple[TypeRef, ...] = ()


@final
@frozen(kw_only=True)
class InlineStruct(Node):
    """`{ a: T, b: U }` as a type."""

    fields: tuple[Field, ...] = ()


@final
@frozen(kw_only=True)
class Field(Node):
    """`name: T`."""

    name: str
    type: TypeRef


@final
@frozen(kw_only=True)
class Variant(Node):
    """One case of a union; a `VariantHead` of the grammar too."""

    name: str
    fields: tuple[Field, ...] = ()


@final
@frozen(kw_only=True)
class TypeDecl(Node):
    """`type name …`: a record, a union or an alias."""

    name: str
    members: tuple[Field | Fun, ...] = ()
    variants: tuple[Variant, ...] = ()
    alias: TypeRef | None = None


@final
@frozen(kw_only=True)
class Param(Node):
    """A parameter; without a type it takes anything."""

    name: str
    type: TypeRef | None = None


@final
@frozen(kw_only=True)
class Import(Node):
    """`import language "path" as alias auto ! effects`."""

    language: str | None = None
    path: str
    alias: str | None = None
    auto: bool = False
    effects: tuple[str, ...] = ()


@final
@frozen(kw_only=True)
class Binding(Node):
    """`let` or, when `mutable`, `var`."""

    name: str
    type: TypeRef | None = None
    value: Expr | None = None
    mutable: bool = False


@final
@frozen(kw_only=True)
class Fun(Node):
    """`fun name(…) { … }`, also as a method and as the body of an `intent`."""

    name: str
    export: bool = False
    type_params: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    result: TypeRef | None = None
    effects: tuple[str, ...] = ()
    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class ExternName(Node):
    """`extern type` or `extern object`: nothing to the checker."""

    kind: str
    name: str


@final
@frozen(kw_only=True)
class ExternVar(Node):
    """`extern let a.b: T`."""

    parts: tuple[str, ...] = ()
    type: TypeRef


@final
@frozen(kw_only=True)
class ExternFun(Node):
    """An extern function. `kind` is the word of the decls in Mochi's own dump."""

    kind: str
    parts: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    result: TypeRef | None = None
    alias: str = ""

    @property
    def name(self) -> str:
        """The name that calls use."""
        if self.kind == "extern_java_fun":
            return self.alias
        return ("." if self.kind == "extern_fun" else "_").join(self.parts)


@final
@frozen(kw_only=True)
class Agent(Node):
    """`agent name { … }`."""

    name: str
    body: tuple[OnClose | Binding | Assign | On | Fun, ...] = ()


@final
@frozen(kw_only=True)
class OnClose(Node):
    """`on close { … }` of an agent."""

    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class StreamType(Node):
    """`stream name { … }`."""

    name: str
    fields: tuple[Field, ...] = ()


@final
@frozen(kw_only=True)
class Model(Node):
    """`model name { … }`."""

    name: str
    fields: tuple[NamedValue, ...] = ()


@final
@frozen(kw_only=True)
class Logic(Node):
    """`fact` or `rule`, which are not checked."""


# --- statements ---------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class Block(Node):
    """`test "name" { … }` or `bench "name" { … }`."""

    name: str
    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class Expect(Node):
    """`expect value`."""

    value: Expr


@final
@frozen(kw_only=True)
class If(Node):
    """`if cond { … } else …`."""

    cond: Expr
    then: tuple[Statement, ...] = ()
    else_if: If | None = None
    orelse: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class While(Node):
    """`while cond { … }`."""

    cond: Expr
    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class Try(Node):
    """`try { … } catch name { … }`."""

    name: str
    body: tuple[Statement, ...] = ()
    handler: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class For(Node):
    """`for name in source { … }` or `for name in source..end { … }`."""

    name: str
    source: Expr
    stop: Expr | None = None
    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class On(Node):
    """`on stream as name { … }`."""

    stream: str
    name: str
    body: tuple[Statement, ...] = ()


@final
@frozen(kw_only=True)
class Emit(Node):
    """`emit stream { … }`."""

    stream: str
    fields: tuple[NamedValue, ...] = ()


@final
@frozen(kw_only=True)
class EmitCall(Node):
    """`emit(stream, value)`."""

    stream: Expr
    value: Expr


@final
@frozen(kw_only=True)
class Assign(Node):
    """`name[i].f = value`."""

    name: str
    indexes: tuple[Index, ...] = ()
    fields: tuple[str, ...] = ()
    value: Expr


@final
@frozen(kw_only=True)
class Return(Node):
    """`return value`."""

    value: Expr | None = None


@final
@frozen(kw_only=True)
class Jump(Node):
    """`break` or `continue`."""

    word: str


@final
@frozen(kw_only=True)
class FetchInto(Node):
    """`fetch url into target with options`."""

    url: Expr
    target: str
    options: Expr | None = None


@final
@frozen(kw_only=True)
class Update(Node):
    """`update target set { … } where …`."""

    target: str
    values: MapLiteral
    where: Expr | None = None


@final
@frozen(kw_only=True)
class ExprStatement(Node):
    """An expression that is evaluated for what it does."""

    value: Expr


Statement: TypeAlias = (
    Block
    | Expect
    | Agent
    | StreamType
    | Model
    | Import
    | TypeDecl
    | ExternName
    | ExternVar
    | ExternFun
    | Logic
    | On
    | Emit
    | EmitCall
    | Binding
    | Assign
    | Fun
    | Return
    | If
    | While
    | Try
    | For
    | Jump
    | FetchInto
    | Update
    | ExprStatement
)


@final
@frozen(kw_only=True)
class Program(Node):
    """A whole file."""

    package: str = ""
    statements: tuple[Statement, ...] = ()
