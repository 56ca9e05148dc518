#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Use the shell as a person does, with all its keys and commands; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...` for each step, and `N passed, N failed` last.
"""
import hashlib
import os
import re
import subprocess
import tempfile
import time

import console
import disk
import files
import qemu
import web

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


def offers(shell, typed, line, *wanted):
    """Two Tabs show what there is, and the line goes on."""
    shell.machine.type(typed + "\t\t")
    shown = shell.machine.wait_for(PROMPT + line, shell.timeout_s)
    shell.machine.type(CTRL_C)
    shell.machine.wait_for(PROMPT, shell.timeout_s)
    missing = [name for name in wanted if name not in shown.split()]
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
    shell.step("tab_offers_what_there_is", lambda: offers(shell, "p", "p", "programs", "ping-pong", "ps", "poweroff"))
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


CAPS = [  # of the console of the small system: slot, type, rights, badge, size, what
    ("1", "CAP_TABLE", "manage", "", "128 slots", "table"), ("3", "THREAD", "lend", "", "", "thread"),
    ("5", "MACHINE", "read write", r"\w+", "", "machine"), ("8", "ENDPOINT", "receive", "", "", "endpoint"),
    ("9", "NOTIFICATION", "signal wait", "", "", "events"),
    (r"\d+", "ENDPOINT", "call grant", "0x1", "", "system, of warden"),
    (r"\d+", "ENDPOINT", "call grant", "0x1", "", "echo, of echo"), (r"\d+", "ENDPOINT", "call", r"\w+", "", "faults"),
    (r"\d+", "FRAME", "read write", "", "4 KiB", "stats"),
    (r"\d+", "FRAME", "read write", "", "32 KiB", "session log, with log"),
    (r"\d+", "NOTIFICATION", "signal", r"\w+", "", "bell of session log, with log"),
]


def caps_are_told(shell):
    """Those that the system's file gives, and no way to others; as many rows as it says."""
    answer = shell.ask("caps console")
    for row in CAPS:
        if not re.search("^ *" + " +".join(cell for cell in row if cell) + "$", answer, re.M):
            return f"caps: wanted: {row}; got: {answer!r}"
    rows = table(answer, " slot ")
    slots = [int(row[0]) for row in rows[:-1]]
    if rows[-1] != [str(len(slots)), "capabilities"] or slots != sorted(set(slots)):
        return f"caps: wanted: rising slots, and how many; got: {answer!r}"
    if ", of " in shell.ask("caps echo"):
        return "caps: wanted: nobody whom echo may call"
    return None


def given_to(shell, program):
    """What it was given; what it made itself comes and goes."""
    return [row for row in table(shell.ask(f"caps {program}"), " slot ")[:-1] if row[-2:] != ["its", "own"]]


def caps_of_a_new_life(shell):
    """Two lives of a program are given the same; one that is down has nothing."""
    before = given_to(shell, "echo")
    console.comes_soon(shell, "fail echo", "echo restarted")
    after = given_to(shell, "echo")
    shell.ask("kill echo")
    down = shell.ask("caps echo")
    shell.ask("start echo")
    return None if before == after and "echo does not run" in down else f"got: {before!r} {after!r} {down!r}"


def capabilities_are_shown(shell):
    shell.step("capabilities_are_told", lambda: caps_are_told(shell))
    shell.step("a_new_life_has_the_same", lambda: caps_of_a_new_life(shell))
    for who, what in (("nobody", "there is no program `nobody`"), ("crasher", "crasher does not run"),
                      ("warden", "the warden's table is init's"), ("", "of which program")):
        shell.says(f"caps_of_{who or 'nothing'}_are_none", f"caps {who}", what)


