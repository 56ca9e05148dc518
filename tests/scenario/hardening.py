#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What keeps programs out of the kernel, looked at in a running machine; run from the top of the tree.

QEMU's gdb stub stops the machine, reads control registers and MSRs, and walks the page tables of the kernel and of each program
as the processor does. Then it makes kernel code touch what it must not; each time that must be the kernel's end, by a page fault.
Every look is also taken at a machine in which the stub has changed one bit, and must find it.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import cases  # noqa: E402
import machine as stub  # noqa: E402

DIRECT_MAP = 0xFFFF800000000000
WINDOW, WINDOW_BYTES = 0xFFFFFFFFC0000000, 0x200000
IMAGE_OFFSET = 0xFFFFFFFF80000000
SYSTEM = "attack"  # many programs
EFER, STAR, LSTAR, CSTAR, FMASK, SPEC_CTRL = 0xC0000080, 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0x48
HAS_SPEC_CTRL = 1 << 26  # CPUID 7: edx
WP, UMIP, SMEP, SMAP, FSGSBASE, PKE, NXE = 1 << 16, 1 << 11, 1 << 20, 1 << 21, 1 << 16, 1 << 22, 1 << 11
AC = 1 << 18
KERNELS = ("pith.elf", "pith-many.elf")
REGISTERS_IP, REGISTERS_SP = 104, 120  # kernel/arch/x86_64/offsets.h
STOPS = 1000
SPACES = 6  # that a run must show at least
PAGE_FAULT = 14
NOT_PRESENT, READS, WRITES, FETCHES = 0, 1, 3, 17  # error codes, in the kernel (SDM volume 3, figure 4-12)


def entry_of(symbols):
    return symbols["core_on_syscall"]


def stopped(build, timeout_s, kernel="pith.elf", **settings):
    """A machine where a system call of a program arrives in C."""
    run = stub.Run(SYSTEM, build, timeout_s, kernel, **settings)
    machine = run.__enter__()
    machine.run_to(entry_of(run.kernel))
    return run, machine


# --- Looks: each returns what is wrong, None if nothing is ---

def wrong_register(machine, symbols):
    """Control registers and MSRs against what the kernel is to have set, all bits."""
    leaf7 = machine.cpuid(7)
    wanted = {
        "cr0": (machine.register("cr0") & ~8, 0x80050033),  # TS is the thread's
        "cr4": (machine.register("cr4"), 0x340EE0),
        "xcr0": (machine.xcr0() & 7, 7),
        "efer": (machine.msr(EFER), 0xD01),
        "star": (machine.msr(STAR), 0x13 << 48 | 0x08 << 32),
        "lstar": (machine.msr(LSTAR), symbols["arch_fast_entry"]),
        "cstar": (machine.msr(CSTAR), 0),
        "sfmask": (machine.msr(FMASK), 0x57700),  # AC, RF, NT, IOPL, DF, IF, TF
        "kernel's gs": (machine.register("gs_base") >> 47, 0x1FFFF),
    }
    if leaf7[3] & HAS_SPEC_CTRL:
        wanted["spec_ctrl"] = (machine.msr(SPEC_CTRL), 0)
    for name, (got, want) in wanted.items():
        if got != want:
            return f"{name}: wanted: {want:x}; got: {got:x}"
    return None


def wrong_page_of_the_image(page, symbols):
    """Text can be executed, constants read, data written, and nothing else."""
    if page.virtual < symbols["kernel_rodata_start"]:
        rights = "KRX"
    else:
        rights = "KR" if page.virtual < symbols["kernel_data_start"] else "KRW"
    if page.rights() != rights or page.size != 4096 or page.virtual - IMAGE_OFFSET != page.physical:
        return f"{page}; wanted: {rights}"
    return None


def wrong_page_of_the_kernel(page, symbols):
    if symbols["kernel_image_start"] <= page.virtual < symbols["kernel_image_end"]:
        return wrong_page_of_the_image(page, symbols)
    in_direct_map = page.virtual - DIRECT_MAP == page.physical
    in_window = WINDOW <= page.virtual < WINDOW + WINDOW_BYTES
    if page.rights() != "KRW" or not (in_direct_map or in_window):
        return f"{page}; wanted: KRW, in the direct map or the window"
    return None


