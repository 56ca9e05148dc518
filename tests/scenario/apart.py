#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two cores that work for themselves meet in no cache line: run from the top of the tree.

Boots the system `apart` under the plugin bench/plugin/sharing.c, and reads which lines one core wrote and the other touched.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import argparse
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import qemu  # noqa: E402

SYSTEM = "apart"
CALLS, SIGNALS, TOGETHER = "0", "1", "2"  # tests/boot/apart
ACCESSES_MIN = 100_000  # of a core in a row: a thousand rounds


def place(build, address):
    """The kernel's function at an address, or the address."""
    value = int(address, 16)
    if value >> 63 == 0:
        return address
    elf = os.path.join(build, "kernel", "pith-many.elf")
    found = subprocess.run(["addr2line", "-f", "-s", "-e", elf, address], capture_output=True, text=True, check=False)
    return " ".join(found.stdout.split()) or address


def trace(build, timeout_s):
    """{row: [accesses of core 0, of core 1]}, {row: [shared lines in words]}, and what went wrong in the system."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sharing.tsv")
        settings = qemu.settings_of(SYSTEM)
        plugin = f"{os.path.abspath(build)}/bench/sharing.so,outfile={path}"
        result = qemu.run(qemu.command_for(SYSTEM, build, settings, plugin), timeout_s)
        if result.status != settings["exit"]:
            return {}, {}, f"the system ended with status {result.status}: " + "\n".join(result.lines[-20:])
        accesses, shared = {}, {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                row, what, *rest = line.rstrip("\n").split("\t")
                if what == "accesses":
                    accesses.setdefault(row, []).append(int(rest[1]))
                else:
                    shared.setdefault(row, []).append(
                        f"{rest[0]}: core {rest[1]} writes in {place(build, rest[2])}, core {rest[3]} touches in {place(build, rest[4])}")
    return accesses, shared, None


def judge(accesses, shared, wrong):
    """(name, what is wrong or None) of each step."""
    def enough(row):
        seen = accesses.get(row, [])
        return None if len(seen) == 2 and min(seen) >= ACCESSES_MIN else f"wanted: {ACCESSES_MIN} accesses of two cores; got: {seen}"

    def apart(row):
        return enough(row) or (shared.get(row) and "wanted: no line in common; got:\n    " + "\n    ".join(shared[row])) or None

    yield "the_system_ends_well", wrong
    yield "calls_of_two_cores_meet_in_no_line", apart(CALLS)
    yield "signals_waits_and_yields_neither", apart(SIGNALS)
    yield "and_what_meets_is_seen", enough(TOGETHER) or (None if len(shared.get(TOGETHER, [])) > 2 else "wanted: lines in common; got: none")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=300)
    args = parser.parse_args()
    accesses, shared, wrong = trace(args.build, args.timeout)
    failed = 0
    for name, why in judge(accesses, shared, wrong):
        print(f"FAIL {name}: {why}" if why else f"ok {name}")
        failed += bool(why)
    for row in sorted(accesses):
        print(f"note: row {row}: {accesses[row]} accesses by core, {len(shared.get(row, []))} lines in common")
    print(f"{4 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
