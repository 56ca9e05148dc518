#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the table of function names that a panic prints its back trace from.

symbols.py KERNEL.elf OUT.S      The table, as data in section .rodata.symbols; `-`: an empty one.

    struct symbol_table {          name: kernel_symbol_table
        uint64_t base;             offsets count from here
        uint32_t count;
        uint32_t reserved;
        struct { uint32_t offset, name; } entries[count];   in order of offset
        char names[];              name: byte offset into names; each ends with 0
    };

The table goes behind all code, so that linking it in moves no function.
"""
import subprocess
import sys


def functions(elf):
    if elf == "-":
        return []
    out = subprocess.run(["nm", "-n", "--defined-only", elf], check=True, capture_output=True,
                         text=True).stdout
    found = []
    for line in out.splitlines():
        address, kind, name = line.split()
        address = int(address, 16)
        if kind in "tT" and address >= 1 << 63 and not name.startswith("."):
            found.append((address, name))
    return sorted(found)


def main(elf, out):
    found = functions(elf)
    base = found[0][0] if found else 0
    lines = ['/* SPDX-License-Identifier: MIT; made by tools/symbols.py */',
             '.section .rodata.symbols, "a"', '.balign 8', '.globl kernel_symbol_table',
             'kernel_symbol_table:', f'.quad {base:#x}', f'.long {len(found)}, 0']
    names = 0
    for address, name in found:
        lines.append(f'.long {address - base:#x}, {names}')
        names += len(name) + 1
    lines += [f'.asciz "{name}"' for _, name in found]
    lines.append('.section .note.GNU-stack, "", @progbits')
    with open(out, "w") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
