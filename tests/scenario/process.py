#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs started from files of a disk, that end in every way there is; run from the top of the tree.

mkfs.ext4 makes the disk, with programs that are whole and some that are not. Prints `ok NAME` or `FAIL NAME: ...`, and
`N passed, N failed` last.
"""
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

import console
import disk

PLACES = 6
COLD = 12  # copies of a program, of which none has been read yet
PROGRAMS = {"hello_c": "hello_c", "child": "process_child", "starter": "process_starter", "crasher": "crasher",
            "sum": "sum", "nothing": "process_nothing", "peek": "process_peek"}
FREE = f"^{PLACES} places, {PLACES} free;"
HARMS = ["fail process", "hang process", "fail files", "hang files", "fail disk", "hang disk", "fail pci",
         "fail warden", "hang warden"]
os.environ["PATH"] += ":/usr/sbin:/sbin"


def damaged(program, randomly):
    """{name: bytes} of files that are no programs."""
    files = {f"short{length}": program[:length] for length in (1, 16, 63, 64, 100, 300, 4095, 5000, 20000)}
    for number in range(4):
        files[f"random{number}"] = randomly.randbytes(5000 * number + 100)
    for name, place, value in (("machine", 18, 40), ("class", 4, 1), ("shared", 16, 3), ("segments", 56, 0xff),
                               ("where", 33, 0xff), ("entry", 27, 0x7f)):
        data = bytearray(program)
        data[place] = value
        files[name] = bytes(data)
    note = program.index(b"Pith\0\0\0\0") + 8
    files["abi"] = program[:note] + bytes([program[note] ^ 1]) + program[note + 1:]
    files["text"] = b"#!/bin/sh\nexit 1\n" * 20
    files["empty"] = b""
    return files


def make_disk(image, folder, build, randomly):
    """Programs in /bin, damaged ones in /bad; their names."""
    top = f"{folder}/tree"
    os.makedirs(f"{top}/bin")
    os.makedirs(f"{top}/bad")
    for name, program in PROGRAMS.items():
        subprocess.run(["strip", "-o", f"{top}/bin/{name}", f"{build}/programs/{program}"], check=True)
    shutil.copy(f"{build}/programs/process_child", f"{top}/bin/large")  # with all that a debugger wants
    with open(f"{top}/bin/child", "rb") as file:
        bad = damaged(file.read(), randomly)
    for name, data in bad.items():
        with open(f"{top}/bad/{name}", "wb") as file:
            file.write(data)
    os.makedirs(f"{top}/cold")
    for number in range(COLD):
        shutil.copy(f"{top}/bin/large", f"{top}/cold/{number}")
    with open(f"{top}/data", "wb") as file:
        file.write(randomly.randbytes(3 << 20))
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", "-d", top, image, "64M"], check=True)
    return sorted(bad)


class Processes(disk.Disk):
    """A machine with the process manager."""

    system = "process"

    def ready(self):
        """Both were made while the console was, in any order."""
        for text in ("16384 blocks", "room for"):
            if text not in self.machine.log:
                self.machine.wait_for(text, self.timeout_s)
        self.align()

    def pid_of(self, line):
        """Start without waiting; its number, or None and what was said."""
        answer = self.ask(line + " &")
        match = re.search(r"^process (\d+)$", answer, re.M)
        return (match[1] if match else None), answer

    def quiet(self):
        """What must be the same before and after: memory by owner, the manager's memory and slots."""
        pool = self.ask("pool")
        return console.owners(self.ask("memory")), re.search(r"memory .* slots", pool)[0]

    def leaves_nothing(self, name, before):
        def action():
            after = self.quiet()
            return None if after == before else f"wanted: {before}; got: {after}"
        self.step(name, action)
        self.says(name + "_and_places", "pool", FREE)


def converse_about_words(machine):
    machine.says("arguments_environment_and_status", "run A=b HOME=/x /bin/hello_c 7 two three",
                 "^hello from /bin/hello_c, 3 arguments$", "^argument 2: two$", "^argument 3: three$",
                 "^environment: A=b$", "^environment: HOME=/x$", "ended with status 7,")
    machine.says("none_of_either", "run /bin/child", r"^word 0: </bin/child>$",
                 "^1 words, 0 in the environment, HOME is nowhere$", "status 0,")
    machine.says("many_words", "run HOME=h X= /bin/child words " + " ".join("abcdefghijklmnopqrstuvwxy"),
                 "^word 26: <y>$", "^environment: <X=>$", "^27 words, 2 in the environment, HOME is h$",
                 "status 0,")
    for status in (0, 1, 128, 255):
        machine.says(f"status_{status}_is_told", f"run /bin/child exit {status}", f"ended with status {status},")
    machine.says("a_file_larger_than_a_session", "run HOME=x /bin/large words far", "^word 2: <far>$",
                 "HOME is x", "status 0,")


