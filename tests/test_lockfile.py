"""Lock files as text: what is written is read back, other owners' bytes stay, nothing breaks the reader."""

from __future__ import annotations

import random
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock as StandardPylock

from mochic_py.backends.lockfile import emit_lock
from mochic_py.backends.pylock import emit_pylock
from mochic_py.compiler.frontends.pylock import read_pylock
from mochic_py.compiler.lockfile import read_lock, splice_lock
from mochic_py.ir.binary import GilVerdict
from mochic_py.ir.dist import (
    AbiTagPolicy,
    DistFile,
    FileKind,
    GitSource,
    Hashes,
    IndexSource,
    PathSource,
    Pin,
    Target,
    Tier,
    UrlSource,
)
from mochic_py.ir.lock import Lock, LockedPackage, StubProvenance
from mochic_py.ir.pylock import Archive, Directory, Files, LockedFile, Pylock, PylockPackage, Repository
from mochic_py.ir.source import SourceFile

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True)
VERSIONS = st.sampled_from(["0", "1.0", "2.0.post1", "1!3.0rc1", "4.0+local.1"])
DIGESTS = st.sampled_from(["0" * 64, "9f" * 32, "abcdef01" * 8])
MAYBE_DIGEST = st.one_of(st.just(""), DIGESTS)
MARKERS = st.sampled_from(["", 'sys_platform == "win32"', 'python_version == "3.13" and os_name == "posix"'])
TARGETS = st.builds(
    Target,
    st.sampled_from(["linux-x86_64", "macos-arm64", "wasi-p2"]),
    st.tuples(st.just(3), st.integers(8, 20)),
    st.booleans(),
)
MODULES = st.one_of(NAMES, st.sampled_from(["a b.c", "pkg._x"]))
VERDICTS = st.dictionaries(MODULES, st.sampled_from(GilVerdict), max_size=3).map(
    lambda found: tuple(sorted(found.items()))
)
SOURCES = st.one_of(
    st.builds(IndexSource, TEXT),
    st.builds(UrlSource, TEXT),
    st.builds(GitSource, TEXT, st.one_of(st.just(""), TEXT), st.one_of(st.just(""), TEXT)),
    st.builds(PathSource, TEXT, st.booleans()),
)


