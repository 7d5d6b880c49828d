"""What a user sees when a command cannot go on."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence

from ... import __version__
from ...ir import codes
from ...ir.diagnostics import DiagnosticError
from ...ir.render import render_human
from ...passes.manager import PassError
from ..host import Host
from . import EXIT_FAILED, EXIT_INTERNAL


def report_failure(error: Exception, argv: Sequence[str]) -> int:
    """Explain `error` on stderr and return the exit code.

    A `DiagnosticError` is the user's to mend. Anything else is a bug of ours: the
    traceback and, where a pass failed, its reproducer go into a file that is named.
    """
    if isinstance(error, DiagnosticError):
        sys.stderr.write(render_human(error.diagnostics, {}, color=False))
        return EXIT_FAILED
    if isinstance(error, OSError) and error.filename is None:
        # Files go through `Host`, so this is stdout: a full disk, most likely.
        message = f"cannot write the output: {error.strerror or error}"
        sys.stderr.write(render_human((codes.FILE_ACCESS.at(None, message),), {}, color=False))
        return EXIT_FAILED
    text = "".join(traceback.format_exception(error))
    report = f"mochic-py {__version__}\narguments: {list(argv)}\n\n{text}"
    if isinstance(error, PassError):
        reproducer = error.reproducer
        report += (
            f"\n// mochic-py opt FILE --pass-pipeline '{reproducer.pipeline_text}'\n{reproducer.ir_text}"
        )
    host = Host()
    try:
        report = _hide_credentials(report)
        path = host.write_report("mochic-py-crash.txt", report.encode("utf-8", "backslashreplace"))
        place = f"the details are in `{path}`; please send that file to the maintainers"
    except DiagnosticError:
        place = f"the details could not be saved: {_hide_credentials(text.splitlines()[-1])}"
    summary = _hide_credentials(f"{type(error).__name__}: {error}".splitlines()[0])[:200]
    sys.stderr.write(render_human((codes.INTERNAL.at(None, summary, help=place),), {}, color=False))
    return EXIT_INTERNAL


def _hide_credentials(text: str) -> str:
    """Return `text` with what stands before the `@` of URLs replaced: reports are sent to strangers."""
    return re.sub(r"(?<=://)[^\s/?#'\"]*@", "***@", text)
