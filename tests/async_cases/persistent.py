"""One loop for the program, and objects that belong to a loop."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
import time
from typing import Any

import _mochi_wrap as m
from harness import PER_CALL, PERSISTENT, case, in_process, raises, value


@case
def the_loop_starts_with_the_first_call() -> None:
    done = in_process("""
        loop = m.persistent_loop(cancel_timeout=1.0)
        assert threading.active_count() == 1 and "asyncio" not in vars(m)
        loops = set()
        async def look():
            loops.add((asyncio.get_running_loop(), threading.current_thread()))
        ready = threading.Barrier(20)
        def call():
            ready.wait()
            loop.run_async(look(), "f_sync")
        threads = [threading.Thread(target=call) for _ in range(20)]
        for each in threads: each.start()
        for each in threads: each.join()
        ((found, thread),) = loops
        assert thread.daemon and thread.name == "mochi-loop", thread
        print(len(loops))
    """)
    assert (done.stdout, done.stderr) == ("1\n", ""), done


@case
def uvloop_serves_where_it_is_installed() -> None:
    code = """
        import types
        class Fast(asyncio.SelectorEventLoop):
            pass
        sys.modules["uvloop"] = types.SimpleNamespace(new_event_loop=Fast)
        {more}
        async def look():
            return type(asyncio.get_running_loop()).__name__
        print(m.persistent_loop().run_async(look(), "f_sync"))
    """
    assert in_process(code.format(more="")).stdout == "Fast\n"
    if sys.version_info >= (3, 14):
        return
    more = """
        class Mine(asyncio.SelectorEventLoop):
            pass
        class Policy(asyncio.DefaultEventLoopPolicy):
            _loop_factory = Mine
        asyncio.set_event_loop_policy(Policy())
    """
    assert in_process(code.format(more=inspect.cleandoc(more).replace("\n", "\n        "))).stdout == "Mine\n"


@case
def what_makes_objects_of_a_loop_runs_in_it() -> None:
    class Client:
        def __init__(self, limit: int) -> None:
            self.task = asyncio.get_running_loop().create_task(value(limit, 0))

        def name(self) -> str:
            return threading.current_thread().name

    client = PERSISTENT.call_inside("Client_new", Client, 4)
    assert PERSISTENT.call_inside("Client_name", client.name) == "mochi-loop"
    assert PERSISTENT.run_async(client.task, "f_sync") == 4
    with raises(StopIteration):
        PERSISTENT.call_inside("f", next, iter(()))
    with raises(
        m.LoopError,
        'Client_new: needs a running event loop; set `[python] async-mode = "persistent"`, or call it',
    ):
        PER_CALL.call_inside("Client_new", Client, 4)
    assert PER_CALL.call_inside("f", len, "abc") == 3
    done = in_process("""
        import subprocess
        code = (
            f"import sys; sys.path.insert(0, {sys.path[0]!r}); import _mochi_wrap as m\\n"
            "print(m.call_inside('f', len, 'abc'), 'asyncio' in sys.modules)"
        )
        print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
    """)
    assert done.stdout.split() == ["3", "False"], done


@case
def objects_of_another_loop_are_refused() -> None:
    class Bound:
        def __init__(self) -> None:
            self._loop = asyncio.get_running_loop()

        async def ask(self) -> int:
            if asyncio.current_task(self._loop) is None:
                raise RuntimeError("Timeout context manager should be used inside a task")
            return 1

    async def make() -> Any:
        return Bound(), asyncio.get_running_loop().create_future()

    bound, future = PER_CALL.run_async(make(), "f_sync")
    with raises(
        m.CrossLoopError, "Bound_ask_sync: Bound belongs to another event loop; use it in the loop"
    ) as caught:
        PER_CALL.run_async(bound.ask(), "Bound_ask_sync")
    assert isinstance(caught[0].__cause__, RuntimeError)
    for loop in (PER_CALL, PERSISTENT):
        with raises(m.CrossLoopError, "f_sync: Future belongs to another event loop"):
            loop.run_async(future, "f_sync")

    async def wait_for(found: Any) -> None:
        await found

    with raises(m.CrossLoopError, 'or set `[python] async-mode = "persistent"`'):
        PER_CALL.run_async(wait_for(future), "f_sync")

    async def talk() -> None:
        raise RuntimeError("Event loop is closed")

    with raises(m.CrossLoopError, "an object belongs to another event loop"):
        PER_CALL.run_async(talk(), "f_sync")

    async def fail() -> None:
        raise RuntimeError("something else")

    with raises(RuntimeError, "something else") as other:
        PER_CALL.run_async(fail(), "f_sync")
    assert type(other[0]) is RuntimeError

    class Own(Bound):
        def fail(self, error: Exception) -> None:
            raise error

    async def fail_in_its_loop(error: Exception) -> None:
        Own().fail(error)

    for loop in (PER_CALL, PERSISTENT):
        for error in (ValueError("wrong"), RuntimeError("wrong")):
            with raises(type(error), "wrong") as other:
                loop.run_async(fail_in_its_loop(error), "f_sync")
            assert type(other[0]) is type(error)
    # The same object is fine where there is one loop.
    bound, future = PERSISTENT.run_async(make(), "f_sync")
    assert PERSISTENT.run_async(bound.ask(), "f_sync") == 1
    PERSISTENT.call_inside("f", future.set_result, 3)
    assert PERSISTENT.run_async(future, "f_sync") == 3


@case
def a_fork_has_a_loop_of_its_own() -> None:
    if not hasattr(os, "fork"):
        return
    for maker in ("per_call_loop", "persistent_loop"):
        done = in_process(f"""
            import warnings; warnings.simplefilter("ignore", DeprecationWarning)
            loop = m.{maker}(cancel_timeout=1.0)
            loop.run_async(asyncio.sleep(0), "f_sync")
            for _ in range(3):
                child = os.fork()
                if not child:
                    assert loop.run_async(asyncio.sleep(0.01, 4), "f_sync") == 4
                    sys.exit(7)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
                # The child has not touched what it shared.
                assert loop.run_async(asyncio.sleep(0.01, 3), "f_sync") == 3
            print("fine")
        """)
        assert (done.stdout, done.stderr) == ("fine\n", ""), done


@case
def the_end_of_the_program_hangs_at_nothing() -> None:
    begun = time.monotonic()
    done = in_process("""
        loop = m.persistent_loop(cancel_timeout=0.2)
        def late():
            try:
                loop.run_async(asyncio.sleep(0), "f_sync")
            except m.LoopError as error:
                print(error)
        atexit.register(late)
        async def numbers():
            try:
                yield 1
                yield 2
            finally:
                print("generator closed", flush=True)
        async def start():
            async def polite():
                try:
                    await asyncio.sleep(60)
                finally:
                    print("task cancelled", flush=True)
            async def stubborn():
                while True:
                    try:
                        await asyncio.sleep(60)
                    except asyncio.CancelledError:
                        pass
            kept.append([asyncio.create_task(polite()), asyncio.create_task(stubborn())])
            await asyncio.sleep(0)
        kept = []
        asyncio_handler = lambda loop, context: print(context["message"], flush=True)
        loop.find("f").loop.set_exception_handler(asyncio_handler)
        loop.run_async(start(), "f_sync")
        stream = loop.stream_of(m.as_int)(numbers(), "f")
        print(next(stream))
        def wait():
            try:
                loop.run_async(asyncio.sleep(60), "f_sync")
            except m.LoopError:
                pass
        threading.Thread(target=wait, daemon=True).start()
        def work():
            time.sleep(0.2)
            print(loop.run_async(asyncio.sleep(0, "other threads go on"), "f_sync"), flush=True)
        threading.Thread(target=work).start()
        kept.append(stream)
        print("end", flush=True)
    """)
    assert time.monotonic() - begun < 18
    lines = done.stdout.splitlines()
    assert lines[:3] == ["1", "end", "other threads go on"], done
    assert sorted(lines[3:]) == [
        "a cancelled task has not ended within 0.2 s and was given up",
        "f_sync: the event loop has been stopped, since the program ends",
        "generator closed",
        "task cancelled",
    ], done
    assert done.returncode == 0, done
    assert done.stderr == "", done
