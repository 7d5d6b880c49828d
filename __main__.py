"""`python -m mochic_py` and the `mochic-py` script."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from .compiler.cli import run  # deferred: `--version` must not load the compiler

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
