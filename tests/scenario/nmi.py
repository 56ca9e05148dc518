#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A non-maskable interrupt before each instruction of the ways into the kernel and out of it; run from the top of the tree.

The machine is stopped where a way begins, and saved. From there QEMU's gdb stub steps one instruction further each time, injects the
interrupt, and lets the kernel say its last words. These must be whole, with the registers that the stub told, wherever it came: also where
gs or the page tables are still the program's. So with and without page tables of user mode's own (mitigations=pti).

In the kernel for several cores it comes to the second of two, and only there; that one must stop the other, which stands still meanwhile,
wherever that is. A core that waits for a lock makes the other go on now and then, until it has it. What was tried in one way is not tried
again in the next. What lies between a way in and a way out is left out: there nothing changes of what such an interrupt depends on.

A machine check comes by the same way, on another stack: in user mode, in the kernel, and where the core is idle, in each of these machines.
"""
import bisect
import collections
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import cases  # noqa: E402
import machine as stub  # noqa: E402
import words  # noqa: E402

LAST = "Perhaps called from"
LEAST = 10  # instructions that a way to or from user mode has at least
SEGMENT = 24  # instructions behind the one where the machine was saved
WAITED = 200  # instructions of the other core, each time that this one goes round and round
MOST = 200  # segments of a way
CALL, REPLY_RECEIVE, WAIT, ABI_VERSION = 0, 1, 5, 8  # in rax
TURN_WHO, TURN_HELD = 255, 255  # kernel/arch/x86_64/many/locks.c
REGISTERS_IP = 104  # kernel/arch/x86_64/offsets.h
FRAME_CS = 24  # on the stack at interrupt_common
TIMER, LINT1, MASKED = 0x320, 0x360, 1 << 16  # registers of the local APIC
STORE = b"\x89\x18"  # mov %ebx, (%rax)
# Where the instructions of the ways come from. Those of other files are of the kernel's core, or of what it asks of a processor.
SOURCES = (".S:", ".inc:", "/many/", "/cpu.h:")


class Tried:
    """A system in a kernel, one of whose cores is looked at: in its machine."""

    def __init__(self, system, kernel, core, append, args, places):
        self.core = core
        self.path = os.path.join(args.build, "kernel", kernel)
        self.timeout_s = args.timeout
        self.run = stub.Run(system, args.build, args.timeout, kernel, append=append, memory="64M", icount=False, ends="stop",
                            cores=core + 1, snapshots=True, lives_s=1000)
        self.symbols = sorted((address, name.split(".")[0]) for name, address in self.run.kernel.items())
        self.lines = subprocess.Popen(["addr2line", "-e", self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.places = places  # that were seen: whether they are of a way
        self.halts = self.find_halts()
        self.others = {}  # how often another core stood where
        with open(os.path.join(args.build, "many/kernel/arch/x86_64/offsets_gen.h"), encoding="utf-8") as file:
            self.own_lock = int(re.search(r"#define CORE_OWN_LOCK (\d+)", file.read())[1])

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
        self.machine.run_to(self.symbol(name), self.core)

    def __enter__(self):
        self.machine = self.run.__enter__()
        try:
            for core in range(self.core + 1):
                self.machine.run_to(self.symbol("core_on_syscall"), core)
                if core < self.core:  # the emulator's interrupt comes to all cores; this one only gets what another sends
                    self.mask(LINT1, core)
            self.own_lock += self.machine.register("gs_base")
            self.machine.monitor("savevm begin")
            self.breakpoints("Z", self.halts)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.run.__exit__()
        self.lines.communicate()

    def mask(self, line, core):
        """An interrupt of the core, which stands in the kernel."""
        self.machine.execute(STORE, core, rax=self.machine.word(self.symbol("apics")) + line, rbx=MASKED)

    def breakpoints(self, what, places):
        for place in places:
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


def at_number(number):
    """Any system call of a number, at its first instruction in the kernel."""
    def begin(tried):
        tried.run_to("arch_fast_entry")
        while tried.machine.register("rax") & 0xFF != number:
            tried.run_to("arch_fast_entry")
    return begin


def at_fast(number, commit):
    """The same of a call or a reply, after one that fast.S has done."""
    def begin(tried):
        tried.run_to(commit)
        at_number(number)(tried)
    return begin


def at_syscall(tried):
    """The next instruction is a program's `syscall`, by which it came in just now, and not only to fast.S."""
    tried.run_to("core_on_syscall")
    thread = tried.machine.word(tried.machine.register("gs_base"))
    tried.machine.run_to(tried.machine.word(thread + REGISTERS_IP) - 2, tried.core)


