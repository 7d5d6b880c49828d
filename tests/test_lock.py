"""`pkg lock` and what works from it, against a loopback index."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from casefile import GOLDEN, Case, check_case, read_cases
from index_server import Index, build_wheel, offer, serve
from local_packages import mochic
from packaging.pylock import Pylock
from packaging.tags import compatible_tags, cpython_tags, mac_platforms

from mochic_py.compiler.lockfile import read_lock
from mochic_py.ir.source import SourceFile

FILE = GOLDEN / "cli" / "lock.md"

TYPED = {"{}/__init__.py": b"def go(x: int) -> str: return str(x)\n", "{}/py.typed": b""}
# Digests and sizes of archives depend on the compressor, and versions on the release.
_VOLATILE = re.compile(
    r'(?P<key>wheel-sha256|wheel-blake3|pypi-simple-sha256|wrapper-sha256|shim-sha256)( = ")[0-9a-f]{64}'
)


def typed(name: str) -> dict[str, bytes]:
    return {path.format(name): content for path, content in TYPED.items()}


def add_packages(index: Index) -> None:
    """Offer `app-kit` (needs `leaf`, and `extra-leaf` with its extra), `bare` and its stubs, `compiled`,
    and `split`, whose newest version is for Windows.
    """
    offer(
        index,
        build_wheel(
            "app-kit",
            "1.0",
            files=typed("app_kit"),
            requires=["leaf>=1", "extra-leaf; extra == 'more'", "winleaf; sys_platform == 'win32'"],
            extras=["more"],
            requires_python=">=3.8",
        ),
    )
    for version in ("1.0", "1.1"):
        leaf = build_wheel("leaf", version, files={"leaf.py": b"import socket\n"})
        offer(index, leaf, sidecar=leaf.metadata)
    offer(index, build_wheel("extra-leaf", "0.1"))
    offer(index, build_wheel("winleaf", "0.2"))
    offer(index, build_wheel("bare", "2.0", files={"bare.py": b"def go(x): return x\n"}))
    stubs = {"bare-stubs/__init__.pyi": b"def go(x: int) -> int: ...\n"}
    offer(index, build_wheel("types-bare", "2.0.1", files=stubs, requires=["leaf"]))
    for tag in (
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp313-cp313-macosx_11_0_arm64",
        "cp313-cp313-win_amd64",
    ):
        offer(index, build_wheel("compiled", "3.0", files=typed("compiled"), tag=tag))
    offer(index, build_wheel("split", "1.0", files=typed("split")))
    offer(index, build_wheel("split", "2.0", files=typed("split"), tag="cp313-cp313-win_amd64"))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index with `add_packages`, an empty cache, and an empty working folder."""
    with serve() as running:
        add_packages(running)
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("MOCHIC_INDEX_URL", running.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield running


TARGET = ("--target", "linux-x86_64", "--python", "3.13")
MANIFEST = """[python-dependencies]
app-kit = ">=1"
bare = "*"

[python.capabilities]
net = true
"""
PROGRAM = 'import python "app-kit[more]" as kit\nimport python "bare" as bare\n'


def write(manifest: str = MANIFEST, program: str = PROGRAM) -> None:
    Path("mochi.toml").write_text(manifest.replace('"*"', '">=1"'), "utf-8")
    Path("app.mochi").write_text(program, "utf-8")


def lock(*arguments: str) -> str:
    """Lock for one platform and return the text of the lock."""
    done = mochic("pkg", "lock", *(arguments or TARGET))
    assert done.code == 0, done.err
    return Path("mochi.lock").read_text("utf-8")


@pytest.mark.parametrize("case", read_cases(FILE), ids=str)
def test_golden_locks(case: Case, index: Index, update_golden: bool) -> None:
    for name, text in case.blocks.items():
        if name in ("mochi.toml", "app.mochi", "mochi.lock"):
            Path(name).write_text(text, "utf-8")
    done = mochic("pkg", "lock", *case.blocks["arguments"].split())
    assert done.code == 0, done.err
    shown = _VOLATILE.sub(lambda m: f"{m['key']}{m[2]}…", Path("mochi.lock").read_text("utf-8"))
    shown = re.sub(r"^size = \d+$", "size = …", shown, flags=re.MULTILINE)
    shown = re.sub(r'^(generator|typeshed) = ".*"$', r'\1 = "…"', shown, flags=re.MULTILINE)
    check_case(case, "lock", shown, update_golden)
    assert "://" not in shown


def test_locking_again_changes_nothing_and_asks_nothing(index: Index) -> None:
    write()
    first = lock()
    index.log.clear()
    assert lock() == first
    assert lock("--offline") == first
    assert index.log == []


def test_a_universal_lock_serves_every_platform_and_stays(index: Index) -> None:
    write(program=PROGRAM + 'import python "split" as split\n')
    first = lock("--universal")
    locked = tomllib.loads(first)
    assert locked["python"]["targets"] == [
        f"{platform} 3.13" for platform in ("linux-aarch64", "linux-x86_64", "macos-arm64", "windows-x86_64")
    ]
    splits = [each["version"] for each in locked["python-package"] if each["name"] == "split"]
    assert splits == ["1.0"], "Windows prefers what the others can only take"
    index.log.clear()
    for arguments in ((), ("--universal",), ("--locked",), ("--locked", "--universal")):
        done = mochic("pkg", "lock", *arguments)
        assert done.code == 0, done.err
    assert (Path("mochi.lock").read_text("utf-8"), index.log) == (first, [])
    assert mochic("pkg", "lock", "--check").code == 0
    exported = tomllib.loads(export().read_text("utf-8"))
    assert len(exported["environments"]) == 4
    for version in ("3.13", "3.12"):
        done = mochic("pkg", "install", "--target", "linux-x86_64", "--python", version, "--locked")
        assert (done.code == 0) == (version == "3.13"), done.err
    write(MANIFEST + '[python]\nconstraints = ["leaf<1.1"]\n', PROGRAM)
    again = tomllib.loads(lock("--color", "never"))
    assert again["python"]["targets"] == locked["python"]["targets"]


def test_a_universal_lock_keeps_the_pythons_or_takes_other_ones(index: Index) -> None:
    write()
    lock("--target", "linux-x86_64", "--python", "3.12")
    found = tomllib.loads(lock("--universal"))["python"]["targets"]
    assert {text.partition(" ")[2] for text in found} == {"3.12"}
    assert len(found) == 4
    asked = ("--universal", "--target", "macos-arm64", "--python", "3.13", "--python", "3.13t")
    found = tomllib.loads(lock(*asked))["python"]["targets"]
    assert found == ["macos-arm64 3.13", "macos-arm64 3.13t"]


def test_the_bytes_do_not_depend_on_the_order_of_things(index: Index) -> None:
    write()
    first = lock()
    head, _, table = MANIFEST.partition("app-kit")
    kit, bare, *rest = f"app-kit{table}".splitlines(keepends=True)
    write(head + bare + kit + "".join(rest), "".join(reversed(PROGRAM.splitlines(keepends=True))))
    Path("mochi.lock").unlink()
    for files in index.files.values():
        files.reverse()
    assert lock() == first


def test_a_pin_that_fits_stays_until_it_is_upgraded(index: Index) -> None:
    write('[python-dependencies]\nleaf = "<1.1"\n[python.capabilities]\nnet = true\n', "")
    lock()
    write('[python-dependencies]\nleaf = ">=1"\n[python.capabilities]\nnet = true\n', "")
    assert 'version = "1.0"' in lock()
    done = mochic("pkg", "lock", "--upgrade", "leaf")
    assert (done.code, done.out) == (0, "  leaf 1.0 -> 1.1\n")
    offer(index, build_wheel("leaf", "1.2", files={"leaf.py": b"import socket, ctypes\n"}))
    mochic("cache", "clear")
    before = Path("mochi.lock").read_text("utf-8")
    refused = mochic("pkg", "lock", "--upgrade")
    assert refused.code == 1
    assert "error[PY550]" in refused.err
    assert "error[PY551]" in refused.err
    assert Path("mochi.lock").read_text("utf-8") == before
    write(
        '[python-dependencies]\nleaf = ">=1"\n[python.capabilities]\nnet = true\nctypes = true\n', program=""
    )
    assert mochic("pkg", "lock", "--upgrade", "--allow-capability", "ctypes").code == 0


def test_an_upgrade_shows_how_the_surface_changes(index: Index) -> None:
    table = "[python-dependencies]\nshape = '{}'\n"
    one = {"shape.pyi": b"def area(x: int) -> int: ...\ndef gone() -> None: ...\n"}
    two = {"shape.pyi": b"def area(x: float) -> float: ...\ndef edge(name: str) -> None: ...\n"}
    offer(index, build_wheel("shape", "1.0", files=one))
    offer(index, build_wheel("shape", "2.0", files=two))
    write(table.format("<2"), 'import python "shape" as shape\n')
    lock()
    write(table.format(">=1"), 'import python "shape" as shape\n')
    done = mochic("pkg", "lock", "--upgrade", "shape")
    assert done.out == (
        "  shape 1.0 -> 2.0\n"
        "shape 1.0 -> 2.0 as shape: 3 changes\n"
        "  - extern python fun area(x: int): int\n"
        "  + extern python fun area(x: float): float\n"
        "  + extern python fun edge(name: string): unit\n"
        "  - extern python fun gone(): unit\n"
    )


def test_what_is_no_longer_asked_for_goes(index: Index) -> None:
    write()
    assert "extra-leaf" in lock()
    write(program='import python "bare" as bare\n')
    after = lock()
    assert "extra-leaf" not in after
    assert 'name = "app-kit"' in after


def test_locked_names_what_changed_and_asks_nothing(index: Index) -> None:
    write()
    lock()
    index.log.clear()
    assert mochic("pkg", "lock", "--locked").code == 0
    write(program=PROGRAM + 'import python "leaf@>=1.1,<2" as leaf\nimport python "compiled" as c\n')
    done = mochic("pkg", "lock", "--locked")
    assert done.code == 1
    assert "`compiled`: it does not pin it" in done.err
    assert index.log == []


def test_compile_takes_its_pins_from_the_lock(index: Index) -> None:
    write(
        '[python-dependencies]\nleaf = "<1.1"\n[python.capabilities]\nnet = true\n',
        'import python "leaf" as leaf\n',
    )
    lock()
    write(
        '[python-dependencies]\nleaf = ">=1"\n[python.capabilities]\nnet = true\n',
        'import python "leaf" as leaf\n',
    )
    done = mochic("compile", "app.mochi", *TARGET, "--report", "json")
    assert [each["version"] for each in json.loads(done.out)["packages"]] == ["1.0"]
    Path("mochi.lock").unlink()
    done = mochic("compile", "app.mochi", *TARGET, "--report", "json")
    assert [each["version"] for each in json.loads(done.out)["packages"]] == ["1.1"]
    assert mochic("compile", "app.mochi", *TARGET, "--locked").code == 1


def test_a_locked_compile_asks_only_for_the_files(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    lock()
    offer(index, build_wheel("types-bare", "2.0.9", files={"bare-stubs/__init__.pyi": b""}))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    index.log.clear()
    done = mochic("compile", "app.mochi", "--manifest", "mochi.toml", *TARGET, "--locked")
    assert done.code == 0, done.err
    assert not any(line.endswith(".metadata") for line in index.log)
    assert index.count("types_bare-2.0.1-py3-none-any.whl") == 1
    assert index.count("types_bare-2.0.9-py3-none-any.whl") == 0


FLIPS = {
    "wheel-sha256": "bare",
    "wheel-blake3": "bare",
    "pypi-simple-sha256": "app-kit",
    "stub-sha256": "bare",
    "wrapper-sha256": "app-kit",
    "shim-sha256": "bare",
}


@pytest.mark.parametrize("field", FLIPS)
def test_check_finds_a_flipped_digit(field: str, index: Index) -> None:
    write()
    text = lock()
    assert mochic("pkg", "lock", "--check").code == 0
    head, name, tail = text.partition(f'name = "{FLIPS[field]}"\n')
    found = re.search(rf'^{field} = "(.)', tail, re.MULTILINE)
    assert found is not None
    at = found.start(1)
    digit = "0" if tail[at] != "0" else "1"
    Path("mochi.lock").write_text(head + name + tail[:at] + digit + tail[at + 1 :], "utf-8")
    done = mochic("pkg", "lock", "--check", "--format", "json")
    assert done.code == 1
    report = json.loads(done.out)
    assert [(each["package"], each["field"]) for each in report["differences"]] == [(FLIPS[field], field)]
    assert report["differences"][0]["expected"][0] == digit


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("size = ", "size = 1", "size"),
        ('capabilities = ["net"]', 'capabilities = ["fs"]', "capabilities"),
        ('aliases = ["kit"]', 'aliases = ["kut"]', "aliases"),
        ('distribution = "types-bare"', 'distribution = "bare"', "stub-provenance"),
        ('requires-python = ">=3.12"', 'requires-python = ">=3.13"', "requires-python"),
        ('"app-kit>=1"', '"app-kit>=1.0"', "requirements"),
    ],
)
def test_check_finds_other_changes(before: str, after: str, field: str, index: Index) -> None:
    write()
    text = lock()
    assert before in text
    Path("mochi.lock").write_text(text.replace(before, after, 1), "utf-8")
    done = mochic("pkg", "lock", "--check", "--format", "json")
    assert done.code == 1
    assert field in {each["field"] for each in json.loads(done.out)["differences"]}


