"""What the code of a build sees: no credentials, no home, none of the user's other variables."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_server import File, Index, build_wheel, offer, serve
from test_resolve_sources import BACKEND, write

from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.resolve.build_environment import clean_environment
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import PathSource, RegistryRequest, RequestSource, Requirement, Target

TARGET = Target("linux-x86_64", (3, 11))
PYPROJECT = """
[build-system]
requires = [{}]
build-backend = "backend"
backend-path = ["."]
"""
# Writes down what it can reach, then builds.
DUMP = (
    BACKEND.replace("TAG", "py3-none-any")
    + """
import json
own_wheel = build_wheel

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import helper
    found = {"environ": dict(os.environ), "home": os.listdir(os.path.expanduser("~")), "helper": helper.x}
    pathlib.Path(os.environ["TMPDIR"], "dump.json").write_text(json.dumps(found))
    return own_wheel(wheel_directory)
"""
)
SECRET = "s3cr3t-of-the-index"


@pytest.fixture
def index() -> Iterator[Index]:
    with serve() as running:
        offer(running, build_wheel("helper", "1", files={"helper.py": b"x = 'from the index'\n"}))
        offer(running, build_wheel("b", "1"))
        yield running


@pytest.fixture
def host(index: Index, tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n", "utf-8")
    (tmp_path / "tmp").mkdir()
    made = Host(
        environ={
            "PATH": Host().environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "UV_CACHE_DIR": str(tmp_path / "uv-cache"),
            "MOCHIC_INDEX_URL": index.url.replace("//", f"//me:{SECRET}@"),
            "MOCHIC_INDEX_CORP_PASSWORD": SECRET,
            "UV_INDEX_CORP_PASSWORD": SECRET,
            "PIP_INDEX_URL": f"http://me:{SECRET}@127.0.0.1/simple",
            "GITHUB_TOKEN": SECRET,
            "CC": "cc",
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": "1600000000",
            "NO_PROXY": "127.0.0.1",
            "https_proxy": f"http://me:{SECRET}@127.0.0.1:9",
        }
    )
    yield made
    made.close()


def build(host: Host, tmp_path: Path, source: RequestSource) -> None:
    engine = InProcessResolver(host, Cache(host, tmp_path / "cache", "1.0"), base=tmp_path)
    pin = engine.resolve([Requirement("own", source)], TARGET).find("own")
    assert pin is not None
    engine.build(pin, TARGET)


def test_a_backend_sees_only_what_a_build_needs(index: Index, host: Host, tmp_path: Path) -> None:
    write(tmp_path / "own", {"pyproject.toml": PYPROJECT.format('"helper"'), "backend.py": DUMP})
    write(tmp_path / "own", {"payload.txt": "1"})
    build(host, tmp_path, PathSource("own"))
    text = (tmp_path / "tmp" / "dump.json").read_text("utf-8")
    found = json.loads(text)
    assert found["helper"] == "from the index"
    assert any(found for found in index.authorizations), "uv fetched the requirement with credentials"
    assert SECRET not in text
    environ = found["environ"]
    assert set(environ) - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"} == {
        *("PATH", "HOME", "USERPROFILE", "TMPDIR", "CC", "LC_ALL", "SOURCE_DATE_EPOCH", "NO_PROXY"),
        *("https_proxy", "RUSTUP_HOME"),
    }
    assert environ["https_proxy"] == "http://127.0.0.1:9"
    assert environ["HOME"] != host.environ["HOME"]
    assert found["home"] == []
    assert environ["PATH"].endswith(host.environ["PATH"])
    assert Path(environ["PATH"].partition(":")[0]).name == "bin"


def test_a_build_requirement_is_never_built_with_credentials(
    index: Index, host: Host, tmp_path: Path
) -> None:
    dump = "import os, pathlib\npathlib.Path(os.environ['TMPDIR'], 'ran').write_text('')\n"
    index.add(File("tool-1.tar.gz", archive("tool-1", {"setup.py": dump, "PKG-INFO": "Name: tool\n"})))
    write(tmp_path / "own", {"pyproject.toml": PYPROJECT.format('"tool"'), "backend.py": DUMP})
    with pytest.raises(DiagnosticError) as caught:
        build(host, tmp_path, PathSource("own"))
    assert caught.value.diagnostics[0].code.code == "PY438"
    assert not (tmp_path / "tmp" / "ran").exists()
    assert not any(SECRET in str(found) for found in caught.value.diagnostics)


@pytest.mark.parametrize("member", ["../outside.py", "/outside.py"])
def test_the_gate_comes_before_the_code(index: Index, host: Host, tmp_path: Path, member: str) -> None:
    """Metadata are dynamic, so that the backend would run while versions are chosen."""
    files = {"pyproject.toml": PYPROJECT.format('"helper"'), "backend.py": DUMP, "payload.txt": "1"}
    files["PKG-INFO"] = "Metadata-Version: 2.1\nName: own\nVersion: 1.5\n"
    index.add(File("own-1.5.tar.gz", archive("own-1.5", files, extra=member)))
    with pytest.raises(DiagnosticError) as caught:
        build(host, tmp_path, RegistryRequest())
    assert caught.value.diagnostics[0].code.code.startswith("PY")
    assert caught.value.diagnostics[0].code.code != "PY438"
    assert not (tmp_path / "tmp" / "dump.json").exists()


@pytest.mark.parametrize("option", ["--index-url=http://127.0.0.1:9", "-e .", " -r other.txt"])
def test_a_build_requirement_cannot_be_an_option(host: Host, tmp_path: Path, option: str) -> None:
    write(tmp_path / "own", {"pyproject.toml": PYPROJECT.format(f'"{option}"'), "backend.py": DUMP})
    with pytest.raises(DiagnosticError) as caught:
        build(host, tmp_path, PathSource("own"))
    assert "`build-system.requires` of pyproject.toml is not a list of requirements" in (
        caught.value.diagnostics[0].notes
    )


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://me:secret@proxy:3128", "http://proxy:3128"),
        ("me:secret@proxy:3128", "proxy:3128"),
        ("http://me:a@b@proxy:3128/", "http://proxy:3128/"),
        ("proxy:3128", "proxy:3128"),
    ],
)
def test_proxies_lose_their_credentials(proxy: str, shown: str) -> None:
    assert clean_environment({"HTTP_PROXY": proxy}, Path("home"))["HTTP_PROXY"] == shown


def archive(top: str, files: dict[str, str], extra: str = "") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        members = {f"{top}/{name}": text for name, text in files.items()}
        for name, text in {**members, **({extra: ""} if extra else {})}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            packed.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()
