#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is done at a change of the address space with and without defences against speculation; run from the top of the tree.

QEMU's gdb stub stops the machine where the kernel overwrites the predictions of returns: with mitigations=rsb once for each space
that runs, and where it overwrites branch history: with mitigations=bhb at each system call; by default never, because the emulator says who it is.
"""
import argparse
import os
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import panic  # noqa: E402
import qemu  # noqa: E402

RSB, BHB = "arch_rsb_fill", "arch_bhb_syscall"
CHOSEN = "Pith: defences against speculation:"
STOPS = 5  # more would only take longer


def stops_at(stub, address):
    """How often the machine comes by, up to STOPS."""
    stub.ask(f"Z1,{address:x},1", "OK")
    for count in range(STOPS):
        try:
            if not stub.ask("c").startswith("T"):
                return count
            stub.ask("s", "T")  # from where it stopped, it would stop again at once
        except OSError:  # the machine has ended
            return count
    stub.ask(f"z1,{address:x},1", "OK")
    stub.send("c")
    return STOPS


def run(append, place, build, timeout_s):
    """Stops, and what the machine printed."""
    settings = qemu.settings_of("mitigations")
    settings["append"] = append + " panic=exit"
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gdb")
        command = qemu.command_for("mitigations", build, settings)
        command += ["-S", "-gdb", f"unix:{path},server=on,wait=off"]
        runner = threading.Thread(target=lambda: results.append(qemu.run(command, timeout_s)))
        runner.start()
        try:
            stub = panic.Stub(path, timeout_s)
            stub.ask("?", "T")
            count = stops_at(stub, panic.symbols_of(os.path.join(build, "kernel/pith.elf"))[place])
        finally:
            runner.join(timeout_s + 10)
    return count, results[0]


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for each case")
    args = parser.parse_args()
    failed = 0
    for case in CASES:
        reason = why(case, args.build, args.timeout)
        print(f"FAIL {case[0]}: {reason}" if reason else f"ok {case[0]}")
        failed += bool(reason)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
