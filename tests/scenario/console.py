#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot the small system and converse with its console; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...` for each step, and `N passed, N failed` last. What a step waits for
must come within its time, else it and all later steps fail.
"""
import argparse
import codecs
import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))

import qemu  # noqa: E402

PROMPT = "pith> "
PROMPTS = 4  # are tried where letters may stand between its own
SILENT_S = 2  # then a machine is woken
FAULTS = [("null", "NOT_PRESENT"), ("write", "PROTECTION"), ("exec", "PROTECTION"),
          ("illegal", "ILLEGAL"), ("divide", "DIVIDE"), ("general", "GENERAL"),
          ("stack", "NOT_PRESENT")]


# What others write with the kernel's help comes at any place of what a console at a terminal shows.
# Lines of tests, and those that say whose they are, are whole: they tell of others by name.
OTHERS = r"(?:warden|init|log|names|files|tmpfs|net|http|pci|process|archive|virtio_\w+|uart16550): "
# The beginning of a prompt is no name: "pifiles: ...".
IN_BETWEEN = re.compile(rf"^((?!\w+: |ok |FAIL )[^\n]+?|pi?t?h?)({OTHERS}[^\n]*\n)", re.M)


def told_apart(text):
    """The same, with others' lines before the line that they came in the middle of."""
    while (better := IN_BETWEEN.sub(r"\2\1", text)) != text:
        text = better
    return text


class Silence(Exception):
    """What was waited for did not come."""


class Machine:
    """A running system, with its serial port as standard input and output."""

    def __init__(self, command):
        self.own_words = tempfile.TemporaryFile()  # what the emulator says: else in the middle of a line
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.own_words)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # what is read may end in a character
        self.unread = ""
        self.log = ""

    def wake(self):
        """
        Let the emulator's main loop go round. An idle guest in icount = "sleep" is woken by it, and it may have missed that;
        it says so itself ("CPU thread can infinitely wait for event after missing the warp"). It blocks this signal.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGALRM)

    def wait_for(self, text, timeout_s):
        """All up to and with text."""
        end = time.monotonic() + timeout_s
        while text not in self.unread:
            left = end - time.monotonic()
            if left <= 0:
                raise Silence(f"wanted: {text!r} within {timeout_s} s; got: {self.unread[-300:]!r}")
            if not self.selector.select(min(left, SILENT_S)):
                self.wake()
                continue
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Silence(f"wanted: {text!r}; got the end of the system: {self.unread[-300:]!r}; the emulator: {self.emulator_said()[-300:]!r}")
            part = self.decoder.decode(data).replace("\r", "")
            self.unread = told_apart(self.unread + part)
            self.log += part
        at = self.unread.index(text) + len(text)
        found, self.unread = self.unread[:at], self.unread[at:]
        return found

    def emulator_said(self):
        descriptor = self.own_words.fileno()  # whose place in the file is the emulator's, too
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("utf-8", "replace")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self, timeout_s):
        """The exit status; None if it had to be ended."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            return None


