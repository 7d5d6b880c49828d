"""Give every context manager a function that runs a body in it.

    handle Lock: fun __enter__(self): int; fun __exit__(self, kind, error, trace): none
        =>  fun __run_with__(self, body: fun(int): any): any          Lock_with(lock, fun (n) => ...)

`with` and `async with` are statements of Python that see the errors of their body; nothing else lets a
manager do so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from attrs import frozen

from ..ir.helpers import RUN_ASYNC_WITH, RUN_WITH
from ..ir.items import Binding, Class, ClassKind, Function, Item, Package, Param, Signature
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import ANY, NONE, UNANNOTATED, AsyncOf, BridgeType, FunOf
from .context import PassContext

_FORMS = (("__enter__", "__exit__", RUN_WITH), ("__aenter__", "__aexit__", RUN_ASYNC_WITH))


@final
@frozen
class ExposeContexts:
    """Classes with `__enter__` and `__exit__`, or their asynchronous forms, get the helper."""

    name: ClassVar[str] = "expose-contexts"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with a helper for each kind of context manager that a class is."""
        package = map_items(package, _rewrite)
        generated = tuple(map(_rewrite, package.generated))
        return evolve(package, generated=generated) if generated != package.generated else package


def _rewrite(item: Item) -> Item:
    if not isinstance(item, Class) or item.kind is ClassKind.RECORD:
        return item
    added = tuple(_helpers(item))
    return evolve(item, methods=(*item.methods, *added)) if added else item


def _helpers(cls: Class) -> Iterator[Function]:
    methods = {method.name: method for method in cls.methods}
    for enter, leave, helper in _FORMS:
        if enter in methods and leave in methods and helper not in methods:
            taken = _value(methods[enter])
            signature = Signature((Param("self"), Param("body", type=FunOf((taken,), ANY))), ANY)
            yield Function(helper, f"{cls.path}.{helper}", (signature,), Binding.METHOD)


def _value(enter: Function) -> BridgeType:
    """Return the type of what the body gets."""
    result = enter.signatures[0].result
    if isinstance(result, AsyncOf):
        result = result.inner
    return ANY if result in (NONE, UNANNOTATED) else result
