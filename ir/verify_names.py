"""The part of the verifier that looks at names and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, assert_never, final

from attrs import define, field

from .items import (
    Alias,
    CallForm,
    CallPlan,
    Class,
    ClassKind,
    Constant,
    Field,
    FieldKind,
    Function,
    Item,
    Module,
    Package,
    Refusal,
    TypeVariable,
    Variant,
)
from .keywords import is_legal_mochi_name, is_mochi_identifier
from .traverse import walk_items

_SORT_RANK = {Class: 0, Variant: 0, Constant: 1, Function: 2, Alias: 3, TypeVariable: 4, Refusal: 5}

Fail: TypeAlias = Callable[[str, str], None]


Emitted: TypeAlias = tuple[str, str, str | None]
"""What a backend will declare: its path, what it is for, and its name, None where it is missing."""


def verify_names(package: Package, fail: Fail) -> None:
    """Report declarations without a name, with an illegal one, and with one that is taken."""
    owners: dict[str, str] = {}
    local = _LocalNames(fail)
    for item in walk_items(package):
        for path, role, name in _emitted_names(item):
            if name is None:
                fail(path, f"no name for the {role} after assign-names")
                continue
            if not is_legal_mochi_name(name):
                fail(path, f"`{name}` is no legal name for the {role}")
            if name in owners:
                fail(path, f"`{name}` is also the name of `{owners[name]}`")
            owners[name] = path
        local.verify(item)


def _emitted_names(item: Item) -> list[Emitted]:
    match item:
        case Function():
            return [(item.path, _call_role(call), call.exported) for call in item.calls]
        case Class():
            return _emitted_members(item)
        case Variant():
            return [
                (item.path, "variant", item.exported),
                *[(item.path, f"case {case.name}", case.exported) for case in item.cases],
            ]
        case Constant():
            return [(item.path, "constant", item.exported)]
        case Alias() | TypeVariable() | Refusal():
            return []
        case _:
            assert_never(item)


def _emitted_members(cls: Class) -> list[Emitted]:
    names: list[Emitted] = [(cls.path, "class", cls.exported)]
    for member in cls.fields:
        if member.kind is FieldKind.MEMBER:
            names.append((member.path, "member", member.exported))
        elif not _is_record_field(cls, member):
            names.append((member.path, "getter", member.getter))
            if member.writable and member.kind is FieldKind.INSTANCE:
                names.append((member.path, "setter", member.setter))
    for prop in cls.properties:
        names.append((prop.path, "getter", prop.getter))
        if prop.setter_type is not None:
            names.append((prop.path, "setter", prop.setter))
    for function in (*cls.constructors, *cls.methods):
        names += [(function.path, _call_role(call), call.exported) for call in function.calls]
    for cast in cls.casts:
        names += [(cls.path, "upcast", cast.up), (cls.path, "downcast", cast.down)]
    return names


def _call_role(call: CallPlan) -> str:
    return "required call" if call.form is CallForm.REQUIRED else "with call"


@final
@define(eq=False)
class _LocalNames:
    """Looks at the names of record fields and parameters, which need to be unique among themselves.

    `_legal` has names that were looked at before: parameters have few.
    """

    fail: Fail
    _legal: set[str] = field(factory=set)

    def verify(self, item: Item) -> None:
        if isinstance(item, Function):
            self.function(item)
        elif isinstance(item, Class):
            stored = [member.exported for member in item.fields if _is_record_field(item, member)]
            self.scope(item.path, "field", stored)
            for function in (*item.constructors, *item.methods):
                self.function(function)

    def function(self, function: Function) -> None:
        for call in function.calls:
            if call.arguments:
                shown = [each.exported for each in call.arguments if not each.fixed]
                self.scope(function.path, "parameter", shown)

    def scope(self, path: str, role: str, names: Sequence[str | None]) -> None:
        for name in names:
            if name in self._legal:
                continue
            if name is None:
                self.fail(path, f"no name for a {role} after assign-names")
            elif is_mochi_identifier(name):
                self._legal.add(name)
            else:
                self.fail(path, f"`{name}` is no legal name for a {role}")
        if len(names) > 1:
            for twice in repeated([name for name in names if name is not None]):
                self.fail(path, f"two {role}s are named `{twice}`")


def _is_record_field(cls: Class, member: Field) -> bool:
    return cls.kind is ClassKind.RECORD and member.kind is FieldKind.INSTANCE


def verify_order(package: Package, fail: Fail) -> None:
    """Report modules, items and members that are not in the order of sort-items."""
    principal = package.import_names[0] if package.import_names else ""

    def order(module: Module) -> tuple[bool, list[str]]:
        return module.name != principal, module.name.split(".")

    if list(package.modules) != sorted(package.modules, key=order):
        fail(package.name, "modules are not in order after sort-items")
    for module in package.modules:
        keys = [(_SORT_RANK[type(item)], item.path) for item in module.items]
        if keys != sorted(keys):
            fail(module.name, "items are not in order after sort-items")
    generated = [(item.path, _SORT_RANK[type(item)]) for item in package.generated]
    if generated != sorted(generated):
        fail("generated", "items are not in order after sort-items")
    for item in walk_items(package):
        if isinstance(item, Class) and any(names != sorted(names) for names in _sorted_names(item)):
            fail(item.path, "members are not in order after sort-items")


def _sorted_names(cls: Class) -> Iterator[list[str]]:
    """Yield the names of the members of `cls` that have no order of their own."""
    yield [each.name for each in cls.methods]
    yield [each.name for each in cls.properties]
    yield [each.base for each in cls.casts]
    if cls.kind not in (ClassKind.UNKNOWN, ClassKind.RECORD, ClassKind.ENUM):
        yield [each.name for each in cls.fields]


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, in order of first occurrence."""
    listed = names if isinstance(names, list) else list(names)
    if len(set(listed)) == len(listed):
        return []
    return [name for name, count in Counter(listed).items() if count > 1]
