"""Stubs of modules that have neither types nor source, by looking at them (tier 4).

A module with source is read as it stands: that tells parameter names, defaults and assignments, and
runs nothing. Only for compiled modules without a stub is the package installed into a folder of
its own and imported, in a sandbox (`sandbox`). The stubs are kept in the cache by all that they
follow from, so that this is done once.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias, final

from attrs import asdict, field, frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError
from ..ir.dist import RegistryRequest, Requirement, Target
from ..ir.refusals import SkipReason
from .cache import Cache
from .frontends.stub_search import find_types
from .frontends.wheel import open_wheel
from .gate import require_files
from .host import Host
from .install import find_interpreter
from .machine import this_platform
from .resolve.download import CachedWheel
from .sandbox import Failure, Inspection, Surroundings, inspect_modules, script
from .unpack import unpack_wheels

KIND: Final = "stubgen"

FetchTool: TypeAlias = Callable[[Requirement], Sequence[CachedWheel]]
"""Gives the wheels of the tool and of what it needs, for the target."""


@final
@frozen
class Tool:
    """The distribution that writes stubs, pinned, and its module that does."""

    name: str
    version: str
    module: str

    @property
    def requirement(self) -> Requirement:
        """What to ask a resolver for."""
        return Requirement(self.name, RegistryRequest(f"=={self.version}"))


@final
@frozen
class GeneratedStubs:
    """Stubs in the layout of a stub distribution, a partial one (PEP 561)."""

    files: Mapping[str, bytes] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every file."""
        return tuple(self.files)

    @property
    def import_names(self) -> tuple[str, ...]:
        """A stub distribution has no import packages of its own."""
        return ()

    def read(self, name: str) -> bytes:
        """Return the content of file `name`."""
        return self.files[name]


@cache
def default_tool() -> Tool:
    """Return the tool that this version of the compiler was tested with."""
    return Tool(**tomllib.loads(files(__package__).joinpath("data", "stubgen.toml").read_text("utf-8")))


def find_unreadable(wheel: CachedWheel, host: Host) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the compiled modules of a package without types, and all its modules.

    The first is empty where the package has types, even unmarked ones, or source for everything.
    """
    with open_wheel(wheel.path, host, shown=wheel.pin.file.filename) as archive:
        if not archive.compiled_files or any(name.endswith((".pyi", "/py.typed")) for name in archive.names):
            return (), ()
        sources = find_types(archive, (), wheel.pin.version)
    return tuple(sorted(sources.compiled)), tuple(sorted(sources.modules.keys() | sources.compiled.keys()))


def generate_stubs(
    wheel: CachedWheel,
    closure: Sequence[CachedWheel],
    modules: Sequence[str],
    known: Sequence[str],
    target: Target,
    fetch_tool: FetchTool,
    host: Host,
    store: Cache,
) -> tuple[GeneratedStubs | None, tuple[Diagnostic, ...]]:
    """Return stubs of the compiled `modules` of `wheel`, and what happened.

    `closure` is what the package needs to be imported, without itself. The stubs are None where
    nothing could be inspected; no trouble of the package is an error.
    """
    interpreter = None
    if target.platform == this_platform() and target.implementation == "cpython":
        interpreter = find_interpreter(target.python, target.free_threaded)
    if interpreter is None:
        return None, (_unavailable(wheel, f"no interpreter for {target} is installed here"),)
    tool = default_tool()
    digests = sorted(each.hashes.sha256 for each in (wheel, *closure))
    basis = [digests, wheel.hashes.sha256, [tool.name, tool.version], str(target), _digest(script())]
    key = json.dumps([*basis, list(modules)])
    found = _load(store.get(KIND, key))
    if found is None:
        try:
            tools = fetch_tool(tool.requirement)
            require_files((wheel, *closure, *tools), target, host, store)
            found = _inspect((wheel, *closure), tools, modules, known, interpreter.path, host)
        except DiagnosticError as error:
            return None, (_unavailable(wheel, error.diagnostics[0].message),)
        if not found.error:
            store.put(KIND, key, json.dumps(asdict(found, value_serializer=_plain)).encode())
    if found.error:
        return None, (_unavailable(wheel, found.error),)
    return _as_archive(found, known), _describe(wheel, found)


def _inspect(
    wheels: Sequence[CachedWheel],
    tools: Sequence[CachedWheel],
    modules: Sequence[str],
    known: Sequence[str],
    python: str,
    host: Host,
) -> Inspection:
    with host.temporary_folder() as folder:
        places = f"{folder}/packages", f"{folder}/tools"
        for place, content in zip(places, (wheels, tools), strict=True):
            unpack_wheels(content, place, python, host)
        around = Surroundings(python, places[:1], places[1:], default_tool().module)
        return inspect_modules(modules, known, around, host)


def _as_archive(found: Inspection, known: Sequence[str]) -> GeneratedStubs:
    packages = {name.rpartition(".")[0] for name in known}
    contents: dict[str, bytes] = {}
    for module, text in found.stubs:
        head, _, rest = module.partition(".")
        folder = "/".join([f"{head}-stubs", *rest.split(".")]) if rest else f"{head}-stubs"
        is_package = module in packages or not rest
        contents[f"{folder}/__init__.pyi" if is_package else f"{folder}.pyi"] = text.encode("utf-8")
        contents[f"{head}-stubs/py.typed"] = b"partial\n"
    return GeneratedStubs(contents)


def _describe(wheel: CachedWheel, found: Inspection) -> tuple[Diagnostic, ...]:
    shown = f"{wheel.pin.name} {wheel.pin.version}"
    notes = [f"held by: {found.protection}"]
    if found.network:
        notes.append(f"an attempt to use the network was refused and survived ({found.network})")
    problems = [_failed(shown, failure) for failure in found.failures]
    if found.stubs:
        message = f"{len(found.stubs)} compiled modules of {shown} were imported to see what is in them"
        problems.append(codes.STUBS_GENERATED.at(None, message, notes=tuple(notes)))
    return tuple(problems)


def _failed(shown: str, failure: Failure) -> Diagnostic:
    message = f"`{failure.module}` of {shown} could not be inspected ({failure.reason.value})"
    return codes.STUBGEN_FAILED.at(None, message, notes=(failure.detail,))


def _unavailable(wheel: CachedWheel, reason: str) -> Diagnostic:
    shown, token = f"{wheel.pin.name} {wheel.pin.version}", SkipReason.UNTYPED_PACKAGE.value
    message = f"the compiled modules of {shown} stay without types ({token}): {reason}"
    return codes.STUBGEN_UNAVAILABLE.at(None, message)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _plain(_owner: object, _attribute: object, value: object) -> object:
    return value.value if isinstance(value, SkipReason) else value


def _load(raw: bytes | None) -> Inspection | None:
    if raw is None:
        return None
    kept = json.loads(raw)
    return Inspection(
        kept["protection"],
        tuple((module, text) for module, text in kept["stubs"]),
        tuple(
            Failure(each["module"], SkipReason.from_token(each["reason"]), each["detail"])
            for each in kept["failures"]
        ),
        kept["network"],
    )
