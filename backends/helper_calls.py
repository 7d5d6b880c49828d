"""Members that passes added, as the expressions they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.diagnostics import InternalError
from ..ir.helpers import ASYNC_LEAVE, CLASS_OBJECT, IMPLEMENT, LEAVE, RUN_ASYNC_WITH, RUN_WITH
from ..ir.items import Function
from .converters import HELPERS
from .imports import Imports
from .wrapper_calls import Expression

_BUILTIN_TYPES = {
    "bool": "bool",
    "bytes": "bytes",
    "float": "float",
    "int": "int",
    "list": "list",
    "map": "dict",
    "set": "set",
    "string": "str",
}

DRIVEN = frozenset({RUN_ASYNC_WITH, ASYNC_LEAVE})
"""Helpers that drive a loop, which no lock is held for: whoever the loop waits for could not get it."""


def helper_expression(
    function: Function,
    where: str,
    owner: str,
    arguments: Sequence[str],
    named: Mapping[str, str],
    imports: Imports,
) -> Expression:
    """Return what `function` does with `arguments`, its receiver first.

    `named` has them by their parameters, but for those that can only be None. `owner` is the class of the
    function, `where` the text of the name that errors tell.
    """
    match function.name, arguments:
        case name, () if name == CLASS_OBJECT:
            return Expression(owner)
        case name, () if name in _BUILTIN_TYPES:
            return Expression(imports.builtin(_BUILTIN_TYPES[name]))
        case name, (this, body) if name == RUN_WITH:
            return Expression(f"{imports.bind(HELPERS, 'run_with')}(", (this, body), ")")
        case name, (this, body) if name == RUN_ASYNC_WITH:
            return Expression(f"{imports.use_driver(HELPERS, 'run_async_with')}(", (this, body, where), ")")
        case name, (this,) if name == LEAVE:
            return Expression(f"{this}.__exit__(None, None, None)")
        case name, (this,) if name == ASYNC_LEAVE:
            leaving = f"{this}.__aexit__(None, None, None)"
            return Expression(f"{imports.use_driver(HELPERS, 'run_async')}(", (leaving, where), ")")
        case name, _ if name == IMPLEMENT:
            members = (param.name for param in function.signatures[0].params)
            given = (f"{member}={named.get(member, 'None')}" for member in members)
            return Expression(f"{imports.use(HELPERS, 'implement')}(", (owner, *given), ")")
        case "name", (this,):
            return Expression(f"{this}.__qualname__")
        case "named", (path,):
            return Expression(f"{imports.use(HELPERS, 'load_object')}(", (path,), ")")
        case _:
            raise InternalError(f"no wrapper knows the helper {function.path!r}")
