"""Package goldens: what the packages of the corpus compile to, kept in the repository.

`Keep` says how much of a package is kept as it is. Digests stand for the other files, so that any
change of any file is seen; where the shim itself is not kept, a digest for each of its declarations
tells which of them changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, final

from attrs import frozen

from ..backends.workspace import WORKSPACE
from ..ir.diagnostics import DiagnosticError
from .api_changes import ApiChange, compare_surfaces, read_surface
from .bind import Bound, bind_wheels
from .corpus import CorpusEntry, Keep, errors_of, find_pins, make_job, open_entry
from .host import Host
from .lock_facts import find_file

COUNTS: Final = "counts.json"
DIGESTS: Final = "digests.json"
DECLARATIONS: Final = "declarations.txt"
_REFUSALS: Final = "SKIPPED.txt"


@final
@frozen
class Difference:
    """A golden file that is not what the compiler makes: `changed`, `missing` or `stale`."""

    path: str
    kind: str


@final
@frozen
class GoldenJob:
    """The goldens of one package below `folder`, to be compared, and rewritten with `rewrite`."""

    entry: CorpusEntry
    folder: Path
    rewrite: bool = False
    offline: bool = False


@final
@frozen
class Refreshed:
    """A package with new pins: its entry, and how its surface changed; no change, no new pins."""

    entry: CorpusEntry
    changes: tuple[ApiChange, ...]


def run_job(job: GoldenJob, host: Host) -> list[Difference]:
    """Bind a package and return how its goldens differ; raises `DiagnosticError` where it is not bound."""
    files = golden_files(job.entry, bind_entry(job.entry, host, offline=job.offline))
    differences = compare(files, host, job.folder)
    if job.rewrite:
        update(files, differences, host, job.folder)
    return differences


def refresh(entry: CorpusEntry, host: Host) -> Refreshed:
    """Move `entry` to the newest versions and compare what both bind."""
    moved = find_pins(entry, host)
    if moved == entry:
        return Refreshed(entry, ())
    surfaces = [read_surface(bind_entry(each, host).files) for each in (entry, moved)]
    return Refreshed(moved, compare_surfaces(*surfaces))


def bind_entry(entry: CorpusEntry, host: Host, *, offline: bool = False) -> Bound:
    """Bind a package of the corpus; raises `DiagnosticError` where that cannot be done."""
    job = make_job(entry, open_entry(entry, host, offline=offline))
    bound = bind_wheels(job, host)
    if errors := errors_of(bound.diagnostics):
        raise DiagnosticError(*errors)
    return bound


def golden_files(entry: CorpusEntry, bound: Bound) -> dict[str, bytes]:
    """Return the golden files of a bound package by path below its folder."""
    prefix = f"{WORKSPACE}/python_wrap/{bound.alias}/"
    made = {
        artifact.path.removeprefix(prefix).removeprefix("ir/"): artifact.content for artifact in bound.files
    }
    shim = find_file(bound.files, "_shim.mochi").path.removeprefix(prefix)
    match entry.keep:
        case Keep.WHOLE:
            kept = dict(made)
        case Keep.SHIM:
            kept = {path: made[path] for path in (shim, _REFUSALS) if path in made}
        case Keep.NAMES:
            kept = {path: made[path] for path in (_REFUSALS,) if path in made}
            kept[DECLARATIONS] = digest_declarations(made[shim].decode("utf-8")).encode()
    digests = {
        path: hashlib.sha256(content).hexdigest() for path, content in made.items() if path not in kept
    }
    if digests:
        kept[DIGESTS] = _json(digests)
    return {**kept, COUNTS: _json(bound.report["counts"])}


def digest_declarations(shim: str) -> str:
    """Return a line for each declaration of a shim: its name, and a digest of it with its comment."""
    lines = []
    for block in shim.rstrip("\n").split("\n\n")[1:]:
        head = next(line for line in block.splitlines() if not line.startswith("//"))
        words = head.replace("(", " ").split()
        name = words[words.index("fun") + 1] if "fun" in words[:4] else words[1]
        lines.append(f"{name} {hashlib.sha256(block.encode()).hexdigest()[:12]}\n")
    return "".join(lines)


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
