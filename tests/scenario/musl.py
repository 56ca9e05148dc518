#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs on musl, with a disk: what they say is what the same sources say on this machine, with its C library.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last. Run from the top of the tree.
"""
import errno
import os
import random
import re
import shutil
import subprocess
import tempfile

import console
import disk
import files

LUA = "build/sources/lua5.4/src"
LUA_FLAGS = ["-DLUA_COMPAT_5_3", "-DLUA_USE_POSIX", "-Iapps/lua/debian"]
SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lua")
A_TIME = 1_600_000_000  # of all files


def compile_here(out, sources, *flags):
    """The same program for this machine."""
    subprocess.run(["cc", "-std=gnu17", "-O1", "-w", *flags, "-o", out, *sources, "-lm"], check=True)


def make_tree(top, randomly):
    for size in (0, 1, 4096, 4097, 300000):
        files.write(f"{top}/sizes/{size}", randomly.randbytes(size))
    files.write(f"{top}/sizes/run", b"#!/bin/nothing\n")
    os.chmod(f"{top}/sizes/run", 0o755)
    files.write(f"{top}/lines", "".join(f"line {i} is this\n" for i in range(3000)).encode())
    files.write(f"{top}/deep/a/b/here", b"down here\n")
    for number in range(250):
        files.write(f"{top}/many/file number {number}", randomly.randbytes(randomly.randrange(200)))
    for name in (" leading", "ümläut-日本", "new\nline", "a" * 255, "...", "-dash"):
        files.write(f"{top}/odd/{name}", name.encode())
    os.makedirs(f"{top}/links")
    os.makedirs(f"{top}/empty")
    for name, target in [("short", "../sizes/4097"), ("absolute", "/sizes/1"), ("nowhere", "not there"),
                         ("loop", "loop"), ("to deep", "../deep")]:
        os.symlink(target, f"{top}/links/{name}")
    shutil.copytree(SCRIPTS, f"{top}/lua")
    for folder, _, names in os.walk(top, topdown=False):
        for name in names + ["."]:
            os.utime(os.path.join(folder, name), (A_TIME, A_TIME), follow_symlinks=False)


def marked(said):
    """Lines to compare. The console's prompt may stand before one, if a line of the warden's came behind its answer."""
    return re.findall(rf"^(?:{console.PROMPT})?(=[ \t].*)", said, re.M)


class Musl(disk.Disk):
    """A machine with programs on musl."""

    system = "musl"

    def said_by(self, program, args):
        """(lines that a program marked, how it ended)"""
        self.machine.type(f"start {program} {args}\r")
        said = self.machine.wait_for(f"warden: {program} destroyed", self.timeout_s)
        end = re.findall(rf"^warden: {program} (ended with status \d+|faulted.*)", said, re.M)
        # The console's answer may come in the middle of what the program says.
        said = said.replace(f"done\n{console.PROMPT}", "").replace(console.PROMPT, "")
        return marked(said), end[-1] if end else "?"

    def agrees(self, name, program, args, wanted):
        """A step: the program says the same as it does here, and ends with status 0."""
        def action():
            got, end = self.said_by(program, args)
            for number, line in enumerate(wanted):
                if number >= len(got) or got[number] != line:
                    here = got[number] if number < len(got) else "nothing"
                    return f"line {number}: wanted: {line!r}; got: {here!r}; {end}"
            if len(got) > len(wanted):
                return f"wanted: no more lines; got: {got[len(wanted)]!r}"
            print(f"note: {name}: {len(got)} lines are the same")
            return None if end == "ended with status 0" else f"wanted: status 0; got: {end}"
        self.step(name, action)


def said_here(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True,
                          timeout=60, env={})
    return marked(done.stdout.decode("utf-8", "replace"))


REFUSALS = ["= write: errno 30", "= both: errno 30", "= cut: errno 30", "= new: errno 30",
            "= new, nowhere: errno 2", "= access to write: errno 30", "= mkdir errno 30",
            "= rename errno 30", "= unlink errno 30", "= window of a file: errno 25",
            "= a directory is not read: errno 21", "= output is a terminal: 1",
            "= a view is not written: errno 13, read well, past it errno 12, unmap well", "= as many as there are: 1, errno 24"]


def ends_so(said, line, end):
    return None if said[0] == [line] and re.fullmatch(end, said[1]) else f"wanted: {line}, {end}; got: {said}"


def nothing_is_open(musl):
    musl.machine.type("volume\r")
    said = musl.machine.wait_for(" pages granted", musl.timeout_s)
    return None if "; 0 damages met; 0 handles, 0 pages granted" in said else f"wanted: 0 handles; got: {said!r}"


def converse(musl, folder, top):
    here = said_here([f"{folder}/file_calls", top], folder)
    musl.agrees("reading_files_is_as_on_this_machine", "file_calls", "/", here)
    once_more = [line for line in here if line.startswith("= read sizes/1:")]
    musl.agrees("a_disk_that_cannot_be_written_says_so", "file_calls", "/ pith",
                here[:-1] + REFUSALS + once_more + [here[here.index(once_more[0]) + 1], "= done"])
    for script in sorted(os.listdir(SCRIPTS)):
        if script.startswith("try_"):
            musl.agrees(f"lua_says_the_same_in_{script[4:-4]}", "lua", f"lua/{script} one two",
                        said_here([f"{folder}/lua", f"lua/{script}", "one", "two"], top))
    here = said_here([f"{folder}/thread_calls"], top)
    at = next(number for number, line in enumerate(here) if " lives" in line) + 1
    musl.agrees("threads_do_what_they_do_on_this_machine", "thread_calls", "pith",
                here[:at] + ["= memory is the same: 1", here[at], "= memory is still the same: 1",
                             f"= one more: {errno.EAGAIN}", "= and all again: 8", "= done"])
    for how, line, end in (
            ("exit", "= a thread ends the program", r"ended with status 7"),
            ("leave", "= it goes on without its first thread", r"ended with status 0"),
            ("fault", "= a thread faults", r"faulted: NOT_PRESENT at 0x?0?,.*")):
        musl.step(f"a_program_ends_by_{how}_of_a_thread", lambda how=how, line=line, end=end: ends_so(
            musl.said_by("thread_calls", how), line, end))
    musl.step("a_script_that_is_not_there_ends_lua_with_a_status", lambda: None if musl.said_by(
        "lua", "nothing.lua")[1] == "ended with status 1" else "wanted: status 1")
    musl.step("nothing_is_left_open", lambda: nothing_is_open(musl))
    return musl.end()


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print(f"note: musl.py --seed {args.seed}")
    with tempfile.TemporaryDirectory() as folder:
        top = f"{folder}/tree"
        make_tree(top, random.Random(args.seed))
        compile_here(f"{folder}/file_calls", ["tests/libc/files/main.c"], "-D_XOPEN_SOURCE=700")
        compile_here(f"{folder}/thread_calls", ["tests/libc/threads/main.c", "tests/libc/threads/end.c"],
                     "-D_XOPEN_SOURCE=700", "-pthread")
        compile_here(f"{folder}/lua", [f"{LUA}/{name}" for name in sorted(os.listdir(LUA))
                                       if name.endswith(".c") and name != "luac.c"], *LUA_FLAGS)
        image = f"{folder}/tree.img"
        files.make_image(image, top, "-b", "4096", size="64M")
        musl = Musl("musl", args, disk.file_backed(image))
        with console.conversation(musl, args):
            converse(musl, folder, top)
    console.conclude(musl)


if __name__ == "__main__":
    main()
