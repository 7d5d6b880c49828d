"""Every diagnostic code of the program, once.

PY1 programs and import specs · PY2 stubs · PY3 types · PY4 manifest, resolution, lock,
cache · PY5 wheels · PY6 emission and command line. A code is never reused. Each has a
page `golden/diagnostics/PYnnn.md`, which is also its test.
"""

from __future__ import annotations

from .diagnostics import Code, Severity

UNTERMINATED_IMPORT = Code("PY101", "unterminated-import", "the string of an import is not closed")
INCOMPLETE_IMPORT = Code("PY102", "incomplete-import", "an import needs a string that says what to import")
INVALID_ESCAPE = Code(
    "PY103", "invalid-escape", "the string of an import holds an escape that Mochi does not know"
)
MISSING_ALIAS = Code(
    "PY104", "missing-alias", "an import without `as` binds no usable name", Severity.WARNING
)
DUPLICATE_ALIAS = Code("PY105", "duplicate-alias", "two imports bind different packages to one alias")
AUTO_CLASH = Code(
    "PY106", "auto-clash", "an `auto` import binds a name that the program already has", Severity.WARNING
)
UNBOUND_ITEM = Code("PY107", "unbound-item", "the bound package has no item of this name")
MISSING_ARGUMENT = Code("PY108", "missing-argument", "a bound function is called with too few arguments")
INVALID_IMPORT_SPEC = Code("PY110", "invalid-import-spec", "this is not an import spec")
INVALID_PACKAGE_NAME = Code("PY111", "invalid-package-name", "this is not the name of a distribution")
INVALID_SPECIFIER = Code("PY112", "invalid-specifier", "this is not a version specifier")
UNSATISFIABLE_SPECIFIER = Code("PY113", "unsatisfiable-specifier", "no version can satisfy this specifier")
INVALID_SOURCE = Code("PY114", "invalid-source", "this does not name a place to take a package from")
CREDENTIALS_IN_URL = Code("PY115", "credentials-in-url", "a URL must not hold credentials")
INVALID_SOURCE_PATH = Code("PY116", "invalid-source-path", "a source path must be relative and use `/`")
STDLIB_MODULE = Code(
    "PY117", "stdlib-module", "a module of the standard library is not bound", Severity.WARNING
)
ILLEGAL_ALIAS = Code("PY118", "illegal-alias", "this name cannot be an alias in Mochi")
NOT_UTF8 = Code("PY119", "not-utf8", "the file is not UTF-8 text")
HIDDEN_ALIAS = Code("PY120", "hidden-alias", "a declaration hides the alias of an import", Severity.WARNING)
NOT_LINKED = Code("PY121", "not-linked", "this import cannot be linked")
BACK_END_LIMIT = Code(
    "PY122", "back-end-limit", "Mochi's Python back end does not take this", Severity.WARNING
)

