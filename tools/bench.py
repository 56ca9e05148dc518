#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot the systems of bench/rows.tsv under the counting plugin and judge the counts.

bench/rows.tsv names the rows: system, id, name, kind, limit. The id is the one in the guest's marks; the
kind says what counts: `loop` (all instructions between the marks), `kernel`, `onewayN` (the N-th
entry's way from its first kernel instruction to the first user instruction; `oneway` is oneway0); with `/N`, an
N-th of it. `boot`: from the kernel's first instruction to the first of a user; it has no id. `irq_off`: the longest stretch of
kernel code in which no interrupt can be taken, of the whole run; it has no id. For the system `boot_tests` that is the longest of
all boot tests of one core that do not end in a panic, each of which is shown with its place. For the system `lock_tests`, of runs on several
cores (tools/bench_locks.py), without an id: `lock_hold_own`, `lock_hold_all`, the longest stretch with the own lock, with all; `lock_turns_own`, `lock_turns_N`, how
often others had the lock of all while somebody asked for his own, or (N cores) for that. `value`: what the system printed as `value NAME NUMBER UNIT`; it has no id.
A limit `-` is none. Medians go to build/bench.tsv: name, value, unit. The last line printed is
`N passed, N failed`, one for each row, and one for the kernel's file: it must be the one that `make run` boots.
"""
import argparse
import hashlib
import os
import re
import shlex
import subprocess
import sys

import bench_locks
import project
import qemu

ROWS = "bench/rows.tsv"
BOOT_TESTS = "boot_tests"
LOCK_TESTS = "lock_tests"
# What else is told about each row: what instruction counts do not show.
COUNTS = ("entries", "cr3_writes", "invlpg", "atomics", "serialising")


def read_rows():
    """{system: [(id, name, kind, limit)]}"""
    rows = {}
    with open(ROWS) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                system, number, name, kind, limit = line.split()
                kind = "oneway0" if kind == "oneway" else kind
                rows.setdefault(system, []).append((number, name, kind, None if limit == "-" else int(limit)))
    return rows


def read_counts(path):
    """(row, what) -> (n, min, median, max)"""
    counts = {}
    with open(path) as file:
        for line in file:
            row, what, *numbers = line.split("\t")
            numbers = [int(number) for number in numbers]
            counts[row, what] = numbers if len(numbers) == 4 else [1] + numbers * 3
    return counts


def boot_address(build, kernel):
    """Where PVH enters the kernel: a physical address."""
    symbols = subprocess.run(["nm", os.path.join(build, "kernel", kernel)], capture_output=True, text=True, check=True)
    address = re.search(r"^([0-9a-f]+) \w boot_pvh$", symbols.stdout, re.M)
    return int(address[1], 16) & 0x7fffffff  # as KERNEL_OFFSET has it


def kernel_of(command):
    return command[command.index("-kernel") + 1]


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def judge_kernel(build, run):
    """Are the rows those of the kernel that `make run CORES=1` boots? run is what that executes."""
    measured = os.path.join(build, "kernel", "pith.elf")
    said = subprocess.run(shlex.split(run) + ["--print"], capture_output=True, text=True, check=True)
    booted = kernel_of(shlex.split(said.stdout))
    if hash_of(booted) == hash_of(measured):
        print(f"kernel_file: {measured}, sha256 {hash_of(measured)}, is what `make run CORES=1` boots")
        return 1, 0
    print(f"kernel_file  FAIL: `make run CORES=1` boots {booted}, sha256 {hash_of(booted)}")
    return 0, 1


def boot(args, system, many=False, append=""):
    """Run a system to its end, on one core, with its kernel or that for many cores; gives the counts."""
    path = os.path.join(args.build, "bench", f"counts-{system}.tsv")
    if os.path.exists(path):
        os.unlink(path)
    settings = qemu.settings_of(system)
    settings["icount"] = True
    settings["cores"] = 1
    settings["many"] = many
    settings["append"] += " " + append
    address = boot_address(args.build, "pith-many.elf" if many else "pith.elf")
    plugin = f"{os.path.abspath(args.plugin)},outfile={path},boot={address:#x}"
    command = qemu.command_for(system, args.build, settings, plugin)
    kernel = kernel_of(command)
    print(f"{system}: {kernel}, sha256 {hash_of(kernel)}", flush=True)
    result = qemu.run(command, settings["timeout_s"])
    if result.status != settings["exit"]:
        print("\n".join(result.lines[-40:]))
        sys.exit(f"bench: the system {system} " + ("did not end in time" if result.status is None else
                                                  f"ended with status {result.status}"))
    counts = read_counts(path)
    for line in result.lines:
        said = re.match(r"value (\w+) (\d+) (\w+)", line)
        if said:
            counts[said[1], "value"] = [1] + [int(said[2])] * 3
    return counts


# The kernel for many cores, on one core, takes at most so much more (docs/bench.md).
MANY = ("bench", 1.15)


def many_rows(rows, counts):
    """The rows that have a limit, under other names and with limits by what the kernel for one core takes."""
    for number, name, kind, limit in rows:
        what = kind.partition("/")[0]
        if limit and (number, what) in counts:
            yield number, name + "_many", kind, int(counts[number, what][2] * MANY[1])


# Defences against speculation that can be executed anywhere, one by one: shown.
DEFENCES = ("pti", "verw", "rsb", "bhb")


def defended_rows(rows, counts, defence):
    """The rows that have a limit, under other names and without it."""
    for number, name, kind, limit in rows:
        if limit and (number, kind.partition("/")[0]) in counts:
            yield number, f"{name}_{defence}", kind, None


def boot_tests():
    """Those whose clock is exact, and that do not make the kernel panic."""
    for name in sorted(os.listdir("tests/boot")):
        system, dot, kind = name.partition(".")
        if kind == "toml":
            settings = qemu.settings_of(system)
            panics = any("PANIC" in pattern for pattern in settings["expect"])
            if settings["cores"] == 1 and settings["icount"] is True and not settings["firmware"] and not panics:
                yield system


def places(build, addresses):
    """Function and line of each address of the kernel; the innermost of inlined ones."""
    said = subprocess.run(["addr2line", "-f", "-s", "-e", os.path.join(build, "kernel", "pith.elf")] + [f"{a:#x}" for a in addresses],
                          capture_output=True, text=True, check=True).stdout.splitlines()
    return [f"{function} ({line.split()[0]})" for function, line in zip(said[::2], said[1::2])]


def boot_tests_off(args):
    """The longest stretch without interrupts of all boot tests, as counts; prints where each of them lies."""
    longest = 0
    for system in boot_tests():
        counts = boot(args, system)
        off, start, amid = (counts["all", what][2] for what in ("irq_off", "irq_off_from", "irq_off_amid"))
        print(f"  {system:26} {off:8}  " + " to ".join(places(args.build, [start] + ([amid] if amid else []))), flush=True)
        longest = max(longest, off)
    return {("all", "irq_off"): [1] + [longest] * 3}


def counts_of(args, system):
    if system == BOOT_TESTS:
        return boot_tests_off(args)
    return bench_locks.counts(args.build) if system == LOCK_TESTS else boot(args, system)


def unit_of(name, kind):
    if kind == "value":
        return name.rpartition("_")[2]
    return "turns" if kind.startswith("lock_turns") else "instructions"


def judge(rows, counts, out):
    passed = failed = 0
    for number, name, kind, limit in rows:
        what, _, pieces = kind.partition("/")
        if number == "-":
            number = name if kind == "value" else "all"
        if (number, what) not in counts:
            print(f"{name:28} FAIL: the system never ended row {number}, or it has no {kind}")
            failed += 1
            continue
        n, *numbers = counts[number, what]
        low, median, high = (value // int(pieces or 1) for value in numbers)
        verdict = ""
        if limit is not None and median > limit:
            verdict = f"  FAIL: {median - limit} above its limit"
            failed += 1
        else:
            passed += 1
        print(f"{name:28} {median:8} {low:8} {high:8} {n:6} {limit if limit else '-':>8}{verdict}")
        out.write(f"{name}\t{median}\t{unit_of(name, kind)}\n")
        for other in COUNTS:
            if (number, other) in counts:
                out.write(f"{name}.{other}\t{counts[number, other][2]}\tcount\n")
    return passed, failed


# The kernel for one core: its code, and the lines it is written in.
SIZES = {"kernel_text_bytes": 98304, "kernel_lines": 12000}


def is_of_kernel(name):
    """Is the file a source of the kernel for one core?"""
    return (name.startswith("kernel/") and name.endswith((".c", ".h", ".S", ".inc", ".ld")) and "/test/" not in name
            and not name.startswith(("kernel/arch/host/", "kernel/arch/x86_64/many/"))
            and os.path.basename(name) not in ("alone.c", "alone.h", "away.c", "away.h", "homes.h", "inbox.c", "inbox.h", "inbox_entry.h",
                                                   "move.c", "settle.c", "settle.h", "turn.c", "turn.h")
            and name != "kernel/ipc/fast.c")


def code_lines(text):
    """Without comments and blanks."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip())


def judge_sizes(build, out):
    said = subprocess.run(["size", "-A", os.path.join(build, "kernel", "pith.elf")], capture_output=True, text=True, check=True)
    found = {"kernel_text_bytes": int(re.search(r"^\.text +(\d+)", said.stdout, re.M)[1]),
             "kernel_lines": sum(code_lines(project.text(name)) for name in project.files() if is_of_kernel(name))}
    failed = 0
    for name, value in found.items():
        over = value - SIZES[name]
        failed += over > 0
        print(f"{name:28} {value:8} {value:8} {value:8} {1:6} {SIZES[name]:>8}" + (f"  FAIL: {over} above its limit" if over > 0 else ""))
        out.write(f"{name}\t{value}\t{name.rpartition('_')[2]}\n")
    return len(found) - failed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--run", required=True, help="the command of `make run CORES=1`")
    parser.add_argument("--only", metavar="SYSTEM")
    args = parser.parse_args()
    passed, failed = judge_kernel(args.build, args.run)
    print(f"{'row':28} {'median':>8} {'min':>8} {'max':>8} {'n':>6} {'limit':>8}")
    with open(os.path.join(args.build, "bench.tsv"), "w") as out:
        for system, rows in read_rows().items():
            if args.only in (None, system):
                counts = counts_of(args, system)
                results = [judge(rows, counts, out)]
                if system == MANY[0]:
                    results.append(judge(many_rows(rows, counts), boot(args, system, many=True), out))
                    for defence in DEFENCES:
                        results.append(judge(defended_rows(rows, counts, defence),
                                             boot(args, system, append="mitigations=" + defence), out))
                passed += sum(good for good, _ in results)
                failed += sum(bad for _, bad in results)
        if args.only in (None, "sizes"):
            good, bad = judge_sizes(args.build, out)
            passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