def wrong_in_the_kernels_half(machine, symbols, root, tables):
    """Every page of it, and that the image is all there, but for the page below the boot core's stack."""
    pages = machine.pages(root, range(stub.UPPER, 512), tables)
    wrong = next(filter(None, (wrong_page_of_the_kernel(page, symbols) for page in pages)), None)
    image = {page.virtual for page in pages if page.virtual >= symbols["kernel_image_start"] and page.virtual < WINDOW}
    wanted = set(range(symbols["kernel_image_start"], symbols["kernel_image_end"], 4096)) - {symbols["boot_stack_guard"]}
    return wrong or (None if image == wanted else f"the image: {len(image)} pages; wanted: {len(wanted)}")


NO_PAGES = "a program without pages"


def wrong_in_a_programs_half(machine, symbols, root, tables):
    """Pages of programs are not writable and executable, and show neither the image nor a page table."""
    pages = machine.pages(root, range(stub.UPPER), tables)
    first, end = (symbols[name] - IMAGE_OFFSET for name in ("kernel_image_start", "kernel_image_end"))
    for page in pages:
        shows = [table for table in tables if page.physical <= table < page.physical + page.size]
        if not page.is_user or (page.writes and page.executes) or (first <= page.physical < end) or shows:
            return f"{page}"
    return None if pages else NO_PAGES


def wrong_in_the_tables(machine, symbols, roots):
    """The kernel's half is one for all, so one walk does; every root has the same entries there."""
    tables = set()
    upper = [machine.table(root)[stub.UPPER:] for root in sorted(roots)]
    if any(half != upper[0] for half in upper):
        return "the kernel's half is not the same in all spaces"
    wrong = wrong_in_the_kernels_half(machine, symbols, min(roots), tables)
    for root in roots:
        wrong = wrong or wrong_in_a_programs_half(machine, symbols, root, tables)
    return wrong


def came_from(machine):
    """Where the system call stands that the kernel is at."""
    return machine.word(machine.word(machine.register("gs_base")) + REGISTERS_IP)


# --- Page tables of user mode: mitigations=pti ---

PTI = {"append": "mitigations=pti"}
PGE = 1 << 7
ACCESSED = 32
ENTRY_BYTES = 4096  # before struct core
IST_STACKS = 4  # a page each; the last word points to the core


def shown(symbols, core):
    """Pages of the image that user mode's tables are to have, and with what rights."""
    pages = {}
    for start, end, rights in ((symbols["arch_entry_start"], symbols["arch_entry_end"], "KRX"),
                               (symbols["arch_shown_start"], symbols["arch_shown_end"], "KRW"), (core - ENTRY_BYTES, core, "KRW")):
        pages |= {at: rights for at in range(start & ~4095, end, 4096)}
    return pages


def wrong_in_user_mode(machine, symbols, cores):
    """Of the machine in user mode, on the first core: what its tables hold of the kernel, and that the rest is as in the kernel's."""
    root, wanted = machine.register("cr3"), shown(symbols, symbols["boot_core"] + ENTRY_BYTES)
    found = machine.pages(root, range(stub.UPPER, 512))
    of_others = [page for page in found if page.virtual < IMAGE_OFFSET]
    got = {page.virtual: page.rights() for page in found if page not in of_others}
    if got != wanted:
        return f"of the image: wanted: {len(wanted)} pages; got: {len(got)}, {[f'{at:x}' for at in sorted(got) if at not in wanted][:9]}"
    stacks = [page for page in of_others if is_stack_of(machine, page, of_others)]
    if len(stacks) != (cores - 1) * IST_STACKS or len(of_others) != (cores - 1) * (IST_STACKS + 1):
        return f"of {cores - 1} other cores: {len(stacks)} stacks of {len(of_others)} pages"
    halves = [[entry & ~ACCESSED for entry in machine.table(at)[:stub.UPPER]] for at in (root, root - 4096)]
    if halves[0] != halves[1]:
        return "the program's half is not the same in both roots"
    return "kernel pages may be global" if machine.register("cr4") & PGE else None


