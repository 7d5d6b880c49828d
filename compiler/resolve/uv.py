"""The engine that lets `uv pip compile` choose the versions.

uv reads a `pyproject.toml` made for it, in a folder of its own, and answers with versions and
hashes. Files, extras and dependencies are then found by the engine of this process, held
to those versions, so that both engines give the same kind of answer. uv downloads no
interpreter and reads no configuration but its own environment variables.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, final

import tomli_w

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import (
    AbiTagPolicy,
    FileKind,
    GitSource,
    IndexRequest,
    PathSource,
    RegistryRequest,
    Requirement,
    Resolution,
    Target,
    UrlSource,
)
from ...ir.parts import evolve
from ..cache import Cache
from ..host import Host
from ..settings import Index, IndexPriority, Prereleases
from .credentials import find_credentials
from .index import default_index_url, uv_index_url
from .options import Bound, ResolveOptions
from .resolver import InProcessResolver
from .tags import MACOS, check_target, full_version

_PLATFORMS: Final = {
    "linux-x86_64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "musllinux-x86_64": "x86_64-unknown-linux-musl",
    "musllinux-aarch64": "aarch64-unknown-linux-musl",
    "macos-arm64": "aarch64-apple-darwin",
    "macos-x86_64": "x86_64-apple-darwin",
    "windows-x86_64": "x86_64-pc-windows-msvc",
    "windows-arm64": "aarch64-pc-windows-msvc",
    "pyodide": "wasm32-pyodide2024",
}
_PRERELEASES: Final = {
    Prereleases.PEP440: "if-necessary-or-explicit",
    Prereleases.EXPLICIT: "explicit",
    Prereleases.ALLOW: "allow",
    Prereleases.DISALLOW: "disallow",
}
_ANSWER: Final = "answer.txt"
_PINNED: Final = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_SHOWN_LINES: Final = 30
_TIMEOUT: Final = 1800.0


@final
class UvResolver:
    """Resolves with uv. The parameters are those of `InProcessResolver`."""

    def __init__(
        self,
        host: Host,
        cache: Cache,
        *,
        index_url: str = "",
        offline: bool = False,
        refresh: bool = False,
        base: Path | None = None,
        prefer: Mapping[str, str] | None = None,
        options: ResolveOptions | None = None,
    ) -> None:
        self._host = host
        self._cache = cache
        self._index_url = default_index_url(host.environ, index_url)
        self._offline = offline
        self._refresh = refresh
        self._base = base or host.base
        self._prefer = dict(prefer or {})
        self._options = options or ResolveOptions()

    def resolve(self, requirements: Sequence[Requirement], target: Target) -> Resolution:
        """Return the pins for `target`, sorted by name.

        Raises `DiagnosticError`: PY439 with what uv says when it finds no answer.
        """
        check_target(target)
        if target.platform not in _PLATFORMS or target.free_threaded:
            message = f"uv cannot resolve for {target}"
            raise DiagnosticError(codes.RESOLVER_FAILED.at(None, message, help="run without `--resolver uv`"))
        policy = self._options.tag_policy
        if policy is not AbiTagPolicy.LEGACY:
            message = f"uv does not know wheels tagged `abi2026`, which the policy `{policy.value}` admits"
            help = "run without `--resolver uv`, or with `--abi-tag-policy legacy`"
            raise DiagnosticError(codes.RESOLVER_FAILED.at(None, message, help=help))
        answer = self.choose_versions(requirements, target)
        held = tuple(Bound(f"{name}=={version}") for name, (version, _) in answer.items())
        options = evolve(self._options, constraints=held, exclude_newer="", prereleases=Prereleases.ALLOW)
        engine = InProcessResolver(
            self._host,
            self._cache,
            index_url=self._index_url,
            offline=self._offline,
            refresh=self._refresh,
            base=self._base,
            options=options,
        )
        resolution = engine.resolve(requirements, target)
        _check_hashes(resolution, answer)
        return resolution

    def choose_versions(
        self, requirements: Iterable[Requirement], target: Target
    ) -> dict[str, tuple[str, frozenset[str]]]:
        """Return what uv picks from indexes: version and SHA-256 digests of its files, by name."""
        with self._host.temporary_folder() as folder:
            project = Path(folder, "pyproject.toml")
            document = self._document(requirements, target)
            self._host.write_bytes_atomic(project, tomli_w.dumps(document).encode("utf-8"))
            done = self._host.run(
                self._command(Path(folder), target),
                folder=Path(folder),
                environ=self._environ(),
                timeout=_TIMEOUT,
            )
            answer = self._host.find_bytes(Path(folder, _ANSWER)) or b""
        if done.returncode != 0:
            raise _failed(done.stderr.replace(folder, "."))
        return _read_answer(answer.decode("utf-8"))

    def _command(self, folder: Path, target: Target) -> list[str]:
        import uv  # deferred: it only tells where its executable lies

        command = [
            uv.find_uv_bin(),
            "pip",
            "compile",
            "pyproject.toml",
            "--quiet",
            "--no-header",
            "--no-annotate",
        ]
        command += ["--generate-hashes", "--no-python-downloads", "--python", sys.executable]
        command += [
            "--python-version",
            full_version(target),
            "--python-platform",
            _PLATFORMS[target.platform],
        ]
        command += ["--prerelease", _PRERELEASES[self._options.prereleases]]
        for option, bounds in (
            ("--constraints", self._options.constraints),
            ("--overrides", self._options.overrides),
        ):
            if bounds:
                path = folder / f"{option.strip('-')}.txt"
                lines = "".join(f"{bound.text}\n" for bound in bounds)
                self._host.write_bytes_atomic(path, lines.encode("utf-8"))
                command += [option, str(path)]
        # uv keeps the versions of an output file that is there already.
        lines = "".join(f"{name}=={version}\n" for name, version in sorted(self._prefer.items()))
        self._host.write_bytes_atomic(folder / _ANSWER, lines.encode("utf-8"))
        command += ["--output-file", _ANSWER]
        command += ["--exclude-newer", self._options.exclude_newer] if self._options.exclude_newer else []
        command += ["--offline"] if self._offline else []
        command += ["--refresh"] if self._refresh else []
        command += [] if self._options.build else ["--only-binary", ":all:"]
        return command

    def _environ(self) -> dict[str, str]:
        # Settings of uv for other projects would change the answer; the URL may hold credentials,
        # which a command line would show to everyone.
        kept = {
            name: value
            for name, value in self._host.environ.items()
            if not name.startswith("UV_") or name in ("UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "UV_INDEX_STRATEGY")
        }
        macos = ".".join(map(str, MACOS))
        main = uv_index_url(self._host.environ, self._index_url)
        return {
            **kept,
            **self._credentials(),
            "UV_DEFAULT_INDEX": main,
            "MACOSX_DEPLOYMENT_TARGET": macos,
        }

    def _credentials(self) -> dict[str, str]:
        """Return the credentials of the declared indexes under the names they have in `_document`."""
        variables = {}
        for number, index in enumerate(self._ordered_indexes()):
            found = find_credentials(self._host.environ, index.name)
            if found is not None:
                variables[f"UV_INDEX_INDEX_{number}_USERNAME"] = found.user
                variables[f"UV_INDEX_INDEX_{number}_PASSWORD"] = found.password
        return variables

    def _ordered_indexes(self) -> list[Index]:
        order = {IndexPriority.PRIMARY: 0, IndexPriority.SUPPLEMENTAL: 1, IndexPriority.EXPLICIT: 2}
        return sorted(self._options.indexes, key=lambda index: order[index.priority])

    def _document(self, requirements: Iterable[Requirement], target: Target) -> dict[str, object]:
        """Return the `pyproject.toml` that asks uv for `requirements`."""
        texts: list[str] = []
        sources: dict[str, dict[str, object]] = {}
        indexes: dict[str, dict[str, object]] = {}
        for number, index in enumerate(self._ordered_indexes()):
            entry: dict[str, object] = {"name": f"index-{number}", "url": index.url}
            if index.priority is IndexPriority.EXPLICIT:
                entry["explicit"] = True
            indexes[index.url] = entry
        for requirement in requirements:
            extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
            marker = f" ; {requirement.marker}" if requirement.marker else ""
            texts.append(f"{requirement.name}{extras}{requirement.specifier}{marker}")
            match requirement.source:
                case RegistryRequest():
                    continue
                case IndexRequest(url=url):
                    fresh = {"name": f"index-{len(indexes)}", "url": url, "explicit": True}
                    sources[requirement.name] = {"index": indexes.setdefault(url, fresh)["name"]}
                case GitSource(url=url, rev=rev, subdirectory=place):
                    optional = {"rev": rev, "subdirectory": place}
                    sources[requirement.name] = {"git": url, **{k: v for k, v in optional.items() if v}}
                case PathSource(path=path):
                    sources[requirement.name] = {"path": str((self._base / path).resolve())}
                case UrlSource(url=url):
                    sources[requirement.name] = {"url": url}
        project = {"name": "mochi-program", "version": "0", "dependencies": texts}
        project["requires-python"] = f">={full_version(target)}"
        return {
            "project": project,
            "tool": {"uv": {"package": False, "index": list(indexes.values()), "sources": sources}},
        }


def _read_answer(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    answer: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        found = _PINNED.match(entry)
        if found is not None:
            answer[found["name"]] = (found["version"], frozenset(_HASH.findall(entry)))
    return answer


def _check_hashes(resolution: Resolution, answer: Mapping[str, tuple[str, frozenset[str]]]) -> None:
    """Both engines must have seen the same files."""
    for pin in resolution.pins:
        _, hashes = answer.get(pin.name, ("", frozenset()))
        found = pin.file.hashes.sha256
        if hashes and found and pin.file.kind is FileKind.WHEEL and found not in hashes:
            message = f"uv and the index differ in the digest of `{pin.file.filename}`"
            raise DiagnosticError(codes.RESOLVER_FAILED.at(None, message, help="run with `--refresh`"))


def _failed(stderr: str) -> DiagnosticError:
    lines = tuple(line for line in stderr.splitlines() if line.strip())
    help = "run without `--resolver uv`: the resolver of this program explains conflicts step by step"
    message = "uv found no answer"
    return DiagnosticError(codes.RESOLVER_FAILED.at(None, message, notes=lines[:_SHOWN_LINES], help=help))
