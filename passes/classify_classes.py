"""Decide what each class is in Mochi, and single out its constructors.

    class E(@enum.Enum): classvar RED = 1          =>  enum E: member RED = 1
    class P(@typing.NamedTuple): var x: int        =>  record P
    class F(@enum.Flag): classvar R = 1            =>  handle F: classvar R: @F, and `__or__`, …
    class H(@builtins.ValueError)                  =>  error H
    class C: fun __init__(self, x: int): none      =>  handle C: new __init__(self, x: int): @a.C

A TypedDict, a NamedTuple and a frozen dataclass or attrs class is a record if every field can be
a value and it can be built of its fields; those that it inherits become its own. Of `__init__` and
`__new__` the one that says more is the constructor. A class with neither has the nearest base's, or
`()` where every base is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.items import (
    Binding,
    Class,
    ClassKind,
    Degradation,
    Field,
    FieldKind,
    Function,
    Item,
    Module,
    Package,
    Param,
    ParamKind,
    Signature,
)
from ..ir.parts import evolve
from ..ir.printer import format_type
from ..ir.refusals import SkipReason
from ..ir.traverse import map_type, walk_type
from ..ir.types import (
    ANY,
    STRING,
    UNANNOTATED,
    AsyncOf,
    BridgeType,
    FunOf,
    IteratorOf,
    MapOf,
    Ref,
    StreamOf,
    TypeObject,
    Unsupported,
)
from .context import PassContext
from .flags import FLAG_BASES, make_flag_constructor, open_flags
from .forms import GENERIC, NAMED_TUPLE, PROTOCOL, TYPED_DICT, canonical_path, is_protocol
from .operations import CONSTRUCTORS
from .reached_classes import is_private
from .records import find_recursive_records
from .stdlib_names import ATTRS_DECORATORS, ATTRS_FROZEN, DATACLASS_DECORATORS, ENUM_BASES, is_exception
from .substitution import match_arguments, substitute_member

_KNOWN_BASES = frozenset({"builtins.object", GENERIC, PROTOCOL, "abc.ABC"})
_PLAIN_DICT = MapOf(STRING, ANY)
_BY_NAME = (ParamKind.POSITIONAL_OR_KEYWORD, ParamKind.KEYWORD_ONLY)
_VARIADIC = (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD)


@final
@frozen
class ClassifyClasses:
    """Classes get their kind and their constructors."""

    name: ClassVar[str] = "classify-classes"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with `kind` and `constructors` of every class set."""
        classes = {
            item.path: item for module in package.modules for item in module.items if isinstance(item, Class)
        }
        classifier = _Classifier(classes)
        modules = tuple(map(classifier.classify_module, package.modules))
        return evolve(package, modules=classifier.cut_circles(modules))