def test_check_finds_what_changed_on_the_index(index: Index) -> None:
    write()
    lock()
    index.files["leaf"][1].yanked = "broken"
    mochic("cache", "clear")
    done = mochic("pkg", "lock", "--check")
    assert done.code == 1
    assert "leaf yanked: expected none, found yanked: broken (leaf-1.1-py3-none-any.whl)" in done.out


def test_check_finds_a_changed_wrapper_on_disk(index: Index) -> None:
    write()
    lock()
    assert mochic("pkg", "sync", "python", "-o", "out").code == 0
    assert mochic("pkg", "lock", "--check", "-o", "out").code == 0
    wrapper = Path("out/python_workspace/python_wrap/kit/app_kit_externs.py")
    wrapper.write_bytes(wrapper.read_bytes().replace(b"app_kit", b"app_kid", 1))
    done = mochic("pkg", "lock", "--check", "-o", "out", "--format", "json")
    assert [(each["field"], each["file"]) for each in json.loads(done.out)["differences"]] == [
        ("wrapper-sha256", "python_workspace/python_wrap/kit/app_kit_externs.py")
    ]


def test_a_mirror_serves_the_lock_unchanged(index: Index) -> None:
    write()
    text = lock()
    with serve() as mirror:
        mirror.files = index.files
        mirror.json = False
        mochic("cache", "clear")
        assert mochic("pkg", "lock", "--check", "--index-url", mirror.url).code == 0
        assert lock("--index-url", mirror.url) == text


