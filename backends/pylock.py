"""`pylock.toml` as PEP 751 defines it, the same bytes for the same lock.

Only digests that `hashlib` always has go into `hashes`: pip refuses a file with any other. BLAKE3
stands below `packages.tool.mochi`, by file name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.pylock import Archive, Directory, Files, LockedFile, Pylock, PylockPackage, Repository
from .literals import toml_string

LOCK_VERSION = "1.0"


def emit_pylock(lock: Pylock) -> str:
    """Return the text of `lock`, packages sorted by name, version and marker."""
    head = _lines(
        ("lock-version", toml_string(LOCK_VERSION)),
        ("environments", _array(sorted(lock.environments))),
        ("requires-python", _text(lock.requires_python)),
        ("extras", _array(sorted(lock.extras))),
        ("dependency-groups", _array(sorted(lock.dependency_groups))),
        ("default-groups", _array(sorted(lock.default_groups))),
        ("created-by", toml_string(lock.created_by)),
        ("packages", "" if lock.packages else "[]"),
    )
    packages = sorted(lock.packages, key=lambda package: (package.name, package.version, package.marker))
    return "\n".join([head, *map(_emit_package, packages)])


def _emit_package(package: PylockPackage) -> str:
    index = package.origin.index if isinstance(package.origin, Files) else ""
    return "[[packages]]\n" + _lines(
        ("name", toml_string(package.name)),
        ("version", _text(package.version)),
        ("marker", _text(package.marker)),
        ("requires-python", _text(package.requires_python)),
        ("dependencies", _tables(_inline([("name", toml_string(name))]) for name in package.dependencies)),
        ("index", _text(index)),
        *_emit_origin(package),
        ("tool.mochi.blake3", _inline([(toml_string(n), toml_string(d)) for n, d in _digests(package)])),
    )


def _emit_origin(package: PylockPackage) -> Iterator[tuple[str, str]]:
    match package.origin:
        case Files(wheels=wheels, sdist=sdist):
            if sdist is not None:
                yield "sdist", _inline(_file(sdist, named=True))
            ordered = sorted(wheels, key=lambda wheel: wheel.filename)
            yield "wheels", _tables(_inline(_file(wheel, named=True)) for wheel in ordered)
        case Archive(file=file, subdirectory=folder):
            yield "archive", _inline([*_file(file, named=False), ("subdirectory", _text(folder))])
        case Directory(path=path, editable=editable, subdirectory=folder):
            pairs = [("path", toml_string(path)), ("editable", "true" if editable else "")]
            yield "directory", _inline([*pairs, ("subdirectory", _text(folder))])
        case Repository(vcs, commit, url, path, rev, folder):
            yield (
                "vcs",
                _inline(
                    [
                        ("type", toml_string(vcs)),
                        ("url", _text(url)),
                        ("path", _text(path)),
                        ("requested-revision", _text(rev)),
                        ("commit-id", toml_string(commit)),
                        ("subdirectory", _text(folder)),
                    ]
                ),
            )


def _file(file: LockedFile, *, named: bool) -> list[tuple[str, str]]:
    return [
        ("name", toml_string(file.filename) if named else ""),
        ("upload-time", file.upload_time),
        ("url", _text(file.url)),
        ("path", _text(file.path)),
        ("size", "" if file.size is None else str(file.size)),
        ("hashes", _inline([(name, toml_string(digest)) for name, digest in sorted(file.hashes)])),
    ]


def _digests(package: PylockPackage) -> list[tuple[str, str]]:
    """Return file name and BLAKE3 of every file that has one, sorted."""
    match package.origin:
        case Files(wheels=wheels, sdist=sdist):
            files = [*wheels, *([sdist] if sdist else [])]
        case Archive(file=file):
            files = [file]
        case Directory() | Repository():
            files = []
    return sorted((file.filename, file.blake3) for file in files if file.blake3)


def _lines(*pairs: tuple[str, str]) -> str:
    """Return a line for each pair; what has no value is left out."""
    return "".join(f"{key} = {value}\n" for key, value in pairs if value)


def _text(value: str) -> str:
    return toml_string(value) if value else ""


def _array(values: Iterable[str]) -> str:
    items = [toml_string(value) for value in values]
    if len(items) < 2:
        return f"[{items[0]}]" if items else ""
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _tables(items: Iterable[str]) -> str:
    """Return an array of inline tables, one to a line."""
    lines = "".join(f"    {item},\n" for item in items)
    return f"[\n{lines}]" if lines else ""


def _inline(pairs: Iterable[tuple[str, str]]) -> str:
    """Return an inline table of the pairs that have a value, or nothing."""
    text = ", ".join(f"{key} = {value}" for key, value in pairs if value)
    return f"{{ {text} }}" if text else ""
