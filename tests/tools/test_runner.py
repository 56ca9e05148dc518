#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/test.py and tools/qemu.py: what a suite printed is read right, and lines are expected in order."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import qemu  # noqa: E402
import test  # noqa: E402


def suite_of(lines):
    suite = test.Suite("example")
    for line in lines:
        suite.read(line)
    suite.judge()
    return suite


def left_of(patterns, lines):
    expected = qemu.Expected(patterns)
    for line in lines:
        expected.read(line)
    return expected.left


class Suite(unittest.TestCase):
    def test_each_test_that_failed_counts(self):
        suite = suite_of(["FAIL every_a: x (why): wanted: 1 got: 2", "FAIL every_a: y: again",
                          "FAIL every_b: z", "ok every_c", "1 passed, 2 failed"])
        self.assertEqual(sorted(suite.failed), ["every_a", "every_b"])
        self.assertEqual(suite.passed, {"every_c"})

    def test_one_that_failed_has_not_passed(self):
        suite = suite_of(["FAIL a: x", "ok a", "0 passed, 1 failed"])
        self.assertEqual((suite.passed, sorted(suite.failed)), (set(), ["a"]))

    def test_silence_is_a_failure(self):
        self.assertEqual(sorted(suite_of(["ok a"]).failed), ["example"])
        self.assertEqual(sorted(suite_of(["0 passed, 0 failed"]).failed), ["example"])


class Expected(unittest.TestCase):
    def test_lines_in_order_fulfil_it(self):
        self.assertEqual(left_of(["a", "c"], ["a", "b", "c"]), [])

    def test_lines_in_another_order_do_not(self):
        self.assertEqual(left_of(["a", "c"], ["c", "a"]), ["c"])

    def test_then_is_the_very_next_line(self):
        self.assertEqual(left_of(["a", "then: b"], ["a", "b"]), [])
        self.assertEqual(left_of(["a", "then: b"], ["a", "x", "b"]), ["then: b"])


class Machine(unittest.TestCase):
    def test_a_reset_ends_tests_but_no_conversation(self):
        command = {how: qemu.command_for("default", "build", dict(qemu.DEFAULTS), interactive=how) for how in (False, True)}
        self.assertIn("-no-reboot", command[False])
        self.assertNotIn("-no-reboot", command[True])

    def test_several_cores_have_the_kernel_for_several(self):
        for cores, kernel in ((1, "pith.elf"), (2, "pith-many.elf")):
            command = qemu.command_for("default", "build", {**qemu.DEFAULTS, "cores": cores})
            self.assertTrue(command[command.index("-kernel") + 1].endswith("/" + kernel))
            self.assertEqual("-icount" in command, cores == 1)


if __name__ == "__main__":
    unittest.main()
