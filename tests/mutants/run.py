#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeded bugs: builds the kernel with each, runs the random caller and the host tests, says who found it.

    tests/mutants/run.py                 all of them; the table goes to build/mutants.tsv
    tests/mutants/run.py word ...        those whose names hold one of the words

A mutant is a file NAME.mutant: lines `# what is wrong`, `file PATH`, then lines to be found exactly once
(-) and what stands there instead (+). Ends with status 0 if the unchanged kernel passes and every
mutant is found.
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ["Makefile", "abi", "kernel", "mk", "tests/core", "tests/cores", "tests/fuzz", "tests/host", "tools"]
# Host tests that look where the random caller does not, the quick ones first.
TESTS = ["tests/fuzz/trap_test.c", "tests/cores/calls_test.c", "tests/cores/methods_test.c", "tests/cores/places_test.c",
         "tests/cores/replies_test.c", "tests/cores/time_test.c", "kernel/sched/test/queue_test.c", "kernel/sched/test/heap_test.c",
         "kernel/sched/test/refills_test.c",
         "tests/core/budget_test.c", "tests/core/groups_test.c", "tests/core/meet_test.c", "tests/core/memory_test.c",
         "tests/core/objects_test.c", "tests/core/timers_test.c", "tests/core/preempt_test.c", "tests/core/delete_test.c"]
SEEDS = [1, 2, 3]
WAITING = 40  # a run may take so many times its processor time
# What a make above says is not for the ones that build the mutants.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


class Mutant:
    def __init__(self, path):
        self.name = path.stem
        self.why, self.file = "", ""
        old, new = [], []
        for line in path.read_text().splitlines():
            if line.startswith("# "):
                self.why = line[2:]
            elif line.startswith("file "):
                self.file = line[5:]
            elif line.startswith("-"):
                old.append(line[1:])
            elif line.startswith("+"):
                new.append(line[1:])
        self.old = "".join(line + "\n" for line in old)
        self.new = "".join(line + "\n" for line in new)

    def apply(self, tree):
        """Changes the tree's copy; returns the text that was there."""
        path = tree / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} holds its lines {text.count(self.old)} times")
        path.write_text(text.replace(self.old, self.new))
        return text


def newest_wins(source, target):
    """Like copy2, but leaves alone what is the same, so that only what changed is compiled."""
    target = pathlib.Path(target)
    if not target.exists() or target.read_bytes() != pathlib.Path(source).read_bytes():
        shutil.copyfile(source, target)
        shutil.copymode(source, target)


def tree_make(place):
    for name in COPIED:
        source, target = ROOT / name, place / "tree" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            if target.exists():
                for old in target.rglob("*"):
                    if old.is_file() and not (source / old.relative_to(target)).exists():
                        old.unlink()
            shutil.copytree(source, target, copy_function=newest_wins, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            newest_wins(source, target)
    return place / "tree"


def run(command, tree, seconds):
    """Returns (status, output, seconds of processor time); status None: it took more than it may."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(["prlimit", f"--cpu={seconds}:{seconds + 1}", *command],
                                   cwd=tree, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=ENVIRONMENT)
        timer = threading.Timer(seconds * WAITING, process.kill)
        timer.start()
        _, ended, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = status = os.waitstatus_to_exitcode(ended)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if status == -signal.SIGKILL and usage.ru_utime + usage.ru_stime < seconds:
        raise RuntimeError(f"{command[0]} used no processor time for long")
    too_long = status in (-signal.SIGXCPU, -signal.SIGKILL)
    return None if too_long else status, text, usage.ru_utime + usage.ru_stime


def first_failure(output):
    for line in output.splitlines():
        if "FAIL" in line or "panic" in line or "ERROR: AddressSanitizer" in line:
            return line.split(": ", 1)[-1].replace("\t", " ")[:140]
    return "stopped without a word"


class Worker:
    def __init__(self, place, options):
        self.options = options
        self.build = place / "build"
        self.tree = tree_make(place)
        self.caller = self.build / "host/bin/random_calls"

    def make(self):
        status, output, _ = run(["make", "--no-print-directory", f"BUILD={self.build}",
                              str(self.caller), *map(str, self.tests())], self.tree, 600)
        if status != 0:
            raise RuntimeError("does not build:\n" + output[-2000:])

    def tests(self):
        return [self.build / "host/tests" / source[:-2] for source in TESTS]

    def find(self):
        """Returns (by, seconds, text) of whoever fails first, or None."""
        for seed in SEEDS:
            status, output, took = run([str(self.caller), "--quiet", "--shrink", "0",
                                        "--seed", str(seed), "--calls", str(self.options.calls)],
                                       self.tree, self.options.seconds)
            if status is None:
                return f"random caller, seed {seed}", took, "it never ends"
            if status != 0:
                return f"random caller, seed {seed}", took, first_failure(output)
        for test in self.tests():
            status, output, took = run([str(test)], self.tree, 60)
            if status != 0:
                text = "it never ends" if status is None else first_failure(output)
                return test.name, took, text
        return None

    def try_out(self, mutant):
        original = mutant.apply(self.tree)
        try:
            self.make()
            return self.find()
        finally:
            (self.tree / mutant.file).write_text(original)


def report(rows, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as table:
        table.write("mutant\tfound\tby\tseconds\twhat it said\n")
        for row in rows:
            table.write("\t".join(row) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*")
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--calls", type=int, default=200000, help="of each run of the random caller")
    parser.add_argument("--seconds", type=int, default=180, help="of processor time, at most, for each run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()

    mutants = [Mutant(path) for path in sorted(pathlib.Path(__file__).parent.glob("*.mutant"))]
    if options.words:
        mutants = [m for m in mutants if any(word in m.name for word in options.words)]
    build = pathlib.Path(options.build).resolve()
    workers = queue.Queue()
    for number in range(max(1, min(options.jobs, len(mutants)))):
        workers.put(Worker(build / f"mutants/{number}", options))

    first = workers.get()
    first.make()
    found = first.find()
    workers.put(first)
    if found:
        print(f"FAIL mutants: the unchanged kernel does not pass: {found[0]}: {found[2]}")
        return 1

    lock = threading.Lock()

    def one(mutant):
        worker = workers.get()
        try:
            found = worker.try_out(mutant)
            row = (mutant.name, "yes", found[0], f"{found[1]:.1f}", found[2]) if found else \
                  (mutant.name, "no", "", "", mutant.why)
        except (ValueError, RuntimeError) as error:
            row = (mutant.name, "broken", "", "", str(error))
        finally:
            workers.put(worker)
        with lock:
            print(f"{'ok' if row[1] == 'yes' else 'FAIL'} {row[0]}: "
                  f"{row[2] + ' after ' + row[3] + ' s: ' if row[1] == 'yes' else 'not found: '}{row[4]}",
                  flush=True)
        return row

    with concurrent.futures.ThreadPoolExecutor(workers.qsize()) as pool:
        rows = list(pool.map(one, mutants))
    report(rows, build / "mutants.tsv")
    missed = sum(row[1] != "yes" for row in rows)
    print(f"{len(rows) - missed} passed, {missed} failed")
    return 1 if missed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
