"""The corpus: pinned packages on which the compiler is measured, and which keep goldens.

`corpus.toml` names for each package every wheel its binding is made from, and every one that it needs
to be imported, by version, file and digest, so that a warm cache is all it takes to bind and probe
them. It holds no address of an index.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

from attrs import frozen

from ..ir import codes
from ..ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ..ir.dist import DistFile, FileKind, Hashes, IndexSource, Pin, Target
from ..ir.parts import evolve
from ..ir.source import SourceFile
from ..passes.registry import STANDARD_PIPELINE
from .bind import BindJob
from .cache import Cache
from .compile import make_settings
from .frontends.importspec import parse_import_spec
from .host import Host
from .probe import ProbeJob
from .request import Emit, Request
from .resolve.index import DEFAULT_INDEX_NAME
from .session import Session, WheelSet
from .settings import PythonSettings

CORPUS_FILE: Final = "corpus.toml"
# What is measured and kept does not depend on the machine that does it.
TARGET: Final = Target("linux-x86_64", (3, 13))
# Stubs made by importing modules would depend on the interpreters of the machine.
_MANIFEST: Final = SourceFile("mochi.toml", "[python.stubgen]\ninspect = false\n")


@final
class Keep(enum.Enum):
    """How much of what a package compiles to is kept: everything, the shim, or a digest of each declaration.

    Digests stand for what is not kept; what is refused or lost is always kept.
    """

    WHOLE = "whole"
    SHIM = "shim"
    NAMES = "names"


@final
@frozen
class CorpusWheel:
    """A pinned file of an index."""

    name: str
    version: str
    file: str
    sha256: str


@final
@frozen
class CorpusEntry:
    """A package of the corpus: its own wheel first, then those of its stubs and of what they import.

    `needs` are the wheels that are installed with it.
    """

    name: str
    keep: Keep
    wheels: tuple[CorpusWheel, ...]
    needs: tuple[CorpusWheel, ...] = ()

    @property
    def wheel(self) -> CorpusWheel:
        """The wheel of the package itself."""
        return self.wheels[0]

    @property
    def alias(self) -> str:
        """The name it is bound under."""
        return self.name.replace("-", "_")


def read_corpus(host: Host, folder: Path) -> dict[str, CorpusEntry]:
    """Return the entries of `corpus.toml` by package name, in order; raises `DiagnosticError`."""
    path = folder / CORPUS_FILE
    try:
        table = tomllib.loads(host.read_bytes(path).decode("utf-8"))
        return {name: _read_entry(name, entry) for name, entry in sorted(table.items())}
    except (ValueError, LookupError, TypeError) as error:
        message = f"`{path}` cannot be read: {type(error).__name__}: {error}"
        help = "each package has `keep`, `wheels` and `needs`, those `name`, `version`, `file` and `sha256`"
        raise DiagnosticError(codes.INVALID_TOML.at(None, message, help=help)) from None


def _read_entry(name: str, entry: Mapping[str, Any]) -> CorpusEntry:
    wheels, needs = (
        tuple(CorpusWheel(each["name"], each["version"], each["file"], each["sha256"]) for each in entry[key])
        for key in ("wheels", "needs")
    )
    if wheels[0].name != name:
        raise KeyError(name)
    return CorpusEntry(name, Keep(entry["keep"]), wheels, needs)


def format_corpus(entries: Iterable[CorpusEntry]) -> str:
    """Return the text of `corpus.toml`; `read_corpus` is its inverse."""
    lines = [
        "# The packages of the corpus, pinned by version, file and digest. `golden --refresh` moves the pins."
    ]
    for entry in sorted(entries, key=lambda entry: entry.name):
        lines += ["", f"[{entry.name}]", f'keep = "{entry.keep.value}"']
        lines += [*_format_wheels("wheels", entry.wheels), *_format_wheels("needs", entry.needs)]
    return "\n".join(lines) + "\n"


def _format_wheels(key: str, wheels: Sequence[CorpusWheel]) -> list[str]:
    if not wheels:
        return [f"{key} = []"]
    return [f"{key} = [", *(f"    {_format_wheel(wheel)}," for wheel in wheels), "]"]


def _format_wheel(wheel: CorpusWheel) -> str:
    fields = {"name": wheel.name, "version": wheel.version, "file": wheel.file, "sha256": wheel.sha256}
    return "{ " + ", ".join(f'{key} = "{value}"' for key, value in fields.items()) + " }"


# --- to wheels and jobs -----------------------------------------------------------------


def open_entry(entry: CorpusEntry, host: Host, *, offline: bool = False) -> WheelSet:
    """Return the wheels of `entry`, fetched only where the cache lacks them.

    Raises `DiagnosticError` where a file cannot be had or is another one, and where binding the
    package would take wheels that are not pinned.
    """
    pins = _pins(entry)
    session = Session(host, Cache(host), _request(entry, offline))
    return session.fetch_with_stubs(pins[:1], pins)[0]


def open_probe(entry: CorpusEntry, wheels: WheelSet, host: Host) -> ProbeJob:
    """Return what importing `entry` takes; raises `DiagnosticError` where a file cannot be had."""
    session = Session(host, Cache(host), _request(entry, False))
    return session.find_probe(wheels.wheel, _pins(entry))


def make_job(entry: CorpusEntry, wheels: WheelSet, *, strict: bool = False) -> BindJob:
    """Return what to bind `entry` with; docs, which are other people's text, are left out."""
    request = evolve(_request(entry, True), strict=strict, verify=True)
    return BindJob(entry.alias, wheels, TARGET, make_settings(request, PythonSettings()))


