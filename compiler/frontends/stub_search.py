"""Which file declares each module of a distribution: PEP 561 within wheels.

    requests-stubs/api.pyi   before   requests/api.pyi   before   requests/api.py

For each import package: the folder `<name>-stubs` of a stub distribution, then the package's own files
with `py.typed`, then its own files without (typing specification, "import resolution ordering").
A stub folder whose `py.typed` says `partial` falls through per missing module; one whose own
metadata call it obsolete for this version loses to inline types.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias, final

from attrs import field, frozen
from packaging.version import InvalidVersion, Version

from ...ir.dist import Tier


class Archive(Protocol):
    """What is needed of a wheel here."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every file, in archive order."""
        ...

    @property
    def import_names(self) -> tuple[str, ...]:
        """The top-level packages and modules, the principal one first."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of file `name`."""
        ...


@final
@frozen
class ModuleSource:
    """The file that declares `module`: `path` inside `archive`."""

    module: str
    path: str
    tier: Tier
    archive: Archive = field(eq=False, repr=False)

    @property
    def is_stub(self) -> bool:
        """Whether the file is a `.pyi`."""
        return self.path.endswith(".pyi")

    @property
    def is_package(self) -> bool:
        """Whether the file is an `__init__`, so that its module holds others."""
        return self.path.rpartition("/")[2] in ("__init__.py", "__init__.pyi")

    def read(self) -> str:
        """Return the text, decoded as PEP 263 says."""
        return decode_source(self.archive.read(self.path))


@final
@frozen
class ModuleSources:
    """Where every module of a distribution is declared.

    `tier` is the tier of the principal import package. `compiled` maps modules that have no readable
    source to their file. `obsolete` names the stub folders that were passed over. `twins` are the
    sources of modules that a stub declares.
    """

    import_names: tuple[str, ...]
    tier: Tier
    modules: Mapping[str, ModuleSource]
    compiled: Mapping[str, str]
    obsolete: tuple[str, ...] = ()
    twins: Mapping[str, ModuleSource] = field(factory=dict)


_Files: TypeAlias = dict[str, str]
"""Installed path to path in the archive."""

_COMPILED = re.compile(r"(?P<stem>[^./]+)(?:\.[^/]*)?\.(?:so|pyd)")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_STUBS = "-stubs"


def find_types(archive: Archive, stubs: Iterable[Archive] = (), version: str = "") -> ModuleSources:
    """Return where the modules of the distribution in `archive` are declared.

    `stubs` are the stub distributions that belong to it, best first; `version` is the version of
    `archive`, against which an obsolete stub is judged.
    """
    own = _installed_files(archive)
    import_names = archive.import_names or _stub_names(own)
    modules: dict[str, ModuleSource] = {}
    compiled: dict[str, str] = {}
    tiers: dict[str, Tier] = {}
    obsolete: list[str] = []
    for name in import_names:
        inline, without_source = _own_modules(archive, own, name)
        is_typed = any(source.tier is Tier.INLINE for source in inline.values())
        chosen = inline
        for stub in (archive, *stubs):
            files = _installed_files(stub)
            folder = f"{name}{_STUBS}"
            stubbed = _modules_in(files, folder, name)
            if not stubbed:
                continue
            if is_typed and _is_obsolete(stub, files.get(f"{folder}/METADATA.toml"), version):
                obsolete.append(folder)
                continue
            found = {module: ModuleSource(module, path, Tier.STUBS, stub) for module, path in stubbed.items()}
            marker = files.get(f"{folder}/py.typed")
            is_partial = marker is not None and stub.read(marker).strip() == b"partial"
            chosen = inline | found if is_partial else found
            break
        modules |= chosen
        compiled |= {module: path for module, path in without_source.items() if module not in chosen}
        tiers[name] = _tier_of(name, chosen)
    tier = tiers[import_names[0]] if import_names else Tier.STUBGEN
    twins = _find_twins(archive, own, modules)
    return ModuleSources(import_names, tier, modules, compiled, tuple(obsolete), twins)


def _find_twins(
    archive: Archive, own: _Files, modules: Mapping[str, ModuleSource]
) -> dict[str, ModuleSource]:
    """Return the sources in `archive` of the modules that stubs declare."""
    twins: dict[str, ModuleSource] = {}
    for module, source in modules.items():
        folder = "/".join(module.split("."))
        path = own.get(f"{folder}/__init__.py") or own.get(f"{folder}.py") if source.is_stub else None
        if path is not None:
            twins[module] = ModuleSource(module, path, source.tier, archive)
    return twins


