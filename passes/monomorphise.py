"""Bind generic items with the types that `[python] monomorphise` gives for their variables.

    monomorphise = [{ item = "m.first", T = "int" }, { item = "m.Box", T = "str" }]

    fun first<T>(xs: list<'T>): 'T           =>  the same, overload (xs: list<int>): int, called `first_int`
    class Box<T>: fun get(self): 'T          =>  class Box: fun get(self): string

A function keeps its general form, and has an arm for each line that names it. A class is one type in Mochi,
so every value of it is taken to have these types.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir import codes
from ..ir.items import Class, Function, Item, Package, Signature, TypeParam
from ..ir.parts import evolve
from ..ir.traverse import map_items, map_outer_types, map_signature
from ..ir.types import STRING, BridgeType, Ref
from .context import PassContext
from .forms import find_form
from .substitution import Substitution, substitute

_SETTING = "python.monomorphise"


@final
@frozen
class Monomorphise:
    """Adds the arms to functions and methods, and puts the types into classes."""

    name: ClassVar[str] = "monomorphise"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with what the options ask for; what they misname is reported."""
        asked = [each for each in ctx.options.monomorphise if each[0].split(".")[0] in package.import_names]
        for path, arguments in asked:
            types = {name: _read_type(text) for name, text in arguments}
            for name, text in arguments:
                if types[name] is None:
                    _report(ctx, f"`{text}` is neither a plain type nor the path of a class")
            known = {name: ty for name, ty in types.items() if ty is not None}
            instance = _Instance(path, known, set(known))
            package = map_items(package, instance.rewrite)
            if not instance.found:
                _report(ctx, f"the package has no function or class `{path}`")
            elif instance.unused:
                names = ", ".join(f"`{name}`" for name in sorted(instance.unused))
                _report(ctx, f"`{path}` has no type variable {names}")
        return package


@final
@define(eq=False)
class _Instance:
    """One line of the setting; `unused` are the variables that no signature had yet."""

    path: str
    types: Substitution
    unused: set[str]
    found: bool = field(default=False)

    def rewrite(self, item: Item) -> Item:
        match item:
            case Function() if item.path == self.path:
                return self.function(item)
            case Class() if item.path == self.path:
                return self.class_item(item)
            case Class() if any(method.path == self.path for method in item.methods):
                methods = (self.function(m) if m.path == self.path else m for m in item.methods)
                return evolve(item, methods=tuple(methods))
            case _:
                return item

    def function(self, function: Function) -> Function:
        self.found = True
        arms = [self.signature(each) for each in function.signatures]
        added = [arm for arm in dict.fromkeys(arms) if arm not in function.signatures]
        return evolve(function, signatures=(*function.signatures, *added))

    def signature(self, signature: Signature) -> Signature:
        types = self.take(signature.type_params)
        if not types:
            return signature
        rest = tuple(param for param in signature.type_params if param.name not in types)
        return map_signature(evolve(signature, type_params=rest), lambda ty: substitute(ty, types))

    def class_item(self, cls: Class) -> Class:
        self.found = True
        types = self.take(cls.type_params)
        rest = tuple(param for param in cls.type_params if param.name not in types)
        return map_outer_types(evolve(cls, type_params=rest), lambda ty: substitute(ty, types))

    def take(self, params: tuple[TypeParam, ...]) -> Substitution:
        """Return the types for those of `params` that have one."""
        taken = {param.name: self.types[param.name] for param in params if param.name in self.types}
        self.unused -= set(taken)
        return taken


def _read_type(text: str) -> BridgeType | None:
    """Return the type that a builtin name or the dotted path of a class means."""
    if text == "string":
        return STRING
    if not all(part.isidentifier() for part in text.split(".")):
        return None
    form = find_form(text if "." in text else f"builtins.{text}")
    if form is not None:
        return form(())
    return Ref(text) if "." in text else None


def _report(ctx: PassContext, problem: str) -> None:
    ctx.report(codes.INVALID_MANIFEST_VALUE.at(None, f"`{_SETTING}`: {problem}"))
