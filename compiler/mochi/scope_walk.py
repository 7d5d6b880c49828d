"""Programs walked with what their names mean at each place: blocks, parameters, queries, patterns.

A name means what is nearest: it is bound from where its declaration stands to the end of its block.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import attrs

from . import expressions as e
from . import tree

Meaning = TypeVar("Meaning")


class ScopeWalk(ABC, Generic[Meaning]):
    """Goes through statements in order; `names` holds what names mean, and what is not in it is unknown."""

    @abstractmethod
    def bind(self, name: str, node: tree.Node, names: dict[str, Meaning], what: str) -> None:
        """Let `name` mean what `node` declares; `what` calls that by a word."""

    @abstractmethod
    def import_(self, node: tree.Import, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Let the alias of an import mean it; `outer` is the statement of the top level around it."""

    @abstractmethod
    def selector(self, node: e.Selector, names: dict[str, Meaning], op: e.PostfixOp | None) -> None:
        """See a name that is used as a value, and what is done to it first."""

    @abstractmethod
    def call(self, node: e.Call, names: dict[str, Meaning]) -> None:
        """See a name that is called."""

    def enter(self, node: tree.Node, names: dict[str, Meaning]) -> dict[str, Meaning]:
        """Return what names mean inside of a function."""
        return dict(names)

    def block(
        self, statements: Iterable[tree.Node], names: dict[str, Meaning], outer: tree.Node | None
    ) -> None:
        """Go through statements one after the other; what they bind ends with them."""
        names = dict(names)
        for statement in statements:
            self.statement(statement, names, outer or statement)

    def statement(self, node: tree.Node, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Go through a statement, and bind in `names` what it declares."""
        match node:
            case tree.Import():
                self.import_(node, names, outer)
            case tree.Binding(name=name):
                self.parts(node, names, outer)
                self.bind(name, node, names, "`var`" if node.mutable else "`let`")
            case tree.Fun(name=name, params=params, body=body):
                self.bind(name, node, names, "function")
                self.body(node, [each.name for each in params], body, self.enter(node, names), outer)
            case tree.For(name=name, source=source, stop=stop, body=body):
                self.node(source, names, outer)
                if stop is not None:
                    self.node(stop, names, outer)
                self.body(node, [name], body, names, outer, "loop variable")
            case tree.Try(name=name, body=body, handler=handler):
                self.block(body, names, outer)
                self.body(node, [name], handler, names, outer, "name of an error")
            case tree.On(name=name, body=body):
                self.body(node, [name], body, names, outer, "name of an event")
            case tree.If(cond=cond, then=then, else_if=else_if, orelse=orelse):
                self.node(cond, names, outer)
                self.block(then, names, outer)
                if else_if is not None:
                    self.statement(else_if, names, outer)
                self.block(orelse, names, outer)
            case tree.While(cond=cond, body=body):
                self.node(cond, names, outer)
                self.block(body, names, outer)
            case tree.Block(body=body) | tree.OnClose(body=body):
                self.block(body, names, outer)
            case tree.Agent(name=name, body=body):
                self.bind(name, node, names, "agent")
                self.block(body, names, outer)
            case tree.FetchInto(target=target):
                self.parts(node, names, outer)
                self.bind(target, node, names, "target of `fetch`")
            case tree.TypeDecl(name=name, members=members):
                self.bind(name, node, names, "type")
                self.block([each for each in members if isinstance(each, tree.Fun)], names, outer)
            case tree.ExternVar(parts=(name,)):
                self.bind(name, node, names, "extern")
            case tree.ExternFun(name=name):
                self.bind(name, node, names, "extern")
            case _:
                self.parts(node, names, outer)

    def body(
        self,
        node: tree.Node,
        bound: Iterable[str],
        statements: Iterable[tree.Node],
        names: dict[str, Meaning],
        outer: tree.Node,
        what: str = "parameter",
    ) -> None:
        """Go through a block in which `bound` are known too."""
        inside = dict(names)
        for name in bound:
            self.bind(name, node, inside, what)
        self.block(statements, inside, outer)

    # --- expressions ------------------------------------------------------------------------

    def parts(self, node: tree.Node, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Go through everything that `node` is made of."""
        for part in children(node):
            self.node(part, names, outer)

    def node(self, node: tree.Node, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Go through an expression or a part of one."""
        match node:
            case e.Postfix(target=e.Selector() as target, ops=ops):
                self.selector(target, names, ops[0] if ops else None)
                for op in ops:
                    self.node(op, names, outer)
            case e.Selector():
                self.selector(node, names, None)
            case e.Call():
                self.call(node, names)
                self.parts(node, names, outer)
            case e.FunExpr(params=params, body=body, value=value):
                inside = self.enter(node, names)
                for each in params:
                    self.bind(each.name, each, inside, "parameter")
                self.block(body, inside, outer)
                if value is not None:
                    self.node(value, inside, outer)
            case e.Query():
                self.query(node, names, outer)
            case e.MatchCase():
                self.match_case(node, names, outer)
            case _:
                self.parts(node, names, outer)

    def query(self, node: e.Query, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Go through a query, whose names live to its end."""
        inside = dict(names)
        self.node(node.source, inside, outer)
        self.bind(node.name, node, inside, "name of a query")
        for each in node.froms:
            self.node(each.source, inside, outer)
            self.bind(each.name, each, inside, "name of a query")
        for join in node.joins:
            self.node(join.source, inside, outer)
            self.bind(join.name, join, inside, "name of a query")
            self.node(join.on, inside, outer)
        if node.where is not None:
            self.node(node.where, inside, outer)
        if node.group is not None:
            for key in node.group.keys:
                self.node(key, inside, outer)
            self.bind(node.group.name, node.group, inside, "name of a query")
            if node.group.having is not None:
                self.node(node.group.having, inside, outer)
        for part in (node.sort, node.skip, node.take, node.select):
            if part is not None:
                self.node(part, inside, outer)

    def match_case(self, node: e.MatchCase, names: dict[str, Meaning], outer: tree.Node) -> None:
        """Go through a case: the names inside a constructor bind, a bare one is compared."""
        inside = dict(names)
        pattern = e.bare(node.pattern)
        if isinstance(pattern, e.Call):
            for argument in pattern.args:
                if name := e.bare_name(argument):
                    self.bind(name, argument, inside, "name of a pattern")
        else:
            self.node(node.pattern, inside, outer)
        if node.guard is not None:
            self.node(node.guard, inside, outer)
        if node.result is not None:
            self.node(node.result, inside, outer)
        self.block(node.block, inside, outer)


def children(node: tree.Node) -> Iterator[tree.Node]:
    """Yield the nodes that `node` is made of, in the order of its fields."""
    for each in attrs.fields(type(node)):
        value = getattr(node, each.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tree.Node):
                yield part
