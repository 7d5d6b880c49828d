"""Plan how Mochi, which has neither defaults nor keywords, calls each function.

fun get(url: string, *, timeout: float = ...)   =>   get(url: string)
                                                     get_with(url: string, options: timeout: float)
async fun fetch(url: string): Response          =>   fetch(url: string): async<Response>
fun read(path: string, raw: literal<true>)      =>   read(path: string), which sends `raw=True`
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import frozen

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
from ..ir.parts import evolve
from ..ir.refusals import SkipReason
from ..ir.types import NONE, AsyncOf, BridgeType, ListOf, Ref, has_one_value
from .context import PassContext
from .overload_arms import VARIADIC
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


def plan_calls(function: Function, owner: Ref | None) -> tuple[CallPlan, ...]:
    """Return the call plans of `function`, arm by arm; `owner` is its class."""
    plans: list[CallPlan] = []
    for index, arm in enumerate(function.signatures):
        if not lacks_receiver(function, arm):
            plans += _plan_arm(function, index, arm, owner)
    return tuple(plans)


def _plan_module(module: Module, ctx: PassContext) -> Module:
    return evolve(
        module, items=tuple([planned for item in module.items for planned in _plan_item(item, ctx)])
    )


def _plan_item(item: Item, ctx: PassContext) -> list[Item]:
    match item:
        case Function():
            return [_plan_function(item, None, item.name, ctx)]
        case Class() if item.constructors or item.methods:
            owner = Ref(item.path)
            constructors = [_plan_member(each, item, owner, ctx) for each in item.constructors]
            methods = [_plan_member(each, item, owner, ctx) for each in item.methods]
            planned = evolve(
                item,
                constructors=tuple([each for each in constructors if isinstance(each, Function)]),
                methods=tuple([each for each in methods if isinstance(each, Function)]),
            )
            return [planned, *[each for each in (*constructors, *methods) if isinstance(each, Refusal)]]
        case _:
            return [item]


def _plan_member(function: Function, cls: Class, owner: Ref, ctx: PassContext) -> Function | Refusal:
    return _plan_function(function, owner, f"{cls.name}.{function.name}", ctx)


def _plan_function(function: Function, owner: Ref | None, shown: str, ctx: PassContext) -> Function | Refusal:
    plans = plan_calls(function, owner)
    if plans:
        return evolve(function, calls=plans)
    span = function.signatures[0].span if function.signatures else None
    ctx.report(codes.MISSING_RECEIVER.at(span or function.info.span, f"`{function.path}` takes no receiver"))
    detail = codes.MISSING_RECEIVER.summary
    return Refusal(shown, function.path, "method", SkipReason.UNKNOWN, detail, function.info)


def _plan_arm(function: Function, index: int, arm: Signature, owner: Ref | None) -> list[CallPlan]:
    """Return the plan of the required form of one arm, and of that with options where there are any."""
    params = arm.params[1:] if has_receiver(function, arm) else arm.params
    renamed = _find_renamed(params)
    arguments: list[Argument] = []
    options: list[Option] = []
    open_options: BridgeType | None = None
    by_keyword = False
    for param in params:
        name, kind, ty = param.name, param.kind, param.type
        if param.default is None and kind not in VARIADIC:
            label, passing = renamed.get(name, name), _passing(param, by_keyword)
            arguments.append(Argument(label, ty, passing, None, has_one_value(ty)))
        elif ty is NONE:
            continue
        elif kind is ParamKind.VAR_KEYWORD:
            open_options = ty
        elif kind is ParamKind.VAR_POSITIONAL:
            taken = any(renamed.get(other.name, other.name) == ARGS for other in params if other.name != name)
            options.append(Option(name if taken else ARGS, ListOf(ty), None, Passing.POSITIONAL))
        else:
            passing = _passing(param, by_keyword=True)
            options.append(Option(renamed.get(name, name), ty, param.default, passing))
            by_keyword = True
    receiver = owner if function.binding is Binding.METHOD else None
    given, result = tuple(arguments), _result(function, arm, owner)
    plans = [CallPlan(CallForm.REQUIRED, index, receiver, given, (), None, result)]
    if options or open_options is not None:
        chosen = tuple(options)
        plans.append(CallPlan(CallForm.WITH_OPTIONS, index, receiver, given, chosen, open_options, result))
    return plans


def _find_renamed(params: tuple[Param, ...]) -> dict[str, str]:
    """Return the names that Mochi shows for parameters, of those that have another in Python.

    Leading underscores mark a parameter as positional-only (PEP 484) and say nothing else;
    a name that Python never sees goes without them.
    """
    renamed: dict[str, str] = {}
    for param in params:
        if param.kind is ParamKind.POSITIONAL_ONLY and param.name.startswith("_"):
            plain = param.name.lstrip("_")
            taken = {renamed.get(other.name, other.name) for other in params}
            if plain.isidentifier() and plain not in taken:
                renamed[param.name] = plain
    return renamed


def _passing(param: Param, by_keyword: bool) -> Passing:
    """A parameter goes by keyword where it must, or where one before it may be missing."""
    match param.kind:
        case ParamKind.POSITIONAL_ONLY:
            return Passing.POSITIONAL
        case ParamKind.KEYWORD_ONLY:
            return Passing.KEYWORD
        case _:
            return Passing.KEYWORD if by_keyword else Passing.POSITIONAL


def _result(function: Function, arm: Signature, owner: Ref | None) -> BridgeType:
    """Return what the call gives: an awaitable where the function is asynchronous."""
    if function.binding is Binding.CONSTRUCTOR and owner is not None:
        return owner
    return AsyncOf(arm.result) if arm.is_async else arm.result
