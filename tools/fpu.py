#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Find instructions that need a floating-point unit (x87, MMX, SSE, AVX) in linked programs.

fpu.py check ELF...          fails if one of them has any: programs whose module.mk does not say `fpu`, and the kernel
fpu.py system SYSTEM.toml PROGRAMS-FOLDER
    The same for the programs that the system starts without `fpu = true`: the first would be their fault NO_FPU.

What only saves and loads the unit's state for others, as the kernel does, is not meant.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from system import source  # noqa: E402

REGISTERS = r"%(?:[xyz]?mm[0-9]|st\b|k[0-7]\b)"
# x87 begins with f, and nothing else but prefixes and what saves and loads.
NAMES = r"\t(?:f(?!s\b|xsave|xrstor|emms)[a-z]\w*|f?emms|v?(?:ld|st)mxcsr|vzero\w+)\b"
USES = re.compile(f"{REGISTERS}|{NAMES}")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
SHOWN = 5


def uses_in(text):
    """(function, instruction) for each in what objdump says."""
    function = ""
    for line in text.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif re.match(r"\s*[0-9a-f]+:\t", line) and USES.search(line):
            yield function, " ".join(line.split("\t", 1)[1].split())


def uses_of(path):
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
    return list(uses_in(done.stdout))


def complain(path, found, why):
    print(f"{path}: {len(found)} instructions need an FPU, and {why}", file=sys.stderr)
    for function, instruction in found[:SHOWN]:
        print(f"  {function}: {instruction}", file=sys.stderr)


def check(*paths):
    wrong = [(path, found) for path in paths if (found := uses_of(path))]
    for path, found in wrong:
        complain(path, found, "its module.mk does not say fpu := yes")
    return not wrong


def without_fpu(value):
    """Each program that a table, at any depth, starts without an FPU."""
    found = set()
    if isinstance(value, dict):
        if isinstance(value.get("program"), str) and value.get("fpu") is not True:
            found.add(value["program"])
        for item in value.values():
            found |= without_fpu(item)
    elif isinstance(value, list):
        for item in value:
            found |= without_fpu(item)
    return found


def system(path, folder):
    is_good = True
    for name in sorted(without_fpu(source.Source(path).data)):
        found = uses_of(os.path.join(folder, name))
        if found:
            complain(name, found, f"{path} starts it without fpu = true")
            is_good = False
    return is_good


if __name__ == "__main__":
    sys.exit(0 if {"check": check, "system": system}[sys.argv[1]](*sys.argv[2:]) else 1)