def trace_is_plausible(shell):
    """Whom the warden asks every 20 ms, and who writes 200 lines a second, are seen to do so."""
    shell.ask(f"start herald count {LINES}")
    answer = shell.ask("trace 1")
    if " acknowledged" not in answer:
        shell.machine.wait_for(" acknowledged", shell.timeout_s)
    head = re.search(r"(\d+)\.(\d+) s: (\d+) events, (\d+) lost; \d+ interrupts; threads ran (\d+) us of (\d+)", answer)
    if not head:
        return f"trace: wanted: what was recorded; got: {answer!r}"
    events, lost, ran, whole = (int(head[n]) for n in (3, 4, 5, 6))
    rows = {}
    for line in answer[head.end():].split("\n"):
        cells = re.fullmatch(r"(\S+|\(init, warden\)) +" + " +".join([r"(\d+)"] * 7) + r" +(\d+\.\d)", line)
        if cells:
            rows[cells[1]] = [int(cells[n]) for n in range(2, 9)]
    if not {"console", "log", "herald", "echo", "(init, warden)"} <= set(rows) or "crasher" in rows:
        return f"trace: wanted: who ran, and nobody else; got: {answer!r}"
    if events < 2000 or lost > events or not 900_000 < whole < 1_200_000 or \
            abs(sum(row[6] for row in rows.values()) - ran) > len(rows) or ran > whole:
        return f"trace: wanted: a second, and rows that add up to what ran in it; got: {answer!r}"
    # threads, calls, of kernel, faults, switches, longest, ran
    if not 30 < rows["echo"][1] < 80 or rows["log"][1] < 100 or rows["herald"][1] < 100 or \
            rows["(init, warden)"][0] != 3 or any(row[3] for row in rows.values()):
        return f"trace: wanted: about 50 calls of echo, over 100 of log and herald, no faults; got: {rows}"
    return None


def reboots(shell):
    """The machine starts anew: its clock begins again."""
    before = float(re.search(r"(\d+\.\d+) s since", shell.ask("time"))[1])
    shell.machine.type("reboot\r")
    shell.machine.wait_for("goodbye, until soon", shell.timeout_s)
    shell.machine.wait_for(PROMPT, shell.timeout_s)
    after = float(re.search(r"(\d+\.\d+) s since", shell.ask("time"))[1])
    return None if after < before else f"time: wanted: less than {before}; got: {after}"


def converse_without_devices(args, folder):
    settings = qemu.settings_of("small") | {"icount": "sleep", "reboots": True}
    shell = Shell(console.Machine(qemu.command_for("small", args.build, settings)), args.timeout)
    yield shell
    shell.step("the_shell_is_there", lambda: shell.machine.wait_for(PROMPT, args.timeout) and None)
    lines_are_edited(shell)
    programs_are_shown(shell)
    capabilities_are_shown(shell)
    shell.step("trace_shows_who_does_what", lambda: trace_is_plausible(shell))
    for seconds in ("99", "never"):
        shell.says(f"trace_refuses_{seconds}", f"trace {seconds}", "number of seconds from 1 to 60")
    shell.says("no_network_is_told", "ip", "no network for the console in this system")
    shell.step("reboot_starts_the_machine_anew", lambda: reboots(shell))
    console.machine_type_poweroff(shell)


# --- with a disk and a network ---

ADDRESSES = [r"^link +up, 52:54:00:12:34:56, mtu 1500$", r"^address +10\.0\.2\.15/24, by DHCP$",
             r"^address +fe80::5054:ff:fe12:3456/64, made by itself$", r"^address +127\.0\.0\.1/8, loopback$",
             r"^gateway +10\.0\.2\.2, by DHCP$", r"^name server +10\.0\.2\.3$"]


def addresses_come(shell):
    """What QEMU's network gives, once DHCP is done."""
    end = time.monotonic() + shell.timeout_s
    missing = ADDRESSES
    while missing and time.monotonic() < end:
        answer = shell.ask("ip")
        missing = [pattern for pattern in ADDRESSES if not re.search(pattern, answer, re.M)]
        time.sleep(0.3)  # guest time goes by quicker while the guest is idle
    return f"ip: wanted: {missing}; got: {answer!r}" if missing else None


