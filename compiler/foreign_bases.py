"""How classes are made that descend from classes of other packages.

    class App(@pydantic.BaseModel)      =>  … keyword dataclass_transform "…, kw_only_default=True, …"
    class Text(@builtins.str)           =>  … fun __new__(cls, object: @builtins.object = ...)

Passes see one package. Of a base class in another one they must know its constructor, or that a library
writes the constructors of derived classes (PEP 681). Modules are read only where such a base leads to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Final, Protocol, final

from attrs import define, field

from ..ir.items import (
    Class,
    Decorator,
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
from ..ir.parts import evolve, map_all, with_parts
from ..ir.traverse import map_items
from ..ir.types import ANY, NONE, UNANNOTATED, BridgeType, Ref
from ..passes.add_constructors import AddConstructors
from ..passes.bind_names import bind_some
from ..passes.bind_self import BindSelf
from ..passes.classify_classes import own_constructor
from ..passes.context import PassContext
from ..passes.expand_aliases import expand_some
from ..passes.forms import GENERIC, NAMED_TUPLE, PROTOCOL, TYPED_DICT, canonical_path
from ..passes.generated_constructors import TRANSFORM, RuleBook, Transform
from ..passes.names import Definition, External, Names, module_of, target_path
from ..passes.operations import CONSTRUCTORS
from ..passes.resolution_order import ResolutionOrders
from ..passes.specifiers import implied_flag, read_arguments
from ..passes.stdlib_names import BUILTIN_EXCEPTIONS, ENUM_BASES
from ..passes.substitution import match_arguments, substitute_member


class FrameLoader(Protocol):
    """Gives modules outside of the package in parts."""

    def load_frame(self, name: str) -> Module | None:
        """Return a module without the members of classes, None where there is none."""
        ...

    def load_class(self, module: str, name: str) -> tuple[Item, ...]:
        """Return class `name` of a module with its members, and those nested in it."""
        ...


_EXCEPTIONS: Final = frozenset(f"builtins.{name}" for name in BUILTIN_EXCEPTIONS)
_PLAIN: Final = frozenset({"builtins.object", "builtins.type", "abc.ABC", GENERIC, PROTOCOL})
# What passes know by themselves.
_KNOWN: Final = _EXCEPTIONS | _PLAIN | ENUM_BASES | {NAMED_TUPLE, TYPED_DICT}
# The abstract classes in these modules have no constructors.
_ABSTRACT: Final = ("collections.abc.", "typing.")
_METACLASS: Final = "metaclass"
# More rounds than this only a cycle of re-exports needs.
_MAX_ROUNDS: Final = 30


def adopt_constructors(package: Package, loader: FrameLoader) -> Package:
    """Return the raw `package` with the constructors that its classes have from other packages."""
    names = Names(package)
    classes = [item for module in package.modules for item in module.items if isinstance(item, Class)]
    foreign = {id(cls): paths for cls in classes if (paths := tuple(_foreign_paths(cls, names)))}
    wanted = set(chain.from_iterable(foreign.values())) - _KNOWN
    if not wanted:
        return package
    library = _Library(package, loader)
    library.read(wanted)
    adopter = _Adopter(names, library.bind(), foreign)
    return map_items(package, adopter.rewrite)


def _foreign_paths(cls: Class, names: Names) -> Iterator[str]:
    """Yield the bases and the metaclass of `cls` that other packages define."""
    for path in (*_base_paths(cls), *_metaclass_paths(cls)):
        match names.find(path):
            case External(found):
                yield canonical_path(found)
            case _:
                pass


def _base_paths(cls: Class) -> Iterator[str]:
    yield from (base.path for base in cls.bases if isinstance(base, Ref))


def _metaclass_paths(cls: Class) -> Iterator[str]:
    yield from (f"{module_of(cls)}.{each.arguments}" for each in cls.keywords if each.path == _METACLASS)


# --- reading --------------------------------------------------------------------------------


@final
@define(eq=False)
class _Library:
    """The modules that names lead to, with no more of their classes than how they are made."""

    package: Package
    loader: FrameLoader
    modules: dict[str, Module | None] = field(factory=dict)

    def read(self, wanted: Collection[str]) -> None:
        """Read the definitions of `wanted` and of what those descend from."""
        pending = set(wanted)
        settled: set[str] = set()
        for path in sorted(pending):
            self._read_around(path)
        for _ in range(_MAX_ROUNDS):
            names = Names(self._package())
            for path in sorted(pending - settled):
                match names.find(path):
                    case External(place) if self._read_around(place):
                        continue
                    case None if self._read_imported(path):
                        continue
                    case Definition(Class() as cls):
                        self._fill(cls)
                        pending.update((*_base_paths(cls), *_metaclass_paths(cls), *_specifier_paths(cls)))
                        pending -= _KNOWN
                settled.add(path)
            if pending <= settled:
                break

    def bind(self) -> Names:
        """Return the names of what was read, with the types of classes bound and constructors written out."""
        package = expand_some(bind_some(self._package(), _may_matter), _may_matter)
        for each in (BindSelf(), AddConstructors()):
            package = each.run(package, PassContext())
        return Names(package)

    def _package(self) -> Package:
        modules = tuple(module for _, module in sorted(self.modules.items()) if module is not None)
        return evolve(self.package, modules=modules, import_names=())

    def _read_around(self, path: str) -> bool:
        """Read the modules on the way to `path`; whether one of them was not read before."""
        is_new = False
        parts = path.split(".")
        for count in range(1, len(parts)):
            module = ".".join(parts[:count])
            if module not in self.modules:
                read = self.modules[module] = self.loader.load_frame(module)
                is_new |= read is not None
                for statement in read.imports if read is not None else ():
                    # What a star import binds is only known from the module.
                    if statement.attribute == "*":
                        self._read_around(f"{statement.module}.*")
            if self.modules[module] is None:
                break
        return is_new

    def _fill(self, cls: Class) -> None:
        """Read how `cls` is made."""
        name = module_of(cls)
        module = self.modules.get(name)
        if module is not None:
            found = {item.path: _outline(item) for item in self.loader.load_class(name, cls.name)}
            items = tuple(found.get(item.path, item) for item in module.items)
            self.modules[name] = evolve(module, items=items)

    def _read_imported(self, path: str) -> bool:
        """Read the submodule that `path` goes through: `m.part.X`, where `m` says `from . import part`."""
        parts = path.split(".")
        for count in range(len(parts) - 1, 0, -1):
            module = self.modules.get(".".join(parts[:count]))
            if module is not None:
                found = (each for each in module.imports if each.name == parts[count] and each.attribute)
                imported = next(found, None)
                if imported is None:
                    return False
                return self._read_around(
                    ".".join((imported.module, imported.attribute or "", *parts[count + 1 :]))
                )
        return False


def _may_matter(item: Item) -> bool:
    """Whether what the names in `item` mean is of use: of a specifier only the defaults are."""
    return not isinstance(item, Function) or bool(item.decorators)


def _specifier_paths(cls: Class) -> Iterator[str]:
    for decorator in cls.decorators:
        if decorator.path.rpartition(".")[2] == TRANSFORM:
            for name in read_arguments(decorator.arguments).names("field_specifiers"):
                yield f"{module_of(cls)}.{name}"


def _outline(item: Item) -> Item:
    if not isinstance(item, Class):
        return item
    methods = tuple(
        each if each.name in CONSTRUCTORS else evolve(each, signatures=(), decorators=())
        for each in item.methods
    )
    properties = tuple(evolve(each, type=UNANNOTATED, setter_type=None) for each in item.properties)
    return evolve(item, methods=methods, properties=properties)


# --- adopting -------------------------------------------------------------------------------


@final
@define(eq=False)
class _Adopter:
    """Gives the classes of a package what they have from the classes of `library`.

    `foreign` has the bases and the metaclass in other packages of every class that has any, by its id.
    """

    names: Names
    library: Names
    foreign: Mapping[int, tuple[str, ...]]
    rules: RuleBook = field(init=False)
    library_orders: ResolutionOrders = field(init=False)
    library_rules: RuleBook = field(init=False)
    imported: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.rules = RuleBook(self.names, ResolutionOrders(self.names))
        self.library_orders = ResolutionOrders(self.library)
        self.library_rules = RuleBook(self.library, self.library_orders)
        self.imported = self._find_imported()

    def rewrite(self, item: Item) -> Item:
        """Return `item`, a class with what it has from elsewhere."""
        if not isinstance(item, Class):
            return item
        cls = with_parts(item, fields=map_all(item.fields, self._settle))
        foreign = self.foreign.get(id(item))
        if foreign is None:
            return cls
        if (transform := self._find_transform(foreign)) is not None:
            return evolve(cls, keywords=(*cls.keywords, transform.as_keyword()))
        if own_constructor(cls) is not None or self.rules.find(cls) is not None:
            return cls
        made = self._find_constructor(cls)
        return cls if made is None else evolve(cls, methods=(made, *cls.methods))

    # --- constructors that a library writes ---------------------------------------------------

    def _find_transform(self, foreign: Iterable[str]) -> Transform | None:
        for path in foreign:
            base = self.library.find_class(path)
            found = self.library_rules.find_handed_on(base) if base is not None else None
            if base is not None and found is not None and not self._has_fields(base):
                return evolve(found, specifiers=self._with_other_names(found.specifiers))
        return None

    def _has_fields(self, cls: Class) -> bool:
        """Return whether derived classes have parameters for fields of `cls`, which passes do not see."""
        return any(
            member.kind is FieldKind.INSTANCE and not member.name.startswith("_")
            for base in self.library_orders.find(cls)
            if self.library_rules.find(base) is not None
            for member in base.fields
        )

    def _with_other_names(self, specifiers: frozenset[str]) -> frozenset[str]:
        """Return `specifiers` with the names under which the package imports them."""
        return specifiers | {path for path in self.imported if self._home(path) in specifiers}

    def _find_imported(self) -> frozenset[str]:
        """Return the paths outside of the package of all calls that may specify fields."""
        return frozenset(
            target.path
            for module in self.names.package.modules
            for item in module.items
            if isinstance(item, Class)
            for member in item.fields
            if member.specifier is not None
            and isinstance(target := self.names.find(member.specifier.path), External)
        )

    def _home(self, path: str) -> str:
        target = self.library.find(path)
        return path if target is None else target_path(target)

    def _settle(self, member: Field) -> Field:
        """Return `member` with `init=False` where that is what its specifier does by default."""
        if member.specifier is None:
            return member
        match self.names.find(member.specifier.path):
            case External(path) if implied_flag(path, "init", self.library) is False:
                arguments = ", ".join(filter(None, (member.specifier.arguments, "init=False")))
                return evolve(member, specifier=Decorator(member.specifier.path, arguments))
            case _:
                return member

    # --- constructors that are inherited -------------------------------------------------------

    def _find_constructor(self, cls: Class) -> Function | None:
        """Return the constructor that `cls` inherits from elsewhere before it does from its own package."""
        for base in cls.bases:
            if not isinstance(base, Ref):
                return None
            if any(self.names.find_method(base, name) for name in CONSTRUCTORS):
                return None
            match self.names.find(base.path):
                case External(path) if canonical_path(path) not in _KNOWN:
                    return self._inherit(cls, canonical_path(path), base.arguments)
                case _:
                    pass
        return None

    def _inherit(self, cls: Class, path: str, arguments: tuple[BridgeType, ...]) -> Function | None:
        """Return the constructor that `cls` has from the class at `path`; None where it cannot be known."""
        base = self.library.find_class(path)
        if base is None:
            return None
        order = self.library_orders.find(base)
        if not _is_complete(order) or _is_abstract(order, cls):
            return None
        for each in order:
            if (found := own_constructor(each)) is not None:
                types = match_arguments(each.type_params, arguments if each is base else ())
                return _adopt(substitute_member(found, types), cls)
        params = [Param("self")]
        if any(path in _EXCEPTIONS for each in order for path in _base_paths(each)):
            params.append(Param("args", ParamKind.VAR_POSITIONAL, ANY))
        return Function("__init__", f"{cls.path}.__init__", (Signature(tuple(params), NONE),))


def _is_complete(order: tuple[Class, ...]) -> bool:
    """Return whether every base in `order` is known: one that is not may have the constructor."""
    known = {each.path for each in order} | _PLAIN | _EXCEPTIONS
    bases = [base for each in order for base in each.bases]
    paths = [canonical_path(base.path) for base in bases if isinstance(base, Ref)]
    return len(paths) == len(bases) and all(path in known or path.startswith(_ABSTRACT) for path in paths)


def _is_abstract(order: tuple[Class, ...], cls: Class) -> bool:
    """Return whether the bases in `order` have abstract members that `cls` does not define."""
    seen = {name for name, _ in _members(cls)}
    for each in order:
        if any(abstract and name not in seen for name, abstract in _members(each)):
            return True
        seen.update(name for name, _ in _members(each))
    return False


def _members(cls: Class) -> Iterator[tuple[str, bool]]:
    yield from ((method.name, method.abstract) for method in cls.methods)
    yield from ((each.name, each.abstract) for each in cls.properties)
    yield from ((member.name, False) for member in cls.fields if member.has_default)


def _adopt(constructor: Function, cls: Class) -> Function:
    """Return `constructor` as a method of `cls`, without the type of its receiver, which is another one."""
    signatures = tuple(
        evolve(each, params=(evolve(each.params[0], type=UNANNOTATED), *each.params[1:]), result=UNANNOTATED)
        for each in constructor.signatures
        if each.params
    )
    path = f"{cls.path}.{constructor.name}"
    return evolve(constructor, path=path, signatures=signatures, info=evolve(cls.info, doc=""))
