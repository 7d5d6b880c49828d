"""Calls of Python as expressions: the target, its arguments, and the options sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, assert_never, final

from attrs import frozen

from ..ir.items import Binding, CallForm, CallPlan, Function, Option, ParamKind, Passing
from ..ir.types import NONE
from .arms import argument_type
from .converters import HELPERS, Converters
from .dunders import INFIX, PREFIX, UNARY
from .entries import Declarations, Entry
from .imports import Imports
from .literals import is_python_name, python_string, python_tuple, python_value
from .names import Names, attribute, make_distinct, nested_attribute

_LONGEST_ARGUMENT = 64
"""A longer conversion of an argument becomes a statement of its own."""


_LONGEST_OPERANDS = 60
"""Longer operands of an operator are converted in statements of their own."""


@final
class Expression(NamedTuple):
    """A call `head(items)`, or any other expression as a `head` without items and tail.

    `is_statement` marks what has no value, such as an assignment.
    """

    head: str
    items: tuple[str, ...] = ()
    tail: str = ""
    is_statement: bool = False

    def __str__(self) -> str:
        return f"{self.head}{', '.join(self.items)}{self.tail}"


@final
class Scope:
    """The local names of one emitted function, and the conversions that come before its call."""

    __slots__ = ("_taken", "converted", "parameters")

    def __init__(self, parameters: Sequence[str], reserved: Sequence[str] = ()) -> None:
        self.parameters = tuple(parameters)
        self.converted: list[Expression] = []
        self._taken = (*reserved, *self.parameters)

    def fresh(self, wanted: str) -> str:
        """Return a name like `wanted` for a variable of the function."""
        name = wanted if wanted not in self._taken else Names(self._taken).fresh(wanted)
        self._taken += (name,)
        return name


@final
@frozen
class Calls:
    """Forms the expressions of one module; asks for the imports and converters that they need."""

    _declared: Declarations
    _imports: Imports
    _converters: Converters

    def scope(self, entry: Entry, reserved: str = "") -> Scope:
        """Return the scope of the function for `entry`, where no parameter is `reserved`."""
        names = self._declared.locals(entry)
        return Scope(make_distinct(names, [reserved]), [reserved]) if reserved else Scope(names)

    def call(
        self, entry: Entry, function: Function, plan: CallPlan, table: str
    ) -> tuple[Expression, Sequence[Expression], Scope]:
        """Return the call, the statements before it that sort the options, and the scope."""
        has_receiver = plan.receiver is not None
        special = has_receiver and plan.form is CallForm.REQUIRED and function.name.startswith("__")
        reserved = UNARY.get(function.name, "") if special else ""
        scope = self.scope(entry, reserved)
        place = 1 if has_receiver else 0
        values: list[str] = []
        for argument in plan.arguments:
            if argument.fixed:
                values.append(python_value(argument.type))
            else:
                values.append(self.argument(entry, scope, place))
                place += 1
        receiver = self.argument(entry, scope, 0) if has_receiver else ""
        if special:
            is_long = len(receiver) + sum(map(len, values)) > _LONGEST_OPERANDS
            if is_long and (function.name == "__setitem__" or (len(values) == 1 and function.name in INFIX)):
                receiver, *values = (
                    self.in_variable(scope, index, text) for index, text in enumerate((receiver, *values))
                )
            expression = self._special(function.name, receiver, values, entry.result is NONE)
            if expression is not None:
                return expression, (), scope
        items: list[str] = []
        keywords: list[str] = []
        odd: list[str] = []
        for argument, value in zip(plan.arguments, values, strict=True):
            if argument.passing is Passing.POSITIONAL:
                items.append(value)
            elif is_python_name(argument.name):
                keywords.append(f"{argument.name}={value}")
            else:
                odd.append(f"{python_string(argument.name)}: {value}")
        setup: Sequence[Expression] = ()
        after: list[str] = []
        if table:
            before, after, setup = self._options(entry, function, plan, table, scope)
            items += before
        items += keywords
        items += [f"**{{{', '.join(odd)}}}"] if odd else []
        target = self._target(entry, function, receiver)
        return Expression(f"{target}(", (*items, *after), ")"), setup, scope

    def _options(
        self, entry: Entry, function: Function, plan: CallPlan, table: str, scope: Scope
    ) -> tuple[list[str], list[str], Sequence[Expression]]:
        """Return the positional items, the keyword items, and the statements that make them."""
        options = scope.parameters[-1]
        splat = next((o.name for o in plan.options if is_splat(o)), None)
        positional = [o.name for o in plan.options if o.passing is Passing.POSITIONAL and not is_splat(o)]
        further = [] if plan.open_options is None else [self._converters.into(plan.open_options)]
        head = [python_string(entry.name), options, table]
        if not positional and splat is None:
            helper = self._imports.bind(HELPERS, "keywords")
            call = Expression(f"{helper}(", (*head, *further), ")")
            if len(str(call)) <= 60:
                return [], [f"**{call}"], ()
            local = scope.fresh("keywords")
            return [], [f"**{local}"], [Expression(f"{local} = {call.head}", call.items, ")")]
        helper = self._imports.bind(HELPERS, "split_options")
        extra = [f"positional={_strings(positional)}"] if positional else []
        extra += [f"further={converter}" for converter in further]
        if splat is not None:
            extra.append(f"splat={python_string(splat)}")
            before = _before_splat(function, plan)
            extra += [f"before_splat={_strings(before)}"] if before else []
        places, keywords = scope.fresh("places"), scope.fresh("keywords")
        setup = Expression(f"{places}, {keywords} = {helper}(", (*head, *extra), ")")
        return [f"*{places}"], [f"**{keywords}"], [setup]

    def _target(self, entry: Entry, function: Function, receiver: str) -> str:
        if receiver:
            return receiver if function.name == "__call__" else attribute(receiver, function.name)
        match function.binding:
            case Binding.CONSTRUCTOR:
                return self.owner(entry)
            case Binding.CLASS_METHOD | Binding.STATIC_METHOD | Binding.METHOD:
                return attribute(self.owner(entry), function.name)
            case Binding.FUNCTION:
                path = entry.path.removeprefix(f"{entry.module}.")
                return nested_attribute(self.module(entry), path)
            case _:
                assert_never(function.binding)

    def _special(
        self, name: str, receiver: str, values: list[str], may_be_statement: bool
    ) -> Expression | None:
        """Return the expression that runs special method `name`, where Python has syntax for it."""
        match values:
            case [key, value] if name == "__setitem__" and may_be_statement:
                return Expression(f"{receiver}[{key}] = {value}", is_statement=True)
            case [key] if name == "__delitem__" and may_be_statement:
                return Expression(f"del {receiver}[{key}]", is_statement=True)
            case [] if name in UNARY:
                return Expression(f"{self._imports.builtin(UNARY[name])}(", (receiver,), ")")
            case [] if name in PREFIX:
                return Expression(f"{PREFIX[name]}{receiver}")
            case [other] if name in INFIX:
                # The formatter hugs `**` between plain names.
                space = "" if name == "__pow__" and (receiver + other).isidentifier() else " "
                return Expression(f"{receiver}{space}{INFIX[name]}{space}{other}")
            case [key] if name == "__getitem__":
                return Expression(f"{receiver}[{key}]")
            case [key] if name == "__contains__":
                return Expression(f"{key} in {receiver}")
        return None

    # --- pieces -------------------------------------------------------------------------

    def argument(self, entry: Entry, scope: Scope, index: int) -> str:
        """Return the expression for parameter `index` of `entry` as Python takes it.

        A long conversion goes to `scope.converted`.
        """
        parameter, local = entry.parameters[index], scope.parameters[index]
        # Asked of the parameter's own type first: one that the arms widen is a union, which changes anyway.
        if not self._converters.changes(parameter.type):
            return local
        convert = self._converters.into(argument_type(entry, index))
        place = "" if parameter.python == "self" else f": parameter {parameter.name}"
        name = python_string(f"{entry.name}{place}")
        expression = f"{convert}({local}, {name})"
        if len(expression) <= _LONGEST_ARGUMENT:
            return expression
        scope.converted.append(Expression(f"{local} = {convert}(", (local, name), ")"))
        return local

    def in_variable(self, scope: Scope, index: int, text: str) -> str:
        """Return the variable that holds the converted argument `text` of parameter `index`."""
        local = scope.parameters[index]
        if text != local:
            head, bracket, rest = text.partition("(")
            scope.converted.append(
                Expression(f"{local} = {head}{bracket}", tuple(rest[:-1].split(", ")), ")")
            )
        return local

    def module(self, entry: Entry) -> str:
        """Return the expression for the module that `entry` is taken from."""
        return self._imports.lazy(entry.module, HELPERS)

    def owner(self, entry: Entry) -> str:
        """Return the expression for the class that `entry` belongs to."""
        return nested_attribute(self.module(entry), entry.owner)


def is_splat(option: Option) -> bool:
    """Tell whether `option` holds the list for `*args`; all others have a default."""
    return option.passing is Passing.POSITIONAL and option.default is None


def _before_splat(function: Function, plan: CallPlan) -> list[str]:
    """Return the options whose places come before those of `*args`."""
    given = {option.name for option in plan.options if option.passing is Passing.KEYWORD}
    before: list[str] = []
    for param in function.signatures[plan.arm].params:
        if param.kind is ParamKind.VAR_POSITIONAL:
            return before
        if param.kind is ParamKind.POSITIONAL_OR_KEYWORD and param.name in given:
            before.append(param.name)
    return []


def _strings(names: Sequence[str]) -> str:
    return python_tuple([python_string(name) for name in names])
