"""The ABI tag policy: which wheels count, in which order, from the index to the environment."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from casefile import GOLDEN, Case, check_case, read_cases
from elf_builder import Elf, Module, Needed
from hypothesis import given
from hypothesis import strategies as st
from index_server import Built, Index, build_wheel, offer, serve
from installer.sources import WheelFile
from local_packages import Outcome, mochic

from mochic_py.compiler.audit.wheel_audit import audit_wheel
from mochic_py.compiler.cache import Cache
from mochic_py.compiler.host import Host
from mochic_py.compiler.install import find_interpreter, install
from mochic_py.compiler.locked import select_packages
from mochic_py.compiler.resolve.download import CachedWheel
from mochic_py.compiler.resolve.options import ResolveOptions
from mochic_py.compiler.resolve.resolver import InProcessResolver
from mochic_py.compiler.resolve.tags import PLATFORMS, name_for_installers, wheel_tags
from mochic_py.ir.diagnostics import DiagnosticError
from mochic_py.ir.dist import (
    AbiTagPolicy,
    DistFile,
    FileKind,
    Hashes,
    IndexSource,
    PathSource,
    Pin,
    RegistryRequest,
    Requirement,
    Target,
)
from mochic_py.ir.lock import Lock, LockedPackage, parse_target

RANKS = read_cases(GOLDEN / "resolve" / "tag_policies.md")


def read_case(case: Case) -> tuple[Target, list[str]]:
    """Return the target of `case`, and its wheels with a platform that the target has."""
    target = parse_target(case.blocks["target"].strip())
    assert target is not None
    platform = wheel_tags(target).platforms[-1]
    return target, [f"{tag}-{platform}" for tag in case.blocks["wheels"].splitlines()]


def best_first(target: Target, tags: list[str], policy: AbiTagPolicy) -> list[list[str]]:
    """Return the tags that count, those of one rank together."""
    ranks: dict[tuple[int, int], list[str]] = {}
    accepted = wheel_tags(target, policy)
    for tag in tags:
        rank = accepted.rank(tag)
        if rank is not None:
            ranks.setdefault(rank, []).append(tag)
    return [ranks[rank] for rank in sorted(ranks)]


@pytest.mark.parametrize("case", RANKS, ids=str)
def test_golden_order(case: Case, update_golden: bool) -> None:
    target, tags = read_case(case)
    columns = [best_first(target, tags, policy) for policy in AbiTagPolicy]
    lines = [f"{'':20}{''.join(f'{policy.value:>9}' for policy in AbiTagPolicy)}"]
    for tag in tags:
        places = [next((n for n, same in enumerate(c, 1) if tag in same), "-") for c in columns]
        lines.append(f"{tag.rpartition('-')[0]:20}{''.join(f'{place:>9}' for place in places)}")
    check_case(case, "order", "".join(f"{line}\n" for line in lines), update_golden)


TARGETS = st.builds(
    Target, st.sampled_from(PLATFORMS), st.tuples(st.just(3), st.integers(9, 17)), st.booleans()
).filter(lambda target: target.python >= (3, 13) or not target.free_threaded)


@given(TARGETS)
def test_policies_differ_in_nothing_but_the_tag(target: Target) -> None:
    legacy, new, both = (list(wheel_tags(target, policy)) for policy in AbiTagPolicy)
    assert not any("abi2026" in tag for tag in legacy)
    assert [tag for tag in new if "-abi2026-" not in tag] == legacy
    assert [tag for tag in both if "-abi2026-" not in tag] == legacy
    assert sorted(new) == sorted(both)
    has_platforms = bool(wheel_tags(target).platforms)
    assert (set(new) > set(legacy)) == (
        has_platforms and target.python >= (3, 14) and not target.free_threaded
    )


@given(TARGETS)
def test_the_tag_beats_abi3_under_one_policy_and_never_under_the_other(target: Target) -> None:
    for policy in (AbiTagPolicy.ABI2026, AbiTagPolicy.BOTH):
        abis = [abi for _, abi in wheel_tags(target, policy).native]
        first = [abi for abi in dict.fromkeys(abis) if abi in ("abi2026", "abi3")]
        if "abi2026" in abis:
            assert first == sorted(first, reverse=policy is AbiTagPolicy.BOTH)


# --- the index --------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An empty index, an empty cache, and an empty working folder."""
    with serve() as running:
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("MOCHIC_INDEX_URL", running.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        (tmp_path / "work").mkdir()
        monkeypatch.chdir(tmp_path / "work")
        yield running


def choose(target: Target, policy: AbiTagPolicy, *, refresh: bool = False) -> str:
    """Return the file that is chosen for `a`."""
    host = Host()
    options = ResolveOptions(abi_tag_policy=policy, build=False)
    resolver = InProcessResolver(host, Cache(host), options=options, refresh=refresh)
    try:
        pin = resolver.resolve([Requirement("a", RegistryRequest(""))], target).find("a")
    finally:
        host.close()
    assert pin is not None
    return pin.file.filename


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "html"])
@pytest.mark.parametrize("policy", AbiTagPolicy)
@pytest.mark.parametrize("case", RANKS, ids=str)
def test_the_index_serves_in_that_order(
    case: Case, policy: AbiTagPolicy, as_json: bool, index: Index
) -> None:
    target, tags = read_case(case)
    index.json = as_json
    for tag in tags:
        offer(index, build_wheel("a", "1", tag=tag))
    for same in best_first(target, tags, policy):
        chosen = choose(target, policy, refresh=True)
        assert chosen in {f"a-1-{tag}.whl" for tag in same}
        left = [file for file in index.files["a"] if file.filename not in {f"a-1-{tag}.whl" for tag in same}]
        index.files["a"] = left
    with pytest.raises(DiagnosticError) as caught:
        choose(target, policy, refresh=True)
    if not target.free_threaded:
        assert [each.code.code for each in caught.value.diagnostics] == ["PY426"]


