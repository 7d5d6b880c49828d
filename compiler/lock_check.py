"""`pkg lock --check`: work out again what a lock says, and list every difference.

Nothing is taken from what earlier runs remembered: files are read and hashed, packages are
bound again. A digest that is wrong does not hide the others: what is made from a file is made
from the file there is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, final

from attrs import define, field, frozen
from blake3 import blake3

from ..backends.lockfile import emit_lock
from ..backends.workspace import WORKSPACE, file_stem
from ..ir.diagnostics import Diagnostic, DiagnosticError, Severity
from ..ir.dist import FileKind, Hashes, IndexSource, PathSource, Pin, Target, UrlSource
from ..ir.lock import Lock, LockedPackage, StubProvenance
from ..ir.parts import evolve
from ..ir.source import SourceFile
from .cache import Blob, Cache
from .capabilities import infer_capabilities
from .compile import make_settings
from .extensions import Verdicts, read_gil
from .freethread import choose_build, find_closure
from .frontends.wheel import open_wheel
from .host import Host
from .lock import Project, read_project
from .lock_facts import Facts, digest_row, find_facts
from .lock_gil import locked_confirmations, overlay
from .locked import find_misfits, reach, select_packages
from .lockfile import LOCK_FILE, read_lock
from .request import Request
from .resolve.download import CachedWheel, add_file, download_blob
from .session import Session


@final
@frozen
class Difference:
    """A value of the lock that is not what it should be.

    `file` is what it is about. `expected` is what the lock says; either is empty for "none".
    """

    package: str
    field: str
    expected: str
    found: str
    file: str


@final
@frozen
class Checked:
    """What came of a check. `diagnostics` say what kept it from being made, or what does not fit."""

    differences: tuple[Difference, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, SourceFile] = field(factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether everything is as the lock says."""
        errors = (each for each in self.diagnostics if each.severity is Severity.ERROR)
        return not self.differences and next(errors, None) is None


def check_lock(
    request: Request, host: Host, read_made: Callable[[str], bytes | None] | None = None
) -> Checked:
    """Check `request.lock` against the manifest, the programs, the files and what is made from them.

    `read_made` gives the content of a file of a workspace by its path there, None where it is not:
    with it, the wrappers and shims on disk are checked too.
    """
    checker = _Checker(request, host, read_made)
    try:
        checker.run()
    except DiagnosticError as error:
        checker.diagnostics += error.diagnostics
    differences = dict.fromkeys(sorted(checker.differences, key=lambda each: (each.package, each.field)))
    return Checked(tuple(differences), tuple(dict.fromkeys(checker.diagnostics)), checker.sources)


