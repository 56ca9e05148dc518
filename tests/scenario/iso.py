#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CD images started by GRUB, on BIOS (SeaBIOS) and on UEFI (OVMF): the default system with its disk and network, on one core and on
two, and the picture that a program draws; run from the top of the tree.

In the host's time: firmware waits in loops, which guest time would make last for minutes.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import argparse
import json
import os
import random
import socket
import sys
import tempfile

import console
import files
import qemu
import web

FIRMWARES = ("bios", "uefi")


def converse(scenario, name, cores):
    machine = scenario.machine
    scenario.step(f"{name}_shows_the_prompt", lambda: scenario.prompt() and None)
    if cores > 1:
        scenario.step(f"{name}_starts_its_cores", lambda: None if f"Pith: {cores} cores" in machine.log else
                      f"wanted: {cores} cores; got: {machine.log[-600:]!r}")
    scenario.does(f"{name}_serves_a_page",
                  lambda: scenario.curl("--retry", "9", "--retry-all-errors", scenario.url("/")) and None)
    scenario.does(f"{name}_serves_files_from_the_disk", lambda: web.tree_is_right(scenario))
    scenario.says(f"{name}_reads_the_disk_at_the_console", "sum /sparse", files.sha256_of(f"{scenario.top}/sparse"))
    scenario.says(f"{name}_measures_calls", "ping-pong", r"^1000 round trips")
    console.machine_type_poweroff(scenario, f"{name}_powers_off")


def system_answers(args, top, image, system, firmware):
    cores = qemu.settings_of(system)["cores"]
    scenario = web.Web(args.build, args.timeout, image, top, system=system, icount=False, firmware=firmware)
    try:
        converse(scenario, f"{system}_on_{firmware}", cores)
    finally:
        scenario.machine.end(0 if scenario.lost else 1)
        if args.log:
            with open(args.log, "a", encoding="utf-8") as log:
                log.write(scenario.machine.log)
    return scenario.passed, scenario.failed


def monitor_says(path, name, arguments):
    """One command of QEMU's monitor protocol."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(30)
        one.connect(path)
        stream = one.makefile("rw")
        stream.readline()
        for command in ({"execute": "qmp_capabilities"}, {"execute": name, "arguments": arguments}):
            stream.write(json.dumps(command) + "\n")
            stream.flush()
            reply = {}
            while "return" not in reply:
                reply = json.loads(stream.readline())
                if "error" in reply:
                    raise OSError(f"{name}: {reply['error']['desc']}")


def picture_read(path):
    """Width, height and the bytes of a binary PPM file."""
    with open(path, "rb") as file:
        kind, size, most, pixels = file.read().split(b"\n", 3)
    if kind != b"P6" or most != b"255":
        raise ValueError(f"no picture that this can read: {kind!r}, {most!r}")
    width, height = map(int, size.split())
    return width, height, pixels


def picture_drawn(width, height):
    """What tests/boot/framebuffer draws."""
    return b"".join(bytes((x * 255 // (width - 1), y * 255 // (height - 1), (x ^ y) & 255))
                    for y in range(height) for x in range(width))


def picture_is_right(machine, folder, timeout_s):
    machine.wait_for("2 passed, 0 failed", timeout_s)
    path = os.path.join(folder, "picture.ppm")
    monitor_says(os.path.join(folder, "monitor"), "screendump", {"filename": path})
    width, height, pixels = picture_read(path)
    if (width, height) != (1024, 768):
        return f"wanted: 1024 x 768 pixels; got: {width} x {height}"
    wanted = picture_drawn(width, height)
    wrong = sum(pixels[at:at + 3] != wanted[at:at + 3] for at in range(0, len(wanted), 3))
    return f"wanted: the picture that was drawn; got: {wrong} other pixels" if wrong or len(pixels) != len(wanted) else None


def picture_is_seen(args, folder, system):
    """After power off the machine stands still instead of going, so that its screen can be looked at."""
    settings = qemu.settings_of(system)
    command = qemu.command_for(system, args.build, settings)
    command += ["-no-shutdown", "-qmp", f"unix:{folder}/monitor,server=on,wait=off"]
    at = next(at for at, word in enumerate(command) if word.startswith("isa-debug-exit"))
    del command[at - 1:at + 1]
    scenario = console.Scenario(console.Machine(command), args.timeout)
    try:
        scenario.step(f"{system}_is_seen_on_the_screen", lambda: picture_is_right(scenario.machine, folder, args.timeout))
    finally:
        scenario.machine.end(0)
    return scenario.passed, scenario.failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for each step")
    parser.add_argument("--seed", type=int, default=1, help="of what lies on the disk")
    parser.add_argument("--log", help="write all that the systems said here")
    args = parser.parse_args()
    done = []
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "tree")
        web.make_tree(top, random.Random(args.seed))
        image = os.path.join(folder, "disk.img")
        files.make_image(image, top, "-b", "4096")
        for firmware in FIRMWARES:
            done.append(system_answers(args, top, image, "default", firmware))
        done.append(system_answers(args, top, image, "two", "uefi"))
        for system in ("framebuffer", "framebuffer_uefi"):
            done.append(picture_is_seen(args, folder, system))
    passed, failed = (sum(numbers) for numbers in zip(*done))
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


if __name__ == "__main__":
    main()
