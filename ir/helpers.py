"""Members that passes add to classes: what Mochi needs a function for, and Python has syntax for.

They look like special methods, so that no member of a package has their names. A wrapper writes each out
as an expression; the installed package knows nothing of them.
"""

from __future__ import annotations

from .items import Function

CLASS_OBJECT = "__class_object__"
"""`C` itself, as a value for a parameter of type `type[...]`."""

TYPE_OBJECT = "builtins.type"
"""The class of class objects, whose handle in Mochi is `Type`. All members of that are helpers."""

RUN_WITH = "__run_with__"
"""`with manager as value: body(value)`."""

RUN_ASYNC_WITH = "__run_async_with__"
"""The same for an asynchronous manager."""

LEAVE = "__leave__"
"""`manager.__exit__(None, None, None)`."""

ASYNC_LEAVE = "__async_leave__"
"""The same for an asynchronous manager, awaited."""

IMPLEMENT = "__implement__"
"""An instance of a class made for it, whose methods are the arguments."""

_TYPE_MEMBERS = f"{TYPE_OBJECT}."
_MEMBERS = frozenset({CLASS_OBJECT, RUN_WITH, RUN_ASYNC_WITH, LEAVE, ASYNC_LEAVE, IMPLEMENT})


def is_helper(function: Function) -> bool:
    """Tell whether a pass made `function`, so that Python has no function of its path."""
    return function.name in _MEMBERS or function.path.startswith(_TYPE_MEMBERS)
