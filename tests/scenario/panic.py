#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The registers that a panic prints, against those that the emulator has; run from the top of the tree.

QEMU's gdb stub stops the machine at a place, tells its registers, and does the harm; then the machine goes on
and prints its last words. Every register there must be the one that the stub told. Protocol: GDB manual, appendix E.
"""
import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import qemu  # noqa: E402

# Eight bytes each in the stub's answer to "g", then four of flags.
NAMES = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()
JUMP_TO_ITSELF = "ebfe"
INVALID_OPCODE = "0f0b"  # ud2
TRAP_FLAGS = 0x10000  # RF: the stub's "g" and the frame differ in it (SDM volume 3, 17.3.1.1)


class Stub:
    """The emulator's end of gdb's remote protocol."""

    def __init__(self, path, timeout_s):
        self.timeout_s = timeout_s
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout_s)
        end = time.monotonic() + timeout_s
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.unread = b""

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) % 256))

    def receive(self):
        while not (match := re.search(rb"\$([^#]*)#..", self.unread)):
            data = self.socket.recv(65536)
            if not data:
                raise OSError("the stub is gone")
            self.unread += data
        self.unread = self.unread[match.end():]
        self.socket.sendall(b"+")
        return match[1].decode()

    def ask(self, text, wanted=None):
        self.send(text)
        answer = self.receive()
        while re.fullmatch(r"O[0-9a-f]+", answer):  # what a monitor command prints
            answer = self.receive()
        if wanted is not None and not answer.startswith(wanted):
            raise OSError(f"the stub answers {answer!r} to {text!r}")
        return answer

    def run_to(self, address):
        self.ask("s", "T")  # away from where it stands: a breakpoint there would stop it at once
        self.ask(f"Z1,{address:x},1", "OK")
        self.ask("c", "T")
        self.ask(f"z1,{address:x},1", "OK")

    def registers(self):
        data = bytes.fromhex(self.ask("g")[:2 * (8 * len(NAMES) + 4)])
        found = {name: int.from_bytes(data[8 * i:8 * i + 8], "little") for i, name in enumerate(NAMES)}
        found["flg"] = int.from_bytes(data[8 * len(NAMES):], "little")
        return found

    def word(self, address):
        return int.from_bytes(bytes.fromhex(self.ask(f"m{address:x},8")), "little")


def symbols_of(path):
    out = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return {name: int(address, 16) for address, _, name in map(str.split, out.splitlines())}


def found_by_the_kernel(stub, kernel, _):
    """The call of arch_panic(): registers as its caller has them."""
    stub.run_to(kernel["arch_panic"])
    registers = stub.registers()
    registers["rip"] = stub.word(registers["rsp"])
    registers["rsp"] += 8
    return registers


def exception_in_the_kernel(stub, kernel, _):
    """An instruction that is none where a system call arrives."""
    place = kernel["core_on_syscall"]
    stub.run_to(place)
    registers = stub.registers()
    stub.ask(f"M{place:x},2:{INVALID_OPCODE}", "OK")
    return registers


def nmi(stub, _, program):
    """A non-maskable interrupt before a program's first instruction, with registers of a program."""
    stub.run_to(program["main"])
    registers = stub.registers()
    stub.ask("qRcmd," + b"nmi".hex(), "OK")
    return registers


def machine_check(stub, _, program):
    """What the processor tells of a bank of its registers: an error that it cannot mend, with address and more."""
    stub.run_to(program["main"])
    registers = stub.registers()
    stub.ask("qRcmd," + b"mce 0 1 0xbe00000000000135 0x5 0x12345000 0x86".hex(), "OK")
    return registers


def machine_check_of_the_second(stub, _, program):
    """One that only the second core gets. Where that has come to by then is open, and so are its registers."""
    stub.run_to(program["main"])
    stub.ask(f"M{program['main']:x},2:{JUMP_TO_ITSELF}", "OK")  # or the program ends the machine before the second core looks
    stub.ask("qRcmd," + b"mce 1 1 0xbe00000000000135 0x5 0x12345000 0x86".hex(), "OK")
    return {}


def machine_check_of_all(stub, kernel, program):
    """One that both cores get at once; whose registers are printed is open."""
    stub.run_to(program["main"])
    stub.ask("qRcmd," + b"mce -b 0 1 0xbe00000000000135 0x5 0x12345000 0x86".hex(), "OK")
    return {}


