# SPDX-License-Identifier: MIT
"""Boot tests on several cores under the plugin bench/plugin/locks.c: how long locks are held, how long one waits (docs/locking.md)."""
import os
import re
import struct
import subprocess
import sys

import qemu

# Those of `cores` are threads of the host, which meet; the others have exact time, and do what the first does not, on one core of so many.
RUNS = [("cores", 2), ("cores_4", 4), ("memory", 4), ("calls", 4), ("sched", 4)]
NAMES = "kernel/arch/x86_64/many/lock_marks.h"
HOLDS_MIN = 1000  # in each run: else the marks are not where they should be
PLACES = 5  # so many are shown


def mark_names(text):
    """{number: name without LOCK_}"""
    return {int(number): name for name, number in re.findall(r"^#define LOCK_(\w+) (\d+)", text, re.M)}


def marks(section, names):
    """Lines for the plugin of the kernel's section .lock_marks: pairs of address and number."""
    return [f"{address:x} {names[number]}\n" for address, number in struct.iter_unpack("<QQ", section)]


def marks_write(elf, folder):
    raw, path = os.path.join(folder, "lock_marks.bin"), os.path.join(folder, "lock_marks.txt")
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.lock_marks", "--set-section-flags", ".lock_marks=alloc", elf, raw], check=True)
    with open(raw, "rb") as section, open(NAMES, encoding="utf-8") as header, open(path, "w", encoding="utf-8") as file:
        file.writelines(marks(section.read(), mark_names(header.read())))
    return path


def read_report(lines):
    """{(lock, what): number} and {lock: [(length, address)], the longest first}"""
    numbers, stretches = {}, {"own": [], "all": []}
    for line in lines:
        lock, what, *rest = line.rstrip("\n").split("\t")
        if what == "stretch":
            stretches[lock].append((int(rest[0]), rest[1]))
        else:
            numbers[lock, what] = int(rest[0])
    return numbers, {lock: sorted(found, reverse=True) for lock, found in stretches.items()}


def boot(build, system, cores, path):
    folder = os.path.join(build, "bench")
    report = os.path.join(folder, f"locks-{system}.tsv")
    if os.path.exists(report):
        os.unlink(report)
    settings = qemu.settings_of(system)
    settings["cores"] = cores
    plugin = f"{os.path.abspath(folder)}/locks.so,marks={path},outfile={report}"
    result = qemu.run(qemu.command_for(system, build, settings, plugin), settings["timeout_s"])
    if result.status != settings["exit"]:
        print("\n".join(result.lines[-40:]))
        sys.exit(f"bench: the system {system} on {cores} cores ended with status {result.status}")
    with open(report, encoding="utf-8") as file:
        numbers, stretches = read_report(file)
    if min(numbers["own", "holds"], numbers["all", "holds"]) < HOLDS_MIN:
        sys.exit(f"bench: {system} on {cores} cores: locks were had less than {HOLDS_MIN} times")
    return numbers, stretches


def function(elf, address):
    """What the instruction is of, inlined in what."""
    said = subprocess.run(["addr2line", "-f", "-i", "-s", "-e", elf, address], capture_output=True, text=True, check=True).stdout.splitlines()
    names = list(dict.fromkeys(said[::2]))
    return " in ".join(names[:1] + names[1:][-1:])


def print_places(elf, lock, stretches):
    """The longest by function."""
    shown = {}
    for length, address, run in sorted(stretches, reverse=True)[:PLACES * 20]:
        shown.setdefault(function(elf, address), (length, run))
    for name, (length, run) in list(shown.items())[:PLACES]:
        print(f"    with {lock}: {length:6} in {run}, half way in {name}")


def counts(build):
    """As bench.py has them: {("all", kind): [n, min, median, max]}"""
    elf = os.path.join(build, "kernel", "pith-many.elf")
    path = marks_write(elf, os.path.join(build, "bench"))
    most, places = {}, {"own": [], "all": []}

    def note(kind, value):
        most[kind] = max(most.get(kind, 0), value)
    for system, cores in RUNS:
        numbers, stretches = boot(build, system, cores, path)
        for lock, found in stretches.items():
            note(f"lock_hold_{lock}", found[0][0] if found else 0)
            places[lock] += [(length, address, f"{system} on {cores}") for length, address in found]
            print(f"  {system} on {cores}, {lock}: " + ", ".join(f"{what} {numbers[lock, what]}" for what in (
                "holds", "waits", "asked", "turns", "passes", "spun")), flush=True)
        note("lock_turns_own", numbers["own", "turns"])
        note(f"lock_turns_{cores}", numbers["all", "turns"])
    for lock, found in places.items():
        print_places(elf, lock, found)
    return {("all", kind): [1] + [value] * 3 for kind, value in most.items()}
