"""Errors as values: what is told of an exception, and which frames of its traceback."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from boundpkg import imported_wrapper, lower_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mochic_py.runtime import _mochi_wrap
from mochic_py.runtime._mochi_wrap import errors, traces
from mochic_py.runtime._mochi_wrap.errors import ErrorInfo, describe_error, format_error
from mochic_py.runtime._mochi_wrap.traces import Frame

HERE = __file__


class _RefusedError(ConnectionError):
    pass


def _raised(function: object, *arguments: object) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 -- whatever it is
        function(*arguments)  # type: ignore[operator]
    return caught.value


def test_class_message_and_notes() -> None:
    error = _RefusedError("no\nanswer")
    error.add_note("asked twice")
    info = describe_error(error)
    assert info == ErrorInfo(
        f"{__name__}._RefusedError",
        (f"{__name__}._RefusedError", "ConnectionError", "OSError", "Exception", "BaseException"),
        "no\nanswer",
        ("asked twice",),
    )


def test_causes_and_contexts() -> None:
    def fail() -> None:
        try:
            try:
                {}["k"]
            except KeyError as error:
                raise ValueError("bad") from error
        except ValueError:
            raise RuntimeError("worse")  # noqa: B904 -- the context is what is tested

    info = describe_error(_raised(fail), locate=False)
    assert info.cause is None
    assert info.context is not None
    assert info.context.message == "bad"
    assert info.context.context is None
    assert info.context.cause == ErrorInfo(
        "KeyError", ("KeyError", "LookupError", "Exception", "BaseException"), "'k'"
    )


def test_a_group_tells_its_members() -> None:
    error = ExceptionGroup("two", [ValueError("a"), ExceptionGroup("more", [KeyError(1)])])
    info = describe_error(error)
    assert [(m.type, m.message) for m in info.members] == [
        ("ValueError", "a"),
        ("ExceptionGroup", "more (1 sub-exception)"),
    ]
    assert info.members[1].members[0].type == "KeyError"


def test_chains_end() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__context__, second.__context__ = second, first
    info = describe_error(first)
    assert info.context is not None
    assert info.context.context is None
    error: Exception = ValueError(0)
    for number in range(1, 500):
        error, error.__cause__ = ValueError(number), error
    depth, told = 0, describe_error(error).cause
    while told is not None:
        depth, told = depth + 1, told.cause
    assert depth == 31
    wide = ExceptionGroup("wide", [ExceptionGroup(str(n), [ValueError(n)]) for n in range(1000)])
    assert len(describe_error(wide).members) < 32


def test_a_message_that_cannot_be_made() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe_error(BrokenError()).message == "<its text cannot be made: RuntimeError>"
    assert len(describe_error(ValueError("x" * 10**6)).message) == 10_001


def test_frames_of_the_runtime_are_left_out() -> None:
    def callback(value: object) -> object:
        raise ValueError(value)

    convert = _mochi_wrap.function_of((_mochi_wrap.as_int,), _mochi_wrap.as_int)
    frames = describe_error(_raised(convert(callback, "f"), 1)).frames
    assert [(f.file, f.function.rpartition(".")[2]) for f in frames] == [
        (HERE, "_raised"),
        (HERE, "callback"),
    ]


def test_frames_of_an_event_loop_are_left_out_below_the_runtime() -> None:
    async def work() -> None:
        raise ValueError

    frames = describe_error(_raised(lambda: _mochi_wrap.run_async(work(), "f"))).frames
    assert [f.function.rpartition(".")[2] for f in frames] == ["_raised", "<lambda>", "work"]


def test_a_deep_traceback_is_cut_in_the_middle() -> None:
    def deeper(level: int) -> None:
        if level == 0:
            raise ValueError
        deeper(level - 1)

    frames = describe_error(_raised(deeper, 500)).frames
    assert len(frames) == 65
    assert frames[16] == Frame("", 502 - 64, "", "omitted")


# --- through a wrapper ------------------------------------------------------------------

PACKAGE = '''
"""A shop."""
import asyncio

class Closed(RuntimeError):
    """Nobody is there."""

def buy(name: str, count: int = 1) -> int:
    if count < 0:
        raise Closed("no refunds")
    return name  # no int at all

async def order(name: str) -> int:
    await asyncio.sleep(0)
    raise Closed(name)
'''


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    folder = tmp_path / "lib" / "shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE, "utf-8")
    (folder / "py.typed").touch()
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    with imported_wrapper(lower_folder(folder), tmp_path / "out") as wrapper:
        yield wrapper
    sys.modules.pop("shop", None)


def _described(error: BaseException) -> ErrorInfo:
    """Describe by the copy of the runtime that runs beside the wrapper."""
    emitted = __import__("_mochi_wrap.errors").errors
    found: ErrorInfo = emitted.describe_error(error)
    return found


def test_a_wrapper_is_told_by_where_the_package_declares(shop: ModuleType) -> None:
    info = _described(_raised(shop.buy_with, "tea", {"count": -1}))
    assert info.classes[:2] == ("shop.Closed", "RuntimeError")
    assert [tuple(frame) for frame in info.frames[1:]] == [
        ("shop/__init__.py", 8, "shop.buy_with", "declaration"),
        (shop_file(), 10, "buy", "python"),
    ]


def test_an_asynchronous_call_shows_no_machinery(shop: ModuleType) -> None:
    info = _described(_raised(shop.order_sync, "tea"))
    assert [frame.function for frame in info.frames[1:]] == ["shop.order_sync", "order"]
    text = __import__("_mochi_wrap.errors").errors.format_error(info)
    assert text.splitlines()[-4:] == [
        '  File "shop/__init__.py", line 13, in shop.order_sync',
        f'  File "{shop_file()}", line 15, in order',
        "    raise Closed(name)",
        "shop.Closed: tea",
    ]


def test_without_a_symbol_table_the_line_of_the_wrapper_is_told(shop: ModuleType) -> None:
    wrapper = Path(str(shop.__file__))
    wrapper.with_name("shop_symbols.json").unlink()
    frame = _described(_raised(shop.buy_with, "tea", {"count": -1})).frames[1]
    assert (frame.file, frame.function, frame.kind) == (str(wrapper), "buy_with", "python")


def shop_file() -> str:
    return str(sys.modules["shop"].__file__)


def test_a_frame_of_a_mochi_program() -> None:
    namespace = {"__name__": "mochi_user_app.generated.app"}
    source = "def mochi__main(f):\n    f()\n"
    exec(compile(source, "/somewhere/app.py", "exec"), namespace)
    error = _raised(namespace["mochi__main"], lambda: 1 / 0)
    assert describe_error(error).frames[1] == Frame("app.mochi", 0, "main", "mochi")
    call = Frame("app.mochi", 3, "", "mochi")
    assert describe_error(error, call=call, locate=False).frames == (call,)


# --- data and text ----------------------------------------------------------------------

_text = st.sampled_from(["", "a", "é\n", "\ud800"])
_texts = st.lists(_text, max_size=2).map(tuple)
_frame = st.tuples(_text, st.integers(0, 9), _text, st.sampled_from(["python", "mochi"]))
_frames = st.lists(_frame.map(Frame._make), max_size=2).map(tuple)
_plain = st.tuples(_text, _texts, _text, _texts, _frames).map(lambda fields: ErrorInfo(*fields))


def _linked(inner: st.SearchStrategy[ErrorInfo]) -> st.SearchStrategy[ErrorInfo]:
    field = st.sampled_from(["cause", "context", "members"])
    return st.tuples(_plain, field, inner).map(
        lambda drawn: drawn[0]._replace(**{drawn[1]: (drawn[2],) if drawn[1] == "members" else drawn[2]})
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.recursive(_plain, _linked, max_leaves=4))
def test_data_is_json_and_leads_back(info: ErrorInfo) -> None:
    data = json.loads(json.dumps(errors.to_data(info)))
    assert errors.from_data(data) == info
    assert isinstance(format_error(info), str)


def test_text() -> None:
    cause = ErrorInfo("KeyError", (), "'k'", frames=(Frame("<s>", 2, "g"),))
    info = ErrorInfo(
        "ExceptionGroup",
        (),
        "two",
        notes=("a note",),
        frames=(Frame("app.mochi", 0, "main", "mochi"), Frame("", 7, "", "omitted")),
        cause=cause,
        members=(ErrorInfo("ValueError", (), ""),),
    )
    expected = """
        Traceback (most recent call last):
          File "<s>", line 2, in g
        KeyError: 'k'

        The above exception was the direct cause of the following exception:

        Traceback (most recent call last):
          File "app.mochi", in main
          … 7 more …
        ExceptionGroup: two
        a note
          1. in the group:
            ValueError"""
    assert format_error(info) == textwrap.dedent(expected).lstrip("\n")


def test_names_that_only_look_like_ours() -> None:
    assert not traces.is_ours("_mochi_wrapper")
    assert traces.is_ours("_mochi_link")
