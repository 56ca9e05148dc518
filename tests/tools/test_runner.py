#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/test.py and tools/qemu.py: what a suite printed is read right, and lines are expected in order."""
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
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


# What a scenario does: it starts something that lasts longer than itself, and says its number.
LASTING = ("import subprocess, sys, time; p = subprocess.Popen(['sleep', '300']); "
           "print(p.pid, flush=True); time.sleep(float(sys.argv[1])); sys.exit(int(sys.argv[2]))")


def lasting(seconds, status=0):
    return shlex.join([sys.executable, "-c", LASTING, str(seconds), str(status)])


def is_there(pid):
    """A process that is not a zombie: nobody may be there to wait for one without a parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_gone_soon(pid):
    for _ in range(200):
        if not is_there(pid):
            return True
        time.sleep(0.05)
    return False


class Left(unittest.TestCase):
    """Nothing stays of a program: an emulator that does takes the machine's time from all tests behind it."""

    def run_one(self, run, command, timeout_s):
        before, test.HOST_TIMEOUT_S = test.HOST_TIMEOUT_S, timeout_s
        try:
            suite = run(command)
        finally:
            test.HOST_TIMEOUT_S = before
        self.assertTrue(is_gone_soon(int(suite.lines[0])))
        return list(suite.failed.values())[0] if suite.failed else ""

    def test_when_its_time_is_up(self):
        for run in (test.run_program, test.run_host):
            self.assertIn("did not end in 2 s", self.run_one(run, lasting(100), 2))

    def test_when_it_ends(self):
        self.assertEqual("", self.run_one(test.run_program, lasting(0), 100))
        self.assertIn("status 3", self.run_one(test.run_program, lasting(0, 3), 100))

    def test_when_the_runner_is_told_to_end(self):
        with tempfile.TemporaryDirectory() as folder:
            program = f"{folder}/program"
            with open(program, "w", encoding="ascii") as file:
                file.write(LASTING.replace("print(p.pid, flush=True)", f"open('{folder}/pid', 'w').write(f'{{p.pid}}\\n')"))
            for number in (signal.SIGTERM, signal.SIGINT):
                runner = subprocess.Popen([sys.executable, test.__file__, "--run", shlex.join([sys.executable, program, "100", "0"])],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                pid = ""
                while not pid.endswith("\n"):
                    time.sleep(0.05)
                    self.assertIsNone(runner.poll())
                    if os.path.exists(f"{folder}/pid"):
                        with open(f"{folder}/pid", encoding="ascii") as file:
                            pid = file.read()
                runner.send_signal(number)
                self.assertNotEqual(runner.wait(60), 0)
                self.assertTrue(is_gone_soon(int(pid)))
                os.remove(f"{folder}/pid")


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
