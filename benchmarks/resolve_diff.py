"""`make resolve-diff`: what the resolver of this program and uv choose, for each set and target.

With `--record`, the answers of uv and the part of the index that was looked at become the data of
`tests/test_resolve_diff.py`: names, versions, file names, requirements; no URLs.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement as Dependency
from packaging.utils import canonicalize_name

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.metadata import parse_metadata
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.candidates import Release, Releases
from mochic_py.compiler.resolve.library import Library
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.compiler.resolve.uv import UvResolver
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import RegistryRequest, Requirement, Target
from mochic_py.ir.lock import parse_target

DATA = Path(__file__).parent.parent / "tests" / "data" / "resolve"
NO_ANSWER = ["no answer"]


def main() -> int:
    """Compare and print a row for each set and target; fail if any two answers differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="keep the answers as test data")
    parser.add_argument("--only", action="append", default=[], help="a set to compare [all]")
    options = parser.parse_args()
    data = tomllib.loads((DATA / "sets.toml").read_text("utf-8"))
    host, recorder, answers = Host(), Recorder(), {}
    differing = 0
    print(f"{'set':14} {'target':22} {'ours':>5} {'uv':>5} {'s':>6} {'s':>6}  equal?", flush=True)
    with tempfile.TemporaryDirectory() as root, recorder.listening():
        cache = Cache(host, Path(root))
        for name, texts in data["sets"].items():
            if options.only and name not in options.only:
                continue
            answers[name] = {}
            if name.startswith("impossible"):
                recorder.whole |= {ask(text).name for text in texts}
            for target in map(read_target, data["targets"]):
                requirements = [ask(text) for text in texts]
                ours, our_time = timed(lambda r=requirements, t=target: solve(host, cache, r, t))
                uvs, uv_time = timed(lambda r=requirements, t=target: solve_with_uv(host, cache, r, t))
                answers[name][str(target)] = uvs
                differing += ours != uvs
                row = f"{name:14} {target!s:22} {len(ours):5} {len(uvs):5} {our_time:6.1f} {uv_time:6.1f}"
                print(f"{row}  {'yes' if ours == uvs else 'NO'}", flush=True)
                for line in sorted(set(ours) ^ set(uvs)) if ours != uvs else ():
                    print(f"    {'ours' if line in ours else 'uv  '} {line}", flush=True)
    host.close()
    if options.record:
        write(answers, recorder, options.only)
    print(f"{differing} differ")
    return 1 if differing else 0


def read_target(text: str) -> Target:
    """Return the target that `text` names."""
    target = parse_target(text)
    assert target is not None, text
    return target


def ask(text: str) -> Requirement:
    """Return a line of a set as a requirement."""
    dependency = Dependency(text)
    source = RegistryRequest(str(dependency.specifier))
    name = canonicalize_name(dependency.name)
    return Requirement(name, source, tuple(sorted(dependency.extras)), written=text)


def solve(host: Host, cache: Cache, requirements: list[Requirement], target: Target) -> list[str]:
    """Return our picks, or `NO_ANSWER`."""
    try:
        resolution = InProcessResolver(host, cache).resolve(requirements, target)
    except DiagnosticError:
        return NO_ANSWER
    return sorted(f"{pin.name}=={pin.version}" for pin in resolution.pins)


def solve_with_uv(host: Host, cache: Cache, requirements: list[Requirement], target: Target) -> list[str]:
    """Return uv's picks, or `NO_ANSWER`."""
    try:
        answer = UvResolver(host, cache).choose_versions(requirements, target)
    except DiagnosticError as error:
        notes = error.diagnostics[0].notes
        if not any("unsatisfiable" in note or "No solution" in note for note in notes):
            print("\n".join(notes), file=sys.stderr)
        return NO_ANSWER
    return sorted(f"{name}=={version}" for name, (version, _) in answer.items())


def timed(work: Callable[[], list[str]]) -> tuple[list[str], float]:
    """Return the result of `work` and the seconds it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


class Recorder:
    """Notes what resolutions look at."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Releases]] = {}
        self.metadata: dict[str, dict[str, list[Any]]] = {}
        self.oldest: dict[str, Any] = {}
        self.whole: set[str] = set()
        """Names whose every version is kept, for explanations tell which versions there are."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to every library until the block ends."""
        load_releases, load_metadata = Library._load_releases, Library._load_metadata

        def releases(library: Library, name: str) -> Releases | None:
            found = load_releases(library, name)
            if found is not None:
                self.pages.setdefault(name, []).append(found)
            return found

        def metadata(library: Library, release: Release) -> bytes:
            content = load_metadata(library, release)
            self.note(release, content)
            return content

        Library._load_releases, Library._load_metadata = releases, metadata
        try:
            yield
        finally:
            Library._load_releases, Library._load_metadata = load_releases, load_metadata

    def note(self, release: Release, content: bytes) -> None:
        """Keep what `content` says that matters to a resolution."""
        found = parse_metadata(content)
        said = [found.version, found.requires_python, list(found.requires_dist), list(found.extras)]
        self.metadata.setdefault(release.name, {})[release.row.filename] = said
        oldest = self.oldest.get(release.name)
        if oldest is None or release.version < oldest:
            self.oldest[release.name] = release.version

    def compact(self) -> dict[str, Any]:
        """Return the part of the index that was looked at: the newest versions down to the oldest one
        whose metadata were asked for; of each version the files that were best for some target.
        """
        index: dict[str, Any] = {}
        for name in sorted(self.pages):
            oldest = self.oldest.get(name)
            rows = {
                release.row.filename: [
                    release.row.requires_python,
                    None if release.row.yanked is None else "",
                ]
                for page in self.pages[name]
                for release in page.usable
                if oldest is None or release.version >= oldest or name in self.whole
            }
            if name in self.whole:
                rows |= {f: said for page in self.pages[name] for f, said in stand_ins(page) if f not in rows}
            index[name] = {
                "files": dict(sorted(rows.items())),
                "metadata": dict(sorted(self.metadata.get(name, {}).items())),
            }
        return index


def stand_ins(page: Releases) -> Iterator[tuple[str, list[Any]]]:
    """Yield made-up files for versions that only serve other targets or Pythons."""
    stem = page.name.replace("-", "_")
    for version in page.unusable:
        yield f"{stem}-{version}-cp27-cp27m-win32.whl", ["", None]
    for version in page.other_python:
        yield f"{stem}-{version}-py3-none-any.whl", ["<3", None]


def write(answers: dict[str, Any], recorder: Recorder, only: list[str]) -> None:
    """Write the data of the test; with `only` some sets, add to what is there."""
    index = recorder.compact()
    if only:
        answers = {**json.loads((DATA / "uv.json").read_text("utf-8")), **answers}
        known = json.loads(lzma.decompress((DATA / "index.json.xz").read_bytes()))
        for name, page in known.items():
            for part, found in index.setdefault(name, {"files": {}, "metadata": {}}).items():
                index[name][part] = {**page[part], **found}
    (DATA / "uv.json").write_text(json.dumps(answers, indent=0, sort_keys=True) + "\n", "utf-8")
    text = json.dumps(index, separators=(",", ":"), sort_keys=True)
    (DATA / "index.json.xz").write_bytes(lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(f"{(DATA / 'index.json.xz').stat().st_size >> 10} KiB of index")


if __name__ == "__main__":
    sys.exit(main())
