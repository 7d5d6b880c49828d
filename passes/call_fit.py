"""Whether a call plan is a call that Python takes, by the signature that a callable has at run time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import final

from attrs import frozen

from ..ir.inventory import RuntimeParam
from ..ir.items import Argument, CallForm, CallPlan, Option, ParamKind, Passing
from ..ir.parts import evolve

_PLACES = (ParamKind.POSITIONAL_ONLY, ParamKind.POSITIONAL_OR_KEYWORD)
_NAMED = (ParamKind.POSITIONAL_OR_KEYWORD, ParamKind.KEYWORD_ONLY)


def find_misfit(params: Sequence[RuntimeParam], positional: int, keywords: Collection[str]) -> str:
    """Return why a call does not bind, empty where it does; agrees with `inspect.Signature.bind`."""
    kinds = {param.kind for param in params}
    places = [param for param in params if param.kind in _PLACES]
    if positional > len(places) and ParamKind.VAR_POSITIONAL not in kinds:
        return f"takes {len(places)} positional arguments, not {positional}"
    filled = {param.name for param in places[:positional]}
    by_name = {param.name: param for param in params if param.kind in _NAMED}
    for name in keywords:
        if name in by_name and name in filled:
            return f"has `{name}` as a positional argument already"
        if name not in by_name and ParamKind.VAR_KEYWORD not in kinds:
            return f"has no keyword `{name}`"
    for param in params:
        if not _is_given(param, filled, keywords):
            return f"needs `{param.name}`"
    return ""


def _is_given(param: RuntimeParam, filled: Collection[str], keywords: Collection[str]) -> bool:
    if param.optional or param.kind in (ParamKind.VAR_POSITIONAL, ParamKind.VAR_KEYWORD):
        return True
    return param.name in filled or (param.kind in _NAMED and param.name in keywords)


@final
@frozen
class Fit:
    """Plans that bind, and what had to be given up for that: pairs of a place and what is wrong with it.

    `plans` is empty where no call binds; `misfit` says why the plan as declared does not.
    """

    plans: tuple[CallPlan, ...]
    lost: tuple[tuple[str, str], ...] = ()
    misfit: str = ""


def fit_plans(plans: tuple[CallPlan, ...], params: Sequence[RuntimeParam]) -> Fit:
    """Return `plans` so that each binds to `params`.

    Arguments are passed as Python takes them; an option that it insists on becomes an argument, and one
    that it does not know goes.
    """
    fitted: list[CallPlan] = []
    lost: dict[tuple[str, str], None] = {}
    misfit = ""
    options = {(plan.arm, option.name): option for plan in plans for option in plan.options}
    for plan in plans:
        reason = _misfit(plan.arguments, params)
        misfit = misfit or reason
        arguments = plan.arguments
        if reason:
            known = [option for (arm, _), option in options.items() if arm == plan.arm]
            found = _fit_arguments(arguments, known, params)
            if found is None:
                lost[_call(plan), reason] = None
                continue
            if len(found) > len(arguments):
                lost[_call(plan), reason] = None
            arguments = found
        kept = _fit_options(plan, arguments, params, lost)
        if plan.form is CallForm.WITH_OPTIONS and not kept.options and kept.open_options is None:
            continue
        fitted.append(kept)
    if not any(plan.form is CallForm.REQUIRED for plan in fitted):
        fitted = []
    return Fit(tuple(fitted), tuple(lost), misfit)


def _call(plan: CallPlan) -> str:
    return "call" if plan.arm == 0 else f"overload {plan.arm + 1}: call"


def _misfit(arguments: Iterable[Argument], params: Sequence[RuntimeParam]) -> str:
    positional, keywords = _split(arguments)
    return find_misfit(params, positional, keywords)


def _split(arguments: Iterable[Argument]) -> tuple[int, list[str]]:
    """Return how many arguments go by place, and the names of the others."""
    listed = list(arguments)
    keywords = [each.name for each in listed if each.passing is Passing.KEYWORD]
    return len(listed) - len(keywords), keywords


def _fit_arguments(
    arguments: tuple[Argument, ...], options: Sequence[Option], params: Sequence[RuntimeParam]
) -> tuple[Argument, ...] | None:
    """Return arguments that bind, None where nothing that is safe does."""
    kinds = {param.name: param.kind for param in params}
    passed = tuple(_pass_as(each, kinds.get(each.name)) for each in arguments)
    if not _misfit(passed, params):
        return passed
    given = {each.name for each in passed}
    needed = [
        param.name
        for param in params
        if param.kind in _NAMED and not param.optional and param.name not in given
    ]
    known = {option.name: option for option in options}
    more = [Argument(name, known[name].type, Passing.KEYWORD) for name in needed if name in known]
    extended = (*passed, *more)
    if more and not _misfit(extended, params):
        return extended
    return None


def _pass_as(argument: Argument, kind: ParamKind | None) -> Argument:
    match kind:
        case ParamKind.POSITIONAL_ONLY:
            return evolve(argument, passing=Passing.POSITIONAL)
        case ParamKind.KEYWORD_ONLY:
            return evolve(argument, passing=Passing.KEYWORD)
        case _:
            return argument


def _fit_options(
    plan: CallPlan,
    arguments: tuple[Argument, ...],
    params: Sequence[RuntimeParam],
    lost: dict[tuple[str, str], None],
) -> CallPlan:
    """Return `plan` with `arguments` and those of its options that can be given beside them."""
    if plan.form is CallForm.REQUIRED:
        return plan if arguments == plan.arguments else evolve(plan, arguments=arguments)
    positional, keywords = _split(arguments)
    given = positional
    taken = {each.name for each in arguments}
    kept: list[Option] = []
    for option in plan.options:
        if option.name in taken:
            continue
        splat = option.passing is Passing.POSITIONAL and option.default is None
        if splat:
            misfit = _splat_misfit(params)
        elif option.passing is Passing.POSITIONAL:
            misfit = find_misfit(params, positional + 1, keywords)
            positional += 0 if misfit else 1
        else:
            misfit = find_misfit(params, given, [*keywords, option.name])
        if misfit:
            lost[f"parameter {option.name}", misfit] = None
        else:
            kept.append(option)
    further = plan.open_options
    if further is not None and all(param.kind is not ParamKind.VAR_KEYWORD for param in params):
        lost["parameter **", "takes no further keywords"] = None
        further = None
    if arguments == plan.arguments and len(kept) == len(plan.options) and further == plan.open_options:
        return plan
    return evolve(plan, arguments=arguments, options=tuple(kept), open_options=further)


def _splat_misfit(params: Sequence[RuntimeParam]) -> str:
    if any(param.kind is ParamKind.VAR_POSITIONAL for param in params):
        return ""
    return "takes no further positional arguments"