def is_stack_of(machine, page, others):
    """The page ends with a pointer to a core whose entry page is there, too."""
    core = int.from_bytes(machine.physical(page.physical + 4088, 8), "little")
    return any(other.virtual + ENTRY_BYTES == core for other in others)


def user_mode_sees_no_more_of_the_kernel_than_its_entry(build, timeout_s):
    for kernel, cores in (("pith.elf", 1), ("pith-many.elf", 1), ("pith-many.elf", 4)):
        run, machine = stopped(build, timeout_s, kernel, **PTI, cores=cores, one_works=True)
        wrong, root = wrong_in_the_kernels_half(machine, run.kernel, machine.register("cr3"), set()), machine.register("cr3")
        machine.run_to(came_from(machine))
        if machine.register("cr3") != root + 4096:
            wrong = wrong or "user mode runs on the kernel's tables"
        wrong = wrong or wrong_in_user_mode(machine, run.kernel, cores)
        at, entry = entry_for(machine, machine.register("cr3"), run.kernel["arch_entry_start"])
        next_page = (run.kernel["arch_entry_end"] - IMAGE_OFFSET & ~4095) + 4096
        machine.write_physical(at + 64, (next_page | entry & 0xFFF).to_bytes(8, "little"))
        is_seen = wrong_in_user_mode(machine, run.kernel, cores)
        run.__exit__()
        if wrong or not is_seen:
            return f"{kernel}, {cores} cores: {wrong}, a page more: {is_seen}"
    return None


def without_pti_it_sees_all(build, timeout_s):
    """So the look above can fail, and it is the word on the command line that does it."""
    run, machine = stopped(build, timeout_s)
    machine.run_to(came_from(machine))
    pages = machine.pages(machine.register("cr3"), range(stub.UPPER, 512))
    run.__exit__()
    text = [page for page in pages if page.virtual == run.kernel["arch_on_vector"] & ~4095]
    return None if text else f"{len(pages)} pages"


# --- Cases ---

def registers_are_as_they_should_be(build, timeout_s):
    for kernel in KERNELS:
        run, machine = stopped(build, timeout_s, kernel)
        with_run = wrong_register(machine, run.kernel)
        run.__exit__()
        if with_run:
            return f"{kernel}: {with_run}"
    return None


def spaces_of(machine, symbols):
    """The roots in use at system calls, until as many have come by as must."""
    roots = set()
    for _ in range(STOPS):
        machine.run_to(symbols["arch_thread_enter"])
        roots.add(machine.register("cr3"))
        if len(roots) == SPACES:
            break
    return roots


def no_page_is_writable_and_executable(build, timeout_s):
    for kernel in KERNELS:
        for _ in range(2):
            run, machine = stopped(build, timeout_s, kernel)
            roots = spaces_of(machine, run.kernel)
            wrong = wrong_in_the_tables(machine, run.kernel, roots)
            run.__exit__()
            if wrong != NO_PAGES:  # else a program ended after its space was noted, and another run will do
                break
        if wrong or len(roots) < SPACES:
            return f"{kernel}: {wrong}, {len(roots)} spaces"
    return None


def looks_find_one_bit(build, timeout_s):
    """Each bit that counts, changed in the machine, must be seen: else the two tests above could not fail."""
    run, machine = stopped(build, timeout_s)
    symbols, root = run.kernel, machine.register("cr3")
    missed = []

    def try_register(name, bit):
        before = machine.register(name)
        machine.set_register(name, before ^ bit)
        if not wrong_register(machine, symbols):
            missed.append(f"{name} bit {bit:x}")
        machine.set_register(name, before)

    def try_entry(what, address, change):
        at, entry = entry_for(machine, root, address)
        machine.write_physical(at, change(entry).to_bytes(8, "little"))
        if not wrong_in_the_tables(machine, symbols, {root}):
            missed.append(what)
        machine.write_physical(at, entry.to_bytes(8, "little"))

    for name, bits in (("cr0", WP), ("cr4", SMEP | SMAP | UMIP | FSGSBASE | PKE), ("efer", NXE)):
        for bit in (1 << i for i in range(64) if bits >> i & 1):
            try_register(name, bit)
    rip = machine.register("rip")
    try_entry("text that can be written", rip, lambda entry: entry | stub.WRITE)
    try_entry("constants that can be written", symbols["kernel_rodata_start"], lambda entry: entry | stub.WRITE)
    try_entry("data that can be executed", symbols["kernel_data_start"], lambda entry: entry & ~stub.NO_EXEC)
    try_entry("a direct map that can be executed", DIRECT_MAP + root, lambda entry: entry & ~stub.NO_EXEC)
    try_entry("text that is elsewhere", rip, lambda entry: entry + 4096)
    try_entry("text that is not there", rip, lambda entry: entry & ~stub.PRESENT)
    text_of_program = came_from(machine)
    try_entry("a program's text that it can write", text_of_program, lambda entry: entry | stub.WRITE)
    try_entry("a program's text that only the kernel sees", text_of_program, lambda entry: entry & ~stub.USER)
    try_entry("a program that sees its root", text_of_program, lambda entry: entry & ~stub.ADDRESS | root)
    try_entry("a program that sees the image", text_of_program, lambda entry: entry & ~stub.ADDRESS | rip - IMAGE_OFFSET & ~4095)
    run.__exit__()
    return f"not seen: {missed}" if missed else None


