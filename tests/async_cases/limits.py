"""Timeouts, cancellation and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import _mochi_wrap as m
from harness import PERSISTENT, case, in_process, limit, raises, value


@case
def a_call_takes_no_longer_than_it_may(loop: m.Loop) -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cleaned up")

    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return "done anyway"

    with limit(0.05):
        with raises(m.AsyncTimeoutError, "f_sync: no result within 0.05 s (mochi_async_timeout)"):
            loop.run_async(slow(), "f_sync")
        assert ended == ["cleaned up"]
        assert loop.run_async(stubborn(), "f_sync") == "done anyway"
        assert loop.run_async(value(5, 0), "f_sync") == 5
    with limit(0), raises(TimeoutError):
        loop.run_async(slow(), "f_sync")
    assert loop.run_async(value(5, 0.1), "f_sync") == 5


@case
def a_call_that_does_not_end_is_given_up(loop: m.Loop) -> None:
    async def never() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1)

    text = "no result within 0.05 s (mochi_async_timeout); it was cancelled and has not ended 0.3 s later"
    begun = time.monotonic()
    errors = io.StringIO()
    with limit(0.05), raises(m.CancelTimeoutError, text), contextlib.redirect_stderr(errors):
        loop.run_async(never(), "f_sync")
    assert time.monotonic() - begun < 18
    assert loop.run_async(value(), "f_sync") == 1


@case
def calls_are_cancelled_together(loop: m.Loop) -> None:
    results: list[str] = []
    with m.cancellation() as token:
        context = contextvars.copy_context()

        def call() -> None:
            try:
                loop.run_async(value(1, 60), "f_sync")
            except m.CallCancelledError as error:
                results.append(str(error))

        threads = [threading.Thread(target=context.copy().run, args=(call,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        token.cancel()
        for thread in threads:
            thread.join()
        assert results == ["f_sync: the call was cancelled"] * 5
        with warnings.catch_warnings(), raises(m.CallCancelledError):
            warnings.simplefilter("error")
            loop.run_async(value(), "f_sync")
    assert loop.run_async(value(), "f_sync") == 1


@case
def interrupts_cancel() -> None:
    for maker in ("per_call_loop", "persistent_loop"):
        done = in_process(f"""
            # A shell has those that it runs in the background ignore the signal.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            loop = m.{maker}(cancel_timeout=1.0)
            async def work():
                try:
                    await asyncio.sleep(30)
                finally:
                    print("cleaned up", flush=True)
            loop.run_async(asyncio.sleep(0), "f_sync")
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            before = signal.getsignal(signal.SIGINT)
            try:
                loop.run_async(work(), "f_sync")
            except KeyboardInterrupt:
                print("interrupted")
            assert signal.getsignal(signal.SIGINT) is before
            print(loop.run_async(asyncio.sleep(0, 5), "f_sync"))
        """)
        assert (done.stdout, done.stderr) == ("cleaned up\ninterrupted\n5\n", ""), done


@case
def an_exit_in_a_task_does_not_end_the_loop() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    with raises(SystemExit):
        PERSISTENT.run_async(leave(), "f_sync")
    before = PERSISTENT.find("f").loop
    assert PERSISTENT.run_async(value(), "f_sync") == 1
    assert PERSISTENT.find("f").loop is before


@case
def an_exit_in_a_task_loses_no_other_call() -> None:
    async def hold() -> None:
        time.sleep(0.2)

    async def leave() -> None:
        raise SystemExit(3)

    with ThreadPoolExecutor(4) as pool:
        held = pool.submit(PERSISTENT.run_async, hold(), "f_sync")
        time.sleep(0.05)
        # These wait for the loop together.
        left = [pool.submit(PERSISTENT.run_async, leave(), "f_sync") for _ in range(2)]
        found = pool.submit(PERSISTENT.run_async, value(), "f_sync")
        assert (held.result(9), found.result(9)) == (None, 1)
        assert [type(each.exception(9)) for each in left] == [SystemExit, SystemExit]
