"""Put what a type alias stands for in the place of the alias.

    type Url = @httpx.URL | string;  fun get(url: @httpx.Url)      =>  fun get(url: @httpx.URL | string)
    type Pair<'T> = list<'T>;        fun f(x: @a.Pair<int>)        =>  fun f(x: list<int>)

An alias that reaches itself is cut there. The aliases stay as items, for they may be names of
classes, functions or values that a program uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.items import Alias, Item, Package, TypeParam
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.sharing import memoised
from ..ir.traverse import Rewrite, map_children, map_items, map_outer_types, walk_items
from ..ir.type_tree import TypeSearch
from ..ir.types import BridgeType, Ref, Unsupported
from .context import PassContext
from .names import Definition, External, Names
from .substitution import match_arguments, substitute


@final
@frozen
class ExpandAliases:
    """Uses of type aliases become their targets."""

    name: ClassVar[str] = "expand-aliases"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with no use of a type alias."""
        return expand_some(package, lambda item: True)


def expand_some(package: Package, wanted: Callable[[Item], bool]) -> Package:
    """Return `package` with no use of a type alias in its `wanted` items."""
    names = Names(package)
    aliases = {item.path: item for item in walk_items(package) if isinstance(item, Alias)}
    expander = _Expander({path: alias for path, alias in aliases.items() if _is_type_alias(alias, names)})
    if not expander.aliases:
        return package
    expand = memoised(expander.expand)
    return map_items(package, lambda item: expander.expand_item(item, expand) if wanted(item) else item)


def _is_type_alias(alias: Alias, names: Names) -> bool:
    if not isinstance(alias.target, Ref) or alias.target.arguments or alias.type_params:
        return True
    match names.find(alias.target.path):
        case Definition(Alias()) | External():
            return True
        case _:
            return False


@final
@define(eq=False)
class _Expander:
    """Expands the aliases of one package. The expanded target of an alias is made once."""

    aliases: dict[str, Alias]
    _mentions: TypeSearch = field(init=False)
    _targets: dict[str, BridgeType] = field(factory=dict)
    _open: list[str] = field(factory=list)
    _cut: bool = field(default=False)

    def __attrs_post_init__(self) -> None:
        aliases = self.aliases
        self._mentions = TypeSearch(lambda ty: type(ty) is Ref and ty.path in aliases)

    def expand_item(self, item: Item, expand: Rewrite) -> Item:
        """Return `item` with every alias in it expanded; `expand` is that of types."""
        if isinstance(item, Alias) and item.path in self.aliases:
            return evolve(item, target=self._expand_target(item))
        return map_outer_types(item, expand)

    def expand(self, ty: BridgeType) -> BridgeType:
        """Return `ty` with every alias in it expanded."""
        return self._rewrite(map_children(ty, self.expand)) if self._mentions(ty) else ty

    def _rewrite(self, ty: BridgeType) -> BridgeType:
        """Expand `ty` itself; the types inside it are expanded already."""
        if not isinstance(ty, Ref) or ty.path not in self.aliases:
            return ty
        alias = self.aliases[ty.path]
        target = self._expand_target(alias)
        params = tuple(map(self._expand_param, alias.type_params))
        return substitute(target, match_arguments(params, ty.arguments))

    def _expand_param(self, param: TypeParam) -> TypeParam:
        """Return `param` with what stands for it where no argument is given expanded."""
        bound, default = (each and self.expand(each) for each in (param.bound, param.default))
        same = bound is param.bound and default is param.default
        return param if same else evolve(param, bound=bound, default=default)

    def _expand_target(self, alias: Alias) -> BridgeType:
        if alias.path in self._targets:
            return self._targets[alias.path]
        if alias.path in self._open:
            self._cut = True
            return Unsupported(SkipReason.FORWARD_REF, alias.name)
        self._open.append(alias.path)
        target = self.expand(alias.target)
        self._open.pop()
        # Inside a cycle the result depends on where the cycle was entered.
        if not self._cut or not self._open:
            self._targets[alias.path] = target
        if not self._open:
            self._cut = False
        return target
