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

_MEMBERS = frozenset({CLASS_OBJECT})


def is_helper(function: Function) -> bool:
    """Tell whether a pass made `function`, so that Python has no function of its path."""
    return function.name in _MEMBERS or function.path.startswith(f"{TYPE_OBJECT}.")