STUB_SYNTAX = Code(
    "PY201", "stub-syntax-error", "this part of the file is not Python and was left out", Severity.WARNING
)
DYNAMIC_ALL = Code(
    "PY202", "dynamic-all", "`__all__` cannot be known without running the module", Severity.NOTE
)
OBSOLETE_STUBS = Code(
    "PY203", "obsolete-stubs", "a stub distribution is obsolete and was passed over", Severity.NOTE
)
NO_MODULES = Code("PY204", "no-modules", "the distribution holds no Python module", Severity.WARNING)
SIDECAR_SYNTAX = Code("PY205", "sidecar-syntax-error", "this file is not valid Python and was left alone")
SIDECAR_MISMATCH = Code("PY206", "sidecar-mismatch", "an override does not fit the item that it replaces")
SIDECAR_UNKNOWN = Code("PY207", "sidecar-unknown", "a function overrides nothing", Severity.WARNING)
STUB_VERSION_UNKNOWN = Code(
    "PY210", "stub-version-unknown", "the stubs may describe another version of the package", Severity.NOTE
)
STUB_DEPENDENCIES = Code(
    "PY211", "stub-dependencies", "packages that the stubs import are missing", Severity.WARNING
)
NO_STDLIB_TYPES = Code(
    "PY212", "no-stdlib-types", "the types of the standard library cannot be had", Severity.WARNING
)
STUBGEN_UNAVAILABLE = Code(
    "PY213", "stubgen-unavailable", "compiled modules without types could not be looked at", Severity.WARNING
)
STUBGEN_FAILED = Code(
    "PY214", "stubgen-failed", "a compiled module could not be imported to look at it", Severity.WARNING
)
STUBS_GENERATED = Code(
    "PY215", "stubs-generated", "compiled modules were imported in a sandbox to look at them", Severity.NOTE
)
NOT_PROBED = Code("PY216", "not-probed", "the installed package was not looked at", Severity.NOTE)
NOT_IMPORTABLE = Code(
    "PY217", "not-importable", "a module does not import in the environment of the program", Severity.WARNING
)
PROBE_FINDINGS = Code(
    "PY218", "probe-findings", "the types declare what the installed package does not have", Severity.NOTE
)
GIL_NEEDED = Code(
    "PY219", "gil-needed", "compiled modules do not say that they do without the GIL", Severity.NOTE
)

OPEN_UNION = Code(
    "PY301", "open-union", "a union without a closed Mochi type becomes `any`", Severity.WARNING
)
UNANNOTATED = Code("PY302", "unannotated", "a value without an annotation becomes `any`", Severity.WARNING)
ANY_TYPE = Code("PY303", "any-type", "`Any` and `object` have no Mochi type but `any`", Severity.WARNING)
UNSUPPORTED_TYPING_CONSTRUCT = Code(
    "PY304", "unsupported-typing-construct", "this typing construct has no Mochi type", Severity.WARNING
)
PARAM_SPEC = Code("PY305", "param-spec", "a callable with unknown parameters becomes `any`", Severity.WARNING)
TYPE_VAR_TUPLE = Code("PY306", "type-var-tuple", "a variable number of types becomes `any`", Severity.WARNING)
FORWARD_REF = Code(
    "PY307", "forward-ref", "an annotation names something that is not there", Severity.WARNING
)
COMPLEX_TYPE = Code("PY308", "complex-type", "a complex number stays a Python object", Severity.WARNING)
BYTEARRAY_TYPE = Code("PY309", "bytearray-type", "a mutable buffer is copied to `bytes`", Severity.WARNING)
OVERLOAD_AMBIGUITY = Code("PY310", "overload-ambiguity", "an overload arm is left out", Severity.WARNING)
ASYNC_RUNTIME = Code(
    "PY311",
    "async-runtime",
    "an awaitable or asynchronous iterator cannot be given to a function of the program",
    Severity.WARNING,
)
MISSING_RECEIVER = Code(
    "PY312", "missing-receiver", "a method without a first parameter cannot be called", Severity.WARNING
)
PRIVATE_TYPE = Code(
    "PY313", "private-type", "a parameter wants a private class that nothing gives out", Severity.WARNING
)

INVALID_TOML = Code("PY401", "invalid-toml", "the manifest is not valid TOML")
UNKNOWN_MANIFEST_KEY = Code("PY402", "unknown-manifest-key", "the manifest has a key that nothing reads")
WRONG_MANIFEST_TYPE = Code("PY403", "wrong-manifest-type", "a manifest value has the wrong type")
INVALID_MANIFEST_VALUE = Code(
    "PY404", "invalid-manifest-value", "a manifest value is not one of those allowed"
)
CONFLICTING_MANIFEST_KEYS = Code("PY405", "conflicting-manifest-keys", "two manifest keys exclude each other")
MISSING_MANIFEST_KEY = Code("PY406", "missing-manifest-key", "the manifest lacks a key that is required")
DUPLICATE_DEPENDENCY = Code("PY407", "duplicate-dependency", "the manifest names one distribution twice")
MANIFEST_CONFLICT = Code("PY408", "manifest-conflict", "an import and the manifest ask for different things")
NO_SUCH_DEPENDENCY = Code("PY409", "no-such-dependency", "the manifest does not name this distribution")