@final
@define(eq=False)
class _Classifier:
    """Classifies the classes of one package, by their paths."""

    classes: dict[str, Class]
    _roots: dict[str, frozenset[str]] = field(factory=dict)

    def classify_module(self, module: Module) -> Module:
        """Return `module` with every class classified."""
        is_stub = module.file.endswith(".pyi")
        items = tuple(
            self._classify(item, is_stub) if isinstance(item, Class) else item for item in module.items
        )
        return evolve(module, items=items)

    def cut_circles(self, modules: tuple[Module, ...]) -> tuple[Module, ...]:
        """Return `modules`; inside of itself a TypedDict, which can be no handle, is a plain map."""
        circles = find_recursive_records(item for module in modules for item in module.items)
        dicts = frozenset(path for path in circles if TYPED_DICT in self._external_roots(self.classes[path]))
        if not dicts:
            return modules
        return tuple(
            evolve(module, items=tuple(_cut(item, dicts) for item in module.items)) for module in modules
        )

    def _classify(self, cls: Class, is_stub: bool) -> Class:
        kind = self._find_kind(cls)
        fields = cls.fields
        if kind is ClassKind.ENUM:
            fields = tuple(_as_member(each, is_stub) for each in cls.fields)
        elif kind is ClassKind.RECORD:
            fields = tuple(self._all_fields(cls, set()).values())
        if _is_frozen(cls) or NAMED_TUPLE in self._external_roots(cls):
            fields = tuple(evolve(each, writable=False) for each in fields)
        if kind is ClassKind.HANDLE and self._external_roots(cls) & FLAG_BASES:
            cls = open_flags(evolve(cls, fields=tuple(_as_member(each, is_stub) for each in fields)))
            fields = cls.fields
        methods = tuple(method for method in cls.methods if method.name not in CONSTRUCTORS)
        if kind in (ClassKind.HANDLE, ClassKind.INTERFACE) and is_private(cls.path):
            # A program gets instances of it, and has no name for the class.
            methods = tuple(method for method in methods if method.binding is Binding.METHOD)
            fields = tuple(each for each in fields if each.kind is FieldKind.INSTANCE)
            return evolve(cls, kind=kind, fields=fields, methods=methods)
        constructors = self._find_constructors(cls, kind)
        return evolve(cls, kind=kind, fields=fields, constructors=constructors, methods=methods)

    # --- kinds --------------------------------------------------------------------------

    def _find_kind(self, cls: Class) -> ClassKind:
        roots = self._external_roots(cls)
        if roots & FLAG_BASES:
            return ClassKind.HANDLE
        if roots & ENUM_BASES:
            return ClassKind.ENUM
        if any(map(is_exception, roots)):
            return ClassKind.ERROR
        if is_protocol(cls):
            return ClassKind.INTERFACE
        by_value = bool(roots & {TYPED_DICT, NAMED_TUPLE}) or _is_frozen(cls)
        if not by_value:
            return ClassKind.HANDLE
        if TYPED_DICT in roots:
            return ClassKind.RECORD  # a dict, whatever is in it: there is nothing that a handle could have
        fields = self._all_fields(cls, set())
        if not all(map(_can_be_value, fields.values())):
            return ClassKind.HANDLE
        constructor = self._nearest_constructor(cls, set())
        if constructor is None or _can_be_built(constructor, fields.values()):
            return ClassKind.RECORD
        return ClassKind.HANDLE

    def _external_roots(self, cls: Class) -> frozenset[str]:
        """Return the paths of the classes outside of the package from which `cls` descends."""
        if cls.path not in self._roots:
            self._roots[cls.path] = frozenset()
            roots: set[str] = set()
            for base in cls.bases:
                if not isinstance(base, Ref):
                    continue
                known = self.classes.get(base.path)
                if known is None:
                    roots.add(canonical_path(base.path))
                else:
                    # A class is a protocol only by naming `Protocol` itself (PEP 544).
                    roots |= self._external_roots(known) - {PROTOCOL}
            self._roots[cls.path] = frozenset(roots)
        return self._roots[cls.path]

    def _all_fields(self, cls: Class, visited: set[str]) -> dict[str, Field]:
        """Return the fields of `cls` by name, behind those that its instances have from its bases."""
        visited.add(cls.path)
        fields: dict[str, Field] = {}
        for base in reversed(cls.bases):
            known = self.classes.get(base.path) if isinstance(base, Ref) else None
            if known is None or not isinstance(base, Ref) or known.path in visited:
                continue
            types = match_arguments(known.type_params, base.arguments)
            for name, each in self._all_fields(known, visited).items():
                if each.kind is FieldKind.INSTANCE:
                    fields[name] = evolve(substitute_member(each, types), path=f"{cls.path}.{name}")
        fields.update((each.name, each) for each in cls.fields)
        return fields

    # --- constructors -------------------------------------------------------------------

    def _find_constructors(self, cls: Class, kind: ClassKind) -> tuple[Function, ...]:
        if kind in (ClassKind.ENUM, ClassKind.INTERFACE) or TYPED_DICT in self._external_roots(cls):
            return ()
        if self._external_roots(cls) & FLAG_BASES:
            found: Function | None = make_flag_constructor(cls)
        else:
            found = self._nearest_constructor(cls, set())
        own = own_constructor(cls)
        if own is not None and own.abstract:
            return ()
        if found is None:
            if any(method.abstract for method in cls.methods):
                return ()
            found = self._default_constructor(cls, kind)
        if found is None:
            return ()
        signatures = tuple(evolve(signature, result=Ref(cls.path)) for signature in found.signatures)
        made = evolve(found, path=cls.path, signatures=signatures, binding=Binding.CONSTRUCTOR)
        return (evolve(made, abstract=False),)

    def _nearest_constructor(self, cls: Class, visited: set[str]) -> Function | None:
        visited.add(cls.path)
        own = own_constructor(cls)
        if own is not None:
            return own
        for base in cls.bases:
            known = self.classes.get(base.path) if isinstance(base, Ref) else None
            if known is None or not isinstance(base, Ref) or known.path in visited:
                continue
            inherited = self._nearest_constructor(known, visited)
            if inherited is not None:
                return substitute_member(inherited, match_arguments(known.type_params, base.arguments))
        return None

    def _default_constructor(self, cls: Class, kind: ClassKind) -> Function | None:
        """Return the constructor of `object` or of exceptions; None where a base is not known."""
        params: tuple[Param, ...] = (Param("self"),)
        roots = self._external_roots(cls)
        if kind is ClassKind.ERROR:
            if not all(_is_builtin_exception(root) or root in _KNOWN_BASES for root in roots):
                return None
            params += (Param("args", ParamKind.VAR_POSITIONAL, ANY),)
        elif not (roots <= _KNOWN_BASES and all(isinstance(base, Ref) for base in cls.bases)):
            return None
        return Function("__init__", cls.path, (Signature(params),), info=evolve(cls.info, doc=""))


