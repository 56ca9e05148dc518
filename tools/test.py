#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Run tests and sum them up; the last line is `N passed, N failed`.

--host EXE       a host test (tests/host/include/host_test/test.h), or a script that prints as they do
--run "EXE ARG"  a program that passes if it ends with status 0, such as a Python unittest
--boot SYSTEM    a system that runs its tests in QEMU and prints to the serial port
The first and the last print like this: `ok NAME`, `FAIL NAME: case: wanted: got:`. A test that ends
early, hangs, panics or ran nothing is a failure. Lines `errors listed N, provoked N` are added up;
lines that start with `note: ` are shown.
"""
import argparse
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

import qemu

HOST_TIMEOUT_S = 600
SIGNAL_S = 1  # one that comes just before a wait is heard after it
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")
ERRORS = re.compile(r"^errors listed (\d+), provoked (\d+)$")
UNITTEST = re.compile(r"^Ran (\d+) tests? in ")
OK = re.compile(r"^ok (\S+)$")
FAIL = re.compile(r"^FAIL ([^\s:]+)")


class Suite:
    """What one executable or one booted system reported."""

    def __init__(self, name):
        self.name = name
        self.passed = set()
        self.failed = {}
        self.summary = None
        self.errors = (0, 0)
        self.notes = []
        self.lines = []

    def read(self, line):
        self.lines.append(line)
        if match := OK.match(line):
            self.passed.add(match[1])
        elif match := FAIL.match(line):
            self.failed.setdefault(match[1], line)
        elif match := SUMMARY.match(line):
            self.summary = (int(match[1]), int(match[2]))
        elif match := ERRORS.match(line):
            self.errors = (int(match[1]), int(match[2]))
        elif line.startswith("note: "):
            self.notes.append(line)

    def fail(self, why):
        self.failed.setdefault(self.name, f"FAIL {self.name}: {why}")

    def judge(self):
        """What the lines themselves do not say."""
        self.passed -= set(self.failed)
        if self.summary is None:
            self.fail("ended without its line `N passed, N failed`")
        elif not self.failed and self.summary != (len(self.passed), 0):
            self.fail(f"says {self.summary[0]} passed, {self.summary[1]} failed; "
                      f"{len(self.passed)} lines say ok")
        elif not self.passed and not self.failed:
            self.fail("ran no test")


class Programs:
    """Those that run. Each has a process group of its own, of which nothing is left when it ends or its time is up: a
    scenario that is killed cannot end its emulator itself."""

    def __init__(self):
        self.lock = threading.RLock()  # a signal may come while its handler runs
        self.running = set()
        self.is_over = False

    def begin(self, words, errors):
        with self.lock:
            if self.is_over:
                raise InterruptedError("the runner was told to end")
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                       text=True, errors="replace", start_new_session=True)
            self.running.add(process)
        return process

    def kill(self, process):
        """While it is in the set it is not waited for, so no other group has its number."""
        with self.lock:
            if process in self.running:
                os.killpg(process.pid, signal.SIGKILL)

    def end(self):
        with self.lock:
            self.is_over = True
            for process in self.running:
                os.killpg(process.pid, signal.SIGKILL)

    def run(self, words, errors, on_line):
        """Gives its status, None if its time was up; on_line gets what it prints."""
        process = self.begin(words, errors)
        expired = threading.Event()

        def expire():
            expired.set()
            self.kill(process)

        def end_with_it():
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self.kill(process)  # what it left would keep the pipe open

        timer = threading.Timer(HOST_TIMEOUT_S, expire)
        follower = threading.Thread(target=end_with_it)
        timer.start()
        follower.start()
        for line in process.stdout:
            on_line(line.rstrip("\n"))
        follower.join()
        timer.cancel()
        with self.lock:
            self.running.remove(process)
        process.stdout.close()
        status = process.wait()
        return None if expired.is_set() else status


programs = Programs()


def run_host(exe):
    words = shlex.split(exe)
    suite = Suite(words[0].split("/", 1)[1])
    status = programs.run(words, subprocess.STDOUT, suite.read)
    if status is None:
        suite.fail(f"did not end in {HOST_TIMEOUT_S} s")
    elif status != 0 and not suite.failed:
        suite.fail(f"ended with status {status}")
    suite.judge()
    return suite


def run_program(command):
    words = [word for word in shlex.split(command) if word not in (sys.executable, "-B")]
    suite = Suite("_".join(words))
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        status = programs.run(shlex.split(command), errors, suite.lines.append)
        errors.seek(0)
        suite.lines += errors.read().splitlines()
    suite.notes = [line for line in suite.lines if line.startswith("note: ")]
    if status == 0:
        count = [match for line in suite.lines if (match := UNITTEST.match(line))]
        suite.passed.update(range(int(count[-1][1])) if count else [suite.name])
    elif status is None:
        suite.fail(f"did not end in {HOST_TIMEOUT_S} s")
    else:
        suite.fail(f"ended with status {status}")
    return suite


def boots_of(system):
    """(name, cores): as its file says, and with each other number of cores that it names."""
    yield system, None
    for cores in qemu.settings_of(system)["also_cores"]:
        yield f"{system} on {cores} cores", cores


def run_boot(system, cores, build):
    settings = qemu.settings_of(system)
    suite = Suite(system)
    if cores:
        suite.name = f"{system} on {cores} cores"
        settings["cores"] = cores
    expected = qemu.Expected(settings["expect"])

    def read(line):
        suite.read(line)
        expected.read(line)
        return settings["reboots"] and not expected.left

    result = qemu.run(qemu.command_for(system, build, settings), settings["timeout_s"], read)
    if result.status is None:
        suite.fail(f"did not end in {settings['timeout_s']} s")
    elif not settings["reboots"] and result.status != settings["exit"] and not suite.failed:
        suite.fail(f"QEMU ended with status {result.status}, not {settings['exit']}: a panic or a "
                   "reset?")
    suite.judge()
    if expected.left:
        suite.fail(f"no line matched, in its place, {expected.left[0]!r}")
    elif settings["expect"]:
        suite.passed.add(f"{system}_prints_what_is_expected")
    return suite


def show(suite, seconds, verbose):
    print(f"{'ok  ' if not suite.failed else 'FAIL'} {suite.name}: {len(suite.passed)} passed, "
          f"{len(suite.failed)} failed ({seconds:.1f} s)")
    if verbose:
        print("\n".join("    " + line for line in suite.lines))
    else:
        for note in suite.notes:
            print("    " + note)
    if suite.failed and not verbose:
        # Without the FAIL lines' neighbours a crash cannot be understood.
        tail = suite.lines[-40:] if suite.name in suite.failed else []
        for line in tail:
            print("    | " + line)
        for line in suite.failed.values():
            print("    " + line)
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--verbose", action="store_true", help="show all that tests print")
    parser.add_argument("--only", default="", help="those whose name holds this word")
    parser.add_argument("--host", action="append", default=[])
    parser.add_argument("--run", action="append", default=[])
    parser.add_argument("--boot", action="append", default=[])
    return parser.parse_args()


def timed(job):
    start = time.monotonic()
    return job(), time.monotonic() - start


def told_to_end(number, frame):
    """Signals reach only this program's own group."""
    del frame
    programs.end()
    for process in list(qemu.running):
        process.kill()
    os._exit(128 + number)


def main():
    args = arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told_to_end)
    jobs = [(name, lambda name=name: run_host(name)) for name in args.host]
    jobs += [(name, lambda name=name: run_program(name)) for name in args.run]
    jobs += [(name, lambda system=system, cores=cores: run_boot(system, cores, args.build))
             for system in args.boot for name, cores in boots_of(system)]
    jobs = [(name, job) for name, job in jobs if args.only in name]
    suites = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        futures = [pool.submit(timed, job) for _, job in jobs]
        for future in futures:
            while not future.done():
                concurrent.futures.wait([future], timeout=SIGNAL_S)
            suite, seconds = future.result()
            show(suite, seconds, args.verbose)
            suites.append(suite)
    passed = sum(len(suite.passed) for suite in suites)
    failed = sum(len(suite.failed) for suite in suites)
    listed = sum(suite.errors[0] for suite in suites)
    if listed:
        print(f"errors listed {listed}, provoked {sum(suite.errors[1] for suite in suites)}")
    if not suites:
        print("No tests ran." + (" ONLY matches none." if args.only else ""))
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


if __name__ == "__main__":
    main()
