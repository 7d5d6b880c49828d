"""`mochi.lock` as text: what its Python part says, and that part replaced.

    [package]              [package]
    …               =>     …
    [python]               [python]
    old                    new

The file has several owners. `[python]` and `[[python-package]]` are ours; every other byte is
kept as it stands.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final, final

from attrs import define
from packaging.markers import InvalidMarker
from packaging.utils import canonicalize_name

from ..backends.lockfile import emit_lock
from ..ir import codes
from ..ir.audit import Gil, judge_gil
from ..ir.binary import GilVerdict
from ..ir.diagnostics import Diagnostic
from ..ir.dist import (
    AbiTagPolicy,
    DistFile,
    FileKind,
    GitSource,
    Hashes,
    IndexSource,
    PathSource,
    Pin,
    Source,
    Tier,
    UrlSource,
)
from ..ir.lock import SCHEMA_VERSION, Lock, LockedPackage, StubProvenance, parse_target
from ..ir.parts import evolve
from ..ir.source import SourceFile, Span
from .collect import check_text
from .dependency_text import parse_marker
from .resolve.candidates import find_version
from .toml_positions import find_positions
from .toml_table import Table

LOCK_FILE: Final = "mochi.lock"
OWN_TABLES: Final = ("python", "python-package")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERDICTS = frozenset(verdict.value for verdict in GilVerdict)
_MERGE = re.compile(r"^(?:<{7}|={7}|>{7})(?= |$)", re.MULTILINE)
_TOML_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)$")

# A table is read with the codes of the manifest; here the same mistakes have codes of their own.
_CODES: Final = {
    codes.WRONG_MANIFEST_TYPE: codes.WRONG_LOCK_VALUE,
    codes.INVALID_MANIFEST_VALUE: codes.WRONG_LOCK_VALUE,
    codes.UNKNOWN_MANIFEST_KEY: codes.UNKNOWN_LOCK_KEY,
}


def read_lock(source: SourceFile) -> tuple[Lock | None, tuple[Diagnostic, ...]]:
    """Return the lock in the text of `source`, and what is wrong with it.

    None without a diagnostic means that the file has no Python part; with one, that nothing in it
    can be relied on.
    """
    problems: list[Diagnostic] = check_text(source)
    if problems:
        return None, tuple(problems)
    text = _without_mark(source.text)
    try:
        values = tomllib.loads(text)
        positions = find_positions(SourceFile(source.path, text))
    except (ValueError, RecursionError) as error:
        return None, (_explain_toml(source, error),)
    if not any(name in values for name in OWN_TABLES):
        return None, ()
    reader = _Reader(Table(values, (), positions, []))
    headed = {names[0] for _, names in positions.headers}
    for name in OWN_TABLES:
        if name in values and name not in headed:
            span = positions.key((name,))
            message = f"`{name}` is not written below a header of its own"
            return None, (codes.WRONG_LOCK_VALUE.at(span, message),)
    lock = reader.read()
    return (None if reader.problems else lock), reader.problems


def splice_lock(text: str, lock: Lock) -> str:
    """Return `text` with the Python part of `lock` in place of the one it has, or behind the rest.

    `text` must be readable by `read_lock`, or be empty.
    """
    before, after = _split(text)
    own = emit_lock(lock)
    if before and not before.endswith("\n"):
        before += "\n"
    if before and not before.endswith("\n\n"):
        before += "\n"
    return f"{before}{own}\n{after}" if after else f"{before}{own}"


def _split(text: str) -> tuple[str, str]:
    """Return what others own before the place of our part, and behind it."""
    positions = find_positions(SourceFile("", _without_mark(text)))
    starts = [(text.rfind("\n", 0, start) + 1, names[0]) for start, names in positions.headers]
    before, after, seen = text[: starts[0][0]] if starts else text, "", False
    for index, (start, name) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(text)
        if name in OWN_TABLES:
            # Comments right above the next header belong to that header.
            seen = True
            if index + 1 < len(starts):
                kept = _leading_comments(text[start:end])
                after += kept
        elif seen:
            after += text[start:end]
        else:
            before += text[start:end]
    return before, after


def _leading_comments(region: str) -> str:
    """Return the comment lines at the very end of `region`."""
    lines = region.splitlines(keepends=True)
    count = 0
    while count < len(lines) and lines[-1 - count].lstrip(" \t").startswith("#"):
        count += 1
    return "".join(lines[len(lines) - count :])


def _without_mark(text: str) -> str:
    """Return `text` with a byte-order mark, which TOML 1.0 does not admit, as a blank."""
    return f" {text[1:]}" if text.startswith("\ufeff") else text


def _explain_toml(source: SourceFile, error: ValueError | RecursionError) -> Diagnostic:
    merge = _MERGE.search(source.text)
    if merge is not None:
        span = source.span(merge.start(), merge.end())
        help = "keep the entries of both sides, remove the markers, and run `mochic-py pkg lock`"
        return codes.INVALID_LOCK.at(span, "mochi.lock holds an unfinished merge", help=help)
    place = _TOML_PLACE.search(str(error))
    line, column = (int(place[1]), int(place[2])) if place else source.position(len(source.text))
    reason = str(error).partition(" (at ")[0]
    reason = reason[:1].lower() + reason[1:] if isinstance(error, tomllib.TOMLDecodeError) else "bad value"
    help = "restore the file from version control, or remove it and run `mochic-py pkg lock`"
    span = Span(source.path, line, column, line, column + 1)
    return codes.INVALID_LOCK.at(span, f"mochi.lock is not valid TOML: {reason}", help=help)


@final
@define
class _Reader:
    root: Table

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        return tuple(
            evolve(problem, code=_CODES.get(problem.code, problem.code)) for problem in self.root.diagnostics
        )

    def read(self) -> Lock | None:
        head = self.root.read_table("python")
        if head is None:
            if "python" not in self.root:
                span = self.root.positions.key(("python-package",))
                self.root.diagnostics.append(
                    codes.LOCK_VERSION.at(span, "mochi.lock has packages, but no table `[python]`")
                )
            return None
        version = head.values.get("schema-version")
        if type(version) is not int or version != SCHEMA_VERSION:
            found = f"has the schema version {version!r}" if version is not None else "has no schema version"
            message = f"mochi.lock {found}, and {SCHEMA_VERSION} is the one that is known"
            span = head.value_span("schema-version") or head.span
            self.root.diagnostics.append(codes.LOCK_VERSION.at(span, message))
            return None
        lock = self._read_head(head)
        packages = [self._read_package(table) for table in self.root.read_tables("python-package")]
        found_packages = [package for package in packages if package is not None]
        self._check_unique(found_packages)
        return evolve(lock, packages=found_packages)

    def _read_head(self, head: Table) -> Lock:
        head.find("schema-version")
        targets = []
        for index, text in enumerate(self._strings(head, "targets")):
            target = parse_target(text)
            if target is None:
                span = head.positions.value((*head.path, "targets", index))
                message = f"`{text}` is not a target"
                self.root.diagnostics.append(codes.WRONG_LOCK_VALUE.at(span, message))
            else:
                targets.append(target)
        status = head.read_string("freethread-status")
        lock = Lock(
            targets=targets,
            requirements=self._strings(head, "requirements"),
            packages=(),
            requires_python=head.read_string("requires-python") or "",
            resolver=head.read_string("resolver") or "",
            generator=head.read_string("generator") or "",
            abi_tag_policy=head.read_choice(AbiTagPolicy.LEGACY, "abi-tag-policy"),
            typeshed=head.read_string("typeshed") or "",
        )
        if status not in (None, lock.freethread_status):
            message = f"`freethread-status` is `{status}`, and the targets say `{lock.freethread_status}`"
            head.report(codes.WRONG_LOCK_VALUE, "freethread-status", message)
        head.close()
        return lock

    def _read_package(self, table: Table) -> LockedPackage | None:
        before = len(table.diagnostics)
        name, version = self._required(table, "name"), self._required(table, "version")
        source, sha256 = self._read_source(table), self._digest(table, "wheel-sha256")
        is_file = isinstance(source, IndexSource | UrlSource)  # the others may be folders of a project
        filename = self._required(table, "filename") if is_file else table.read_string("filename") or ""
        self._check_identity(table, name, version)
        if "wheel-sha256" not in table and is_file:
            self._required(table, "wheel-sha256")
        requires_python = table.read_string("requires-python") or ""
        hashes = Hashes(sha256, self._digest(table, "wheel-blake3"))
        file = DistFile(
            filename,
            FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
            source,
            hashes,
            self._number(table, "size"),
            requires_python,
            table.read_string("yanked"),
        )
        pin = Pin(
            name,
            version,
            file,
            self._strings(table, "extras"),
            self._strings(table, "dependencies"),
            requires_python,
        )
        package = LockedPackage(
            pin,
            self._digest(table, "pypi-simple-sha256"),
            self._marker(table),
            self._strings(table, "aliases"),
            self._read_provenance(table),
            self._digest(table, "stub-sha256"),
            self._digest(table, "wrapper-sha256"),
            self._digest(table, "shim-sha256"),
            self._strings(table, "capabilities"),
            self._strings(table, "capabilities-declared"),
            self._digest(table, "attestation-bundle"),
            table.read_string("attestation-verified") or "",
            gil := self._read_gil(table),
            self._read_confirmed(table, gil or ()),
        )
        table.close()
        return package if len(table.diagnostics) == before else None

    def _check_identity(self, table: Table, name: str, version: str) -> None:
        if name and canonicalize_name(name) != name:
            message = f"`{name}` is not written as PEP 503 normalises it"
            table.report(codes.WRONG_LOCK_VALUE, "name", message, f"write `{canonicalize_name(name)}`")
        if version and find_version(version) is None:
            table.report(codes.WRONG_LOCK_VALUE, "version", f"`{version}` is not a version (PEP 440)")

    def _check_unique(self, packages: list[LockedPackage]) -> None:
        seen: dict[tuple[str, str, str], LockedPackage] = {}
        for index, package in enumerate(packages):
            # Without markers, files of one version may still be for different targets.
            version = package.version if package.markers else ""
            key = (package.name, package.markers, version)
            first = seen.setdefault(key, package)
            same = first.version == package.version and first.pin.file.filename != package.pin.file.filename
            if first is not package and not same:
                span = self.root.positions.value(("python-package", index, "name"))
                message = (
                    f"`{package.name}` is pinned twice: to {first.version} and to {package.version}"
                    if first.version != package.version
                    else f"`{package.name}` {package.version} has two entries"
                )
                help = "remove one of them and run `mochic-py pkg lock`"
                self.root.diagnostics.append(codes.DUPLICATE_LOCK_ENTRY.at(span, message, help=help))

    def _read_source(self, table: Table) -> Source:
        source = table.read_table("source")
        nowhere = IndexSource("")
        if source is None:
            if "source" not in table:
                self._missing(table, "source")
            return nowhere
        kinds = [kind for kind in ("index", "url", "git", "path") if source.find(kind)]
        if len(kinds) != 1:
            message = "a source is one of `index`, `url`, `git` and `path`"
            table.report(codes.WRONG_LOCK_VALUE, "source", message)
            return nowhere
        place = source.read_string(kinds[0]) or ""
        found: Source
        match kinds[0]:
            case "index":
                found = IndexSource(place)
            case "url":
                found = UrlSource(place)
            case "git":
                rev, commit = source.read_string("rev") or "", source.read_string("commit") or ""
                found = GitSource(place, rev, commit, source.read_string("subdirectory") or "")
            case _:
                found = PathSource(place, source.read_flag(False, "editable"))
        source.close()
        return found

    def _read_provenance(self, table: Table) -> StubProvenance | None:
        inner = table.read_table("stub-provenance")
        if inner is None:
            return None
        found = StubProvenance(
            inner.read_choice(Tier.INLINE, "tier"),
            self._required(inner, "distribution"),
            self._required(inner, "version"),
        )
        if "tier" not in inner:
            self._missing(inner, "tier")
        inner.close()
        return found

    def _read_gil(self, table: Table) -> tuple[tuple[str, GilVerdict], ...] | None:
        """Return the verdict on each module; None in a lock of earlier, for which wheels are read again."""
        verdict = table.read_choice(Gil.NONE, "gil")
        found: dict[str, GilVerdict] = {}
        for text in self._strings(table, "gil-modules"):
            name, _, word = text.rpartition(" ")
            if not name or word not in _VERDICTS or name in found:
                message = f"`{text}` is not a module with the one verdict on it"
                table.report(codes.WRONG_LOCK_VALUE, "gil-modules", message)
                return None
            found[name] = GilVerdict(word)
        said = judge_gil(found.values())
        if found and "gil" not in table:
            self._missing(table, "gil")
        if "gil" in table and verdict is not said:
            message = f"`gil` is `{verdict.value}`, and the modules say `{said.value}`"
            table.report(codes.WRONG_LOCK_VALUE, "gil", message)
        return tuple(sorted(found.items())) if "gil" in table else None

    def _read_confirmed(self, table: Table, gil: tuple[tuple[str, GilVerdict], ...]) -> tuple[str, ...]:
        names = self._strings(table, "gil-confirmed")
        if strange := sorted(set(names) - dict(gil).keys()):
            message = f"`gil-confirmed` has `{strange[0]}`, of which `gil-modules` says nothing"
            table.report(codes.WRONG_LOCK_VALUE, "gil-confirmed", message)
        return names

    def _required(self, table: Table, key: str) -> str:
        value = table.read_string(key)
        if value == "":
            table.report(codes.WRONG_LOCK_VALUE, key, f"`{key}` is empty")
        elif value is None and key not in table:
            self._missing(table, key)
        return value or ""

    def _missing(self, table: Table, key: str) -> None:
        span = table.span or table.positions.value(table.path)
        self.root.diagnostics.append(codes.WRONG_LOCK_VALUE.at(span, f"this entry has no `{key}`"))

    def _digest(self, table: Table, key: str) -> str:
        value = table.read_string(key)
        if value is not None and not _DIGEST.fullmatch(value):
            message = f"`{key}` is not a digest: 64 digits of lower-case hex"
            table.report(codes.WRONG_LOCK_VALUE, key, message)
            return ""
        return value or ""

    def _number(self, table: Table, key: str) -> int | None:
        if table.find(key) is None:
            return None
        value = table.values[key]
        if type(value) is int and value >= 0:
            return value
        table.report(codes.WRONG_LOCK_VALUE, key, f"`{key}` is not a number of bytes")
        return None

    def _strings(self, table: Table, key: str) -> tuple[str, ...]:
        return tuple(sorted(set(table.read_strings(key) or ())))

    def _marker(self, table: Table) -> str:
        text = table.read_string("markers") or ""
        try:
            return str(parse_marker(text)) if text else ""
        except InvalidMarker as error:
            reason = str(error).partition("\n")[0]
            table.report(codes.WRONG_LOCK_VALUE, "markers", f"not a marker: {reason}")
            return ""
