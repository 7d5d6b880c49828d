"""What the runtime promises about loops, for any Python to run: `python tests/async_cases RUNTIME [CASE…]`.

Prints a line of JSON for each case: its name, and what went wrong or null. `tests/test_runtime_async.py` does
this with every interpreter at hand. A case that takes `loop` runs with both drivers.
"""

from __future__ import annotations

import faulthandler
import importlib
import inspect
import json
import sys
import traceback

from harness import CASES, PER_CALL, PERSISTENT, aio_threads

MODULES = ("results", "like_asyncio_run", "limits", "persistent", "functions", "contexts", "streams", "leaks")


def main() -> None:
    aio_threads._IDLE = 0.3
    for name in MODULES:
        importlib.import_module(name)
    for function in CASES:
        if len(sys.argv) > 2 and function.__name__ not in sys.argv[2:]:
            continue
        takes_loop = bool(inspect.signature(function).parameters)
        for loop in (PER_CALL, PERSISTENT) if takes_loop else (None,):
            kind = {PER_CALL: "per-call", PERSISTENT: "persistent", None: ""}[loop]
            problem = None
            faulthandler.dump_traceback_later(60, exit=True)
            try:
                function(*([loop] if takes_loop else []))
            except BaseException:
                problem = traceback.format_exc()
            faulthandler.cancel_dump_traceback_later()
            print(json.dumps([f"{function.__name__} {kind}".strip(), problem]), flush=True)


if __name__ == "__main__":
    main()