def counts_of(shell):
    """Frames received and sent, segments received, drivers replaced. What the warden says may stand in between: then again."""
    end = time.monotonic() + shell.timeout_s
    while True:
        answer = shell.ask("ip")
        found = [re.search(pattern, answer) for pattern in
                 (r"frames +(\d+) received", r"received, (\d+) sent, \d+ dropped", r"segments: (\d+) received",
                  r"(\d+) drivers replaced")]
        if all(found):
            return [int(match[1]) for match in found]
        if time.monotonic() > end:
            raise console.Silence(f"wanted: counts; got: {answer!r}")


def counts_grow(shell, port):
    """A page that was fetched is seen in all of them; a driver that died, too."""
    before = counts_of(shell)
    subprocess.run(["curl", "-sS", "-m", str(shell.timeout_s), "-o", "/dev/null", f"http://127.0.0.1:{port}/"], check=True)
    after = counts_of(shell)
    if any(new <= old for new, old in zip(after[:3], before[:3])) or after[3] != before[3]:
        return f"ip: wanted: more frames and segments than {before}; got: {after}"
    console.comes_soon(shell, "fail netcard", "net: the link is up")
    end = time.monotonic() + shell.timeout_s
    while counts_of(shell)[3] == before[3]:
        if time.monotonic() > end:
            return "ip: wanted: another driver"
    return None


DRIVER = [r"bar\d", "io_space", "pci, of pci", "session block, with files", "bell of session block, with files", "irq"]


def drivers_caps(shell):
    answer = shell.ask("caps disk")
    missing = [what for what in DRIVER if not re.search(rf"  {what}$", answer, re.M)]
    extra = re.search(r", (of|with) (?!pci$|files$)\S+$", answer, re.M)
    return f"caps: wanted: {missing}, and nobody else's; got: {answer!r}" if missing or extra else None


def paths_are_completed(shell, data):
    shell.keys("a_path_is_completed", "sum /some\tone\t\r", hashlib.sha256(data).hexdigest())
    shell.keys("names_of_all_kinds_are_completed", "sum /some\t\u00fc\t\r", hashlib.sha256(b"odd").hexdigest())
    shell.step("tabs_show_a_directory", lambda: offers(shell, "ls /some\t", "ls /something/", "one.bin", "two"))


def converse_with_devices(args, folder):
    data = os.urandom(300000)
    files.write(f"{folder}/top/something/one.bin", data)
    files.write(f"{folder}/top/something/\u00fcmlaut", b"odd")
    files.write(f"{folder}/top/something/two", b"2")
    files.make_image(f"{folder}/disk.img", f"{folder}/top", size="16M")
    port = web.free_port()
    settings = qemu.settings_of("default") | {"icount": "sleep", "reboots": True, "devices": disk.file_backed(
        f"{folder}/disk.img") + ["-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:80", "-device",
                                 "virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile=",
                                 "-device", "virtio-rng-pci,disable-legacy=on,iommu_platform=on"]}
    shell = Shell(console.Machine(qemu.command_for("default", args.build, settings)), args.timeout)
    yield shell
    shell.step("the_shell_is_there_with_devices", lambda: shell.machine.wait_for(PROMPT, args.timeout) and None)
    paths_are_completed(shell, data)
    shell.step("addresses_are_shown", lambda: addresses_come(shell))
    shell.step("counts_grow", lambda: counts_grow(shell, port))
    shell.step("a_driver_has_its_device_and_no_more", lambda: drivers_caps(shell))
    shell.says("trace_sees_them_all", "trace 1", *(rf"^{who} +1 +\d+ " for who in ("disk", "files", "net", "console", "uart")))
    shell.step("reboot_quiets_devices", lambda: reboots(shell))
    shell.says("files_are_read_after_it", "sum /something/one.bin", hashlib.sha256(data).hexdigest())
    shell.step("the_network_is_there_after_it", lambda: addresses_come(shell))
    console.machine_type_poweroff(shell, "poweroff_quiets_devices")


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for part in (converse_without_devices, converse_with_devices):
            conversation = part(args, folder)
            done.append(next(conversation))
            with console.conversation(done[-1], args):
                next(conversation, None)
    console.conclude(*done)


if __name__ == "__main__":
    main()