def test_one_cached_page_serves_every_policy(index: Index) -> None:
    target = Target("linux-x86_64", (3, 14))
    for version, abi in (("1", "abi3"), ("2", "abi2026")):
        offer(index, build_wheel("a", version, tag=f"cp314-{abi}-manylinux_2_17_x86_64"))
    found = [choose(target, policy).split("-")[1] for policy in AbiTagPolicy]
    assert found == ["1", "2", "2"]
    assert index.count("/a/") == 1


TARGET = ("--target", "linux-x86_64", "--python", "3.14")


def test_uv_takes_the_wheel_under_the_name_that_it_is_given(tmp_path: Path) -> None:
    """What `pkg install` relies on: uv knows no `abi2026`, and looks at the name of a file for its tags."""
    built = build_wheel("pkg", "1.0", tag="cp314-abi2026-manylinux_2_17_x86_64")
    known = name_for_installers(built.filename)
    assert known == "pkg-1.0-cp314-abi3-manylinux_2_17_x86_64.whl"
    codes = []
    for name in (built.filename, known):
        folder = tmp_path / name.split("-")[3]
        folder.mkdir()
        (folder / name).write_bytes(built.content)
        command = [uv.find_uv_bin(), "pip", "install", "--offline", "--no-config", "--no-index"]
        command += ["--python-version", "3.14", "--python-platform", "x86_64-manylinux_2_28"]
        command += ["--python", sys.executable, "--target", tmp_path / "into", "--find-links", folder, "pkg"]
        codes.append(subprocess.run(command, capture_output=True, check=False).returncode)
    assert codes == [1, 0]
    assert (tmp_path / "into" / "pkg" / "__init__.py").exists()


@pytest.mark.skipif(find_interpreter((3, 13)) is None, reason="no CPython 3.13 is installed")
def test_such_a_wheel_is_installed(tmp_path: Path) -> None:
    """No Python that has the tag may be at hand: the wheel is for an older one, as no index has it."""
    built = build_wheel("pkg", "1.0", tag="cp312-abi2026-manylinux_2_17_x86_64")
    path = tmp_path / "blob"
    path.write_bytes(built.content)
    hashes = Hashes(hashlib.sha256(built.content).hexdigest())
    pin = Pin("pkg", "1.0", DistFile(built.filename, FileKind.WHEEL, IndexSource("default"), hashes))
    wheel = CachedWheel(pin, path, hashes, len(built.content))
    python = install(Host(), [wheel], Target("linux-x86_64", (3, 13)), tmp_path / "work")
    code = "import pkg, importlib.metadata as m; print(pkg.x, m.version('pkg'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 1.0\n"