def converse_about_ends(machine):
    for kind, fault in console.FAULTS:
        machine.says(f"a_crash_by_{kind}_is_told", f"run /bin/crasher {kind}", rf"process \d+ faulted: {fault} at",
                     "after [0-9]+ us")
    machine.says("the_address_is_told", "run /bin/crasher null", "faulted: NOT_PRESENT at 0x8, ip 0x4")

    def killed():
        pid, answer = machine.pid_of("run /bin/child spin")
        if pid is None:
            return f"wanted: a process; got: {answer!r}"
        time.sleep(0.2)
        listed = machine.ask("ps")
        if not re.search(rf"^{pid} +child +RUNNING +1024 +[1-9]\d* +0$", listed, re.M):
            return f"ps: wanted: {pid} that runs; got: {listed!r}"
        stopped = machine.ask(f"stop {pid}")
        ended = machine.ask(f"wait {pid}")
        again = machine.ask(f"wait {pid}") + machine.ask(f"stop {pid}")
        if "done" not in stopped or "was killed" not in ended or again.count("nothing of that") != 1 or \
                again.count("there is no such process") != 1:
            return f"wanted: done, killed, gone; got: {stopped!r} {ended!r} {again!r}"
        return None
    machine.step("an_endless_loop_is_killed", killed)
    machine.says("an_endless_loop_ends_at_its_limit", "run time=50 /bin/child spin",
                 r"used up its time, after (5[0-9]|6[0-4])\d\d\d us")
    machine.says("so_does_one_that_is_slow", "run time=20 budget=1000 /bin/child spin",
                 r"used up its time, after 2[0-9]\d\d\d us")

    def sleeper():
        pid, answer = machine.pid_of("run time=1000 /bin/child sleep")
        if pid is None:
            return f"wanted: a process; got: {answer!r}"
        return None if "done" in machine.ask(f"stop {pid}") and "killed" in machine.ask(f"wait {pid}") else \
            "wanted: it is killed while it sleeps"
    machine.step("one_that_waits_is_killed", sleeper)


def spent_by(machine, line):
    def now():
        return float(re.search(r"([\d.]+) s since", machine.ask("time"))[1])
    start = now()
    machine.ask(line)
    return now() - start


def budget_holds(machine):
    """20 ms at 1 ms of 10 take 200; or more, if this machine has no time for the emulator."""
    spent = spent_by(machine, "run time=20 budget=1000 /bin/child spin")
    return None if 0.17 < spent < 30 else f"wanted: about 0.2 s; got: {spent}"


def threads_share(machine, budget_us):
    """Three threads and the first have 1 ms of 10 together, and each its turn; a fourth is not to be had."""
    answer = machine.ask(f"run memory=2048 budget={budget_us} /bin/child threads 4 300")
    told = re.search(r"^(\d) of 4 threads ran, in (\d+) us", answer, re.M)
    used = re.search(r"status 3, after (\d+) us", answer)
    if not told or not used or told[1] != "3":
        return f"wanted: 3 of 4 threads ran, status 3; got: {answer!r}"
    periods = int(told[2]) // 10000
    low, high = periods * budget_us // 4, (periods + 2) * budget_us
    return None if low < int(used[1]) < high else \
        f"wanted: {low} to {high} us in {periods} periods; got: {used[1]}"


def threads_end(machine):
    """200 ms of all threads at 2 ms of 10 take a second, and end."""
    spent = spent_by(machine, "run memory=2048 time=200 budget=2000 /bin/child threads 3 100000")
    return None if 0.85 < spent < 30 else f"wanted: about a second; got: {spent}"


def all_time_is_there(machine, harm):
    """A place had less time than the system says when the manager died: the next one there has all of it again."""
    less = spent_by(machine, "run time=200 budget=1000 /bin/child spin")
    machine.machine.type(harm + "\r")
    machine.machine.wait_for("room for", machine.timeout_s)
    machine.align()
    spent = spent_by(machine, "run time=200 /bin/child spin")
    return None if spent < less / 2 else f"wanted: less than half of {less} s; got: {spent}"


