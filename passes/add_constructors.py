"""Write out the `__init__` that Python or a library makes for a class from its fields.

    @dataclass class P: x: int; y: int = 0     =>     … fun __init__(self, x: int, y: int = ...): none
    attr.s: _x = attr.ib(alias="y")            =>     … fun __init__(self, y): none

Pseudo-fields such as `InitVar` and `KW_ONLY` go, and so does what calls such as `field(init=False)` say.
The fields of bases come first, in the order in which Python collects them (PEP 557; attrs,
"Subclassing"; `typing.NamedTuple`; PEP 681). A class that defines `__init__` keeps its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

from attrs import define, field, frozen

from ..ir.items import (
    Binding,
    Class,
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
from ..ir.parts import evolve
from ..ir.traverse import map_items
from ..ir.types import ANY, NONE, UNANNOTATED, BridgeType, Ref
from .context import PassContext
from .generated_constructors import Family, RuleBook, Rules
from .names import Names, has_member, module_of
from .resolution_order import ResolutionOrders
from .specifiers import Arguments, converted_type, find_default, implied_flag, read_arguments
from .substitution import match_arguments, substitute

_KEYWORD_MARKER = "dataclasses.KW_ONLY"
_INIT_ONLY = "dataclasses.InitVar"


@final
@frozen
class AddConstructors:
    """Generated constructors are written out as methods."""

    name: ClassVar[str] = "add-constructors"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with an `__init__` in every class that gets one written."""
        names = Names(package)
        orders = ResolutionOrders(names)
        maker = _Maker(names, orders, RuleBook(names, orders))
        return map_items(package, maker.rewrite)


@final
@define(eq=False)
class _Maker:
    names: Names
    orders: ResolutionOrders
    rules: RuleBook
    _collected: dict[str, dict[str, Param]] = field(factory=dict)

    def rewrite(self, item: Item) -> Item:
        """Return `item`, with a constructor if it is a class that lacks the one it gets."""
        if not isinstance(item, Class):
            return item
        rules = self.rules.find(item)
        if rules is None:
            return _drop_specifiers(item)
        methods = item.methods
        if rules.writes and not _has_constructor(item, rules):
            methods = (self._make_constructor(item, rules), *methods)
        fields = tuple(
            self._plain(member, item, rules) for member in item.fields if not _is_for_constructor(member)
        )
        return evolve(item, fields=fields, methods=methods)

    def _make_constructor(self, cls: Class, rules: Rules) -> Function:
        params = {param.name: param for param in self._collect(cls, rules).values()}.values()
        # Python moves keyword-only fields behind the others, whatever order they were declared in.
        keyword = [param for param in params if param.kind is ParamKind.KEYWORD_ONLY]
        plain = [param for param in params if param.kind is not ParamKind.KEYWORD_ONLY]
        signature = Signature((Param("self"), *plain, *keyword), NONE, span=cls.info.span)
        path = f"{cls.path}.__init__"
        return Function("__init__", path, (signature,), Binding.METHOD, info=evolve(cls.info, doc=""))

    def _collect(self, cls: Class, rules: Rules) -> dict[str, Param]:
        """Return the parameters of the constructor by field name; those of bases under like rules first."""
        if cls.path in self._collected:
            return self._collected[cls.path]
        self._collected[cls.path] = {}
        params: dict[str, Param] = {}
        for base, arguments in self._bases(cls):
            found = self.rules.find(base)
            # A base that Python writes nothing for hands on the fields of its own bases.
            if found is not None and not found.is_like(rules):
                continue
            types = match_arguments(base.type_params, arguments)
            for name, param in self._collect(base, found or rules).items():
                _put(params, name, evolve(param, type=substitute(param.type, types)), rules)
        if self.rules.find(cls) is not None:
            for name, own in self._own_params(cls, rules):
                if own is None:
                    params.pop(name, None)
                else:
                    _put(params, name, own, rules)
        self._collected[cls.path] = params
        return params

    def _bases(self, cls: Class) -> Iterator[tuple[Class, tuple[BridgeType, ...]]]:
        for base in reversed(cls.bases):
            if isinstance(base, Ref) and (found := self.names.find_class(base.path)) is not None:
                yield found, base.arguments

    # --- fields -------------------------------------------------------------------------

    def _own_params(self, cls: Class, rules: Rules) -> Iterator[tuple[str, Param | None]]:
        """Yield what each field of `cls` makes of the constructor: a parameter, or that there is none."""
        keyword = rules.keyword
        for member in cls.fields:
            if isinstance(member.type, Ref) and member.type.path == _KEYWORD_MARKER:
                keyword = True
            elif _is_field(member, rules):
                yield member.name, self._make_param(member, cls, rules, keyword)

    def _make_param(self, member: Field, cls: Class, rules: Rules, keyword: bool) -> Param | None:
        settings = self._settings(member, rules)
        if settings is not None and self._flag(member, settings, "init") is False:
            return None
        if settings is not None and (given := self._flag(member, settings, "kw_only")) is not None:
            keyword = given
        name = (settings and settings.text("alias")) or _argument(member.name, rules)
        kind = ParamKind.POSITIONAL_OR_KEYWORD
        if keyword or not name.isidentifier():
            kind = ParamKind.KEYWORD_ONLY
        ty = _init_type(member.type)
        if settings is not None and (converter := settings.named.get("converter")) is not None:
            ty = converted_type(converter, ty, module_of(cls), self.names)
        return Param(name, kind, ty, self._default(member, cls, rules), member.info.span)

    def _settings(self, member: Field, rules: Rules) -> Arguments | None:
        """Return the arguments of the field specifier of `member`, None for a plain field."""
        if member.specifier is None or member.specifier.path not in rules.specifiers:
            return None
        return read_arguments(member.specifier.arguments)

    def _flag(self, member: Field, settings: Arguments, name: str) -> bool | None:
        given = settings.flag(name)
        if given is not None or member.specifier is None:
            return given
        return implied_flag(member.specifier.path, name, self.names)

    def _default(self, member: Field, cls: Class, rules: Rules) -> Default | None:
        if (settings := self._settings(member, rules)) is not None:
            found = find_default(settings)
            if found is None and rules.family is Family.ATTRS and _has_default_method(member, cls):
                return Default(DefaultKind.UNKNOWN, "...")
            return found
        if not member.has_default:
            return None
        if member.value is None:
            return Default(DefaultKind.UNKNOWN, "...")
        return Default(DefaultKind.LITERAL, repr(member.value))

    def _plain(self, member: Field, cls: Class, rules: Rules) -> Field:
        """Return `member` as its instances have it."""
        if _is_field(member, rules):
            settings = self._settings(member, rules)
            given = settings is not None and self._flag(member, settings, "init") is False
            defaulted = given or self._default(member, cls, rules) is not None
            member = evolve(member, kind=FieldKind.INSTANCE, has_default=defaulted)
        return member if member.specifier is None else evolve(member, specifier=None)