def _cut(item: Item, dicts: frozenset[str]) -> Item:
    if not isinstance(item, Class) or item.path not in dicts:
        return item
    return evolve(item, fields=tuple(_cut_field(member, dicts) for member in item.fields))


def _cut_field(member: Field, dicts: frozenset[str]) -> Field:
    ty = map_type(member.type, lambda inner: _PLAIN_DICT if _names_one(inner, dicts) else inner)
    if ty == member.type:
        return member
    loss = Degradation(SkipReason.FORWARD_REF, "field", format_type(member.type))
    return evolve(member, type=ty, info=evolve(member.info, degradations=(*member.info.degradations, loss)))


def _names_one(ty: BridgeType, paths: frozenset[str]) -> bool:
    return isinstance(ty, Ref) and ty.path in paths


def own_constructor(cls: Class) -> Function | None:
    """Return `__init__`, or `__new__` where `__init__` is missing or accepts anything."""
    init = next((method for method in cls.methods if method.name == "__init__"), None)
    new = next((method for method in cls.methods if method.name == "__new__"), None)
    if init is None or (new is not None and _accepts_anything(init) and not _accepts_anything(new)):
        return new
    return init


def _accepts_anything(function: Function) -> bool:
    """Return whether `function` is `(self, *args, **kwargs)` without types, which says nothing."""
    return all(
        param.kind in _VARIADIC and param.type in (ANY, UNANNOTATED)
        for signature in function.signatures
        for param in signature.params[1:]
    )


def _is_builtin_exception(path: str) -> bool:
    return path.startswith("builtins.") and is_exception(path)


def _as_member(each: Field, is_stub: bool) -> Field:
    """Return a field of an enum as a member where it is one.

    Assigned names are members; so are annotated ones in stubs, where the older form of a member is
    `NAME: int` (typing specification, "Enumerations"), but for `name` and `value`.
    """
    assigned = each.has_default
    annotated = is_stub and each.kind is FieldKind.INSTANCE and each.name not in ("name", "value")
    if each.name.startswith("_") or not (assigned or annotated) or isinstance(each.type, FunOf):
        return each
    return evolve(each, kind=FieldKind.MEMBER, writable=False)


def _is_frozen(cls: Class) -> bool:
    """Return whether a decorator makes instances immutable."""
    return any(
        decorator.path in ATTRS_FROZEN
        or (
            decorator.path in DATACLASS_DECORATORS | ATTRS_DECORATORS
            and re.search(r"\bfrozen\s*=\s*True\b", decorator.arguments)
        )
        for decorator in cls.decorators
    )


def _can_be_built(constructor: Function, fields: Iterable[Field]) -> bool:
    """Return whether some arm of `constructor` takes every attribute by name and asks for no more."""
    names = {each.name for each in fields if each.kind is FieldKind.INSTANCE}
    for signature in constructor.signatures:
        params = signature.params[1:]
        taken = {param.name for param in params if param.kind in _BY_NAME}
        required = {param.name for param in params if param.default is None and param.kind not in _VARIADIC}
        opened = any(param.kind is ParamKind.VAR_KEYWORD for param in params)
        if required <= names and (opened or names <= taken):
            return True
    return False


def _can_be_value(member: Field) -> bool:
    """Return whether a field holds data: nothing that runs, waits or is consumed."""
    if member.kind is not FieldKind.INSTANCE:
        return True
    return not any(
        isinstance(ty, FunOf | AsyncOf | StreamOf | IteratorOf | TypeObject | Unsupported)
        for ty in walk_type(member.type)
    )