def find_pins(entry: CorpusEntry, host: Host, *, spec: str = "") -> CorpusEntry:
    """Return `entry` with the wheels that `spec` leads to, those of the newest versions without one.

    With a `spec` the versions of all other wheels stay where they can.
    """
    kept = {wheel.name: wheel.version for wheel in (*entry.needs, *entry.wheels)} if spec else {}
    request = evolve(_request(entry, False), prefer=kept, expect={})
    session = Session(host, Cache(host), request)
    requirement, problems = parse_import_spec(spec or entry.name, None)
    if requirement is None:
        raise DiagnosticError(*problems)
    resolution = session.resolve([requirement])
    pin = resolution.find(entry.name)
    assert pin is not None, "a resolution holds what was asked for"
    found = session.fetch_with_stubs([pin], resolution.pins)[0]
    rest = sorted((*found.stubs, *found.dependencies), key=lambda each: each.pin.name)
    needs = [each for each in resolution.pins if each.name != entry.name]
    wheels = (_wheel(each.pin) for each in (found.wheel, *rest))
    return evolve(entry, wheels=tuple(wheels), needs=tuple(map(_wheel, needs)))


def errors_of(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return what of `diagnostics` keeps a package from being bound."""
    return [each for each in diagnostics if each.severity is Severity.ERROR]


def _request(entry: CorpusEntry, offline: bool) -> Request:
    return Request(
        manifest=_MANIFEST,
        target=TARGET,
        emit=frozenset(Emit) - {Emit.GO},  # a host's choice, and large
        pipeline=",".join(("drop-docs", *STANDARD_PIPELINE)),
        offline=offline,
        expect={wheel.name: wheel.sha256 for wheel in (*entry.needs, *entry.wheels)},
    )


def _pins(entry: CorpusEntry) -> list[Pin]:
    """Return a pin for every wheel of `entry`, its own first.

    A package needs what is installed with it. Stubs may import from any of the wheels beside them.
    """
    beside = [wheel.name for wheel in entry.wheels[1:]]
    needs = {entry.name: [wheel.name for wheel in entry.needs]}
    by_name = {wheel.name: wheel for wheel in (*entry.wheels, *entry.needs)}
    return [_pin(wheel, needs.get(wheel.name, beside)) for wheel in by_name.values()]


def _pin(wheel: CorpusWheel, needs: Sequence[str]) -> Pin:
    file = DistFile(wheel.file, FileKind.WHEEL, IndexSource(DEFAULT_INDEX_NAME), Hashes(wheel.sha256))
    needed = tuple(sorted(name for name in needs if name != wheel.name))
    return Pin(wheel.name, wheel.version, file, dependencies=needed)


def _wheel(pin: Pin) -> CorpusWheel:
    return CorpusWheel(pin.name, pin.version, pin.file.filename, pin.file.hashes.sha256)