def _put(params: dict[str, Param], name: str, param: Param, rules: Rules) -> None:
    """Add a parameter. A field that is declared anew keeps its place, but with attrs it moves back."""
    if rules.family is Family.ATTRS:
        params.pop(name, None)
    params[name] = param


def _has_constructor(cls: Class, rules: Rules) -> bool:
    if rules.family is Family.NAMED_TUPLE and has_member(cls, "__new__"):
        return True
    return has_member(cls, "__init__")


def _drop_specifiers(cls: Class) -> Class:
    if all(member.specifier is None for member in cls.fields):
        return cls
    return evolve(cls, fields=tuple(evolve(member, specifier=None) for member in cls.fields))


def _is_field(member: Field, rules: Rules) -> bool:
    """Return whether a name in the class body is a field.

    attrs also counts `x = attr.ib()` without annotation. In a dataclass `x: Final = 3` is a field with a
    default.
    """
    if rules.family is Family.ATTRS:
        specified = member.specifier is not None and member.specifier.path in rules.specifiers
        if specified or rules.only_specified:
            return specified
    if member.kind is FieldKind.INSTANCE:
        return True
    is_final = member.kind is FieldKind.CLASS_VAR and not member.writable and member.type != UNANNOTATED
    return is_final and rules.family is Family.DATACLASS


def _is_for_constructor(member: Field) -> bool:
    """Return whether a field only says something about the constructor and is no attribute."""
    return isinstance(member.type, Ref) and member.type.path in (_KEYWORD_MARKER, _INIT_ONLY)


def _init_type(ty: BridgeType) -> BridgeType:
    match ty:
        case Ref(path, arguments) if path == _INIT_ONLY:
            return arguments[0] if arguments else ANY
        case _:
            return ty


def _argument(name: str, rules: Rules) -> str:
    """Return the name of the parameter for a field: attrs strips leading underscores."""
    return name.lstrip("_") or name if rules.family is Family.ATTRS else name


def _has_default_method(member: Field, cls: Class) -> bool:
    """Return whether a method is decorated with `@x.default`, `x` being the field."""
    marker = f".{member.name}.default"
    return any(each.path.endswith(marker) for method in cls.methods for each in method.decorators)
