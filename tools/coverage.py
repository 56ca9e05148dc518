#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run the host tests of the coverage build and print the kernel's branch coverage by file.

Counted are all sources and headers of the kernel and what is generated for it; a branch of a header
counts once, taken if any source that includes it takes it. Left out: kernel/arch and kernel/plat, and
the failing side of assert(), which is not meant to run: an assert() counts as one branch, taken if it
was reached. --missing lists the lines with a branch that was not taken. Fails below --minimum.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

ASSERT = re.compile(r"^\s*assert\(")
KERNEL = re.compile(r"kernel/|[^/]+/gen/")


def data_files(build):
    for folder in ("cov/kernel", "cov/gen"):
        for where, _, names in os.walk(os.path.join(build, folder)):
            if "/arch" in where or "/plat" in where:
                continue
            for name in sorted(names):
                if name.endswith(".gcno") and "/test" not in where:
                    yield os.path.join(where, name[:-5])


def clear(build):
    for where, _, names in os.walk(os.path.join(build, "cov")):
        for name in names:
            if name.endswith(".gcda"):
                os.unlink(os.path.join(where, name))


def run_all(args):
    """Several at once: each locks the files of counts while it adds its own."""
    commands = [[exe] for exe in args.host] + [shlex.split(run) for run in args.run]

    def run(command):
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for command, status in zip(commands, pool.map(run, commands)):
            if status != 0:
                sys.exit(f"{' '.join(command)} failed: run `make test` first")


def gcov(stem):
    return json.loads(subprocess.run(["gcov", "-b", "--json-format", "--stdout", stem + ".o"],
                                     check=True, capture_output=True).stdout)


def measure(found, lines):
    """Adds up how often each branch of each line was taken: in every source that holds the line."""
    for file in found["files"]:
        name = os.path.normpath(file["file"])
        if name.startswith("/") or "/arch/" in name or not KERNEL.match(name):
            continue
        for line in file["lines"]:
            if line["branches"]:
                counts = [branch["count"] for branch in line["branches"]]
                key = (name, line["line_number"], line.get("function_name"), len(counts))
                lines[key] = [a + b for a, b in zip(lines.get(key, [0] * len(counts)), counts)]


def sum_up(lines):
    """By file: branches taken, all branches, numbers of lines with one that was not taken."""
    totals = {}
    texts = {}
    for (name, number, *_), counts in sorted(lines.items(), key=lambda item: item[0][:2]):
        if name not in texts:
            with open(name) as source:
                texts[name] = source.read().splitlines()
        if ASSERT.match(texts[name][number - 1]):
            counts = [max(counts)]
        entry = totals.setdefault(name, {"taken": 0, "all": 0, "missing": []})
        taken = sum(count > 0 for count in counts)
        entry["taken"] += taken
        entry["all"] += len(counts)
        if taken < len(counts):
            entry["missing"].append(number)
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--host", action="append", default=[])
    parser.add_argument("--run", action="append", default=[])
    parser.add_argument("--minimum", type=float, default=0)
    parser.add_argument("--missing", action="store_true")
    args = parser.parse_args()
    clear(args.build)
    run_all(args)
    lines = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(gcov, data_files(args.build)):
            measure(found, lines)
    totals = sum_up(lines)
    for name, entry in sorted(totals.items()):
        if entry["all"]:
            print(f"{100 * entry['taken'] / entry['all']:6.1f} %  {entry['taken']:5d} of "
                  f"{entry['all']:5d}  {name}")
            if args.missing and entry["missing"]:
                print("          lines " + " ".join(map(str, entry["missing"])))
    taken = sum(entry["taken"] for entry in totals.values())
    total = sum(entry["all"] for entry in totals.values())
    share = 100 * taken / total if total else 0.0
    print(f"branch coverage {share:.1f} %: {taken} of {total}")
    if share < args.minimum:
        sys.exit(f"coverage is below {args.minimum} %; `make coverage MISSING=1` lists lines")


if __name__ == "__main__":
    main()
