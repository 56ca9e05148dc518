#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/fpu.py finds each kind of instruction that needs an FPU, and no other."""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools")
sys.path.insert(0, TOOLS)

import fpu  # noqa: E402

NEED = """fninit; fld1; fwait; fldcw (%rsp); fstp %st(1); fisttpll (%rax); fxch %st(3); emms; movd %eax, %mm3; movss (%rsp), %xmm1
paddq %xmm8, %xmm9; cvtsi2sd %rax, %xmm0; ldmxcsr (%rax); vstmxcsr (%rax); vzeroupper; vmovdqu (%rax), %ymm15
vpaddq %zmm1, %zmm2, %zmm17; kmovw %eax, %k1; movntdq %xmm1, (%rax); maskmovq %mm1, %mm2; pshufw $1, (%rax), %mm0; fyl2x; fnstsw %ax"""
DO_NOT = """fxsave64 (%rax); fxrstor64 (%rax); xsave64 (%rax); xsaveopt64 (%rax); xrstor64 (%rax); xsetbv; xgetbv; verw (%rax); verr %ax
lfence; mfence; movnti %rax, (%rbx); prefetchnta (%rax); mulx %rax, %rbx, %rcx; crc32q %rax, %rbx; popcnt %rax, %rbx; pdep %rax, %rbx, %rcx
movq %fs:(%rax), %rcx; fs nop; movbe (%rax), %rcx; cmpxchg16b (%rax); rep movsq; bextr %rax, %rbx, %rcx; adcx %rax, %rbx; clts; vmcall"""


def listed(text):
    return [one.strip() for line in text.splitlines() for one in line.split(";")]


class Fpu(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def make(self, name, text):
        """A program that links, with this as its code."""
        with open(self.path("a.S"), "w", encoding="ascii") as file:
            file.write(f".text\n.globl _start\n_start: nop\nplanted:\n{text}\n")
        subprocess.run(["gcc", "-nostdlib", "-static", "-o", self.path(name), self.path("a.S")], check=True)
        return self.path(name)

    def run_it(self, *args):
        return subprocess.run([sys.executable, "-B", os.path.join(TOOLS, "fpu.py"), *args], capture_output=True, text=True)

    def test_these_are_found_and_those_are_not(self):
        need, do_not = listed(NEED), listed(DO_NOT)
        text = [f"f{number}: {one}" for number, one in enumerate(need + do_not)]
        found = [function for function, _ in fpu.uses_of(self.make("all", "\n".join(text)))]
        self.assertEqual(found, [f"f{number}" for number in range(len(need))])

    def test_check_names_program_function_and_instruction(self):
        path = self.make("bad", "nop\nmovaps %xmm3, %xmm4\nnop")
        done = self.run_it("check", self.make("good", "nop"), path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}: 1 instructions need an FPU", done.stderr)
        self.assertIn("planted: movaps %xmm3,%xmm4", done.stderr)
        self.assertEqual(self.run_it("check", self.make("good", "nop")).returncode, 0)

    def test_what_a_compiler_makes_of_a_float_is_found(self):
        with open(self.path("a.c"), "w", encoding="ascii") as file:
            file.write("double half(double a) { return a / 2; } void _start(void) { }\n")
        subprocess.run(["gcc", "-O2", "-nostdlib", "-static", "-o", self.path("c"), self.path("a.c")], check=True)
        self.assertIn("half", {function for function, _ in fpu.uses_of(self.path("c"))})

    def test_a_system_that_starts_such_a_program_without_fpu_is_refused(self):
        self.make("floats", "addss %xmm1, %xmm2")
        self.make("plain", "nop")
        for settings, status in (("", 1), ("fpu = false\n", 1), ("fpu = true\n", 0)):
            with open(self.path("s.toml"), "w", encoding="ascii") as file:
                file.write(f'root = "init"\n[program.a]\nprogram = "plain"\n[program.b]\nprogram = "floats"\n{settings}')
            done = self.run_it("system", self.path("s.toml"), self.folder.name)
            self.assertEqual(done.returncode, status, settings + done.stderr)


if __name__ == "__main__":
    unittest.main()
