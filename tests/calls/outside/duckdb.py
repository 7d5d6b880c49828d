"""Calls of duckdb, a database client: connections and relations as handles, rows, errors."""

from __future__ import annotations

import duckdb

SPEC = "duckdb@==2.0.0"


def calls(w):
    yield "a row", lambda: one(w, "select 1, 'x', 2.5::double, null"), lambda: (1, "x", 2.5, None)
    yield (
        "rows",
        lambda: w.DuckDBPyConnection_fetchall(w.DuckDBPyConnection_execute(w.connect(), "from range(3)")),
        lambda: duckdb.connect().execute("from range(3)").fetchall(),
    )
    yield (
        "parameters",
        lambda: w.DuckDBPyConnection_fetchone(
            w.DuckDBPyConnection_execute_with(w.connect(), "select ? + 1", {"parameters": [41]})
        ),
        lambda: duckdb.connect().execute("select ? + 1", [41]).fetchone(),
    )
    yield "a table", lambda: table(w), lambda: [("a", 1), ("b", 2)]
    yield (
        "a relation",
        lambda: w.DuckDBPyRelation_fetchall(
            w.DuckDBPyRelation_filter(w.DuckDBPyConnection_sql(w.connect(), "from range(5) t(n)"), "n > 2")
        ),
        lambda: duckdb.connect().sql("from range(5) t(n)").filter("n > 2").fetchall(),
    )
    yield (
        "columns and shape",
        lambda: shape(w, w.DuckDBPyConnection_sql(w.connect(), "select 1 as a, 2 as b")),
        lambda: (["a", "b"], (1, 2)),
    )
    yield "an error", lambda: one(w, "select * from nowhere"), lambda: one_directly("select * from nowhere")
    yield "malformed", lambda: one(w, "selec 1"), lambda: one_directly("selec 1")
    yield "bytes", lambda: one(w, "select 'ab'::blob"), lambda: one_directly("select 'ab'::blob")
    yield (
        "a date",
        lambda: one(w, "select date '2026-11-21'"),
        lambda: one_directly("select date '2026-11-21'"),
    )


def one(w, query):
    return w.DuckDBPyConnection_fetchone(w.DuckDBPyConnection_execute(w.connect(), query))


def one_directly(query):
    return duckdb.connect().execute(query).fetchone()


def table(w):
    connection = w.connect()
    w.DuckDBPyConnection_execute(connection, "create table t (name varchar, n integer)")
    w.DuckDBPyConnection_executemany_with(
        connection, "insert into t values (?, ?)", {"parameters": [["a", 1], ["b", 2]]}
    )
    return w.DuckDBPyConnection_fetchall(w.DuckDBPyConnection_execute(connection, "from t order by n"))


def shape(w, relation):
    return w.DuckDBPyRelation_columns(relation), w.DuckDBPyRelation_shape(relation)
