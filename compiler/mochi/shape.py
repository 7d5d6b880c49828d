"""What Mochi refuses of programs that its grammar allows: imports, useless statements, patterns.

Mochi walks a program twice for this and leaves out the same parts as this module: `try`, `on`,
`intent` and methods are not entered, nor are set literals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NoReturn, final

from attrs import frozen

from . import expressions as e
from . import tree
from .import_paths import check_import_path
from .lexer import Tokens
from .problem import Problem, ProblemError

LANGUAGES = frozenset(
    ["go", "python", "typescript", "zig", "lua", "clj", "clojure", "rust", "kotlin", "erlang", "java"]
)


def check_shape(program: tree.Program, tokens: Tokens) -> None:
    """Raise ProblemError for the first part of `program` that Mochi's parser refuses."""
    checker = _Shape(tokens)
    for statement in program.statements:
        checker.statement(statement)
    for statement in program.statements:
        checker.bodies(statement)


@final
@frozen
class _Shape:
    tokens: Tokens

    def refuse(self, code: str, message: str, node: tree.Node) -> NoReturn:
        start = self.tokens.starts[node.start]
        end = self.tokens.ends[max(node.end - 1, node.start)]
        raise ProblemError(Problem(code, message, start, end))

    def statement(self, statement: tree.Statement) -> None:
        match statement:
            case tree.Binding(value=value) | tree.Return(value=value):
                self.expr(value)
            case tree.Assign(indexes=indexes, value=value):
                for index in indexes:
                    self.index(index)
                self.expr(value)
            case tree.Expect(value=value):
                self.expr(value)
            case tree.If():
                self.if_(statement)
            case tree.While(cond=cond, body=body):
                self.expr(cond)
                self.block(body)
            case tree.For(source=source, stop=stop, body=body):
                self.expr(source)
                self.expr(stop)
                self.block(body)
            case tree.Fun(body=body) | tree.Block(body=body):
                self.block(body)
            case tree.Import():
                self.import_(statement)
            case tree.ExprStatement(value=value):
                self.expr(value)
                if not has_effect(value):
                    self.refuse("P065", "this statement computes a value that nothing uses", statement)
            case _:
                pass

    def block(self, body: Iterable[tree.Statement]) -> None:
        for statement in body:
            self.statement(statement)

    def if_(self, statement: tree.If) -> None:
        self.expr(statement.cond)
        self.block(statement.then)
        if statement.else_if is not None:
            self.if_(statement.else_if)
        self.block(statement.orelse)

    def import_(self, found: tree.Import) -> None:
        if found.language is None:
            return
        if found.language not in LANGUAGES:
            self.refuse("P064", f"Mochi imports from no language named `{found.language}`", found)
        if problem := check_import_path(found.language, found.path, found.alias is not None):
            self.refuse(*problem, found)

    def expr(self, expr: e.Expr | None) -> None:
        if expr is None:
            return
        for unary in (expr.left, *(op.right for op in expr.rest)):
            self.primary(unary.value.target)
            for op in unary.value.ops:
                match op:
                    case e.Index():
                        self.index(op)
                    case e.CallOp(args=args):
                        self.exprs(args)
                    case _:
                        pass

    def exprs(self, found: Iterable[e.Expr | None]) -> None:
        for expr in found:
            self.expr(expr)

    def index(self, index: e.Index) -> None:
        if index.begin is None and index.stop is None and index.step is None:
            self.refuse("P060", "an index needs a key or a range", index)
        self.exprs((index.begin, index.stop, index.step))

    def primary(self, primary: e.Primary) -> None:
        match primary:
            case e.Match(cases=cases, target=target):
                for case in cases:
                    self.case(case)
                self.expr(target)
            case e.FunExpr(body=body, value=value):
                self.block(body)
                self.expr(value)
            case e.Load(path="") | e.Save(path=""):
                self.refuse("P062", "the path is empty: leave it out for the standard stream", primary)
            case e.IfExpr(cond=cond, then=then, else_if=else_if, orelse=orelse):
                self.exprs((cond, then))
                if else_if is not None:
                    self.primary(else_if)
                self.expr(orelse)
            case _:
                self.exprs(_inner(primary))

    def case(self, case: e.MatchCase) -> None:
        if case.result is None and not case.block:
            self.refuse("P061", "this case has no result", case)
        self.pattern(case.pattern, case)
        self.expr(case.result)
        self.block(case.block)

    def pattern(self, pattern: e.Expr, case: e.MatchCase) -> None:
        match e.bare(pattern):
            case e.Literal() | e.Selector(tail=()):
                return
            case e.Call(args=args):
                for arg in args:
                    self.pattern(arg, case)
            case e.Group(value=value):
                self.pattern(value, case)
            case _:
                self.refuse("P063", "a pattern is a literal, a name or a variant with patterns", case)

    # --- the second walk: functions with exactly one body ----------------------------------

    def bodies(self, statement: tree.Statement) -> None:
        match statement:
            case tree.Binding(value=value) | tree.Return(value=value) | tree.Assign(value=value):
                self.bodies_of(value)
            case tree.Expect(value=value) | tree.ExprStatement(value=value):
                self.bodies_of(value)
            case tree.If(cond=cond, then=then, else_if=else_if, orelse=orelse):
                self.bodies_of(cond)
                self.each_body(then)
                if else_if is not None:
                    self.bodies(else_if)
                self.each_body(orelse)
            case tree.While(cond=cond, body=body):
                self.bodies_of(cond)
                self.each_body(body)
            case tree.Try(body=body, handler=handler):
                self.each_body((*body, *handler))
            case tree.For(source=source, stop=stop, body=body):
                self.bodies_of(source)
                self.bodies_of(stop)
                self.each_body(body)
            case tree.Fun(body=body) | tree.Block(body=body):
                self.each_body(body)
            case tree.Agent(body=parts):
                for part in parts:
                    if isinstance(part, tree.Binding | tree.Assign):
                        self.bodies_of(part.value)
            case _:
                pass

    def each_body(self, body: Iterable[tree.Statement]) -> None:
        for statement in body:
            self.bodies(statement)

    def bodies_of(self, expr: e.Expr | None) -> None:
        if expr is None:
            return
        for unary in (expr.left, *(op.right for op in expr.rest)):
            self.body_of(unary.value.target)
            for op in unary.value.ops:
                for inner in _inner_of_op(op):
                    self.bodies_of(inner)

    def body_of(self, primary: e.Primary) -> None:
        match primary:
            case e.Group(value=value) | e.Async(value=value) | e.Await(value=value):
                self.bodies_of(value)
            case e.Spawn(args=args):
                for arg in args:
                    self.bodies_of(arg)
            case e.FunExpr(body=body, value=value):
                if bool(body) == (value is not None):
                    self.refuse("P070", "a function value has one body: `=> value` or a block", primary)
                self.bodies_of(value)
                self.each_body(body)
            case _:
                pass


