"""The worker of this workspace: `python mochi_worker.py`, with JSON-RPC 2.0 on stdin and stdout."""

from __future__ import annotations

import importlib
import os

if __name__ == "__main__":
    # A type checker does not see this neighbour, which has no package around it.
    worker = importlib.import_module("_mochi_wrap.worker")
    worker.main(os.path.dirname(os.path.abspath(__file__)))
