#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The warden dies in the middle of each single step of a recovery, and of building the system; run from the top.

The program `harm` (tests/harm) goes through the steps of a recovery in the running system `attack`. Of building, each
step is a boot of its own, so without --all only some of them are tried. Prints `ok NAME` or `FAIL NAME: ...`, and
`N passed, N failed` last.
"""
import os
import re
import struct
import tempfile

import console
import qemu

from system import layout

SYSTEM = "attack"
BOOTS = 6  # without --all
STEPS_MAX = 100000

# What the system must look like after its boot.
PROGRAMS = {"console": "running", "pci": "running", "disk": "running", "echo": "running",
            "diskcheck": "stopped", "stray": "stopped", "harm": "stopped", "files": "running", "netcard": "running", "attacker": "stopped",
            "random": "running", "line": "running", "brief": "stopped"}


class System(console.Scenario):
    def __init__(self, args, archive=None):
        settings = qemu.settings_of(SYSTEM)
        command = qemu.command_for(SYSTEM, args.build, settings)
        if archive:
            command[command.index("-initrd") + 1] = archive
        super().__init__(console.Machine(command), args.timeout)

    def boots(self):
        return self.machine.wait_for(console.PROMPT, self.timeout_s)

    def end(self):
        self.machine.end(0)


def recoveries(scenario, args):
    """Each step of a recovery by a fault, some by a hang, which take this machine longer."""
    some, few = (1, 1) if args.all else (5, 19)
    for words in ("fault fail echo", "fault fail disk", "fault fail line", f"fault fail pci 1 {some}", "fault kill echo",
                  f"fault kill disk 2 {some}", f"hang fail echo 1 {few}", f"hang fail disk 3 {few}",
                  f"hang kill echo 5 {few}", "fault start brief", "fault twice echo"):
        def action(words=words):
            victim = words.split()[2]
            said = scenario.ask(f"start harm steps {words}")
            if f"steps: {victim}: the warden" not in said:
                said += scenario.machine.wait_for(f"steps: {victim}: the warden", scenario.timeout_s)
            said = scenario.machine.wait_for("warden: harm destroyed", scenario.timeout_s)
            scenario.align()
            match = re.search(r"died (\d+) times in it; the system was not whole (\d+) times$", said, re.M)
            if not match or match[2] != "0" or int(match[1]) < 3:
                return f"wanted: several deaths, each survived; got: {said!r}"
            print(f"note: {words}: the warden died at {match[1]} steps")
            return None
        scenario.step("a_death_at_each_step_" + re.sub(r"\W+", "_", words), action)


def field_of(record, field):
    """(offset, code) of a field of the description."""
    names = [name for name, _ in layout.FIELDS[record]]
    codes = [code for _, code in layout.FIELDS[record]]
    number = names.index(field)
    return struct.calcsize("<" + "".join(codes[:number])), codes[number]


def archive_with(build, path, header=(), programs=()):
    """The system's archive with other values: header: (field, value); programs: (name, field, value)."""
    with open(os.path.join(build, "systems", SYSTEM + ".cpio"), "rb") as file:
        data = bytearray(file.read())
    at = data.index(struct.pack("<QI", layout.CONSTANTS["DESCRIPTION_MAGIC"],
                                layout.CONSTANTS["DESCRIPTION_VERSION"]))
    for field, value in header:
        offset, code = field_of("HEADER", field)
        struct.pack_into("<" + code, data, at + offset, value)
    first = at + layout.size_of("HEADER")
    for name, field, value in programs:
        entry = first
        while data[entry + field_of("PROGRAM", "name")[0]:].split(b"\0", 1)[0] != name.encode():
            entry += layout.size_of("PROGRAM")
        offset, code = field_of("PROGRAM", field)
        struct.pack_into("<" + code, data, entry + offset, value)
    with open(path, "wb") as file:
        file.write(data)
    return path


def archive_dying_at(build, folder, step):
    """The same, in which the first warden dies at that step of building."""
    return archive_with(build, f"{folder}/step{step}.cpio", [("death_step", step)])


