"""Compare what the types declare with what the installed package has.

fun box.open(path)         box has no `open`             =>  refused: absent
fun box.load(path, size=)  load(path/, *, limit=)        =>  load(path); the option `size` is gone, differs
class box.Shape            TYPE_CHECKING only            =>  the type stays; constructor and casts go
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar, TypeGuard, assert_never, final

from attrs import define, frozen

from ..ir import codes
from ..ir.inventory import Inventory, RuntimeKind, RuntimeObject
from ..ir.items import (
    Alias,
    Class,
    ClassKind,
    Constant,
    Function,
    Info,
    Item,
    Module,
    Package,
    Probe,
    Refusal,
    TypeVariable,
    Variant,
)
from ..ir.parts import evolve
from ..ir.traverse import outer_types, walk_items, walk_type
from ..ir.types import Ref
from .context import PassContext
from .probe_class import ClassProbe, strip_class
from .verdicts import ABSENT, judge_calls, mark, mark_unimportable, refuse


@final
@frozen
class ProbeRuntime:
    """Sets `Info.probe` everywhere; what the installed package does not have is refused.

    Without an inventory nothing is changed. Call plans are made to bind to the signatures of run time, or
    refused. A class that is not there stays as a type as long as something names it. The items of a
    module that does not import stay, with a note: an optional dependency may be missing.
    """

    name: ClassVar[str] = "probe-runtime"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with verdicts, without what is absent."""
        if ctx.inventory is None:
            return package
        probe = _Probe(ctx.inventory, _named_types(package), ctx.options.strict)
        modules = tuple(probe.judge_all(module) for module in package.modules)
        generated = tuple(probe.judge_foreign(item) for item in package.generated)
        after = evolve(package, modules=modules, generated=generated)
        _report(after, ctx.inventory, ctx)
        return after


def _named_types(package: Package) -> frozenset[str]:
    """Return the paths that the types of some other item name."""
    found: set[str] = set()
    for item in walk_items(package):
        outer = list(outer_types(item))
        paths = {each.path for ty in outer for each in walk_type(ty) if isinstance(each, Ref)}
        if isinstance(item, Class):
            paths.update(cast.base for cast in item.casts)
        found |= paths - {item.path}
    return frozenset(found)


@final
@define(eq=False)
class _Probe:
    inventory: Inventory
    named: frozenset[str]
    strict: bool

    def judge_all(self, module: Module) -> Module:
        """Return `module` with the items that are there."""
        judged = (new for item in module.items for new in self.judge(item, module.name))
        return evolve(module, items=tuple(judged))

    def judge(self, item: Item, module: str) -> Iterator[Item]:
        """Yield what becomes of `item`."""
        found = self.inventory.modules.get(module)
        if found is None or isinstance(item, Alias | TypeVariable | Refusal | Variant):
            yield item
        elif found.error and not found.absent:
            yield _unimportable(item, found.error)
        else:
            yield from self._compare(item, module)

    def judge_foreign(self, item: Item) -> Item:
        """Return `item`, a type that passes made, with a verdict where it stands for a class."""
        if not isinstance(item, Class) or item.path not in self.inventory.paths:
            return item
        number = self.inventory.paths[item.path]
        if number is None or self.inventory.objects[number].kind is not RuntimeKind.CLASS:
            return strip_class(item, Probe.TYPING_ONLY, ABSENT)[0]
        return ClassProbe(self.inventory, number, item, self.strict).judge()

    def _compare(self, item: Function | Class | Constant, module: str) -> Iterator[Item]:
        name = item.path.removeprefix(f"{module}.")
        number = self.inventory.number(module, name)
        found = None if number is None else self.inventory.objects[number]
        match item:
            case Class():
                yield from self._class(item, number, self.inventory.number(module, item.own_name))
            case Function() if found is not None and found.kind in (RuntimeKind.VALUE, RuntimeKind.MODULE):
                yield refuse(item, item.name, "function", f"differs at run time: it is a {found.kind.value}")
            case Function() if found is not None:
                yield judge_calls(item, found.signature, item.name, "function", self.strict)
            case Constant() if found is not None:
                yield mark(item, Probe.EXISTS)
            case Function():
                yield refuse(item, item.name, "function", ABSENT)
            case Constant():
                yield refuse(item, item.name, "constant", ABSENT)
            case _:
                assert_never(item)

    def _class(self, cls: Class, number: int | None, own: int | None) -> Iterator[Item]:
        """Yield what becomes of a class; `own` is what is there under the name of its definition.

        A public name may stand for another maker of the instances (`lxml.etree.Element`).
        """
        found = None if number is None else self.inventory.objects[number]
        if found is not None and own not in (None, number) and self._is_class(own):
            probe = ClassProbe(self.inventory, own, evolve(cls, constructors=()), self.strict)
            judged = probe.judge()
            made = [
                judge_calls(
                    each, found.signature, f"{cls.name}.{each.name}", "constructor", self.strict, cls.path
                )
                for each in cls.constructors
            ]
            yield evolve(judged, constructors=tuple(each for each in made if isinstance(each, Function)))
            yield from (*probe.refusals, *(each for each in made if isinstance(each, Refusal)))
        elif number is not None and found is not None and found.kind is RuntimeKind.CLASS:
            probe = ClassProbe(self.inventory, number, cls, self.strict)
            yield probe.judge()
            yield from probe.refusals
        elif found is not None and found.kind is not RuntimeKind.MODULE:
            yield from _factory(cls, found, self.strict)
        elif cls.path in self.named or is_typing_form(cls):
            stripped, lost = strip_class(cls, Probe.TYPING_ONLY, ABSENT)
            yield stripped
            yield from lost
        else:
            yield refuse(cls, cls.name, "class", ABSENT)

    def _is_class(self, number: int | None) -> TypeGuard[int]:
        return number is not None and self.inventory.objects[number].kind is RuntimeKind.CLASS


