"""Calls of numpy: arrays as handles, nested lists, scalars, functions over arrays, errors."""

from __future__ import annotations

import numpy as np

SPEC = "numpy@==2.5.5"

ROWS = [[1.0, 2.0], [3.0, 5.0]]


def calls(w):
    yield "an array", lambda: w.array(ROWS), lambda: np.array(ROWS)
    yield "a number", lambda: w.mean(ROWS), lambda: np.mean(ROWS)
    yield (
        "along an axis",
        lambda: w.mean_with(w.array(ROWS), {"axis": 0}),
        lambda: np.mean(np.array(ROWS), axis=0),
    )
    yield "zeros", lambda: w.zeros(3), lambda: np.zeros(3)
    yield (
        "a type by name",
        lambda: w.zeros_with([2, 2], {"dtype": "int32"}),
        lambda: np.zeros((2, 2), dtype="int32"),
    )
    yield "a shape", lambda: w.ndarray_shape(w.array(ROWS)), lambda: np.array(ROWS).shape
    yield "arithmetic", lambda: w.add_(w.array(ROWS), 1.5), lambda: np.add(np.array(ROWS), 1.5)
    yield (
        "a universal function over a list",
        lambda: w.sqrt([1.0, 4.0]),
        lambda: np.sqrt([1.0, 4.0]),
    )
    yield (
        "linear algebra",
        lambda: w.linalg_solve(ROWS, [1.0, 2.0]),
        lambda: np.linalg.solve(ROWS, [1.0, 2.0]),
    )
    yield (
        "a singular matrix",
        lambda: w.linalg_inv([[0.0, 0.0], [0.0, 0.0]]),
        lambda: np.linalg.inv([[0.0, 0.0], [0.0, 0.0]]),
    )
    yield (
        "several arrays at once",
        lambda: w.histogram([1.0, 2.0, 2.5]),
        lambda: np.histogram([1.0, 2.0, 2.5]),
    )
    yield (
        "random numbers",
        lambda: w.Generator_integers_size(w.random_default_rng_with({"seed": 7}), 10, 5),
        lambda: np.random.default_rng(7).integers(10, size=5),
    )
    yield (
        "an item",
        lambda: w.ndarray_get_item(w.array(ROWS), 1),
        lambda: np.array(ROWS)[1],
    )
    yield (
        "joined",
        lambda: w.concatenate([w.array(ROWS), w.array(ROWS)]),
        lambda: np.concatenate([np.array(ROWS), np.array(ROWS)]),
    )
    yield "a list", lambda: w.ndarray_tolist(w.array(ROWS)), lambda: ROWS
    yield "shapes that do not fit", lambda: w.add_([1, 2], [1, 2, 3]), lambda: np.add([1, 2], [1, 2, 3])
