"""Let a program name classes where the package wants a class object.

    class m.Base; class m.Sub(@m.Base); class m.Other
    fun make(cls: type<@m.Base>): @m.Base
        =>  handle m.Base: staticmethod fun __class_object__(): @builtins.type      Base_type(): Type
            handle m.Sub:  staticmethod fun __class_object__(): @builtins.type      Sub_type(): Type

Where any class will do, every class of the package has the function. Other classes, those of the standard
library among them, are reached by their paths: `Type_named("decimal.Decimal")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.helpers import CLASS_OBJECT, TYPE_OBJECT
from ..ir.items import Binding, Class, ClassKind, Function, Item, Package, Param, Signature
from ..ir.parts import evolve
from ..ir.traverse import distinct_types, map_items, walk_functions, walk_items
from ..ir.type_tree import inner_types
from ..ir.types import STRING, BridgeType, Ref, TypeObject, UnionOf
from .context import PassContext
from .reached_classes import is_private

_ROOT_ERRORS = ("builtins.BaseException", "builtins.Exception")


@final
@frozen
class ExposeTypes:
    """Classes that a `type[...]` of the package may mean get a function that returns them."""

    name: ClassVar[str] = "expose-types"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the functions, and the handle of class objects where one is used."""
        wanted = _Wanted({item.path: item for item in walk_items(package) if isinstance(item, Class)})
        wanted.read([ty for item in walk_items(package) for ty in _taken(item)])
        if not wanted.found and not _mentions_type(package):
            return package
        exposed = map_items(package, wanted.rewrite)
        others = tuple(item for item in exposed.generated if item.path != TYPE_OBJECT)
        return evolve(exposed, generated=(*others, _TYPE))


@final
@define(eq=False)
class _Wanted:
    """The paths of the classes that are asked for; `anything` where a bare `type` is."""

    classes: dict[str, Class]
    paths: set[str] = field(factory=set)
    anything: bool = False
    found: bool = False

    def read(self, types: Iterable[BridgeType]) -> None:
        """Note the class objects that `types` mention."""
        for ty in inner_types(types):
            if isinstance(ty, TypeObject):
                self.found = True
                self._want(ty.inner)

    def _want(self, ty: BridgeType) -> None:
        match ty:
            case Ref(path):
                self.paths.add(path)
            case UnionOf(members):
                for member in members:
                    self._want(member)
            case _:
                self.anything = True

    def rewrite(self, item: Item) -> Item:
        """Return `item` with the function that returns it, if it is a class that is asked for."""
        if not isinstance(item, Class) or is_private(item.path) or not self._is_wanted(item):
            return item
        if any(method.name == CLASS_OBJECT for method in item.methods):
            return item
        return evolve(item, methods=(*item.methods, _accessor(item)))

    def _is_wanted(self, cls: Class) -> bool:
        if self.anything:
            return True
        if cls.kind is ClassKind.ERROR and any(root in self.paths for root in _ROOT_ERRORS):
            return True
        return any(path in self.paths for path in self._ancestry(cls))

    def _ancestry(self, cls: Class) -> Iterator[str]:
        """Yield the paths of `cls` and its bases, near and far."""
        pending, seen = [cls.path], {cls.path}
        while pending:
            path = pending.pop()
            yield path
            known = self.classes.get(path)
            bases = [base.path for base in known.bases if isinstance(base, Ref)] if known else []
            pending += [base for base in bases if base not in seen]
            seen.update(bases)


def _taken(item: Item) -> list[BridgeType]:
    """Return the types of what `item` and its members take."""
    taken: list[BridgeType] = []
    for function in walk_functions(item):
        for signature in function.signatures:
            taken += [param.type for param in signature.params]
    if isinstance(item, Class):
        taken += [member.type for member in item.fields]
        taken += [prop.setter_type for prop in item.properties if prop.setter_type is not None]
    return taken


def _mentions_type(package: Package) -> bool:
    return any(isinstance(ty, TypeObject) for ty in distinct_types(walk_items(package)))


def _accessor(cls: Class) -> Function:
    signature = Signature((), TypeObject(Ref(cls.path)), span=cls.info.span)
    return Function(CLASS_OBJECT, f"{cls.path}.{CLASS_OBJECT}", (signature,), Binding.STATIC_METHOD)


def _type_member(name: str, binding: Binding, param: Param | None, result: BridgeType) -> Function:
    params = () if param is None else (param,)
    return Function(name, f"{TYPE_OBJECT}.{name}", (Signature(params, result),), binding)


_TYPE = Class(
    "Type",
    TYPE_OBJECT,
    kind=ClassKind.HANDLE,
    methods=(
        *(
            _type_member(name, Binding.STATIC_METHOD, None, Ref(TYPE_OBJECT))
            for name in ("bool", "bytes", "float", "int", "list", "map", "set", "string")
        ),
        _type_member("name", Binding.METHOD, Param("self"), STRING),
        _type_member("named", Binding.STATIC_METHOD, Param("path", type=STRING), Ref(TYPE_OBJECT)),
    ),
)