def sorted_names(*, max_size: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(NAMES, max_size=max_size).map(lambda found: tuple(sorted(found)))


@st.composite
def locked_packages(draw: st.DrawFn, name: str) -> LockedPackage:
    version, requires_python = draw(VERSIONS), draw(st.sampled_from(["", ">=3.8", ">=3.9,!=3.10.1"]))
    filename = draw(st.sampled_from([f"{name}-1-py3-none-any.whl", f"{name}-1.tar.gz"]))
    file = DistFile(
        filename,
        FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
        draw(SOURCES),
        Hashes(draw(DIGESTS), draw(MAYBE_DIGEST)),
        draw(st.one_of(st.none(), st.integers(0, 2**40))),
        requires_python,
        draw(st.one_of(st.none(), st.just(""), TEXT)),
    )
    stubs = st.builds(StubProvenance, st.sampled_from(Tier), NAMES, VERSIONS)
    return LockedPackage(
        Pin(name, version, file, draw(sorted_names()), draw(sorted_names()), requires_python),
        draw(MAYBE_DIGEST),
        draw(MARKERS),
        draw(sorted_names()),
        draw(st.one_of(st.none(), stubs)),
        draw(MAYBE_DIGEST),
        draw(MAYBE_DIGEST),
        draw(MAYBE_DIGEST),
        draw(sorted_names()),
        draw(sorted_names()),
        draw(MAYBE_DIGEST),
        draw(st.one_of(st.just(""), TEXT)),
        gil := draw(st.one_of(st.none(), VERDICTS)),
        tuple(name for name, _ in gil or () if draw(st.booleans())),
    )


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    names = draw(st.sets(NAMES, max_size=5))
    return Lock(
        draw(st.lists(TARGETS, max_size=3)),
        draw(st.lists(TEXT, max_size=3)),
        [draw(locked_packages(name)) for name in sorted(names)],
        draw(st.sampled_from(["", ">=3.12"])),
        draw(st.one_of(st.just(""), TEXT)),
        draw(st.one_of(st.just(""), TEXT)),
        draw(st.sampled_from(AbiTagPolicy)),
        draw(st.one_of(st.just(""), TEXT)),
    )


def read(text: str) -> Lock:
    found, problems = read_lock(SourceFile("mochi.lock", text))
    assert problems == ()
    assert found is not None
    return found


@given(locks())
def test_a_lock_that_is_written_is_read_back(lock: Lock) -> None:
    assert read(emit_lock(lock)) == lock


@given(locks(), st.randoms())
def test_the_bytes_do_not_depend_on_order(lock: Lock, chance: random.Random) -> None:
    parts = [list(lock.targets), list(lock.requirements), list(lock.packages)]
    for part in parts:
        chance.shuffle(part)
    targets, requirements, packages = parts
    shuffled = Lock(
        targets,  # type: ignore[arg-type]
        requirements,  # type: ignore[arg-type]
        packages,  # type: ignore[arg-type]
        lock.requires_python,
        lock.resolver,
        lock.generator,
        lock.abi_tag_policy,
        lock.typeshed,
    )
    assert emit_lock(shuffled) == emit_lock(lock)


def foreign(*tables: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(tables), max_size=3, unique=True).map("".join)


BEFORE = foreign(
    "# a comment\n",
    "[[package]]\nname = 'x'  \n",
    '[metadata]\ntext = """\n[python]\n[[python-package]]\n"""\n',
    '[target."a.b"]\n\n\nkey = [\n  [1], # [python]\n]\n',
)
AFTER = foreign(
    "# about the next\n  [indented]\nx = 1\n\n",
    "['python.like']\r\ny = 2\r\n",
    "[pythonic]\nz = {a = [1, 2]}\n",
    "[a.python]\n[[a.python-package]]\nname = 'q'",
)


@given(locks(), locks(), st.sampled_from(["", "version = 1\n", "# top\n\nversion = 1\n\n"]), BEFORE, AFTER)
def test_the_bytes_of_others_stay(old: Lock, new: Lock, top: str, before: str, after: str) -> None:
    after = after.replace("'q'[", "'q'\n[").replace("'q'#", "'q'\n#").replace("'q'  ", "'q'\n")
    text = splice_lock(top + before, old) + (f"\n{after}" if after else "")
    spliced = splice_lock(text, new)
    assert read(spliced) == new
    assert spliced.startswith(top + before)
    assert spliced.endswith(after)
    middle = spliced[len(top + before) : len(spliced) - len(after)]
    assert middle.strip("\n") == emit_lock(new).strip("\n")
    assert splice_lock(spliced, new) == spliced


def test_a_lock_joins_a_file_without_a_last_line_end() -> None:
    lock = Lock([Target()], [], [])  # type: ignore[arg-type]
    assert splice_lock("version = 1", lock) == f"version = 1\n\n{emit_lock(lock)}"


SAMPLE = """[python]
schema-version = 1
targets = ["linux-x86_64 3.13"]
requirements = ["sample>=1"]

[[python-package]]
name = "sample"
version = "1.0"
source = { index = "default" }
filename = "sample-1.0-py3-none-any.whl"
size = 10
wheel-sha256 = "%s"
dependencies = ["other"]
markers = "sys_platform == 'linux'"
stub-provenance = { tier = "stubs", distribution = "types-sample", version = "1" }
""" % ("0" * 64)


@given(st.integers(0, len(SAMPLE) - 1), st.sampled_from(list("\"'[]{}=#\n,.x0-\x00é\ud800")), st.booleans())
def test_nothing_breaks_the_reader(place: int, ch: str, replace: bool) -> None:
    text = SAMPLE[:place] + ch + SAMPLE[place + replace :]
    found, problems = read_lock(SourceFile("mochi.lock", text))
    assert found is None or problems == ()
    for problem in problems:
        assert problem.code.code in {"PY119", "PY441", "PY442", "PY443", "PY444", "PY445"}
        assert problem.span is not None


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("schema-version = 1", "", "PY442", 1),
        ('"linux-x86_64 3.13"', '"linux-x86_64 2.7"', "PY443", 3),
        ('"linux-x86_64 3.13"', "7", "PY443", 3),
        ('name = "sample"', 'name = "Sample"', "PY443", 7),
        ('name = "sample"\n', "", "PY443", 6),
        ('{ index = "default" }', "{}", "PY443", 9),
        ('{ index = "default" }', '{ index = "a", url = "b" }', "PY443", 9),
        ('{ index = "default" }', '"default"', "PY443", 9),
        ("size = 10", "size = -1", "PY443", 11),
        ("size = 10", "size = true", "PY443", 11),
        ("0000", "00G0", "PY443", 12),
        ("sys_platform ==", "sys_platform", "PY443", 14),
        ('tier = "stubs"', 'tier = "guess"', "PY443", 15),
        ('tier = "stubs", ', "", "PY443", 15),
        ('version = "1" }', 'version = "1", more = 2 }', "PY444", 15),
        ("[python]", "[python]\nextra = 1", "PY444", 2),
        ("size = 10", 'size = 10\ngil = "used"', "PY443", 12),
        ("size = 10", 'size = 10\ngil = "never"', "PY443", 12),
        ("size = 10", 'size = 10\ngil-modules = ["a used"]', "PY443", 6),
        ("size = 10", 'size = 10\ngil = "used"\ngil-modules = ["a use"]', "PY443", 13),
        ("size = 10", 'size = 10\ngil = "used"\ngil-modules = ["a used", "a unknown"]', "PY443", 13),
        ("size = 10", 'size = 10\ngil = "none"\ngil-confirmed = ["a"]', "PY443", 13),
        ("[python]", "python.x = 1\n[other]", "PY443", 1),
        ("[[python-package]]", "[python-package]", "PY443", 6),
        ("[python]\n", "[other]\n", "PY442", 6),
        ("[python]", '[python]\nabi-tag-policy = "abi2027"', "PY443", 2),
        ("[python]", "[python]\nabi-tag-policy = 2026", "PY443", 2),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(old: str, new: str, code: str, line: int) -> None:
    assert old in SAMPLE
    found, problems = read_lock(SourceFile("mochi.lock", SAMPLE.replace(old, new, 1)))
    assert found is None
    assert [(each.code.code, each.span.line if each.span else 0) for each in problems] == [(code, line)]


@pytest.mark.parametrize("policy", AbiTagPolicy)
def test_the_policy_is_read_back_and_legacy_where_it_is_missing(policy: AbiTagPolicy) -> None:
    line = f'abi-tag-policy = "{policy.value}"'
    assert read(SAMPLE.replace("[python]", f"[python]\n{line}", 1)).abi_tag_policy is policy
    assert line in emit_lock(Lock([], [], [], abi_tag_policy=policy)).splitlines()  # type: ignore[arg-type]
    assert read(SAMPLE).abi_tag_policy is AbiTagPolicy.LEGACY


@pytest.mark.parametrize(
    "source", ['{ path = "../sample" }', '{ git = "https://h.example/s", commit = "1a" }']
)
def test_a_project_has_no_file(source: str) -> None:
    lines = [
        line for line in SAMPLE.splitlines() if not line.startswith(("filename", "size", "wheel-sha256"))
    ]
    text = "\n".join(lines).replace('{ index = "default" }', source) + "\n"
    package = read(text).packages[0]
    assert (package.pin.file.filename, package.pin.file.hashes) == ("", Hashes(""))


def test_a_file_without_a_python_part_holds_no_lock() -> None:
    assert read_lock(SourceFile("mochi.lock", "version = 1\n[[package]]\n")) == (None, ())
    assert read_lock(SourceFile("mochi.lock", "")) == (None, ())


HASHES = DIGESTS.map(lambda digest: (("sha256", digest),))


@st.composite
def files(draw: st.DrawFn, filename: str, where: str) -> LockedFile:
    url = f"https://files.example/{filename}" if where != "path" else ""
    path = f"wheels/{filename}" if where != "url" else ""
    when = draw(st.sampled_from(["", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.600000Z"]))
    size = draw(st.one_of(st.none(), st.integers(0, 2**40)))
    return LockedFile(filename, url, path, size, draw(HASHES), draw(MAYBE_DIGEST), when)


@st.composite
def pylock_packages(draw: st.DrawFn, name: str) -> PylockPackage:
    stem = name.replace("-", "_")
    wheel, sdist = f"{stem}-1.0-py3-none-any.whl", f"{stem}-1.0.tar.gz"
    where = st.sampled_from(["url", "path", "both"])
    origin = draw(
        st.one_of(
            st.builds(
                Files,
                st.sampled_from(["", "https://index.example/simple"]),
                st.tuples(where.flatmap(lambda each: files(wheel, each))),
                st.one_of(st.none(), where.flatmap(lambda each: files(sdist, each))),
            ),
            st.builds(Archive, st.sampled_from(["url", "path"]).flatmap(lambda each: files(wheel, each))),
            st.builds(Directory, NAMES, st.booleans(), st.one_of(st.just(""), NAMES)),
            st.builds(
                Repository, st.just("git"), DIGESTS, TEXT.map(lambda text: f"https://h.example/{text}")
            ),
        )
    )
    return PylockPackage(
        name,
        draw(st.sampled_from(["1.0", "2!3.1"])) if not isinstance(origin, Files) else "1.0",
        origin,
        draw(MARKERS),
        draw(st.sampled_from(["", ">=3.8"])),
        draw(sorted_names()),
    )


@st.composite
def pylocks(draw: st.DrawFn) -> Pylock:
    names = sorted(draw(st.sets(NAMES, max_size=4)))
    return Pylock(
        tuple(draw(pylock_packages(name)) for name in names),
        draw(st.sampled_from(["", ">=3.12"])),
        draw(st.sampled_from([(), ('sys_platform == "linux"',)])),
        draw(TEXT),
    )


@given(pylocks())
def test_a_pylock_that_is_written_is_read_back(lock: Pylock) -> None:
    text = emit_pylock(lock)
    StandardPylock.from_dict(tomllib.loads(text)).validate()
    found, problems = read_pylock(SourceFile("pylock.toml", text))
    assert problems == ()
    assert found == lock