def is_typing_form(cls: Class) -> bool:
    """Whether `cls` says how values look and is not meant to be there: a protocol or a TypedDict."""
    return cls.kind is ClassKind.INTERFACE or any(
        isinstance(base, Ref) and base.path.rpartition(".")[2] in ("Protocol", "TypedDict")
        for base in cls.bases
    )


def _factory(cls: Class, found: RuntimeObject, strict: bool) -> Iterator[Item]:
    """Yield a class that is a function or an alias at run time: it can be called, and that is all."""
    stripped, lost = strip_class(cls, Probe.DIFFERS, f"differs at run time: `{cls.name}` is no class")
    constructors = [
        judge_calls(each, found.signature, f"{cls.name}.{each.name}", "constructor", strict, cls.path)
        for each in (cls.constructors if found.kind is not RuntimeKind.VALUE else ())
    ]
    kept = tuple(each for each in constructors if isinstance(each, Function))
    yield evolve(stripped, constructors=kept)
    paths = {(each.path, each.name) for each in kept}
    yield from (each for each in lost if (each.path, each.name.rpartition(".")[2]) not in paths)


def _unimportable(item: Function | Class | Constant, error: str) -> Item:
    if isinstance(item, Function):
        return mark_unimportable(item, error)
    if isinstance(item, Constant):
        return mark_unimportable(item, error)
    return evolve(
        mark_unimportable(item, error),
        methods=tuple(mark_unimportable(each, error) for each in item.methods),
        constructors=tuple(mark_unimportable(each, error) for each in item.constructors),
        properties=tuple(mark_unimportable(each, error) for each in item.properties),
        fields=tuple(mark_unimportable(each, error) for each in item.fields),
    )


def _report(package: Package, inventory: Inventory, ctx: PassContext) -> None:
    """Tell of modules that do not import, and how much the declarations are off."""
    for module in package.modules:
        found = inventory.modules.get(module.name)
        if found is not None and found.error and not found.absent:
            message = f"`{module.name}` does not import; its items are bound unchecked"
            ctx.report(codes.NOT_IMPORTABLE.at(None, message, notes=(found.error,)))
    verdicts = Counter(info.probe for info in _infos(package))
    absent, differs = verdicts[Probe.ABSENT], verdicts[Probe.DIFFERS]
    if absent or differs:
        shown = f"{package.name} {package.version} as installed"
        message = f"{shown} lacks {absent} of the declared names and has {differs} in another form"
        ctx.report(codes.PROBE_FINDINGS.at(None, message, help="SKIPPED.txt lists them"))


def _infos(package: Package) -> Iterator[Info]:
    for item in walk_items(package):
        yield item.info
        if isinstance(item, Class):
            yield from (member.info for member in item.fields)
            yield from (member.info for member in item.properties)
            yield from (function.info for function in (*item.constructors, *item.methods))
