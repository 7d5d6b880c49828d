"""Machine code of modules, as far as it is read: constants before calls, functions that return an address."""

from __future__ import annotations

import struct

import pytest

from mochic_py.compiler.frontends.binary.gil import read_gil
from mochic_py.compiler.frontends.binary.loaded import LoadedImage, Memory, Segment
from mochic_py.compiler.frontends.binary.set_gil import find_set_gil
from mochic_py.ir.binary import GilVerdict

SLOT, CODE, DATA = 0x9000, 0x1000, 0x8000
NOT_USED, USED, UNKNOWN = GilVerdict.NOT_USED, GilVerdict.USED, GilVerdict.UNKNOWN


def image(machine: str, code: bytes, data: bytes = b"", **exports: int) -> LoadedImage:
    """Return an image with a segment of code, one of data, and a slot for `PyUnstable_Module_SetGIL`."""
    segments = [Segment(CODE, len(code), memoryview(code), True)]
    segments.append(Segment(DATA, len(data), memoryview(data)))
    slots = {SLOT: "PyUnstable_Module_SetGIL"}
    names = frozenset(slots.values()) | {"PyModule_Create2"}
    return LoadedImage(machine, 64, True, Memory.of(segments), {}, slots, exports, names)


# --- x86-64 -----------------------------------------------------------------------------


def x86(*parts: str) -> bytes:
    """Return a stub for the function and then code in hexadecimal; `CALL` calls the stub."""
    code = b"\xff\x25" + struct.pack("<i", SLOT - CODE - 6)
    for part in " ".join(parts).split():
        if part == "CALL":
            code += b"\xe8" + struct.pack("<i", -len(code) - 5)
        elif part == "THROUGH":
            code += b"\xff\x15" + struct.pack("<i", SLOT - CODE - len(code) - 6)
        else:
            code += bytes.fromhex(part)
    return code


ONE, ZERO, ZERO_MOVED, TO_RDI = "be01000000", "31f6", "be00000000", "4889c7"
X86 = {
    f"{ONE} {TO_RDI} CALL": NOT_USED,
    f"{ONE} {TO_RDI} THROUGH": NOT_USED,
    f"{ZERO} {TO_RDI} CALL": USED,
    f"{ZERO_MOVED} CALL": USED,
    f"{ONE} {TO_RDI} 4c8db530ffffff CALL": NOT_USED,
    # Two calls that agree, and two that do not.
    f"{ONE} CALL {ONE} CALL": NOT_USED,
    f"{ONE} CALL {ZERO} CALL": UNKNOWN,
    # Another register, whose code has the same bytes behind a prefix.
    f"41{ONE} CALL": UNKNOWN,
    f"45{ZERO} CALL": UNKNOWN,
    # What is computed: `sete %sil`, `cmov`, a copy.
    f"{ZERO} 4885c0 400f94c6 {TO_RDI} CALL": UNKNOWN,
    f"{ONE} 0f44f1 CALL": UNKNOWN,
    f"{ONE} 89c6 CALL": UNKNOWN,
    # Two ways lead to the call: `mov $1, %esi; jmp call; xor %esi, %esi; call:`
    f"{ONE} eb02 {ZERO} {TO_RDI} CALL": UNKNOWN,
    f"{ZERO} 7405 {ONE} {TO_RDI} CALL": UNKNOWN,
    # A jump that goes elsewhere.
    f"{ZERO} 740d {ONE} {TO_RDI} CALL": NOT_USED,
    "90 90": UNKNOWN,
}


@pytest.mark.parametrize("code", X86)
def test_what_is_passed_on_x86(code: str) -> None:
    assert find_set_gil(image("x86_64", x86(code))) is X86[code]


WINDOWS = {
    "ba01000000 488bc8 THROUGH": NOT_USED,
    "33d2 488bcb THROUGH": USED,
    "31d2 4889c1 CALL": USED,
    # What Linux would take.
    f"{ONE} 488bc8 THROUGH": UNKNOWN,
    # Another register, a computed value, two ways.
    "41ba01000000 THROUGH": UNKNOWN,
    "ba01000000 8bd0 THROUGH": UNKNOWN,
    "ba01000000 eb02 33d2 488bc8 THROUGH": UNKNOWN,
}


@pytest.mark.parametrize("code", WINDOWS)
def test_what_is_passed_on_windows(code: str) -> None:
    assert find_set_gil(image("amd64", x86(code))) is WINDOWS[code]