def parser_for(about, timeout_s):
    """The options that every scenario has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=timeout_s, help="seconds for each step")
    parser.add_argument("--log", help="add all that the systems said to this file")
    return parser


@contextlib.contextmanager
def conversation(scenario, args):
    """However it goes, the system ends with it, and what it said is kept."""
    try:
        yield scenario
    finally:
        scenario.machine.end(0 if scenario.lost else 1)
        if args.log:
            with open(args.log, "a", encoding="utf-8") as log:
                log.write(scenario.machine.log)
                log.write(scenario.machine.emulator_said())


def conclude(*done):
    """Sums up, and ends with a status that says whether all is well."""
    passed, failed = sum(one.passed for one in done), sum(one.failed for one in done)
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed else 1)


class Scenario:
    def __init__(self, machine, timeout_s):
        self.machine = machine
        self.timeout_s = timeout_s
        self.passed = self.failed = 0
        self.lost = False

    def ask(self, line):
        """Type a line; what came until the next prompt."""
        self.machine.type(line + "\r")
        return self.machine.wait_for(PROMPT, self.timeout_s)[:-len(PROMPT)]

    def prompt(self):
        """All up to the next prompt; if it cannot be read, since others write between its letters, an empty line asks for another."""
        for _ in range(PROMPTS - 1):
            try:
                return self.machine.wait_for(PROMPT, self.timeout_s / PROMPTS)
            except Silence:
                self.machine.type("\r")
        return self.machine.wait_for(PROMPT, self.timeout_s)

    def align(self):
        """However many prompts have come: the next one is that of the next line. All that came before it."""
        self.machine.type("time\r")
        said = self.machine.wait_for("s since boot", self.timeout_s)
        return said + self.machine.wait_for(PROMPT, self.timeout_s)

    def step(self, name, action):
        if self.lost:
            why = "an earlier step lost the system"
        else:
            try:
                why = action()
            except (Silence, BrokenPipeError) as error:
                why = str(error)
                self.lost = True
        if why:
            print(f"FAIL {name}: {why}")
            self.failed += 1
        else:
            print(f"ok {name}")
            self.passed += 1
        sys.stdout.flush()

    def are_done(self, name, *lines):
        """A step: lines after which nothing is said about a path, since they do what they should."""
        def action():
            for line in lines:
                if refused := re.search(r"^/\S*: .*", self.ask(line), re.M):
                    return f"{line}: wanted: no error; got: {refused[0]!r}"
            return None
        self.step(name, action)

    def says(self, name, line, *patterns):
        """A step: the answer to a line matches every pattern."""
        def action():
            answer = self.ask(line)
            for pattern in patterns:
                if not re.search(pattern, answer, re.M):
                    return f"{line}: wanted: {pattern}; got: {answer!r}"
            return None
        self.step(name, action)


def owners(answer):
    """{owner: KiB} from the command `memory`."""
    return {match[1].strip(): int(match[2])
            for match in re.finditer(r"^(\S.*?)\s+(\d+)(?:\s+\d+)?$", answer, re.M)}


def memory_adds_up(scenario):
    found = owners(scenario.ask("memory"))
    for owner in ("free", "kernel", "console", "echo", "all"):
        if not found.get(owner):
            return f"memory: wanted: an owner {owner} with some; got: {found}"
    total = sum(size for owner, size in found.items() if owner != "all")
    # Each row is cut to whole KiB.
    if not 0 <= found["all"] - total <= len(found):
        return f"memory: wanted: rows that add up to {found['all']}; got: {total}"
    return None


def memory_is_the_same(scenario, before):
    after = owners(scenario.ask("memory"))
    return None if after == before else f"memory: wanted: {before}; got: {after}"


def editing(scenario):
    scenario.machine.type("tixe\x7f\x7fme\r")
    answer = scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None if "s since boot" in answer else f"wanted: the time; got: {answer!r}"


def restarts_end(scenario):
    scenario.machine.type("start flaky\r")
    for number in range(1, 4):
        scenario.machine.wait_for(f"warden: flaky restarted ({number})", scenario.timeout_s)
    scenario.machine.wait_for("warden: flaky died 4 times within 10 s, and stays down", scenario.timeout_s)
    scenario.align()
    return None


def time_goes_on(scenario):
    first, second = (float(re.search(r"(\d+\.\d+) s since", scenario.ask("time"))[1])
                     for _ in range(2))
    return None if second > first else f"time: wanted: more than {first}; got: {second}"


def hang_is_found(scenario, name, wanted):
    return comes_soon(scenario, f"hang {name}", wanted)


def comes_soon(scenario, line, wanted):
    """The line is answered, and what is wanted comes before that or after."""
    if wanted not in scenario.ask(line):
        scenario.machine.wait_for(wanted, scenario.timeout_s)
    return None


def converse(scenario):
    machine = scenario.machine
    scenario.step("console_shows_its_prompt",
                  lambda: machine.wait_for(PROMPT, scenario.timeout_s) and None)
    scenario.says("console_helps", "help", "programs", "memory", "ping-pong", "crash", "poweroff")
    scenario.says("console_lists_programs", "programs", r"^console +running +0", r"^echo +running +0",
                  r"^crasher +stopped +0")
    scenario.step("console_shows_memory_by_owner", lambda: memory_adds_up(scenario))
    scenario.says("console_measures_calls", "ping-pong", r"^1000 round trips .*: [1-9]\d* ns each")
    scenario.step("console_edits_lines", lambda: editing(scenario))
    scenario.says("console_refuses_what_it_does_not_know", "nonsense", "no such command")
    scenario.step("console_time_goes_on", lambda: time_goes_on(scenario))
    before = {} if scenario.lost else owners(scenario.ask("memory"))
    for kind, fault in FAULTS:
        scenario.says(f"crash_{kind}_is_handled", f"crash {kind}",
                      rf"^warden: crasher faulted: {fault} at 0x", r"^warden: crasher destroyed",
                      rf"^crasher is faulted \({fault} at ", "all given back$")
    scenario.says("crash_without_a_fault_ends", "crash nothing", r"crasher ended with status 1",
                  "crasher is ended; .* all given back$")
    scenario.step("crashes_leave_memory_as_it_was", lambda: memory_is_the_same(scenario, before))
    scenario.says("a_failed_server_is_restarted", "fail echo", "^warden: echo restarted \(1\)", "^done$")
    scenario.step("a_hung_server_is_restarted", lambda: hang_is_found(scenario, "echo", "echo restarted (2)"))
    scenario.says("clients_reach_the_restarted_server", "ping-pong", r"^1000 round trips")
    scenario.says("a_dead_warden_is_replaced", "fail warden", "^init: the warden faulted",
                  "^init: warden number 2 goes on", "^done$")
    scenario.says("programs_outlive_the_warden", "programs", r"^console +running +0", r"^echo +running +2")
    scenario.step("a_hung_warden_is_replaced",
                  lambda: hang_is_found(scenario, "warden", "init: warden number 3 goes on"))
    scenario.step("the_new_warden_supervises",
                  lambda: comes_soon(scenario, "fail echo", "warden: echo restarted (3)"))
    scenario.says("clients_reach_it_still", "ping-pong", r"^1000 round trips")
    scenario.says("recoveries_are_shown", "recovery", r"^echo +2 +1 +[1-9]\d* +\d+$",
                  "the warden itself was started anew 2 times")
    scenario.says("kill_ends_the_echo_server", "kill echo", "^done$")
    scenario.says("a_killed_program_is_stopped", "programs", r"^echo +stopped")
    scenario.says("start_brings_it_back", "start echo", "^done$")
    scenario.says("clients_reach_the_new_server", "ping-pong", r"^1000 round trips")
    scenario.says("start_twice_is_refused", "start echo", "in use")
    scenario.step("a_program_is_restarted_until_its_limit", lambda: restarts_end(scenario))
    scenario.says("restarts_are_counted", "programs", r"^flaky +degraded +3 ")
    scenario.step("restarts_leave_memory_as_it_was", lambda: memory_is_the_same(scenario, before))
    machine_type_poweroff(scenario)


def machine_type_poweroff(scenario, name="poweroff_ends_the_machine"):
    def action():
        scenario.machine.type("poweroff\r")
        scenario.machine.wait_for("goodbye", scenario.timeout_s)
        status = scenario.machine.end(scenario.timeout_s)
        if status != qemu.EXIT_SUCCESS:
            return f"wanted: status {qemu.EXIT_SUCCESS}; got: {status}"
        return None
    scenario.step(name, action)


def main():
    args = parser_for(__doc__, 30).parse_args()
    settings = qemu.settings_of("small") | {"icount": "sleep"}  # so that nothing hangs because this machine is busy
    scenario = Scenario(Machine(qemu.command_for("small", args.build, settings)), args.timeout)
    with conversation(scenario, args):
        converse(scenario)
    conclude(scenario)


if __name__ == "__main__":
    main()
