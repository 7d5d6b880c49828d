"""Calls of starlette: an application of routes, addresses, headers, responses."""

from __future__ import annotations

from starlette import datastructures, responses, routing
from starlette.applications import Starlette
from support import ask

SPEC = "starlette@==1.10.0"
NEAR = {"a page", "no such page", "a path by name"}


def calls(w):
    yield "a page", lambda: ask(application(w), "/hello"), lambda: ask(directly(), "/hello")
    yield "no such page", lambda: ask(application(w), "/none"), lambda: ask(directly(), "/none")
    yield (
        "a path by name",
        lambda: str(w.Starlette_url_path_for(application(w), "hello")),
        lambda: str(directly().url_path_for("hello")),
    )
    yield (
        "a path that has no name",
        lambda: w.Starlette_url_path_for(application(w), "none"),
        lambda: directly().url_path_for("none"),
    )
    yield (
        "parts of an address",
        lambda: (w.URL_hostname(url(w)), w.URL_port(url(w)), w.URL_query(url(w))),
        lambda: ("a.b", 8, "q=1"),
    )
    yield (
        "an address with parameters",
        lambda: w.URL_to_string(w.URL_include_query_params_with(url(w), {"x": "2"})),
        lambda: str(datastructures.URL("http://a.b:8/p?q=1").include_query_params(x="2")),
    )
    yield (
        "headers",
        lambda: w.Headers_items(w.Headers_new_with({"headers": {"A": "1", "B": "2"}})),
        lambda: datastructures.Headers(headers={"A": "1", "B": "2"}).items(),
    )
    yield (
        "a header that is not there",
        lambda: w.Headers_get_item(w.Headers_new(), "x"),
        lambda: datastructures.Headers()["x"],
    )
    yield (
        "a response as bytes",
        lambda: w.JSONResponse_render(w.JSONResponse_new({"a": 1}), {"b": [1]}),
        lambda: responses.JSONResponse({"a": 1}).render({"b": [1]}),
    )


def hello(request):
    return responses.PlainTextResponse("hello")


def url(w):
    return w.URL_new_with({"url": "http://a.b:8/p?q=1"})


def application(w):
    return w.Starlette_new_with({"routes": [w.Route_new_with("/hello", hello, {"name": "hello"})]})


def directly():
    return Starlette(routes=[routing.Route("/hello", hello, name="hello")])