def decode_source(content: bytes) -> str:
    """Return the text of a Python file: UTF-8, or what its first two lines declare (PEP 263).

    What cannot be decoded is replaced: a wrong byte in a comment is no reason to lose a module.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for line in content.split(b"\n", 2)[:2]:
        match = _COOKIE.match(line)
        if match:
            try:
                return content.decode(match[1].decode("ascii"), "replace")
            except (LookupError, ValueError):
                break
    return content.decode("utf-8", "replace")


def _installed_files(archive: Archive) -> _Files:
    """Return the files that end up beside each other in site-packages."""
    files: _Files = {}
    for name in archive.names:
        head, _, rest = name.partition("/")
        if head.endswith(".dist-info"):
            continue
        if head.endswith(".data"):
            scheme, _, rest = rest.partition("/")
            if scheme in ("purelib", "platlib"):
                files[rest] = name
            continue
        files[name] = name
    return files


def _stub_names(files: _Files) -> tuple[str, ...]:
    """Return the import names that a stub-only distribution describes."""
    heads = dict.fromkeys(path.partition("/")[0] for path in files if path.endswith(".pyi"))
    names = (head.removesuffix(_STUBS) for head in heads if head.endswith(_STUBS))
    return tuple(name for name in names if _IDENTIFIER.fullmatch(name))


def _own_modules(
    archive: Archive, files: _Files, name: str
) -> tuple[dict[str, ModuleSource], dict[str, str]]:
    """Return the modules of import package `name` with source, and the compiled ones without."""
    found = _modules_in(files, name, name)
    for ending in (".py", ".pyi"):
        if f"{name}{ending}" in files:
            found[name] = files[f"{name}{ending}"]
    typed = {path.removesuffix("py.typed") for path in files if path.endswith("/py.typed")}
    modules = {}
    for module, path in found.items():
        installed = "/".join(module.split(".")) + "/"
        # PEP 561 has no marker for a single module; a stub beside it is meant to be used.
        is_typed = (
            any(installed.startswith(folder) for folder in typed) if "/" in path else path.endswith(".pyi")
        )
        modules[module] = ModuleSource(module, path, Tier.INLINE if is_typed else Tier.STUBGEN, archive)
    compiled = {}
    for path, stored in files.items():
        match = _COMPILED.fullmatch(path.rpartition("/")[2])
        folder = path.rpartition("/")[0]
        if match is not None and (folder.partition("/")[0] == name or match["stem"] == name):
            module = ".".join([*folder.split("/"), match["stem"]]) if folder else match["stem"]
            module = module.removesuffix(".__init__")
            if module not in modules:
                compiled[module] = stored
    return modules, compiled


def _modules_in(files: _Files, folder: str, name: str) -> dict[str, str]:
    """Return the source files below `folder` by module name, stubs before sources."""
    prefix = f"{folder}/"
    found: dict[str, str] = {}
    tests = _test_folders(files)
    for path, stored in files.items():
        stem, dot, ending = path.rpartition(".")
        if ending not in ("py", "pyi") or not dot or not path.startswith(prefix):
            continue
        parts = stem[len(prefix) :].split("/")
        if not all(map(_IDENTIFIER.fullmatch, parts)) or _is_test(path, parts, tests):
            continue
        if parts[-1] == "__init__":
            parts.pop()
        elif parts[-1] == "__main__":
            continue
        module = ".".join([name, *parts])
        known = found.get(module)
        if known is None or _preference(path) > _preference(known):
            found[module] = stored
    return found


def _preference(path: str) -> tuple[bool, bool]:
    """Order two files of one module: a stub before a source, a package before a module (PEP 420)."""
    return path.endswith(".pyi"), path.rpartition("/")[2].startswith("__init__.")


def _test_folders(files: _Files) -> frozenset[str]:
    """Return the folders that hold tests for pytest; a folder `test` may else be an interface."""
    return frozenset(
        path.rpartition("/")[0]
        for path in files
        if path.rpartition("/")[2].startswith(("test_", "conftest."))
    )


def _is_test(path: str, parts: list[str], tests: frozenset[str]) -> bool:
    if "tests" in parts or parts[-1] == "conftest":
        return True
    if "test" not in parts[:-1]:
        return False
    head = path.partition("/test/")[0] + "/test"
    return any(folder == head or folder.startswith(f"{head}/") for folder in tests)


def _is_obsolete(stub: Archive, metadata: str | None, version: str) -> bool:
    """Return whether a stub's own METADATA.toml calls it obsolete since a version not after `version`.

    The key is typeshed's `obsolete-since`, or `obsolete_since` in older stubs.
    """
    if metadata is None:
        return False
    try:
        table = tomllib.loads(stub.read(metadata).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    since = table.get("obsolete-since", table.get("obsolete_since"))
    if not isinstance(since, str):
        return False
    try:
        return Version(version) >= Version(since.split()[0])
    except (InvalidVersion, IndexError):
        return False


def _tier_of(name: str, sources: Mapping[str, ModuleSource]) -> Tier:
    """Return the tier of an import package: that of its top module, else of its first one."""
    top = sources.get(name)
    if top is None:
        prefix = f"{name}."
        top = next((source for module, source in sources.items() if module.startswith(prefix)), None)
    return top.tier if top is not None else Tier.STUBGEN
