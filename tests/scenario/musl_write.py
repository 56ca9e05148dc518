#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A program on musl that changes files in memory: it says what the same source says on this machine, with its C library, also when
their server dies in between. Run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import tempfile

import console
import musl
import qemu


class Write(musl.Musl):
    """A machine with the system `musl_tmp`."""

    def __init__(self, args):
        settings = qemu.settings_of("musl_tmp")
        console.Scenario.__init__(self, console.Machine(qemu.command_for("musl_tmp", args.build, settings)),
                                  args.timeout)
        self.step("boots", lambda: self.machine.wait_for(console.PROMPT, self.timeout_s) and None)


def full(scenario):
    wanted = ["= to the top: well", "= full: errno 28, 1, mkdir: well, close: well, unlink: well",
              "= and room again: 7000 well well", "= a signal that ends it"]
    said, end = scenario.said_by("write_calls", "/ full")
    return None if said == wanted and end == "ended with status 143" else f"wanted: {wanted}, status 143; got: {said}, {end}"


def converse(scenario, folder):
    top = f"{folder}/top"
    os.mkdir(top)
    program = f"{folder}/write_calls"
    musl.compile_here(program, ["tests/libc/write/main.c"], "-D_XOPEN_SOURCE=700")
    here = musl.said_here([program, top], folder)
    scenario.agrees("changing_files_is_as_on_this_machine", "write_calls", "/", here)
    scenario.step("their_server_dies", lambda: console.comes_soon(scenario, "fail tmp", "tmpfs: as it was"))
    scenario.agrees("what_was_written_is_there", "write_calls", "/ again",
                    musl.said_here([program, top, "again"], folder))
    scenario.step("when_there_is_no_room_it_says_so", lambda: full(scenario))
    scenario.says("nothing_is_left_open", "volume", "; 0 handles")
    console.machine_type_poweroff(scenario)


def main():
    args = console.parser_for(__doc__, 100).parse_args()
    scenario = Write(args)
    with console.conversation(scenario, args):
        with tempfile.TemporaryDirectory() as folder:
            converse(scenario, folder)
    console.conclude(scenario)


if __name__ == "__main__":
    main()
