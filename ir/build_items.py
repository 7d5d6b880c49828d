"""Build items from IR text: a method per rule of `ir/ir.lark`.

The parser calls these while it reads. A head (`module …`, `class …`) is reduced before
what stands below it, so the builder knows the paths and files that are left out there.
"""

# ruff: noqa: D102  (the grammar describes the methods)

from __future__ import annotations

from typing import final

from attrs import frozen

from .abi import Abi
from .audit import Gil
from .build_parts import Facts, PartBuilder, gather
from .build_types import Children
from .dist import Target, Tier
from .items import (
    Alias,
    Binding,
    CallPlan,
    Cast,
    Class,
    Constant,
    Decorator,
    Field,
    Function,
    Import,
    Item,
    Module,
    Package,
    Property,
    Refusal,
    Signature,
    StarExport,
    TypeParam,
    TypeVariable,
    Variant,
    VariantCase,
)
from .loops import AsyncDriver, AsyncPlan
from .parts import evolve
from .refusals import SkipReason
from .source import Span
from .types import UNANNOTATED, BridgeType

_ITEMS = (Function, Class, Variant, Constant, Alias, TypeVariable, Refusal)


@final
@frozen
class _Keyword:
    decorator: Decorator


@final
@frozen
class _Constructor:
    function: Function


@final
@frozen
class _Generated:
    items: tuple[Item, ...]


