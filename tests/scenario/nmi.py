#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A non-maskable interrupt before each instruction of the ways into the kernel and out of it; run from the top of the tree.

The machine is stopped where a way begins, and saved. From there QEMU's gdb stub steps one instruction further each time, injects the
interrupt, and lets the kernel say its last words. These must be whole, with the registers that the stub told, wherever it came: also where
gs or the page tables are still the program's. So with and without page tables of user mode's own (mitigations=pti).
"""
import argparse
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import machine as stub  # noqa: E402
import panic  # noqa: E402

SYSTEM = "bench"  # system calls by every way, interrupts, faults
PATTERNS = ["^PANIC: non-maskable interrupt", r"then: ^Core 0 at [0-9]+ ns, ", "^Perhaps called from|^$"]
LEAST = 10  # instructions that a way has at least
MOST = 200
LAST = "Perhaps called from"
CALL, REPLY_RECEIVE = 0, 1  # in rax


def is_user(machine):
    return machine.register("cs") & 3 == 3


def at(symbol):
    return lambda machine, kernel: machine.run_to(kernel[symbol])


def at_fast(number, commit):
    """A call or a reply at the first instruction of fast.S, after one that fast.S has done."""
    def begin(machine, kernel):
        machine.run_to(kernel[commit])
        machine.run_to(kernel["arch_fast_entry"])
        while machine.register("rax") & 0xFF != number:
            machine.run_to(kernel["arch_fast_entry"])
    return begin


def at_syscall(machine, kernel):
    """The next instruction is the program's `syscall`, of a call that is not for fast.S."""
    machine.run_to(kernel["core_on_syscall"])
    thread = machine.word(machine.register("gs_base"))
    machine.run_to(machine.word(thread + 104) - 2)


def until(symbol):
    return lambda machine, kernel: machine.register("rip") == kernel[symbol]


def until_user(machine, _):
    return is_user(machine)


WAYS = [
    ("a_system_call_on_its_way_in", at_syscall, until("core_on_syscall")),
    ("a_system_call_on_its_way_out", at("arch_leave"), until_user),
    ("a_call_all_the_way", at_fast(CALL, "call_commit"), until_user),
    ("a_reply_all_the_way", at_fast(REPLY_RECEIVE, "reply_commit"), until_user),
    ("an_exception_on_its_way_in", at("interrupt_common"), until("arch_on_vector")),
    ("a_way_out_by_iretq", at("leave_by_iret"), until_user),
]


def halts(build):
    """Where the kernel stays when all is said."""
    said = subprocess.run(["objdump", "-d", "--no-show-raw-insn", os.path.join(build, "kernel/pith.elf")], capture_output=True, text=True,
                          check=True).stdout
    return [int(line.split(":")[0], 16) for line in said.splitlines() if line.rstrip().endswith("\thlt")]


def monitor(machine, text):
    machine.ask("qRcmd," + text.encode().hex(), "OK")


def wait_for_lines(run, before, timeout_s):
    end = time.monotonic() + timeout_s
    while not any(line.startswith(LAST) for line in run.lines[before:]) and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(0.01)
    return run.lines[before:]


def interrupted(run, machine, steps, timeout_s):
    """What is wrong with the last words when it comes so many instructions later; or that the way has ended by then."""
    monitor(machine, "loadvm here")
    for _ in range(steps):
        machine.ask("s", "T")
    registers = machine.registers()
    before = len(run.lines)
    monitor(machine, "nmi")
    try:
        machine.ask("c", "T")
    except OSError as error:
        return f"{steps} instructions on, at {registers['rip']:x}: {error}, {run.lines[before:]}"
    lines = wait_for_lines(run, before, timeout_s)
    wrong = panic.differences(registers, lines, PATTERNS[:2] + [LAST], 2)
    return wrong and f"{steps} instructions on, at {registers['rip']:x}: {wrong}"


def walk(way, append, build, timeout_s):
    """What is wrong, None if nothing is; and how many instructions were tried."""
    _, begin, is_over = way
    disk_run = stub.Run(SYSTEM, build, timeout_s * 10, append=append, memory="64M", icount=False, ends="stop", snapshots=True)
    with disk_run as machine:
        kernel = disk_run.kernel
        machine.run_to(kernel["core_on_syscall"])
        begin(machine, kernel)
        monitor(machine, "savevm here")
        steps = 0
        while steps == 0 or not is_over(machine, kernel):
            machine.ask("s", "T")
            steps += 1
            if steps > MOST:
                return f"the way has no end after {MOST} instructions", steps
        for place in halts(build):
            machine.ask(f"Z1,{place:x},1", "OK")
        for step in range(steps + 1):
            wrong = interrupted(disk_run, machine, step, timeout_s)
            if wrong:
                return wrong, steps
    return (None if steps >= LEAST else f"only {steps} instructions"), steps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each")
    args = parser.parse_args()
    failed = 0
    cases = [(way, append) for append in ("", "mitigations=pti") for way in WAYS]
    for way, append in cases:
        name = way[0] + ("_with_pti" if append else "")
        wrong, steps = walk(way, append, args.build, args.timeout)
        print(f"FAIL {name}: {wrong}" if wrong else f"ok {name}")
        print(f"note: {name}: {steps} instructions", flush=True)
        failed += bool(wrong)
    print(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