NETWORK = Code("PY420", "network-failure", "a server gave no usable answer")
OFFLINE = Code("PY421", "not-in-cache", "this is not in the cache and the network is off")
PACKAGE_NOT_FOUND = Code("PY422", "package-not-found", "the index has no distribution of this name")
INVALID_INDEX_PAGE = Code("PY423", "invalid-index-page", "the index sent a page that cannot be read")
NO_MATCHING_VERSION = Code("PY424", "no-matching-version", "no version fits what is asked for")
VERSION_CONFLICT = Code("PY425", "version-conflict", "the requirements exclude each other")
NO_USABLE_WHEEL = Code("PY426", "no-usable-wheel", "no wheel of this distribution fits the target")
HASH_MISMATCH = Code("PY427", "hash-mismatch", "a file does not have the digest it should have")
SOURCE_NOT_SUPPORTED = Code("PY428", "source-not-supported", "packages cannot be taken from here yet")
INVALID_METADATA = Code("PY429", "invalid-metadata", "the metadata of a distribution cannot be read")
FILE_ACCESS = Code("PY430", "file-access", "a file or folder cannot be used")
DISK_FULL = Code("PY431", "disk-full", "there is no space left")
SUBPROCESS_FAILED = Code("PY432", "subprocess-failed", "a program could not be run")
UNKNOWN_TARGET = Code("PY433", "unknown-target", "this target is not known")
NO_INTERPRETER = Code("PY434", "no-interpreter", "no installed interpreter fits the target")
INSTALL_FAILED = Code("PY435", "install-failed", "the packages could not be installed")
INVALID_CUTOFF = Code("PY436", "invalid-cutoff", "this is not a date to resolve as of")
GIT_FAILED = Code("PY437", "git-failed", "a repository cannot be used")
BUILD_FAILED = Code("PY438", "build-failed", "a source distribution could not be built")
RESOLVER_FAILED = Code("PY439", "resolver-failed", "the other resolver gave no usable answer")

LOCK_MISSING = Code("PY440", "lock-missing", "there is no mochi.lock")
INVALID_LOCK = Code("PY441", "invalid-lock", "mochi.lock is not valid TOML")
LOCK_VERSION = Code("PY442", "lock-version", "mochi.lock was written in a format that is not known")
WRONG_LOCK_VALUE = Code("PY443", "wrong-lock-value", "a value in mochi.lock is not what it should be")
UNKNOWN_LOCK_KEY = Code("PY444", "unknown-lock-key", "mochi.lock has a key that nothing reads")
DUPLICATE_LOCK_ENTRY = Code("PY445", "duplicate-lock-entry", "mochi.lock pins one distribution twice")
INCOMPLETE_LOCK = Code("PY446", "incomplete-lock", "mochi.lock lacks a distribution that another one needs")
LOCK_OUTDATED = Code("PY447", "lock-outdated", "mochi.lock does not fit what is asked for")
LOCK_TARGET = Code("PY448", "lock-target", "mochi.lock is for other targets")
LOCK_DIFFERS = Code("PY449", "lock-differs", "a digest in mochi.lock is not what it should be")
NOT_LOCKED = Code("PY450", "not-locked", "mochi.lock does not have this distribution")
FILE_GONE = Code("PY451", "file-gone", "the index has no file of this name")
INVALID_PYLOCK = Code("PY452", "invalid-pylock", "this is not a lock file of PEP 751")
PYLOCK_FILE_NAME = Code("PY453", "pylock-file-name", "a lock file of PEP 751 cannot have this name")
NOT_IN_PYLOCK = Code("PY454", "not-in-pylock", "this cannot be said in a lock file of PEP 751")

