#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Boot a system with a source of random numbers, of which this test knows what it gives, and let its driver die and hang
while numbers are drawn; run from the top of the tree.

The emulated device gives the numbers 0, 1, 2 ... of 32 bits. Nobody may see one twice, or one that it never gave.
"""
import os
import re
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../tools")]

import qemu  # noqa: E402
from console import (PROMPT, Machine, Scenario, conclude, conversation, machine_type_poweroff,  # noqa: E402
                     parser_for)

NUMBERS = 1 << 18
HANGS = ["loop", "lock", "irq", "call", "wait"]
SLOW = 48  # bytes a second


class Draws(Scenario):
    """A system whose console starts dice."""

    def __init__(self, build, folder, timeout_s, limit):
        path = os.path.join(folder, "numbers")
        with open(path, "wb") as file:
            file.write(b"".join(struct.pack(">I", number) for number in range(NUMBERS)))
        settings = qemu.settings_of("random") | {"icount": "sleep", "devices": [
            "-object", f"rng-random,id=source,filename={path}",
            "-device", f"virtio-rng-pci,rng=source,disable-legacy=on,iommu_platform=on{limit}"]}
        super().__init__(Machine(qemu.command_for("random", build, settings)), timeout_s)
        self.seen = set()

    def said(self, word):
        """All up to the end of a line that has the word in it."""
        return self.machine.wait_for(word, self.timeout_s) + self.machine.wait_for("\n", self.timeout_s)

    def take(self, text, draws, count):
        """What is wrong with the numbers in what dice has said."""
        lines = re.findall(r"dice: ([0-9a-f]+)$", text, re.M)
        if len(lines) != draws or any(len(line) != 2 * count for line in lines):
            return f"wanted: {draws} draws of {count} bytes; got: {text!r}"
        data = bytes.fromhex("".join(lines))
        for number in struct.unpack(f">{len(data) // 4}I", data):
            if number >= NUMBERS or number in self.seen:
                return f"wanted: a number that nobody has seen; got: {number}"
            self.seen.add(number)
        return None

    def draw(self, draws, count):
        self.machine.type(f"start dice {draws} {count}\r")
        why = self.take(self.said(f"dice: {draws} of {draws} draws"), draws, count)
        self.machine.wait_for("dice destroyed", self.timeout_s)
        return why

    def harm(self, line):
        """The driver is replaced, before or in the middle of what is drawn then."""
        wanted = "warden: random restarted"
        before = self.machine.log.count(wanted)
        self.machine.type(f"{line}\r")
        why = self.draw(30, 128)
        while self.machine.log.count(wanted) == before:
            self.machine.wait_for("\n", self.timeout_s)
        return why


def waits(draws):
    """The source gives so little that who draws must wait; its driver dies meanwhile."""
    draws.machine.type("start dice 4 48 60\r")
    draws.machine.wait_for("done", draws.timeout_s)
    draws.machine.type("fail random\r")
    draws.machine.wait_for("warden: random restarted", draws.timeout_s)
    text = draws.said("dice: 4 of 4 draws")
    took_ms = int(re.search(r"4 of 4 draws in (\d+) ms", text)[1])
    if took_ms < 1000:
        return f"wanted: a wait of some seconds; got: {took_ms} ms"
    lines = "".join(f"dice: {line}\n" for line in re.findall(r"dice: ([0-9a-f]{96})$", draws.machine.log, re.M)[-4:])
    return draws.take(lines, 4, 48)


def gives_up(draws):
    draws.machine.type("start dice 20 128 1\r")
    text = draws.said("of 20 draws")
    return None if "TIMED_OUT" in text else f"wanted: TIMED_OUT; got: {text!r}"


def starts(draws):
    draws.machine.wait_for(PROMPT, draws.timeout_s)
    return None


def fast(draws):
    draws.step("console_shows_its_prompt", lambda: starts(draws))
    draws.step("numbers_are_drawn", lambda: draws.draw(5, 32))
    draws.step("many_numbers_are_drawn", lambda: draws.draw(100, 128))
    for number in range(5):
        draws.step(f"the_driver_dies_{number}", lambda: draws.harm("fail random"))
    for how in HANGS:
        draws.step(f"the_driver_hangs_{how}", lambda: draws.harm(f"hang random {how}"))
    draws.step("the_pci_server_dies", lambda: draws.ask("fail pci") and None)
    draws.step("numbers_are_drawn_after_all_that", lambda: draws.draw(10, 128))
    machine_type_poweroff(draws)


def slow(draws):
    draws.step("console_shows_its_prompt_again", lambda: starts(draws))
    draws.step("who_draws_waits_for_the_source_over_a_death", lambda: waits(draws))
    draws.step("who_draws_too_much_gives_up_in_time", lambda: gives_up(draws))


class Network(Scenario):
    """The default system, on a processor without a generator; without the source, too, if it has none."""

    def __init__(self, build, timeout_s, has_source):
        source = ["-object", "rng-builtin,id=random",
                  "-device", "virtio-rng-pci,rng=random,disable-legacy=on,iommu_platform=on"]
        settings = qemu.settings_of("default") | {"icount": "sleep", "devices": [
            "-cpu", "max,-rdrand", "-netdev", "user,id=net,restrict=on",
            "-device", "virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile="] + source * has_source}
        super().__init__(Machine(qemu.command_for("default", build, settings)), timeout_s)

    def seeds(self, wanted):
        self.machine.wait_for("net: the link is up", self.timeout_s)
        found = "net: no source of random numbers" in self.machine.log
        return None if found == wanted else f"wanted: {'a' if wanted else 'no'} word on the seed; got: {self.machine.log!r}"


def with_source(network):
    network.step("the_network_takes_its_seed_from_the_source", lambda: network.seeds(False))


def without_source(network):
    network.step("without_any_source_it_says_so_and_goes_on", lambda: network.seeds(True))


def main():
    args = parser_for(__doc__, 60).parse_args()
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for converse, make in (
                (fast, lambda: Draws(args.build, folder, args.timeout, "")),
                (slow, lambda: Draws(args.build, folder, args.timeout, f",max-bytes={SLOW},period=1000")),
                (with_source, lambda: Network(args.build, args.timeout, True)),
                (without_source, lambda: Network(args.build, args.timeout, False))):
            done.append(make())
            with conversation(done[-1], args):
                converse(done[-1])
    conclude(*done)


if __name__ == "__main__":
    main()
