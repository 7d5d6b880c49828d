"""Calls in a worker: values, errors, callbacks, threads, cancellation, the life of the process."""

from __future__ import annotations

import array
import asyncio
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_workspace import make_workspace

from mochic_py.runtime._mochi_wrap.bound import read_checksums
from mochic_py.runtime._mochi_wrap.wire import ENGINES
from mochic_py.runtime._mochi_wrap.wire_types import make_record
from mochic_py.runtime.client import (
    CallCancelledError,
    CallTimeoutError,
    Handle,
    RemoteError,
    RemoteIterator,
    RemoteStream,
    Worker,
    WorkerCrashError,
    WorkerError,
    WorkerGoneError,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes of other systems are not tried")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("worker"))


@pytest.fixture(scope="module", params=ENGINES)
def worker(request: pytest.FixtureRequest, workspace: Path) -> Iterator[Worker]:
    with Worker(workspace, python=sys.executable, engine=request.param) as made:
        assert made.about["engine"] == request.param
        yield made


def alive(pid: int) -> bool:
    """Whether a process runs: one that has ended and was not waited for counts as alive."""
    return Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else os.kill(pid, 0) is None


def wait_until(condition: object, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


# --- values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**70,
        1.5,
        float("inf"),
        "",
        "é\ud800",
        b"\x00\xff",
        [1, [None]],
        (1, "a"),
        {1, 2},
        {"a": {"$b": 1}},
        {1: "a", (2,): "b"},
        [2**64, {"k": b"v"}],
        "x" * 200_000,
        list(range(50_000)),
    ],
)
def test_any_value_comes_back(worker: Worker, value: object) -> None:
    assert worker.call("farlib.echo", value) == value


def test_records_and_variants_cross_by_value(worker: Worker) -> None:
    moved = worker.call("farlib.shift", make_record("Point", {"x": 1, "y": 2}), 10)
    assert (type(moved).__name__, moved.x, moved.y) == ("Point", 11, 12)
    assert worker.call("farlib.shift", moved, -10) == make_record("Point", {"x": 1, "y": 2})
    assert worker.call("farlib.flip", make_record("Color_RED", {}, True)) == make_record(
        "Color_GREEN", {}, True
    )
    one = worker.call("farlib.either", True)
    assert (type(one).__name__, one.value) == ("IntOrString_Int", 1)
    assert worker.call("farlib.bump", one).value == 2
    assert worker.call("farlib.bump", "a").value == "a+"


def test_handles_are_the_object_itself(worker: Worker) -> None:
    counter = worker.call("farlib.Counter_new_with", {"start": 5})
    assert isinstance(counter, Handle)
    assert worker.call("farlib.Counter_add", counter, 2) == 7
    assert worker.call("farlib.Counter_value", counter) == 7
    assert worker.call("farlib.echo", counter) is counter
    assert worker.call("farlib.echo", {"in": [counter, counter]}) == {"in": [counter, counter]}
    assert counter.describe()["type"] == "farlib.Counter"


def test_handles_are_released_when_they_are_dropped(worker: Worker) -> None:
    before = worker.statistics()["handles"]
    counters = [worker.call("farlib.Counter_new") for _ in range(50)]
    assert worker.statistics()["handles"] == before + 50
    kept = worker.call("farlib.echo", counters[0])
    counters.clear()
    assert worker.statistics()["handles"] == before + 1
    kept.release()
    assert worker.statistics()["handles"] == before
    with pytest.raises(WorkerGoneError, match="was released"):
        worker.call("farlib.Counter_value", kept)


def test_functions_of_the_worker_can_be_called(worker: Worker) -> None:
    assert worker.call("farlib.adder", 3)(4) == 7


@pytest.mark.parametrize("size", [1000, 65_536, 1_000_000])
def test_bytes_of_any_size_cross(worker: Worker, size: int) -> None:
    data = os.urandom(size)
    assert worker.call("farlib.invert", data)[4:] == data[4:]
    assert worker.call("farlib.echo", {"a": data}) == {"a": data}
    assert worker.statistics()["segments"] == 0


