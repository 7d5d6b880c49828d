"""Protocols that only type checkers know, and what a value of each has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_METHODS: Mapping[str, str] = {
    "HasFileno": "fileno",
    "SupportsAdd": "__add__",
    "SupportsAiter": "__aiter__",
    "SupportsAllComparisons": "__lt__ __gt__ __le__ __ge__",
    "SupportsAnext": "__anext__",
    "SupportsBool": "__bool__",
    "SupportsContainsAndGetItem": "__contains__ __getitem__",
    "SupportsDivMod": "__divmod__",
    "SupportsDunderGE": "__ge__",
    "SupportsDunderGT": "__gt__",
    "SupportsDunderLE": "__le__",
    "SupportsDunderLT": "__lt__",
    "SupportsFlush": "flush",
    "SupportsGetItem": "__getitem__",
    "SupportsItemAccess": "__contains__ __getitem__ __setitem__ __delitem__",
    "SupportsItems": "items",
    "SupportsIter": "__iter__",
    "SupportsKeysAndGetItem": "keys __getitem__",
    "SupportsLenAndGetItem": "__len__ __getitem__",
    "SupportsMul": "__mul__",
    "SupportsNext": "__next__",
    "SupportsNoArgReadline": "readline",
    "SupportsRAdd": "__radd__",
    "SupportsRDivMod": "__rdivmod__",
    "SupportsRMul": "__rmul__",
    "SupportsRSub": "__rsub__",
    "SupportsRead": "read",
    "SupportsReadline": "readline",
    "SupportsSub": "__sub__",
    "SupportsTrunc": "__trunc__",
    "SupportsWrite": "write",
}

PROTOCOLS: Final[Mapping[str, tuple[str, ...]]] = {
    f"_typeshed.{name}": tuple(methods.split()) for name, methods in _METHODS.items()
}
"""The protocols of `_typeshed`, which no program can import, with the methods they ask for."""
