"""One call in this very process: `python -c "from _mochi_wrap.once import main; main()"` in a workspace.

The request is a line on stdin, `{"method": …, "params": […]}`, and the answer one on stdout.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from .bound import find_function
from .errors import describe_error, to_data
from .wire import Codec


def main() -> None:
    """Do the call, and write its answer; what the function prints goes to stderr."""
    codec = Codec("json", export=lambda value: {"$handle": repr(value)[:2000]})
    out = os.dup(1)
    os.dup2(2, 1)
    answer: dict[str, Any]
    try:
        request = codec.decode(sys.stdin.buffer.readline())
        function, is_awaited = find_function(request["method"])
        found = function(*request["params"])
        answer = {"result": asyncio.run(found) if is_awaited else found}
        text = codec.encode(answer)
    except LookupError as error:
        text = codec.encode({"error": {"message": str(error)}})
    except BaseException as error:
        text = codec.encode({"error": {"data": to_data(describe_error(error))}})
    sys.stdout.flush()
    os.write(out, text + b"\n")