@pytest.mark.parametrize(
    "name",
    ["pkg-1.0-py3-none-any.whl", "pkg-1.0-cp314-abi2026.abi3-win_amd64.whl", "abi2026-1-py3-none-any.whl"],
)
def test_other_names_stay(name: str) -> None:
    assert name_for_installers(name) == name


# --- commands ---------------------------------------------------------------------------

PLATFORM = "manylinux_2_17_x86_64"
NEEDED = [Needed("libc.so.6", (("memcpy", "GLIBC_2.14"),))]
_VOLATILE = re.compile(r"[0-9.]+ s$|\d+ of \d+(?= files)", re.MULTILINE)


def extension(tag: str, symbol: str = "PyList_New") -> Built:
    """A wheel `fast` 1.0 with a module of the stable ABI."""
    module = Elf([Module("_fast", ((2, 0x1234),))], NEEDED, [symbol]).build()
    return build_wheel("fast", "1.0", tag=tag, files={"fast/__init__.py": b"", "fast/_fast.abi3.so": module})


def write_wheels() -> None:
    Path("wheels").mkdir()
    proven = extension(f"cp312-abi3-{PLATFORM}")
    for wheel in (proven, extension(f"cp313-abi3-{PLATFORM}", "PyDict_SetDefault")):
        Path("wheels", wheel.filename).write_bytes(wheel.content)


def offer_wheels(index: Index) -> None:
    for version, *tags in (
        ("1.0", "cp312-abi3"),
        ("1.1", "cp312-abi3", "cp314-abi2026"),
        ("1.2", "cp314-abi2026"),
    ):
        for tag in tags:
            files = {"both/__init__.py": b"def go(x: int) -> str: return str(x)\n", "both/py.typed": b""}
            offer(index, build_wheel("both", version, tag=f"{tag}-{PLATFORM}", files=files))


@pytest.mark.parametrize("case", read_cases(GOLDEN / "cli" / "abi_tag_policy.md"), ids=str)
def test_golden_commands(case: Case, index: Index, update_golden: bool) -> None:
    offer_wheels(index)
    write_wheels()
    for name, text in case.blocks.items():
        if name in ("mochi.toml", "app.mochi"):
            Path(name).write_text(text, "utf-8")
    lines = []
    for command in case.blocks["commands"].splitlines():
        lines.append(f"$ {command}")
        if command.startswith("policy "):
            change_policy(command.split()[1])
        elif command == "files":
            pins = tomllib.loads(Path("mochi.lock").read_text("utf-8"))["python-package"]
            lines += [pin["filename"] for pin in pins]
        else:
            done = mochic(*command.split())
            lines += [*done.out.splitlines(), *done.err.splitlines()]
            lines += [f"exit {done.code}"] if done.code else []
    check_case(case, "session", _VOLATILE.sub("…", "".join(f"{line}\n" for line in lines)), update_golden)


def change_policy(value: str) -> None:
    path = Path("mochi.toml")
    text = path.read_text("utf-8")
    path.write_text(re.sub('abi-tag-policy = ".*"', f'abi-tag-policy = "{value}"', text), "utf-8")


# --- building ---------------------------------------------------------------------------

EXAMPLE = Path(__file__).parent.parent / "examples" / "package"
STEM = "mochi_pkg_greeting-0.1.0"