def test_locks_of_two_branches_merge(index: Index) -> None:
    def lock_for(*names: str) -> str:
        entries = "".join(f'{name} = ">=0"\n' for name in sorted(names))
        write(f"[python-dependencies]\n{entries}[python.capabilities]\nnet = true\n", "")
        return lock()

    texts = {"base": lock_for("compiled", "leaf"), "ours": lock_for("app-kit", "compiled", "leaf")}
    Path("mochi.lock").write_text(texts["base"], "utf-8")
    texts["theirs"] = lock_for("compiled", "leaf", "winleaf")
    for name, text in texts.items():
        Path(name).write_text(text, "utf-8")
    merge = ["git", "merge-file", "-p", "ours", "base", "theirs"]
    merged = subprocess.run(merge, capture_output=True, text=True, check=True).stdout
    Path("mochi.lock").write_text(merged, "utf-8")
    assert lock_for("app-kit", "compiled", "leaf", "winleaf") == merged


def test_tree_and_why(index: Index) -> None:
    write()
    lock()
    assert mochic("pkg", "tree").out == (
        "app-kit[more] 1.0\n├── extra-leaf 0.1\n└── leaf 1.1\n"
        "bare 2.0\n└── types-bare 2.0.1 (stubs)\n    └── leaf 1.1\n"
    )
    assert mochic("pkg", "why", "Leaf").out == (
        "leaf 1.1\n"
        "  app-kit -> leaf  (asked for: app-kit>=1, app-kit[more]>=1)\n"
        "  bare -> types-bare -> leaf  (asked for: bare>=1)\n"
    )


