#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/bench.py: rows count for the kernel that `make run` boots, and for no other."""
import contextlib
import io
import os
import shlex
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import bench  # noqa: E402


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


class Kernel(unittest.TestCase):
    def judge(self, booted):
        """What is said of a build whose run boots that file."""
        with tempfile.TemporaryDirectory() as build:
            write(os.path.join(build, "kernel", "pith.elf"), "one core")
            write(os.path.join(build, "kernel", "pith-many.elf"), "several")
            write(os.path.join(build, "copy.elf"), "one core")
            run = shlex.join([sys.executable, "-c", "import sys; print('qemu -kernel', sys.argv[1], sys.argv[2:])",
                              os.path.join(build, booted)])
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                return bench.judge_kernel(build, run), out.getvalue()

    def test_the_file_that_run_boots(self):
        self.assertEqual(self.judge("kernel/pith.elf")[0], (1, 0))

    def test_what_is_in_it_counts(self):
        self.assertEqual(self.judge("copy.elf")[0], (1, 0))

    def test_another_file_fails(self):
        judged, said = self.judge("kernel/pith-many.elf")
        self.assertEqual(judged, (0, 1))
        self.assertIn("pith-many.elf", said)

    def test_run_py_says_what_it_would_run(self):
        with tempfile.TemporaryDirectory() as build:
            write(os.path.join(build, "kernel", "pith.elf"), "one core")
            write(os.path.join(build, "kernel", "pith-many.elf"), "several")
            run = shlex.join([sys.executable, "-B", "tools/run.py", "default", "--build", build, "--interactive", "--smp"])
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(bench.judge_kernel(build, run + " 1"), (1, 0))
                self.assertEqual(bench.judge_kernel(build, run + " 2"), (0, 1))


if __name__ == "__main__":
    unittest.main()
