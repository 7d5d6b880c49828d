"""Members that passes added, as the expressions they stand for."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.diagnostics import InternalError
from ..ir.helpers import CLASS_OBJECT
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


def helper_expression(
    function: Function, owner: str, arguments: Sequence[str], imports: Imports
) -> Expression:
    """Return what `function` does with `arguments`, its receiver first; `owner` is its class."""
    match function.name, arguments:
        case name, () if name == CLASS_OBJECT:
            return Expression(owner)
        case name, () if name in _BUILTIN_TYPES:
            return Expression(imports.builtin(_BUILTIN_TYPES[name]))
        case "name", (this,):
            return Expression(f"{this}.__qualname__")
        case "named", (path,):
            return Expression(f"{imports.use(HELPERS, 'load_object')}(", (path,), ")")
        case _:
            raise InternalError(f"no wrapper knows the helper {function.path!r}")