def test_arrays_cross_beside_the_text(worker: Worker) -> None:
    numbers = array.array("d", range(1000))
    back = worker.call("farlib.echo", numbers)
    assert (back.format, back.shape) == ("d", (1000,))
    assert back.tolist() == numbers.tolist()
    table = worker.call("farlib.echo", memoryview(bytes(range(12))).cast("B", (3, 4)))
    assert table.tolist()[1] == [4, 5, 6, 7]
    there = worker.call("farlib.numbers", 1000)
    assert isinstance(there, Handle)
    assert there.to_buffer().tolist() == numbers.tolist()
    assert worker.statistics()["segments"] == 0
    with pytest.raises(RemoteError, match="BufferError: Counter is no contiguous array"):
        worker.call("farlib.Counter_new").to_buffer()


# --- errors -----------------------------------------------------------------------------


def test_an_exception_comes_with_its_classes_causes_and_frames(worker: Worker) -> None:
    with pytest.raises(RemoteError) as caught:
        worker.call("farlib.fail", 3)
    error = caught.value
    assert str(error) == "farlib.OddError: 3 is odd"
    assert (error.target, error.type, error.message) == ("farlib.fail", "farlib.OddError", "3 is odd")
    assert error.is_a("ValueError")
    assert not error.is_a("KeyError")
    assert error.info.cause is not None
    assert error.info.cause.type == "ZeroDivisionError"
    assert "ZeroDivisionError: " in error.format()
    assert "in fail" in error.format()


