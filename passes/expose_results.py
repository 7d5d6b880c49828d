"""Let a program use what it gets and Mochi cannot say: iterators, and functions that it cannot call.

    fun lines(): iterator<string>         =>  lines(): list<string>  and, lazily, lines_iter(): StringIterator
    fun hook(): (fun(int): string)?       =>  hook(): IntToStringFunction?    with IntToStringFunction_call
    fun wrap(): fun(...): any             =>  wrap(): ToAnyFunction           with ToAnyFunction_call_with

An iterator is read at once into a list; one that is long, or without end, is read value by value by the
lazy form. The `?` of an optional function would belong to its result, and nobody knows what a function of
unknown parameters takes: as handles they are called by an operation. What can be set stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import is_
from typing import ClassVar, final

from attrs import frozen

from ..ir.info import Note, NoteKind
from ..ir.items import CallPlan, Class, Constant, Field, Function, Item, Package, Property
from ..ir.parts import evolve
from ..ir.text import format_type
from ..ir.traverse import map_children, map_items, walk_type
from ..ir.types import AsyncOf, BridgeType, FunOf, IteratorOf, ListOf, MapOf, OptionOf, Ref, SetOf
from .context import PassContext
from .generated_types import GeneratedTypes
from .plan_calls import plan_calls


@final
@frozen
class ExposeResults:
    """Results of calls, properties and constants become lists and handles; iterators get lazy forms."""

    name: ClassVar[str] = "expose-results"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` without iterators in calls, and the handles in `Package.generated`."""
        made = GeneratedTypes.of(package.generated)
        exposer = _Exposer(made)
        exposed = map_items(package, exposer.item)
        known = {item.path for item in package.generated}
        for item in package.generated:
            made.replace(exposer.item(item))
        for item in made.items():
            if item.path not in known and isinstance(item, Class):
                made.replace(_plan(item))
        generated = made.items()
        return exposed if generated == exposed.generated else evolve(exposed, generated=generated)


@final
@frozen
class _Exposer:
    made: GeneratedTypes

    def item(self, item: Item) -> Item:
        """Return `item` with results that a program can use."""
        match item:
            case Function():
                return self.function(item)
            case Class():
                return self.class_item(item)
            case Constant():
                ty = self.result(item.type)
                return item if ty is item.type else evolve(item, type=ty)
            case _:
                return item

    def class_item(self, cls: Class) -> Class:
        methods = tuple(map(self.function, cls.methods))
        properties = tuple(map(self.property, cls.properties))
        fields = tuple(map(_note_field, cls.fields))
        new, old = (*methods, *properties, *fields), (*cls.methods, *cls.properties, *cls.fields)
        if all(map(is_, new, old)):
            return cls
        return evolve(cls, methods=methods, properties=properties, fields=fields)

    def property(self, member: Property) -> Property:
        ty = self.result(member.type)
        return member if ty is member.type else evolve(member, type=ty)

    def function(self, function: Function) -> Function:
        calls = tuple(self.calls(function))
        same = len(calls) == len(function.calls) and all(map(is_, calls, function.calls))
        return function if same else evolve(function, calls=calls)

    def calls(self, function: Function) -> Iterator[CallPlan]:
        """Yield the calls of `function`, and behind them the lazy ones."""
        lazy: list[CallPlan] = []
        for call in function.calls:
            waits = isinstance(call.result, AsyncOf)
            iterator = call.result.inner if isinstance(call.result, AsyncOf) else call.result
            if isinstance(iterator, IteratorOf):
                element = self.result(iterator.element)
                handle, values = self.made.iterator(element), ListOf(element)
                lazy.append(evolve(call, result=AsyncOf(handle) if waits else handle, lazy=True))
                yield evolve(call, result=AsyncOf(values) if waits else values)
            else:
                ty = self.result(call.result)
                yield call if ty is call.result else evolve(call, result=ty)
        yield from lazy

    def result(self, ty: BridgeType) -> BridgeType:
        """Return `ty` with handles in place of functions that nobody could call."""
        match ty:
            case OptionOf(FunOf() as function):
                return OptionOf(self.made.function(function))
            case FunOf(None):
                return self.made.function(ty)
            case AsyncOf() | OptionOf() | ListOf() | SetOf() | MapOf():
                return map_children(ty, self.result)
            case _:
                return ty


def _note_field(member: Field) -> Field:
    """Return `member`, with a note where Mochi sees a function as `any`."""
    if not any(_is_any(ty) for ty in walk_type(member.type)):
        return member
    note = Note(NoteKind.CHECKED, "field", format_type(member.type))
    return evolve(member, info=evolve(member.info, notes=(*member.info.notes, note)))


def _is_any(ty: BridgeType) -> bool:
    match ty:
        case FunOf(None) | OptionOf(FunOf()):
            return True
        case _:
            return False


def _plan(cls: Class) -> Class:
    owner = Ref(cls.path)
    return evolve(cls, methods=tuple([evolve(each, calls=plan_calls(each, owner)) for each in cls.methods]))
