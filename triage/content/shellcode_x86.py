"""Habits of x86 shellcode, seen by following the code from its first byte.

The code is followed, not run: registers that hold constants are tracked, calls and jumps are
taken, and habits are noted. What compilers write breaks off soon, because its calls and data lie
outside the bytes; chance breaks off sooner, at an instruction that makes no sense.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from triage.content.syscalls import EXEC, I386, X86_64
from triage.content.x86 import Instruction, decode

_MOST_STEPS = 500
#: After so many instructions shellcode has done something that gives it away.
_SILENT = 80
_MOST_BRANCHES = 32
_MASK = (1 << 64) - 1
_EAX, _ECX, _EDX, _ESP = 0, 1, 2, 4


@dataclass(slots=True)
class Trace:
    """What following the code has shown: habits by name, and why it stopped."""

    data: bytes
    wide: bool
    habits: dict[str, int] = field(default_factory=dict)
    syscalls: list[str] = field(default_factory=list)
    steps: int = 0
    escapes: int = 0
    broken: int = 0
    strings: bytes = b""
    blocks: list[int] = field(default_factory=list)
    encoded_from: int = 1 << 62

    @property
    def hopeless(self) -> bool:
        """Enough seen, or more that speaks against code than habits that speak for it."""
        against = 4 * (self.escapes + self.broken)
        for_it = sum(self.habits.values())
        if self.steps >= _SILENT and not for_it and not self.syscalls:
            return True
        return self.steps >= _MOST_STEPS or against > 4 + for_it

    def escape(self, at: int) -> None:
        """Code at ``at`` leaves the bytes; what is yet to be decoded does not count."""
        self.escapes += at < self.encoded_from

    def note(self, habit: str, weight: int) -> None:
        known = self.habits.get(habit, 0)
        self.habits[habit] = max(weight, known) if weight >= 0 else min(weight, known)


@dataclass(slots=True)
class _State:
    """Registers that hold known constants, and the known top of the stack."""

    registers: list[int | None]
    stack: list[int | None]

    def copy(self) -> _State:
        return _State(self.registers[:], self.stack[-16:])


_Waiting = list[tuple[int, _State]]


def follow(data: bytes, wide: bool, entry: int = 0) -> Trace:
    """Follow the code from ``entry`` along all branches, within bounds."""
    trace = Trace(data, wide)
    waiting: _Waiting = [(entry, _State([None] * 16, []))]
    seen: set[int] = set()
    branches = 0
    while waiting and branches < _MOST_BRANCHES and not trace.hopeless:
        branches += 1
        at, state = waiting.pop()
        _run(trace, at, state, seen, waiting)
    for block in trace.blocks[:2]:
        _add_block(trace, block)
    return trace


def _add_block(trace: Trace, at: int) -> None:
    """Code that a call stepped over, to be called later; when it is data, it adds nothing."""
    inner = Trace(trace.data, trace.wide)
    waiting: _Waiting = [(at, _State([None] * 16, []))]
    seen: set[int] = set()
    for _branch in range(_MOST_BRANCHES):
        if not waiting or inner.hopeless:
            break
        start, state = waiting.pop()
        _run(inner, start, state, seen, waiting)
    for habit, value in inner.habits.items():
        if value > 0:
            trace.note(habit, value)
    if not inner.escapes and not inner.broken:
        trace.syscalls += inner.syscalls


def _run(trace: Trace, at: int, state: _State, seen: set[int], waiting: _Waiting) -> None:
    """One straight path, until it ends, breaks or joins one that was seen."""
    while at not in seen and not trace.hopeless:
        one = decode(trace.data, at, trace.wide)
        if one is None:
            trace.broken += at < len(trace.data) and at < trace.encoded_from
            return
        trace.steps += 1
        # zeros read as code (add to where eax points): a table has many and does nothing else
        trace.broken += one.opcode == 0 and one.modrm == 0 and not trace.habits
        seen.add(at)
        _observe(trace, one, state)
        after = _next(trace, one, state, waiting)
        if after is None:
            return
        if after < 0 or after > len(trace.data):
            trace.escape(at)
            return
        at = after


def _next(trace: Trace, one: Instruction, state: _State, waiting: _Waiting) -> int | None:
    """Where the code goes on; other ways are queued. ``None`` where it ends."""
    opcode = one.opcode
    target = one.end + one.imm
    if opcode in (0xEB, 0xE9):
        if target <= one.at and len(trace.blocks) < 2:
            trace.blocks.append(one.end)  # behind an endless loop only something else can begin
        return target
    if opcode == 0xE8:
        return _call(trace, one, target, state, waiting)
    if 0x70 <= opcode <= 0x7F or 0x0F80 <= opcode <= 0x0F8F or 0xE0 <= opcode <= 0xE3:
        if not 0 <= target < len(trace.data):
            trace.escape(one.at)
        elif _loop(trace, one, target):
            # What follows the loop is what it decodes.
            return None
        else:
            waiting.append((target, state.copy()))
        return one.end
    if opcode in (0x0F05, 0xCD) and trace.syscalls and _ends(trace.syscalls[-1]):
        return None
    if opcode in (0xC3, 0xC2):
        trace.note("returns", 0)
        return None
    if opcode == 0xFF and one.reg & 7 in (2, 4):
        return _indirect(trace, one, state)
    if opcode == 0xCC or opcode == 0x0F0B:
        return None
    return one.end


def _ends(name: str) -> bool:
    """Behind a call that does not return, nothing need make sense."""
    return name in EXEC or name in ("exit", "exit_group")


def _call(
    trace: Trace, one: Instruction, target: int, state: _State, waiting: _Waiting
) -> int | None:
    if not 0 <= target < len(trace.data):
        trace.escape(one.at)
        return one.end
    first = decode(trace.data, target, trace.wide)
    if first is not None and 0x58 <= first.opcode <= 0x5F:
        _getpc(trace, one, target)
        if target > one.end:
            trace.blocks.append(one.end)
        state.stack.append(None)
        return target
    waiting.append((one.end, _State([None] * 16, [])))
    state.stack.append(None)
    return target


def _getpc(trace: Trace, one: Instruction, target: int) -> None:
    """A call to a pop: the return address is wanted, not a return."""
    gap = trace.data[one.end : target] if target > one.end else b""
    early = one.at < 48
    if target == one.end:
        trace.note("getpc", 7 if early else 4)
    elif target < one.at:
        trace.note("getpc", 8 if early or one.at < 512 else 5)
    else:
        trace.note("getpc", 8 if early else 5)
    trace.strings += gap[:256]
    if target < one.at:
        trace.strings += trace.data[one.end : one.end + 256]


def _indirect(trace: Trace, one: Instruction, state: _State) -> int | None:
    """A call or jump through a register: to a function found by hand, or to what was made."""
    if one.memory is not None and one.memory[0] == 16:
        if not 0 <= one.end + one.memory[2] < len(trace.data):
            trace.escape(one.at)
    elif one.modrm >= 0xC0:
        trace.note("calls a register", 1)
    state.registers[_EAX] = None
    return one.end if one.reg & 7 == 2 else None


def _loop(trace: Trace, one: Instruction, target: int) -> bool:
    """Whether a short backward branch goes over a store that scrambles memory in place."""
    if not 0 < one.end - target <= 64:
        return False
    at, decoder = target, False
    for _step in range(20):
        inner = decode(trace.data, at, trace.wide)
        if inner is None or inner.end > one.end:
            break
        if _changes_memory(inner):
            decoder = decoder or _scrambles(inner)
            trace.note("decoder", 8 if _scrambles(inner) else 4)
        if _rotates(inner):
            trace.note("hash loop", 6)
        at = inner.end
    return decoder


def _scrambles(one: Instruction) -> bool:
    """XOR or NOT on memory: programs count with ADD and SUB, too."""
    if one.opcode in (0x80, 0x81, 0x83):
        return one.modrm >> 3 & 7 == 6
    return one.opcode in (0x30, 0x31) or (one.opcode in (0xF6, 0xF7) and one.modrm >> 3 & 7 == 2)


def _changes_memory(one: Instruction) -> bool:
    """XOR, ADD, SUB, ROL, NOT on memory that a register points to, or a string store."""
    if one.opcode in (0xAA, 0xAB):
        return True
    if one.memory is None or one.memory[0] in (-1, 16, 5):
        return False
    group = one.modrm >> 3 & 7
    if one.opcode in (0x30, 0x31):
        return True
    if one.opcode in (0x80, 0x81, 0x83):
        return group in (0, 5, 6)
    return one.opcode in (0xC0, 0xC1, 0xD0, 0xD2) or (
        one.opcode in (0xF6, 0xF7) and group in (2, 3)
    )


def _rotates(one: Instruction) -> bool:
    """The step of the usual name hashes: rotate a 32-bit register by a constant."""
    if one.opcode not in (0xC1, 0xC0) or one.modrm < 0xC0 or one.modrm >> 3 & 7 > 1:
        return False
    return 3 <= one.imm <= 29


def _observe(trace: Trace, one: Instruction, state: _State) -> None:
    """Note habits, then let the instruction act on what is known of the registers."""
    opcode = one.opcode
    if (one.segment and one.memory is not None) or (opcode == 0xA1 and one.segment):
        _thread_block(trace, one, state)
    elif opcode in (0xD9, 0xDD) and one.memory is not None and one.modrm >> 3 & 7 == 6:
        if one.memory[0] == _ESP and one.memory[2] == -12:
            trace.note("getpc", 8)
    elif opcode == 0x83 and one.modrm & 0x3F == 0x24 and one.modrm >= 0xC0 and one.imm == -16:
        trace.note("aligns the stack", 3)
    elif opcode == 0xFC and one.at < 16:
        trace.note("clears direction", 2)
    elif opcode == 0x8D and one.memory is not None and one.memory[0] == 16:
        _relative(trace, one)
    _observe_effects(trace, one, state)
    _act(one, state, trace.wide)
    if (opcode in (0xF7, 0xC1) and one.modrm >= 0xC0) or opcode in (0x31, 0x81):
        _made(trace, state.registers[one.rm])


def _observe_effects(trace: Trace, one: Instruction, state: _State) -> None:
    """Changes of memory, system calls, constants, and what only compilers write."""
    opcode = one.opcode
    if "getpc" in trace.habits and opcode in (0x30, 0x31, 0x80, 0x83) and _changes_memory(one):
        trace.note("decoder", 4)
        if trace.habits["getpc"] >= 7 and one.at < 128:
            # The loop's own end may be encoded, too: three more instructions are plain.
            trace.encoded_from = min(trace.encoded_from, one.end + 4)
    if opcode in (0x0F05, 0x0F34) or opcode == 0xCD:
        _syscall(trace, one, state)
    elif opcode in (0x3D, 0x83) and one.imm in (-4095, -4096) and trace.syscalls:
        trace.note("checks errno as libc does", -8)
    elif opcode in (0x68, *range(0xB8, 0xC0)):
        _constant(trace, one)
    elif opcode == 0x0F1E and one.modrm in (0xFA, 0xFB) and one.at < 4:
        trace.note("begins as compilers do", -8)


def _made(trace: Trace, value: int | None) -> None:
    """A string that was negated, shifted or XORed together in a register."""
    text = b"" if value is None else value.to_bytes(8, "little").rstrip(b"\0")
    if b"/sh" in text or b"/bin" in text:
        trace.note("string on the stack", 4)


def _thread_block(trace: Trace, one: Instruction, state: _State) -> None:
    """Reads fs:[0x30] or gs:[0x60] (PEB), or fs:[0x18], gs:[0x30] (TEB)."""
    offset: int | None = one.imm if one.opcode == 0xA1 else None
    if one.memory is not None:
        base, _index, offset = one.memory
        if base >= 0:
            value = state.registers[base] if base < 16 else None
            offset = None if value is None and offset not in (0x30, 0x60) else (value or 0) + offset
    wanted = {0x65: (0x60, 0x30), 0x64: (0x30, 0x18)}[one.segment]
    if (one.segment == 0x65) == trace.wide and one.opcode in (0x8B, 0xA1, 0xFF, 0x03, 0x33, 0x0B):
        if offset == wanted[0]:
            trace.note("peb", 9)
        elif offset == wanted[1]:
            trace.note("teb", 4)


def _relative(trace: Trace, one: Instruction) -> None:
    """Data addressed from the instruction pointer must lie within the bytes."""
    assert one.memory is not None
    target = one.end + one.memory[2]
    if not 0 <= target <= len(trace.data) + 16:
        trace.escape(one.at)
        return
    trace.note("getpc", 2)
    trace.strings += trace.data[target : target + 64]


def _constant(trace: Trace, one: Instruction) -> None:
    width = 8 if one.rex & 8 else 4
    value = one.imm & (1 << 8 * width) - 1
    raw = value.to_bytes(width, "little")
    text = raw.rstrip(b"\0")
    if len(text) >= 3 and text.isascii() and text.decode("ascii").isprintable():
        trace.strings = text + b" " + trace.strings if one.opcode == 0x68 else trace.strings + text
        if b"/sh" in text or b"/bin" in text or text.lower() in (b"calc", b"cmd", b"ws2_"):
            trace.note("string on the stack", 4)
    if value in _HASHES:
        trace.note("function hash", 9)


def _syscall(trace: Trace, one: Instruction, state: _State) -> None:
    if one.opcode == 0xCD and one.imm & 0xFF != 0x80:
        trace.broken += one.imm & 0xFF not in (3, 0x2E)
        return
    number = state.registers[_EAX]
    table = X86_64 if one.opcode == 0x0F05 else I386
    if trace.wide and one.opcode != 0x0F05:
        trace.note("32-bit system call", -3)
    name = None if number is None else table.get(number & 0xFFFFFFFF)
    if name is None:
        trace.note("unknown system call", -2)
    else:
        trace.syscalls.append(name)
    state.registers[_EAX] = 0


def _act(one: Instruction, state: _State, wide: bool) -> None:
    """The few instructions that shellcode sets up constants with; all others forget."""
    opcode, registers = one.opcode, state.registers
    low = opcode & 7 | (one.rex & 1) << 3
    if 0x50 <= opcode <= 0x57:
        state.stack.append(registers[low])
    elif 0x58 <= opcode <= 0x5F:
        registers[low] = state.stack.pop() if state.stack else None
    elif opcode in (0x6A, 0x68):
        state.stack.append(one.imm & _MASK)
    elif 0xB8 <= opcode <= 0xBF:
        registers[low] = one.imm & 0xFFFF if one.narrow else one.imm & _MASK
    elif 0xB0 <= opcode <= 0xB7:
        _set_byte(registers, low if one.rex else opcode & 7, one.imm, bool(one.rex))
    elif not wide and 0x40 <= opcode <= 0x4F:
        _add(registers, opcode & 7, 1 if opcode < 0x48 else -1)
    elif 0x90 < opcode <= 0x97:
        registers[low], registers[_EAX] = registers[_EAX], registers[low]
    elif opcode == 0x99:
        registers[_EDX] = 0
    elif opcode in (0x04, 0x2C, 0x05, 0x2D):
        _add(registers, _EAX, one.imm if opcode in (4, 5) else -one.imm)
    elif one.modrm >= 0:
        _act_modrm(one, registers)


def _act_modrm(one: Instruction, registers: list[int | None]) -> None:
    opcode, reg, rm = one.opcode, one.reg, one.rm
    group = one.modrm >> 3 & 7
    if opcode == 0x8D and one.memory is not None:
        base, index, shift = one.memory
        value = registers[base] if 0 <= base < 16 and index < 0 else None
        registers[reg] = None if value is None else (value + shift) & _MASK
    elif opcode == 0x8B:
        registers[reg] = registers[rm] if one.memory is None else None
    elif one.memory is not None:
        return
    elif opcode in (0x30, 0x31, 0x32, 0x33, 0x28, 0x29, 0x2A, 0x2B):
        registers[rm if opcode & 2 == 0 else reg] = 0 if reg == rm else None
    elif opcode == 0x89:
        registers[rm] = registers[reg]
    elif opcode == 0xF7 and group in (4, 5):
        zero = registers[rm] == 0 or registers[_EAX] == 0
        registers[_EAX] = registers[_EDX] = 0 if zero else None
    elif opcode == 0xF7 and group in (2, 3):
        value = registers[rm]
        registers[rm] = None if value is None else (~value if group == 2 else -value) & _MASK
    elif opcode in (0x83, 0x81, 0x80):
        _group_one(registers, rm, group, one.imm)
    elif opcode in (0xFF, 0xFE) and group < 2:
        _add(registers, rm, 1 if group == 0 else -1)
    elif opcode == 0xC1 and group in (4, 5):
        value = registers[rm]
        moved = (
            None
            if value is None
            else value << one.imm % 64
            if group == 4
            else value >> one.imm % 64
        )
        registers[rm] = None if moved is None else moved & _MASK


def _group_one(registers: list[int | None], rm: int, group: int, imm: int) -> None:
    value = registers[rm]
    if group == 7:
        return
    if (group == 1 and value is None) or (group == 4 and imm == 0):
        registers[rm] = imm & _MASK
        return
    if value is None or group in (2, 3):
        registers[rm] = None
        return
    results = {0: value + imm, 1: value | imm, 4: value & imm, 5: value - imm, 6: value ^ imm}
    registers[rm] = results[group] & _MASK


def _set_byte(registers: list[int | None], number: int, value: int, rex: bool) -> None:
    """A low byte; when the rest is unknown, it is taken for zero, as its author must have."""
    if number >= 4 and not rex:
        known = registers[number - 4] or 0
        registers[number - 4] = known & ~0xFF00 | (value & 0xFF) << 8
        return
    registers[number] = (registers[number] or 0) & ~0xFF & _MASK | value & 0xFF


def _add(registers: list[int | None], number: int, amount: int) -> None:
    value = registers[number]
    registers[number] = None if value is None else (value + amount) & _MASK


#: ROR-13 hashes of names that loaders look up; each is a fact of the names themselves.
_HASHES = frozenset(
    {
        0x0726774C,
        0xE553A458,
        0x876F8B31,
        0x56A2B5F0,
        0x9DBD95A6,
        0x006B8029,
        0xE0DF0FEA,
        0x6174A599,
        0x5FC8D902,
        0x614D6E75,
        0x300F2F0B,
        0xE449F330,
        0x3B2E55EB,
        0x7B18062D,
        0xE2899612,
        0xA779563A,
        0xC69F8957,
        0x869E4675,
        0x863FCC79,
        0xEC0E4E8E,
        0x7C0DFCAA,
        0x91AFCA54,
        0x7946C61B,
        0x534C0AB8,
        0x6A4ABC5B,
        0x3CFA685D,
        0x0E8AFE98,
        0x73E2D87E,
    }
)
