"""The part of the verifier that looks at names and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, assert_never, final

from attrs import frozen

from .items import (
    Alias,
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


@final
@frozen
class _Emitted:
    """A name that a backend will declare, None where it is missing, and what it is for."""

    path: str
    role: str
    name: str | None


def verify_names(package: Package, fail: Fail) -> None:
    """Report declarations without a name, with an illegal one, and with one that is taken."""
    owners: dict[str, str] = {}
    for item in walk_items(package):
        for emitted in _emitted_names(item):
            name = emitted.name
            if name is None:
                fail(emitted.path, f"no name for the {emitted.role} after assign-names")
                continue
            if not is_legal_mochi_name(name):
                fail(emitted.path, f"`{name}` is no legal name for the {emitted.role}")
            if name in owners:
                fail(emitted.path, f"`{name}` is also the name of `{owners[name]}`")
            owners[name] = emitted.path
        _verify_local_names(item, fail)


def _emitted_names(item: Item) -> list[_Emitted]:
    match item:
        case Function():
            return [_Emitted(item.path, f"{call.form.value} call", call.exported) for call in item.calls]
        case Class():
            return _emitted_members(item)
        case Variant():
            cases = [_Emitted(item.path, f"case {case.name}", case.exported) for case in item.cases]
            return [_Emitted(item.path, "variant", item.exported), *cases]
        case Constant():
            return [_Emitted(item.path, "constant", item.exported)]
        case Alias() | TypeVariable() | Refusal():
            return []
        case _:
            assert_never(item)


def _emitted_members(cls: Class) -> list[_Emitted]:
    names = [_Emitted(cls.path, "class", cls.exported)]
    for member in cls.fields:
        if member.kind is FieldKind.MEMBER:
            names.append(_Emitted(member.path, "member", member.exported))
        elif not _is_record_field(cls, member):
            names.append(_Emitted(member.path, "getter", member.getter))
            if member.writable and member.kind is FieldKind.INSTANCE:
                names.append(_Emitted(member.path, "setter", member.setter))
    for prop in cls.properties:
        names.append(_Emitted(prop.path, "getter", prop.getter))
        names += [_Emitted(prop.path, "setter", prop.setter)] if prop.setter_type is not None else []
    for function in (*cls.constructors, *cls.methods):
        names += _emitted_names(function)
    for cast in cls.casts:
        names += [_Emitted(cls.path, "upcast", cast.up), _Emitted(cls.path, "downcast", cast.down)]
    return names


def _verify_local_names(item: Item, fail: Fail) -> None:
    """Check the names of record fields and parameters, which need to be unique among themselves."""
    if isinstance(item, Class):
        stored = [member.exported for member in item.fields if _is_record_field(item, member)]
        _verify_scope(item.path, "field", stored, fail)
        for function in (*item.constructors, *item.methods):
            _verify_local_names(function, fail)
    if isinstance(item, Function):
        for call in item.calls:
            shown = [each.exported for each in call.arguments if not each.fixed]
            _verify_scope(item.path, "parameter", shown, fail)


def _verify_scope(path: str, role: str, names: Sequence[str | None], fail: Fail) -> None:
    for name in names:
        if name is None:
            fail(path, f"no name for a {role} after assign-names")
        elif not is_mochi_identifier(name):
            fail(path, f"`{name}` is no legal name for a {role}")
    for twice in repeated(name for name in names if name is not None):
        fail(path, f"two {role}s are named `{twice}`")


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
