"""One item's way through the passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TypeAlias, final

from attrs import define, field, frozen

from ..ir.diagnostics import Diagnostic
from ..ir.items import Alias, Class, Field, Function, Item, Package, Property
from ..ir.parts import evolve
from ..ir.printer import format_item, format_type
from ..ir.traverse import walk_items
from ..passes.context import Pass, PassContext
from ..passes.manager import PassManager
from ..passes.registry import standard_passes

Part: TypeAlias = Item | Field | Property


@final
@frozen
class Step:
    """The text of an item after a pass that changed it; empty where the pass removed it."""

    name: str
    text: str


@final
@frozen
class Explanation:
    """An item as it ends, the steps that changed it, and what the passes reported."""

    path: str
    part: Part
    steps: tuple[Step, ...]
    package: Package
    diagnostics: tuple[Diagnostic, ...]


def explain_item(raw: Package, path: str, clock: Callable[[], float]) -> Explanation | tuple[str, ...]:
    """Return how the item at public (or defining) `path` came to be, or the nearest paths there are.

    An item is followed by the place where it is declared, as select-public gives it another path.
    """
    trace = _Trace()
    ctx = PassContext()
    final_package = PassManager(standard_passes(), observers=(trace,), clock=clock).run(raw, ctx)
    part = find_part(final_package, path) or _defined_as(final_package, path)
    if part is None:
        return tuple(get_close_matches(path, [part.path for part in walk_parts(final_package)]))
    packages = [("none", raw), *trace.packages]
    steps: list[Step] = []
    for name, package in packages:
        found = _same_place(package, part)
        text = _outline(found) if found else ""
        if not steps or steps[-1].text != text:
            steps.append(Step(name, text))
    return Explanation(path, part, tuple(steps), final_package, tuple(ctx.diagnostics))


def find_part(package: Package, path: str) -> Part | None:
    """Return the item or member at `path`; an alias leads to what it stands for."""
    found = next((part for part in walk_parts(package) if part.path == path), None)
    if isinstance(found, Alias):
        target = getattr(found.target, "path", "")
        return found if target == path else find_part(package, target) or found
    return found


def walk_parts(package: Package) -> Iterator[Part]:
    """Yield every item and every member of every class."""
    for item in walk_items(package):
        yield item
        if isinstance(item, Class):
            yield from item.methods
            yield from item.properties
            yield from item.fields


@final
@define
class _Trace:
    packages: list[tuple[str, Package]] = field(factory=list)

    def before_pass(self, each: Pass, package: Package) -> None:
        """Nothing to keep: the package after the pass before is this one."""

    def after_pass(self, each: Pass, before: Package, after: Package) -> None:
        """Keep the package after each pass."""
        self.packages.append((each.name, after))

    def close(self) -> None:
        """The packages are read after the run."""


def _defined_as(package: Package, path: str) -> Part | None:
    return next((p for p in walk_parts(package) if isinstance(p, Class) and p.defined == path), None)


def _same_place(package: Package, wanted: Part) -> Part | None:
    span = wanted.info.span
    if span is None:
        return next((part for part in walk_parts(package) if part.path == wanted.path), None)
    last = wanted.path.rpartition(".")[2]
    same = (part for part in walk_parts(package) if part.info.span == span and part.path.endswith(last))
    return next(same, None)


def _outline(part: Part) -> str:
    """Print `part`; a class without the members, which have explanations of their own."""
    match part:
        case Class():
            constructors = tuple(map(_without_places, part.constructors))
            return format_item(evolve(part, methods=(), properties=(), fields=(), constructors=constructors))
        case Function():
            return format_item(_without_places(part))
        case Field() | Property():
            return f"{part.path}: {_member(part)}"
        case _:
            return format_item(part)


def _without_places(function: Function) -> Function:
    """Drop the spans of signatures and parameters, which are the same at every step."""
    signatures = (
        evolve(each, span=None, params=tuple(evolve(param, span=None) for param in each.params))
        for each in function.signatures
    )
    return evolve(function, signatures=tuple(signatures), info=evolve(function.info, span=None))


def _member(part: Field | Property) -> str:
    """Print the type of an attribute or property and the names it was given."""
    names = " ".join(f"{key}={value}" for key, value in (("get", part.getter), ("set", part.setter)) if value)
    return f"{format_type(part.type)} {names}".rstrip()
