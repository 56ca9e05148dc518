#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A non-maskable interrupt before each instruction of the ways into the kernel and out of it; run from the top of the tree.

The machine is stopped where a way begins, and saved. From there QEMU's gdb stub steps one instruction further each time, injects the
interrupt, and lets the kernel say its last words. These must be whole, with the registers that the stub told, wherever it came: also where
gs or the page tables are still the program's. So with and without page tables of user mode's own (mitigations=pti).

In the kernel for several cores it comes to the second of two, and only there; that one must stop the other, which stands still meanwhile,
wherever that is. A core that waits for a lock makes the other go on now and then, until it has it. What was tried in one way is not tried
again in the next. What lies between a way in and a way out is left out: there nothing changes of what such an interrupt depends on.
"""
import argparse
import bisect
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import machine as stub  # noqa: E402
import panic  # noqa: E402

LAST = "Perhaps called from"
VECTOR = 2
LEAST = 10  # instructions that a way to or from user mode has at least
SEGMENT = 24  # instructions behind the one where the machine was saved
WAITED = 200  # instructions of the other core, each time that this one goes round and round
MOST = 200  # segments of a way
CALL, REPLY_RECEIVE = 0, 1  # in rax
REGISTERS_IP = 104  # kernel/arch/x86_64/offsets.h
FRAME_CS = 24  # on the stack at interrupt_common
LINT1, MASKED = 0x360, 0x10400  # a register of the local APIC
STORE = b"\x89\x18"  # mov %ebx, (%rax)
# Where the instructions of the ways come from. Those of other files are of the kernel's core, or of what it asks of a processor.
SOURCES = (".S:", ".inc:", "/many/", "/cpu.h:")


class Tried:
    """A system in a kernel, one of whose cores is looked at: in its machine."""

    def __init__(self, system, kernel, core, append, args):
        self.core = core
        self.path = os.path.join(args.build, "kernel", kernel)
        self.timeout_s = args.timeout
        self.run = stub.Run(system, args.build, args.timeout * 20, kernel, append=append, memory="64M", icount=False, ends="stop",
                            cores=core + 1, snapshots=True)
        self.symbols = sorted((address, name.split(".")[0]) for name, address in self.run.kernel.items())
        self.lines = subprocess.Popen(["addr2line", "-e", self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.places = {}  # that were seen: whether they are of a way
        self.halts = self.find_halts()
        self.others = {}  # how often another core stood where

    def find_halts(self):
        """Where the kernel halts, and in what function."""
        said = subprocess.run(["objdump", "-d", "--no-show-raw-insn", self.path], capture_output=True, text=True, check=True).stdout
        places = [int(line.split(":")[0], 16) for line in said.splitlines() if line.rstrip().endswith("\thlt")]
        return {place: self.function(place) for place in places}

    def function(self, address):
        return self.symbols[bisect.bisect_right(self.symbols, (address, "~")) - 1][1]

    def symbol(self, name):
        """Also of a function whose name the compiler has made longer."""
        return next(address for address, found in self.symbols if found == name)

    def is_new(self, place):
        """An instruction of a way that was not tried yet."""
        if place in self.places:
            return False
        print(f"{place:x}", file=self.lines.stdin, flush=True)
        line = self.lines.stdout.readline()
        self.places[place] = is_user(place) or any(source in line for source in SOURCES)
        return self.places[place]

    def run_to(self, name):
        self.machine.run_core_to(self.symbol(name), self.core)

    def __enter__(self):
        self.machine = self.run.__enter__()
        try:
            for core in range(self.core + 1):
                self.machine.run_core_to(self.symbol("core_on_syscall"), core)
                if core < self.core:
                    self.keep_from_it()
            self.monitor("savevm begin")
            self.breakpoints("Z")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.run.__exit__()
        self.lines.communicate()

    def keep_from_it(self):
        """The monitor's interrupt comes to all cores by a line of each. The core that stands here no longer gets it, but what other cores send."""
        self.machine.execute(STORE, rax=self.machine.word(self.symbol("apics")) + LINT1, rbx=MASKED)

    def monitor(self, text):
        self.machine.ask("qRcmd," + text.encode().hex(), "OK")

    def breakpoints(self, what):
        for place in self.halts:
            self.machine.ask(f"{what}1,{place:x},1", "OK")

    def note_other(self, core):
        self.machine.select(core)
        place = self.place()
        where = "in user mode" if is_user(place) else "idle" if place - 1 in self.halts else "in the kernel"
        self.others[where] = self.others.get(where, 0) + 1

    def place(self):
        return self.machine.register("rip")


