"""Imports foreign modules where they can do no harm, and writes down what is in them.

    python -s -S -P -B sandbox.py JOB        JOB: a JSON file with the fields of `Job`

Run by the compiler for packages whose modules have no readable source. Before any foreign code
runs, the process gives up the network, the file system but for its output and home folders, other
processes, and more than a set share of memory and time. On Linux the kernel enforces that: Landlock
for files, seccomp for system calls, both inherited by whatever the modules load. Elsewhere an audit
hook refuses what Python code asks for; native code gets past it, so there it stops accidents only.

The result file names the protection, the modules described, and why others were not. It is
rewritten after each module, so that it also tells which module ended the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import inspect
import json
import os
import platform
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TypedDict

MEBIBYTE = 1024 * 1024

# Landlock and prctl (linux/landlock.h, linux/prctl.h); the system calls have the same numbers everywhere.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_FOLDER, _WRITE_FILE = 4, 8, 2
_FILE_RIGHTS = 0xC007
_SET_SECCOMP, _SET_NO_NEW_PRIVS = 22, 38

# Classic BPF (linux/filter.h): load a word, jump if equal, jump if a bit is set, return.
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _DENY, _MISSING, _KILL = (
    0x7FFF0000,
    0x50000 | errno.EPERM,
    0x50000 | errno.ENOSYS,
    0x80000000,
)
_NUMBER, _ARCHITECTURE, _FIRST, _THIRD = 0, 4, 16, 32
_CLONE_THREAD = 0x10000

# Landlock does not cover modes, owners, times and attributes of files, signals, other processes,
# clocks or the network beyond TCP, so these calls are refused outright. `socketpair` stays: event
# loops need it, and it leads nowhere. Numbers for x86_64 and aarch64 (the kernel's syscall tables).
_DENIED = """
socket 41 198       fork 57 -            vfork 58 -            execve 59 221         execveat 322 281
ptrace 101 117      tkill 200 130        unshare 272 97        setns 308 268         perf_event_open 298 241
chmod 90 -          fchmod 91 52         fchmodat 268 53       fchmodat2 452 452     userfaultfd 323 282
chown 92 -          fchown 93 55         lchown 94 -           fchownat 260 54       chroot 161 51
utime 132 -         utimes 235 -         futimesat 261 -       utimensat 280 88      pivot_root 155 41
setxattr 188 5      lsetxattr 189 6      fsetxattr 190 7       setxattrat 463 463    mount 165 40
removexattr 197 14  lremovexattr 198 15  fremovexattr 199 16   removexattrat 466 466 umount2 166 39
setpriority 141 140 sched_setparam 142 118                     sched_setscheduler 144 119
sched_setaffinity 203 122                migrate_pages 256 238 move_pages 279 239    setrlimit 160 164
adjtimex 159 171    settimeofday 164 170 clock_settime 227 112 clock_adjtime 305 266 acct 163 89
swapon 167 224      swapoff 168 225      reboot 169 142        sethostname 170 161   setdomainname 171 162
iopl 172 -          ioperm 173 -         quotactl 179 60       kexec_load 246 104    kexec_file_load 320 294
init_module 175 105 finit_module 313 273 delete_module 176 106 bpf 321 280           io_uring_setup 425 425
add_key 248 217     request_key 249 218  keyctl 250 219        process_vm_readv 310 270
process_vm_writev 311 271                process_madvise 440 440                     pidfd_open 434 434
pidfd_getfd 438 438 pidfd_send_signal 424 424                  open_tree 428 428     move_mount 429 429
fsopen 430 430      fsmount 432 432      fspick 433 433        mount_setattr 442 442
"""
_CLONE = {"x86_64": 56, "aarch64": 220}
_KILL_CALLS = {"x86_64": (62, 234), "aarch64": (129, 131)}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE3 = 435
_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_VALUE = re.compile(r"([^\W\d]\w*): [\w.]+")

_NETWORK_EVENTS = (
    "socket.",
    "urllib.",
    "http.client.",
    "ftplib.",
    "smtplib.",
    "poplib.",
    "imaplib.",
)
_PROCESS_EVENTS = (
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.kill",
)
_FILE_EVENTS = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
)
_MODE_EVENTS = (
    "os.chmod",
    "os.chown",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "os.chflags",
)


class Job(TypedDict):
    """What to do.

    `modules` are described, and `known` are all modules of the package. `packages` and `tools` are
    folders for `sys.path`, `tool` the module that writes stubs. Stubs go to `out`, `home` is for the
    modules; nothing but these two and `read` can be seen. `memory` is in bytes, `cpu` in seconds.
    """

    modules: list[str]
    known: list[str]
    packages: list[str]
    tools: list[str]
    tool: str
    out: str
    home: str
    read: list[str]
    memory: int
    cpu: int


def main(path: str) -> NoReturn:
    """Do the job in the file at `path`; never returns normally, as modules may leave threads behind."""
    job: Job = json.loads(Path(path).read_text("utf-8"))
    silence()
    os.chdir(job["home"])
    watch = Watch([job["out"], job["home"]])
    protection = protect(job, watch)
    sys.addaudithook(watch.see)
    # Behind everything else on the path, so that a package sees its own dependencies first.
    sys.path[:0] = job["packages"]
    sys.path += job["tools"]
    describe_all(job, watch, protection)
    os._exit(0)


def silence() -> None:
    """Give the modules no terminal or pipe of the compiler."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, 256)
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # already a leader
            os.setsid()


