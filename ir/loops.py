"""What lower-async decides: which event loop calls need, and where it runs."""

from __future__ import annotations

import enum
from typing import final

from attrs import frozen


@final
class AsyncDriver(enum.Enum):
    """One event loop for each call, or one that lives on in a thread of its own."""

    PER_CALL = "per-call"
    PERSISTENT = "persistent"


@final
@frozen
class AsyncPlan:
    """Where the asynchronous calls of a package run.

    `cancel_timeout` is how many milliseconds a cancelled call may take before it is given up.
    """

    driver: AsyncDriver = AsyncDriver.PER_CALL
    cancel_timeout: int = 5000


@final
class LoopUse(enum.Enum):
    """What a call has to do with an event loop.

    `AWAITED`: the loop drives the awaitable that the call made to its result. `AWAITED_INSIDE`: the call
    itself takes place in the loop too, since what it returns may belong to the loop that runs then.
    `INSIDE`: nothing is awaited, but what the call makes belongs to the running loop.
    """

    AWAITED = "awaited"
    AWAITED_INSIDE = "awaited inside"
    INSIDE = "inside"