def at_exception(tried):
    """Of a program."""
    tried.run_to("interrupt_common")
    while tried.machine.word(tried.machine.register("rsp") + FRAME_CS) & 3 == 0:
        tried.run_to("interrupt_common")


def at_taken(entry, name):
    """Behind an entry the core finds that another has its lock: who took all while it stood there, and has not yet given them back."""
    def begin(tried):
        entry(tried)
        while True:
            tried.machine.run_to(tried.symbol("syscall_left"), tried.core - 1, alone=True)
            if tried.machine.memory(tried.own_lock, 1) != b"\0":
                break
        tried.machine.run_to(tried.symbol(name), tried.core, alone=True)
    return begin


def at_wait_for_all(tried):
    """The lock of all is held, and stays so for now."""
    tried.run_to("turn_wait")
    while tried.machine.word(tried.symbol("lock_of_all")) & TURN_WHO != TURN_HELD:
        tried.run_to("turn_wait")


def at_rest(tried):
    """The core sleeps, and nothing wakes it: not even its timer."""
    place = next(place for place, name in tried.halts.items() if name == "arch_leave_slowly")
    while tried.place() != place + 1:
        tried.machine.run_to(place, tried.core)
        tried.mask(TIMER, tried.core)
        tried.machine.halt(tried.core)


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


# waits: the core goes round and round until the other does something.
Way = collections.namedtuple("Way", "name begin is_over waits", defaults=[outside, False])
INTO = [
    Way("a_system_call_on_its_way_in", at_syscall, in_c("core_on_syscall")),
    Way("an_exception_on_its_way_in", at_exception, in_c("arch_on_vector")),
    Way("a_system_call_on_its_way_out", at("arch_leave")),
    Way("a_way_out_by_iretq", at("leave_by_iret")),
]
FAST = [
    Way("a_call_all_the_way", at_fast(CALL, "call_commit")),
    Way("a_reply_all_the_way", at_fast(REPLY_RECEIVE, "reply_commit")),
]
RARE = [
    Way("a_long_call", at("call_long")),
    Way("a_long_reply", at("reply_long")),
    Way("a_call_with_a_deadline", at("call_arms")),
    Way("a_reply_to_a_call_with_a_deadline", at("reply_unqueues")),
    Way("a_call_of_who_serves", at("call_nested")),
    Way("a_reply_of_who_is_bound", at("reply_bound")),
    Way("a_fast_way_out_in_c", at("resume_specially")),
]
FOREIGN = [
    Way("a_foreign_call", at("arch_foreign")),
    Way("a_foreign_call_by_the_slow_way", at("foreign_slowly")),
]
IDLE = [
    Way("an_idle_core", at_rest, at_once),
    Way("an_idle_core_that_is_woken", at("interrupt_in_kernel")),
    Way("nobody_is_left_to_run", at("leave_slowly")),
]
BUSY = [
    Way("abi_version", at_number(ABI_VERSION)),
    Way("a_system_call_that_waits_for_its_lock", at_taken(at_number(WAIT), "syscall_contended"), waits=True),
    Way("an_interrupt_that_waits_for_its_lock", at_taken(at_exception, "vector_contended"), waits=True),
    Way("a_call_that_waits_for_its_lock", at_taken(at_fast(CALL, "call_commit"), "call_contended"), waits=True),
    Way("a_reply_that_waits_for_its_lock", at_taken(at_fast(REPLY_RECEIVE, "reply_commit"), "reply_contended"), waits=True),
    Way("a_core_that_waits_for_all_locks", at_wait_for_all, waits=True),
    Way("a_system_call_that_leaves_something_to_do", at("syscall_left")),
    Way("an_interrupt_that_leaves_something_to_do", at("vector_left")),
    Way("a_system_call_that_finds_something_sent", at("syscall_with_letters")),
    Way("a_system_call_after_which_another_runs", at("syscall_key")),
    Way("an_interrupt_after_which_another_runs", at("vector_key")),
]
# Where a machine check comes.
CHECKED = [
    ("a_machine_check_in_user_mode", at_syscall),
    ("a_machine_check_in_the_kernel", at("core_on_syscall")),
    ("a_machine_check_of_an_idle_core", at_rest),
]
PTI = "mitigations=pti"
# System, kernel, the core that it comes to, command line, what its names end with, ways.
RUNS = [
    ("bench", "pith.elf", 0, "", "", INTO + FAST + IDLE),  # system calls by every way, interrupts, faults
    ("bench", "pith.elf", 0, PTI, "_with_pti", INTO + FAST),
    ("ways", "pith-many.elf", 1, "", "_of_several", INTO + FAST + IDLE + BUSY),
    ("fast", "pith-many.elf", 0, "", "_of_one_of_several", RARE),
    ("foreign", "pith-many.elf", 0, "", "_of_one_of_several", FOREIGN),
    ("ways", "pith-many.elf", 1, PTI, "_of_several_with_pti", INTO),
]