# Without a rule who speaks, half of such runs lose words: none of so many is luck.
AT_ONCE_RUNS = 8
AT_ONCE = [(f"of_cores_that_end_at_once_one_has_the_last_words_{run}", machine_check_of_all,
            ["^PANIC: machine check", "then: ^Core [01] at [0-9]+ ns, ", "^Machine check, state", "^Perhaps called from"], 18)
           for run in range(AT_ONCE_RUNS)]

CASES = [
    ("a_panic_prints_the_registers_of_who_called_it", found_by_the_kernel,
     ["^PANIC: asked for by machine", "^Perhaps called from", r" on_call\+"], None),
    ("an_exception_in_the_kernel_prints_its_registers", exception_in_the_kernel,
     ["^PANIC: exception in the kernel", "^Perhaps called from", r"^  [0-9a-f]{16} core_on_syscall\+0$",
      r" arch_syscall_saved\+"], 6),
    ("a_non_maskable_interrupt_prints_the_registers_of_the_program", nmi,
     ["^PANIC: non-maskable interrupt", "^Perhaps called from"], 2),
    ("a_machine_check_prints_registers_and_banks", machine_check,
     ["^PANIC: machine check", "^Machine check, state 0000000000000005:",
      "then: ^  bank 1 status be00000000000135 address 0000000012345000 more 0000000000000086$",
      "then: ^Perhaps called from"], 18),
    ("a_machine_check_of_the_second_core_prints_its_banks", machine_check_of_the_second,
     ["^PANIC: machine check", "then: ^Core 1 at [0-9]+ ns, ", "^Machine check, state 0000000000000005:",
      "then: ^  bank 1 status be00000000000135 address 0000000012345000 more 0000000000000086$"], 18),
]


def printed_registers(lines):
    return {name: int(value, 16) for line in lines if line.startswith("  ")
            for name, value in re.findall(r"\b(r[a-z0-9]{1,2}|flg) +([0-9a-f]{16})\b", line)}


def differences(wanted, lines, patterns, vector):
    """What is wrong with the last words; None: nothing."""
    printed = printed_registers(lines)
    for name, value in wanted.items():
        got = printed.get(name)
        ignored = TRAP_FLAGS if name == "flg" else 0
        if got is None or (got ^ value) & ~ignored:
            return f"{name}: wanted: {value:x}; got: {'nothing' if got is None else f'{got:x}'}"
    expected = qemu.Expected(patterns)
    for line in lines:
        expected.read(line)
    if expected.left:
        return f"wanted: {expected.left[0]}; got: {lines[-20:]}"
    vectors = [int(v) for line in lines for v in re.findall(r"^  cr3 .* vector (\d+) ", line)]
    panics = sum(line.startswith("PANIC:") for line in lines)
    if panics != 1:
        return f"lines with PANIC: wanted: 1; got: {panics}"
    panics = sum("PANIC:" in line for line in lines)
    if panics != 1:
        return f"lines with PANIC: wanted: 1; got: {panics}"
    if vectors != ([] if vector is None else [vector]):
        return f"vector: wanted: {vector}; got: {vectors}"
    return None


def run(case, build, folder, timeout_s):
    _, harm, patterns, vector = case
    cores = 2 if harm in (machine_check_of_the_second, machine_check_of_all) else 1
    path = os.path.join(folder, "gdb")
    settings = qemu.settings_of("panic")
    settings["append"] = "how=2 panic=exit"
    settings["cores"] = cores
    command = qemu.command_for("panic", build, settings)
    command += ["-S", "-gdb", f"unix:{path},server=on,wait=off"]
    results = []
    runner = threading.Thread(target=lambda: results.append(qemu.run(command, timeout_s)))
    runner.start()
    try:
        stub = Stub(path, timeout_s)
        stub.ask("?", "T")
        wanted = harm(stub, symbols_of(os.path.join(build, "kernel/pith.elf" if cores == 1 else "kernel/pith-many.elf")),
                      symbols_of(os.path.join(build, "programs/test_restart")))
        stub.send("c")
    except OSError as error:
        return str(error)
    finally:
        runner.join(timeout_s + 10)
    result = results[0]
    if result.status != settings["exit"]:
        return f"wanted: exit status {settings['exit']}; got: {result.status}, {result.lines[-5:]}"
    return differences(wanted, result.lines, patterns, vector)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=30, help="seconds for each case")
    args = parser.parse_args()
    failed = 0
    cases = CASES + AT_ONCE
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            why = run(case, args.build, folder, args.timeout)
        print(f"FAIL {case[0]}: {why}" if why else f"ok {case[0]}")
        failed += bool(why)
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
