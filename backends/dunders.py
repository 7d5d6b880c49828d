"""Special methods as the expressions that run them (Python Data Model, section 3.3)."""

from __future__ import annotations

UNARY = {
    "__len__": "len",
    "__iter__": "iter",
    "__next__": "next",
    "__reversed__": "reversed",
    "__hash__": "hash",
    "__str__": "str",
    "__bytes__": "bytes",
    "__bool__": "bool",
    "__int__": "int",
    "__float__": "float",
    "__complex__": "complex",
    "__abs__": "abs",
    "__round__": "round",
}
"""Special methods without arguments that a builtin runs."""

PREFIX = {"__neg__": "-", "__pos__": "+", "__invert__": "~"}

INFIX = {
    "__eq__": "==",
    "__ne__": "!=",
    "__lt__": "<",
    "__le__": "<=",
    "__gt__": ">",
    "__ge__": ">=",
    "__add__": "+",
    "__sub__": "-",
    "__mul__": "*",
    "__matmul__": "@",
    "__truediv__": "/",
    "__floordiv__": "//",
    "__mod__": "%",
    "__pow__": "**",
    "__lshift__": "<<",
    "__rshift__": ">>",
    "__and__": "&",
    "__or__": "|",
    "__xor__": "^",
}
"""Special methods with one argument that an operator runs, trying the other operand's too."""
