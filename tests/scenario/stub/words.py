# SPDX-License-Identifier: MIT
"""The last words of a kernel, held against what they must be."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tools"))

import qemu  # noqa: E402

TRAP_FLAGS = 0x10000  # RF: the stub's "g" and the frame differ in it (SDM volume 3, 17.3.1.1)


def printed_registers(lines):
    return {name: int(value, 16) for line in lines if line.startswith("  ")
            for name, value in re.findall(r"\b(r[a-z0-9]{1,2}|flg) +([0-9a-f]{16})\b", line)}


def differences(wanted, lines, patterns, vector):
    """What is wrong with the last words; None: nothing."""
    printed = printed_registers(lines)
    for name, value in wanted.items():
        got = printed.get(name)
        ignored = TRAP_FLAGS if name == "flg" else 0
        if got is None or (got ^ value) & ~ignored:
            return f"{name}: wanted: {value:x}; got: {'nothing' if got is None else f'{got:x}'}"
    expected = qemu.Expected(patterns)
    for line in lines:
        expected.read(line)
    if expected.left:
        return f"wanted: {expected.left[0]}; got: {lines[-20:]}"
    vectors = [int(v) for line in lines for v in re.findall(r"^  cr3 .* vector (\d+) ", line)]
    panics = sum(line.startswith("PANIC:") for line in lines)
    if panics != 1:
        return f"lines with PANIC: wanted: 1; got: {panics}"
    panics = sum("PANIC:" in line for line in lines)
    if panics != 1:
        return f"lines with PANIC: wanted: 1; got: {panics}"
    if vectors != ([] if vector is None else [vector]):
        return f"vector: wanted: {vector}; got: {vectors}"
    return None
