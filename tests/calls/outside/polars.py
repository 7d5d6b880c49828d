"""Calls of polars: frames and expressions as handles, columns, callbacks, errors."""

from __future__ import annotations

import polars as pl

SPEC = "polars@==2.1.0"

DATA = {"n": [1, 2, 3], "s": ["a", "b", "a"]}


def calls(w):
    yield "a shape", lambda: w.DataFrame_shape(frame(w)), lambda: directly().shape
    yield "rows", lambda: w.DataFrame_to_dicts(frame(w)), lambda: directly().to_dicts()
    yield (
        "a filter",
        lambda: w.DataFrame_height(w.DataFrame_filter_with(frame(w), {"args": [w.Expr_gt(w.col("n"), 1)]})),
        lambda: directly().filter(pl.col("n").gt(1)).height,
    )
    yield (
        "sums",
        lambda: w.DataFrame_to_dicts(w.DataFrame_select_with(frame(w), {"args": [w.Expr_sum(w.col("n"))]})),
        lambda: directly().select(pl.col("n").sum()).to_dicts(),
    )
    yield (
        "sorted",
        lambda: w.DataFrame_to_dicts(w.DataFrame_sort_with(frame(w), "n", {"descending": True})),
        lambda: directly().sort("n", descending=True).to_dicts(),
    )
    yield "columns", lambda: w.DataFrame_columns(frame(w)), lambda: directly().columns
    yield (
        "joined",
        lambda: w.DataFrame_height(w.DataFrame_join_with(frame(w), frame(w), {"on": "s"})),
        lambda: directly().join(directly(), on="s").height,
    )
    yield "text", lambda: w.DataFrame_write_csv(frame(w)), lambda: directly().write_csv()
    yield (
        "a callback",
        lambda: w.Series_to_list(
            w.Series_map_elements_with(
                w.Series_new_with({"values": [1, 2]}), lambda n: n * 10, {"return_dtype": pl.Int64}
            )
        ),
        lambda: pl.Series([1, 2]).map_elements(lambda n: n * 10, return_dtype=pl.Int64).to_list(),
    )
    yield (
        "a column that is not there",
        lambda: w.DataFrame_sort(frame(w), "none"),
        lambda: directly().sort("none"),
    )


def frame(w):
    return w.DataFrame_new_with({"data": DATA})


def directly():
    return pl.DataFrame(DATA)
