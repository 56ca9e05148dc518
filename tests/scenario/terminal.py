#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot small systems whose consoles are at a terminal with a driver of its own, and let the driver die and hang in every
way, in the middle of what it shows and of what is typed; run from the top of the tree.

At a 16550 nothing that was typed or shown may be lost; at most the byte in the driver's hand is shown twice. At a virtio
console, which is a socket here, that is the piece in the device's hand, and what the device had put into the memory of a
driver that did not look at it is gone with that.
"""
import os
import re
import selectors
import socket
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../tools")]

import qemu  # noqa: E402
from console import (OTHERS, PROMPT, SILENT_S, Machine, Scenario, Silence, conclude, conversation,  # noqa: E402
                     machine_type_poweroff, parser_for, told_apart)

HANGS = ["loop", "lock", "wait"]
ROUNDS = 3
SYSTEMS = {"terminal": "uart", "virtio_console": "port"}


class Typist(Machine):
    """Tells what the console shows from what others say on the same line, even in the middle of a word."""

    ALONE = re.compile(rf"^{OTHERS}[^\n]*\n", re.M)

    def hear(self, end, wanted):
        """More of what comes; the others are in the log only."""
        left = end - time.monotonic()
        if left <= 0:
            raise Silence(f"wanted: {wanted!r}; got: {self.unread[-300:]!r}; in all: {self.log[-300:]!r}")
        if not self.selector.select(min(left, SILENT_S)):
            self.wake()
            return
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise Silence(f"wanted: {wanted!r}; got the end of the system: {self.log[-300:]!r}")
        part = data.decode("utf-8", "replace").replace("\r", "")
        self.log += part
        self.unread = self.ALONE.sub("", told_apart(self.unread + part))

    def wait_for(self, text, timeout_s):
        end = time.monotonic() + timeout_s
        while text not in self.unread:
            self.hear(end, text)
        at = self.unread.index(text) + len(text)
        found, self.unread = self.unread[:at], self.unread[at:]
        return found

    def wait_said(self, text, before, timeout_s):
        """Others say this once more than `before` times."""
        end = time.monotonic() + timeout_s
        while self.log.count(text) <= before:
            self.hear(end, text)


class SocketTypist(Typist):
    """The same at a socket: others are heard at the serial port, and do not disturb."""

    def __init__(self, command, path, timeout_s):
        super().__init__(command)
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + timeout_s
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
        self.selector.register(self.socket, selectors.EVENT_READ)

    def hear(self, end, wanted):
        found = self.selector.select(max(min(end - time.monotonic(), SILENT_S), 0))
        if not found:
            self.wake()
        for key, _ in found:
            is_socket = key.fileobj is self.socket
            data = self.socket.recv(65536) if is_socket else os.read(self.process.stdout.fileno(), 65536)
            part = data.decode("utf-8", "replace").replace("\r", "")
            if is_socket:
                self.unread += part
            else:
                self.log += part
            if not data:
                self.selector.unregister(key.fileobj)
        if time.monotonic() > end:
            raise Silence(f"wanted: {wanted!r}; got: {self.unread[-300:]!r}; others: {self.log[-300:]!r}")

    def type(self, text):
        self.socket.sendall(text.encode())


def starts(scenario):
    scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None


def typed_ahead(scenario):
    """All of a burst is read, though the console was busy when it came."""
    scenario.machine.type("ping-pong\r" + "".join(f"nonsense{n}\r" for n in range(40)))
    for n in range(40):
        scenario.machine.wait_for(f"pith> nonsense{n}\n", scenario.timeout_s)
        scenario.machine.wait_for("no such command", scenario.timeout_s)
    scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None


def too_much_typed(scenario):
    """More than all buffers hold: the other end is asked to wait, and nothing is lost."""
    scenario.machine.type("ping-pong\r" + "\x15" * 6000 + "time\r")
    scenario.machine.wait_for("s since boot", scenario.timeout_s)
    scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None


def harm(scenario, line, wanted):
    """What is wanted is said, and the console goes on: all that it shows comes, at most a byte of it twice."""
    before = scenario.machine.log.count(wanted)
    scenario.machine.type(line + "\r")
    scenario.machine.wait_said(wanted, before, scenario.timeout_s)
    answer = scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    again = r"(?:.*\n)*?" if isinstance(scenario.machine, SocketTypist) else r"(.)?"
    if not re.match(again + line + r"\n" + again + r"done\n", answer):
        return f"{line}: wanted: the line, and done; got: {answer!r}"
    said = scenario.ask("crash")
    if not re.search(r"^crasher is faulted \(NOT_PRESENT at .* all given back$", said, re.M):
        return f"crash after {line}: wanted: that it was handled; got: {said!r}"
    return None


def hangs_at_interrupt(scenario, driver):
    """What is typed then stays in the device, and its next driver finds it there."""
    for _ in range(2):
        wanted = f"warden: {driver} restarted"
        before = scenario.machine.log.count(wanted)
        scenario.ask(f"hang {driver} irq")
        scenario.machine.type("time\r")
        scenario.machine.wait_said(wanted, before, scenario.timeout_s)
        answer = scenario.machine.wait_for(PROMPT, scenario.timeout_s)
        if not re.match(r"time\n\d+\.\d+ s since boot\n", answer):
            return f"wanted: the time; got: {answer!r}"
    return None


def dies_while_typing(scenario, driver):
    """A line of which one half is typed before the driver dies, and the other while it is down."""
    for _ in range(ROUNDS):
        scenario.machine.type(f"fail {driver}\rti")
        scenario.machine.type("me\r")
        scenario.machine.wait_for("s since boot", scenario.timeout_s)
        scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None


def console_dies(scenario, line):
    """What was typed ahead is there for the console's successor."""
    before = scenario.machine.log.count("console restarted")
    scenario.machine.type(f"{line}\rtime\r")
    scenario.machine.wait_said("console restarted", before, scenario.timeout_s)
    scenario.machine.wait_for("s since boot", scenario.timeout_s)
    scenario.machine.wait_for(PROMPT, scenario.timeout_s)
    return None


