"""The tables `[python]`, `[python.publish]` and `[python.capabilities]` of mochi.toml."""

from __future__ import annotations

import enum
import re
from keyword import iskeyword
from typing import Final, final

from attrs import field, frozen
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.specifiers import SpecifierSet

from ..ir import codes
from ..ir.dist import AbiTagPolicy
from ..ir.redact import redact
from ..ir.source import Span
from .frontends.importspec import parse_name, parse_specifier
from .frontends.problem import Problem
from .frontends.sources import INDEX_SCHEMES, check_url
from .toml_table import Table

# python tag - abi tag - platform tag, each one or several joined by dots (PEP 425, 427).
_WHEEL_TAG = re.compile(r"[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+", re.ASCII)


@final
class Implementation(enum.Enum):
    """The interpreters a manifest may name."""

    CPYTHON = "cpython"
    PYPY = "pypy"
    GRAALPY = "graalpy"


@final
class RuntimeMode(enum.Enum):
    """Python inside the Mochi program, or beside it."""

    EMBEDDED = "embedded"
    SUBPROCESS = "subprocess"


@final
class AsyncMode(enum.Enum):
    """One event loop for each call, or one that lives on in a thread of its own."""

    PER_CALL = "per-call"
    PERSISTENT = "persistent"


@final
class IntMode(enum.Enum):
    """What becomes of an int outside 64 bits: a bigint, or an error."""

    BIGINT = "bigint"
    INT64_ONLY = "int64-only"


@final
class IndexPriority(enum.Enum):
    """Asked first, asked for what the first does not have, or only where a dependency names it."""

    PRIMARY = "primary"
    SUPPLEMENTAL = "supplemental"
    EXPLICIT = "explicit"


@final
class Prereleases(enum.Enum):
    """Which pre-releases may be chosen.

    `PEP440`: where a specifier names one, or no final release fits; `EXPLICIT`: only where a
    specifier names one.
    """

    PEP440 = "pep440"
    EXPLICIT = "explicit"
    ALLOW = "allow"
    DISALLOW = "disallow"

    def admits(self, specifier: SpecifierSet) -> bool | None:
        """Return what `SpecifierSet.filter` wants to know: yes, no, or the rule of PEP 440."""
        match self:
            case Prereleases.PEP440:
                return None
            case Prereleases.EXPLICIT:
                return bool(specifier.prereleases)
            case Prereleases.ALLOW:
                return True
            case Prereleases.DISALLOW:
                return False


@final
class PublishTarget(enum.Enum):
    """Where a package is published."""

    PYPI = "pypi"
    TESTPYPI = "testpypi"


@final
@frozen
class Index:
    """An index of `[[python.indexes]]`; the name defaults to the URL."""

    name: str
    url: str
    priority: IndexPriority = IndexPriority.SUPPLEMENTAL
    span: Span | None = field(default=None, eq=False, repr=False)


@final
@frozen
class Monomorphise:
    """A generic item to bind with types for its parameters: pairs (parameter, type), sorted."""

    item: str
    arguments: tuple[tuple[str, str], ...]
    span: Span | None = field(default=None, eq=False, repr=False)


