"""`python -m mochic_py` and the `mochic-py` script."""

from __future__ import annotations

import io
import os
import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from .compiler.cli import run  # deferred: `--version` must not load the compiler
    from .compiler.collector import relax_collector

    relax_collector()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Output is UTF-8 whatever the locale; a lone surrogate in a file name must not stop it.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        # `run` has said so if it matters; Python must not say it again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


if __name__ == "__main__":
    sys.exit(main())
