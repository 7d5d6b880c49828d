"""Package goldens: what pinned packages compile to, kept in the repository.

`corpus.toml` names each package with the version and digests of its wheel and of its stubs.
A package keeps its files whole, or only their digests where they would be too large to read.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, final

from attrs import frozen

from ..backends.workspace import WORKSPACE
from ..ir import codes
from ..ir.diagnostics import DiagnosticError
from ..ir.dist import Target
from ..passes.registry import STANDARD_PIPELINE
from .compile import compile
from .host import Host
from .request import Emit, PackageRequest, Request, Result

CORPUS: Final = "corpus.toml"
COUNTS: Final = "counts.json"
DIGESTS: Final = "digests.json"
# Goldens do not depend on the machine that makes them.
TARGET: Final = Target("linux-x86_64", (3, 13))


@final
@frozen
class CorpusEntry:
    """A pinned package: `wheels` maps each distribution (the stubs' too) to (version, sha256).

    `whole` says that its files are kept as they are, not as digests.
    """

    name: str
    whole: bool
    wheels: Mapping[str, tuple[str, str]]


@final
@frozen
class Difference:
    """A golden file that is not what the compiler makes: `changed`, `missing` or `stale`."""

    path: str
    kind: str


def read_corpus(host: Host, folder: Path) -> dict[str, CorpusEntry]:
    """Return the entries of `corpus.toml` by package name, in order; raises `DiagnosticError`."""
    path = folder / CORPUS
    try:
        table = tomllib.loads(host.read_bytes(path).decode("utf-8"))
        return {name: _read_entry(name, entry) for name, entry in sorted(table.items())}
    except (ValueError, LookupError, TypeError) as error:
        message = f"`{path}` cannot be read: {type(error).__name__}: {error}"
        help = "write `whole` and `wheels` (each with `name`, `version` and `sha256`) for each package"
        raise DiagnosticError(codes.INVALID_TOML.at(None, message, help=help)) from None


def _read_entry(name: str, entry: Mapping[str, Any]) -> CorpusEntry:
    wheels = {each["name"]: (each["version"], each["sha256"]) for each in entry["wheels"]}
    if name not in wheels:
        raise KeyError(name)
    return CorpusEntry(name, entry["whole"], wheels)


def compile_entry(entry: CorpusEntry, host: Host, offline: bool = False) -> Result:
    """Compile a pinned package.

    Raises `DiagnosticError` where it does not compile or the index holds another file.
    """
    version = entry.wheels[entry.name][0]
    request = Request(
        packages=(PackageRequest(f"{entry.name}@=={version}"),),
        target=TARGET,
        emit=frozenset(Emit),
        pipeline=",".join(("drop-docs", *STANDARD_PIPELINE)),
        offline=offline,
        prefer={name: version for name, (version, _) in entry.wheels.items()},
        expect={name: sha256 for name, (_, sha256) in entry.wheels.items()},
    )
    result = compile(request, host)
    if not result.ok:
        raise DiagnosticError(*result.diagnostics)
    return result


def golden_files(entry: CorpusEntry, result: Result) -> dict[str, bytes]:
    """Return the golden files of a compiled package by path below its folder."""
    (package,) = result.packages
    prefix = f"{WORKSPACE}/python_wrap/{package.binding.alias}/"
    made = {
        artifact.path.removeprefix(prefix).removeprefix("ir/"): artifact.content
        for artifact in result.artifacts
        if artifact.path.startswith((prefix, "ir/"))
    }
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in made.items()}
    kept = made if entry.whole else {DIGESTS: _json(digests)}
    return {**kept, COUNTS: _json(package.report["counts"])}


def compare(files: Mapping[str, bytes], host: Host, folder: Path) -> list[Difference]:
    """Return how the files below `folder` differ from `files`, by path."""
    found = {path.relative_to(folder).as_posix(): host.read_bytes(path) for path in host.walk(folder)}
    kinds = {
        path: "missing" if path not in found else "stale" if path not in files else "changed"
        for path in found.keys() | files.keys()
        if found.get(path) != files.get(path)
    }
    return [Difference(path, kinds[path]) for path in sorted(kinds)]


def update(files: Mapping[str, bytes], differences: Iterable[Difference], host: Host, folder: Path) -> None:
    """Make the files below `folder` be `files`."""
    for difference in differences:
        if difference.kind == "stale":
            host.remove(folder / difference.path)
        else:
            host.write_bytes_atomic(folder / difference.path, files[difference.path])


def _json(value: Any) -> bytes:  # noqa: ANN401  -- any JSON value
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()
