"""Modules and objects of packages by dotted path, imported no earlier than needed."""

from __future__ import annotations

import importlib
import operator
import sys
from _thread import RLock
from collections.abc import Callable, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


importing = RLock()
"""Held during an import: two threads that import modules of a package that import each other would
see them half made, or end in a `_DeadlockError`."""


class LazyModule:
    """Stands for a module until its first use, then replaces itself in `namespace`."""

    __slots__ = ("_name", "_namespace", "_variable")

    def __init__(self, name: str, namespace: dict[str, Any], variable: str) -> None:
        self._name = name
        self._namespace = namespace
        self._variable = variable

    def _load(self) -> ModuleType:
        with importing:
            module = importlib.import_module(self._name)
        self._namespace[self._variable] = module
        return module

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._load(), attribute)

    def __repr__(self) -> str:
        return f"<module {self._name!r}, not imported yet>"


def lazy_module(name: str, namespace: dict[str, Any], variable: str) -> Any:
    """Return a stand-in for module `name`, to be kept as `variable` in `namespace`.

    A module that is loaded already is returned as it is.
    """
    return sys.modules.get(name) or LazyModule(name, namespace, variable)


def find_loaded(path: str) -> Any:
    """Return the object at the dotted `path`, or None. Imports nothing.

    Where a package has a module and an attribute of one name, the attribute is meant.
    """
    head, tail = path, ""
    while head:
        module = sys.modules.get(head)
        if module is not None:
            if not tail:
                parent, _, last = head.rpartition(".")
                return getattr(sys.modules.get(parent), last, module)
            try:
                return operator.attrgetter(tail)(module)
            except AttributeError:
                return None
        head, _, last = head.rpartition(".")
        tail = f"{last}.{tail}" if tail else last
    return None


def load_object(path: str) -> Any:
    """Return the object at the dotted `path`, importing the modules on the way."""
    found = find_loaded(path)
    if found is not None:
        return found
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:end])
        try:
            with importing:
                module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (
                name == error.name or name.startswith(f"{error.name}.")
            ):
                raise
            continue
        return operator.attrgetter(".".join(parts[end:]))(module)
    raise AttributeError(f"nothing is importable at {path}")


def part_finder(
    namespace: dict[str, Any], types: Mapping[str, str], parts: Mapping[str, str]
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a wrapper in `parts`: modules beside it, with the names they have.

    A part is loaded with the first of its names, and all of them are kept in `namespace`.
    """
    homes: dict[str, str] = {}

    def find(name: str) -> Any:
        if not homes:
            homes.update((each, part) for part in parts for each in parts[part].split())
        part = homes.get(name)
        if part is None:
            return find_type(namespace["__name__"], types, name)
        module = importlib.import_module(f".{part}", namespace["__package__"])
        for each in parts[part].split():
            namespace.setdefault(each, getattr(module, each))
        return namespace[name]

    return find


def find_type(module: str, types: Mapping[str, str], name: str) -> Any:
    """Return the class behind handle type `name` of wrapper `module`, as `module.__getattr__`."""
    if name in types:
        return load_object(types[name])
    raise AttributeError(f"module {module!r} has no attribute {name!r}")
