"""Every page of a diagnostic has an example under `## Example`, and the example is run.

A block whose name has a `/` is a file of the wheel `sample` 1.0; any other name with a `.` is a
file of the working folder; `arguments` is the command line (`compile app.mochi` without it), and
`stderr` what it writes there. `_ARRANGE` does what no text can show.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from casefile import GOLDEN, Case, check_case, read_cases
from index_server import File, Index, build_wheel, offer, pack, serve
from local_packages import mochic

PAGES = sorted((GOLDEN / "diagnostics").glob("PY*.md"))

WITHOUT_EXAMPLE = {
    "PY203": "comes with the stubs of another distribution, `tests/test_stub_search.py` shows it",
    "PY409": "comes from `pkg remove`, `golden/frontends/manifest_edit.md` shows it",
    "PY429": "the resolver passes over such a file; `tests/test_index.py` shows it",
    "PY431": "a disk would have to be full",
    "PY432": "a program of this installation would have to be missing",
    "PY433": "the command line refuses unknown targets itself; only the library reports it",
    "PY435": "uv would have to fail on wheels that it was made for",
    "PY503": "the wheel would have to be large",
    "PY600": "a fault of the compiler, `test_cli.py` puts one into it",
}


_METADATA = b"Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"


def _break_page(index: Index) -> None:
    index.page = lambda name: ("application/vnd.pypi.simple.v1+json", b"{")


def _fail(index: Index) -> None:
    index.failures = [(403, {})] * 10


def _replace(**settings: object) -> Callable[[Index], None]:
    def arrange(index: Index) -> None:
        index.files.clear()
        offer(index, build_wheel("sample", "1.0", **settings))  # type: ignore[arg-type]

    return arrange


def _wrong_digest(index: Index) -> None:
    index.files["sample"][0].sha256 = "0" * 64


def _no_zip(index: Index) -> None:
    index.files["sample"] = [File("sample-1.0-py3-none-any.whl", b"no wheel\n" * 99, sidecar=_METADATA)]


def _two_versions(index: Index) -> None:
    offer(index, build_wheel("sample", "2.0"))


def _outside(index: Index) -> None:
    built = pack({"../outside.py": b"", "sample-1.0.dist-info/METADATA": b"Name: sample\nVersion: 1.0\n"})
    index.files["sample"] = [File("sample-1.0-py3-none-any.whl", built)]


def _anonymous(index: Index) -> None:
    built = pack({"sample/__init__.py": b"", "sample-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\n"})
    index.files["sample"] = [File("sample-1.0-py3-none-any.whl", built, sidecar=_METADATA)]


def _not_utf8(index: Index) -> None:
    Path("app.mochi").write_bytes(b"// caf\xe9\n")


_ARRANGE: dict[str, Callable[[Index], None]] = {
    "PY119": _not_utf8,
    "PY204": _replace(files={"sample.txt": b""}),
    "PY420": _fail,
    "PY423": _break_page,
    "PY425": _two_versions,
    "PY426": _replace(tag="cp39-cp39-win32"),
    "PY427": _wrong_digest,
    "PY501": _no_zip,
    "PY502": _outside,
    "PY504": _replace(record=b"sample/__init__.py,sha256=AAAA,6\n"),
    "PY505": _anonymous,
}


# Sources and uv, stubs, the checks of wheels: the tests of those stages show their codes.
_ELSEWHERE = re.compile(r"PY(21\d|43[6-9]|5(?!54)[1-9]\d)")


def _lacks_example(page: Path) -> bool:
    return page.stem in WITHOUT_EXAMPLE or _ELSEWHERE.fullmatch(page.stem) is not None


def _case(page: Path) -> Case | None:
    return next((case for case in read_cases(page) if case.title == "Example"), None)


@pytest.mark.parametrize("page", [p for p in PAGES if not _lacks_example(p)], ids=lambda p: p.stem)
def test_the_example_of_a_page_shows_its_diagnostic(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    case = _case(page)
    assert case is not None, f"{page.name} has no `## Example`"
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    package = {name: text.encode() for name, text in case.blocks.items() if "/" in name}
    for name, text in case.blocks.items():
        if "." in name and "/" not in name:
            Path(name).write_text(text, "utf-8")
    with serve() as index:
        monkeypatch.setenv("MOCHIC_INDEX_URL", index.url)
        files = {"sample/__init__.pyi": b"def go() -> int: ...\n", "sample/py.typed": b"", **package}
        offer(index, build_wheel("sample", "1.0", files=files))
        arrange = _ARRANGE.get(page.stem)
        if arrange is not None:
            arrange(index)
        outcome = mochic(*shlex.split(case.blocks.get("arguments", "compile app.mochi")))
        shown = outcome.err.replace(index.url, "https://index.example/simple")
        # What a compressor makes of a wheel is not the same everywhere.
        shown = re.sub(r"(found sha256 +)[0-9a-f]{64}", r"\1…", shown)
    check_case(case, "stderr", shown, update_golden)
    assert outcome.code in (0, 1)
    assert f"[{page.stem}]: " in shown


def test_pages_without_an_example_are_those_listed() -> None:
    without = {page.stem for page in PAGES if _case(page) is None and not _ELSEWHERE.fullmatch(page.stem)}
    assert without == set(WITHOUT_EXAMPLE)


def test_pages_do_not_show_places_of_this_machine() -> None:
    for page in PAGES:
        assert not re.search(r"127\.0\.0\.1|/tmp/|/home/|/root/", page.read_text("utf-8")), page.name
