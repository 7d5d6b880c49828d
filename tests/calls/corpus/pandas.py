"""Calls of pandas: frames as handles, readers with options, dates, callbacks, errors."""

from __future__ import annotations

import io

import pandas as pd

SPEC = "pandas@==3.1.1"

TABLE = "name,n\na,1\nb,2\na,3\n"


def calls(w):
    yield "a frame", lambda: w.DataFrame_shape(through(w)), lambda: directly().shape
    yield (
        "a frame made of columns",
        lambda: w.DataFrame_to_csv(w.DataFrame_new_with({"data": {"x": [1, 2]}, "index": ["p", "q"]})),
        lambda: pd.DataFrame({"x": [1, 2]}, index=["p", "q"]).to_csv(),
    )
    yield (
        "chosen columns",
        lambda: w.DataFrame_to_dict(w.read_csv_with(io.StringIO(TABLE), {"usecols": ["n"]})),
        lambda: pd.read_csv(io.StringIO(TABLE), usecols=["n"]).to_dict(),
    )
    yield (
        "a query",
        lambda: w.DataFrame_len(w.DataFrame_query(through(w), "n > 1")),
        lambda: len(directly().query("n > 1")),
    )
    yield (
        "sums of groups",
        lambda: w.DataFrame_to_dict(w.GroupBy_sum(groups(w))),
        lambda: directly().groupby(by="name").sum().to_dict(),
    )
    yield (
        "sorted",
        lambda: w.DataFrame_to_dict(w.DataFrame_sort_values_with(through(w), "n", {"ascending": False})),
        lambda: directly().sort_values("n", ascending=False).to_dict(),
    )
    yield (
        "a row by its position",
        lambda: w.Series_to_dict(w._iLocIndexerFrame_get_item(w.DataFrame_iloc(through(w)), 1)),
        lambda: directly().iloc[1].to_dict(),
    )
    yield (
        "merged",
        lambda: w.DataFrame_shape(w.merge_with(through(w), through(w), {"on": "name"})),
        lambda: pd.merge(directly(), directly(), on="name").shape,
    )
    yield (
        "a series and a callback",
        lambda: w.Series_to_list(w.Series_map(w.Series_new_with({"data": [1, 2]}), lambda x: x * 10)),
        lambda: pd.Series([1, 2]).map(lambda x: x * 10).to_list(),
    )
    yield (
        "a point in time",
        lambda: w.Timestamp_year(w.to_datetime("2026-11-21")),
        lambda: pd.to_datetime("2026-11-21").year,
    )
    yield (
        "a file that is not there",
        lambda: w.read_csv("none.csv"),
        lambda: pd.read_csv("none.csv"),
    )
    yield (
        "joined",
        lambda: w.DataFrame_len(w.concat_data_frame([through(w), through(w)])),
        lambda: len(pd.concat([directly(), directly()])),
    )
    yield (
        "a mean",
        lambda: w.Series_mean(w.Series_new_with({"data": [1, 2]})),
        lambda: pd.Series([1, 2]).mean(),
    )


def through(w):
    return w.read_csv(io.StringIO(TABLE))


def groups(w):
    return w.DataFrameGroupBy_as_GroupBy(w.DataFrame_groupby_with(through(w), {"by": "name"}))


def directly():
    return pd.read_csv(io.StringIO(TABLE))
