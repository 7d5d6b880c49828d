"""Build functions, signatures and call plans from IR text, and the parts that all items have."""

# ruff: noqa: D102  (the grammar describes the methods)

from __future__ import annotations

from typing import Any, TypeAlias

from .build_types import Children, TypeBuilder
from .dist import Tier
from .extensions import Guard
from .items import (
    Argument,
    CallPlan,
    Degradation,
    Evidence,
    Info,
    Note,
    Option,
    Param,
    ParamKind,
    Passing,
    Probe,
    Signature,
    TypeParam,
    TypeParamKind,
)
from .parts import evolve
from .source import Span
from .text import join_path
from .types import UNANNOTATED, BridgeType, ConstantValue

# Facts about one item by field name; what may repeat, by class.
Facts: TypeAlias = dict[object, Any]

_PARAM_KINDS = {kind.value: kind for kind in ParamKind}
_TYPE_PARAM_KINDS = {"": TypeParamKind.TYPE, "*": TypeParamKind.TUPLE, "**": TypeParamKind.PARAM_SPEC}


class PartBuilder(TypeBuilder):
    """Builds what items are made of."""

    # --- signatures and call plans ------------------------------------------------------

    def overload(self, children: Children) -> Signature:
        is_async, signature = children
        arm: Signature = evolve(signature, is_async=True) if is_async else signature
        return arm

    def signature(self, children: Children) -> Signature:
        facts = gather(children)
        return Signature(
            facts.get("params", ()),
            facts.get("result", UNANNOTATED),
            facts.get("type_params", ()),
            False,
            facts.get(Span),
            facts.get("warns"),
        )

    def warns(self, children: Children) -> tuple[str, str]:
        return "warns", children[0]

    def result(self, children: Children) -> tuple[str, BridgeType]:
        return "result", children[0]

    def params(self, children: Children) -> tuple[str, tuple[Param, ...]]:
        return "params", tuple(children)

    def param(self, children: Children) -> Param:
        (prefix, name), ty, default, span = children
        return Param(name, _PARAM_KINDS.get(prefix, ParamKind.POSITIONAL_OR_KEYWORD), ty, default, span)

    def bare_param(self, children: Children) -> Param:
        (prefix, name), default, span = children
        kind = _PARAM_KINDS.get(prefix, ParamKind.POSITIONAL_OR_KEYWORD)
        return Param(name, kind, UNANNOTATED, default, span)

    def type_params(self, children: Children) -> tuple[str, tuple[TypeParam, ...]]:
        return "type_params", tuple(children)

    def type_param(self, children: Children) -> TypeParam:
        prefix, name = children[0]
        kind = _TYPE_PARAM_KINDS.get(prefix, TypeParamKind.TYPE)
        return TypeParam(name, kind, **dict(children[1:]))

    def bound(self, children: Children) -> tuple[str, BridgeType]:
        return "bound", children[0]

    def constraints(self, children: Children) -> tuple[str, tuple[BridgeType, ...]]:
        return "constraints", children[0]

    def type_default(self, children: Children) -> tuple[str, BridgeType]:
        return "default", children[0]

    def info_span(self, children: Children) -> Span:
        span: Span = children[0]
        return span

    def no_span(self, _children: Children) -> tuple[type[Span], None]:
        return Span, None

    def call(self, children: Children) -> CallPlan:
        facts = gather(children)
        return CallPlan(
            facts["form"],
            facts.get("arm", 0),
            facts.get("receiver"),
            facts.get("arguments", ()),
            facts.get("options", ()),
            facts.get("open_options"),
            facts["type"],
            facts.get("loop"),
            facts.get("exported"),
            "lazy" in facts,
        )

    def arm(self, children: Children) -> tuple[str, int]:
        return "arm", children[0]

    def receiver(self, children: Children) -> tuple[str, BridgeType]:
        return "receiver", children[0]

    def returns(self, children: Children) -> tuple[str, BridgeType]:
        return "type", children[0]

    def arguments(self, children: Children) -> tuple[str, tuple[Argument, ...]]:
        return "arguments", tuple(children)

    def argument(self, children: Children) -> Argument:
        (prefix, name), ty, fixed, renamed = children
        passing = Passing.KEYWORD if prefix == "kw" else Passing.POSITIONAL
        return Argument(name, ty, passing, renamed[1] if renamed else None, fixed is not None)

    def bare_argument(self, children: Children) -> Argument:
        head, renamed = children
        return self.argument([head, UNANNOTATED, None, renamed])

    def options(self, children: Children) -> tuple[str, tuple[Option, ...]]:
        return "options", tuple(children)

    def option_item(self, children: Children) -> Option:
        (prefix, name), ty, default = children
        return Option(name, ty, default, Passing.POSITIONAL if prefix == "pos" else Passing.KEYWORD)

    def bare_option(self, children: Children) -> Option:
        head, default = children
        return self.option_item([head, UNANNOTATED, default])

    def open(self, children: Children) -> tuple[str, BridgeType]:
        return "open_options", children[0]

    # --- parts --------------------------------------------------------------------------

    def path(self, children: Children) -> tuple[str, str]:
        return "path", children[0]

    def renamed(self, children: Children) -> tuple[str, str]:
        return "exported", children[0]

    def of(self, children: Children) -> tuple[str, BridgeType]:
        return "type", children[0]

    alias_target = of

    def value(self, children: Children) -> tuple[str, ConstantValue]:
        return "value", children[0]

    def doc(self, children: Children) -> tuple[str, str]:
        return "doc", children[0]

    def tier(self, children: Children) -> tuple[str, Tier]:
        return "tier", children[0][1]

    def deprecated(self, children: Children) -> tuple[str, str]:
        return "deprecated", children[0]

    def probe(self, children: Children) -> tuple[str, Probe]:
        return "probe", children[0][1]

    def lost(self, children: Children) -> Degradation:
        reason, where, detail = children
        return Degradation(reason, where, detail)

    def note(self, children: Children) -> Note:
        kind, where, detail = children
        return Note(kind, where, detail)

    def guard(self, children: Children) -> Guard:
        return Guard(children[0], len(children) == 2)

    def evidence(self, children: Children) -> Evidence:
        source, where, root, *steps = children
        if isinstance(root, str):
            return Evidence(where, source, name=root, steps=tuple(steps))
        return Evidence(where, source, root, steps=tuple(steps))

    def default_path(self, name: str) -> str:
        """Return the path of an item or member whose path is not written."""
        return join_path(self.module_path if self.class_path is None else self.class_path, name)

    def make_info(self, facts: Facts) -> Info:
        """Return the facts that every item carries."""
        return Info(
            facts.get(Span),
            facts.get("tier", self.package_tier_value),
            facts.get("doc", ""),
            facts.get("deprecated"),
            facts.get("probe"),
            tuple(facts.get(Degradation, ())),
            tuple(facts.get(Note, ())),
            tuple(facts.get(Evidence, ())),
            tuple(facts.get(Guard, ())),
        )


def gather(children: Children) -> Facts:
    """Return the facts among `children`: pairs by name, the span, the name, others by class in order."""
    facts: Facts = {}
    for child in children:
        kind = type(child)
        if kind is tuple:
            facts[child[0]] = child[1]
        elif kind is Span:
            facts[Span] = child
        elif kind is str:
            facts.setdefault("name", child)
        elif child is not None:
            facts.setdefault(kind, []).append(child)
    return facts