def converse_about_limits(machine, bad):
    machine.step("a_budget_holds", lambda: budget_holds(machine))
    machine.step("a_budget_is_for_all_threads", lambda: threads_share(machine, 1000))
    machine.step("and_so_is_a_larger_one", lambda: threads_share(machine, 5000))
    machine.step("a_limit_is_for_all_threads", lambda: threads_end(machine))
    machine.says("a_process_with_threads_is_told_of", "run memory=2048 time=50 budget=9000 /bin/child threads 3 100000",
                 r"used up its time, after (5[0-9]|6[0-4])\d\d\d us")
    machine.says("more_time_than_there_may_be", "run budget=9500 /bin/child", "more than the system allows")
    machine.says("a_program_hears_that_memory_is_used_up", "run memory=2048 /bin/child memory",
                 r"^out of memory after 1\d\d\d KiB$", "status 3,")
    machine.says("too_little_memory", "run memory=64 /bin/child", "its memory is too small", "NO_MEMORY")
    machine.says("more_memory_than_there_is", "run memory=100000 /bin/child", "not as much free memory")
    machine.says("a_missing_file", "run /bin/missing", "cannot be opened .NO_ENTRY")
    machine.says("a_directory", "run /bin", "no regular file .WRONG_TYPE")
    for name in bad:
        machine.says(f"a_bad_file_{name}", f"run /bad/{name}",
                     rf"^/bad/{name}: (it|its|a) .* \((RANGE|WRONG_TYPE|NO_RIGHT)\)$")
    machine.says("the_manager_lives", "recovery", "^process +0 +0")


def converse_about_rights(machine):
    machine.says("nothing_that_was_not_chosen", "run /bin/sum /data", "there are no files", "status 1,")
    machine.says("what_was_chosen", "run uses=file /bin/sum /data", "^sum: [0-9a-f]{64}  /data", "status 0,")
    machine.says("what_none_may_have", "run uses=system /bin/sum /data", "may not use such an interface")
    machine.says("a_child_starts_others", "run uses=process /bin/starter 3 7 /bin/child exit 7",
                 "^starter: 3 good, 0 deaths, 0 refused, 0 wrong", "status 0,")

    machine.says("a_process_maps_what_it_reads", "run uses=file /bin/sum map 2 /data",
                 "^sum: [0-9a-f]{64}  /data", "^sum: [1-9][0-9]+ pages were mapped", "status 0,")

    def reader_killed(how=""):
        for _ in range(3):
            pid, answer = machine.pid_of(f"run uses=file /bin/sum {how}1000 /data")
            if pid is None:
                return f"wanted: a process; got: {answer!r}"
            time.sleep(random.uniform(0.02, 0.2))
            if "done" not in machine.ask(f"stop {pid}"):
                return "wanted: it is killed"
        return None
    machine.step("a_reader_is_killed", reader_killed)
    machine.step("one_that_has_pages_mapped_is_killed", lambda: reader_killed("map "))
    machine.says("the_next_one_in_its_place_reads", "run uses=file /bin/sum /data", "^sum: [0-9a-f]{64}", "status 0,")
    machine.says("and_nothing_is_left_open", "volume", "; 0 handles, 0 pages granted")
    machine.says("nor_to_be_read", "run uses=file uses=process /bin/peek", "^peek: 0 bytes of others in 2 sessions", "status 0,")


def places_run_out(machine):
    pids = []
    for _ in range(PLACES):
        pid, answer = machine.pid_of("run memory=512 /bin/child spin")
        if pid is None:
            return f"wanted: process {len(pids) + 1} of {PLACES}; got: {answer!r}"
        pids.append(pid)
    refused = machine.ask("run memory=512 /bin/child exit 1")
    for pid in pids:
        machine.ask(f"stop {pid}")
    if "as many run as may run at once (NO_SLOT)" not in refused:
        return f"wanted: NO_SLOT; got: {refused!r}"
    return None


def many_starts(machine, rounds):
    machine.machine.type(f"start starter {rounds} 7 /bin/child exit 7\r")
    said = machine.machine.wait_for("starter destroyed", machine.timeout_s)
    machine.align()
    return None if f"{rounds} good, 0 deaths, 0 refused, 0 wrong" in said else \
        f"wanted: {rounds} good; got: {said[-300:]!r}"


def starts_while_all_dies(machine, harms, randomly):
    """Rounds go on; the process manager dies now and then, and all that is behind it."""
    rounds = 3000
    machine.ask(f"start starter {rounds} 7 /bin/child exit 7")
    done = []
    said = ""
    while harms and "starter destroyed" not in said:
        time.sleep(randomly.uniform(0.05, 0.5))
        done.append(harms.pop())
        said += machine.ask(done[-1])
    said += machine.ask("kill starter")
    machine.align()
    wrong = re.findall("starter: FAIL.*", said)
    return f"after {done}: {wrong}" if wrong else None