INVALID_WHEEL = Code("PY501", "invalid-wheel", "this file is not a wheel")
UNSAFE_WHEEL_PATH = Code(
    "PY502", "unsafe-wheel-path", "a wheel holds a file that would land outside its folder"
)
WHEEL_TOO_LARGE = Code("PY503", "wheel-too-large", "a wheel unpacks to more than is sensible")
RECORD_MISMATCH = Code("PY504", "record-mismatch", "a file of a wheel differs from its RECORD")
INVALID_WHEEL_METADATA = Code("PY505", "invalid-wheel-metadata", "a wheel does not describe itself correctly")
BACKSLASH_IN_PATH = Code("PY510", "backslash-in-path", "a file name in an archive holds a backslash")
UNLISTED_FILE = Code("PY511", "unlisted-file", "a wheel holds a file that its RECORD does not list")
UNUSABLE_RECORD = Code("PY512", "unusable-record", "the RECORD of a wheel is missing, empty or broken")
RECORD_LISTS_MISSING_FILE = Code(
    "PY513", "record-lists-missing-file", "the RECORD of a wheel lists a file that is not there"
)
DUPLICATE_ENTRY = Code("PY514", "duplicate-entry", "an archive holds two files for one place")
LOCAL_HEADER_DIFFERS = Code(
    "PY515", "local-header-differs", "an archive describes a file in two different ways"
)
BAD_CHECKSUM = Code("PY516", "bad-checksum", "the data of a file in an archive are damaged")
PREFIXED_ARCHIVE = Code("PY517", "prefixed-archive", "something stands before the archive in the file")
APPENDED_ARCHIVE = Code("PY518", "appended-archive", "a second archive was appended to a wheel")
TRAILING_DATA = Code("PY519", "trailing-data", "something follows the end of the archive")
ENTRY_COUNT_WRONG = Code("PY520", "entry-count-wrong", "an archive gives a wrong number of files")
LINK_IN_WHEEL = Code("PY521", "link-in-wheel", "a wheel holds a symbolic link or a special file")
DIST_INFO_COUNT = Code("PY522", "dist-info-count", "a wheel needs exactly one .dist-info folder")
UNSUPPORTED_WHEEL_VERSION = Code(
    "PY523", "unsupported-wheel-version", "a wheel follows another version of the format"
)
NAME_DIFFERS = Code("PY524", "name-differs", "a distribution file has another name inside")
VERSION_DIFFERS = Code("PY525", "version-differs", "a distribution file has another version inside")
METADATA_NOT_UTF8 = Code("PY526", "metadata-not-utf8", "the metadata of a distribution are not UTF-8")
INVALID_REQUIRES_DIST = Code("PY527", "invalid-requires-dist", "a dependency in the metadata cannot be read")
UNSAFE_SCRIPT = Code("PY528", "unsafe-script", "a script of a wheel has a name or target that does harm")
INTERPRETER_SCRIPT = Code(
    "PY529", "interpreter-script", "a wheel installs a script named like the interpreter"
)
DATA_IN_SITE_PACKAGES = Code(
    "PY530", "data-in-site-packages", "a wheel puts data files where Python finds code"
)
RESERVED_FILE_NAME = Code("PY531", "reserved-file-name", "a file has a name that Windows reserves")
UNSUPPORTED_METADATA_VERSION = Code(
    "PY532", "unsupported-metadata-version", "the metadata follow a version that is not known"
)
CASE_CLASH = Code("PY533", "case-clash", "two files differ only in the case of letters", Severity.WARNING)
UNKNOWN_DATA_SCHEME = Code(
    "PY534", "unknown-data-scheme", "a wheel has a .data folder for a place that does not exist"
)
INVALID_SDIST = Code("PY540", "invalid-sdist", "this file is not a source distribution")
LINK_LEADS_OUTSIDE = Code(
    "PY541", "link-leads-outside", "a link in a source distribution leads outside of it"
)
SPECIAL_FILE = Code("PY542", "special-file", "a source distribution holds a device or a pipe")
SETUID_FILE = Code("PY543", "setuid-file", "a file runs with the rights of its owner")
UNUSABLE_TIME = Code("PY544", "unusable-time", "a file has a time that a wheel cannot hold")
CAPABILITY_NOT_GRANTED = Code(
    "PY550", "capability-not-granted", "a package can do what the manifest does not grant"
)
CAPABILITY_ELEVATION = Code(
    "PY551", "capability-elevation", "an upgrade brings a capability that was not there"
)
STARTUP_CODE = Code("PY552", "startup-code", "a package runs code whenever Python starts", Severity.WARNING)
INCOMPATIBLE_ASYNC_RUNTIME = Code(
    "PY553", "incompatible-async-runtime", "a package needs the event loop of trio", Severity.WARNING
)
UNTESTED_FREETHREAD = Code(
    "PY554", "untested-freethread", "a package is not made for a Python without the GIL"
)
GIL_UNCONFIRMED = Code(
    "PY555", "gil-unconfirmed", "what a module does with the GIL stays unknown", Severity.WARNING
)
NOTHING_EXPORTED = Code("PY560", "nothing-exported", "a Mochi module offers nothing to Python")
NO_COMPILED_CODE = Code(
    "PY561", "no-compiled-code", "the Python that a Mochi module compiles to is not there"
)
COMPILED_CODE_DIFFERS = Code(
    "PY562", "compiled-code-differs", "compiled Python is not that of the Mochi module"
)
INVALID_PROJECT = Code("PY563", "invalid-project", "mochi.toml does not describe a distribution")
PLATFORM_TAG_NOT_MET = Code("PY570", "platform-tag-not-met", "a wheel promises more systems than it runs on")
FOREIGN_LIBRARY = Code("PY571", "foreign-library", "a wheel needs a library that it does not bring")
WRONG_ARCHITECTURE = Code("PY572", "wrong-architecture", "a file is for another processor than the tag says")
OUTSIDE_STABLE_ABI = Code("PY573", "outside-stable-abi", "a wheel for the stable ABI uses more than that")
STABLE_ABI_TOO_LATE = Code(
    "PY574", "stable-abi-too-late", "a wheel needs a later stable ABI than its tag says"
)
MALFORMED_BINARY = Code("PY575", "malformed-binary", "a compiled file cannot be read")
TAGS_DIFFER = Code("PY576", "tags-differ", "the tags of a wheel contradict its content")
BETTER_TAG = Code("PY577", "better-tag", "a wheel qualifies for another tag", Severity.NOTE)
CANNOT_RETAG = Code("PY580", "cannot-retag", "nothing proves that a wheel keeps what other tags promise")

INTERNAL = Code("PY600", "internal-error", "the compiler broke one of its own invariants")
UNKNOWN_PASS = Code("PY610", "unknown-pass", "there is no pass of this name")
UNKNOWN_PASS_OPTION = Code("PY611", "unknown-pass-option", "the pass has no option of this name")
MALFORMED_PIPELINE = Code("PY612", "malformed-pipeline", "this is not a pipeline of passes")
INVALID_IR = Code("PY613", "invalid-ir", "this is not IR text")
UNKNOWN_IR_VERSION = Code("PY614", "unknown-ir-version", "this version of the IR text format is not known")
INCOMPLETE_PIPELINE = Code(
    "PY615", "incomplete-pipeline", "the pipeline leaves out a pass that emission depends on"
)
PIPELINE_ORDER = Code("PY616", "pipeline-order", "the passes do not fit this IR in this order")
UNKNOWN_ITEM = Code("PY620", "unknown-item", "the package has no item of this name")
UNKNOWN_CODE = Code("PY621", "unknown-code", "there is no diagnostic of this code")
