#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Use the shell as a person does, with all its keys and commands; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...` for each step, and `N passed, N failed` last.
"""
import argparse
import re
import sys

import console
import qemu

PROMPT = console.PROMPT
UP, DOWN, LEFT, RIGHT, HOME = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x1b[H"
CTRL_A, CTRL_C, CTRL_R, CTRL_U, CTRL_W, CTRL_Y = "\x01", "\x03", "\x12", "\x15", "\x17", "\x19"
TIME = "s since boot"
WIDTH = 80
LINES = 600  # each 5 ms


class Shell(console.Scenario):
    def keys(self, name, keys, wanted):
        """A step: after these keys there is an answer that matches, then a prompt."""
        def action():
            self.machine.type(keys)
            answer = self.machine.wait_for(wanted, self.timeout_s)
            self.machine.wait_for(PROMPT, self.timeout_s)
            is_wrong = "no such command" in answer and "no such command" not in wanted
            return f"wanted: {wanted}; got: {answer!r}" if is_wrong else None
        self.step(name, action)


def completion_offers(shell):
    """Two Tabs show what there is, and the line goes on."""
    shell.machine.type("p\t\t")
    shown = shell.machine.wait_for(PROMPT + "p", shell.timeout_s)
    shell.machine.type(CTRL_C)
    shell.machine.wait_for(PROMPT, shell.timeout_s)
    missing = [name for name in ("programs", "ping-pong", "ps", "poweroff") if name not in shown.split()]
    return f"wanted: {missing} among those offered; got: {shown!r}" if missing else None


def lines_are_edited(shell):
    shell.says("time_is_told", "time", TIME)
    shell.keys("history_brings_a_line_back", UP + "\r", TIME)
    shell.says("what_is_no_command_is_told", "nonsense", "^nonsense: no such command; try help$")
    shell.keys("and_the_one_before", UP + UP + DOWN + UP + "\r", TIME)
    shell.keys("history_is_searched", CTRL_R + "tim\r", TIME)
    shell.keys("the_cursor_moves", "ie" + LEFT + "m" + CTRL_A + "t\r", TIME)
    shell.keys("words_are_cut_and_put_back", "xx time" + CTRL_W + CTRL_U + "time" + CTRL_W + CTRL_Y + "\r", TIME)
    shell.keys("a_command_is_completed", "tim\t\r", TIME)
    shell.keys("a_program_is_completed", "log ech\t\r", "log echo")
    shell.keys("sequences_without_a_meaning_are_no_text", "ti\x1b[15~m\x1b[200~\x1b]0;x\x07e\r", TIME)
    shell.keys("a_lone_escape_is_forgotten", "\x1b\x1b[Dtime\r", TIME)
    shell.keys("ctrl_c_gives_a_line_up", "nonsense" + CTRL_C + "time\r", TIME)
    shell.keys("a_long_line_is_one", "nonsense " + "very long " * 30 + "\r", "nonsense: no such command")
    shell.keys("letters_of_all_kinds_are_right", "\u00e4\u6f22" + LEFT + LEFT + "x\r", "x\u00e4\u6f22: no such command")
    shell.step("tab_offers_what_there_is", lambda: completion_offers(shell))
    shell.says("history_is_shown", "history", r"^ +\d+  time$", r"^ +\d+  log echo ?$")


def help_is_complete(shell):
    """One line for each command, no wider than a screen; and more about each."""
    rows = [row for row in shell.ask("help").split("\n")[1:] if row]
    names = [row.split()[0] for row in rows]
    for wanted in ("top", "log", "kill", "hang", "ls", "run", "poweroff", "history"):
        if wanted not in names:
            return f"help: wanted: {wanted}; got: {names}"
    wide = [row for row in rows if len(row) > WIDTH]
    if wide:
        return f"help: wanted: rows of {WIDTH} columns; got: {wide}"
    for name in names:
        if f"\n{name} " not in shell.ask(f"help {name}"):
            return f"help {name}: wanted: how to write it"
    return None


def table(answer, head):
    """The rows below a heading, cut at blanks."""
    lines = answer.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(head))
    return [line.split() for line in lines[at + 1:] if line.split()]


def used_us(shell):
    return {row[0]: int(row[4]) for row in table(shell.ask("programs"), "program ")}


def top_of(shell):
    """{program: [state, percent, memory, messages, restarts, priority]} and the sum above, while a program is busy."""
    shell.ask(f"start herald count {LINES}")
    answer = shell.ask("top 1")
    if " acknowledged" not in answer:
        shell.machine.wait_for(" acknowledged", shell.timeout_s)
    rows = {row[0]: row[1:] for row in table(answer, "program ")}
    return rows, float(re.search(r"processor (\d+\.\d+) %", answer)[1])


def top_is_plausible(shell):
    """What top says a program used in its second is no more than `programs` says it used around it."""
    before = used_us(shell)
    rows, whole = top_of(shell)
    after = used_us(shell)
    if sorted(rows) != sorted(before):
        return f"top: wanted: all of {sorted(before)}; got: {rows}"
    cpu = [float(row[1]) for row in rows.values()]
    if cpu != sorted(cpu, reverse=True) or abs(sum(cpu) - whole) > 0.01 * len(rows) or not 0 < whole <= 100:
        return f"top: wanted: rows by processor time that add up to {whole} %; got: {rows}"
    for name, row in rows.items():
        most = (after[name] - before[name]) / 1e6 * 100 + 0.02
        if float(row[1]) > most:
            return f"top: {name}: wanted: at most {most:.2f} %; got: {row[1]} %"
    for name, state, priority in (("log", "running", "95"), ("herald", "running", "80"), ("crasher", "stopped", "80")):
        if (rows[name][0], rows[name][5]) != (state, priority):
            return f"top: {name}: wanted: {state}, priority {priority}; got: {rows[name]}"
    # A line is a bell and a call; there are at most 200 in a second.
    if not 20 < float(rows["log"][3]) <= 450 or float(rows["herald"][1]) <= 0 or float(rows["crasher"][3]) != 0:
        return f"top: wanted: 20 to 450 messages a second for the log, none for the crasher; got: {rows}"
    return None


def top_ends_at_a_key(shell):
    shell.machine.type("top\r")
    for _ in range(3):
        shell.machine.wait_for("processor", shell.timeout_s)
        shell.machine.wait_for("crasher", shell.timeout_s)
    shell.machine.type("q")
    shell.machine.wait_for(PROMPT, shell.timeout_s)
    return None if TIME in shell.ask("time") else "wanted: the shell"


def programs_are_shown(shell):
    shell.step("help_tells_all", lambda: help_is_complete(shell))
    shell.says("help_knows_what_it_does_not_know", "help nonsense", "^nonsense: no such command; help lists them$")
    shell.step("top_agrees_with_programs", lambda: top_is_plausible(shell))
    shell.step("top_counts_what_is_asked_for", lambda: None if
               shell.ask("top 2").count("messages/s") == 2 else "wanted: two tables")
    shell.step("top_ends_at_a_key", lambda: top_ends_at_a_key(shell))
    shell.says("top_wants_a_number", "top many", "no number of times")
    shell.says("who_is_not_there_is_told", "kill nobody", "^there is no program `nobody`; programs lists them$")


def converse(args):
    settings = qemu.settings_of("small") | {"icount": "sleep"}
    machine = console.Machine(qemu.command_for("small", args.build, settings))
    shell = Shell(machine, args.timeout)
    try:
        shell.step("the_shell_is_there", lambda: machine.wait_for(PROMPT, args.timeout) and None)
        lines_are_edited(shell)
        programs_are_shown(shell)
        console.machine_type_poweroff(shell)
    finally:
        machine.end(0 if shell.lost else 1)
        if args.log:
            with open(args.log, "w", encoding="utf-8") as log:
                log.write(machine.log)
    return shell


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each step")
    parser.add_argument("--log", help="write all that the system said here")
    args = parser.parse_args()
    done = [converse(args)]
    failed = sum(one.failed for one in done)
    print(f"{sum(one.passed for one in done)} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


if __name__ == "__main__":
    main()
