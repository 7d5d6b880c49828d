"""`mochic-py pkg audit`: what a wheel promises by its tags, against what its files need."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from ...ir import codes
from ...ir.audit import WheelAudit
from ...ir.diagnostics import DiagnosticError
from ..audit.wheel_audit import as_json, audit_wheel
from ..cache import Cache
from ..frontends.importspec import parse_import_spec
from ..host import Host
from ..request import Request
from ..session import Session, make_target
from . import EXIT_FAILED
from .options import color_option, format_option, open_host, source_options, target_options, wants_color
from .show import show_diagnostics


@click.command("audit")
@click.option(
    "--wheel",
    "wheels",
    multiple=True,
    metavar="PATH|NAME",
    help="A wheel, or a distribution whose wheel for the target is audited. Can be repeated.",
)
@click.argument("more", nargs=-1, metavar="[PATH|NAME]...")
@target_options
@source_options
@format_option
@color_option
def audit_command(
    wheels: tuple[str, ...],
    more: tuple[str, ...],
    platform: str,
    python: tuple[int, int, bool],
    offline: bool,
    index_url: str,
    form: str,
    color: str,
) -> int:
    """Check platform tags, the stable ABI, the GIL, RECORD and metadata of wheels."""
    names = (*wheels, *more)
    if not names:
        raise click.UsageError("name a wheel: `--wheel PATH`")
    host = open_host()
    request = Request(target=make_target(platform, python), offline=offline, index_url=index_url)
    session = Session(host, Cache(host), request)
    ok = True
    for name in names:
        audit = _audit(name, session, host)
        ok = ok and audit.ok
        if form == "json":
            sys.stdout.write(json.dumps(as_json(audit)) + "\n")
        else:
            sys.stdout.write("".join(f"{line}\n" for line in _describe(audit)))
            sys.stdout.flush()
            show_diagnostics(audit.problems, {}, wants_color(color))
    return 0 if ok else EXIT_FAILED


def _audit(name: str, session: Session, host: Host) -> WheelAudit:
    if host.exists(host.base / name):
        return audit_wheel(host.base / name, host)
    if name.endswith(".whl"):
        raise DiagnosticError(codes.FILE_ACCESS.at(None, f"there is no file `{name}`"))
    requirement, problems = parse_import_spec(name, None)
    if requirement is None:
        raise DiagnosticError(*problems)
    pin = session.resolve([requirement]).find(requirement.name)
    assert pin is not None, "a resolution holds what was asked for"
    (wheel,) = session.fetch([pin])
    return audit_wheel(wheel.path, host, pin.file.filename)


def _describe(audit: WheelAudit) -> Iterator[str]:
    platform, abi3 = audit.platform, audit.abi3
    yield audit.wheel
    yield f"  platform  {platform.qualifies or 'no tag of any policy'}"
    if platform.needed:
        needed = (f"{name} {version}" for name, version in platform.needed.items())
        yield f"            needs {', '.join(needed)}"
    if platform.libraries:
        yield f"            from the system: {', '.join(platform.libraries)}"
    if audit.modules:
        since = f"from {abi3.baseline[0]}.{abi3.baseline[1]}" if abi3.baseline else ""
        outside = f"no, {len(abi3.violations)} symbols are outside" if abi3.violations else since
        yield f"  stable    {outside}"
        yield f"  GIL       {audit.gil.value} ({len(audit.modules)} modules)"