# --- Where ways begin: with the tried core there, and the other anywhere ---

def at(name):
    return lambda tried: tried.run_to(name)


def at_fast(number, commit):
    """A call or a reply at the first instruction of fast.S, after one that fast.S has done."""
    def begin(tried):
        tried.run_to(commit)
        tried.run_to("arch_fast_entry")
        while tried.machine.register("rax") & 0xFF != number:
            tried.run_to("arch_fast_entry")
    return begin


def at_syscall(tried):
    """The next instruction is a program's `syscall`, by which it came in just now, and not only to fast.S."""
    tried.run_to("core_on_syscall")
    thread = tried.machine.word(tried.machine.register("gs_base"))
    tried.machine.run_core_to(tried.machine.word(thread + REGISTERS_IP) - 2, tried.core)


def at_exception(tried):
    """Of a program."""
    tried.run_to("interrupt_common")
    while tried.machine.word(tried.machine.register("rsp") + FRAME_CS) & 3 == 0:
        tried.run_to("interrupt_common")


def at_rest(tried):
    """The core halts, and nothing has come yet."""
    place = next(place for place, name in tried.halts.items() if name == "arch_leave_slowly")
    while tried.place() != place + 1:
        tried.machine.run_core_to(place, tried.core)
        tried.machine.run_core_to(tried.symbol("core_on_syscall"), tried.core - 1)
        tried.machine.select(tried.core)


# --- Where they end ---

def is_user(place):
    return place >> 63 == 0


def in_c(name):
    return lambda tried, place: place == tried.symbol(name) or is_user(place)


def outside(tried, place):
    """Or idle."""
    return is_user(place) or place in tried.halts


def at_once(*_):
    return True


INTO = [
    ("a_system_call_on_its_way_in", at_syscall, in_c("core_on_syscall")),
    ("an_exception_on_its_way_in", at_exception, in_c("arch_on_vector")),
    ("a_system_call_on_its_way_out", at("arch_leave"), outside),
    ("a_way_out_by_iretq", at("leave_by_iret"), outside),
]
FAST = [
    ("a_call_all_the_way", at_fast(CALL, "call_commit"), outside),
    ("a_reply_all_the_way", at_fast(REPLY_RECEIVE, "reply_commit"), outside),
]
LOCKS = [
    ("an_idle_core", at_rest, at_once),
    ("an_idle_core_that_is_woken", at("interrupt_in_kernel"), outside),
    ("nobody_is_left_to_run", at("leave_slowly"), outside),
    ("a_system_call_that_waits_for_its_lock", at("syscall_contended"), outside),
    ("an_interrupt_that_waits_for_its_lock", at("vector_contended"), outside),
    ("a_call_that_finds_its_lock_taken", at("call_contended"), outside),
    ("a_core_that_waits_for_all_locks", at("turn_wait"), outside),
    ("a_system_call_that_leaves_something_to_do", at("syscall_left"), outside),
    ("an_interrupt_that_leaves_something_to_do", at("vector_left"), outside),
    ("a_system_call_that_finds_something_sent", at("syscall_with_letters"), outside),
    ("a_system_call_after_which_another_runs", at("syscall_key"), outside),
    ("an_interrupt_after_which_another_runs", at("vector_key"), outside),
]
PTI = "mitigations=pti"
# System, kernel, the core that it comes to, command line, what its names end with, ways.
RUNS = [
    ("bench", "pith.elf", 0, "", "", INTO + FAST),  # system calls by every way, interrupts, faults
    ("bench", "pith.elf", 0, PTI, "_with_pti", INTO + FAST),
    ("ways", "pith-many.elf", 1, "", "_of_several", INTO + FAST + LOCKS),
    ("ways", "pith-many.elf", 1, PTI, "_of_several_with_pti", INTO),
]