@final
@define
class _Checker:
    request: Request
    host: Host
    read_made: Callable[[str], bytes | None] | None
    differences: list[Difference] = field(factory=list)
    diagnostics: list[Diagnostic] = field(factory=list)
    sources: dict[str, SourceFile] = field(factory=dict)
    _bound: set[str] = field(factory=set)
    _verdicts: dict[str, Verdicts] = field(factory=dict)

    def run(self) -> None:
        request = self.request
        assert request.lock is not None, "there is a lock to check"
        given = (*request.programs, *filter(None, (request.manifest, request.lock)))
        self.sources.update({source.path: source for source in given})
        project, problems = read_project(request)
        self.diagnostics += problems
        lock, found = read_lock(request.lock)
        self.diagnostics += found
        if lock is None or any(each.severity is Severity.ERROR for each in self.diagnostics):
            return
        self._compare_requests(project, lock)
        for target in lock.targets:
            problems = find_misfits(lock, project.requirements, target)
            self.diagnostics += problems
            if not problems:
                self._check_target(project, lock, target)

    def _compare_requests(self, project: Project, lock: Lock) -> None:
        asked = set(project.requirement_texts)
        for text in sorted(asked ^ set(lock.requirements)):
            pair = ("", text) if text in asked else (text, "")
            self._report(_name_of(text), "requirements", *pair, LOCK_FILE)
        python = project.manifest.python.requires_python
        self._compare("", "requires-python", lock.requires_python, python, LOCK_FILE)
        wanted = {choose_build(target, self.request, project.manifest.python) for target in lock.targets}
        expected, found = (", ".join(sorted(map(str, each))) for each in (lock.targets, wanted))
        self._compare("", "targets", expected, found, LOCK_FILE)
        policy = project.options.tag_policy
        self._compare("", "abi-tag-policy", lock.abi_tag_policy.value, policy.value, LOCK_FILE)
        for package in lock.packages:
            expected, found = ", ".join(package.aliases), ", ".join(project.aliases(package.name))
            self._compare(package.name, "aliases", expected, found, LOCK_FILE)

    def _check_target(self, project: Project, lock: Lock, target: Target) -> None:
        session = Session(self.host, Cache(self.host), evolve(self.request, target=target))
        packages = select_packages(lock, target)
        runtime = reach(packages, [requirement.name for requirement in project.requirements])
        wheels = {name: self._check_file(session, packages[name]) for name in sorted(packages)}
        for name, wheel in wheels.items():
            if name in runtime:
                found = infer_capabilities(wheel, self.host)
                expected = ", ".join(packages[name].capabilities)
                named = ", ".join(sorted(each.capability for each in found))
                self._compare(name, "capabilities", expected, named, wheel.pin.file.filename)
                self._check_gil(packages[name], wheel, target)
        true_packages = []
        for name, wheel in wheels.items():
            pin = wheel.built_from or wheel.pin
            # What only other targets need is not in a lock for this one.
            needed = tuple(each for each in pin.dependencies if each in wheels)
            true_packages.append(evolve(packages[name], pin=evolve(pin, dependencies=needed)))
        # The policy was compared already; another one would keep the lock from being read.
        policy = project.options.tag_policy
        own = evolve(lock, targets=[target], packages=true_packages, abi_tag_policy=policy)
        self._check_made(project, own, target)

    def _check_gil(self, package: LockedPackage, wheel: CachedWheel, target: Target) -> None:
        """Compare the verdicts on compiled modules; a lock of earlier has none, and need not."""
        if package.gil is None or not target.free_threaded:
            return
        found = overlay(read_gil(wheel, self.host), locked_confirmations(package))
        self._verdicts[package.name] = found
        expected, read = (
            ", ".join(f"{name} {verdict.value}" for name, verdict in sorted(each))
            for each in (package.gil, found.items())
        )
        self._compare(package.name, "gil-modules", expected, read, wheel.pin.file.filename)

    def _check_file(self, session: Session, package: LockedPackage) -> CachedWheel:
        """Compare everything about the file of `package`, and return it as it is."""
        pin, name = package.pin, package.name
        file = pin.file
        if file.kind is FileKind.SDIST:
            return session.fetch([pin])[0]  # built from a source whose digest the builder checks
        blob = self._load(session, pin)
        hashes = Hashes(blob.sha256, self._hash(blob))
        self._compare(name, "wheel-sha256", file.hashes.sha256, hashes.sha256, file.filename)
        self._compare(name, "wheel-blake3", file.hashes.blake3, hashes.blake3, file.filename)
        self._compare(name, "size", str(file.size), str(blob.size), file.filename)
        wheel = CachedWheel(evolve(pin, file=evolve(file, hashes=hashes)), blob.path, hashes, blob.size)
        with open_wheel(wheel.path, self.host, shown=file.filename) as archive:
            self._compare(name, "version", pin.version, str(archive.metadata.version), file.filename)
        if isinstance(file.source, IndexSource):
            row = session.locator.find_row(pin)
            digest, yanked = (digest_row(row), row.yanked) if row is not None else ("", None)
            self._compare(name, "pypi-simple-sha256", package.index_sha256, digest, file.filename)
            self._compare(name, "yanked", _show_yank(file.yanked), _show_yank(yanked), file.filename)
        return wheel

    def _load(self, session: Session, pin: Pin) -> Blob:
        file, cache = pin.file, session.cache
        if isinstance(file.source, PathSource):
            return add_file(session.base / file.source.path, "", self.host, cache)
        blob = cache.find_blob(file.hashes.sha256) if file.hashes.sha256 else None
        if blob is not None:
            return blob
        if self.request.offline:
            session.fetch([pin])  # reports what is missing
        url = file.source.url if isinstance(file.source, UrlSource) else session.locator.find_url(pin)
        return download_blob(url, file.filename, "", self.host, cache)

    def _hash(self, blob: Blob) -> str:
        digest = blake3()
        with self.host.open_binary(blob.path) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def _check_made(self, project: Project, lock: Lock, target: Target) -> None:
        """Bind what is imported once more, from the files there are, and compare."""
        text = SourceFile(LOCK_FILE, emit_lock(lock))
        request = evolve(self.request, target=target, lock=text, locked=True)
        session = Session(self.host, Cache(self.host), request)
        resolution = session.resolve(project.requirements)
        settings = make_settings(request, project.manifest.python)
        for package in lock.packages:
            aliases = project.aliases(package.name)
            pin = resolution.find(package.name)
            # A lock for several targets holds what was made for the first of them.
            if not aliases or pin is None or package.name in self._bound:
                continue
            self._bound.add(package.name)
            wheels = session.fetch_with_stubs([pin], resolution.pins)[0]
            needed = session.find_probe(wheels.wheel, resolution.pins).closure
            wheels_needed = {each.pin.name: each for each in needed}
            python = project.manifest.python
            closure = find_closure(package.name, wheels_needed, target, python, self._verdicts)
            facts = find_facts(wheels, aliases, target, settings, self.host, closure=closure)
            self._compare_facts(package, facts, aliases)

    def _compare_facts(self, package: LockedPackage, facts: Facts, aliases: Sequence[str]) -> None:
        name, filename = package.name, package.pin.file.filename
        stub_file = f"{facts.stubs.distribution} {facts.stubs.version}"
        self._compare(
            name, "stub-provenance", _show_provenance(package.stubs), _show_provenance(facts.stubs), filename
        )
        self._compare(name, "stub-sha256", package.stub_sha256, facts.stub_sha256, stub_file)
        wrappers, shims = _made_files(name, aliases, "externs.py"), _made_files(name, aliases, "shim.mochi")
        self._compare(name, "wrapper-sha256", package.wrapper_sha256, facts.wrapper_sha256, wrappers[0])
        self._compare(name, "shim-sha256", package.shim_sha256, facts.shim_sha256, shims[0])
        self._compare_disk(name, "wrapper-sha256", package.wrapper_sha256, wrappers)
        self._compare_disk(name, "shim-sha256", package.shim_sha256, shims)

    def _compare_disk(self, name: str, field: str, expected: str, paths: Sequence[str]) -> None:
        if self.read_made is None:
            return
        contents = [self.read_made(path) for path in paths]
        if all(content is None for content in contents):
            return
        if any(mark in (content or b"")[:400] for content in contents for mark in _NOT_LOCKED):
            # The lock knows neither the sidecars of the user nor what programs use.
            return
        found = hashlib.sha256(b"".join(content or b"" for content in contents)).hexdigest()
        self._compare(name, field, expected, found, ", ".join(paths))

    def _compare(self, package: str, field: str, expected: str, found: str, file: str) -> None:
        if expected != found:
            self._report(package, field, expected, found, file)

    def _report(self, package: str, field: str, expected: str, found: str, file: str) -> None:
        self.differences.append(Difference(package, field, expected, found, file))


_NOT_LOCKED: Final = (b", with overrides. Generated", b", as far as it is used")


def format_differences(differences: Iterable[Difference]) -> Iterator[str]:
    """Yield a line for each difference, readable without the lock at hand."""
    for each in differences:
        place = f" ({each.file})" if each.file != LOCK_FILE else ""
        head = f"{each.package} " if each.package else ""
        yield f"{head}{each.field}: expected {each.expected or 'none'}, found {each.found or 'none'}{place}"


def _made_files(name: str, aliases: Sequence[str], ending: str) -> list[str]:
    return [f"{WORKSPACE}/python_wrap/{alias}/{file_stem(name)}_{ending}" for alias in sorted(aliases)]


def _show_provenance(stubs: StubProvenance | None) -> str:
    return f"{stubs.tier.value} {stubs.distribution} {stubs.version}" if stubs else ""


def _show_yank(reason: str | None) -> str:
    return "" if reason is None else f"yanked: {reason}" if reason else "yanked"


def _name_of(text: str) -> str:
    stop = next((at for at, ch in enumerate(text) if not (ch.isalnum() or ch in "-")), len(text))
    return text[:stop]
