"""Where a program uses what its Python imports bind: `alias.item`, and items of `auto` imports.

Names mean what is nearest: a parameter, a `let` or another import hides an alias from where it
stands to the end of its block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

import attrs
from attrs import field, frozen

from . import expressions as e
from . import tree
from .import_alias import bound_alias
from .lexer import Kind, Tokens
from .scope_walk import ScopeWalk


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
class _Finder(ScopeWalk["ImportPlace | str | None"]):
    tokens: Tokens
    aliases: frozenset[str]
    auto: dict[str, frozenset[str]]
    imports: list[ImportPlace] = field(factory=list)
    uses: list[Use] = field(factory=list)
    hidden: list[Hidden] = field(factory=list)

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

    def bind(self, name: str, node: tree.Node, names: _Names, what: str) -> None:
        """Let `name` mean something of the program; a function hides no alias, since it has no members."""
        known = names.get(name)
        if isinstance(known, ImportPlace):
            self.hidden.append(Hidden(name, self.find(name, node), known, what))
            if what == "function":
                return
        names[name] = None

    def find(self, name: str, node: tree.Node) -> int:
        """Return the first token of `node` that is `name`."""
        values, kinds = self.tokens.values, self.tokens.kinds
        found = (at for at in range(node.start, node.end) if values[at] == name and kinds[at] is Kind.IDENT)
        return next(found, node.start)

    def selector(self, node: e.Selector, names: _Names, op: e.PostfixOp | None) -> None:
        known = names.get(node.root)
        arguments = _starts(op.args) if isinstance(op, e.CallOp) else None
        if isinstance(known, ImportPlace) and node.tail:
            called = arguments if len(node.tail) == 1 else None
            self.uses.append(Use(known.alias, node.tail[0], node.start, called))
        elif isinstance(known, str):
            self.uses.append(Use(known, node.root, node.start, None if node.tail else arguments, 1))

    def call(self, node: e.Call, names: _Names) -> None:
        alias = names.get(node.name)
        if isinstance(alias, str):
            self.uses.append(Use(alias, node.name, node.start, _starts(node.args), 1))


def _starts(arguments: Iterable[tree.Node]) -> tuple[int, ...]:
    return tuple(argument.start for argument in arguments)
