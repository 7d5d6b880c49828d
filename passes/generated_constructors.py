"""By which rules Python, or a library, writes the constructor of a class.

The rules are those of `dataclasses` (PEP 557), of `typing.NamedTuple`, of attrs, and of everything
that declares itself to work like a dataclass with `dataclass_transform` (PEP 681): decorators, base
classes and metaclasses.
"""

from __future__ import annotations

import ast
import enum
from typing import Final, final

from attrs import define, field, frozen

from ..ir.items import Class, Decorator, FieldKind, Function
from ..ir.types import Ref
from .forms import NAMED_TUPLE
from .names import Definition, Names, module_of, target_path
from .resolution_order import ResolutionOrders
from .specifiers import Arguments, read_arguments
from .stdlib_names import ATTRS_DECORATORS, ATTRS_EXPLICIT, ATTRS_SPECIFIERS, DATACLASS_DECORATORS

TRANSFORM: Final = "dataclass_transform"
"""The decorator of PEP 681; as a keyword of a class, what a class of another package carries."""
_METACLASS: Final = "metaclass"
_DATACLASS_SPECIFIERS: Final = frozenset({"dataclasses.field"})


@final
class Family(enum.Enum):
    """Who writes the constructor."""

    DATACLASS = "dataclass"
    ATTRS = "attrs"
    NAMED_TUPLE = "named tuple"
    TRANSFORM = "dataclass_transform"


@final
@frozen
class Rules:
    """How the constructor of one class is written.

    Classes with the same `family` and `origin` inherit fields from each other; `origin` is the path of what
    carries the `dataclass_transform`. `specifiers` are the paths of the calls that specify fields,
    `only_specified` says that nothing else makes a field.
    """

    family: Family
    origin: str = ""
    specifiers: frozenset[str] = frozenset()
    writes: bool = True
    keyword: bool = False
    only_specified: bool = False

    def is_like(self, other: Rules) -> bool:
        """Return whether classes under both rules share their fields."""
        return (self.family, self.origin) == (other.family, other.origin)


@final
@frozen
class Transform:
    """What the `dataclass_transform` on `origin` says; `keyword` is `kw_only_default`."""

    origin: str
    keyword: bool
    specifiers: frozenset[str]

    def as_keyword(self) -> Decorator:
        """Return it as a keyword of a class that has it from another package."""
        specifiers = "".join(f"{name}, " for name in sorted(self.specifiers))
        text = f"{self.origin}, kw_only_default={self.keyword}, field_specifiers=({specifiers})"
        return Decorator(TRANSFORM, text)


def _foreign_transform(keyword: Decorator) -> Transform:
    """Return what `Transform.as_keyword` wrote."""
    settings = read_arguments(keyword.arguments)
    specifiers = frozenset(settings.names("field_specifiers"))
    return Transform(
        keyword.arguments.partition(",")[0], settings.flag("kw_only_default") is True, specifiers
    )


@final
@define(eq=False)
class RuleBook:
    """Finds the rules for each class of a package."""

    names: Names
    orders: ResolutionOrders
    _known: dict[str, Rules | None] = field(factory=dict)
    _transforms: dict[str, Transform | None] = field(factory=dict)

    def find(self, cls: Class) -> Rules | None:
        """Return the rules by which the constructor of `cls` is written; None where nobody writes one."""
        if cls.path not in self._known:
            self._known[cls.path] = self._find(cls)
        return self._known[cls.path]

    def find_handed_on(self, cls: Class) -> Transform | None:
        """Return the transform under which classes derived from `cls` are written."""
        return self._own_transform(cls) or self._inherited_transform(cls)

    def _find(self, cls: Class) -> Rules | None:
        for decorator in cls.decorators:
            rules = self._decorated(cls, decorator)
            if rules is not None:
                return rules
        if any(isinstance(base, Ref) and base.path == NAMED_TUPLE for base in cls.bases):
            return Rules(Family.NAMED_TUPLE)
        transform = self._inherited_transform(cls)
        if transform is None:
            return None
        settings = Arguments(named={each.path: _value(each) for each in cls.keywords})
        return _transformed(transform, settings)

    def _decorated(self, cls: Class, decorator: Decorator) -> Rules | None:
        settings = read_arguments(decorator.arguments)
        writes = settings.flag("init") is not False
        keyword = settings.flag("kw_only") is True
        if decorator.path in DATACLASS_DECORATORS:
            return Rules(Family.DATACLASS, "", _DATACLASS_SPECIFIERS, writes, keyword)
        if decorator.path in ATTRS_DECORATORS:
            automatic = settings.flag("auto_attribs")
            if automatic is None:
                automatic = decorator.path not in ATTRS_EXPLICIT and not _has_bare_specifier(cls)
            return Rules(Family.ATTRS, "", ATTRS_SPECIFIERS, writes, keyword, not automatic)
        transform = self._transform_of(decorator.path)
        return None if transform is None else _transformed(transform, settings)

    def _inherited_transform(self, cls: Class) -> Transform | None:
        """Return the transform of a base class, or of the metaclass of `cls` or a base."""
        for base in self.orders.find(cls):
            if base is not cls and (found := self._own_transform(base)) is not None:
                return found
            for keyword in base.keywords:
                if keyword.path == TRANSFORM:
                    return _foreign_transform(keyword)
                if keyword.path == _METACLASS and (found := self._metaclass_transform(base, keyword)):
                    return found
        return None

    def _metaclass_transform(self, cls: Class, keyword: Decorator) -> Transform | None:
        metaclass = self.names.find_class(f"{module_of(cls)}.{keyword.arguments}")
        if metaclass is None:
            return None
        found = map(self._own_transform, self.orders.find(metaclass))
        return next((each for each in found if each is not None), None)

    def _transform_of(self, path: str) -> Transform | None:
        if path not in self._transforms:
            match self.names.find(path):
                case Definition(Function() | Class() as item):
                    self._transforms[path] = self._own_transform(item)
                case _:
                    self._transforms[path] = None
        return self._transforms[path]

    def _own_transform(self, item: Function | Class) -> Transform | None:
        decorator = next((each for each in item.decorators if _last(each.path) == TRANSFORM), None)
        if decorator is None:
            return None
        settings = read_arguments(decorator.arguments)
        given = settings.names("field_specifiers") or settings.names("field_descriptors")
        specifiers = set()
        for name in given:
            target = self.names.find(f"{module_of(item)}.{name}")
            specifiers.add(name if target is None else target_path(target))
        keyword = settings.flag("kw_only_default") is True
        return Transform(item.path, keyword, frozenset(specifiers))


def _transformed(transform: Transform, settings: Arguments) -> Rules:
    keyword = settings.flag("kw_only")
    return Rules(
        Family.TRANSFORM,
        transform.origin,
        transform.specifiers,
        settings.flag("init") is not False,
        transform.keyword if keyword is None else keyword,
    )


def _value(keyword: Decorator) -> ast.expr:
    read = read_arguments(keyword.arguments)
    return read.positional[0] if read.positional else ast.Constant(None)


def _has_bare_specifier(cls: Class) -> bool:
    """Return whether a field of attrs stands without annotation: then attrs looks at no annotation."""
    return any(
        member.kind is FieldKind.CLASS_VAR
        and member.specifier is not None
        and member.specifier.path in ATTRS_SPECIFIERS
        for member in cls.fields
    )


def _last(path: str) -> str:
    return path.rpartition(".")[2]