def test_tree_and_why_as_json(index: Index) -> None:
    write()
    lock()
    (tree,) = json.loads(mochic("pkg", "tree", "--format", "json").out)["targets"]
    assert tree["asked"] == ["app-kit", "bare"]
    assert {(each["name"], each["version"]): each["needs"] for each in tree["packages"]} == {
        ("app-kit", "1.0"): ["extra-leaf", "leaf"],
        ("bare", "2.0"): ["types-bare"],
        ("extra-leaf", "0.1"): [],
        ("leaf", "1.1"): [],
        ("types-bare", "2.0.1"): ["leaf"],
    }
    assert json.loads(mochic("pkg", "why", "Leaf", "--format", "json").out) == {
        "schema": 1,
        "name": "leaf",
        "version": "1.1",
        "causes": [
            {"chain": ["app-kit", "leaf"], "asked": ["app-kit>=1", "app-kit[more]>=1"]},
            {"chain": ["bare", "types-bare", "leaf"], "asked": ["bare>=1"]},
        ],
    }


def test_outdated(index: Index) -> None:
    write('[python-dependencies]\nleaf = "<1.1"\n[python.capabilities]\nnet = true\n', "")
    lock()
    assert mochic("pkg", "outdated").out == "leaf 1.0 -> 1.1  (the requirements admit 1.0)\n"


