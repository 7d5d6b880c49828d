"""What an installed package is found to hold: the counterpart of `Package` at run time.

`runtime/inspector.py` writes it down; passes compare it with what the types declare.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, final

from attrs import field, frozen

from .items import ParamKind
from .parts import evolve

_PREFIXES: Final = {"**": ParamKind.VAR_KEYWORD, "*": ParamKind.VAR_POSITIONAL, ":": ParamKind.KEYWORD_ONLY}


@final
class RuntimeKind(enum.Enum):
    """What an object is.

    A `callable` is neither a function nor a class; a `value` cannot be called; a `form` is an alias of a
    type or another thing of `typing`.
    """

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    CALLABLE = "callable"
    VALUE = "value"
    FORM = "form"


@final
class MemberKind(enum.Enum):
    """How a member hangs on its class.

    A `method` takes the instance, a `class` member the class and a `static` one nothing; `class-slot`
    is a class method of C. `data` is read from instances (properties, slots), a `descriptor` answers in
    its own way, a `nested` one is a class, and `none` is a special method that is switched off.
    """

    METHOD = "method"
    CLASS = "class"
    CLASS_SLOT = "class-slot"
    STATIC = "static"
    DATA = "data"
    DESCRIPTOR = "descriptor"
    NESTED = "nested"
    CALLABLE = "callable"
    VALUE = "value"
    NONE = "none"


@final
@frozen
class RuntimeParam:
    """A parameter as `inspect.signature` shows it."""

    name: str
    kind: ParamKind
    optional: bool = False


@final
@frozen
class RuntimeMember:
    """A member of a class: how it hangs there, and its signature as it is stored, with receiver.

    `nested` is the number of a class inside of a class.
    """

    kind: MemberKind
    signature: str | None = None
    nested: int | None = None


@final
@frozen
class RuntimeClass:
    """What a class says of itself and its instances, without what it inherits.

    `mro` holds the numbers of its bases in order, `object` left out. `declared` are names of attributes
    that its body only annotates, or its slots; `stored` those that its methods assign. `enum_members`
    is None for what is no enum. A class is `open` where it answers for names that it does not have, and
    `closed` where its instances have no room for further attributes.
    """

    mro: tuple[int, ...]
    members: Mapping[str, RuntimeMember]
    declared: frozenset[str] = frozenset()
    stored: frozenset[str] = frozenset()
    enum_members: frozenset[str] | None = None
    metaclass: int | None = None
    open: bool = False
    closed: bool = False


@final
@frozen
class RuntimeObject:
    """An object: what it is, its qualified name (its type's, where it has none), how it is called."""

    kind: RuntimeKind
    path: str
    signature: str | None = None
    cls: RuntimeClass | None = None


@final
@frozen
class RuntimeModule:
    """A module: the numbers of the objects behind its names, and the public names of its `__all__`.

    `error` says why it does not import; it is `absent` where there is no such module at all. It is
    `open` where it may answer for further names.
    """

    names: Mapping[str, int] = field(factory=dict)
    listed: tuple[str, ...] = ()
    open: bool = False
    error: str = ""
    absent: bool = False


@final
@frozen
class Inventory:
    """What was found in the modules that were asked for. Numbers tell objects apart.

    `paths` are classes that were asked for by their dotted path, None where there is nothing.
    """

    modules: Mapping[str, RuntimeModule] = field(factory=dict)
    paths: Mapping[str, int | None] = field(factory=dict)
    objects: tuple[RuntimeObject, ...] = ()

    def number(self, module: str, name: str) -> int | None:
        """Return the number of the object behind the dotted `name` in `module`."""
        first, *rest = name.split(".")
        found = self.modules[module].names.get(first) if module in self.modules else None
        for part in rest:
            if found is None:
                return None
            member = self.member(self.objects[found], part)
            found = member.nested if member else None
        return found

    def find(self, module: str, name: str) -> RuntimeObject | None:
        """Return the object behind the dotted `name` in `module`."""
        number = self.number(module, name)
        return None if number is None else self.objects[number]

    def lineage(self, found: RuntimeObject) -> Iterator[RuntimeClass]:
        """Yield a class and its bases, in the order of lookups."""
        if found.cls is not None:
            yield found.cls
            yield from (base for each in found.cls.mro if (base := self.objects[each].cls))

    def member(self, found: RuntimeObject, name: str) -> RuntimeMember | None:
        """Return the member that a class has or inherits under `name`."""
        return next((each.members[name] for each in self.lineage(found) if name in each.members), None)

    def subclasses(self, number: int) -> Iterator[RuntimeObject]:
        """Yield the classes that class `number` is a base of, as far as they were met."""
        yield from (each for each in self.objects if each.cls is not None and number in each.cls.mro)

    def merge(self, other: Inventory) -> Inventory:
        """Return what both hold; equal objects of the two do not become one."""
        moved = tuple(_move(each, len(self.objects)) for each in other.objects)
        names = {
            name: evolve(module, names={key: at + len(self.objects) for key, at in module.names.items()})
            for name, module in other.modules.items()
        }
        paths = {path: None if at is None else at + len(self.objects) for path, at in other.paths.items()}
        return Inventory({**self.modules, **names}, {**self.paths, **paths}, (*self.objects, *moved))


def _move(found: RuntimeObject, by: int) -> RuntimeObject:
    """Return `found` with numbers that are higher by `by`."""
    if found.cls is None:
        return found
    members = {
        name: each if each.nested is None else evolve(each, nested=each.nested + by)
        for name, each in found.cls.members.items()
    }
    meta = None if found.cls.metaclass is None else found.cls.metaclass + by
    mro = tuple(at + by for at in found.cls.mro)
    return evolve(found, cls=evolve(found.cls, mro=mro, members=members, metaclass=meta))


# --- text -------------------------------------------------------------------------------


def parse_inventory(text: str | bytes) -> Inventory:
    """Read what `runtime/inspector.py` writes. Raises `ValueError` for anything else."""
    try:
        return _read(json.loads(text))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an inventory: {error!r}") from None


def _read(raw: Mapping[str, Any]) -> Inventory:
    objects = tuple(map(_read_object, raw["objects"]))
    modules = {str(name): _read_module(each) for name, each in raw["modules"].items()}
    found = Inventory(modules, {str(path): at for path, at in raw["paths"].items()}, objects)
    numbers = [at for module in modules.values() for at in module.names.values()]
    numbers += [at for at in found.paths.values() if at is not None]
    for each in objects:
        if each.cls is not None:
            numbers += [*each.cls.mro, *([] if each.cls.metaclass is None else [each.cls.metaclass])]
            numbers += [at.nested for at in each.cls.members.values() if at.nested is not None]
    if not all(isinstance(at, int) and 0 <= at < len(objects) for at in numbers):
        raise ValueError("an inventory names an object that it does not hold")
    return found


def _read_module(raw: Mapping[str, Any]) -> RuntimeModule:
    if raw.get("error"):
        return RuntimeModule(error=str(raw["error"]), absent=bool(raw.get("absent")))
    names = {str(name): at for name, at in raw["names"].items()}
    return RuntimeModule(names, tuple(map(str, raw.get("all", ()))), bool(raw.get("open")))


def _read_object(raw: Any) -> RuntimeObject:  # noqa: ANN401  -- any JSON value
    kind, path, signature, *rest = raw
    return RuntimeObject(
        RuntimeKind(kind), str(path), _text(signature), _read_class(rest[0]) if kind == "class" else None
    )


def _read_class(raw: Mapping[str, Any]) -> RuntimeClass:
    return RuntimeClass(
        tuple(raw["mro"]),
        {str(name): _read_member(*each) for name, each in raw["members"].items()},
        frozenset(map(str, raw.get("declared", ()))),
        frozenset(map(str, raw.get("stored", ()))),
        frozenset(map(str, raw["enum"])) if "enum" in raw else None,
        raw.get("meta"),
        bool(raw.get("open")),
        bool(raw.get("closed")),
    )


def _read_member(kind: str, value: Any = None) -> RuntimeMember:  # noqa: ANN401  -- any JSON value
    if kind == MemberKind.NESTED.value:
        return RuntimeMember(MemberKind.NESTED, None, value)
    return RuntimeMember(MemberKind(kind), _text(value))


def _text(value: Any) -> str | None:  # noqa: ANN401  -- any JSON value
    return None if value is None else str(value)


@lru_cache(maxsize=4096)
def parse_signature(text: str) -> tuple[RuntimeParam, ...]:
    """Read `self/ x y= *args :key= **rest`: positional only, optional, gathering, keyword only."""
    return tuple(map(_parse_param, text.split(" "))) if text else ()


def _parse_param(text: str) -> RuntimeParam:
    name, optional = text.removesuffix("="), text.endswith("=")
    for prefix, kind in _PREFIXES.items():
        if name.startswith(prefix):
            return RuntimeParam(name.removeprefix(prefix), kind, optional)
    if name.endswith("/"):
        return RuntimeParam(name.removesuffix("/"), ParamKind.POSITIONAL_ONLY, optional)
    return RuntimeParam(name, ParamKind.POSITIONAL_OR_KEYWORD, optional)
