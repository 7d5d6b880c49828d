"""Packages from repositories, folders, URLs and source distributions; what is built, and how often."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from index_server import File, Index, build_wheel, offer, serve

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.frontends.wheel import open_wheel
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.download import CachedWheel, fetch_all
from mochic_py.compiler.resolve.options import ResolveOptions
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.compiler.resolve.static_metadata import is_static, project_metadata
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import (
    FileKind,
    GitSource,
    PathSource,
    RegistryRequest,
    RequestSource,
    Requirement,
    Resolution,
    Target,
    UrlSource,
)

TARGET = Target("linux-x86_64", (3, 11))

# A build backend without requirements: it counts its runs in the file `count` in TMPDIR.
BACKEND = """
import base64, hashlib, os, pathlib, zipfile

METADATA = "Metadata-Version: 2.1\\nName: own\\nVersion: 1.5\\nRequires-Dist: b\\n"
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: TAG\\n"

def record_line(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\\n"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(pathlib.Path(os.environ["TMPDIR"], "count"), "a") as count:
        count.write("x")
    payload = pathlib.Path("payload.txt").read_text().strip()
    info = "own-1.5.dist-info"
    files = {"own/__init__.py": f"x = {payload!r}\\n", f"{info}/METADATA": METADATA, f"{info}/WHEEL": WHEEL}
    record = "".join(record_line(*item) for item in files.items()) + f"{info}/RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, "own-1.5-TAG.whl"), "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
    return "own-1.5-TAG.whl"
"""
DYNAMIC = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
STATIC = (
    DYNAMIC
    + """
[project]
name = "own"
version = "1.5"
requires-python = ">=3.9"
dependencies = ["b ; python_version >= '3.9'"]
[project.optional-dependencies]
more = ["c>=1"]
"""
)


def project(pyproject: str = DYNAMIC, tag: str = "py3-none-any", payload: str = "1") -> dict[str, str]:
    """Return the files of a project that builds to `own` 1.5."""
    return {
        "pyproject.toml": pyproject,
        "backend.py": BACKEND.replace("TAG", tag),
        "payload.txt": payload,
    }


def write(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def sdist(files: Mapping[str, str], pkg_info: str = "", version: str = "1.5") -> bytes:
    """Return a source distribution of `own` as a tar archive."""
    stream = io.BytesIO()
    contents = {**files, "PKG-INFO": pkg_info or f"Metadata-Version: 2.1\nName: own\nVersion: {version}\n"}
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in contents.items():
            member = tarfile.TarInfo(f"own-{version}/{name}")
            member.size = len(text.encode())
            member.mtime = 1_600_000_000
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


class World:
    """An index with `b` and `c`, a resolver over it, and a count of the builds."""

    def __init__(self, index: Index, folder: Path) -> None:
        self.index = index
        self.folder = folder
        self.count = folder / "count"
        self.host = Host(
            environ={
                **Host().environ,
                "MOCHIC_INDEX_URL": index.url,
                "TMPDIR": str(folder),
                "UV_CACHE_DIR": str(folder / "uv-cache"),
            }
        )
        self.cache = Cache(self.host, folder / "cache", "1.0")
        for name in ("b", "c"):
            offer(index, build_wheel(name, "1"))

    @property
    def builds(self) -> int:
        return len(self.count.read_text()) if self.count.exists() else 0

    def resolver(self, *, offline: bool = False, build: bool = True) -> InProcessResolver:
        options = ResolveOptions(build=build)
        return InProcessResolver(self.host, self.cache, base=self.folder, offline=offline, options=options)

    def resolve(self, source: RequestSource, **settings: bool) -> Resolution:
        return self.resolver(**settings).resolve([Requirement("own", source)], TARGET)

    def fetch(self, resolution: Resolution) -> CachedWheel:
        engine = self.resolver()
        found = fetch_all(
            resolution.pins,
            self.host,
            self.cache,
            build=lambda pin: engine.build(pin, TARGET),
            base=self.folder,
        )
        return next(wheel for wheel in found if wheel.pin.name == "own")

    def failure(self, source: RequestSource, **settings: bool) -> str:
        with pytest.raises(DiagnosticError) as caught:
            self.resolve(source, **settings)
        (found,) = caught.value.diagnostics
        return f"{found.code.code} {found.message}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serve() as index:
        made = World(index, tmp_path)
        yield made
        made.host.close()


def picks(resolution: Resolution) -> list[str]:
    return [f"{pin.name} {pin.version}" for pin in resolution.pins]


def read_payload(wheel: CachedWheel) -> str:
    with open_wheel(wheel.path, shown=wheel.pin.file.filename) as archive:
        return archive.read("own/__init__.py").decode()


# Folders


def test_a_project_with_static_metadata_is_built_when_it_is_fetched(world: World) -> None:
    write(world.folder / "own", project(STATIC))
    resolution = world.resolve(PathSource("own", editable=True))
    assert picks(resolution) == ["b 1", "own 1.5"]
    assert world.builds == 0
    pin = resolution.find("own")
    assert pin is not None
    assert pin.file.source == PathSource("own", editable=True)
    assert (pin.file.kind, pin.file.filename, pin.requires_python) == (FileKind.SDIST, "", ">=3.9")
    wheel = world.fetch(resolution)
    assert wheel.pin.file.filename == "own-1.5-py3-none-any.whl"
    assert wheel.built_from == pin
    assert read_payload(wheel) == "x = '1'\n"
    assert world.builds == 1


def test_extras_of_a_project(world: World) -> None:
    write(world.folder / "own", project(STATIC))
    asked = Requirement("own", PathSource("own"), ("more",))
    assert picks(world.resolver().resolve([asked], TARGET)) == ["b 1", "c 1", "own 1.5"]


def test_a_project_with_dynamic_metadata_is_built_once(world: World) -> None:
    folder = write(world.folder / "own", project())
    first = world.resolve(PathSource("own"))
    assert picks(first) == ["b 1", "own 1.5"]
    assert read_payload(world.fetch(first)) == "x = '1'\n"
    assert world.resolve(PathSource("own")) == first
    assert world.builds == 1
    write(folder, {"payload.txt": "2"})
    assert read_payload(world.fetch(world.resolve(PathSource("own")))) == "x = '2'\n"
    assert world.builds == 2


def test_a_build_that_fails_is_shown(world: World) -> None:
    write(world.folder / "own", {**project(), "backend.py": "raise SystemExit('there is no compiler')"})
    with pytest.raises(DiagnosticError) as caught:
        world.resolve(PathSource("own"))
    (found,) = caught.value.diagnostics
    assert f"{found.code.code} {found.message}" == "PY438 `own` could not be built"
    assert any("there is no compiler" in note for note in found.notes)
    assert world.failure(PathSource("own"), build=False) == (
        "PY438 `own` would have to be built, and building is off"
    )


def test_a_project_under_another_name(world: World) -> None:
    write(world.folder / "own", project(STATIC))
    with pytest.raises(DiagnosticError) as caught:
        world.resolver().resolve([Requirement("other", PathSource("own"))], TARGET)
    assert caught.value.diagnostics[0].code.code in ("PY424", "PY429")


def test_a_wheel_for_another_machine_is_refused(world: World) -> None:
    write(world.folder / "own", project(STATIC, tag="cp311-cp311-linux_x86_64"))
    target = Target("windows-x86_64", (3, 11))
    pin = world.resolver().resolve([Requirement("own", PathSource("own"))], target).find("own")
    assert pin is not None
    with pytest.raises(DiagnosticError) as caught:
        world.resolver().build(pin, target)
    assert caught.value.diagnostics[0].message == (
        "`own` builds to `own-1.5-cp311-cp311-linux_x86_64.whl` on this machine, "
        "which does not fit windows-x86_64 3.11"
    )


# Source distributions


def test_a_source_distribution_serves_where_no_wheel_does(world: World) -> None:
    offer(world.index, build_wheel("own", "1.0"))
    offer(world.index, build_wheel("own", "1.5", tag="cp311-cp311-win_amd64"))
    world.index.add(File("own-1.5.tar.gz", sdist(project())))
    resolution = world.resolve(RegistryRequest())
    assert picks(resolution) == ["b 1", "own 1.5"]
    pin = resolution.find("own")
    assert pin is not None
    assert (pin.file.kind, pin.file.filename) == (FileKind.SDIST, "own-1.5.tar.gz")
    assert read_payload(world.fetch(resolution)) == "x = '1'\n"
    assert world.builds == 1
    assert picks(world.resolve(RegistryRequest(), build=False)) == ["own 1.0"]


def test_a_wheel_goes_before_a_source_distribution(world: World) -> None:
    world.index.add(File("own-1.5.tar.gz", sdist(project())))
    offer(world.index, build_wheel("own", "1.5"))
    pin = world.resolve(RegistryRequest()).find("own")
    assert pin is not None
    assert pin.file.filename == "own-1.5-py3-none-any.whl"
    assert world.builds == 0


def test_without_the_gil_an_older_wheel_goes_before_a_source(world: World) -> None:
    """Nobody has built the newer release for that build; with the GIL the newest is taken, as ever."""
    static = "Metadata-Version: 2.2\nName: own\nVersion: 1.5\n"
    world.index.add(File("own-1.5.tar.gz", sdist(project(), static)))
    offer(world.index, build_wheel("own", "1.0", tag="cp313-cp313t-manylinux_2_17_x86_64"))
    offer(world.index, build_wheel("own", "1.0", tag="cp313-cp313-manylinux_2_17_x86_64"))
    free, other = (Target("linux-x86_64", (3, 13), without) for without in (True, False))
    for target, specifier, version in ((other, "", "1.5"), (free, "", "1.0"), (free, ">1", "1.5")):
        asked = Requirement("own", RegistryRequest(specifier))
        assert picks(world.resolver().resolve([asked], target)) == [f"own {version}"], (target, specifier)


def test_static_metadata_of_a_source_distribution_need_no_build(world: World) -> None:
    static = "Metadata-Version: 2.2\nName: own\nVersion: 1.5\nRequires-Dist: c\n"
    world.index.add(File("own-1.5.tar.gz", sdist(project(), static)))
    assert picks(world.resolve(RegistryRequest())) == ["c 1", "own 1.5"]
    assert world.builds == 0


@pytest.mark.parametrize("kind", ["sdist", "folder"])
def test_metadata_that_a_backend_tells_need_no_build(world: World, kind: str) -> None:
    hook = """
import pathlib
def get_requires_for_build_wheel(config_settings=None):
    print("talks a lot")
    return []
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = pathlib.Path(directory, "own-1.5.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: own\\nVersion: 1.5\\nRequires-Dist: c\\n")
    return info.name
"""
    files = {**project(), "backend.py": hook}
    source: RequestSource = RegistryRequest()
    if kind == "sdist":
        world.index.add(File("own-1.5.tar.gz", sdist(files)))
    else:
        write(world.folder / "own", files)
        source = PathSource("own")
    resolution = world.resolve(source)
    assert picks(resolution) == ["c 1", "own 1.5"]
    with pytest.raises(DiagnosticError) as caught:
        world.fetch(resolution)
    assert caught.value.diagnostics[0].code.code == "PY438"


def test_a_source_distribution_offline(world: World) -> None:
    world.index.add(File("own-1.5.tar.gz", sdist(project())))
    first = world.resolve(RegistryRequest())
    world.fetch(first)
    asked = len(world.index.log)
    assert world.resolve(RegistryRequest(), offline=True) == first
    assert len(world.index.log) == asked
    world.cache.clear()
    assert world.failure(RegistryRequest(), offline=True).startswith("PY421 the index page of `own`")


@pytest.mark.parametrize(
    ("header", "static"),
    [
        ("Metadata-Version: 2.2\n", True),
        ("Metadata-Version: 2.5\nDynamic: Description\n", True),
        ("Metadata-Version: 2.2\nDynamic: Requires-Dist\n", False),
        ("Metadata-Version: 2.1\n", False),
        ("Name: own\n\nMetadata-Version: 2.2\n", False),
    ],
)
def test_which_metadata_are_static(header: str, static: bool) -> None:
    assert is_static(header.encode()) is static


def test_metadata_of_pyproject() -> None:
    text = """
[project]
name = "own"
version = "1.0.0"
dependencies = ["a>1", "b @ https://host.test/b-1.tar.gz"]
[project.optional-dependencies]
x = ["c ; python_version < '4' or os_name == 'nt'", "d"]
"""
    found = project_metadata(text.encode())
    assert found is not None
    assert found.decode().splitlines() == [
        "Metadata-Version: 2.2",
        "Name: own",
        "Version: 1.0.0",
        "Requires-Dist: a>1",
        "Requires-Dist: b @ https://host.test/b-1.tar.gz",
        "Provides-Extra: x",
        'Requires-Dist: c; (python_version < "4" or os_name == "nt") and extra == "x"',
        'Requires-Dist: d; extra == "x"',
    ]
    assert project_metadata(b"[project]\nname = 'own'\nversion = '1'\ndynamic = ['dependencies']") is None
    assert project_metadata(b"[project]\nname = 'own'\ndynamic = ['version']") is None
    assert project_metadata(b"[tool.x]") is None


# URLs


def test_a_wheel_by_url(world: World) -> None:
    built = build_wheel("own", "2.0", requires=["b"])
    offer(world.index, built)
    url = world.index.url.replace("/simple", f"/files/{built.filename}")
    resolution = world.resolve(UrlSource(url))
    assert picks(resolution) == ["b 1", "own 2.0"]
    pin = resolution.find("own")
    assert pin is not None
    assert pin.file.source == UrlSource(url)
    assert len(pin.file.hashes.sha256) == 64
    assert world.fetch(resolution).path.read_bytes() == built.content
    assert world.resolve(UrlSource(url), offline=True) == resolution
    assert world.failure(UrlSource(f"{url}#sha256={'0' * 64}")).startswith("PY427 ")


def test_a_dependency_may_name_a_url(world: World) -> None:
    built = build_wheel("d", "3", requires=["b"])
    offer(world.index, build_wheel("d", "9"))
    world.index.files["elsewhere"] = [File(built.filename, built.content)]
    url = world.index.url.replace("/simple", f"/files/{built.filename}")
    text = STATIC.replace("b ; python_version >= '3.9'", f"d @ {url}")
    write(world.folder / "own", project(text))
    assert picks(world.resolve(PathSource("own"))) == ["b 1", "d 3", "own 1.5"]


# Repositories


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = write(tmp_path / "repository", project(STATIC))

    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=t", "-c", "user.email=t@host.test", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    git("tag", "-a", "v1", "-m", "one")
    write(folder, {"payload.txt": "2"})
    git("commit", "--quiet", "-am", "two")
    return folder


def commit_of(repository: Path, rev: str) -> str:
    command = ["git", "rev-parse", f"{rev}^{{commit}}"]
    return subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("rev", "payload"), [("", "2"), ("main", "2"), ("v1", "1"), ("short", "1"), ("full", "1")]
)
def test_a_repository(world: World, repository: Path, rev: str, payload: str) -> None:
    commit = commit_of(repository, "v1" if payload == "1" else "main")
    asked = {"short": commit[:9], "full": commit}.get(rev, rev)
    source = GitSource(repository.as_uri(), asked)
    resolution = world.resolve(source)
    assert picks(resolution) == ["b 1", "own 1.5"]
    pin = resolution.find("own")
    assert pin is not None
    assert pin.file.source == GitSource(repository.as_uri(), asked, commit)
    assert read_payload(world.fetch(resolution)) == f"x = '{payload}'\n"
    # Everything is in the cache now, so that the repository is not needed any more.
    repository.rename(repository.with_name("gone"))
    assert world.resolve(source, offline=True) == resolution
    assert read_payload(world.fetch(resolution)) == f"x = '{payload}'\n"


def test_a_commit_is_kept_as_one_file(world: World, repository: Path) -> None:
    source = GitSource(repository.as_uri(), "v1")
    resolution = world.resolve(source)
    repository.rename(repository.with_name("gone"))
    # The metadata came from a bundle that the cache holds; the build reads it again.
    assert read_payload(world.fetch(resolution)) == "x = '1'\n"


def test_a_subdirectory_of_a_repository(world: World, tmp_path: Path, repository: Path) -> None:
    assert world.failure(GitSource(repository.as_uri(), "v1", subdirectory="sub")) == (
        f"PY428 `{repository.as_uri()}` holds no Python project in `sub`"
    )
    outside = GitSource(repository.as_uri(), "v1", subdirectory="../..")
    assert world.failure(outside).startswith("PY428 ")


@pytest.mark.parametrize("rev", ["nothing", "--upload-pack=touch x"])
def test_a_revision_there_is_not(world: World, repository: Path, rev: str) -> None:
    assert world.failure(GitSource(repository.as_uri(), rev)).startswith("PY437 cannot use the repository")


def test_a_repository_there_is_not(world: World, tmp_path: Path) -> None:
    url = (tmp_path / "nowhere").as_uri()
    assert world.failure(GitSource(url)).startswith("PY437 ")
    assert world.failure(GitSource(url), offline=True).startswith("PY421 ")
