#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The log, while who writes and who keeps it die and hang; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import re
import time

import console
import qemu

LINES = 200
FLOOD = 5000
HARMS = [("fail log", "log restarted"), ("hang log", "log restarted"), ("fail warden", "goes on with"),
         ("hang log", "log restarted"), ("fail log", "log restarted")]


def lines_of(scenario, name=""):
    """[(seconds, who, level, text)] of the command `log`."""
    scenario.align()
    time.sleep(0.2)  # so that nothing else is printed in between
    said = scenario.ask(f"log {name}".strip())
    return [(float(match[1]), match[2], match[3], match[4])
            for match in re.finditer(r"^ *(\d+\.\d{6}) (\S+) +(error|warning|info|detail) +(.*)$", said, re.M)]


def says(scenario, name, *texts):
    """All of the texts are in that program's lines, in this order."""
    got = lines_of(scenario, name)
    left = list(texts)
    for _, who, _, text in got:
        if left and left[0] in text and who == name:
            left.pop(0)
    return f"log {name}: wanted: {left[0]}; got: {got[-12:]}" if left else None


def restart_is_noted(scenario):
    scenario.ask("fail echo")
    return says(scenario, "warden", "echo is made to fail", "echo destroyed", "echo restarted (1)")


def herald_says(scenario, args, wanted):
    scenario.machine.type(f"start herald {args}\r")
    scenario.machine.wait_for(wanted, scenario.timeout_s)
    scenario.align()


def line_is_kept(scenario):
    herald_says(scenario, "say hello there", "herald: OK")
    return says(scenario, "herald", "hello there")


def last_words_are_kept(scenario):
    herald_says(scenario, "die famous last words", "herald destroyed")
    return says(scenario, "herald", "famous last words") or says(scenario, "warden", "herald faulted: NOT_PRESENT")


def nothing_is_lost(scenario):
    """Lines are written and acknowledged while the server, and the warden, die and hang."""
    scenario.machine.type(f"start herald count {LINES}\r")
    for line, wanted in HARMS:
        scenario.machine.type(line + "\r")
        scenario.machine.wait_for(wanted, scenario.timeout_s)
    while not (said := re.search(r"herald: (\d+) of \d+ lines acknowledged", scenario.machine.log)):
        scenario.machine.wait_for("\n", scenario.timeout_s)
    acknowledged = int(said[1])
    scenario.align()
    got = [int(match[1]) for _, _, _, text in lines_of(scenario, "herald")
           if (match := re.fullmatch(rf"line (\d+) of {LINES}", text))]
    deaths = re.search(r"^log +(\d+) +(\d+)", scenario.ask("recovery"), re.M)
    print(f"note: log: {acknowledged} lines acknowledged, {len(got)} kept; the server died {deaths[1]} times and hung {deaths[2]}")
    if got != list(range(1, LINES + 1)):
        return f"wanted: {LINES} lines, each once and in order; got: {got}"
    if acknowledged != LINES or int(deaths[1]) < 1 or int(deaths[2]) < 1:
        return f"wanted: all acknowledged, whoever dies; got: {acknowledged}, deaths {deaths[0]}"
    return None


def flood_hurts_nobody(scenario):
    before = lines_of(scenario, "warden")
    herald_says(scenario, f"flood {FLOOD}", " dropped (OK)")
    got = [int(match[1]) for _, _, _, text in lines_of(scenario, "herald")
           if (match := re.fullmatch(rf"flood (\d+) of {FLOOD}", text))]
    after = lines_of(scenario, "warden")
    print(f"note: log: of a flood of {FLOOD} lines the last {len(got)} are kept")
    if not got or got[-1] != FLOOD or got != sorted(set(got)) or len(got) < 64:
        return f"wanted: the last lines of the flood; got: {got[:5]}...{got[-5:]}"
    if after[:len(before)] != before:
        return f"wanted: the warden's lines as before; got: {after}"
    return None


def warden_goes_on(scenario):
    scenario.ask("fail warden")
    return says(scenario, "warden", "echo restarted (1)", "goes on with what is there")


def times_rise(scenario):
    times = [line[0] for line in lines_of(scenario)]
    last = {}
    for seconds, who, _, text in lines_of(scenario):
        if seconds < last.get(who, 0):
            return f"wanted: times that rise; got: {who} {seconds} after {last[who]}: {text}"
        last[who] = seconds
    return None if len(times) > 100 else f"wanted: more than 100 lines of all; got: {len(times)}"


def unknown_is_told(scenario):
    said = scenario.ask("log nobody")
    return None if "nothing of that name" in said else f"wanted: an error; got: {said!r}"


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    settings = qemu.settings_of("small")
    settings["icount"] = "sleep"
    machine = console.Machine(qemu.command_for("small", args.build, settings))
    scenario = console.Scenario(machine, args.timeout)
    with console.conversation(scenario, args):
        scenario.step("boots", lambda: machine.wait_for(console.PROMPT, args.timeout) and None)
        scenario.step("a_restart_is_noted", lambda: restart_is_noted(scenario))
        scenario.step("a_line_is_kept", lambda: line_is_kept(scenario))
        scenario.step("last_words_are_kept", lambda: last_words_are_kept(scenario))
        scenario.step("nothing_acknowledged_is_lost", lambda: nothing_is_lost(scenario))
        scenario.step("a_flood_hurts_nobody_else", lambda: flood_hurts_nobody(scenario))
        scenario.step("the_wardens_lines_outlive_it", lambda: warden_goes_on(scenario))
        scenario.step("times_rise", lambda: times_rise(scenario))
        scenario.step("who_is_not_there_is_told", lambda: unknown_is_told(scenario))
        scenario.step("powers_off", lambda: console.Machine.type(machine, "poweroff\r") or
                      machine.wait_for("goodbye", args.timeout) and None)
    console.conclude(scenario)


if __name__ == "__main__":
    main()
