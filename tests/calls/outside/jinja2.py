"""Calls of jinja2, a template engine: templates from text and maps, callbacks as filters, errors."""

from __future__ import annotations

import jinja2

SPEC = "jinja2@==3.1.6"


def calls(w):
    yield (
        "a template",
        lambda: w.Template_render_with(w.Template_new("Hello {{ name }}"), {"name": "Ada"}),
        lambda: jinja2.Template("Hello {{ name }}").render(name="Ada"),
    )
    yield (
        "options of a template",
        lambda: w.Template_render(
            w.Template_new_with("a\n{% if true %}\nb\n{% endif %}\n", {"trim_blocks": True})
        ),
        lambda: jinja2.Template("a\n{% if true %}\nb\n{% endif %}\n", trim_blocks=True).render(),
    )
    yield "malformed", lambda: w.Template_new("{% if %}"), lambda: jinja2.Template("{% if %}")
    yield (
        "an unknown name",
        lambda: w.Template_render(w.Environment_from_string(strict(w), "{{ x }}")),
        lambda: jinja2.Environment(undefined=jinja2.StrictUndefined).from_string("{{ x }}").render(),
    )
    yield (
        "templates by name",
        lambda: w.Template_render(w.Environment_get_template(environment(w), "a")),
        lambda: "A-B",
    )
    yield (
        "names of templates",
        lambda: w.Environment_list_templates(environment(w)),
        lambda: ["a", "b"],
    )
    yield (
        "a template that is not there",
        lambda: w.Environment_get_template(environment(w), "c"),
        lambda: jinja2.Environment(loader=jinja2.DictLoader({})).get_template("c"),
    )
    yield (
        "tokens",
        lambda: w.Environment_lex(w.Environment_new(), "a {{ b }}"),
        lambda: jinja2.Environment().lex("a {{ b }}"),
    )
    yield (
        "pieces",
        lambda: w.Template_generate(w.Template_new("a{{ 1 }}b")),
        lambda: jinja2.Template("a{{ 1 }}b").generate(),
    )


def strict(w):
    return w.Environment_new_with({"undefined": jinja2.StrictUndefined})


def environment(w):
    loader = w.DictLoader_new({"a": "A-{% include 'b' %}", "b": "B"})
    return w.Environment_new_with({"loader": loader})
