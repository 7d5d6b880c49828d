"""What a lock records of one imported package beyond its file: types, wrappers, shims."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from enum import Enum
from functools import partial
from typing import Any, Final, final

from attrs import asdict, frozen

from ..backends.target import Artifact
from ..ir.dist import Target, Tier
from ..ir.items import Package
from ..ir.lock import StubProvenance
from ..passes.context import PassContext
from ..passes.manager import Observer
from .bind import BindSettings, bind_package
from .cache import Cache
from .extensions import Closure, ExtensionReader
from .frontends.package import add_generated
from .frontends.stub_search import ModuleSources, find_types
from .frontends.wheel import Wheel, open_wheel
from .host import Host
from .resolve.download import CachedWheel
from .resolve.pages import FileRow
from .session import WheelSet, read_wheels

KIND: Final = "lock-facts"
"""The kind of cache entry that holds the facts of a package, under everything they follow from."""

_FORMAT: Final = 1
_WRAPPER: Final = re.compile(r"_externs(_\d+)?\.py$")


@final
@frozen
class Facts:
    """Digests of an imported package; each is empty where there is nothing to digest.

    `stub_sha256` is taken over the files that declare its modules, `wrapper_sha256` and
    `shim_sha256` over the files of every alias in the order of the aliases.
    """

    stubs: StubProvenance
    stub_sha256: str
    wrapper_sha256: str
    shim_sha256: str


def find_facts(
    wheels: WheelSet,
    aliases: Sequence[str],
    target: Target,
    settings: BindSettings,
    host: Host,
    cache: Cache | None = None,
    closure: Closure | None = None,
) -> Facts:
    """Return the facts of the package in `wheels`, imported as `aliases`; from `cache` where it has them.

    `closure` is what decides on locks, where there is no GIL.

    Raises `DiagnosticError` for a damaged wheel.
    """
    files = [wheels.wheel, *wheels.stubs, *wheels.dependencies]
    made = _digest_generated(wheels)
    snapshot = wheels.typeshed.pin.sha256 if wheels.typeshed else ""
    inputs = [[each.hashes.sha256 for each in files], made, snapshot]
    locks = _plain_locks(closure) if closure else []
    key = json.dumps([_FORMAT, inputs, sorted(aliases), str(target), _plain(settings), locks])
    if cache is not None and (known := cache.get(KIND, key)) is not None:
        tier, distribution, version, *digests = json.loads(known)
        return Facts(StubProvenance(Tier(tier), distribution, version), *digests)
    observe = [partial(ExtensionReader, closure, host, cache)] if closure else []
    facts = _work_out(wheels, sorted(aliases), target, settings, host, observe)
    if cache is not None:
        where = [facts.stubs.tier.value, facts.stubs.distribution, facts.stubs.version]
        cache.put(KIND, key, json.dumps([*where, *list(asdict(facts).values())[1:]]).encode())
    return facts


def _plain_locks(closure: Closure) -> list[Any]:
    known = {
        digest: sorted((name, verdict.value) for name, verdict in verdicts.items())
        for digest, verdicts in closure.known.items()
    }
    return [
        sorted(each.hashes.sha256 for each in closure.wheels),
        sorted(closure.denied),
        sorted(known.items()),
    ]


def _plain(settings: BindSettings) -> dict[str, Any]:
    """Return `settings` as JSON values; the order of a set depends on the process, so sets are sorted."""

    def serialize(_: type, __: object, value: object) -> object:
        if isinstance(value, Enum):
            return value.value
        return sorted(value) if isinstance(value, frozenset) else value

    return asdict(settings, value_serializer=serialize)


def _work_out(
    wheels: WheelSet,
    aliases: Sequence[str],
    target: Target,
    settings: BindSettings,
    host: Host,
    observe: Sequence[Callable[[PassContext], Observer]],
) -> Facts:
    raw, _ = read_wheels(wheels, target, host)
    provenance, stub_sha256 = _digest_types(wheels, raw, host)
    wrappers, shims = hashlib.sha256(), hashlib.sha256()
    for alias in aliases:
        bound = bind_package(alias, raw, settings, host.clock, observe)
        for file in bound.files:
            if _WRAPPER.search(file.path):
                wrappers.update(file.content)
        shims.update(find_file(bound.files, "_shim.mochi").content)
    return Facts(provenance, stub_sha256, wrappers.hexdigest(), shims.hexdigest())


def find_file(files: Iterable[Artifact], ending: str) -> Artifact:
    """Return the one of `files` whose path ends so; every alias has a wrapper and a shim."""
    return next(file for file in files if file.path.endswith(ending))


def digest_row(row: FileRow) -> str:
    """Return the SHA-256 of what an index says of a file, in canonical JSON.

    Counted is what every simple index tells, whatever its format and wherever it is: the
    name, the digest, Requires-Python, and whether the file is yanked.
    """
    told = {
        "filename": row.filename,
        "requires-python": row.requires_python,
        "sha256": row.sha256,
        "yanked": row.yanked,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest_types(wheels: WheelSet, raw: Package, host: Host) -> tuple[StubProvenance, str]:
    """Return where the types came from, and the digest of the files that `raw` was read from."""
    fetched = (wheels.wheel, *wheels.stubs)
    with ExitStack() as stack:
        opened = [
            stack.enter_context(open_wheel(each.path, host, shown=each.pin.file.filename)) for each in fetched
        ]
        sources = find_types(opened[0], opened[1:], raw.version)
        if wheels.generated is not None and sources.tier is Tier.STUBGEN:
            sources = add_generated(sources, wheels.generated)
        origin = _find_origin(sources, fetched, opened)
        digest = _digest_modules(sources, raw)
    return StubProvenance(raw.tier, origin.pin.name, origin.pin.version), digest


def _digest_generated(wheels: WheelSet) -> str:
    digest = hashlib.sha256()
    files = wheels.generated.files if wheels.generated else {}
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def _find_origin(
    sources: ModuleSources, fetched: Sequence[CachedWheel], opened: Sequence[Wheel]
) -> CachedWheel:
    """Return the wheel that declares the first import package, or else anything."""
    names = [*sources.import_names, *sorted(sources.modules)]
    first = next((sources.modules[name] for name in names if name in sources.modules), None)
    for wheel, archive in zip(fetched, opened, strict=True):
        if first is not None and first.archive is archive:
            return wheel
    return fetched[0]


def _digest_modules(sources: ModuleSources, raw: Package) -> str:
    used = sorted(module.name for module in raw.modules if module.name in sources.modules)
    if not used:
        return ""
    digest = hashlib.sha256()
    for name in used:
        source = sources.modules[name]
        content = hashlib.sha256(source.archive.read(source.path)).hexdigest()
        digest.update(f"{name}\0{source.path}\0{content}\n".encode())
    return digest.hexdigest()
