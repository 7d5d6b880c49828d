"""Repositories as sources: a revision becomes a commit, a commit becomes a folder of files.

What was fetched is kept as one bundle for each commit, a blob of the cache like any other,
so that neither a crash nor another process leaves half a repository behind. git runs
without prompts, hooks and the user's own configuration of protocols.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import GitSource
from ...ir.redact import redact
from ..cache import PAGE_TTL, Cache
from ..host import Host
from .download import add_file

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ABBREVIATED: Final = re.compile(r"[0-9a-f]{7,39}")
_SETTINGS: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"),
    *("-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"),
)
_REVISION: Final = "git-revision"
_BUNDLE: Final = "git-bundle"
_TIMEOUT: Final = 600.0


@final
class Repositories:
    """Repositories through the cache. `offline` uses only what is there."""

    def __init__(self, host: Host, cache: Cache, *, offline: bool = False) -> None:
        self._host = host
        self._cache = cache
        self._offline = offline

    def find_commit(self, source: GitSource) -> str:
        """Return the commit that the revision of `source` names now: a branch, tag, commit, or HEAD.

        Raises `DiagnosticError`: PY437 from git, PY421 when offline and not known.
        """
        if source.commit or _COMMIT.fullmatch(source.rev):
            return source.commit or source.rev
        key = f"{source.url}\n{source.rev}"
        known = self._cache.get(_REVISION, key, None if self._offline else PAGE_TTL)
        if known is not None:
            return known.decode("ascii")
        self._check_online(source)
        commit = self._ask_commit(source)
        self._cache.put(_REVISION, key, commit.encode("ascii"))
        return commit

    @contextlib.contextmanager
    def open_tree(self, source: GitSource, commit: str) -> Iterator[Path]:
        """Yield a folder with the files of `commit` and its history, removed when the block ends."""
        with self._host.temporary_folder() as folder:
            tree = Path(folder) / "tree"
            bundle = self._cache.get(_BUNDLE, f"{source.url}\n{commit}")
            blob = self._cache.find_blob(bundle.decode("ascii")) if bundle is not None else None
            if blob is None:
                self._check_online(source)
                self._git(source, "clone", "--quiet", "--no-checkout", "--", source.url, str(tree))
                self._keep(source, commit, tree)
            else:
                self._git(source, "clone", "--quiet", "--no-checkout", "--", str(blob.path), str(tree))
                self._git(source, "remote", "set-url", "origin", source.url, folder=tree)
            self._git(source, "checkout", "--quiet", "--detach", commit, folder=tree)
            if self._host.exists(tree / ".gitmodules"):
                self._check_online(source)
                self._git(source, "submodule", "--quiet", "update", "--init", "--recursive", folder=tree)
            yield tree

    def _ask_commit(self, source: GitSource) -> str:
        rev = source.rev
        if rev.startswith("-"):
            raise _refused(source, f"`{rev}` cannot be a revision")
        listed = self._git(source, "ls-remote", "--", source.url)
        refs = {name: commit for commit, _, name in (line.partition("\t") for line in listed.splitlines())}
        # The commit of an annotated tag is listed under its name and `^{}`.
        names = [f"refs/tags/{rev}^{{}}", f"refs/tags/{rev}", f"refs/heads/{rev}", rev] if rev else ["HEAD"]
        found = next((refs[name] for name in names if name in refs), None)
        if found is not None:
            return found
        if not _ABBREVIATED.fullmatch(rev):
            raise _refused(source, f"there is no `{rev or 'HEAD'}`")
        with self._host.temporary_folder() as folder:
            self._git(source, "clone", "--quiet", "--bare", "--", source.url, folder)
            return self._git(source, "rev-parse", f"{rev}^{{commit}}", folder=Path(folder)).strip()

    def _keep(self, source: GitSource, commit: str, tree: Path) -> None:
        # A bundle holds branches and tags, and the commit may be on neither.
        self._git(source, "update-ref", "refs/heads/mochic-pinned", commit, folder=tree)
        file = tree.parent / "bundle"
        refs = ("HEAD", "refs/heads/mochic-pinned", "--tags")
        self._git(source, "bundle", "create", "--quiet", str(file), *refs, folder=tree)
        blob = add_file(file, "", self._host, self._cache)
        self._cache.put(_BUNDLE, f"{source.url}\n{commit}", blob.sha256.encode("ascii"))

    def _git(self, source: GitSource, *arguments: str, folder: Path | None = None) -> str:
        environ = {name: value for name, value in self._host.environ.items() if not name.startswith("GIT_")}
        environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
        command: Sequence[str] = ["git", *_SETTINGS, *arguments]
        done = self._host.run(command, folder=folder, environ=environ, timeout=_TIMEOUT)
        if done.returncode != 0:
            lines = [line for line in done.stderr.strip().splitlines() if line]
            raise _refused(source, lines[-1] if lines else f"git {arguments[0]} failed")
        return done.stdout

    def _check_online(self, source: GitSource) -> None:
        if self._offline:
            message = f"`{redact(source.url)}` is not in the cache, and the network is off"
            raise DiagnosticError(codes.OFFLINE.at(None, message, help="run once without `--offline`"))


def _refused(source: GitSource, reason: str) -> DiagnosticError:
    shown = redact(source.url)
    message = f"cannot use the repository `{shown}`: {reason.replace(source.url, shown)}"
    help = "check the URL and the revision; git must be able to read it without asking"
    return DiagnosticError(codes.GIT_FAILED.at(None, message, help=help))
