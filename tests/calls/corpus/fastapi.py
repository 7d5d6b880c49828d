"""Calls of fastapi: an application built from handles and callbacks, its schema, errors."""

from __future__ import annotations

import datetime
import decimal

import fastapi
from fastapi import encoders
from support import ask

SPEC = "fastapi@==0.163.2"


def calls(w):
    yield "a page", lambda: ask(application(w), "/items/5"), lambda: ask(directly(), "/items/5")
    yield (
        "a value that is wrong",
        lambda: ask(application(w), "/items/x"),
        lambda: ask(directly(), "/items/x"),
    )
    yield "no such page", lambda: ask(application(w), "/none"), lambda: ask(directly(), "/none")
    yield "a refusal", lambda: ask(application(w), "/refused"), lambda: ask(directly(), "/refused")
    yield (
        "the schema",
        lambda: w.FastAPI_openapi(application(w)),
        lambda: directly().openapi(),
    )
    yield "a title", lambda: w.FastAPI_title(application(w)), lambda: directly().title
    yield (
        "values for JSON",
        lambda: w.encoders_jsonable_encoder({"when": datetime.date(2026, 1, 2), "x": {1}}),
        lambda: encoders.jsonable_encoder({"when": datetime.date(2026, 1, 2), "x": {1}}),
    )
    yield (
        "without what is missing",
        lambda: w.encoders_jsonable_encoder_with({"a": None, "b": 1}, {"exclude_none": True}),
        lambda: encoders.jsonable_encoder({"a": None, "b": 1}, exclude_none=True),
    )
    yield (
        "a decimal",
        lambda: w.encoders_decimal_encoder(decimal.Decimal("1.5")),
        lambda: encoders.decimal_encoder(decimal.Decimal("1.5")),
    )


def item(number: int):
    return {"number": number}


def refused():
    raise fastapi.HTTPException(418, detail="no")


def application(w):
    made = w.FastAPI_new_with({"title": "Items"})
    w.FastAPI_get(made, "/items/{number}")(item)
    w.FastAPI_add_api_route(made, "/refused", refused)
    return made


def directly():
    made = fastapi.FastAPI(title="Items")
    made.get("/items/{number}")(item)
    made.add_api_route("/refused", refused)
    return made