@pytest.mark.parametrize(
    ("target", "arguments", "message"),
    [
        ("farlib.nothing", (), "farlib binds no function nothing"),
        ("farlib._kept", (), "farlib binds no function _kept"),
        ("other.f", (), "no package is bound as other"),
        ("os.path.join", (), "no package is bound as os"),
        ("../x.f", (), "'' is no alias of a package"),
        ("farlib.add_", (1,), "TypeError: "),
        ("farlib.bump", (1.5,), "ConversionError: bump: parameter value: expected int | string, got float"),
        ("farlib.leave", (3,), "SystemExit: 3"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(
    worker: Worker, target: str, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(WorkerError) as caught:
        worker.call(target, *arguments)
    assert message in str(caught.value)
    assert worker.call("farlib.add_", 1, 1) == 2


def test_an_argument_that_cannot_cross_is_named(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="an argument cannot cross: object has no encoding"):
        worker.call("farlib.echo", [object()])


# --- callbacks --------------------------------------------------------------------------


def test_callbacks_run_in_the_thread_that_calls(worker: Worker) -> None:
    threads = []

    def double(value: int) -> int:
        threads.append(threading.current_thread())
        return value * 2

    assert worker.call("farlib.apply", double, 21) == 42
    assert worker.call("farlib.apply_in_thread", double, 4) == 8
    assert worker.submit("farlib.apply", double, 5).result() == 10
    assert threads[0] is threading.current_thread()


def test_callbacks_may_call_again(worker: Worker) -> None:
    def down(value: int) -> int:
        return 0 if value == 0 else 1 + worker.call("farlib.apply", down, value - 1)

    assert worker.call("farlib.apply", down, 12) == 12
    assert worker.call("farlib.apply_in_thread", down, 6) == 6


def test_the_error_of_a_callback_is_the_cause_of_that_of_the_call(worker: Worker) -> None:
    problem = KeyError("mine")

    def refuse(value: int) -> int:
        raise problem

    with pytest.raises(RemoteError, match="CallbackError: KeyError: 'mine'") as caught:
        worker.call("farlib.apply", refuse, 1)
    assert caught.value.__cause__ is problem


def test_a_kept_callback_is_called_while_nobody_waits(worker: Worker) -> None:
    called = threading.Event()
    seen: list[int] = []

    def note(value: int) -> int:
        seen.append(value)
        called.set()
        return value

    worker.call("farlib.keep", note)
    worker.call("farlib.call_kept_soon", 7)
    assert called.wait(5)
    assert seen == [7]
    services = worker._channel.services
    assert services.is_needed()
    worker.call("farlib.forget_kept")
    assert wait_until(lambda: worker.statistics() and not services.is_needed())


# --- iterators and streams --------------------------------------------------------------


def test_iterators_of_both_sides_are_pulled(worker: Worker) -> None:
    taken = []

    def give() -> Iterator[int]:
        for number in range(5):
            taken.append(number)
            yield number

    assert worker.call("farlib.total", give()) == 10
    assert worker.call("farlib.total", itertools.repeat(2, 4)) == 8
    numbers = worker.call("farlib.count_up", 10)
    assert isinstance(numbers, RemoteIterator)
    assert next(numbers) == 0
    assert numbers.take(3) == [1, 2, 3]
    assert list(numbers) == [4, 5, 6, 7, 8, 9]


def test_streams_are_pulled(worker: Worker) -> None:
    stream = worker.call("farlib.ticks", 5)
    assert isinstance(stream, RemoteStream)
    assert list(stream) == [0, 1, 2, 3, 4]

    async def read() -> list[int]:
        return [tick async for tick in worker.call("farlib.ticks", 3)]

    assert asyncio.run(read()) == [0, 1, 2]


# --- many calls -------------------------------------------------------------------------


def test_many_calls_are_answered_in_order(worker: Worker) -> None:
    assert worker.call_many("farlib.add_", [(n, n) for n in range(5000)]) == [2 * n for n in range(5000)]
    replies = [worker.submit("farlib.add_", n, 1) for n in range(500)]
    assert [reply.result() for reply in replies] == list(range(1, 501))
    assert replies[3].done()


def test_large_answers_do_not_block_large_requests(worker: Worker) -> None:
    text = "x" * 300_000
    assert worker.call_many("farlib.echo", [(text,)] * 60) == [text] * 60
    replies = [worker.submit("farlib.echo", text) for _ in range(40)]
    assert {reply.result() for reply in replies} == {text}


def test_threads_share_a_worker(worker: Worker) -> None:
    wrong: list[object] = []

    def work(seed: int) -> None:
        found = [worker.call("farlib.add_", seed, n) for n in range(300)]
        if found != list(range(seed, seed + 300)):
            wrong.append(found)

    threads = [threading.Thread(target=work, args=(1000 * seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


def test_awaited_calls_overlap_and_others_keep_their_order(worker: Worker) -> None:
    started = time.monotonic()
    slow = [worker.submit("farlib.later_sync", n, 0.3) for n in range(20)]
    assert worker.call("farlib.add_", 1, 2) == 3
    assert not slow[0].is_done
    assert [reply.result() for reply in slow] == list(range(20))
    assert time.monotonic() - started < 3


def test_blocking_calls_may_run_aside(worker: Worker) -> None:
    started = time.monotonic()
    slow = [worker.submit("farlib.sleep", 0.3, aside=True) for _ in range(8)]
    assert worker.call("farlib.thread_name") == "MainThread"
    assert worker.submit("farlib.thread_name", aside=True).result().startswith("call")
    assert [reply.result() for reply in slow] == [0.3] * 8
    assert time.monotonic() - started < 2


def test_calls_can_be_awaited(worker: Worker) -> None:
    async def work() -> list[object]:
        calls = [worker.call_async("farlib.later_sync", n, 0.05) for n in range(10)]
        done = await asyncio.gather(*calls, worker.call_async("farlib.add_", 1, 1))
        with pytest.raises(RemoteError):
            await worker.call_async("farlib.fail", 1)
        with pytest.raises(CallTimeoutError):
            await worker.call_async("farlib.later_sync", 1, 30.0, timeout=0.05)
        task = asyncio.ensure_future(worker.call_async("farlib.later_sync", 1, 30.0))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return list(done)

    assert asyncio.run(work()) == [*range(10), 2]


# --- cancellation -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [("farlib.sleep", 20.0), ("farlib.spin", 20.0), ("farlib.later_sync", 1, 20.0)]
)
def test_a_call_that_takes_too_long_is_cancelled(worker: Worker, call: tuple[object, ...]) -> None:
    started = time.monotonic()
    with pytest.raises(CallTimeoutError, match="did not end in time"):
        worker.call(*call, timeout=0.1)  # type: ignore[arg-type]
    assert worker.call("farlib.add_", 1, 2) == 3
    assert time.monotonic() - started < 5


def test_waiting_and_running_calls_can_be_cancelled(worker: Worker) -> None:
    running = worker.submit("farlib.sleep", 20.0)
    waiting = worker.submit("farlib.sleep", 20.0)
    awaited = worker.submit("farlib.later_sync", 1, 20.0)
    last = worker.submit("farlib.add_", 1, 2)
    time.sleep(0.05)
    for reply in (waiting, awaited, running):
        reply.cancel()
    for reply in (waiting, awaited, running):
        with pytest.raises(CallCancelledError, match="was cancelled"):
            reply.result(5)
        assert reply.cancelled()
    assert last.result(5) == 3


# --- the process ------------------------------------------------------------------------


def test_prints_do_not_disturb(workspace: Path) -> None:
    lines: list[str] = []
    with Worker(workspace, python=sys.executable, show=lines.append) as worker:
        assert worker.call("farlib.say", "hello é") == ""
        assert wait_until(lambda: len(lines) == 2)
    assert sorted(lines) == ["hello é\n", "raw\n"]


def test_a_crash_ends_every_call_with_one_error(workspace: Path) -> None:
    with Worker(workspace, python=sys.executable) as worker:
        pid = worker.pid
        handle = worker.call("farlib.Counter_new")
        lost = worker.submit("farlib.die", 3)
        behind = worker.submit("farlib.add_", 1, 2)
        for reply, name in ((lost, "die"), (behind, "add_")):
            message = f"farlib.{name} has no result: the worker ended with exit status 3"
            with pytest.raises(WorkerCrashError, match=message):
                reply.result(2)
        assert worker.call("farlib.add_", 1, 2) == 3
        assert worker.pid != pid
        with pytest.raises(WorkerGoneError, match="went with the worker"):
            worker.call("farlib.Counter_value", handle)
        assert not alive(pid)


@pytest.mark.parametrize(
    ("policy", "status", "again"), [("never", 3, False), ("on-crash", 0, False), ("always", 0, True)]
)
def test_a_new_process_starts_as_the_policy_says(
    workspace: Path, policy: str, status: int, again: bool
) -> None:
    with Worker(workspace, python=sys.executable, restart=policy) as worker:  # type: ignore[arg-type]
        with pytest.raises(WorkerCrashError):
            worker.call("farlib.die", status)
        if again:
            assert worker.call("farlib.add_", 1, 2) == 3
        else:
            with pytest.raises(WorkerGoneError, match="it is not started again"):
                worker.call("farlib.add_", 1, 2)


def test_restarts_are_bounded(workspace: Path) -> None:
    with Worker(workspace, python=sys.executable, most_restarts=2) as worker:
        for _ in range(3):
            with pytest.raises(WorkerCrashError):
                worker.call("farlib.die", 1)
        with pytest.raises(WorkerGoneError, match="started again 2 times within a minute"):
            worker.call("farlib.add_", 1, 2)


def test_the_death_of_a_worker_with_children_is_seen(workspace: Path) -> None:
    with Worker(workspace, python=sys.executable) as worker:
        child = worker.call("farlib.fork")
        started = time.monotonic()
        with pytest.raises(WorkerCrashError, match="exit status 1"):
            worker.call("farlib.die", 1)
        assert time.monotonic() - started < 2
        os.kill(child, 9)


def test_closing_ends_the_process_and_what_is_under_way(workspace: Path) -> None:
    worker = Worker(workspace, python=sys.executable)
    pid = worker.pid
    idle = worker.call("farlib.add_", 1, 2)
    lost = worker.submit("farlib.sleep", 30.0)
    started = time.monotonic()
    worker.close()
    assert time.monotonic() - started < 3
    assert idle == 3
    assert not alive(pid)
    with pytest.raises(WorkerGoneError, match="the worker was closed"):
        lost.result()
    with pytest.raises(WorkerGoneError, match="the worker was closed"):
        worker.call("farlib.add_", 1, 2)
    worker.close()


def test_files_and_threads_of_a_closed_worker_are_gone(workspace: Path) -> None:
    def count() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    if not Path("/proc/self/fd").exists():
        pytest.skip("files cannot be counted here")
    before = count()
    for _ in range(3):
        with Worker(workspace, python=sys.executable) as worker:
            worker.call("farlib.echo", b"x" * 100_000)
    assert wait_until(lambda: count()[0] <= before[0] and count()[1] <= before[1])


PARENT = """
import sys, time
sys.path[:0] = sys.argv[3].split(":")
from mochic_py.runtime.client import Worker
worker = Worker(sys.argv[1], python=sys.executable)
worker.submit(*eval(sys.argv[2]))
print(worker.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("busy", ["('farlib.add_', 1, 2)", "('farlib.sleep', 60.0)", "('farlib.spin', 60.0)"])
def test_a_worker_does_not_outlive_its_client(workspace: Path, busy: str) -> None:
    command = [sys.executable, "-c", PARENT, str(workspace), busy, ":".join(sys.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        pid = int(client.stdout.readline())
        assert alive(pid)
        client.kill()
        client.wait()

    def is_gone() -> bool:
        # In a container nobody may wait for orphans.
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"

    assert wait_until(is_gone, 4)


def test_a_worker_that_does_not_start_says_why(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Worker(workspace, python=str(tmp_path / "python"))
    with pytest.raises(WorkerCrashError, match=r"(?s)exit status 2:.*mochi_worker\.py"):
        Worker(tmp_path, python=sys.executable)


def test_functions_that_changed_since_the_program_was_compiled_are_named(workspace: Path) -> None:
    known = read_checksums(workspace, "farlib")
    with Worker(workspace, python=sys.executable, expected=known) as worker:
        assert worker.call("farlib.add_", 1, 2) == 3
    for expected, message in [
        ({**known, "farlib.add_": "0" * 16}, "farlib.add_ is declared otherwise now than when the program"),
        ({"farlib.gone": "0"}, "farlib.gone is not bound any more"),
        ({"other.f": "0"}, "there is no table of symbols of other"),
    ]:
        with pytest.raises(WorkerError, match=message):
            Worker(workspace, python=sys.executable, expected=expected)


def test_other_clients_speak_plain_json_rpc(workspace: Path) -> None:
    requests = [
        {"jsonrpc": "2.0", "id": "a", "method": "farlib.add_", "params": {"a": 1, "b": 2}},
        {"jsonrpc": "2.0", "method": "farlib.add_", "params": [1, 2]},
        {"jsonrpc": "2.0", "id": 2, "method": "$/hello", "params": [2, {}]},
        {"jsonrpc": "2.0", "id": 3, "method": "farlib.echo", "params": [{"$handle": 99}]},
        {"jsonrpc": "2.0", "id": 4, "method": "farlib.echo", "params": 5},
        {"jsonrpc": "2.0", "id": 5, "method": "farlib.thread_name"},
    ]
    lines = [json.dumps(each) for each in requests] + ["{nonsense", "[]", "7", '{"id": 6}', ""]
    done = subprocess.run(
        [sys.executable, workspace / "mochi_worker.py"],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "MOCHI_WIRE_ENGINE": "json"},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    results = {answer["id"]: answer["result"] for answer in answers if "result" in answer}
    assert results == {"a": 3, 5: "MainThread"}
    errors = [(answer["id"], answer["error"]["code"]) for answer in answers if "error" in answer]
    assert sorted(errors, key=str) == [
        *((2, -32010), (3, -32602), (4, -32602), (6, -32600)),
        *((None, -32600), (None, -32600), (None, -32700)),
    ]