def is_whole(system, memory):
    """After a boot in which a warden died."""
    said = system.ask("programs")
    for name, state in PROGRAMS.items():
        if not re.search(rf"^{name} +{state} ", said, re.M):
            return f"wanted: {name} {state}; got: {said!r}"
    found = console.owners(system.ask("memory"))
    if memory and found != memory:
        return f"wanted: {memory}; got: {found}"
    if "round trips" not in system.ask("ping-pong"):
        return "wanted: an answer of echo"
    said = system.ask("start harm hang disk loop")
    if "harm destroyed" not in said:
        said += system.machine.wait_for("harm destroyed", system.timeout_s)
    return None if "ok hang: disk: OK;" in said else f"wanted: a disk that hangs and comes back; got: {said!r}"


def death_at(args, folder, step, memory):
    """(why it is not whole, whether there was a death)"""
    system = System(args, archive_dying_at(args.build, folder, step))
    try:
        said = system.boots()
        why = is_whole(system, memory)
        return why, "this is the step at which it dies" in said
    except console.Silence as error:
        return str(error), True
    finally:
        system.end()


def too_little_memory(args, folder):
    """What does not fit stays out, and says so; all else runs."""
    system = System(args, archive_with(args.build, f"{folder}/poor.cpio", programs=[
        ("files", "session_bytes", 1 << 40), ("netcard", "memory_bytes", 1 << 40)]))
    try:
        said = system.boots()
        for text in ("netcard cannot be built: its 1073741824 KiB are not there (NO_MEMORY)",
                     "harm cannot be built: the 1073741824 KiB that it shares with files are not there (NO_MEMORY)"):
            if text not in system.machine.log:
                return f"wanted: {text!r}; got: {said!r}"
        states = dict(PROGRAMS, netcard="degraded")
        listed = system.ask("programs")
        for name, state in states.items():
            if not re.search(rf"^{name} +{state} ", listed, re.M):
                return f"wanted: {name} {state}; got: {listed!r}"
        for name in ("harm", "netcard"):
            text = f"{name} does not start: there is no memory for all that it needs (NO_MEMORY)"
            if text not in system.ask(f"start {name}"):
                return f"wanted: {text!r}"
        if "round trips" not in system.ask("ping-pong"):
            return "wanted: an answer of echo"
        said = system.ask("memory") + system.ask("recovery")
        return None if "anew 0 times" in said else f"wanted: one warden; got: {said!r}"
    except console.Silence as error:
        return str(error)
    finally:
        system.end()


def building(scenario, args, folder):
    def memory_of_a_quiet_boot():
        system = System(args)
        try:
            system.boots()
            found = console.owners(system.ask("memory"))
            return is_whole(system, found), found
        finally:
            system.end()

    def count():
        """How many steps there are."""
        system = System(args, archive_dying_at(args.build, folder, STEPS_MAX))
        try:
            return STEPS_MAX - int(re.search(r"(\d+) steps before its end", system.boots())[1])
        finally:
            system.end()

    def action():
        why, memory = memory_of_a_quiet_boot()
        if why:
            return why
        steps = count()
        tried = range(1, steps + 1) if args.all else range(1, steps + 1, max(1, steps // BOOTS))
        for step in tried:
            why, died = death_at(args, folder, step, memory)
            if why or not died:
                return f"step {step} of {steps}: {why or 'there was no death'}"
        print(f"note: building: the warden died at {len(tried)} of {steps} steps")
        return None
    scenario.step("a_death_at_a_step_of_building", action)


def main():
    parser = console.parser_for(__doc__, 120)
    parser.add_argument("--building", action="store_true", help="steps of building alone")
    parser.add_argument("--all", action="store_true", help="each step of building, too")
    args = parser.parse_args()
    scenario = System(args)
    with console.conversation(scenario, args):
        scenario.step("it_boots", lambda: scenario.boots() and None)
        if not args.building:
            recoveries(scenario, args)
        with tempfile.TemporaryDirectory() as folder:
            scenario.step("what_does_not_fit_stays_out", lambda: too_little_memory(args, folder))
            building(scenario, args, folder)
    console.conclude(scenario)


if __name__ == "__main__":
    main()