def converse_about_deaths(machine, harms, randomly):
    for harm in ("fail process", "hang process"):
        name = harm.replace(" ", "_")

        def children_go(harm=harm):
            pid, answer = machine.pid_of("run /bin/child spin")
            other, _ = machine.pid_of("run uses=file /bin/sum 1000 /data")
            if pid is None or other is None:
                return f"wanted: processes; got: {answer!r}"
            machine.machine.type(harm + "\r")
            machine.machine.wait_for("room for", machine.timeout_s)
            machine.align()
            gone = machine.ask(f"wait {pid}") + machine.ask("ps")
            if "nothing of that name" not in gone or "RUNNING" in gone:
                return f"wanted: its processes are gone; got: {gone!r}"
            after, answer = machine.pid_of("run /bin/child exit 0")
            return None if after and int(after) > int(other) else f"wanted: a new number; got: {answer!r}"
        machine.step(f"{name}_ends_its_processes", children_go)
        machine.step(f"{name}_gives_places_all_their_time", lambda: all_time_is_there(machine, harm))
        machine.says(f"{name}_and_then_all_is_well", "run HOME=h /bin/child", "HOME is h", "status 0,")
    machine.step("starts_go_on_whatever_dies", lambda: starts_while_all_dies(machine, harms, randomly))
    machine.says("and_it_works_afterwards", "run uses=file /bin/sum /data", "^sum: [0-9a-f]{64}", "status 0,")


def converse(args, folder, randomly):
    image = f"{folder}/disk.img"
    bad = make_disk(image, folder, args.build, randomly)
    machine = Processes("processes", args, disk.file_backed(image))
    machine.step("the_disk_is_there", machine.ready)
    machine.says("the_first_start_waits_for_the_disk", "run /bin/child exit 9", "ended with status 9,")
    machine.says("a_large_file_the_first_time", "run /bin/large", "status 0,")  # page tables for it stay
    before = machine.quiet()
    converse_about_words(machine)
    converse_about_ends(machine)
    converse_about_limits(machine, bad)
    machine.leaves_nothing("nothing_is_left", before)
    converse_about_rights(machine)
    machine.step("places_run_out", lambda: places_run_out(machine))
    machine.step("fifty_starts", lambda: many_starts(machine, 50))
    machine.leaves_nothing("still_nothing_is_left", before)
    harms = [randomly.choice(HARMS[:2]) if randomly.random() < 0.5 else randomly.choice(HARMS)
             for _ in range(args.harms)]
    converse_about_deaths(machine, harms, randomly)
    machine.leaves_nothing("after_all_deaths_nothing_is_left", before)
    return machine.end()


def converse_about_a_slow_disk(args, folder):
    """The process manager dies while it waits for the disk with a start in its hand."""
    machine = Processes("slow_disk", args, disk.throttled(f"{folder}/disk.img"))
    machine.step("the_slow_disk_is_there", machine.ready)
    machine.says("nothing_is_taken_before_the_first_start", "memory", r"^process +772 ")
    machine.says("a_first_program_runs", "run /bin/child exit 0", "status 0,")
    machine.says("the_first_start_takes_the_pool", "memory", r"^process +25348 ")
    before = machine.quiet()
    counts = {"good": 0, "deaths": 0}

    def deaths():
        for number in range(COLD):
            harm = HARMS[number % 2]
            machine.machine.type(f"start starter 1 0 /cold/{number} exit 0\r{harm}\r")
            said = machine.machine.wait_for("starter destroyed", machine.timeout_s)
            match = re.search(r"starter: (\d) good, (\d) deaths, 0 refused, 0 wrong", said)
            if not match:
                return f"wanted: an end, or a death; got: {said[-400:]!r}"
            counts["good"] += int(match[1])
            counts["deaths"] += int(match[2])
            machine.align()
        print(f"note: {counts}")
        return None if counts["deaths"] >= 1 else f"wanted: deaths in the middle; got: {counts}"
    machine.step("the_manager_dies_while_it_starts_one", deaths)
    time.sleep(1)

    def no_silence():
        found = re.search(r"^process +(\d+) +(\d+)", machine.ask("recovery"), re.M)
        return None if int(found[1]) <= COLD // 2 and int(found[2]) <= COLD // 2 else \
            f"wanted: at most {COLD // 2} of each; got: {found[0]}"
    machine.step("waiting_for_the_disk_is_no_silence", no_silence)
    machine.leaves_nothing("slowness_leaves_nothing", before)
    return machine.end()


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--harms", type=int, default=20, help="how many deaths")
    args = parser.parse_args()
    print(f"note: process.py --seed {args.seed}")
    with tempfile.TemporaryDirectory() as folder:
        done = [converse(args, folder, random.Random(args.seed)), converse_about_a_slow_disk(args, folder)]
    console.conclude(*done)


if __name__ == "__main__":
    main()
