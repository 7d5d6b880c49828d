"""Plan how Mochi, which has neither defaults nor keywords, calls each function.

fun get(url: string, *, timeout: float = ...)   =>   get(url: string)
                                                     get_with(url: string, options: timeout: float)
async fun fetch(url: string): Response          =>   fetch(url: string): async<Response>
fun read(path: string, raw: literal<true>)      =>   read(path: string), which sends `raw=True`
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import evolve, frozen

from ..ir import codes
from ..ir.items import (
    Argument,
    Binding,
    CallForm,
    CallPlan,
    Class,
    Function,
    Item,
    Module,
    Option,
    Package,
    Param,
    ParamKind,
    Passing,
    Refusal,
    Signature,
)
from ..ir.refusals import SkipReason
from ..ir.types import NONE, AsyncOf, BridgeType, ListOf, Ref, has_one_value
from .context import PassContext
from .receivers import has_receiver, lacks_receiver

ARGS = "args"
"""The option that stands for `*args`."""


@final
@frozen
class PlanCalls:
    """Sets `Function.calls`: the required form, and a form with options where there are any.

    Parameters without a default are arguments in their order, passed by keyword where
    Python demands it. All others are options by their Python name: `*args` is the option
    `args`, a list, and `**kwargs` opens further names. A parameter whose type is `none` is
    left out where it may be, else it is fixed. The receiver of a method comes first; that
    of a class method or constructor is Python's own matter.

    Every overload arm has a form of its own. An argument that can have one value only is fixed: the
    wrapper sends it. A method that has no place for its receiver is refused.
    """

    name: ClassVar[str] = "plan-calls"

    def run(self, package: Package, ctx: PassContext) -> Package:
        """Return `package` with the calls of every function planned anew."""
        modules = tuple(_plan_module(module, ctx) for module in package.modules)
        quiet = PassContext(ctx.options)  # nobody can do anything about foreign classes
        generated = tuple(item for each in package.generated for item in _plan_item(each, quiet))
        return evolve(package, modules=modules, generated=generated)


def plan_calls(function: Function, owner: str | None) -> tuple[CallPlan, ...]:
    """Return the call plans of `function`, arm by arm; `owner` is its class."""
    plans: list[CallPlan] = []
    for index, arm in enumerate(function.signatures):
        if lacks_receiver(function, arm):
            continue
        plan = _plan_arm(function, index, arm, owner)
        plans.append(evolve(plan, form=CallForm.REQUIRED, options=(), open_options=None))
        if plan.options or plan.open_options is not None:
            plans.append(plan)
    return tuple(plans)


def _plan_module(module: Module, ctx: PassContext) -> Module:
    return evolve(module, items=tuple(planned for item in module.items for planned in _plan_item(item, ctx)))


def _plan_item(item: Item, ctx: PassContext) -> list[Item]:
    match item:
        case Function():
            return [_plan_function(item, None, item.name, ctx)]
        case Class() if item.constructors or item.methods:
            constructors = [_plan_member(each, item, ctx) for each in item.constructors]
            methods = [_plan_member(each, item, ctx) for each in item.methods]
            planned = evolve(
                item,
                constructors=tuple(each for each in constructors if isinstance(each, Function)),
                methods=tuple(each for each in methods if isinstance(each, Function)),
            )
            return [planned, *(each for each in (*constructors, *methods) if isinstance(each, Refusal))]
        case _:
            return [item]


def _plan_member(function: Function, cls: Class, ctx: PassContext) -> Function | Refusal:
    return _plan_function(function, cls.path, f"{cls.name}.{function.name}", ctx)


def _plan_function(function: Function, owner: str | None, shown: str, ctx: PassContext) -> Function | Refusal:
    plans = plan_calls(function, owner)
    if plans:
        return evolve(function, calls=plans)
    span = function.signatures[0].span if function.signatures else None
    ctx.report(codes.MISSING_RECEIVER.at(span or function.info.span, f"`{function.path}` takes no receiver"))
    detail = codes.MISSING_RECEIVER.summary
    return Refusal(shown, function.path, "method", SkipReason.UNKNOWN, detail, function.info)


def _plan_arm(function: Function, index: int, arm: Signature, owner: str | None) -> CallPlan:
    """Return the plan of one arm with its options, whether there are any or not."""
    params = arm.params[1:] if has_receiver(function, arm) else arm.params
    names = _labels(params)
    arguments: list[Argument] = []
    options: list[Option] = []
    open_options: BridgeType | None = None
    by_keyword = False
    for param in params:
        optional = param.default is not None or param.kind in (
            ParamKind.VAR_POSITIONAL,
            ParamKind.VAR_KEYWORD,
        )
        if optional and param.type == NONE:
            continue
        if param.kind is ParamKind.VAR_KEYWORD:
            open_options = param.type
        elif param.kind is ParamKind.VAR_POSITIONAL:
            taken = any(label == ARGS for other, label in names.items() if other != param.name)
            name = param.name if taken else ARGS
            options.append(Option(name, ListOf(param.type), None, Passing.POSITIONAL))
        elif optional:
            options.append(
                Option(names[param.name], param.type, param.default, _passing(param, by_keyword=True))
            )
            by_keyword = True
        else:
            passing, fixed = _passing(param, by_keyword), has_one_value(param.type)
            arguments.append(Argument(names[param.name], param.type, passing, fixed=fixed))
    is_method = function.binding is Binding.METHOD and owner is not None
    return CallPlan(
        CallForm.WITH_OPTIONS,
        index,
        Ref(owner) if is_method and owner else None,
        tuple(arguments),
        tuple(options),
        open_options,
        _result(function, arm, owner),
    )


def _labels(params: tuple[Param, ...]) -> dict[str, str]:
    """Return the name that Mochi shows for each parameter.

    Leading underscores mark a parameter as positional-only (PEP 484) and say nothing else;
    a name that Python never sees goes without them.
    """
    labels: dict[str, str] = {param.name: param.name for param in params}
    for param in params:
        plain = param.name.lstrip("_")
        if param.kind is ParamKind.POSITIONAL_ONLY and plain.isidentifier() and plain not in labels.values():
            labels[param.name] = plain
    return labels


def _passing(param: Param, by_keyword: bool) -> Passing:
    """A parameter goes by keyword where it must, or where one before it may be missing."""
    match param.kind:
        case ParamKind.POSITIONAL_ONLY:
            return Passing.POSITIONAL
        case ParamKind.KEYWORD_ONLY:
            return Passing.KEYWORD
        case _:
            return Passing.KEYWORD if by_keyword else Passing.POSITIONAL


def _result(function: Function, arm: Signature, owner: str | None) -> BridgeType:
    """Return what the call gives: an awaitable where the function is asynchronous."""
    if function.binding is Binding.CONSTRUCTOR and owner is not None:
        return Ref(owner)
    return AsyncOf(arm.result) if arm.is_async else arm.result
