"""Decide what each call has to do with an event loop, and which loop that is.

async fun fetch(url: string): Response     =>   fetch(url: string): Response, awaited
fun send(x: int): async<none>              =>   send(x: int), made inside of the loop and awaited
new AsyncClient()                          =>   AsyncClient_new(), inside of the loop where there is one

What is awaited has two forms in the wrapper: `…_sync`, which is the one that Mochi gets and which drives the
awaitable to its result, and `…_async`, for Python programs that have a loop of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import is_
from typing import ClassVar, final

from attrs import frozen

from ..ir.helpers import is_helper
from ..ir.items import (
    Binding,
    CallPlan,
    Class,
    Function,
    Item,
    Package,
    Signature,
)
from ..ir.loops import AsyncDriver, AsyncPlan, LoopUse
from ..ir.parts import evolve
from ..ir.traverse import map_items, walk_items
from ..ir.types import AsyncOf, BridgeType, Ref, StreamOf
from .context import PassContext

_ENTER = "__aenter__"
_ASYNCHRONOUS = frozenset({_ENTER, "__aiter__", "__anext__", "__await__"})


@final
@frozen
class LowerAsync:
    """Sets `Package.async_plan`, and `CallPlan.loop` with the result that Mochi sees.

    A coroutine does nothing before it is driven. Any other function that returns an awaitable may take
    the running loop at once, so the call is made in it.

    A class is asynchronous that has asynchronous methods: what its constructor makes may belong to the
    running loop. Where it has `__aenter__`, nothing of it is touched from another thread than that of the
    loop: its plain methods run inside too, and so does what returns such an object.
    """

    name: ClassVar[str] = "lower-async"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the loops of its calls planned."""
        options = ctx.options
        plan = AsyncPlan(AsyncDriver(options.async_mode), options.async_cancel_timeout)
        classes = {item.path: item for item in walk_items(package) if isinstance(item, Class)}
        planner = _Planner(
            _with_descendants(classes, filter(_is_asynchronous, classes.values())),
            _with_descendants(classes, filter(_is_context, classes.values())),
        )
        generated = tuple(map(planner.item, package.generated))
        return evolve(map_items(package, planner.item), generated=generated, async_plan=plan)


@final
@frozen
class _Planner:
    """`asynchronous` and `contexts` are the paths of classes with asynchronous methods, with `__aenter__`."""

    asynchronous: frozenset[str]
    contexts: frozenset[str]

    def item(self, item: Item) -> Item:
        match item:
            case Function():
                return self.function(item, "")
            case Class():
                functions = (*item.constructors, *item.methods)
                planned = tuple(self.function(each, item.path) for each in functions)
                if all(map(is_, planned, functions)):
                    return item
                count = len(item.constructors)
                return evolve(item, constructors=planned[:count], methods=planned[count:])
            case _:
                return item

    def function(self, function: Function, owner: str) -> Function:
        calls = tuple(self.call(call, function, owner) for call in function.calls)
        return function if all(map(is_, calls, function.calls)) else evolve(function, calls=calls)

    def call(self, call: CallPlan, function: Function, owner: str) -> CallPlan:
        if isinstance(call.result, AsyncOf):
            is_coroutine = function.signatures[call.arm].is_async
            use = LoopUse.AWAITED if is_coroutine else LoopUse.AWAITED_INSIDE
            return evolve(call, result=call.result.inner, loop=use)
        return evolve(call, loop=LoopUse.INSIDE) if self.is_inside(call, function, owner) else call

    def is_inside(self, call: CallPlan, function: Function, owner: str) -> bool:
        """Tell whether a call that is not awaited makes or touches what belongs to a loop."""
        if function.binding is Binding.CONSTRUCTOR:
            return owner in self.asynchronous
        if is_helper(function) or function.name.startswith("__"):
            return False
        return owner in self.contexts or self.gives_context(call.result)

    def gives_context(self, ty: BridgeType) -> bool:
        return isinstance(ty, Ref) and ty.path in self.contexts


def _is_asynchronous(cls: Class) -> bool:
    return any(
        method.name in _ASYNCHRONOUS or any(map(_is_awaited, method.signatures)) for method in cls.methods
    )


def _is_awaited(signature: Signature) -> bool:
    return signature.is_async or isinstance(signature.result, AsyncOf | StreamOf)


def _is_context(cls: Class) -> bool:
    return any(method.name == _ENTER for method in cls.methods)


def _with_descendants(classes: Mapping[str, Class], found: Iterable[Class]) -> frozenset[str]:
    """Return the paths of the `found` ones and of all that inherit from them."""
    children: dict[str, list[str]] = {}
    for cls in classes.values():
        for base in cls.bases:
            if isinstance(base, Ref):
                children.setdefault(base.path, []).append(cls.path)
    reached: set[str] = set()
    waiting = [cls.path for cls in found]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += children.get(path, ())
    return frozenset(reached)
