"""Imports the modules of a package where they can do no harm, and writes down what their names are.

    python -s -S -P -B inspector.py JOB      JOB: a JSON file with the fields of `Job`

Run by the compiler to compare a declared surface with the installed package. What holds the modules is
`sandbox.py` beside this file. The inventory goes to `inventory.json` of the output folder at the end;
`current` names the module at work, so that it also tells which module ended the process.

An object of the inventory is a list: what it is, its qualified name, and for callables a signature. A
parameter is its name with `/` behind it where it is positional only, `*`, `**` or (keyword only) `:`
before it, and `=` behind it where it has a default: `self/ x y= *args :key= **rest`.
"""

from __future__ import annotations

import contextlib
import enum
import faulthandler
import functools
import importlib
import importlib.util
import inspect
import json
import os
import signal
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn, TypedDict

_PLAIN = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_SLOTS = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)
_DATA = (
    property,
    functools.cached_property,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_STORE = importlib.import_module("opcode").opmap["STORE_ATTR"]
_EXTENDED = importlib.import_module("opcode").opmap["EXTENDED_ARG"]


class Job(TypedDict):
    """What to do.

    `modules` maps names of modules to the names in them that matter beside their `__all__`; `paths`
    are dotted paths of classes anywhere. `sandbox` is the path of `sandbox.py`, which says what the
    rest means. `patience` is the time for one module in seconds.
    """

    modules: dict[str, list[str]]
    paths: list[str]
    sandbox: str
    packages: list[str]
    out: str
    home: str
    read: list[str]
    memory: int
    cpu: int
    patience: int


def main(path: str) -> NoReturn:
    """Do the job in the file at `path`; never returns normally, as modules may leave threads behind."""
    job: Job = json.loads(Path(path).read_text("utf-8"))
    sandbox = _load(job["sandbox"])
    sandbox.silence()
    os.chdir(job["home"])
    watch = sandbox.Watch([job["out"], job["home"]])
    protection = sandbox.protect(job, watch)
    sys.addaudithook(watch.see)
    sys.path[:0] = job["packages"]
    sys.argv = ["python"]
    inventory = Inventory(job["patience"], Path(job["out"], "current"))
    modules = {
        name: inventory.look_into(name, wanted)
        for name, wanted in job["modules"].items()
    }
    paths = {path: inventory.find(path) for path in job["paths"]}
    result = {
        "protection": protection,
        "network": watch.network,
        "modules": modules,
        "paths": paths,
        "objects": inventory.describe_all(),
    }
    inventory.current("")
    text = json.dumps(result, separators=(",", ":"), sort_keys=True)
    Path(job["out"], "inventory.json").write_text(text, "utf-8")
    os._exit(0)


def _load(path: str) -> Any:
    specification = importlib.util.spec_from_file_location("mochi_sandbox", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


class TooLongError(BaseException):
    """A module did not come to an end."""


class Inventory:
    """The objects that were met, each once, by identity."""

    def __init__(self, patience: int, note: Path) -> None:
        self._numbers: dict[int, int] = {}
        self._objects: list[object] = []
        self._patience = patience
        self._path = tuple(sys.path)
        self._note = note.open("w")

    def current(self, name: str) -> None:
        """Leave word that module `name` is being looked at."""
        self._note.seek(0)
        self._note.truncate()
        self._note.write(f"{name}\n")
        self._note.flush()

    def number(self, value: object) -> int:
        """Return the number of `value` in the list of objects."""
        known = self._numbers.get(id(value))
        if known is None:
            known = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return known

    def look_into(self, name: str, wanted: list[str]) -> dict[str, Any]:
        """Import module `name`; return what its names are, or why it could not be imported."""
        self.current(name)
        with self._limit():
            try:
                module = self._import(name)
                listed = _listed(module)
                found = {
                    each: self.number(value)
                    for each in sorted({*wanted, *listed})
                    for value in _get(module, each)
                }
            except ModuleNotFoundError as error:
                missing = str(error.name or "")
                absent = name == missing or name.startswith(f"{missing}.")
                return {"error": _shown(error), "absent": bool(missing) and absent}
            except BaseException as error:
                return {"error": _shown(error)}
        return {
            "names": found,
            "all": listed,
            "open": "__getattr__" in vars(module) or type(module) is not ModuleType,
        }

    def _import(self, name: str) -> ModuleType:
        """Import a module; what another one took from the search path is there again."""
        sys.path += [place for place in self._path if place not in sys.path]
        return importlib.import_module(name)

    def find(self, path: str) -> int | None:
        """Return the number of what is at the dotted `path`."""
        self.current(path)
        parts = path.split(".")
        with self._limit():
            for count in range(len(parts) - 1, 0, -1):
                try:
                    value: object = self._import(".".join(parts[:count]))
                    for part in parts[count:]:
                        value = getattr(value, part)
                except BaseException:
                    continue
                return self.number(value)
        return None

    def describe_all(self) -> list[Any]:
        """Return the description of every object, in the order of their numbers."""
        described: list[Any] = []
        while len(described) < len(self._objects):
            value = self._objects[len(described)]
            try:
                with self._limit():
                    described.append(self._describe(value))
            except BaseException as error:
                described.append(["value", type(value).__name__, None, _shown(error)])
        return described

    def _describe(self, value: object) -> list[Any]:
        if isinstance(value, ModuleType):
            return ["module", value.__name__, None]
        if isinstance(value, type):
            return ["class", _path(value), signature_of(value), self._members(value)]
        if _is_form(value):
            return ["form", _path(type(value)), signature_of(value)]
        kind = (
            "function"
            if isinstance(value, (*_PLAIN, *_SLOTS))
            else "callable"
            if callable(value)
            else "value"
        )
        return [
            kind,
            _path(value) if kind == "function" else _path(type(value)),
            None if kind == "value" else signature_of(value),
        ]

    def _members(self, cls: type) -> dict[str, Any]:
        """Return what a class says of its instances and of itself."""
        own = dict(vars(cls))
        members = {
            name: self._member(cls, name, value)
            for name, value in own.items()
            if isinstance(name, str) and _is_offered(name)
        }
        stored = sorted(
            {name for value in own.values() for name in _stored(value)} - members.keys()
        )
        annotated = [name for name in _annotated(own) if name not in members]
        found: dict[str, Any] = {
            "mro": [self.number(each) for each in cls.__mro__[1:] if each is not object]
        }
        found["members"] = members
        declared = sorted({*annotated, *_slots(own)} - members.keys())
        for key, value in (("declared", declared), ("stored", stored)):
            kept = [
                name
                for name in value
                if isinstance(name, str) and not name.startswith("_")
            ]
            if kept:
                found[key] = kept
        if isinstance(cls, enum.EnumMeta):
            found["enum"] = sorted(cls.__members__)
        # Those of C look attributes up in the usual way.
        lookup = own.get("__getattribute__")
        if "__getattr__" in own or isinstance(lookup, types.FunctionType):
            found["open"] = True
        if type(cls) is not type:
            found["meta"] = self.number(type(cls))
        if cls.__dictoffset__ == 0:
            found["closed"] = True
        return found

    def _member(self, cls: type, name: str, value: object) -> list[Any]:
        """Return how a member hangs on its class, and its signature as it is stored, with receiver."""
        if isinstance(value, classmethod):
            return ["class", signature_of(value.__func__)]
        if isinstance(value, staticmethod):
            return ["static", signature_of(value.__func__)]
        if isinstance(value, types.ClassMethodDescriptorType):
            return ["class-slot", signature_of(value.__get__(None, cls))]
        if isinstance(value, (types.FunctionType, *_SLOTS)):
            return ["method", signature_of(value)]
        if isinstance(value, _DATA):
            return ["data", None]
        if isinstance(value, type):
            return ["nested", self.number(value)]
        if name == "__hash__" and value is None:
            return ["none", None]
        if type(value).__name__ == "cython_function_or_method":
            return ["method", signature_of(value)]
        if hasattr(type(value), "__get__"):
            return ["descriptor", None]
        return ["callable" if callable(value) else "value", None]

    @contextlib.contextmanager
    def _limit(self) -> Iterator[None]:
        """End what takes too long: by an exception first, then the process."""
        faulthandler.dump_traceback_later(
            2 * self._patience, exit=True, file=self._note
        )
        alarms = hasattr(signal, "setitimer")
        if alarms:
            signal.signal(signal.SIGALRM, _interrupt)
            signal.setitimer(signal.ITIMER_REAL, self._patience)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            if alarms:
                signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()


def _interrupt(number: int, frame: object) -> NoReturn:
    raise TooLongError("it took too long")


def _listed(module: ModuleType) -> list[str]:
    """Return the public names of `__all__`, none where there is no such list."""
    names = vars(module).get("__all__")
    if not isinstance(names, (list, tuple, set, frozenset)):
        return []
    return sorted(
        {
            str(name)
            for name in names
            if isinstance(name, str) and not name.startswith("_")
        }
    )


def _get(module: ModuleType, name: str) -> Iterator[object]:
    """Yield the value of `name` if there is one; a lazy name is asked for."""
    if name in vars(module):
        yield vars(module)[name]
        return
    try:
        # What the module set for itself when it was imported may make errors of warnings.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield getattr(module, name)
    except TooLongError:
        raise
    except BaseException:
        return


def _is_form(value: object) -> bool:
    """Whether `value` stands for a type: an alias, a variable, a new type."""
    made_by = type(value).__module__
    if made_by in ("typing", "typing_extensions"):
        return not isinstance(value, ModuleType)
    return isinstance(value, (types.GenericAlias, types.UnionType))


def _is_offered(name: str) -> bool:
    return not name.startswith("_") or (
        name.startswith("__")
        and name.endswith("__")
        and name not in ("__dict__", "__weakref__", "__doc__", "__module__")
    )


def _slots(own: dict[str, Any]) -> list[str]:
    slots = own.get("__slots__", ())
    if isinstance(slots, str):
        return [slots]
    with contextlib.suppress(Exception):
        return [name for name in slots if isinstance(name, str)]
    return []


def _annotated(own: dict[str, Any]) -> list[str]:
    """Return the names that a class body annotates; nothing is evaluated for that."""
    kept = own.get("__annotations__") or own.get("__annotations_cache__")
    if isinstance(kept, dict):
        return [str(name) for name in kept]
    annotate = own.get("__annotate_func__") or own.get("__annotate__")
    if callable(annotate):
        with contextlib.suppress(Exception):
            library = importlib.import_module("annotationlib")
            return list(library.call_annotate_function(annotate, library.Format.STRING))
    return []


def _stored(value: object) -> Iterator[str]:
    """Yield the names of attributes that a method stores on anything."""
    function = (
        getattr(value, "__func__", value)
        if isinstance(value, (classmethod, staticmethod))
        else value
    )
    for _ in range(20):
        inner = (
            vars(function).get("__wrapped__")
            if isinstance(function, types.FunctionType)
            else None
        )
        if inner is None:
            break
        function = inner
    if isinstance(value, property):
        function = value.fget
    if isinstance(function, types.FunctionType):
        yield from _stored_names(function.__code__)


def _stored_names(code: CodeType) -> Iterator[str]:
    raw = code.co_code
    extended = 0
    for at in range(0, len(raw), 2):
        operation, argument = raw[at], raw[at + 1] | extended
        extended = argument << 8 if operation == _EXTENDED else 0
        if operation == _STORE and argument < len(code.co_names):
            yield code.co_names[argument]


def signature_of(value: object) -> str | None:
    """Return the signature of a callable as text, None where it cannot be told."""
    try:
        if sys.version_info >= (3, 14):
            library = importlib.import_module("annotationlib")
            signature = inspect.signature(
                value,  # type: ignore[arg-type]
                annotation_format=library.Format.FORWARDREF,
            )
        else:
            signature = inspect.signature(value)  # type: ignore[arg-type]
    except TooLongError:
        raise
    except BaseException:
        return None
    return " ".join(map(_format_parameter, signature.parameters.values()))


def _format_parameter(parameter: inspect.Parameter) -> str:
    end = "" if parameter.default is parameter.empty else "="
    match parameter.kind:
        case parameter.POSITIONAL_ONLY:
            return f"{parameter.name}/{end}"
        case parameter.VAR_POSITIONAL:
            return f"*{parameter.name}"
        case parameter.KEYWORD_ONLY:
            return f":{parameter.name}{end}"
        case parameter.VAR_KEYWORD:
            return f"**{parameter.name}"
        case _:
            return f"{parameter.name}{end}"


def _path(value: Any) -> str:
    try:
        return f"{value.__module__}.{value.__qualname__}"
    except BaseException:
        return ""


def _shown(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
    except BaseException:
        return type(error).__name__


if __name__ == "__main__":
    main(sys.argv[1])