def make_package(folder: Path, policy: str, *tags: str, symbol: str = "PyList_New") -> Path:
    """Return a copy of the example with a module of the stable ABI in its compiled code."""
    package = Path(shutil.copytree(EXAMPLE, folder / policy, ignore=shutil.ignore_patterns("dist")))
    module = Elf([Module("_fast", ((2, 0x1234),))], NEEDED, [symbol]).build()
    (package / "compiled/src/mochi_user_greeting/_fast.abi3.so").write_bytes(module)
    path = package / "mochi.toml"
    text = path.read_text("utf-8").replace("[python]\n", f'[python]\nabi-tag-policy = "{policy}"\n')
    text = text.replace("[python.publish]\n", f"[python.publish]\nwheel-tags = {json.dumps(tags)}\n")
    path.write_text(text, "utf-8")
    return package


def build(package: Path, *options: str) -> Outcome:
    return mochic("pkg", "build", "--manifest", package / "mochi.toml", *options)


@pytest.mark.parametrize(
    ("policy", "abis"),
    [
        ("legacy", ["cp312-abi3", "cp313-abi3"]),
        ("abi2026", ["cp314-abi2026"]),
        ("both", ["cp312-abi3", "cp313-abi3", "cp314-abi2026"]),
    ],
)
def test_build_writes_what_the_policy_publishes(tmp_path: Path, policy: str, abis: list[str]) -> None:
    package = make_package(tmp_path, policy, *(f"{each}-{PLATFORM}" for each in ("cp312-abi3", "cp313-abi3")))
    outcome = build(package)
    assert outcome.code == 0, outcome.err
    wheels = sorted((package / "dist").glob("*.whl"))
    assert [wheel.name for wheel in wheels] == [f"{STEM}-{abi}-{PLATFORM}.whl" for abi in abis]
    assert (package / "dist" / f"{STEM}.tar.gz").exists()
    contents = []
    for wheel in wheels:
        with WheelFile.open(wheel) as opened:
            opened.validate_record(validate_contents=True)
        audit = audit_wheel(wheel, Host())
        assert audit.ok, audit.problems
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith(("/WHEEL", "/RECORD"))]
            contents.append({name: archive.read(name) for name in names})
    assert all(content == contents[0] for content in contents)
    again = build(package, "-o", str(tmp_path / "again"))
    assert again.code == 0
    assert [path.read_bytes() for path in wheels] == [
        path.read_bytes() for path in sorted((tmp_path / "again").glob("*.whl"))
    ]


@pytest.mark.parametrize("policy", ["abi2026", "both"])
def test_nothing_is_written_where_the_tag_is_not_proven(tmp_path: Path, policy: str) -> None:
    package = make_package(tmp_path, policy, f"cp313-abi3-{PLATFORM}", symbol="PyDict_SetDefault")
    outcome = build(package)
    assert outcome.code == 1
    assert "error[PY580]: the wheel keeps its tags: it uses what is not in the stable ABI" in outcome.err
    assert not (package / "dist").exists()


@pytest.mark.parametrize(
    ("oldest", "symbol", "reason"),
    [
        ("cp312", "PyList_New", ""),
        ("cp313", "PyDict_GetItemRef", ""),
        ("cp312", "PyDict_GetItemRef", "it uses what the stable ABI has from cp313 on, not in cp312"),
        ("cp312", "PyDict_SetDefault", "it uses what is not in the stable ABI: PyDict_SetDefault"),
    ],
)
def test_build_makes_wheels_for_the_stable_abi(tmp_path: Path, oldest: str, symbol: str, reason: str) -> None:
    """`abi3` holds for what is tagged for one CPython; where it is not proven, nothing is written."""
    package = make_package(tmp_path, "legacy", f"cp313-cp313-{PLATFORM}", symbol=symbol)
    path = package / "mochi.toml"
    asked = f'[python.publish]\nabi3 = true\nabi3-min-version = "{oldest}"\n'
    path.write_text(path.read_text("utf-8").replace("[python.publish]\n", asked), "utf-8")
    outcome = build(package, "--wheel")
    if reason:
        assert outcome.code == 1
        assert f"error[PY580]: the wheel keeps its tags: {reason}" in outcome.err
        assert not (package / "dist").exists()
        return
    assert outcome.code == 0, outcome.err
    (wheel,) = (package / "dist").iterdir()
    assert wheel.name == f"{STEM}-{oldest}-abi3-{PLATFORM}.whl"
    assert audit_wheel(wheel, Host()).ok


