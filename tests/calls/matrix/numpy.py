"""Calls of numpy with arrays that stay where they are, and with what comes out of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def calls(w: Any) -> Iterator[tuple[str, Any, None]]:  # noqa: ANN401
    yield "a large array", lambda: w.ndarray_tolist(w.array(list(range(100_000))))[::9999], None
    yield "a chain", lambda: w.ndarray_tolist(w.cumsum(w.array([1, 2, 3]))), None
    yield "many handles", lambda: [w.ndarray_tolist(w.zeros(n)) for n in range(40)], None
    yield "an array into two", lambda: w.ndarray_tolist(w.multiply(w.array([1.5]), w.array([2.0]))), None
    yield "a number with a class", lambda: w.median([1.0, 2.0, 4.0]) * 2, None
    yield "an error", lambda: w.linalg_inv([[1.0, 2.0]]), None
