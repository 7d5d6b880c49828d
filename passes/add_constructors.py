"""Write out the `__init__` that Python makes for dataclasses, attrs classes and named tuples.

    @dataclass class P: x: int; y: int = 0     =>     … fun __init__(self, x: int, y: int = ...): none

`InitVar` and `KW_ONLY` pseudo-fields go. The fields of decorated bases come first, in the order in which
Python collects them (PEP 557; attrs, "Subclassing"; `typing.NamedTuple`). A class that defines `__init__` or
`__new__` keeps its own.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import ClassVar, final

from attrs import define, evolve, field, frozen

from ..ir.items import (
    Binding,
    Class,
    Decorator,
    Default,
    DefaultKind,
    Field,
    FieldKind,
    Function,
    Item,
    Package,
    Param,
    ParamKind,
    Signature,
)
from ..ir.traverse import map_items
from ..ir.types import ANY, NONE, BridgeType, Ref
from .context import PassContext
from .forms import NAMED_TUPLE
from .names import Names, has_member
from .operations import CONSTRUCTORS
from .stdlib_names import ATTRS_DECORATORS, DATACLASS_DECORATORS
from .substitution import match_arguments, substitute

_KEYWORD_MARKER = "dataclasses.KW_ONLY"
_INIT_ONLY = "dataclasses.InitVar"


@final
@frozen
class AddConstructors:
    """Generated constructors are written out as methods."""

    name: ClassVar[str] = "add-constructors"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with an `__init__` in every class that Python writes one for."""
        maker = _Maker(Names(package))
        return map_items(package, maker.rewrite)


@final
class _Family(enum.Enum):
    """Who writes the constructor."""

    DATACLASS = "dataclass"
    ATTRS = "attrs"
    NAMED_TUPLE = "named tuple"


@final
@define(eq=False)
class _Maker:
    names: Names
    _collected: dict[tuple[str, _Family], dict[str, Param]] = field(factory=dict)

    def rewrite(self, item: Item) -> Item:
        """Return `item`, with a constructor if it is a class that lacks the one Python makes."""
        if not isinstance(item, Class) or (family := find_family(item)) is None:
            return item
        fields = tuple(member for member in item.fields if not _is_for_constructor(member))
        methods = item.methods
        if not any(has_member(item, name) for name in CONSTRUCTORS) and not any(
            _is_set(decorator, "init", "False") for decorator in item.decorators
        ):
            methods = (self._make_constructor(item, family), *methods)
        return evolve(item, fields=fields, methods=methods)

    def _make_constructor(self, cls: Class, family: _Family) -> Function:
        params = [
            evolve(param, name=_argument(param.name, family)) for param in self._collect(cls, family).values()
        ]
        # Python moves keyword-only fields behind the others, whatever order they were declared in.
        keyword = [param for param in params if param.kind is ParamKind.KEYWORD_ONLY]
        plain = [param for param in params if param.kind is not ParamKind.KEYWORD_ONLY]
        signature = Signature((Param("self"), *plain, *keyword), NONE, span=cls.info.span)
        path = f"{cls.path}.__init__"
        return Function("__init__", path, (signature,), Binding.METHOD, info=evolve(cls.info, doc=""))

    def _collect(self, cls: Class, family: _Family) -> dict[str, Param]:
        """Return the parameters of the constructor by field name; bases of the same family first."""
        if (cls.path, family) in self._collected:
            return self._collected[cls.path, family]
        self._collected[cls.path, family] = {}
        params: dict[str, Param] = {}
        for base in reversed(cls.bases):
            found = self.names.find_class(base.path) if isinstance(base, Ref) else None
            # A base that Python writes nothing for hands on the fields of its own bases.
            if found is None or not isinstance(base, Ref) or find_family(found) not in (family, None):
                continue
            types = match_arguments(found.type_params, base.arguments)
            for name, param in self._collect(found, family).items():
                params[name] = evolve(param, type=substitute(param.type, types))
        if find_family(cls) is family:
            params.update(_own_params(cls, family))
        self._collected[cls.path, family] = params
        return params


def find_family(cls: Class) -> _Family | None:
    """Return who writes the constructor of `cls`, by its own decorators and bases."""
    for decorator in cls.decorators:
        if decorator.path in DATACLASS_DECORATORS:
            return _Family.DATACLASS
        if decorator.path in ATTRS_DECORATORS:
            return _Family.ATTRS
    if any(isinstance(base, Ref) and base.path == NAMED_TUPLE for base in cls.bases):
        return _Family.NAMED_TUPLE
    return None


def _own_params(cls: Class, family: _Family) -> Iterator[tuple[str, Param]]:
    keyword = any(_is_set(decorator, "kw_only", "True") for decorator in cls.decorators)
    for member in cls.fields:
        if isinstance(member.type, Ref) and member.type.path == _KEYWORD_MARKER:
            keyword = True
        elif _is_parameter(member, family):
            kind = ParamKind.KEYWORD_ONLY if keyword else ParamKind.POSITIONAL_OR_KEYWORD
            default = _default(member) if member.has_default else None
            yield member.name, Param(member.name, kind, _init_type(member.type), default, member.info.span)


def _is_parameter(member: Field, family: _Family) -> bool:
    """Return whether a field is passed to the constructor.

    attrs also counts `x = attr.ib()` without annotation: a class variable without a literal value.
    """
    if member.kind is FieldKind.INSTANCE:
        return True
    return family is _Family.ATTRS and member.kind is FieldKind.CLASS_VAR and member.value is None


def _is_for_constructor(member: Field) -> bool:
    """Return whether a field only says something about the constructor and is no attribute."""
    return isinstance(member.type, Ref) and member.type.path in (_KEYWORD_MARKER, _INIT_ONLY)


def _init_type(ty: BridgeType) -> BridgeType:
    match ty:
        case Ref(path, arguments) if path == _INIT_ONLY:
            return arguments[0] if arguments else ANY
        case _:
            return ty


def _argument(name: str, family: _Family) -> str:
    """Return the name of the parameter for a field: attrs strips leading underscores."""
    return name.lstrip("_") or name if family is _Family.ATTRS else name


def _default(member: Field) -> Default:
    if member.value is None:
        return Default(DefaultKind.UNKNOWN, "...")
    return Default(DefaultKind.LITERAL, repr(member.value))


def _is_set(decorator: Decorator, option: str, value: str) -> bool:
    """Return whether the decorator is called with `option=value`."""
    return re.search(rf"\b{option}\s*=\s*{value}\b", decorator.arguments) is not None