def converse(scenario, driver, keeps):
    """keeps: what was typed is in the device, and not in memory that goes with its driver."""
    scenario.step(f"{driver}_console_shows_its_prompt", lambda: starts(scenario))
    scenario.says(f"{driver}_console_answers", "time", r"^\d+\.\d+ s since boot")
    scenario.step(f"{driver}_what_is_typed_ahead_is_read", lambda: typed_ahead(scenario))
    scenario.step(f"{driver}_who_types_too_much_waits", lambda: too_much_typed(scenario))
    for number in range(ROUNDS):
        scenario.step(f"{driver}_dies_{number}",
                      lambda: harm(scenario, f"fail {driver}", f"warden: {driver} restarted"))
    for how in HANGS:
        scenario.step(f"{driver}_hangs_{how}",
                      lambda: harm(scenario, f"hang {driver} {how}", f"warden: {driver} restarted"))
    if keeps:
        scenario.step("what_was_typed_outlives_a_driver_that_hangs", lambda: hangs_at_interrupt(scenario, driver))
        scenario.step("it_dies_while_somebody_types", lambda: dies_while_typing(scenario, driver))
    scenario.step(f"console_at_{driver}_dies", lambda: console_dies(scenario, "fail console"))
    scenario.step(f"console_at_{driver}_hangs", lambda: console_dies(scenario, "hang console"))
    scenario.step(f"the_warden_dies_beside_{driver}",
                  lambda: harm(scenario, "fail warden", "init: warden number 2 goes on"))
    scenario.step(f"the_new_warden_replaces_{driver}",
                  lambda: harm(scenario, f"fail {driver}", f"warden: {driver} restarted"))
    machine_type_poweroff(scenario, f"poweroff_at_{driver}")


def machine_for(system, args, folder):
    settings = qemu.settings_of(system) | {"icount": "sleep"}
    path = os.path.join(folder, "socket")
    settings["devices"] = [re.sub(r"path=[^,]*", f"path={path}", word) for word in settings["devices"]]
    command = qemu.command_for(system, args.build, settings)
    return Typist(command) if system == "terminal" else SocketTypist(command, path, args.timeout)


def main():
    args = parser_for(__doc__, 60).parse_args()
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for system, driver in SYSTEMS.items():
            done.append(Scenario(machine_for(system, args, folder), args.timeout))
            with conversation(done[-1], args):
                converse(done[-1], driver, system == "terminal")
    conclude(*done)


if __name__ == "__main__":
    main()