@final
class Builder(PartBuilder):
    """Builds a package. One builder reads one text at a time, after `begin`."""

    # --- packages and modules -----------------------------------------------------------

    def package(self, children: Children) -> Package:
        _magic, name, version, *rest = children
        facts = gather(rest)
        generated: list[_Generated] = facts.get(_Generated, [])
        return Package(
            name,
            version,
            facts.get("import_names", ()),
            self.package_tier_value,
            facts.get("target", Target()),
            tuple(facts.get(Module, ())),
            facts.get("passes", ()),
            generated[0].items if generated else (),
            facts.get("async_plan"),
            facts.get("abi"),
        )

    def words(self, children: Children) -> tuple[str, ...]:
        return tuple(children)

    def word(self, children: Children) -> str:
        word: str = children[0]
        return word

    def imports(self, children: Children) -> tuple[str, tuple[str, ...]]:
        return "import_names", children[0]

    def passes(self, children: Children) -> tuple[str, tuple[str, ...]]:
        return "passes", children[0]

    def async_plan(self, children: Children) -> tuple[str, AsyncPlan]:
        driver, cancel_timeout = children
        return "async_plan", AsyncPlan(AsyncDriver(driver), cancel_timeout)

    def abi(self, children: Children) -> tuple[str, Abi]:
        platform, *rest, gil = children
        found = [tuple(map(int, version.split("."))) for version in rest if version is not None]
        stable = (found[0][0], found[0][1]) if found else None
        return "abi", Abi(platform, stable, Gil(gil))

    def package_tier(self, children: Children) -> tuple[str, Tier]:
        self.package_tier_value = children[0][1]
        return "tier", self.package_tier_value

    def target(self, children: Children) -> tuple[str, Target]:
        platform, version, implementation = children
        major, _, minor = version.rstrip("t").partition(".")
        return "target", Target(platform, (int(major), int(minor)), version.endswith("t"), implementation)

    def module_head(self, children: Children) -> tuple[str, str, frozenset[str]]:
        self.module_path, self.file, self.class_path = children[0], children[1], None
        return self.module_path, self.file, frozenset(map(str, children[2:]))

    def module_flag(self, children: Children) -> str:
        return str(children[0])

    def module(self, children: Children) -> Module:
        name, file, flags = children[0]
        facts = gather(children[1:])
        return Module(
            name,
            file,
            tuple([child for child in children if isinstance(child, _ITEMS)]),
            tuple(facts.get(Import, ())),
            facts.get("exports"),
            "package" in flags,
            "dynamic" in flags,
            facts.get("doc", ""),
        )

    def generated_head(self, _children: Children) -> None:
        self.module_path, self.file, self.class_path = "", "", None

    def generated(self, children: Children) -> _Generated:
        return _Generated(tuple([child for child in children if isinstance(child, _ITEMS)]))

    def exports(self, children: Children) -> tuple[str, tuple[str | StarExport, ...]]:
        return "exports", tuple(child for child in children if child is not None)

    def star_export(self, children: Children) -> StarExport:
        return StarExport(children[0])

    def import_module(self, children: Children) -> Import:
        facts = gather(children)
        module = facts["name"]
        name = str(facts.get("exported", module))
        return Import(name, module, None, "explicit" in facts, facts.get(Span))

    def import_from(self, children: Children) -> Import:
        explicit = children[0] == ("explicit", True)
        module, attribute, *rest = children[1:] if explicit else children
        facts = gather(rest)
        name = str(facts.get("exported", attribute))
        return Import(name, module, attribute, explicit, facts.get(Span))

    def import_all(self, children: Children) -> Import:
        facts = gather(children)
        name = str(facts.get("exported", ""))
        return Import(name, facts["name"], "*", "explicit" in facts, facts.get(Span))

    # --- functions ----------------------------------------------------------------------

    def function(self, children: Children) -> Function:
        usual = Binding.FUNCTION if self.class_path is None else Binding.METHOD
        facts = gather(children)
        return self.make_function(facts, usual, self.default_path(facts["name"]))

    def constructor(self, children: Children) -> _Constructor:
        facts = gather(children)
        path = self.class_path or ""
        return _Constructor(self.make_function(facts, Binding.CONSTRUCTOR, path))

    def make_function(self, facts: Facts, usual: Binding, path: str) -> Function:
        signatures: list[Signature] = facts.get(Signature, [])
        if signatures and "is_async" in facts:
            signatures[0] = evolve(signatures[0], is_async=True)
        if Span not in facts and signatures:
            facts[Span] = signatures[0].span
        return Function(
            facts["name"],
            facts.get("path", path),
            tuple(signatures),
            facts.get("binding", usual),
            tuple(facts.get(Decorator, ())),
            "abstract" in facts,
            self.make_info(facts),
            tuple(facts.get(CallPlan, ())),
        )

    # --- classes ------------------------------------------------------------------------

    def class_head(self, children: Children) -> Facts:
        facts = gather(children)
        self.class_path = facts.setdefault("path", self.default_path(facts["name"]))
        return facts

    def class_item(self, children: Children) -> Class:
        self.class_path = None
        facts = gather(children[1:]) | children[0]
        return Class(
            facts["name"],
            facts["path"],
            facts.get("bases", ()),
            facts["kind"],
            facts.get("type_params", ()),
            tuple([keyword.decorator for keyword in facts.get(_Keyword, ())]),
            tuple(facts.get(Decorator, ())),
            tuple(facts.get(Field, ())),
            tuple(facts.get(Property, ())),
            tuple([constructor.function for constructor in facts.get(_Constructor, ())]),
            tuple(facts.get(Function, ())),
            tuple(facts.get(Cast, ())),
            facts.get("defined", ""),
            self.make_info(facts),
            facts.get("exported"),
        )

    def bases(self, children: Children) -> tuple[str, tuple[BridgeType, ...]]:
        return "bases", children[0]

    def decorator(self, children: Children) -> Decorator:
        return Decorator(*children)

    def keyword(self, children: Children) -> _Keyword:
        return _Keyword(Decorator(*children))

    def defined(self, children: Children) -> tuple[str, str]:
        return "defined", children[0]

    def cast(self, children: Children) -> Cast:
        return Cast(*children)

    def field(self, children: Children) -> Field:
        facts = gather(children)
        return Field(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            facts.get("type", UNANNOTATED),
            facts["kind"],
            facts.get("writable", True),
            facts.get("required", True),
            facts.get("has_default", False),
            facts.get("value"),
            facts.get("specifier"),
            self.make_info(facts),
            facts.get("exported"),
            facts.get("getter"),
            facts.get("setter"),
        )

    def specifier(self, children: Children) -> tuple[str, Decorator]:
        return "specifier", Decorator(*children)

    def property(self, children: Children) -> Property:
        facts = gather(children)
        return Property(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            facts.get("type", UNANNOTATED),
            facts.get("writes"),
            self.make_info(facts),
            facts.get("getter"),
            facts.get("setter"),
            facts.get("abstract", False),
        )

    def writes(self, children: Children) -> tuple[str, BridgeType]:
        return "writes", children[0]

    def getter(self, children: Children) -> tuple[str, str]:
        return "getter", children[0]

    def setter(self, children: Children) -> tuple[str, str]:
        return "setter", children[0]

    # --- other items --------------------------------------------------------------------

    def variant(self, children: Children) -> Variant:
        facts = gather(children)
        return Variant(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            tuple(facts.get(VariantCase, ())),
            self.make_info(facts),
            facts.get("exported"),
        )

    def case(self, children: Children) -> VariantCase:
        facts = gather(children)
        return VariantCase(facts["name"], facts.get("type", UNANNOTATED), facts.get("exported"))

    def constant(self, children: Children) -> Constant:
        facts = gather(children)
        return Constant(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            facts.get("type", UNANNOTATED),
            facts.get("value"),
            self.make_info(facts),
            facts.get("exported"),
        )

    def alias(self, children: Children) -> Alias:
        facts = gather(children)
        return Alias(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            facts["type"],
            facts.get("type_params", ()),
            self.make_info(facts),
        )

    def type_variable(self, children: Children) -> TypeVariable:
        facts = gather(children)
        return TypeVariable(
            facts["name"],
            facts.get("path", self.default_path(facts["name"])),
            facts[TypeParam][0],
            self.make_info(facts),
        )

    def refusal(self, children: Children) -> Refusal:
        kind, name, *rest = children
        facts = gather(rest)
        reason, detail = facts["reason"]
        path = facts.get("path", self.default_path(name))
        return Refusal(name, path, kind, reason, detail, self.make_info(facts))

    def reason(self, children: Children) -> tuple[str, tuple[SkipReason, str]]:
        return "reason", (children[0], children[1])
