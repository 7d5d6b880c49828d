"""Calls of attrs: classes made while running, validators as functions, errors."""

from __future__ import annotations

import attr
import attrs

SPEC = "attrs@==26.1.0"
NEAR = {
    "as a map",
    "as a tuple",
    "a filter",
    "a changed copy",
    "is it one",
    "fields",
    "fields by name",
    "a class that is none",
    "a validator",
}

Point = attrs.make_class("Point", ["x", "y"])


def calls(w):
    yield "as a map", lambda: w.asdict(Point(1, [2])), lambda: attrs.asdict(Point(1, [2]))
    yield "as a tuple", lambda: w.astuple(Point(1, 2)), lambda: attrs.astuple(Point(1, 2))
    yield (
        "a filter",
        lambda: w.asdict_with(Point(1, None), {"filter": lambda _, value: value is not None}),
        lambda: attrs.asdict(Point(1, None), filter=lambda _, value: value is not None),
    )
    yield "a changed copy", lambda: w.evolve_with(Point(1, 2), {"y": 5}), lambda: Point(1, 5)
    yield "is it one", lambda: (w.has_(Point), w.has_(int)), lambda: (True, False)
    yield (
        "fields",
        lambda: [w.Attribute_name(each) for each in w.fields(Point)],
        lambda: [each.name for each in attrs.fields(Point)],
    )
    yield (
        "fields by name",
        lambda: sorted(w.fields_dict(Point)),
        lambda: sorted(attrs.fields_dict(Point)),
    )
    yield "a class that is none", lambda: w.fields(int), lambda: attrs.fields(int)
    yield (
        "a class made here",
        lambda: w.asdict(w.make_class("Made", ["a"])(3)),
        lambda: {"a": 3},
    )
    yield (
        "a validator",
        lambda: attrs.make_class("V", {"a": attr.ib(validator=w.validators_instance_of(int))})("x"),
        lambda: attrs.make_class("V", {"a": attr.ib(validator=attrs.validators.instance_of(int))})("x"),
    )
    yield (
        "a converter",
        lambda: w.converters_optional(lambda text: text + "!")("a"),
        lambda: attrs.converters.optional(lambda text: text + "!")("a"),
    )
    yield "a truth value", lambda: w.converters_to_bool("yes"), lambda: attrs.converters.to_bool("yes")