def export(*arguments: str) -> Path:
    done = mochic("pkg", "export", "pylock", *arguments)
    assert done.code == 0, done.err
    return Path("pylock.toml")


def test_packaging_selects_the_locked_set_for_three_platforms(index: Index) -> None:
    write(program=PROGRAM + 'import python "compiled" as c\n')
    platforms = ("linux-x86_64", "macos-arm64", "windows-x86_64")
    lock(*(part for platform in platforms for part in ("--target", platform)), "--python", "3.13")
    parsed = Pylock.from_dict(tomllib.loads(export().read_text("utf-8")))
    for names, places, machine, expected in (
        (("posix", "linux", "Linux"), ["manylinux_2_17_x86_64"], "x86_64", "manylinux_2_17_x86_64"),
        (("posix", "darwin", "Darwin"), [*mac_platforms((14, 0), "arm64")], "arm64", "macosx_11_0_arm64"),
        (("nt", "win32", "Windows"), ["win_amd64"], "AMD64", "win_amd64"),
    ):
        environment = {
            "os_name": names[0],
            "sys_platform": names[1],
            "platform_system": names[2],
            "platform_machine": machine,
            "python_version": "3.13",
            "python_full_version": "3.13.0",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        tags = [*cpython_tags((3, 13), ["cp313"], places), *compatible_tags((3, 13), "cp313", places)]
        chosen = {
            package.name: source.filename  # type: ignore[union-attr]
            for package, source in parsed.select(environment=environment, tags=tags)  # type: ignore[arg-type]
        }
        wanted = {"app-kit", "bare", "compiled", "extra-leaf", "leaf"}
        if names[0] == "nt":
            wanted.add("winleaf")
        assert set(chosen) == wanted
        assert chosen["compiled"].endswith(f"-{expected}.whl")


def test_a_file_that_was_replaced_after_it_was_locked_is_refused(index: Index) -> None:
    write()
    text = lock()
    leaf = index.files["leaf"][1]
    leaf.content = build_wheel("leaf", "1.1", files={"leaf.py": b"import socket, os\n"}).content
    mochic("cache", "clear")
    write(MANIFEST + "ctypes = true\n", PROGRAM + 'import python "compiled" as c\n')
    done = mochic("pkg", "lock")
    assert done.code == 1
    assert "error[PY427]: `leaf-1.1-py3-none-any.whl` has another digest than the one locked" in done.err
    assert Path("mochi.lock").read_text("utf-8") == text
    assert mochic("pkg", "lock", "--upgrade", "leaf").code == 0


def test_a_wheel_beside_the_program_may_change(index: Index) -> None:
    Path("wheels").mkdir()
    built = build_wheel("near", "1.0", files=typed("near"))
    Path("wheels", built.filename).write_bytes(built.content)
    write('[python-dependencies]\nnear = { path = "wheels" }\n', 'import python "near" as near\n')
    first = lock()
    assert 'source = { path = "wheels/near-1.0-py3-none-any.whl" }' in first
    assert mochic("pkg", "lock", "--check").code == 0
    other = build_wheel("near", "1.0", files={**typed("near"), "near/more.py": b"x: int = 1\n"})
    Path("wheels", built.filename).write_bytes(other.content)
    done = mochic("pkg", "lock", "--check", "--format", "json")
    assert "wheel-sha256" in {each["field"] for each in json.loads(done.out)["differences"]}
    assert lock() != first
    assert mochic("pkg", "lock", "--check").code == 0


@pytest.mark.parametrize("form", ["urls", "paths"])
@pytest.mark.parametrize("tool", ["uv", "uv-sync", "pip"])
def test_other_tools_install_the_locked_set(form: str, tool: str, index: Index, tmp_path: Path) -> None:
    major, minor = sys.version_info[:2]
    write(MANIFEST + f'\n[python]\nrequires-python = ">=3.{minor}"\n')
    lock("--python", f"{major}.{minor}")
    path = export(*(["--relative-to", "."] if form == "paths" else []))
    environment = tmp_path / "environment"
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, environment], check=True)
    python = str(environment / "bin" / "python")
    commands = {
        "uv": [
            uv.find_uv_bin(),
            "pip",
            "install",
            "--preview-features",
            "pylock",
            "--python",
            python,
            "-r",
            path,
        ],
        "uv-sync": [
            uv.find_uv_bin(),
            "pip",
            "sync",
            "--preview-features",
            "pylock",
            "--python",
            python,
            path,
        ],
        "pip": [sys.executable, "-m", "pip", "--python", python, "install", "--no-cache-dir", "-r", path],
    }
    done = subprocess.run(commands[tool], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [uv.find_uv_bin(), "pip", "list", "--python", python, "--format", "json"],
        capture_output=True,
        check=True,
    )
    installed = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    assert installed == {"app-kit": "1.0", "bare": "2.0", "extra-leaf": "0.1", "leaf": "1.1"}


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_pylock_files_of_other_tools_are_read(tool: str, index: Index) -> None:
    write('[python-dependencies]\nleaf = ">=1"\n[python.capabilities]\nnet = true\n', "")
    Path("in.txt").write_text("leaf<1.1\n", "utf-8")
    commands = {
        "uv": [
            *(
                uv.find_uv_bin(),
                "pip",
                "compile",
                "-q",
                "in.txt",
                "--format",
                "pylock.toml",
                "-o",
                "pylock.toml",
            ),
            *("--default-index", index.url, "--no-python-downloads", "--python", sys.executable),
        ],
        "pip": [
            sys.executable,
            "-m",
            "pip",
            "lock",
            "-q",
            "-r",
            "in.txt",
            "-i",
            index.url,
            "-o",
            "pylock.toml",
        ],
    }
    done = subprocess.run(commands[tool], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'version = "1.0"' in lock("--pylock", "pylock.toml")


def test_every_lock_written_here_is_read_without_complaint(index: Index) -> None:
    write()
    found, problems = read_lock(SourceFile("mochi.lock", lock()))
    assert problems == ()
    assert found is not None
    assert found.runtime_names == {"app-kit", "bare", "extra-leaf", "leaf"}