@final
@frozen
class PythonSettings:
    """`[python]` with its defaults."""

    requires_python: str = ">=3.12"
    implementation: Implementation = Implementation.CPYTHON
    runtime_mode: RuntimeMode = RuntimeMode.EMBEDDED
    async_mode: AsyncMode = AsyncMode.PER_CALL
    async_cancel_timeout: float = 5.0
    stubgen_fallback: bool = True
    stubgen_inspect: bool = True
    sidecar_glob: str = "*_externs.py"
    free_threaded: bool = False
    freethread_deny_list: tuple[str, ...] = ()
    strict: bool = False
    int_mode: IntMode = IntMode.BIGINT
    strict_return_types: bool = True
    infer: bool = True
    probe: bool = True
    flatten_inherited: bool = False
    monomorphise: tuple[Monomorphise, ...] = ()
    indexes: tuple[Index, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    exclude_newer: str = ""
    prereleases: Prereleases = Prereleases.PEP440
    build: bool = True
    abi_tag_policy: AbiTagPolicy = AbiTagPolicy.LEGACY


@final
@frozen
class PublishSettings:
    """`[python.publish]` with its defaults; the name is PEP 503-normalised.

    `module` is the Mochi module to publish and `compiled` the folder of the Python it compiles to, both
    relative to the manifest and found where empty. `scripts` are commands by name, each with the function it
    calls.
    """

    distribution_name: str
    build_backend: str = "mochi-build"
    wheel_tags: tuple[str, ...] = ("py3-none-any",)
    abi3: bool = False
    abi3_min_version: str = "cp312"
    publish_to: PublishTarget = PublishTarget.PYPI
    license_expression: str = ""
    trove_classifiers: tuple[str, ...] = ()
    requires_python: str = ""
    import_name: str = ""
    module: str = ""
    compiled: str = ""
    scripts: tuple[tuple[str, str], ...] = ()


CAPABILITIES: Final = ("net", "fs", "proc", "ctypes", "c-extension")
"""The capabilities of Python packages (note 01)."""

_CAPABILITY_SYNONYMS = {"proc": ("proc", "subprocess"), "c-extension": ("c-extension", "cextension")}


@final
@frozen
class Capabilities:
    """`[python.capabilities]`: what is granted, out of `CAPABILITIES`. `span` is None without a table."""

    granted: frozenset[str] = frozenset()
    span: Span | None = field(default=None, eq=False, repr=False)


def read_settings(table: Table) -> PythonSettings:
    """Return what `[python]` says. `runtime.event-loop` is a synonym of `async-mode`."""
    default = PythonSettings()
    stubgen, runtime = table.read_table("stubgen"), table.read_table("runtime")
    settings = PythonSettings(
        requires_python=_read_specifier(table, default.requires_python, "requires-python"),
        implementation=table.read_choice(default.implementation, "implementation"),
        runtime_mode=table.read_choice(default.runtime_mode, "runtime-mode"),
        async_mode=_read_async_mode(table, runtime),
        async_cancel_timeout=table.read_number(default.async_cancel_timeout, "async-cancel-timeout"),
        stubgen_fallback=stubgen.read_flag(True, "fallback") if stubgen else default.stubgen_fallback,
        stubgen_inspect=stubgen.read_flag(True, "inspect", "inspect-mode")
        if stubgen
        else default.stubgen_inspect,
        sidecar_glob=_read_sidecar_glob(table, default.sidecar_glob),
        free_threaded=table.read_flag(default.free_threaded, "free-threaded"),
        freethread_deny_list=_read_names(table, "freethread-deny-list"),
        strict=table.read_flag(default.strict, "strict"),
        int_mode=table.read_choice(default.int_mode, "int-mode"),
        strict_return_types=table.read_flag(default.strict_return_types, "strict-return-types"),
        infer=table.read_flag(default.infer, "infer"),
        probe=table.read_flag(default.probe, "probe"),
        flatten_inherited=table.read_flag(default.flatten_inherited, "flatten-inherited"),
        monomorphise=tuple(filter(None, map(_read_monomorphise, table.read_tables("monomorphise")))),
        indexes=tuple(filter(None, map(_read_index, table.read_tables("indexes")))),
        constraints=table.read_strings("constraints") or (),
        overrides=table.read_strings("overrides") or (),
        exclude_newer=table.read_string("exclude-newer") or "",
        prereleases=table.read_choice(Prereleases.PEP440, "prereleases", "prerelease"),
        build=table.read_flag(default.build, "build"),
        abi_tag_policy=table.read_choice(default.abi_tag_policy, "abi-tag-policy"),
    )
    if stubgen:
        stubgen.close()
    if runtime:
        runtime.close()
    _check_settings(table, settings)
    return settings


def _check_settings(table: Table, settings: PythonSettings) -> None:
    if settings.free_threaded and settings.implementation is not Implementation.CPYTHON:
        message = f"`{settings.implementation.value}` has no free-threaded build"
        table.report(codes.CONFLICTING_MANIFEST_KEYS, "free-threaded", message)
    seen: set[str] = set()
    for index in settings.indexes:
        if index.name in seen:
            message = f"two indexes are called `{redact(index.name)}`"
            table.diagnostics.append(codes.CONFLICTING_MANIFEST_KEYS.at(index.span, message))
        seen.add(index.name)


def _read_sidecar_glob(table: Table, default: str) -> str:
    glob = table.read_string("sidecar-glob")
    if glob is None:
        return default
    if "/" in glob or "\\" in glob or not glob.endswith(".py"):
        message = "`sidecar-glob` matches the names of Python files beside the program"
        table.report(
            codes.INVALID_MANIFEST_VALUE, "sidecar-glob", message, "write for example `*_externs.py`"
        )
        return default
    return glob


def _read_async_mode(table: Table, runtime: Table | None) -> AsyncMode:
    if runtime is None or runtime.find("event-loop") is None:
        return table.read_choice(AsyncMode.PER_CALL, "async-mode")
    if table.find("async-mode"):
        message = "`async-mode` and `runtime.event-loop` mean the same"
        table.report(codes.CONFLICTING_MANIFEST_KEYS, "async-mode", message, "remove one of them")
    return runtime.read_choice(AsyncMode.PER_CALL, "event-loop")


def _read_specifier(table: Table, default: str, *keys: str) -> str:
    text = table.read_string(*keys)
    if text is None:
        return default
    key = next(key for key in keys if key in table)
    specifier, diagnostics = parse_specifier(text, table.value_span(key))
    table.diagnostics.extend(diagnostics)
    return default if specifier is None else specifier


def _read_names(table: Table, key: str) -> tuple[str, ...]:
    """Return the distributions that a list names, normalised (PEP 503)."""
    names = []
    for text in table.read_strings(key) or ():
        name = parse_name(text)
        if isinstance(name, Problem):
            help = "write names of distributions, without versions"
            table.report(codes.INVALID_MANIFEST_VALUE, key, f"`{text}` is no name of a distribution", help)
        else:
            names.append(name)
    return tuple(names)


def _read_index(table: Table) -> Index | None:
    url, name = table.read_string("url"), table.read_string("name")
    priority = table.read_choice(IndexPriority.SUPPLEMENTAL, "priority")
    table.close()
    if url is None:
        _require(table, "url")
        return None
    if problem := check_url(url, "index", INDEX_SCHEMES):
        table.diagnostics.append(problem.locate(url, table.value_span("url")))
        return None
    return Index(name or url, url, priority, table.span)


def _read_monomorphise(table: Table) -> Monomorphise | None:
    item = table.read_string("item")
    arguments = [(key, table.read_string(key)) for key in sorted(table.values) if key != "item"]
    if item is None or not arguments:
        _require(table, "item" if item is None else "T")
        return None
    return Monomorphise(
        item, tuple((key, value) for key, value in arguments if value is not None), table.span
    )


def read_publish(table: Table) -> PublishSettings:
    """Return what `[python.publish]` says. `wheel-tag` and `python-requires` are synonyms."""
    default = PublishSettings("")
    settings = PublishSettings(
        distribution_name=_read_distribution_name(table),
        build_backend=table.read_string("build-backend") or default.build_backend,
        wheel_tags=_read_wheel_tags(table),
        abi3=table.read_flag(default.abi3, "abi3"),
        abi3_min_version=_read_abi3_version(table),
        publish_to=table.read_choice(default.publish_to, "publish-to"),
        license_expression=_read_license(table),
        trove_classifiers=table.read_strings("trove-classifiers") or (),
        requires_python=_read_specifier(table, "", "requires-python", "python-requires"),
        import_name=_read_import_name(table),
        module=table.read_string("module") or "",
        compiled=table.read_string("compiled") or "",
        scripts=_read_scripts(table),
    )
    if "abi3-min-version" in table and not settings.abi3:
        message = "`abi3-min-version` means nothing without `abi3 = true`"
        table.diagnostics.append(
            codes.CONFLICTING_MANIFEST_KEYS.at(table.key_span("abi3-min-version"), message)
        )
    table.close()
    return settings


def _read_distribution_name(table: Table) -> str:
    text = table.read_string("distribution-name")
    if text is None:
        _require(table, "distribution-name")
        return ""
    name = parse_name(text)
    if isinstance(name, Problem):
        table.diagnostics.append(name.locate(text, table.value_span("distribution-name")))
        return ""
    return name


def _read_import_name(table: Table) -> str:
    text = table.read_string("import-name") or ""
    if text and (iskeyword(text) or not (text.isidentifier() and text.isascii())):
        message = f"`{text}` is no name that Python can import"
        table.report(
            codes.INVALID_MANIFEST_VALUE, "import-name", message, "write for example `mochi_pkg_foo`"
        )
        return ""
    return text


def _read_scripts(table: Table) -> tuple[tuple[str, str], ...]:
    scripts = table.read_table("scripts")
    if scripts is None:
        return ()
    found = [(name, scripts.read_string(name)) for name in sorted(scripts.values)]
    return tuple((name, function) for name, function in found if function)


def _read_wheel_tags(table: Table) -> tuple[str, ...]:
    key = table.find("wheel-tags", "wheel-tag")
    if key is None:
        return PublishSettings("").wheel_tags
    single = table.values[key]
    tags = (single,) if key == "wheel-tag" and isinstance(single, str) else table.read_strings(key)
    wrong = [tag for tag in tags or () if not _WHEEL_TAG.fullmatch(tag)]
    for tag in wrong:
        help = "write for example `py3-none-any` or `cp312-cp312-manylinux_2_28_x86_64`"
        table.report(codes.INVALID_MANIFEST_VALUE, key, f"`{tag}` is not a wheel tag", help)
    for tag in tags or ():
        if "abi2026" in tag.partition("-")[2].partition("-")[0].split("."):
            message = f"`{tag}` is not for `{key}`: a wheel gets `abi2026` where its files prove it"
            help = 'name the tag for `abi3` here, and write `abi-tag-policy = "both"` in `[python]`'
            table.report(codes.INVALID_MANIFEST_VALUE, key, message, help)
    return PublishSettings("").wheel_tags if wrong or not tags else tags


def _read_abi3_version(table: Table) -> str:
    text = table.read_string("abi3-min-version")
    if text is not None and not re.fullmatch(r"cp3[0-9]{1,2}", text):
        message = f"`{text}` is not a CPython version tag"
        table.report(codes.INVALID_MANIFEST_VALUE, "abi3-min-version", message, "write for example `cp312`")
        text = None
    return text or PublishSettings("").abi3_min_version


def _read_license(table: Table) -> str:
    text = table.read_string("license-expression")
    if not text:
        return ""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        message = f"`{text}` is not an SPDX license expression"
        table.report(codes.INVALID_MANIFEST_VALUE, "license-expression", message, "see PEP 639")
        return ""


def read_capabilities(table: Table) -> Capabilities:
    """Return what `[python.capabilities]` grants; `subprocess` and `cextension` are synonyms."""
    granted = [
        name for name in CAPABILITIES if table.read_flag(False, *_CAPABILITY_SYNONYMS.get(name, (name,)))
    ]
    table.close()
    return Capabilities(frozenset(granted), table.span)


def _require(table: Table, key: str) -> None:
    # A key of the wrong type was reported already.
    if key not in table:
        name = ".".join(part for part in table.path if isinstance(part, str))
        table.diagnostics.append(codes.MISSING_MANIFEST_KEY.at(table.span, f"`{name}` needs the key `{key}`"))
