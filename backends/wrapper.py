"""The Python side of a binding: `<pkg>_externs.py`, one plain function per declared name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import assert_never, final

from ..ir.helpers import is_helper
from ..ir.items import CallForm, CallPlan, Function, Package
from ..ir.loops import AsyncDriver, AsyncPlan, LoopUse
from ..ir.types import ANY, NONE, BridgeType, ListOf, MapOf, SetOf
from .arms import option_types
from .converters import HELPERS, Converters
from .declarations import declare
from .entries import (
    BytesHelper,
    Call,
    Custom,
    Declarations,
    Downcast,
    Entry,
    EnumValue,
    HandleType,
    ReadAttribute,
    ReadConstant,
    Upcast,
    WriteAttribute,
    takes_options,
)
from .helper_calls import DRIVEN, helper_expression
from .imports import Imports
from .literals import is_python_name, python_docstring, python_string
from .names import attribute, nested_attribute
from .python_types import PythonTypes
from .scalar_checks import exact_check, has_exact_check
from .wrapper_calls import Calls, Expression, Scope
from .wrapper_locks import Lock, Locks, hold
from .wrapper_parts import LARGEST, class_names, split_entries, write_finder
from .wrapper_types import write_types
from .writer import Writer

SIDECARS = "python_sidecars"
"""The folder of the workspace that hand-written sidecars are copied to."""


def emit_wrapper(
    package: Package,
    alias: str,
    *,
    int_mode: str = "bigint",
    strict_return_types: bool = True,
    declarations: Declarations | None = None,
) -> str:
    """Return the text of `<pkg>_externs.py` for `package` bound as `alias`, all in one file.

    `int_mode` is `bigint`, or `int64-only` to refuse larger integers. Without
    `strict_return_types` a result is converted where it must be and not checked otherwise.
    `declarations` is `declare(package)` where the caller has it already.
    """
    declared = declarations or declare(package)
    (text,) = emit_wrapper_files(
        package,
        alias,
        "",
        int_mode=int_mode,
        strict_return_types=strict_return_types,
        declarations=declared,
        largest=len(declared.entries),
    ).values()
    return text


def emit_wrapper_files(
    package: Package,
    alias: str,
    stem: str,
    *,
    int_mode: str = "bigint",
    strict_return_types: bool = True,
    declarations: Declarations | None = None,
    largest: int | None = None,
) -> dict[str, str]:
    """Return the files of a wrapper by name: `<stem>_externs.py`, and parts beyond `largest` entries."""
    declared = declarations or declare(package)

    def module(entries: Sequence[Entry]) -> _WrapperModule:
        return _WrapperModule(
            declared,
            entries,
            int64_only=int_mode == "int64-only",
            strict=strict_return_types,
            driver=package.async_plan,
        )

    custom = ", as far as it is used" if declared.partial else ""
    custom += ", with overrides" if any(entry.custom for entry in declared.entries) else ""
    title = f"Python side of `{alias}` for Mochi: {package.name} {package.version}{custom}"
    name = f"{stem}_externs"
    groups = split_entries(declared.entries, LARGEST if largest is None else largest)
    if len(groups) == 1:
        return {f"{name}.py": module(declared.entries).emit(title)}
    values = f"{name}_0"
    texts: dict[str, str] = {}
    exported: dict[str, Sequence[str]] = {}
    for number, entries in enumerate(groups, 1):
        # One at a time: a module takes far more memory than its text.
        part = module(entries)
        texts[f"{name}_{number}.py"] = part.emit_part(f"Part of the {title}", values)
        exported[f"{name}_{number}"] = part.exported
    if names := class_names(declared.types):
        exported = {values: names, **exported}
        texts = {f"{values}.py": module(()).emit_types(f"Types of the {title}"), **texts}
    return {f"{name}.py": module(()).emit_table(title, exported), **texts}


@final
class _WrapperModule:
    """Writes one module. Functions come first into a buffer, since they say what is imported."""

    def __init__(
        self,
        declared: Declarations,
        entries: Sequence[Entry],
        *,
        int64_only: bool,
        strict: bool,
        driver: AsyncPlan | None,
    ) -> None:
        self.exported = [entry.name for entry in entries]
        self._declared = declared
        self._entries = entries
        self._strict = strict
        self._int64_only = int64_only
        self._imports = Imports(declared.exported)
        self._imports.drive_by(_driver(driver))
        self._locks = Locks(self._imports, (entry.info.guards for entry in entries))
        self._converters = Converters(declared, self._imports, self._locks, int64_only=int64_only)
        self._calls = Calls(declared, self._imports, self._converters)
        self._body = Writer()

    def emit(self, title: str) -> str:
        """Return the text of a wrapper that is one file."""
        self._emit_entries()
        return self._text(title, Writer(), self._types(), self._finder({}))

    def emit_table(self, title: str, parts: Mapping[str, Sequence[str]]) -> str:
        """Return the text of a wrapper in parts; `parts` are its other files with the names they export."""
        return self._text(title, Writer(), Writer(), self._finder(parts))

    def emit_types(self, title: str) -> str:
        """Return the text of the part with the classes of values."""
        return self._text(title, Writer(), self._types(), Writer())

    def _types(self) -> Writer:
        declared, types = self._declared, Writer()
        handles = frozenset(ty.path for ty in declared.types if isinstance(ty, HandleType))
        annotations = PythonTypes(declared.type_names, self._imports, handles, "object")
        write_types(types, declared, annotations, self._imports)
        return types

    def _finder(self, parts: Mapping[str, Sequence[str]]) -> Writer:
        finder = Writer()
        handles = [ty for ty in self._declared.types if isinstance(ty, HandleType)]
        write_finder(finder, handles, parts, self._imports)
        return finder

    def emit_part(self, title: str, module: str) -> str:
        """Return the text of a part with functions; `module` has the classes of values."""
        self._converters.classes = self._imports.names.fresh("_values")
        self._emit_entries()
        classes = Writer()
        if self._converters.uses_classes:
            classes.line()
            classes.line(f"from . import {module} as {self._converters.classes}")
        return self._text(title, classes, Writer(), Writer())

    def _emit_entries(self) -> None:
        for before, entry in zip((None, *self._entries), self._entries, strict=False):
            if isinstance(entry.operation, BytesHelper) and not _is_bytes_helper(before):
                self._body.line()
                self._body.line()
            self._emit_entry(entry)

    def _text(self, title: str, classes: Writer, types: Writer, finder: Writer) -> str:
        head = Writer()
        head.line(python_docstring(f"{title}. Generated by mochic-py; changes are lost."))
        head.line()
        head.line("from __future__ import annotations")
        lazy = Writer()
        self._imports.write_lazy(lazy, HELPERS)
        self._locks.write(lazy)
        self._imports.write(head)
        defined = self._converters.text()
        if defined and types.text():
            defined = f"\n{defined}"
        top, body = f"{head.text()}{classes.text()}", self._body.text()
        between = f"{lazy.text()}{types.text()}{defined}"
        if not between and self._entries and isinstance(self._entries[0].operation, BytesHelper):
            # Behind imports a statement that defines nothing has a single empty line before it.
            body = body.removeprefix("\n")
        return f"{top}{between}{body}{finder.text()}"

    # --- entries ------------------------------------------------------------------------

    def _emit_entry(self, entry: Entry) -> None:
        if entry.custom is not None:
            self._emit_custom(entry, entry.custom)
            return
        match entry.operation:
            case Call() as call:
                if is_helper(call.function):
                    self._emit_helper(entry, call.function)
                else:
                    self._emit_call(entry, call.function, call.plan)
            case BytesHelper():
                self._body.line(f"{entry.name} = {self._imports.use(HELPERS, entry.name)}")
            case ReadAttribute(name, on_class):
                scope = self._calls.scope(entry)
                owner = self._calls.owner(entry) if on_class else self._calls.argument(entry, scope, 0)
                indent = "        " if self._lock(entry) else "    "
                head = "result =" if self._needs_conversion(entry.result) else "return"
                if not on_class and not self._body.fits(f"{indent}{head} {attribute(owner, name)}"):
                    owner = self._calls.in_variable(scope, 0, owner)
                self._emit_value(entry, scope, Expression(attribute(owner, name)))
            case WriteAttribute(name, on_class):
                self._emit_write(entry, name, on_class)
            case ReadConstant():
                path = entry.path.removeprefix(f"{entry.module}.")
                self._emit_value(
                    entry, Scope(()), Expression(nested_attribute(self._calls.module(entry), path))
                )
            case Upcast():
                scope = self._calls.scope(entry)
                value = self._calls.argument(entry, scope, 0)
                changes = self._converters.changes(entry.result)
                result = entry.result if changes else ANY
                self._emit_value(entry, scope, Expression(value), result)
            case Downcast():
                cast = self._imports.bind(HELPERS, "cast_down")
                scope = self._calls.scope(entry)
                arguments = (
                    self._calls.argument(entry, scope, 0),
                    self._calls.owner(entry),
                    python_string(entry.name),
                )
                changes = self._converters.changes(entry.result)
                result = entry.result if changes else ANY
                self._emit_value(entry, scope, Expression(f"{cast}(", arguments, ")"), result)
            case EnumValue():
                scope = self._calls.scope(entry)
                member = self._calls.argument(entry, scope, 0)
                self._emit_value(entry, scope, Expression(f"{member}.value"))
            case _:
                assert_never(entry.operation)

    def _emit_write(self, entry: Entry, name: str, on_class: bool) -> None:
        scope = self._calls.scope(entry)
        owner = self._calls.owner(entry) if on_class else self._calls.argument(entry, scope, 0)
        ty, value = entry.parameters[-1].type, scope.parameters[-1]
        with self._function(entry, scope, lock=self._lock(entry)):
            if not is_python_name(name):
                value = self._calls.argument(entry, scope, len(entry.parameters) - 1)
                self._body.bracketed("setattr(", (owner, python_string(name), value), ")")
            elif self._converters.changes(ty):
                head = f"{owner}.{name} = {self._converters.into(ty)}("
                where = python_string(f"{entry.name}: parameter {entry.parameters[-1].name}")
                self._body.bracketed(head, (value, where), ")")
            else:
                self._body.line(f"{owner}.{name} = {value}")

    def _emit_value(
        self, entry: Entry, scope: Scope, expression: Expression, result: BridgeType | None = None
    ) -> None:
        with self._function(entry, scope, lock=self._lock(entry)):
            self._emit_return(entry, scope, expression, entry.result if result is None else result)

    def _emit_call(self, entry: Entry, function: Function, plan: CallPlan) -> None:
        table = ""
        if plan.form is CallForm.WITH_OPTIONS:
            table = self._emit_option_table(entry, function, plan)
        expression, setup, scope = self._calls.call(entry, function, plan, table)
        if plan.is_awaited and entry.info.guards:
            self._emit_guarded(entry, function, plan, table)
            return
        # What runs in the thread of a loop takes the lock there, or that thread and this one would wait
        # for each other.
        inside = plan.loop is LoopUse.INSIDE and _is_call(expression)
        with self._function(entry, scope, lock=None if inside else self._lock(entry)):
            self._write_all(setup)
            if plan.loop is not None:
                expression = self._in_loop(entry, scope, plan.loop, expression)
            self._emit_return(entry, scope, expression, plan.result)
        if plan.is_awaited:
            name = self._imports.names.fresh(async_name(entry.name))
            self._emit_async(entry, function, plan, table, name)

    def _emit_custom(self, entry: Entry, custom: Custom) -> None:
        """Write a call of what replaces `entry`; a form to be awaited stays the package's own."""
        scope = self._calls.scope(entry)
        arguments = [self._calls.argument(entry, scope, index) for index in range(len(entry.parameters))]
        module = self._imports.lazy(f"{SIDECARS}.{custom.module}", HELPERS)
        expression = Expression(f"{attribute(module, custom.name)}(", tuple(arguments), ")")
        with self._function(entry, scope, doc=f"`{entry.path}`, overridden in {custom.module}.py."):
            self._emit_return(entry, scope, expression, entry.result)
        match entry.operation:
            case Call(function, plan) if plan.is_awaited:
                with_options = plan.form is CallForm.WITH_OPTIONS
                table = self._emit_option_table(entry, function, plan) if with_options else ""
                self._emit_async(
                    entry, function, plan, table, self._imports.names.fresh(async_name(entry.name))
                )
            case _:
                pass

    def _emit_helper(self, entry: Entry, function: Function) -> None:
        scope = self._calls.scope(entry)
        arguments = [self._calls.argument(entry, scope, index) for index in range(len(entry.parameters))]
        owner = self._calls.owner(entry) if entry.owner else ""
        where = python_string(entry.name)
        named = {each.python: argument for each, argument in zip(entry.parameters, arguments, strict=True)}
        expression = helper_expression(function, where, owner, tuple(arguments), named, self._imports)
        lock = None if function.name in DRIVEN else self._lock(entry)
        with self._function(entry, scope, lock=lock):
            self._emit_return(entry, scope, expression, entry.result)

    def _in_loop(self, entry: Entry, scope: Scope, use: LoopUse, expression: Expression) -> Expression:
        match use:
            case LoopUse.AWAITED:
                return self._driven(entry, scope, expression)
            case LoopUse.AWAITED_INSIDE | LoopUse.INSIDE:
                is_awaited = use is LoopUse.AWAITED_INSIDE
                if not _is_call(expression):
                    return self._driven(entry, scope, expression) if is_awaited else expression
                helper = self._imports.use_driver(HELPERS, "call_async" if is_awaited else "call_inside")
                target = expression.head.removesuffix("(")
                if lock := self._lock(entry):
                    holding = self._imports.use(HELPERS, "holding")
                    target = f"{holding}({target}, {lock.acquire}, {lock.release})"
                return Expression(f"{helper}(", (python_string(entry.name), target, *expression.items), ")")
            case _:
                assert_never(use)

    def _driven(self, entry: Entry, scope: Scope, expression: Expression) -> Expression:
        awaitable = str(expression)
        if len(awaitable) > 40:
            awaitable = scope.fresh("awaitable")
            self._body.bracketed(f"{awaitable} = {expression.head}", expression.items, expression.tail)
        run = self._imports.use_driver(HELPERS, "run_async")
        return Expression(f"{run}(", (awaitable, python_string(entry.name)), ")")

    def _emit_guarded(self, entry: Entry, function: Function, plan: CallPlan, table: str) -> None:
        """Write a call that is awaited and holds locks: it drives the form to await, step by step."""
        name = self._imports.names.fresh(async_name(entry.name))
        scope = self._calls.scope(entry)
        with self._function(entry, scope):
            awaited = Expression(f"{name}(", scope.parameters, ")")
            expression = self._driven(entry, scope, awaited)
            self._body.bracketed(f"return {expression.head}", expression.items, expression.tail)
        self._emit_async(entry, function, plan, table, name)

    def _emit_async(self, entry: Entry, function: Function, plan: CallPlan, table: str, name: str) -> None:
        """Write the form to await, for Python programs that have a loop of their own."""
        self.exported.append(name)
        expression, setup, scope = self._calls.call(entry, function, plan, table)
        doc = f"`{entry.path}`, to be awaited."
        with self._function(entry, scope, f"async def {name}", doc, self._lock(entry)):
            self._write_all(setup)
            awaited = Expression(f"await {expression.head}", expression.items, expression.tail)
            self._emit_return(entry, scope, awaited, plan.result)

    def _emit_option_table(self, entry: Entry, function: Function, plan: CallPlan) -> str:
        into, types = self._converters.into, option_types(function, plan)
        options = zip(plan.options, types, strict=True)
        items = [f"{python_string(option.name)}: {into(ty)}" for option, ty in options]
        table = self._imports.names.fresh(f"_{entry.name}_options")
        self._body.line()
        self._body.line()
        self._body.bracketed(f"{table} = {{", items, "}", literal=True)
        return table

    # --- pieces -------------------------------------------------------------------------

    def _lock(self, entry: Entry) -> Lock | None:
        guards = entry.info.guards
        return self._locks.find(guards) if guards else None

    def _function(
        self, entry: Entry, scope: Scope, header: str = "", doc: str = "", lock: Lock | None = None
    ) -> AbstractContextManager[None]:
        """Write the head of a function, and return the context of the statements of its body."""
        if not doc:
            doc = f"`{entry.path}` with options." if takes_options(entry) else f"`{entry.path}`."
        self._body.separate()
        if lock and header.startswith("async "):
            guarded = self._imports.use(HELPERS, "guarded")
            self._body.bracketed(f"@{guarded}(", lock.arguments, ")")
            lock = None
        self._body.bracketed(f"{header or f'def {entry.name}'}(", scope.parameters, "):")
        self._body.line(f"    {python_docstring(doc)}")
        if lock is not None:
            return self._holding(scope, lock)
        if scope.converted:
            with self._body.indented():
                self._write_all(scope.converted)
        return self._body.indented()

    @contextmanager
    def _holding(self, scope: Scope, lock: Lock) -> Iterator[None]:
        with self._body.indented(), hold(self._body, lock):
            self._write_all(scope.converted)
            yield

    def _write_all(self, statements: Iterable[Expression]) -> None:
        for each in statements:
            self._body.bracketed(each.head, each.items, each.tail)

    def _emit_return(self, entry: Entry, scope: Scope, expression: Expression, ty: BridgeType) -> None:
        if (expression.tail or expression.is_statement) and ty is NONE:
            self._body.bracketed(expression.head, expression.items, expression.tail)
            return
        if not self._needs_conversion(ty):
            self._body.bracketed(f"return {expression.head}", expression.items, expression.tail)
            return
        convert, name = self._converters.out(ty), python_string(entry.name)
        if has_exact_check(ty, scope.parameters, int64_only=self._int64_only):
            self._emit_checked(scope, expression, ty, Expression(f"return {convert}(", (name,), ")"))
            return
        whole = f"return {convert}({expression}, {name})"
        if self._body.fits(whole):
            self._body.line(whole)
            return
        result = scope.fresh("result")
        self._body.bracketed(f"{result} = {expression.head}", expression.items, expression.tail)
        self._body.bracketed(f"return {convert}(", (result, name), ")")

    def _emit_checked(
        self, scope: Scope, expression: Expression, ty: BridgeType, convert: Expression
    ) -> None:
        """Write the return of a scalar: at once where it is one, else what `convert` makes of it."""
        result = scope.fresh("result")
        self._body.bracketed(f"{result} = {expression.head}", expression.items, expression.tail)
        with self._body.block(f"if {exact_check(ty, result, self._imports)}:"):
            self._body.line(f"return {result}")
        self._body.bracketed(convert.head, (result, *convert.items), convert.tail)

    def _needs_conversion(self, ty: BridgeType) -> bool:
        if ty is ANY:
            return False
        return self._strict or isinstance(ty, ListOf | SetOf | MapOf) or self._converters.changes(ty)


def _is_call(expression: Expression) -> bool:
    return expression.head.endswith("(") and expression.tail == ")"


def _is_bytes_helper(entry: Entry | None) -> bool:
    return entry is not None and isinstance(entry.operation, BytesHelper)


def _driver(plan: AsyncPlan | None) -> str:
    """Return the driver of awaitables as a call of the runtime, nothing for the usual one."""
    if plan is None or plan == AsyncPlan():
        return ""
    maker = "persistent_loop" if plan.driver is AsyncDriver.PERSISTENT else "per_call_loop"
    return f"{maker}(cancel_timeout={plan.cancel_timeout / 1000!r})"


def async_name(name: str) -> str:
    """Return the name wanted for the form of `name` that is to be awaited."""
    stem, found, end = name.rpartition("_sync")
    return f"{stem}_async{end}" if found else f"{name}_async"
