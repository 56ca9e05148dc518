#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Find indirect branches in the kernel: a program could train what is predicted for them (docs/kernel/hardening.md).

branches.py ELF...     fails if one has any outside BOOT, which runs before the first program does. Returns are not meant.
"""
import re
import subprocess
import sys

BOOT = ("boot_long", "others_64", "sample_take", "measure", "clock_init", "arch_start")
INDIRECT = re.compile(r"\t(?:bnd |notrack )*l?(?:jmp|call)[lqw]? +\*")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def branches_in(text):
    """(function, instruction) for each in what objdump says."""
    function = ""
    for line in text.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif INDIRECT.search(line):
            yield function, " ".join(line.split("\t", 1)[1].split())


def branches_of(path):
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
    return list(branches_in(done.stdout))


def main(*paths):
    wrong = [(path, *branch) for path in paths for branch in branches_of(path) if branch[0].split(".")[0] not in BOOT]
    for path, function, instruction in wrong:
        print(f"{path}: {function} has an indirect branch, {instruction}: arch_call() makes one that is not predicted", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
