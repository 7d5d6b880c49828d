"""The ways in which bound functions run, each as a namespace `w` that the case files call.

w = Far(worker, "httpx");  w.Response_text(w.get(url))
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

from outcome import is_case


class Far:
    """The wrapper of a package in another process: values come here, what stays there has handles."""

    def __init__(self, worker: Any, alias: str) -> None:  # noqa: ANN401
        self._worker = worker
        self._alias = alias

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._worker.call(f"{self._alias}.{name}", *arguments)


def outcome(call: Callable[[], object]) -> list[object]:
    """Return what a call gives, in one form for all hosts, or the class and message of what it raises.

    What a callback of this process raises has no class in another one: its error there names it.
    """
    try:
        return ["gives", shape(call())]
    except Exception as error:
        name, message = type(error).__name__, str(error)
        if hasattr(error, "classes"):  # RemoteError
            name, message = error.type.rpartition(".")[2], error.message  # type: ignore[attr-defined]
        return ["raises", message if name == "CallbackError" else f"{name}: {message}"]


def shape(value: object) -> object:
    """Return `value` as JSON could: records and variants with their names, handles without their content."""
    if isinstance(value, float):
        return float(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, enum.Enum):
        return [value.name]
    if is_case(value):
        return [type(value).__name__, {}]
    if is_record(value):
        cls = type(value)
        names = getattr(cls, "__match_args__", ())
        return [cls.__name__, {name: shape(getattr(value, name)) for name in names}]
    if isinstance(value, Mapping):
        return {str(shape(key)): shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shape(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((shape(item) for item in value), key=repr)
    if hasattr(value, "__next__"):
        return [shape(item) for item in value]
    return "a handle"


def is_record(value: object) -> bool:
    """Tell whether `value` is a record or a case of a variant, of this process or of another."""
    far = any(cls.__module__.endswith("_mochi_wrap.wire_types") for cls in type(value).__mro__)
    near = dataclasses.is_dataclass(value) and type(value).__module__.startswith("python_wrap")
    return far or near
