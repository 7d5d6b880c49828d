"""The Python face of a Mochi package: `__init__.py` and its stub, for those who import it.

The compiled code keeps Mochi's own names, `mochi__greet`; the package offers them under the names that
the Mochi module gives them.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import assert_never, final

from attrs import frozen

from ..ir.info import NoteKind
from ..ir.items import Alias, Class, Constant, Function, Info, Item, Package, Refusal, TypeVariable, Variant
from ..ir.traverse import map_type
from ..ir.types import BridgeType, Ref, TypeVarRef
from .imports import Imports
from .literals import python_docstring, python_docstring_lines, python_literal, python_string
from .python_types import PythonTypes
from .writer import Writer, split_union

COMPILED_PREFIX = "mochi__"
"""What the back end of Mochi puts before the name of a function."""


@final
@frozen
class Offer:
    """A name that the package offers, and what it is in the compiled module."""

    name: str
    item: Function | Class | Variant | Constant | Alias

    @property
    def compiled(self) -> str:
        """The name in the compiled module."""
        prefix = COMPILED_PREFIX if isinstance(self.item, Function) else ""
        return f"{prefix}{self.item.name}"

    @property
    def is_compiled(self) -> bool:
        """Whether the compiled module has it; literals and aliases stand in the package itself."""
        match self.item:
            case Constant(value=value):
                return value is None
            case _:
                return not isinstance(self.item, Alias)


def list_offers(package: Package) -> tuple[Offer, ...]:
    """Return what `package` offers, by name."""
    found = (offer for module in package.modules for item in module.items for offer in _offer(item))
    return tuple(sorted(found, key=lambda offer: offer.name))


def _offer(item: Item) -> Iterator[Offer]:
    match item:
        case Function() | Class() | Variant() | Constant() | Alias():
            yield Offer(python_name(item.name), item)
        case Refusal() | TypeVariable():
            return
        case _:
            assert_never(item)


def python_name(name: str) -> str:
    """Return `name`, or with `_` behind it what Python reserves."""
    return f"{name}_" if keyword.iskeyword(name) else name


def emit_package_module(package: Package, compiled: str) -> str:
    """Return the text of `__init__.py`, which takes its functions from the module `compiled`."""
    offers = list_offers(package)
    imports = Imports(offer.name for offer in offers)
    types = _Types(package, imports)
    body = Writer()
    for offer in offers:
        match offer.item:
            case Constant(value=value) if value is not None:
                body.line(f"{offer.name} = {python_literal(value)}")
            case Alias(target=target):
                body.alternatives(f"{offer.name} = ", split_union(types.text(target)))
            case _:
                pass
    writer = Writer()
    writer.line(python_docstring(_title(package)))
    imports.write(writer)
    writer.line()
    if taken := [_taken(offer) for offer in offers if offer.is_compiled]:
        _write_import(writer, compiled, taken)
        writer.line()
    _write_all(writer, offers)
    return writer.text() + body.text()


def _write_import(writer: Writer, module: str, names: list[str]) -> None:
    plain = f"from {module} import {', '.join(names)}"
    if writer.fits(plain):
        writer.line(plain)
    else:
        writer.bracketed(f"from {module} import (", names, ")")


def _taken(offer: Offer) -> str:
    return f"{offer.compiled} as {offer.name}"


def _title(package: Package) -> str:
    return f"{package.name} {package.version}, compiled from Mochi."


def _write_all(writer: Writer, offers: tuple[Offer, ...]) -> None:
    names = [python_string(offer.name) for offer in offers]
    writer.bracketed("__all__ = [", names, "]")


def emit_package_stub(package: Package) -> str:
    """Return the text of `__init__.pyi`, with the types and documentation of the Mochi module."""
    offers = list_offers(package)
    imports = Imports(offer.name for offer in offers)
    body = Writer()
    types = _Types(package, imports)
    for offer in sorted(offers, key=_rank):
        body.line()
        _write_offer(body, offer, types, imports)
    head = Writer()
    head.line(python_docstring(_title(package)))
    imports.write(head)
    head.line()
    _write_all(head, offers)
    return f"{head.text()}{body.text()}".rstrip("\n") + "\n"


def _rank(offer: Offer) -> tuple[int, str]:
    """Types before what uses them."""
    order = (Class, Variant, Alias, Constant, Function)
    return next(n for n, kind in enumerate(order) if isinstance(offer.item, kind)), offer.name


@final
class _Types:
    """Prints the types of a Mochi module, whose functions may be generic."""

    def __init__(self, package: Package, imports: Imports) -> None:
        offers = list_offers(package)
        generics = [
            p for o in offers if isinstance(o.item, Function) for p in o.item.signatures[0].type_params
        ]
        names = {param.name: param.name for param in generics}
        names |= {offer.item.path: offer.name for offer in offers}
        self._printer = PythonTypes(names, imports, awaited=False)

    def text(self, ty: BridgeType) -> str:
        """Return the annotation for `ty`; a type parameter is its name."""
        return self._printer.text(map_type(ty, _named))


def _named(ty: BridgeType) -> BridgeType:
    return Ref(ty.name) if isinstance(ty, TypeVarRef) else ty


def _write_offer(writer: Writer, offer: Offer, types: _Types, imports: Imports) -> None:
    item = offer.item
    match item:
        case Class():
            _write_record(writer, offer.name, item, types, imports)
        case Variant():
            alias = imports.use("typing", "TypeAlias")
            names = [types.text(case.type) for case in item.cases]
            writer.alternatives(f"{offer.name}: {alias} = ", names)
            _write_note(writer, item.info)
        case Alias():
            alias = imports.use("typing", "TypeAlias")
            writer.alternatives(f"{offer.name}: {alias} = ", split_union(types.text(item.target)))
            _write_note(writer, item.info)
        case Constant():
            final_ = imports.use("typing", "Final")
            writer.line(f"{offer.name}: {final_}[{types.text(item.type)}]")
            _write_note(writer, item.info)
        case Function():
            _write_function(writer, offer.name, item, types, imports)
        case _:
            assert_never(item)


def _write_record(writer: Writer, name: str, item: Class, types: _Types, imports: Imports) -> None:
    writer.line(f"@{imports.use('typing', 'final')}")
    writer.line(f"@{imports.use('dataclasses', 'dataclass')}(frozen=True, slots=True)")
    if not item.fields and not item.info.doc:
        writer.line(f"class {name}: ...")
        return
    with writer.block(f"class {name}:"):
        _write_note(writer, item.info)
        for each in item.fields:
            writer.annotated(python_name(each.name), types.text(each.type))
            _write_note(writer, each.info)


def _write_function(writer: Writer, name: str, item: Function, types: _Types, imports: Imports) -> None:
    (signature,) = item.signatures
    generics = ", ".join(param.name for param in signature.type_params)
    head = f"def {name}[{generics}](" if generics else f"def {name}("
    params = [f"{python_name(param.name)}: {types.text(param.type)}" for param in signature.params]
    if params:
        params.append("/")
    doc = _doc(item.info)
    tail = f") -> {types.text(signature.result)}:"
    if doc:
        writer.bracketed(head, params, tail)
        with writer.indented():
            _write_doc(writer, doc)
    else:
        writer.bracketed(head, params, f"{tail} ...")


def _doc(info: Info) -> str:
    """Return the documentation, with the effects that the module declares."""
    effects = [note.detail for note in info.notes if note.kind is NoteKind.EFFECT]
    told = f"Effects: {', '.join(effects)}." if effects else ""
    return "\n\n".join(filter(None, (info.doc, told)))


def _write_note(writer: Writer, info: Info) -> None:
    if info.doc:
        _write_doc(writer, info.doc)


def _write_doc(writer: Writer, text: str) -> None:
    for line in python_docstring_lines(text):
        writer.line(line)
