"""The command line: `run(argv) -> exit code`.

Exit codes: 0 success, 1 the input or a check failed, 2 wrong usage, 70 internal error.
Data goes to stdout, everything else to stderr. Commands load on use, so that
`--version` and a warm `compile` import little more than click.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ... import __version__

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; no exception leaves this function."""
    try:
        code = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        return EXIT_FAILED  # the reader of stdout has seen enough
    except Exception as error:
        from .failure import report_failure  # deferred: only needed when something broke

        return report_failure(error, argv)
    return code


def _run(argv: Sequence[str]) -> int:
    if list(argv) == ["--version"]:
        print(f"mochic-py {__version__}")
        return 0
    import click  # deferred: `--version` needs none of it

    from .app import app

    try:
        outcome = app.main(args=list(argv), prog_name="mochic-py", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return EXIT_USAGE
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
