"""The Python part of `mochi.lock`: the table `[python]` and one `[[python-package]]` per pin.

Sorted, one value to a line where several people may add values, and the same bytes for the
same lock. The rest of the file belongs to other tools; `compiler/lockfile.py` joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..ir.audit import judge_gil
from ..ir.dist import GitSource, IndexSource, PathSource, Source, UrlSource
from ..ir.lock import SCHEMA_VERSION, Lock, LockedPackage, StubProvenance
from .literals import toml_string

_NOTE: Final = "# Written by `mochic-py pkg lock`. Change mochi.toml or the imports and lock again.\n"


def emit_lock(lock: Lock) -> str:
    """Return the text of `lock`; it ends in a line end and starts with `[python]`."""
    return "\n".join([_emit_head(lock), *map(_emit_package, lock.packages)])


def _emit_head(lock: Lock) -> str:
    return f"[python]\n{_NOTE}" + _lines(
        ("schema-version", str(SCHEMA_VERSION)),
        ("generator", _text(lock.generator)),
        ("resolver", _text(lock.resolver)),
        ("targets", _array(map(str, lock.targets))),
        ("requires-python", _text(lock.requires_python)),
        ("abi-tag-policy", _text(lock.abi_tag_policy.value)),
        ("freethread-status", _text(lock.freethread_status)),
        ("typeshed", _text(lock.typeshed)),
        ("requirements", _array(lock.requirements, one_line=False)),
    )


def _emit_package(package: LockedPackage) -> str:
    pin = package.pin
    file = pin.file
    return "[[python-package]]\n" + _lines(
        ("name", _text(pin.name)),
        ("version", _text(pin.version)),
        ("source", _source(file.source)),
        ("filename", _text(file.filename)),
        ("size", "" if file.size is None else str(file.size)),
        ("wheel-sha256", _text(file.hashes.sha256)),
        ("wheel-blake3", _text(file.hashes.blake3)),
        ("pypi-simple-sha256", _text(package.index_sha256)),
        ("requires-python", _text(pin.requires_python)),
        ("yanked", "" if file.yanked is None else toml_string(file.yanked)),
        ("extras", _array(pin.extras)),
        ("dependencies", _array(pin.dependencies)),
        ("markers", _text(package.markers)),
        ("aliases", _array(package.aliases)),
        ("stub-provenance", _provenance(package.stubs)),
        ("stub-sha256", _text(package.stub_sha256)),
        ("wrapper-sha256", _text(package.wrapper_sha256)),
        ("shim-sha256", _text(package.shim_sha256)),
        ("capabilities", _array(package.capabilities)),
        ("capabilities-declared", _array(package.capabilities_declared)),
        ("attestation-bundle", _text(package.attestation_bundle)),
        ("attestation-verified", _text(package.attestation_verified)),
        ("gil", _text("" if package.gil is None else judge_gil(dict(package.gil).values()).value)),
        ("gil-modules", _array(f"{name} {verdict.value}" for name, verdict in package.gil or ())),
        ("gil-confirmed", _array(package.gil_confirmed)),
    )


def _lines(*pairs: tuple[str, str]) -> str:
    """Return a line for each pair; what has no value is left out."""
    return "".join(f"{key} = {value}\n" for key, value in pairs if value)


def _text(value: str) -> str:
    return toml_string(value) if value else ""


def _array(values: Iterable[str], *, one_line: bool = True) -> str:
    """Return an array, a value to a line; a single value may stand in `one_line`."""
    items = [toml_string(value) for value in sorted(values)]
    if not items or (one_line and len(items) == 1):
        return f"[{items[0]}]" if items else ""
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _source(source: Source) -> str:
    match source:
        case IndexSource(index=index):
            pairs = [("index", toml_string(index))]
        case UrlSource(url=url):
            pairs = [("url", toml_string(url))]
        case GitSource(url=url, rev=rev, commit=commit, subdirectory=folder):
            pairs = [("git", toml_string(url)), ("rev", _text(rev)), ("commit", _text(commit))]
            pairs.append(("subdirectory", _text(folder)))
        case PathSource(path=path, editable=editable):
            pairs = [("path", toml_string(path)), ("editable", "true" if editable else "")]
    return _inline(pairs)


def _provenance(stubs: StubProvenance | None) -> str:
    if stubs is None:
        return ""
    return _inline(
        [
            ("tier", toml_string(stubs.tier.value)),
            ("distribution", toml_string(stubs.distribution)),
            ("version", toml_string(stubs.version)),
        ]
    )


def _inline(pairs: Iterable[tuple[str, str]]) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in pairs if value) + " }"
