"""The part of the index that was recorded for the tests of resolution, as a host without a network.

`benchmarks/resolve_diff.py --record` makes the recording.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import tomllib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, final

from index_server import JSON
from packaging.requirements import Requirement as Dependency
from packaging.utils import canonicalize_name

from mochic_py.compiler.cache import METADATA, Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.http import Reply, Stream
from mochic_py.ir import codes
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import RegistryRequest, Requirement

DATA = Path(__file__).parent / "data" / "resolve"
SETS = tomllib.loads((DATA / "sets.toml").read_text("utf-8"))


def read_recording() -> dict[str, Any]:
    """Return files and metadata by name of distribution."""
    found: dict[str, Any] = json.loads(lzma.decompress((DATA / "index.json.xz").read_bytes()))
    return found


@final
class RecordedHost(Host):
    """A host whose network is the recording."""

    def __init__(self) -> None:
        super().__init__(environ={"MOCHIC_INDEX_URL": "https://index.test/simple"})
        self._index = index = read_recording()
        self._metadata = {name: said for page in index.values() for name, said in page["metadata"].items()}

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Answer with a page or the metadata of a file, as an index would."""
        name = url.rstrip("/").rpartition("/")[2]
        if url.endswith("/") and name in self._index:
            return Reply(200, {"content-type": JSON}, url, self._page(name))
        said = self._metadata.get(name.removesuffix(".metadata"))
        if said is not None:
            owner = canonicalize_name(name.partition("-")[0])
            return Reply(200, {}, url, metadata(owner, said))
        return Reply(404, {}, url, b"")

    def get_range(self, url: str, *, start: int | None = None, length: int) -> Reply:
        """Tell that this part of the index was not recorded."""
        raise DiagnosticError(codes.NETWORK.at(None, f"not recorded: {url}"))

    def stream(self, url: str) -> AbstractContextManager[Stream]:
        """Tell that this part of the index was not recorded."""
        raise DiagnosticError(codes.NETWORK.at(None, f"not recorded: {url}"))

    def keep_sdists(self, cache: Cache) -> None:
        """Put the metadata of source distributions where a build would have left them."""
        for name, page in self._index.items():
            for file, said in page["metadata"].items():
                if not file.endswith(".whl"):
                    cache.put(METADATA, digest(file), metadata(name, said))

    def _page(self, name: str) -> bytes:
        files = [
            {
                "filename": file,
                "url": f"https://index.test/files/{file}",
                "hashes": {"sha256": digest(file)},
                "requires-python": requires_python,
                "yanked": False if yanked is None else yanked or True,
                "core-metadata": True,
            }
            for file, (requires_python, yanked) in self._index[name]["files"].items()
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()


def metadata(name: str, said: list[Any]) -> bytes:
    """Return core metadata as a distribution would hold them."""
    version, requires_python, requires, extras = said
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def digest(filename: str) -> str:
    """Stand in for the digest of a file."""
    return hashlib.sha256(filename.encode("utf-8")).hexdigest()


def ask(text: str) -> Requirement:
    """Return a line of a set as a requirement."""
    dependency = Dependency(text)
    name = canonicalize_name(dependency.name)
    source = RegistryRequest(str(dependency.specifier))
    return Requirement(name, source, tuple(sorted(dependency.extras)), written=text)
