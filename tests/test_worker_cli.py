"""`mochic-py pkg run` against a workspace that it makes: one call, its errors, and the prompt."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_packages import Outcome, environment, mochic, serve_packages

from mochic_py.compiler.install import find_interpreter
from mochic_py.compiler.run_workspace import MINORS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="pipes of other systems are not tried"),
    pytest.mark.skipif(
        not any(find_interpreter((3, minor)) for minor in MINORS), reason="Python 3.12 or later is needed"
    ),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with serve_packages() as index:
        yield environment(index.url, tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def elsewhere(served: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an empty folder, with the index and the cache of these tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("MOCHIC_INDEX_URL", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, served[name])


def run(*arguments: str, stdin: str = "") -> Outcome:
    return mochic("pkg", "run", *arguments, stdin=stdin.encode())


@pytest.mark.parametrize("runtime", ["subprocess", "inprocess"])
def test_a_function_is_called_without_a_project(runtime: str) -> None:
    done = run(f"--runtime={runtime}", "tally.tally", '"a b a"')
    assert (done.code, done.out) == (0, '{"a": 2, "b": 1}\n')


def test_the_package_behind_an_alias_can_be_named() -> None:
    count = '{"$record": {"name": "Count", "fields": {"word": "a", "times": 3}}}'
    done = run("--package", "tally<1", "--format", "json", "t.most", f"[{count}]")
    assert done.code == 0
    assert json.loads(done.out) == {"schema": 1, "target": "t.most", "result": json.loads(count)}


def test_a_project_says_what_an_alias_means(tmp_path: Path) -> None:
    (tmp_path / "mochi.toml").write_text(
        'mochi-manifest = 1\n[python]\nruntime-mode = "subprocess"\n', "utf-8"
    )
    (tmp_path / "app.mochi").write_text('import python "tally" as words\n', "utf-8")
    assert run("words.tally", '"x"').out == '{"x": 1}\n'


def test_what_is_wrong_is_said() -> None:
    done = run("tally.tali", '"a"')
    assert (done.code, done.out) == (1, "")
    assert "error: tally binds no function tali\n  = help: did you mean tally" in done.err
    done = run("tally.tally", "words")
    assert (done.code, done.out) == (2, "")
    assert "`words` is not JSON" in done.err
    done = run("--format", "json", "tally.most", "[]")
    assert done.code == 1
    assert json.loads(done.out)["error"]["type"] == "IndexError"
    assert "IndexError: list index out of range" in done.err
    assert run("missing.f").code == 1


def test_calls_are_read_from_a_prompt() -> None:
    lines = [
        *('tally "a b a"', 'x = tally "z"', "_", "x", ":type tally", ":names most", "# nothing", "tali"),
        *("tally", "tally nonsense", ":what", ":help", '{"$int": "5"}', "1 2", ":quit", 'tally "not read"'),
    ]
    done = run("tally", stdin="\n".join(lines))
    assert done.code == 0
    told = done.out.splitlines()
    assert told[:3] == ['{"a": 2, "b": 1}', '{"a": 2, "b": 1}', '{"z": 1}']
    assert told[3].startswith("extern python fun tally(text: string")
    assert "most" in told
    assert [line for line in told if line.startswith("error: ")] == [
        "error: tally binds no function tali; did you mean tally?",
        "error: TypeError: tally() missing 1 required positional argument: 'text'",
        "error: `nonsense` is neither JSON nor a name that was kept",
        "error: `:what` is not understood; :help tells what is",
        "error: a line is one value, or a function and its arguments",
    ]
    assert told[-2] == "5"
