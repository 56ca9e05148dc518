#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The registers that a panic prints, against those that the emulator has; run from the top of the tree.

QEMU's gdb stub stops the machine at a place, tells its registers, and does the harm; then the machine goes on
and prints its last words. Every register there must be the one that the stub told. Protocol: GDB manual, appendix E.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import cases  # noqa: E402
import machine as stub  # noqa: E402
import words  # noqa: E402

JUMP_TO_ITSELF = "ebfe"
INVALID_OPCODE = "0f0b"  # ud2


def found_by_the_kernel(machine, kernel, _):
    """The call of arch_panic(): registers as its caller has them."""
    machine.run_to(kernel["arch_panic"])
    registers = machine.registers()
    registers["rip"] = machine.word(registers["rsp"])
    registers["rsp"] += 8
    return registers


def exception_in_the_kernel(machine, kernel, _):
    """An instruction that is none where a system call arrives."""
    place = kernel["core_on_syscall"]
    machine.run_to(place)
    registers = machine.registers()
    machine.ask(f"M{place:x},2:{INVALID_OPCODE}", "OK")
    return registers


def nmi(machine, _, program):
    """A non-maskable interrupt before a program's first instruction, with registers of a program."""
    machine.run_to(program["main"])
    registers = machine.registers()
    machine.monitor("nmi")
    return registers


def machine_check(machine, _, program):
    """What the processor tells of a bank of its registers: an error that it cannot mend, with address and more."""
    machine.run_to(program["main"])
    registers = machine.registers()
    machine.monitor("mce 0 1 0xbe00000000000135 0x5 0x12345000 0x86")
    return registers


def machine_check_of_the_second(machine, _, program):
    """One that only the second core gets. Where that has come to by then is open, and so are its registers."""
    machine.run_to(program["main"])
    machine.ask(f"M{program['main']:x},2:{JUMP_TO_ITSELF}", "OK")  # or the program ends the machine before the second core looks
    machine.monitor("mce 1 1 0xbe00000000000135 0x5 0x12345000 0x86")
    return {}


def machine_check_of_all(machine, kernel, program):
    """One that both cores get at once; whose registers are printed is open."""
    machine.run_to(program["main"])
    machine.monitor("mce -b 0 1 0xbe00000000000135 0x5 0x12345000 0x86")
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


def why(case, build, timeout_s):
    """What is wrong; None: nothing."""
    _, harm, patterns, vector = case
    is_many = harm in (machine_check_of_the_second, machine_check_of_all)
    run = stub.Run("panic", build, timeout_s, "pith-many.elf" if is_many else "pith.elf", append="how=2", cores=2 if is_many else 1)
    try:
        with run as machine:
            wanted = harm(machine, run.kernel, stub.symbols_of(os.path.join(build, "programs/test_restart")))
            result = run.finish()
    except OSError as error:
        return str(error)
    if result.status != run.settings["exit"]:
        return f"wanted: exit status {run.settings['exit']}; got: {result.status}, {result.lines[-5:]}"
    return words.differences(wanted, result.lines, patterns, vector)


def main():
    args = cases.arguments(__doc__, 30)
    cases.conclude((case[0], why(case, args.build, args.timeout)) for case in CASES + AT_ONCE)


if __name__ == "__main__":
    main()