def entry_for(machine, root, address):
    """Where the last entry on the way to an address lies, and what it is."""
    table = root
    for level in range(3, -1, -1):
        at = table + 8 * (address >> 12 + 9 * level & 511)
        entry = int.from_bytes(machine.physical(at, 8), "little")
        if level == 0 or entry & stub.LARGE:
            return at, entry
        table = entry & stub.ADDRESS
    return None


def end_of(run, machine):
    """Vector, error and address of the panic that follows, and the exit status."""
    result = run.finish()
    text = "\n".join(result.lines)
    panics = re.findall(r"^PANIC: exception in the kernel", text, re.MULTILINE)
    words = re.findall(r"  cr2 ([0-9a-f]+)\n  cr3 [0-9a-f]+  vector (\d+)  error ([0-9a-f]+)$", text, re.MULTILINE)
    if len(panics) != 1 or len(words) != 1:
        return result.lines[-10:]
    address, vector, error = words[0]
    return int(vector), int(error, 16), int(address, 16)


READ, WRITE = b"\x48\x8b\x18", b"\x48\x89\x18"  # mov (%rax), %rbx; mov %rbx, (%rax)


def harm(build, timeout_s, code, address_of, wanted):
    """The kernel executes an instruction with rax = an address, or goes there if there is no instruction; wanted is how it ends."""
    run, machine = stopped(build, timeout_s)
    try:
        address = address_of(machine, run.kernel)
        if code:
            machine.write(machine.register("rip"), code)
            machine.set_register("rax", address)
        else:
            machine.set_register("rip", address)
        got = end_of(run, machine)
    finally:
        run.__exit__()
    return None if got == (PAGE_FAULT, wanted, address) else f"wanted: {(PAGE_FAULT, wanted, address)}; got: {got}"


def of_program(machine, _):
    return came_from(machine)


def stack_of_program(machine, _):
    """Which it can write."""
    return machine.word(machine.word(machine.register("gs_base")) + REGISTERS_SP) & ~4095


def of(name, alias=0):
    return lambda _, symbols: symbols[name] + alias


TO_DIRECT_MAP = DIRECT_MAP - IMAGE_OFFSET
HARMS = [
    ("the_kernel_cannot_read_a_programs_page", READ, of_program, READS),
    ("the_kernel_cannot_write_a_programs_page", WRITE, stack_of_program, WRITES),
    ("the_kernel_cannot_execute_a_programs_page", None, of_program, FETCHES),
    ("the_kernel_cannot_write_its_text", WRITE, of("kernel_text_start"), WRITES),
    ("the_kernel_cannot_write_its_constants", WRITE, of("kernel_rodata_start"), WRITES),
    ("the_kernel_cannot_execute_its_data", None, of("kernel_data_start"), FETCHES),
    ("the_kernel_cannot_execute_its_constants", None, of("kernel_rodata_start"), FETCHES),
    ("the_kernel_cannot_execute_the_map_of_all_memory", None, of("kernel_text_start", TO_DIRECT_MAP), FETCHES),
    ("the_page_below_the_boot_stack_is_not_there", WRITE, of("boot_stack_guard"), WRITES & 2),
]


