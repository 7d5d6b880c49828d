"""Work on several packages at a time, in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .host import Host

_JobT = TypeVar("_JobT")
_ResultT = TypeVar("_ResultT")


def map_jobs(
    work: Callable[[_JobT, Host], _ResultT], jobs: Sequence[_JobT], workers: int, host: Host
) -> Iterator[tuple[_JobT, _ResultT]]:
    """Yield each of `jobs` with what `work` makes of it, as they are done.

    With more than one worker, `work` must be a function of a module, and all it takes and returns
    must be picklable. Jobs start in their order. The first error that one raises ends all.
    """
    workers = min(workers, len(jobs))
    if workers < 2:
        yield from ((job, work(job, host)) for job in jobs)
        return
    # Processes, as compiling is Python code throughout; spawned, as a caller may have threads.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    from .collector import start_worker

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
        futures = {pool.submit(_work, work, job, dict(host.environ), host.base): job for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()


def _work(
    work: Callable[[_JobT, Host], _ResultT], job: _JobT, environ: Mapping[str, str], base: Path
) -> _ResultT:
    host = Host(environ=environ, base=base)
    try:
        return work(job, host)
    finally:
        host.close()
