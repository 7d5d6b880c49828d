"""Where a program uses what its Python imports bind: `alias.item`, and items of `auto` imports.

Names mean what is nearest: a parameter, a `let` or another import hides an alias from where it
stands to the end of its block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import final

import attrs
from attrs import field, frozen

from . import expressions as e
from . import tree
from .import_alias import bound_alias
from .lexer import Kind, Tokens


@final
@frozen
class ImportPlace:
    """A Python import of a bound package. `outer` is the statement of the top level around it."""

    alias: str
    node: tree.Import
    outer: tree.Node

    @property
    def nested(self) -> bool:
        """Whether the import stands in a block."""
        return self.outer is not self.node


@final
@frozen
class Use:
    """An item used at token `start`, which `tokens` tokens write.

    An item of an `auto` import is one token, `alias.item` three. `arguments` are the first tokens of
    what it is called with, None where it is not called.
    """

    alias: str
    item: str
    start: int
    arguments: tuple[int, ...] | None = None
    tokens: int = 3

    @property
    def called(self) -> bool:
        """Whether arguments follow."""
        return self.arguments is not None


@final
@frozen
class Hidden:
    """A declaration of the program, its name at token `name`, that hides the alias of an import."""

    alias: str
    name: int
    place: ImportPlace
    what: str


@final
@frozen
class Uses:
    """What was found, each in the order of the text."""

    imports: tuple[ImportPlace, ...]
    uses: tuple[Use, ...]
    hidden: tuple[Hidden, ...]


def find_uses(
    program: tree.Program,
    tokens: Tokens,
    aliases: Iterable[str],
    auto: Mapping[str, Iterable[str]] | None = None,
) -> Uses:
    """Return the uses of the packages that `program` imports as `aliases`.

    `auto` holds the names that an `auto` import of each alias binds.
    """
    bare = {alias: frozenset(names) for alias, names in (auto or {}).items()}
    finder = _Finder(tokens, frozenset(aliases), bare)
    finder.block(program.statements, {}, None)
    return Uses(
        tuple(finder.imports),
        tuple(sorted(finder.uses, key=lambda use: use.start)),
        tuple(sorted(finder.hidden, key=lambda hidden: hidden.name)),
    )


_Names = dict[str, "ImportPlace | str | None"]
"""What names mean at a place: an import, the alias whose `auto` import binds them, or None for others."""


@final
@attrs.define
class _Finder:
    tokens: Tokens
    aliases: frozenset[str]
    auto: dict[str, frozenset[str]]
    imports: list[ImportPlace] = field(factory=list)
    uses: list[Use] = field(factory=list)
    hidden: list[Hidden] = field(factory=list)

    def block(self, statements: Iterable[tree.Node], names: _Names, outer: tree.Node | None) -> None:
        """Go through statements one after the other; what they bind ends with them."""
        names = dict(names)
        for statement in statements:
            self.statement(statement, names, outer or statement)

    def statement(self, node: tree.Node, names: _Names, outer: tree.Node) -> None:
        match node:
            case tree.Import():
                self.import_(node, names, outer)
            case tree.Binding(name=name):
                self.parts(node, names, outer)
                self.bind(name, node, names, "`var`" if node.mutable else "`let`")
            case tree.Fun(name=name, params=params, body=body):
                self.bind(name, node, names, "function", hides=False)
                self.body(node, [each.name for each in params], body, names, outer)
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

    def import_(self, node: tree.Import, names: _Names, outer: tree.Node) -> None:
        alias = bound_alias(node)
        if node.language != "python" or alias not in self.aliases:
            self.bind(alias, node, names, "import")
            return
        place = ImportPlace(alias, node, outer)
        self.imports.append(place)
        names[alias] = place
        if node.auto:
            names.update((name, alias) for name in self.auto.get(alias, ()))

    def body(
        self,
        node: tree.Node,
        bound: Iterable[str],
        statements: Iterable[tree.Node],
        names: _Names,
        outer: tree.Node,
        what: str = "parameter",
    ) -> None:
        """Go through a block in which `bound` are known too."""
        inside = dict(names)
        for name in bound:
            self.bind(name, node, inside, what)
        self.block(statements, inside, outer)

    def bind(self, name: str, node: tree.Node, names: _Names, what: str, hides: bool = True) -> None:
        """Let `name` mean something of the program; a function hides no alias, since it has no members."""
        known = names.get(name)
        if isinstance(known, ImportPlace):
            self.hidden.append(Hidden(name, self.find(name, node), known, what))
            if not hides:
                return
        names[name] = None

    def find(self, name: str, node: tree.Node) -> int:
        """Return the first token of `node` that is `name`."""
        values, kinds = self.tokens.values, self.tokens.kinds
        found = (at for at in range(node.start, node.end) if values[at] == name and kinds[at] is Kind.IDENT)
        return next(found, node.start)

    # --- expressions ------------------------------------------------------------------------

    def parts(self, node: tree.Node, names: _Names, outer: tree.Node) -> None:
        """Go through everything that `node` is made of."""
        for part in children(node):
            self.node(part, names, outer)

    def node(self, node: tree.Node, names: _Names, outer: tree.Node) -> None:
        match node:
            case e.Postfix(target=e.Selector() as target, ops=ops):
                self.selector(target, names, ops[0] if ops else None)
                for op in ops:
                    self.node(op, names, outer)
            case e.Selector():
                self.selector(node, names, None)
            case e.Call(name=name, args=args):
                alias = names.get(name)
                if isinstance(alias, str):
                    self.uses.append(Use(alias, name, node.start, _starts(args), 1))
                self.parts(node, names, outer)
            case e.FunExpr(params=params, body=body, value=value):
                inside = dict(names)
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

    def selector(self, node: e.Selector, names: _Names, op: e.PostfixOp | None) -> None:
        known = names.get(node.root)
        arguments = _starts(op.args) if isinstance(op, e.CallOp) else None
        if isinstance(known, ImportPlace) and node.tail:
            called = arguments if len(node.tail) == 1 else None
            self.uses.append(Use(known.alias, node.tail[0], node.start, called))
        elif isinstance(known, str):
            self.uses.append(Use(known, node.root, node.start, None if node.tail else arguments, 1))

    def query(self, node: e.Query, names: _Names, outer: tree.Node) -> None:
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

    def match_case(self, node: e.MatchCase, names: _Names, outer: tree.Node) -> None:
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


def _starts(arguments: Iterable[tree.Node]) -> tuple[int, ...]:
    return tuple(argument.start for argument in arguments)


def children(node: tree.Node) -> Iterator[tree.Node]:
    """Yield the nodes that `node` is made of, in the order of its fields."""
    for each in attrs.fields(type(node)):
        value = getattr(node, each.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tree.Node):
                yield part
