"""Calls of sqlalchemy: an engine in memory, tables, statements, rows, errors."""

from __future__ import annotations

import sqlalchemy as sa

SPEC = "sqlalchemy@==2.1.9"
NEAR = {"rows", "a statement as text", "columns", "a condition", "an engine's dialect"}


def calls(w):
    yield "rows", lambda: run(w), lambda: run_directly()
    yield (
        "a statement as text",
        lambda: str(w.select(table(w).c.name)),
        lambda: str(sa.select(table_directly().c.name)),
    )
    yield (
        "parts of an address",
        lambda: parts(w.make_url("sqlite:///x.db")),
        lambda: parts(sa.make_url("sqlite:///x.db")),
    )
    yield (
        "an address that is none",
        lambda: w.make_url("nothing"),
        lambda: sa.make_url("nothing"),
    )
    yield (
        "an unknown dialect",
        lambda: w.create_engine("nosuch://"),
        lambda: sa.create_engine("nosuch://"),
    )
    yield (
        "columns",
        lambda: [each.name for each in table(w).columns],
        lambda: [each.name for each in table_directly().columns],
    )
    yield (
        "a condition",
        lambda: str(w.and_with(sa.column("a") == 1, {"args": [sa.column("b") == 2]})),
        lambda: str(sa.and_(sa.column("a") == 1, sa.column("b") == 2)),
    )
    yield "an error of the database", lambda: fail(w), lambda: fail_directly()
    yield (
        "an engine's dialect",
        lambda: w.Engine_dialect(w.create_engine("sqlite://")).name,
        lambda: sa.create_engine("sqlite://").dialect.name,
    )


def parts(url):
    return url.drivername, url.database


def table(w):
    columns = [
        w.Column_new_with({"name_pos": "id", "type_pos": w.Integer_new(), "primary_key": True}),
        w.Column_new_with({"name_pos": "name", "type_pos": w.String_new_with({"length": 20})}),
    ]
    return w.Table_new_with("user", w.MetaData_new(), {"args": columns})


def table_directly():
    columns = [sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(length=20))]
    return sa.Table("user", sa.MetaData(), *columns)


def run(w):
    engine = w.create_engine("sqlite://")
    users = table(w)
    w.MetaData_create_all(users.metadata, engine)
    connection = w.Engine_connect(engine)
    w.Connection_execute_with(connection, w.insert(users), {"parameters": [{"name": "Ada"}, {"name": "Bo"}]})
    found = w.Connection_execute(connection, w.select(users))
    return [tuple(row) for row in w.Result_all(w.CursorResult_as_Result(found))]


def run_directly():
    engine = sa.create_engine("sqlite://")
    users = table_directly()
    users.metadata.create_all(engine)
    connection = engine.connect()
    connection.execute(sa.insert(users), [{"name": "Ada"}, {"name": "Bo"}])
    return [tuple(row) for row in connection.execute(sa.select(users)).all()]


def fail(w):
    connection = w.Engine_connect(w.create_engine("sqlite://"))
    return w.Connection_exec_driver_sql(connection, "select * from nowhere")


def fail_directly():
    return sa.create_engine("sqlite://").connect().exec_driver_sql("select * from nowhere")
