"""`mochic-py pkg audit`: what a wheel promises by its tags, against what its files need."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping

import click
from packaging.utils import canonicalize_name

from ...ir import codes
from ...ir.audit import WheelAudit
from ...ir.binary import GilVerdict
from ...ir.diagnostics import DiagnosticError
from ...ir.dist import DistFile, FileKind, Hashes, PathSource, Pin, Resolution
from ..audit.wheel_audit import as_json, audit_wheel
from ..cache import Cache
from ..confirm_gil import Confirmation, confirm, find_unknown, free_targets, unconfirmed
from ..frontends.importspec import parse_import_spec
from ..host import Host
from ..request import Request
from ..resolve.download import CachedWheel, add_file
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
@click.option(
    "--confirm",
    "confirmed",
    is_flag=True,
    help="Import modules that do not let the GIL be read, in a sandbox and a Python without it.",
)
@target_options
@source_options
@format_option
@color_option
def audit_command(
    wheels: tuple[str, ...],
    more: tuple[str, ...],
    confirmed: bool,
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
        found = _confirm(name, audit, session, host) if confirmed else None
        ok = ok and audit.ok
        if form == "json":
            sys.stdout.write(json.dumps(_as_json(audit, found)) + "\n")
        else:
            sys.stdout.write("".join(f"{line}\n" for line in _describe(audit, found or ())))
            sys.stdout.flush()
            unknown = unconfirmed(audit.wheel, found or ())
            show_diagnostics((*audit.problems, *unknown), {}, wants_color(color))
    return 0 if ok else EXIT_FAILED


def _audit(name: str, session: Session, host: Host) -> WheelAudit:
    if host.exists(host.base / name):
        return audit_wheel(host.base / name, host)
    if name.endswith(".whl"):
        raise DiagnosticError(codes.FILE_ACCESS.at(None, f"there is no file `{name}`"))
    pin, _ = _resolve(name, session)
    (wheel,) = session.fetch([pin])
    return audit_wheel(wheel.path, host, pin.file.filename)


def _resolve(name: str, session: Session) -> tuple[Pin, Resolution]:
    requirement, problems = parse_import_spec(name, None)
    if requirement is None:
        raise DiagnosticError(*problems)
    resolution = session.resolve([requirement])
    pin = resolution.find(requirement.name)
    assert pin is not None, "a resolution holds what was asked for"
    return pin, resolution


def _confirm(name: str, audit: WheelAudit, session: Session, host: Host) -> tuple[Confirmation, ...]:
    """Return what importing modules shows of which nothing can be read; those of a file stand alone."""
    modules = find_unknown(audit.modules)
    if not modules:
        return ()
    path = host.base / name
    if host.exists(path):
        blob = add_file(path, "", host, session.cache)
        distribution, version = audit.wheel.split("-")[:2]
        file = DistFile(audit.wheel, FileKind.WHEEL, PathSource(name), Hashes(blob.sha256, blob.blake3))
        pin = Pin(canonicalize_name(distribution), version, file)
        wheel = CachedWheel(pin, blob.path, file.hashes, blob.size)
        return confirm(modules, (wheel,), free_targets(), host, session.cache)
    pin, resolution = _resolve(name, session)
    closure = session.find_probe(session.fetch([pin])[0], resolution.pins).closure
    return confirm(modules, closure, (session.request.target,), host, session.cache)


def _as_json(audit: WheelAudit, found: tuple[Confirmation, ...] | None) -> Mapping[str, object]:
    """Return an audit as JSON values, with what was confirmed where that was asked for."""
    shown = dict(as_json(audit))
    if found is not None:
        confirmed = {each.module: {"verdict": each.verdict.value, "reason": each.reason} for each in found}
        shown["confirmed"] = confirmed
    return shown


def _describe(audit: WheelAudit, found: Iterable[Confirmation]) -> Iterator[str]:
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
    for each in found:
        if each.verdict is not GilVerdict.UNKNOWN:
            yield f"            {each.module} is {each.verdict.value}, as importing it shows"
