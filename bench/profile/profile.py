#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the instructions of a row of `make bench` go, function by function.

    bench/profile/profile.py ROW [--lines] [--many] [--build build]

ROW is a name from bench/rows.tsv. Needs what `make bench` builds. --lines shows each instruction with its source
line instead; --many takes the kernel for several cores, on one. Numbers are executions per turn, from mark to mark: means, where rows.tsv judges medians.
"""
import argparse
import bisect
import collections
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))

import qemu  # noqa: E402
import tomllib  # noqa: E402

KERNEL = "kernel"


def row_find(name):
    """Of a row's name: its system and number."""
    with open(os.path.join(TOP, "bench/rows.tsv")) as file:
        for line in file:
            fields = line.split()
            if len(fields) == 5 and name == fields[2]:
                return fields[0], int(fields[1])
    sys.exit(f"profile: no row {name} in bench/rows.tsv")


def plugin_build(build):
    plugin = os.path.abspath(os.path.join(build, "bench", "profile.so"))
    sources = [os.path.join(HERE, "profile.c"), os.path.join(TOP, "bench/plugin/decode.c")]
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
                    "-iquote", os.path.join(TOP, "bench/plugin"), "-o", plugin] + sources, check=True)
    return plugin


class Image:
    """An executable file: its bytes by address, and its functions."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        with open(path, "rb") as file:
            self.file = file.read()
        first, size, count = struct.unpack_from("<Q14xHH", self.file, 0x20)
        self.parts = []  # address, bytes
        for i in range(count):
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", self.file, first + i * size)
            if kind == 1:
                self.parts.append((address, self.file[offset:offset + length]))
        text = subprocess.run(["nm", "-n", path], check=True, capture_output=True, text=True).stdout
        found = sorted((int(f[0], 16), f[2]) for f in map(str.split, text.splitlines())
                       if len(f) == 3 and f[1] in "tTwW")
        self.starts = [start for start, _ in found]
        self.names = [function for _, function in found]

    def holds(self, address, code):
        return any(start <= address and part[address - start:address - start + len(code)] == code
                   for start, part in self.parts)

    def function(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        return f"({self.name}) {self.names[at] if at >= 0 else '?'}"


def images_of(build, system, kernel):
    """The kernel and all programs of a system."""
    with open(os.path.join("systems", system + ".toml"), "rb") as file:
        text = tomllib.load(file)
    programs = {"init", "warden", text["root"]} | {p["program"] for p in text.get("program", {}).values()}
    return [Image(KERNEL, os.path.join(build, "kernel", kernel))] + [
        Image(name, os.path.join(build, "programs", name)) for name in sorted(programs)
        if os.path.exists(os.path.join(build, "programs", name))]


def run(build, system, number, many):
    """Turns, and blocks: [[(address, times, bytes of an instruction)]]"""
    out = os.path.abspath(os.path.join(build, "bench", f"profile-{system}-{number}.tsv"))
    if os.path.exists(out):
        os.unlink(out)
    settings = qemu.settings_of(system)
    settings["icount"] = True
    settings["many"] = many
    command = qemu.command_for(system, build, settings,
                               f"{plugin_build(build)},outfile={out},row={number}")
    result = qemu.run(command, settings["timeout_s"])
    if result.status != settings["exit"]:
        sys.exit("\n".join(result.lines[-20:] + ["profile: the system failed"]))
    blocks = collections.defaultdict(list)
    with open(out) as file:
        turns = int(file.readline().split()[1])
        for line in file:
            block, address, times, code = line.split()
            blocks[int(block)].append((int(address, 16), int(times), bytes.fromhex(code)))
    return turns, list(blocks.values())


def image_of(images, block):
    """Whose code a block is; the first, if several programs have the same there."""
    for image in images:
        if all(image.holds(address, code) for address, _, code in block):
            return image
    return None


def count(images, blocks):
    """(image, address) -> times"""
    counts = collections.Counter()
    for block in blocks:
        image = image_of(images, block)
        for address, times, _ in block:
            counts[image, address] += times
    return counts


def show_functions(turns, counts):
    per = collections.Counter()
    for (image, address), times in counts.items():
        per[image.function(address) if image else "(?) ?"] += times
    for name, times in per.most_common():
        if times >= turns / 10:
            print(f"{times / turns:9.1f}  {name}")
    sides = collections.Counter()
    for name, times in per.items():
        sides[name.split()[0]] += times
    print("\n".join(f"{times / turns:9.1f}  {side} in all" for side, times in sides.most_common()))
    print(f"{sum(per.values()) / turns:9.1f}  in all, {turns} turns")


def show_lines(images, turns, counts):
    for image in images:
        text = subprocess.run(["objdump", "-d", "-l", "--no-show-raw-insn", image.path],
                              check=True, capture_output=True, text=True).stdout
        function = source = ""
        for line in text.splitlines():
            insn = re.match(r"\s*([0-9a-f]+):\t", line)
            if insn:
                times = counts.get((image, int(insn[1], 16)), 0)
                if times * 10 >= turns:
                    print(function, end="")
                    function = ""
                    print(f"{times / turns:7.2f} {line.strip().expandtabs():75} {source}")
            elif line.endswith(">:"):
                function = f"({image.name}) {line}\n"
            elif re.search(r":\d+( \(|$)", line):
                source = os.path.basename(line.split(" (")[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row")
    parser.add_argument("--build", default="build")
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--many", action="store_true")
    args = parser.parse_args()
    os.chdir(TOP)
    system, number = row_find(args.row)
    images = images_of(args.build, system, "pith-many.elf" if args.many else "pith.elf")
    turns, blocks = run(args.build, system, number, args.many)
    counts = count(images, blocks)
    if args.lines:
        show_lines(images, turns, counts)
    else:
        show_functions(turns, counts)


if __name__ == "__main__":
    main()
