"""Calls of tornado, a web server: escaping, templates, headers, parsing, errors."""

from __future__ import annotations

from tornado import escape, httputil, template, web

SPEC = "tornado@==6.6.1"


def calls(w):
    yield "escaped", lambda: w.escape_xhtml_escape("<a&b>"), lambda: escape.xhtml_escape("<a&b>")
    yield "JSON", lambda: w.escape_json_encode({"a": "</x>"}), lambda: escape.json_encode({"a": "</x>"})
    yield "from JSON", lambda: w.escape_json_decode("[1, null]"), lambda: escape.json_decode("[1, null]")
    yield "an address", lambda: w.escape_url_escape("a b/ü"), lambda: escape.url_escape("a b/ü")
    yield (
        "an address with parameters",
        lambda: w.httputil_url_concat("http://a/?x=1", {"y": "2"}),
        lambda: httputil.url_concat("http://a/?x=1", {"y": "2"}),
    )
    yield "headers", lambda: headers(w), lambda: ["1", "2"]
    yield (
        "a template",
        lambda: w.Template_generate_with(w.Template_new("{{ x }}!"), {"x": "a<b"}),
        lambda: template.Template("{{ x }}!").generate(x="a<b"),
    )
    yield "a malformed template", lambda: w.Template_new("{{ x"), lambda: template.Template("{{ x")
    yield (
        "an error",
        lambda: str(w.HTTPError_new_with({"status_code": 404, "reason": "Gone fishing"})),
        lambda: str(web.HTTPError(status_code=404, reason="Gone fishing")),
    )
    yield (
        "a date",
        lambda: w.httputil_format_timestamp(0.0),
        lambda: httputil.format_timestamp(0.0),
    )


def headers(w):
    made = w.HTTPHeaders_new_without_arg()
    w.HTTPHeaders_add(made, "A", "1")
    w.HTTPHeaders_add(made, "a", "2")
    return w.HTTPHeaders_get_list(made, "A")
