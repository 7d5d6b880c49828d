"""Special methods as named operations: Mochi has no operator overloading on handles.

Every special method that means something on a value has one name here; all others are
private to Python (Data Model, section 3.3).
"""

from __future__ import annotations

from ..ir.helpers import ASYNC_LEAVE, CLASS_OBJECT, IMPLEMENT, LEAVE, RUN_ASYNC_WITH, RUN_WITH

OPERATIONS: dict[str, str] = {
    # 3.3.7 Containers
    "__len__": "len",
    "__length_hint__": "length_hint",
    "__getitem__": "get_item",
    "__setitem__": "set_item",
    "__delitem__": "del_item",
    "__contains__": "contains",
    "__iter__": "iter",
    "__next__": "next",
    "__reversed__": "reversed",
    # 3.3.6 Calls
    "__call__": "call",
    # 3.3.1 Basic customization
    "__eq__": "equals",
    "__ne__": "not_equals",
    "__lt__": "less_than",
    "__le__": "less_equal",
    "__gt__": "greater_than",
    "__ge__": "greater_equal",
    "__hash__": "hash",
    "__str__": "to_string",
    "__bytes__": "to_bytes",
    "__bool__": "to_bool",
    # 3.3.8 Numbers
    "__int__": "to_int",
    "__float__": "to_float",
    "__complex__": "to_complex",
    "__index__": "to_index",
    "__add__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__matmul__": "matmul",
    "__truediv__": "div",
    "__floordiv__": "floor_div",
    "__mod__": "mod",
    "__divmod__": "div_mod",
    "__pow__": "pow",
    "__lshift__": "shift_left",
    "__rshift__": "shift_right",
    "__and__": "bit_and",
    "__or__": "bit_or",
    "__xor__": "bit_xor",
    "__neg__": "neg",
    "__pos__": "pos",
    "__abs__": "abs",
    "__invert__": "invert",
    "__round__": "round",
    "__trunc__": "trunc",
    "__floor__": "floor",
    "__ceil__": "ceil",
    # 3.3.9 and 3.4.4 Context managers
    "__enter__": "enter",
    "__exit__": "exit",
    "__aenter__": "async_enter",
    "__aexit__": "async_exit",
    # 3.4.1 and 3.4.3 Awaitables and asynchronous iterators
    "__await__": "await_result",
    "__aiter__": "async_iter",
    "__anext__": "async_next",
    # PEP 519
    "__fspath__": "to_path",
    # Members that passes add
    CLASS_OBJECT: "type",
    RUN_WITH: "with",
    RUN_ASYNC_WITH: "async_with",
    LEAVE: "exit",
    ASYNC_LEAVE: "async_exit",
    IMPLEMENT: "implement",
}

CONSTRUCTORS = frozenset({"__init__", "__new__"})


def is_dunder(name: str) -> bool:
    """Return whether `name` has the form of a special name (`__x__`)."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def is_private_member(name: str) -> bool:
    """Return whether a class member called `name` stays on the Python side.

    Underscored names are private by convention (PEP 8); of the special names only the
    operations and the constructors are bound.
    """
    if is_dunder(name):
        return name not in OPERATIONS and name not in CONSTRUCTORS
    return name.startswith("_")
