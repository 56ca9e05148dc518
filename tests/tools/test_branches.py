#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/branches.py finds each kind of indirect branch, where it may not be."""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools")
sys.path.insert(0, TOOLS)

import branches  # noqa: E402

INDIRECT = ["jmp *%rax", "call *%r11", "jmp *table(,%rax,8)", "call *8(%rsp)", "notrack jmp *%rdx", "jmp *table(%rip)", "call *(%rbx)",
            "ljmp *(%rax)"]
OTHERS = ["jmp _start", "call _start", "ret", "jne _start", "syscall", "nop"]


class Branches(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def make(self, function, lines):
        """A program that links, with these instructions in that function."""
        source, path = (os.path.join(self.folder.name, name) for name in ("a.S", "a"))
        with open(source, "w", encoding="ascii") as file:
            file.write("\n".join([".text", ".globl _start", "_start: nop", f"{function}:", *lines, "table: .quad 0", ""]))
        subprocess.run(["gcc", "-nostdlib", "-static", "-o", path, source], check=True)
        return path

    def test_these_are_found_and_those_are_not(self):
        found = branches.branches_of(self.make("planted", INDIRECT + OTHERS))
        self.assertEqual(len(found), len(INDIRECT))
        self.assertEqual({function for function, _ in found}, {"planted"})

    def test_where_it_stands_decides(self):
        for function, status in (("planted", 1), ("arch_start", 0), ("arch_start_other", 1), ("clock_init.isra.0", 0)):
            done = subprocess.run([sys.executable, "-B", os.path.join(TOOLS, "branches.py"), self.make(function, INDIRECT[:1])],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, status, function)
            self.assertEqual(f"{function} has an indirect branch, jmp *%rax" in done.stderr, bool(status))

    def test_a_table_of_jumps_that_a_compiler_makes_is_found(self):
        cases = "".join(f"case {i}: a = {i * i * 7 % 31}; __asm__(\"\" : \"+r\"(a)); break;" for i in range(12))
        source, path = (os.path.join(self.folder.name, name) for name in ("a.c", "c"))
        with open(source, "w", encoding="ascii") as file:
            file.write(f"int chosen(int a) {{ switch (a) {{ {cases} }} return a; }} void _start(void) {{ }}\n")
        for more, wanted in ([], True), (["-fno-jump-tables"], False):
            subprocess.run(["gcc", "-O2", "-fno-pic", "-no-pie", "-nostdlib", "-static", *more, "-o", path, source], check=True)
            self.assertEqual("chosen" in {function for function, _ in branches.branches_of(path)}, wanted)


if __name__ == "__main__":
    unittest.main()