@pytest.mark.parametrize("tag", ["py3-none-any", f"cp313-cp313-{PLATFORM}"])
def test_other_wheels_are_the_same_under_every_policy(tmp_path: Path, tag: str) -> None:
    built = []
    for policy in AbiTagPolicy:
        package = make_package(tmp_path, policy.value, tag)
        assert build(package, "--wheel").code == 0
        (wheel,) = (package / "dist").iterdir()
        with zipfile.ZipFile(wheel) as archive:
            built.append((wheel.name, {name: archive.read(name) for name in archive.namelist()}))
    assert built[0][0] == f"{STEM}-{tag}.whl"
    assert built[0] == built[1] == built[2]


@pytest.mark.parametrize("policy", AbiTagPolicy)
def test_no_manifest_names_the_tag_itself(tmp_path: Path, policy: AbiTagPolicy) -> None:
    package = make_package(tmp_path, policy.value, f"cp314-abi2026-{PLATFORM}")
    outcome = build(package)
    assert outcome.code == 1
    assert "error[PY404]" in outcome.err
    assert "a wheel gets `abi2026` where its files prove it" in outcome.err
    assert not (package / "dist").exists()


# --- what else looks at tags ------------------------------------------------------------


@pytest.mark.parametrize("minor", [13, 14])
@pytest.mark.parametrize("policy", AbiTagPolicy)
def test_a_target_takes_its_file_of_a_lock_for_several(policy: AbiTagPolicy, minor: int) -> None:
    packages = []
    for abi in ("cp312-abi3", "cp314-abi2026"):
        file = DistFile(f"a-1-{abi}-{PLATFORM}.whl", FileKind.WHEEL, IndexSource("default"), Hashes("0" * 64))
        packages.append(LockedPackage(Pin("a", "1", file)))
    lock = Lock([], [], packages, abi_tag_policy=policy)  # type: ignore[arg-type]
    chosen = select_packages(lock, Target("linux-x86_64", (3, minor)))["a"].pin.file.filename
    is_new = policy is AbiTagPolicy.ABI2026 and minor == 14
    assert chosen.split("-")[3] == ("abi2026" if is_new else "abi3")


@pytest.mark.parametrize(
    ("tag", "symbol", "code"),
    [
        ("cp314-abi2026", "PyDict_SetDefault", "PY573"),
        ("cp314-abi2026", "PyList_New", ""),
        ("cp312-abi2026", "PyDict_GetItemRef", "PY574"),
    ],
)
def test_the_audit_holds_the_tag_to_the_stable_abi(tmp_path: Path, tag: str, symbol: str, code: str) -> None:
    built = extension(f"{tag}-{PLATFORM}", symbol)
    path = tmp_path / built.filename
    path.write_bytes(built.content)
    audit = audit_wheel(path, Host())
    assert [problem.code.code for problem in audit.problems] == ([code] if code else [])


@pytest.mark.parametrize("policy", AbiTagPolicy)
@pytest.mark.parametrize("place", ["wheels", "wheels/fast-1.0-cp314-abi2026-manylinux_2_17_x86_64.whl"])
def test_a_wheel_beside_the_program_needs_the_policy_too(
    place: str, policy: AbiTagPolicy, index: Index
) -> None:
    Path("wheels").mkdir()
    built = extension(f"cp314-abi2026-{PLATFORM}")
    Path("wheels", built.filename).write_bytes(built.content)
    host = Host()
    resolver = InProcessResolver(host, Cache(host), options=ResolveOptions(abi_tag_policy=policy))
    asked = Requirement("fast", PathSource(place))
    try:
        pins = resolver.resolve([asked], Target("linux-x86_64", (3, 14))).pins
        found = [pin.file.filename for pin in pins]
    except DiagnosticError as error:
        found = [each.code.code for each in error.diagnostics]
    finally:
        host.close()
    assert found == (["PY428"] if policy is AbiTagPolicy.LEGACY else [built.filename])