def _inner_of_op(op: e.PostfixOp) -> Iterator[e.Expr | None]:
    match op:
        case e.CallOp(args=args):
            yield from args
        case e.Index(begin=begin, stop=stop, step=step):
            yield from (begin, stop, step)
        case _:
            pass


def _inner(primary: e.Primary) -> Iterator[e.Expr | None]:
    """Yield the expressions within `primary` that the first walk enters."""
    match primary:
        case e.Group(value=value):
            yield value
        case e.ListLiteral(items=items):
            yield from items
        case e.MapLiteral(items=entries, ordered=False):
            yield from chain.from_iterable((entry.key, entry.value) for entry in entries)
        case e.Call(args=args):
            yield from args
        case e.StructLiteral(fields=fields):
            yield from (field.value for field in fields)
        case e.Query():
            yield primary.source
            yield from (each.source for each in primary.froms)
            yield from chain.from_iterable((join.source, join.on) for join in primary.joins)
            yield from (primary.where, primary.sort, primary.skip, primary.take, primary.select)
        case e.Load(options=options):
            yield options
        case e.Save(source=source, options=options):
            yield from (source, options)
        case _:
            pass


# --- effects ------------------------------------------------------------------------------


def has_effect(expr: e.Expr | None) -> bool:
    """Tell whether evaluating `expr` may do more than compute: a call or the like is in it."""
    if expr is None:
        return False
    return any(_unary_has_effect(unary) for unary in (expr.left, *(op.right for op in expr.rest)))


def _unary_has_effect(unary: e.Unary) -> bool:
    for op in unary.value.ops:
        if isinstance(op, e.CallOp):
            return True
        if isinstance(op, e.Index) and _any_effect((op.begin, op.stop, op.step)):
            return True
    return _primary_has_effect(unary.value.target)


def _primary_has_effect(primary: e.Primary) -> bool:
    match primary:
        case e.Call() | e.Fetch() | e.Save() | e.Load() | e.Generate():
            return True
        case e.IfExpr(then=then, else_if=else_if, orelse=orelse):
            return _any_effect((then, orelse)) or (else_if is not None and _primary_has_effect(else_if))
        case e.Match(target=target, cases=cases):
            in_cases = any(has_effect(case.result) or _block_has_effect(case.block) for case in cases)
            return in_cases or has_effect(target)
        case e.Group() | e.ListLiteral() | e.MapLiteral() | e.StructLiteral():
            return _any_effect(_inner(primary))
        case _:
            return False


def _block_has_effect(block: tuple[tree.Statement, ...]) -> bool:
    return any(not isinstance(each, tree.ExprStatement) or has_effect(each.value) for each in block)


def _any_effect(found: Iterable[e.Expr | None]) -> bool:
    return any(has_effect(expr) for expr in found)