def wait_for_lines(run, before, timeout_s):
    end = time.monotonic() + timeout_s
    while not any(line.startswith(LAST) for line in run.lines[before:]) and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(0.003)
    return run.lines[before:]


def wrong_ends(tried):
    """The tried core ends after its last words, another where it waits for good. None: so it is."""
    for core in range(tried.core, -1, -1):
        wanted = "core_on_panic" if core == tried.core else "cores_claim_panic"
        if core < tried.core:
            tried.note_other(core)
        tried.machine.go(core)
        ends = tried.halts.get(tried.place())
        if ends != wanted:
            return f"core {core} ends at {tried.place():x}, in {ends}; wanted: {wanted}"
    return None


def wrong_words(tried, place):
    """When it comes before the instruction at this place, which is not far from where the machine was saved. None: nothing."""
    tried.monitor("loadvm here")
    tried.machine.select(tried.core)
    while tried.place() != place:
        tried.machine.step(tried.core)
    registers = tried.machine.registers()
    before = len(tried.run.lines)
    tried.monitor("nmi")
    try:
        wrong = wrong_ends(tried)
    except OSError as error:
        wrong = str(error)
    lines = wait_for_lines(tried.run, before, tried.timeout_s)
    patterns = ["^PANIC: non-maskable interrupt", f"then: ^Core {tried.core} at [0-9]+ ns, ", LAST]
    wrong = wrong or panic.differences(registers, lines, patterns, VECTOR)
    return wrong and f"at {place:x}, in {tried.function(place)}: {wrong}; {lines}"


def segment(tried, is_over, seen):
    """Some steps of a way: places of it that are to be tried, the machine saved at the first, and whether this was its end. seen: all of its places."""
    places = []
    left = SEGMENT
    while left:
        place = tried.place()
        if is_over(tried, place) and (seen or is_over == at_once):
            left = 0
        seen.add(place)
        if tried.is_new(place):
            if not places:
                tried.monitor("savevm here")
                left = left and SEGMENT
            places.append(place)
        if not left:
            return places, True
        tried.machine.step(tried.core)
        left -= 1
    return places, False


def walk(tried, way, seen):
    """What is wrong, None if nothing is, and how many instructions were tried. seen: gets all of the way."""
    _, begin, is_over = way
    count = 0
    tried.breakpoints("z")
    tried.monitor("loadvm begin")
    begin(tried)
    tried.breakpoints("Z")
    for _ in range(MOST):
        before = len(seen)
        tried.machine.select(tried.core)
        places, has_ended = segment(tried, is_over, seen)
        if places and not has_ended:
            tried.monitor("savevm next")
        for place in places:
            wrong = wrong_words(tried, place)
            if wrong:
                return wrong, count
        count += len(places)
        if has_ended:
            return None if len(seen) >= LEAST or is_over == at_once else "too short", count
        if places:
            tried.monitor("loadvm next")
        if len(seen) == before and tried.core:
            for _ in range(WAITED):
                tried.machine.step(tried.core - 1)
    return f"no end after {len(seen)} instructions", count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each answer of the machine")
    args = parser.parse_args()
    passed = failed = 0
    for system, kernel, core, append, end, ways in RUNS:
        with Tried(system, kernel, core, append, args) as tried:
            for way in ways:
                seen = set()
                try:
                    wrong, count = walk(tried, way, seen)
                except OSError as error:  # the machine has ended
                    wrong, count = error, 0
                print(f"FAIL {way[0]}{end}: {wrong}" if wrong else f"ok {way[0]}{end}")
                print(f"note: {way[0]}{end}: {count} of {len(seen)} instructions", flush=True)
                failed += bool(wrong)
                passed += not wrong
            if core:
                print(f"note: of {sum(tried.others.values())} times the other core was {tried.others}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