# --- AArch64 ----------------------------------------------------------------------------


def arm(*words: int | str) -> bytes:
    """Return a stub for the function and then instructions; `CALL` calls the stub."""
    page = (SLOT >> 12) - (CODE >> 12)
    stub = [0x90000010 | (page & 3) << 29 | (page >> 2) << 5, 0xF9400211, 0x91000210, 0xD61F0220]
    code = list(stub)
    for word in words:
        calls = 0x94000000 | -len(code) & 0x3FFFFFF
        code.append({"CALL": calls, "ADRP": stub[0] & ~31 | 8}.get(str(word)) or int(word))
    return struct.pack(f"<{len(code)}I", *code)


W1_ONE, W1_ZERO, W1_XZR, X0_X19, W1_W2 = 0x52800021, 0x52800001, 0x2A1F03E1, 0xAA1303E0, 0x2A0203E1
X8_SLOT, BLR_X8 = 0xF9400108, 0xD63F0100
B_OVER_ONE, CBZ_OVER_ONE, LDP_X0_X1, BL_AWAY = 0x14000002, 0xB4000040, 0xA94107E0, 0x94000100
ARM = {
    (W1_ONE, X0_X19, "CALL"): NOT_USED,
    (W1_ZERO, X0_X19, "CALL"): USED,
    (W1_XZR, "CALL"): USED,
    (W1_ONE, "CALL", W1_ONE, "CALL"): NOT_USED,
    (W1_ONE, "CALL", W1_ZERO, "CALL"): UNKNOWN,
    (W1_ONE, W1_W2, "CALL"): UNKNOWN,
    (W1_ONE, LDP_X0_X1, "CALL"): UNKNOWN,
    (W1_ONE, BL_AWAY, "CALL"): UNKNOWN,
    (W1_ONE, B_OVER_ONE, W1_ZERO, "CALL"): UNKNOWN,
    (W1_ZERO, CBZ_OVER_ONE, W1_ONE, "CALL"): UNKNOWN,
    (X0_X19, "CALL"): UNKNOWN,
    (X0_X19,): UNKNOWN,
    # `adrp x8; ldr x8, [x8]; blr x8`, without a stub.
    ("ADRP", X8_SLOT, W1_ONE, BLR_X8): NOT_USED,
    (W1_ZERO, "ADRP", X8_SLOT, BLR_X8): USED,
}


@pytest.mark.parametrize("words", ARM, ids=lambda words: " ".join(map(str, words)))
def test_what_is_passed_on_arm(words: tuple[int | str, ...]) -> None:
    assert find_set_gil(image("aarch64", arm(*words))) is ARM[words]


def test_other_machines_are_unknown() -> None:
    assert find_set_gil(image("riscv64", b"\0" * 64)) is UNKNOWN


# --- functions that return their slots (PEP 793) ----------------------------------------

SLOTS = struct.pack("<HHIQ", 84, 0, 0, 0x1234) + struct.pack("<HHIQ", 87, 0, 0, 1) + bytes(16)
LEA = b"\x48\x8d\x05" + struct.pack("<i", DATA - CODE - 7) + b"\xc3"
LEA_CET = b"\xf3\x0f\x1e\xfa\x48\x8d\x05" + struct.pack("<i", DATA - CODE - 11) + b"\xc3"
PAGES = (DATA >> 12) - (CODE >> 12)
ADRP = 0x90000000 | (PAGES & 3) << 29 | (PAGES >> 2) << 5
EXPORTS = {
    "lea": ("x86_64", LEA.ljust(16, b"\xcc")),
    "lea-cet": ("x86_64", LEA_CET.ljust(16, b"\xcc")),
    "adrp": ("aarch64", struct.pack("<4I", ADRP, 0x91000000, 0xD65F03C0, 0)),
    "adrp-bti": ("aarch64", struct.pack("<5I", 0xD503245F, ADRP, 0x91000000, 0xD65F03C0, 0)),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_slots_that_a_function_returns(name: str) -> None:
    machine, code = EXPORTS[name]
    found = read_gil(image(machine, code, SLOTS, PyModExport_x=CODE))
    assert found == {"PyModExport_x": NOT_USED}
    # Anything but the return of an address is not followed.
    broken = bytes(len(code) - 8) + code[-8:]
    assert read_gil(image(machine, broken, SLOTS, PyModExport_x=CODE)) == {"PyModExport_x": UNKNOWN}