# What holds the harm off: a register and its bits; and what is done without them.
HOLDS = [("cr4", SMAP, READ, of_program), ("cr4", SMAP, WRITE, stack_of_program), ("cr4", SMEP, None, of_program),
         ("cr0", WP, WRITE, of("kernel_text_start")), ("cr0", WP, WRITE, of("kernel_rodata_start"))]


def without_the_bit_the_harm_is_done(build, timeout_s):
    """So it is the bit that holds it off, and not something else."""
    for name, bits, code, address_of in HOLDS:
        run, machine = stopped(build, timeout_s)
        with_bits, place, address = machine.register(name), machine.register("rip"), address_of(machine, run.kernel)
        machine.set_register(name, with_bits & ~bits)
        if code:
            machine.write(place, code)
            machine.set_register("rax", address)
        else:
            machine.set_register("rip", address)
        machine.ask("s", "T")
        went_on = machine.register("rip") == place + len(code) if code else machine.register("rip") >> 47 == 0
        run.__exit__()
        if not with_bits & bits or not went_on:
            return f"{name} {with_bits:x} without {bits:x}: {code}"
    return None


def spoil(machine, symbols):
    """Takes away what clears AC: at exceptions an instruction, at system calls a bit of the mask."""
    machine.write(symbols["arch_clac_place"], b"\x0f\x1f\x00")
    machine.execute(b"\x0f\x30", rcx=FMASK, rax=0x57700 & ~AC, rdx=0)


def at_entry(build, timeout_s, kernel, code, is_spoilt=False):
    """A program with AC set comes into the kernel by these instructions, or, without any, by an interrupt: AC in the kernel, and rsi."""
    run = stub.Run(SYSTEM, build, timeout_s, kernel)
    with run as machine:
        symbols = run.kernel
        machine.run_to(entry_of(symbols))
        program = came_from(machine)
        if is_spoilt:
            spoil(machine, symbols)
        machine.run_to(program)
        machine.set_register("eflags", machine.register("eflags") | AC)
        machine.write(program, code or b"\xeb\xfe")
        machine.step()  # before any interrupt
        vector = symbols["arch_on_vector"]
        machine.run_to(entry_of(symbols) if code == SYSCALL else vector)
        return bool(machine.register("eflags") & AC), machine.register("rsi")


SYSCALL = b"\x0f\x05"
INTO = [("syscall", SYSCALL, None), ("int3", b"\xcc", 3), ("ud2", b"\x0f\x0b", 6), ("hlt", b"\xf4", 13), ("interrupt", None, None)]


def no_entry_keeps_ac(build, timeout_s):
    """With AC set, SMAP does nothing in the kernel."""
    for kernel in KERNELS:
        for name, code, vector in INTO:
            has_ac, got = at_entry(build, timeout_s, kernel, code)
            is_it = vector == got or code == SYSCALL or (code is None and got >= 32)
            if has_ac or not is_it:
                return f"{kernel}, {name}: AC {has_ac}, vector {got}"
            if not at_entry(build, timeout_s, kernel, code, True)[0]:
                return f"{kernel}, {name}: AC is clear, whatever the kernel does"
    return None


CASES = [
    (registers_are_as_they_should_be.__name__, registers_are_as_they_should_be),
    (no_page_is_writable_and_executable.__name__, no_page_is_writable_and_executable),
    (looks_find_one_bit.__name__, looks_find_one_bit),
    (no_entry_keeps_ac.__name__, no_entry_keeps_ac),
    (without_the_bit_the_harm_is_done.__name__, without_the_bit_the_harm_is_done),
    (user_mode_sees_no_more_of_the_kernel_than_its_entry.__name__, user_mode_sees_no_more_of_the_kernel_than_its_entry),
    (without_pti_it_sees_all.__name__, without_pti_it_sees_all),
]
CASES += [(name, lambda build, timeout_s, rest=rest: harm(build, timeout_s, *rest)) for name, *rest in HARMS]


def main():
    args = cases.arguments(__doc__, 60)
    cases.conclude((name, case(args.build, args.timeout)) for name, case in CASES)


if __name__ == "__main__":
    main()
