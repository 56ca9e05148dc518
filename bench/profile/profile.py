#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the instructions of a row of `make bench` go, function by function.

    bench/profile/profile.py ROW [--lines] [--build build]

ROW is a number or a name from bench/rows.tsv. Needs what `make bench` builds. --lines shows each
instruction with its source line instead. Numbers are executions per turn, from mark to mark.
"""
import argparse
import bisect
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))

import qemu  # noqa: E402

KERNEL = "kernel/pith.elf"
PROGRAM = "programs/bench_kernel"


def row_number(name):
    with open(os.path.join(TOP, "bench/rows.tsv")) as file:
        for line in file:
            fields = line.split()
            if len(fields) == 4 and name in fields[:2]:
                return int(fields[0])
    sys.exit(f"profile: no row {name} in bench/rows.tsv")


def plugin_build(build):
    plugin = os.path.abspath(os.path.join(build, "bench", "profile.so"))
    sources = [os.path.join(HERE, "profile.c"), os.path.join(TOP, "bench/plugin/decode.c")]
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
                    "-iquote", os.path.join(TOP, "bench/plugin"), "-o", plugin] + sources, check=True)
    return plugin


def run(build, number):
    out = os.path.abspath(os.path.join(build, "bench", f"profile-{number}.tsv"))
    if os.path.exists(out):
        os.unlink(out)
    settings = qemu.settings_of("bench")
    command = qemu.command_for("bench", build, settings,
                               f"{plugin_build(build)},outfile={out},row={number}")
    result = qemu.run(command, settings["timeout_s"])
    if result.status != settings["exit"]:
        sys.exit("\n".join(result.lines[-20:] + ["profile: the system failed"]))
    counts = collections.Counter()
    with open(out) as file:
        turns = int(file.readline().split()[1])
        for line in file:
            address, times = line.split()
            counts[int(address, 16)] += int(times)
    return turns, counts


class Symbols:
    """Which function an address is in."""

    def __init__(self, paths):
        found = []
        for path in paths:
            text = subprocess.run(["nm", "-n", path], check=True, capture_output=True, text=True).stdout
            found += [(int(f[0], 16), f[2]) for f in map(str.split, text.splitlines())
                      if len(f) == 3 and f[1] in "tT"]
        found.sort()
        self.starts = [start for start, _ in found]
        self.names = [name for _, name in found]

    def name(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        side = "" if address >> 63 else "(user) "
        return side + (self.names[at] if at >= 0 else "?")


def show_functions(turns, counts, symbols):
    per = collections.Counter()
    for address, times in counts.items():
        per[symbols.name(address)] += times
    for name, times in per.most_common():
        if times >= turns / 10:
            print(f"{times / turns:9.1f}  {name}")
    print(f"{sum(per.values()) / turns:9.1f}  in all, {turns} turns")


def show_lines(build, turns, counts):
    for path, is_kernel in ((KERNEL, True), (PROGRAM, False)):
        text = subprocess.run(["objdump", "-d", "-l", "--no-show-raw-insn", os.path.join(build, path)],
                              check=True, capture_output=True, text=True).stdout
        function = source = ""
        for line in text.splitlines():
            insn = re.match(r"\s*([0-9a-f]+):\t", line)
            if insn:
                address = int(insn[1], 16)
                times = counts.get(address, 0) if address >> 63 == is_kernel else 0
                if times * 10 >= turns:
                    print(function, end="")
                    function = ""
                    print(f"{times / turns:7.2f} {line.strip().expandtabs():75} {source}")
            elif line.endswith(">:"):
                function = line + "\n"
            elif re.search(r":\d+( \(|$)", line):
                source = os.path.basename(line.split(" (")[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row")
    parser.add_argument("--build", default="build")
    parser.add_argument("--lines", action="store_true")
    args = parser.parse_args()
    os.chdir(TOP)
    turns, counts = run(args.build, row_number(args.row))
    if args.lines:
        show_lines(args.build, turns, counts)
    else:
        show_functions(turns, counts,
                       Symbols([os.path.join(args.build, KERNEL), os.path.join(args.build, PROGRAM)]))


if __name__ == "__main__":
    main()
