"""Calls of flask, a web framework: an application from handles and callbacks, settings, errors."""

from __future__ import annotations

import flask

SPEC = "flask@==3.1.3"


def calls(w):
    yield "a page", lambda: ask(application(w), "/hello/Ada"), lambda: ask(directly(), "/hello/Ada")
    yield "no such page", lambda: ask(application(w), "/none"), lambda: ask(directly(), "/none")
    yield "a map as JSON", lambda: ask(application(w), "/data"), lambda: ask(directly(), "/data")
    yield "a refusal", lambda: ask(application(w), "/refused"), lambda: ask(directly(), "/refused")
    yield (
        "rules",
        lambda: sorted(str(rule) for rule in application(w).url_map.iter_rules()),
        lambda: sorted(str(rule) for rule in directly().url_map.iter_rules()),
    )
    yield "settings", lambda: settings(w), lambda: 5
    yield (
        "a blueprint",
        lambda: w.Blueprint_new_with("b", __name__, {"url_prefix": "/b"}).url_prefix,
        lambda: flask.Blueprint("b", __name__, url_prefix="/b").url_prefix,
    )
    yield (
        "outside of an application",
        lambda: w.url_for("hello"),
        lambda: flask.url_for("hello"),
    )
    yield "an abort", lambda: w.abort(404), lambda: flask.abort(404)


def hello(name):
    return f"Hello {name}"


def data():
    return {"a": [1, 2]}


def refused():
    flask.abort(403)


def application(w):
    made = w.Flask_new("calls")
    w.Flask_add_url_rule_with(made, "/hello/<name>", {"view_func": hello})
    w.Flask_get(made, "/data")(data)
    w.Flask_add_url_rule_with(made, "/refused", {"view_func": refused})
    return made


def directly():
    made = flask.Flask("calls")
    made.add_url_rule("/hello/<name>", view_func=hello)
    made.get("/data")(data)
    made.add_url_rule("/refused", view_func=refused)
    return made


def ask(made, path):
    answer = made.test_client().get(path)
    return answer.status_code, answer.get_data(as_text=True)


def settings(w):
    config = w.Config_new("/")
    w.Config_from_mapping_with(config, {"DEPTH": 5})
    return config["DEPTH"]