class Watch:
    """Sees what Python code attempts; refuses it too where the kernel does not."""

    def __init__(self, writable: list[str]) -> None:
        self.writable = [os.path.realpath(folder) for folder in writable]
        self.network = ""
        self.refuses = False
        self.local_family: object = None
        with contextlib.suppress(ImportError):
            self.local_family = getattr(
                importlib.import_module("_socket"), "AF_UNIX", None
            )

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note attempts to use the network; raise `PermissionError` for all that is not allowed."""
        if self._is_network(event, arguments):
            self.network = self.network or event
        if self.refuses and self._is_refused(event, arguments):
            raise PermissionError(
                errno.EPERM, "not allowed while a module is inspected", event
            )

    def _is_network(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "socket.__new__":
            # A socket of AF_UNIX goes nowhere by itself; event loops make a pair of them.
            return bool(arguments[1] != self.local_family)
        return event.startswith(_NETWORK_EVENTS) and event != "socket.gethostname"

    def _is_refused(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if self._is_network(event, arguments) or event.startswith(
            (*_PROCESS_EVENTS, *_MODE_EVENTS)
        ):
            return True
        if event.startswith(_FILE_EVENTS):
            return not all(
                self._is_writable(each)
                for each in arguments
                if isinstance(each, (str, bytes))
            )
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
                isinstance(flags, int)
                and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            )
            return (
                bool(writes)
                and isinstance(path, (str, bytes))
                and not self._is_writable(path)
            )
        return False

    def _is_writable(self, path: str | bytes) -> bool:
        real = os.path.realpath(os.fsdecode(path))
        return real == os.devnull or any(
            real.startswith(folder + os.sep) for folder in self.writable
        )


def protect(job: Job, watch: Watch) -> str:
    """Give up what the job does not need and return how that is enforced."""
    limits = _limit(job["memory"], job["cpu"])
    if sys.platform == "linux":
        try:
            abi = _restrict_files(job["read"], [job["out"], job["home"]])
            if abi >= 1:
                _restrict_calls()
                return f"Landlock {abi} and seccomp, {limits}"
        except (OSError, KeyError, AttributeError):
            pass
    watch.refuses = True
    return f"audit hook, {limits}"


def _limit(memory: int, cpu: int) -> str:
    """Bound memory, processor time, file size and open files."""
    try:
        import resource
    except ImportError:
        return "no resource limits"
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 64 * MEBIBYTE),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(
            OSError, ValueError
        ):  # macOS does not bound the address space
            resource.setrlimit(kind, (bound, bound))
    # The soft limit alone would be a signal that a module can ignore.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    return "resource limits"


def _restrict_files(readable: list[str], writable: list[str]) -> int:
    """Landlock: files below `readable` can be read, those below `writable` also written. Returns the ABI."""
    libc = _libc()
    abi: int = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return 0
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    # From ABI 6 on, signals and abstract sockets stay inside the process as well.
    attributes = struct.pack("<QQQ", rights, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = libc.syscall(
        _CREATE_RULESET,
        ctypes.create_string_buffer(attributes),
        ctypes.c_size_t(size),
        0,
    )
    if ruleset < 0:
        return 0
    places = [(path, _READ_FILE | _READ_FOLDER) for path in readable]
    places += [(path, rights) for path in writable]
    places += [(os.devnull, _READ_FILE | _WRITE_FILE)]
    for path, access in places:
        if not Path(path).exists():
            continue
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = access & rights & (rights if Path(path).is_dir() else _FILE_RIGHTS)
        rule = ctypes.create_string_buffer(struct.pack("<Qi", allowed, descriptor))
        failed = libc.syscall(_ADD_RULE, ruleset, 1, rule, 0)
        os.close(descriptor)
        if failed:
            raise OSError(ctypes.get_errno(), "landlock_add_rule")
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(
        _RESTRICT_SELF, ruleset, 0
    ):
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)
    return abi


def _restrict_calls() -> None:
    """Seccomp: no sockets, processes or signals to others, no change of modes, owners or limits."""
    libc = _libc()
    code = b"".join(_program(platform.machine(), os.getpid()))
    instructions = ctypes.create_string_buffer(code)
    program = ctypes.create_string_buffer(
        struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(instructions))
    )
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _SET_SECCOMP, 2, ctypes.addressof(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "seccomp")


def _program(machine: str, own: int) -> Iterator[bytes]:
    """Yield the instructions of the filter for `machine`; `own` is the process it may signal."""

    def emit(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, if_true, if_false, operand)

    yield emit(_LOAD, _ARCHITECTURE)
    yield emit(_EQUAL, _AUDIT_ARCHITECTURE[machine], 1, 0)
    yield emit(_RETURN, _KILL)
    yield emit(_LOAD, _NUMBER)
    if machine == "x86_64":
        # The x32 numbers are a second way to every call.
        yield emit(_AT_LEAST, 0x40000000, 0, 1)
        yield emit(_RETURN, _DENY)
    for number in _denied_calls(machine):
        yield emit(_EQUAL, number, 0, 1)
        yield emit(_RETURN, _DENY)
    # The C library falls back to `clone`, whose flags can be read.
    yield emit(_EQUAL, _CLONE3, 0, 1)
    yield emit(_RETURN, _MISSING)
    yield emit(_EQUAL, _CLONE[machine], 0, 4)
    yield emit(_LOAD, _FIRST)
    yield emit(_HAS_BIT, _CLONE_THREAD, 1, 0)
    yield emit(_RETURN, _DENY)
    yield emit(_RETURN, _ALLOW)
    for number in _KILL_CALLS[machine]:
        yield emit(_EQUAL, number, 0, 4)
        yield emit(_LOAD, _FIRST)
        yield emit(_EQUAL, own, 1, 0)
        yield emit(_RETURN, _DENY)
        yield emit(_RETURN, _ALLOW)
    # Limits can be asked for, not set: the third argument is a null pointer.
    yield emit(_EQUAL, _PRLIMIT[machine], 0, 6)
    for half in (_THIRD, _THIRD + 4):
        yield emit(_LOAD, half)
        yield emit(_EQUAL, 0, 1, 0)
        yield emit(_RETURN, _DENY)
    yield emit(_RETURN, _ALLOW)


def _denied_calls(machine: str) -> list[int]:
    words = _DENIED.split()
    numbers = words[1::3] if machine == "x86_64" else words[2::3]
    return [int(number) for number in numbers if number != "-"]


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    # Without argument types the pointers of prctl are cut to 32 bits.
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    libc.syscall.restype = ctypes.c_long
    return libc


class Result(TypedDict):
    """What came of it.

    `failed` maps modules to the error and to the first attempt to use the network; `network` is the
    first attempt that a module survived. `current` is the module at work, `tool` the error of the tool.
    """

    protection: str
    current: str
    done: list[str]
    failed: dict[str, tuple[str, str]]
    network: str
    tool: str


def describe_all(job: Job, watch: Watch, protection: str) -> None:
    """Write a stub for each module of the job, and the result after each."""
    result: Result = {
        "protection": protection,
        "current": "",
        "done": [],
        "failed": {},
        "network": "",
        "tool": "",
    }
    _save(job, result)
    try:
        describe = importlib.import_module(job["tool"]).generate_stub_for_c_module
    except Exception as error:
        result["tool"] = _shown(error)
        _save(job, result)
        return
    # What the tool itself looks at while it loads is not the packages' doing.
    watch.network = ""
    for name in job["modules"]:
        result["current"] = name
        _save(job, result)
        target = Path(job["out"], *name.split(".")).with_suffix(".pyi")
        try:
            describe(name, str(target), known_modules=job["known"])
            _declare_functions(sys.modules[name], target)
            result["done"].append(name)
            result["network"] = result["network"] or watch.network
        except BaseException as error:
            result["failed"][name] = (_shown(error), watch.network)
        watch.network = ""
    result["current"] = ""
    _save(job, result)


def _declare_functions(module: ModuleType, stub: Path) -> None:
    """Declare as functions what the tool took for values: Cython has a function type of its own."""
    lines = stub.read_text("utf-8").split("\n")
    for number, line in enumerate(lines):
        match = _VALUE.fullmatch(line)
        value = vars(module).get(match[1]) if match is not None else None
        if match is not None and callable(value) and hasattr(value, "__code__"):
            with contextlib.suppress(TypeError, ValueError):
                params = _params(inspect.signature(value))
                lines[number] = f"def {match[1]}({params}): ..."
    stub.write_text("\n".join(lines), "utf-8")


def _params(signature: inspect.Signature) -> str:
    """Return the parameters without types; what a default is, only the module knows."""
    bare = [
        param.replace(
            annotation=param.empty,
            default=param.empty if param.default is param.empty else ...,
        )
        for param in signature.parameters.values()
    ]
    shown = str(inspect.Signature(bare))[1:-1]
    return shown.replace("Ellipsis", "...")


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]


def _save(job: Job, result: Result) -> None:
    path = Path(job["out"], "result.json")
    new = path.with_suffix(".new")
    new.write_text(json.dumps(result), "utf-8")
    new.replace(path)


if __name__ == "__main__":
    main(sys.argv[1])
