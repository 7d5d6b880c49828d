"""Calls of pydantic: models made while running, adapters as handles, addresses, errors."""

from __future__ import annotations

import pydantic
from pydantic import alias_generators, color

SPEC = "pydantic@==2.14.3"
NEAR = {
    "validating",
    "not valid",
    "to JSON",
    "a schema",
    "a model as a map",
    "without some fields",
    "a changed copy",
    "a model made here",
}


class User(pydantic.BaseModel):
    name: str
    age: int = 3


def calls(w):
    yield (
        "validating",
        lambda: w.TypeAdapter_validate_python(w.TypeAdapter_new(list[int]), ["1", 2]),
        lambda: pydantic.TypeAdapter(list[int]).validate_python(["1", 2]),
    )
    yield (
        "not valid",
        lambda: w.TypeAdapter_validate_python(w.TypeAdapter_new(int), "x"),
        lambda: pydantic.TypeAdapter(int).validate_python("x"),
    )
    yield (
        "to JSON",
        lambda: w.TypeAdapter_dump_json(w.TypeAdapter_new(dict[str, int]), {"a": 1}),
        lambda: pydantic.TypeAdapter(dict[str, int]).dump_json({"a": 1}),
    )
    yield (
        "a schema",
        lambda: w.TypeAdapter_json_schema(w.TypeAdapter_new(User)),
        lambda: pydantic.TypeAdapter(User).json_schema(),
    )
    yield (
        "a model as a map",
        lambda: w.BaseModel_model_dump(User(name="Ada")),
        lambda: User(name="Ada").model_dump(),
    )
    yield (
        "without some fields",
        lambda: w.BaseModel_model_dump_with(User(name="Ada"), {"exclude_unset": True}),
        lambda: User(name="Ada").model_dump(exclude_unset=True),
    )
    yield (
        "a changed copy",
        lambda: w.BaseModel_model_copy_with(User(name="Ada"), {"update": {"age": 5}}),
        lambda: User(name="Ada", age=5),
    )
    yield (
        "a model made here",
        lambda: w.create_model_with("Point", {"x": (int, 0)})(x="4").model_dump(),
        lambda: pydantic.create_model("Point", x=(int, 0))(x="4").model_dump(),
    )
    yield (
        "parts of an address",
        lambda: (
            w.AnyUrl_host(w.AnyUrl_new("http://a.b/c?d=e")),
            w.AnyUrl_query_params(w.AnyUrl_new("http://a.b/c?d=e")),
        ),
        lambda: ("a.b", [("d", "e")]),
    )
    yield (
        "a name",
        lambda: w.alias_generators_to_camel("one_two"),
        lambda: alias_generators.to_camel("one_two"),
    )
    yield (
        "a colour",
        lambda: w.color_Color_as_hex(w.color_Color_new("red")),
        lambda: color.Color("red").as_hex(),
    )
    yield (
        "a secret",
        lambda: (
            w.SecretStr_to_string(w.SecretStr_new("x")),
            w.SecretStr_get_secret_value(w.SecretStr_new("x")),
        ),
        lambda: ("**********", "x"),
    )