class Event:
    """What comes: the emulator's command, what is said then, and the vector."""

    def __init__(self, command, patterns, vector):
        self.command, self.patterns, self.vector = command, patterns, vector

    def wrong_words(self, registers, lines, core):
        patterns = [self.patterns[0], f"then: ^Core {core} at [0-9]+ ns, ", *self.patterns[1:], LAST]
        return words.differences(registers, lines, patterns, self.vector)


NMI = Event("nmi", ["^PANIC: non-maskable interrupt"], 2)
MACHINE_CHECK = Event("mce {} 1 0xbe00000000000135 0x5 0x12345000 0x86",
                      ["^PANIC: machine check", "^Machine check, state 0000000000000005:",
                       "then: ^  bank 1 status be00000000000135 address 0000000012345000 more 0000000000000086$"], 18)


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


def wrong_at(tried, place, event):
    """When it comes before the instruction at this place, which is not far from where the machine was saved. None: nothing."""
    tried.machine.monitor("loadvm here")
    tried.machine.select(tried.core)
    while tried.place() != place:
        tried.machine.step(tried.core)
    registers = tried.machine.registers()
    before = len(tried.run.lines)
    tried.machine.monitor(event.command.format(tried.core))
    try:
        wrong = wrong_ends(tried)
    except OSError as error:
        wrong = str(error)
    lines = wait_for_lines(tried.run, before, tried.timeout_s)
    wrong = wrong or event.wrong_words(registers, lines, tried.core)
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
                tried.machine.monitor("savevm here")
                left = left and SEGMENT
            places.append(place)
        if not left:
            return places, True
        tried.machine.step(tried.core)
        left -= 1
    return places, False


def begin_at(tried, begin):
    tried.breakpoints("z", tried.halts)
    tried.machine.monitor("loadvm begin")
    tried.machine.select(tried.core)
    begin(tried)
    tried.breakpoints("Z", tried.halts)


def walk(tried, way, seen):
    """What is wrong, None if nothing is, and how many instructions were tried. seen: gets all of the way."""
    count, waited = 0, 0
    begin_at(tried, way.begin)
    for _ in range(MOST):
        before = len(seen)
        tried.machine.select(tried.core)
        places, has_ended = segment(tried, way.is_over, seen)
        if places and not has_ended:
            tried.machine.monitor("savevm next")
        for place in places:
            wrong = wrong_at(tried, place, NMI)
            if wrong:
                return wrong, count
        count += len(places)
        if has_ended:
            break
        if places:
            tried.machine.monitor("loadvm next")
        if len(seen) == before and tried.core:
            waited += 1
            for _ in range(WAITED):
                tried.machine.step(tried.core - 1)
    else:
        return f"no end after {len(seen)} instructions", count
    if len(seen) < LEAST and way.is_over != at_once or way.waits and not waited:
        return f"{len(seen)} instructions, and it waited {waited} times", count
    return None, count


def walks(tried, ways, end):
    """(name, what is wrong) of each way."""
    for way in ways:
        seen, count = set(), 0
        try:
            wrong, count = walk(tried, way, seen)
        except OSError as error:  # the machine has ended
            wrong = error
        yield way.name + end, wrong
        print(f"note: {way.name}{end}: {count} of {len(seen)} instructions")


def checks(tried, end):
    """The same of machine checks."""
    for name, begin in CHECKED:
        try:
            begin_at(tried, begin)
            tried.machine.monitor("savevm here")
            wrong = wrong_at(tried, tried.place(), MACHINE_CHECK)
        except OSError as error:
            wrong = error
        yield name + end, wrong


def results(args):
    places = {}
    for system, kernel, core, append, end, ways in RUNS:
        with Tried(system, kernel, core, append, args, places.setdefault((kernel, append), {})) as tried:
            yield from walks(tried, ways, end)
            if INTO[0] in ways:
                yield from checks(tried, end)
            if core:
                print(f"note: of {sum(tried.others.values())} times the other core was {tried.others}")


def main():
    cases.conclude(results(cases.arguments(__doc__, 60)))


if __name__ == "__main__":
    main()
