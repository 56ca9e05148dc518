#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is done at a change of the address space with and without defences against speculation; run from the top of the tree.

QEMU's gdb stub stops the machine where the kernel overwrites the predictions of returns: with mitigations=rsb once for each space
that runs, and where it overwrites branch history: with mitigations=bhb at each system call; by default never, because the emulator says who it is.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub"))

import cases  # noqa: E402
import machine as stub  # noqa: E402
import qemu  # noqa: E402

RSB, BHB = "arch_rsb_fill", "arch_bhb_syscall"
CHOSEN = "Pith: defences against speculation:"
STOPS = 5  # more would only take longer


def stops_at(machine, address):
    """How often the machine comes by, up to STOPS."""
    machine.ask(f"Z1,{address:x},1", "OK")
    for count in range(STOPS):
        try:
            if not machine.ask("c").startswith("T"):
                return count
            machine.step()  # from where it stopped, it would stop again at once
        except OSError:  # the machine has ended
            return count
    machine.ask(f"z1,{address:x},1", "OK")
    return STOPS


def run(append, place, build, timeout_s):
    """Stops, and what the machine printed."""
    system = stub.Run("mitigations", build, timeout_s, append=append)
    with system as machine:
        count = stops_at(machine, system.kernel[place])
        return count, system.finish()


CASES = [
    ("asked_for_it_is_done_at_each_change_of_the_space", RSB, "mitigations=rsb", STOPS, "rsb"),
    ("asked_for_branch_history_is_overwritten_at_each_system_call", BHB, "mitigations=bhb", STOPS, "bhbloop"),
    ("by_default_it_is_not", BHB, "", 0, None),
    ("by_default_the_emulator_needs_nothing", RSB, "", 0, None),
    ("off_is_off", RSB, "mitigations=off", 0, None),
    ("a_word_that_means_nothing_is_told", RSB, "mitigations=rsbx,verw", 0, "verw"),
]


def why(case, build, timeout_s):
    """What is wrong; None: nothing."""
    _, place, append, wanted, names = case
    count, result = run(append, place, build, timeout_s)
    said = [line.removeprefix(CHOSEN).split() for line in result.lines if line.startswith(CHOSEN)]
    told = any(line.startswith("mitigations=: write off, auto") for line in result.lines)
    if count != wanted:
        return f"stops: wanted: {wanted}; got: {count}"
    if said != ([names.split()] if names else []):
        return f"said: wanted: {names}; got: {said}"
    if told != ("rsbx" in append):
        return f"a word about the command line: got: {told}"
    if result.status != qemu.EXIT_SUCCESS:
        return f"exit status: {result.status}, {result.lines[-5:]}"
    return None


def main():
    args = cases.arguments(__doc__, 120)
    cases.conclude((case[0], why(case, args.build, args.timeout)) for case in CASES)


if __name__ == "__main__":
    main()
