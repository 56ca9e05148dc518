#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Views: what programs can name and what they cannot, while the name space and file servers die; run from the top.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import time

import console
import disk
import files

BIG_BYTES = 300077
SECRET = b"SECRET, and not for everybody\n"
HARMS = [f"{how} {who}" for who in ("names", "tmp", "files") for how in ("fail", "hang")] * 2 + [
    "fail names", "hang names", "fail disk", "fail warden"]


def make_disk(image, folder, build, randomly):
    top = f"{folder}/tree"
    files.write(f"{top}/public/text", b"anybody may read this\n")
    files.write(f"{top}/public/big", randomly.randbytes(BIG_BYTES))
    files.write(f"{top}/public/dir/deep", b"deep\n")
    files.write(f"{top}/SECRET", SECRET)
    for name, target in (("up", ".."), ("absolute", "/SECRET"), ("inside", "/dir/deep"), ("over", "../../public/text"),
                         ("note", "/box/note")):
        os.symlink(target, f"{top}/public/{name}")
    os.makedirs(f"{top}/bin")
    for name, program in (("sum", "sum"), ("child", "process_child")):
        subprocess.run(["strip", "-o", f"{top}/bin/{name}", f"{build}/programs/{program}"], check=True)
    files.make_image(image, top, "-b", "4096", size="64M")
    return top


class Names(disk.Disk):
    """A machine with the system `names`."""

    system = "names"

    def runs(self, name, program, arguments, *patterns):
        """A step: a program with a view of its own, from its start to its end."""
        def action():
            said = self.ask(f"start {program} {arguments}")
            if f"warden: {program} destroyed" not in said:
                said += self.machine.wait_for(f"warden: {program} destroyed", self.timeout_s)
            self.machine.type("time\r")
            self.machine.wait_for("s since boot", self.timeout_s)
            self.machine.wait_for(console.PROMPT, self.timeout_s)
            return next((f"start {program} {arguments}: wanted: {pattern}; got: {said!r}" for pattern in patterns
                         if not re.search(pattern, said, re.M)), None)
        self.step(name, action)


def one_tree(machine):
    """The console's view: three servers, and parts of them once more."""
    machine.says("a_mount_whose_directory_is_not_there_yet", "cat /box/note", "nothing of that name")
    machine.are_done("files_are_made_through_a_mount", "mkdir /tmp/box", "write /tmp/box/note a note", "write /tmp/SECRET SECRET",
                      "link /tmp/box/up ..", "link /tmp/box/absolute /SECRET", "link /tmp/way /pub/text")
    machine.says("mounts_are_listed_where_they_stand", "ls /", r"^d +0 tmp$", r"^d +0 boot$", r"^d +4096 pub$", r"^d +0 box$",
                 r"^d +0 deep$", r"^d +4096 public$", r"^- +30 SECRET$")
    machine.says("a_directory_that_only_leads_to_mounts", "ls /deep/in", r"^d +0 side$")
    machine.says("what_is_mounted_there", "ls /deep/in/side", r"^d +0 box$", "SECRET$")
    machine.says("dots_lead_out_of_a_mount", "cat /deep/in/side/box/../../../../tmp/box/note", "^a note$")
    machine.says("dots_at_the_top_of_a_mount", "cat /pub/../SECRET", "^SECRET, and not")
    machine.says("a_link_leads_to_another_server", "cat /tmp/way", "^anybody may read this$")
    machine.says("a_link_means_what_it_means_in_this_tree", "cat /pub/up/SECRET", "^SECRET, and not")
    machine.says("two_ways_to_one_file", "cat /box/note", "^a note$")
    machine.says("what_is_mounted_read_only", "write /box/new words", "can be read, not changed")
    machine.says("is_not_removed_either", "rm /box/note", "can be read, not changed")
    machine.are_done("and_can_be_changed_where_it_is_not", "append /tmp/box/note and more")
    machine.says("a_mount_is_not_renamed", "mv /tmp /temporary", "outside what the call allows")
    machine.says("nor_is_a_file_between_servers", "mv /tmp/way /public/way", "outside what the call allows")


def archive(machine, args):
    """The boot archive, compared with what this machine says of the same programs."""
    said = subprocess.run([sys.executable, "-B", "tools/archive.py", "list", f"{args.build}/systems/names.cpio"],
                          check=True, capture_output=True, text=True).stdout

    def listed():
        wanted = {match[2]: match[1] for match in re.finditer(r"^\s*(\d+) +(\S+)$", said, re.M)}
        wanted = wanted or {match[1]: match[2] for match in re.finditer(r"^(\S+) +(\d+)$", said, re.M)}
        got = dict(reversed(match) for match in re.findall(r"^- +(\d+) (\S+)$", machine.ask("ls /boot"), re.M))
        return None if got == wanted and len(got) > 5 else f"wanted: {wanted}; got: {got}"
    machine.step("the_boot_archive_is_listed", listed)

    def same():
        data = open(f"{args.build}/systems/names.cpio", "rb").read()
        for name in ("init", "hello_c", "system"):
            machine.ask(f"sum /boot/{name}")
            found = re.search(rf"^([0-9a-f]{{64}})  /boot/{name}", machine.machine.log, re.M)
            if not found or found[1] != files.hashlib.sha256(member(data, name)).hexdigest():
                return f"/boot/{name}: wanted: the checksum of that member; got: {found and found[0]!r}"
        return None
    machine.step("its_members_are_what_was_packed", same)
    machine.says("a_program_is_started_from_it", "run A=b /boot/hello_c 7 two", "^hello from /boot/hello_c, 2 arguments$",
                 "^environment: A=b$", "ended with status 7,")
    machine.says("it_has_no_such_member", "cat /boot/nothing", "nothing of that name")
    machine.says("a_member_is_no_directory", "cat /boot/init/x", "another type")
    for line in ("write /boot/new x", "write /boot/init x", "rm /boot/init", "mkdir /boot/d", "mv /boot/init /boot/other"):
        machine.says("it_cannot_be_changed_by_" + line.split()[0] + line.split()[1].replace("/", "_"), line,
                     "can be read, not changed")
    machine.step("its_server_dies", lambda: console.comes_soon(machine, "fail boot", "archive: "))
    machine.step("and_hangs", lambda: console.comes_soon(machine, "hang boot", "archive: "))
    machine.says("and_is_there_as_before", "run /boot/hello_c 3", "ended with status 3,")


def member(data, name):
    """Of a cpio archive."""
    at = 0
    while True:
        size, length = int(data[at + 54:at + 62], 16), int(data[at + 94:at + 102], 16)
        found = data[at + 110:at + 110 + length - 1].decode()
        start = at + 110 + length + 3 & ~3
        if found == name:
            return data[start:start + size]
        if found == "TRAILER!!!":
            raise ValueError(f"there is no member {name}")
        at = start + size + 3 & ~3


def other_trees(machine, top):
    """Programs that see less, and take it for all there is."""
    wanted = {name: files.sha256_of(f"{top}/public/{name}") for name in ("text", "big", "dir/deep")}
    for name, digest in wanted.items():
        machine.runs(f"its_own_{name.replace('/', '_')}", "reader", f"/{name}", rf"^sum: {digest}  /{name},")
    machine.runs("a_link_to_the_top_is_one_to_its_own_top", "reader", "/inside", rf"^sum: {wanted['dir/deep']}  /inside,")
    machine.runs("dots_lead_no_higher", "reader", "/../../dir/../text", rf"^sum: {wanted['text']} ")
    machine.runs("a_link_up_leads_to_the_same_top", "reader", "/up/text", rf"^sum: {wanted['text']} ")
    for number, path in enumerate(("/SECRET", "/../SECRET", "/up/SECRET", "/absolute", "/public/text", "/tmp/SECRET", "/box/note",
                                   "/over", "/bin/sum", "/boot/system")):
        machine.runs(f"nothing_outside_is_there_{number}", "reader", path, rf"^sum: {re.escape(path)}: NO_ENTRY$")
    machine.runs("a_writer_has_a_tree_of_its_own", "scribe", "3 /", "^scribe: 3 rounds were right")


def processes(machine):
    machine.says("a_process_sees_its_place_s_view", "run uses=file /bin/sum /text", "^sum: [0-9a-f]{64}  /text", "status 0,")
    machine.says("and_nothing_else", "run uses=file /bin/sum /SECRET", "^sum: /SECRET: NO_ENTRY$")
    machine.says("nor_by_a_link", "run uses=file uses=tmp /bin/sum /absolute", "^sum: /absolute: NO_ENTRY$")
    machine.says("what_it_may_not_call_is_not_in_its_tree", "run uses=file /bin/sum /box/note", "^sum: /box/note: NO_ENTRY$")
    machine.says("what_it_may_call_is", "run uses=file uses=tmp /bin/sum /box/note", "^sum: [0-9a-f]{64}  /box/note", "status 0,")
    machine.says("also_alone", "run uses=tmp /bin/sum /box/note", "^sum: [0-9a-f]{64}  /box/note", "status 0,")
    machine.says("without_servers_there_are_no_files", "run /bin/sum /text", "^sum: /text: NO_ENTRY$")


def hostile(machine):
    def action():
        said = machine.ask("start jailed views 3000")
        if "jailed destroyed" not in said:
            said += machine.machine.wait_for("jailed destroyed", machine.timeout_s)
        machine.ask("time")
        found = re.search(r"^attacker: views 3000: (\d+) answers, 0 of them wrong$", said, re.M)
        reached = re.search(r"^attacker: reached (\d+)$", said, re.M)
        if not found or not reached or int(reached[1]) < 100:
            return f"wanted: no wrong answer, and a hundred files within the view; got: {said[-900:]!r}"
        print(f"note: names: {found[1]} answers to a hostile program, {reached[1]} files reached")
        return None
    machine.step("a_hostile_program_stays_in_its_view", action)
    machine.says("and_has_changed_nothing", "ls /tmp/box", r"^- +16 note$", r"^l +2 up -> \.\.$")
    machine.says("nobody_died_of_it", "recovery", r"^names +0 +0 ", r"^tmp +0 +0 ", r"^files +0 +0 ", r"^boot +1 +1 ")


def deaths(machine, top, count, randomly):
    """A reader and a writer, each with its view, beside all that."""
    wanted = files.sha256_of(f"{top}/public/big")

    def action():
        start = len(machine.machine.log)
        machine.ask("start scribe 999999 /")
        machine.ask("start reader 9999 /big")
        for _ in range(count):
            time.sleep(randomly.uniform(0.0, 0.15))
            machine.ask(randomly.choice(HARMS))
        time.sleep(0.5)
        said = machine.machine.log[start:] + machine.ask("recovery")
        sums = re.findall(r"^.*?sum: ([0-9a-f]{64})  /big", said, re.M)
        rounds = [int(number) for number in re.findall(r"scribe: (\d+) rounds", said)]
        wrong = re.findall(r"sum: /big: \w+|scribe: [a-z ]+ in round .*|DAMAGE.*", said)
        for program in ("reader", "scribe"):
            machine.ask(f"kill {program}")
        if wrong or set(sums) != {wanted} or not rounds:
            return f"wanted: right sums and rounds alone; got: {wrong}, {set(sums)}, {rounds[-3:]}"
        found = {name: int(faults) + int(hangs) for name, faults, hangs in re.findall(r"^(\w+) +(\d+) +(\d+) +\d+ +\d+$", said, re.M)}
        print(f"note: names: {len(sums)} reads of {BIG_BYTES} bytes and {rounds[-1]} rounds of writing were right; deaths: {found}")
        if found["names"] < count // 8 or len(sums) < 3:
            return f"wanted: deaths of the name space, and some reads; got: {found}, {len(sums)}"
        return None
    machine.step("a_reader_and_a_writer_notice_no_death", action)
    machine.says("the_console_sees_its_tree", "cat /deep/in/side/box/note", "^a note$", "^and more$")

    def gone():
        machine.ask("cat /pub/text")
        machine.ask("cat /box/note")
        machine.ask("kill names")
        opened = machine.ask("cat /pub/text") + machine.ask("cat /box/note")
        machine.ask("fail tmp")
        lost = machine.ask("cat /box/note")
        back = machine.ask("start names")
        said = machine.ask("cat /box/note")
        good = "anybody" in opened and "a note" in opened and "a note" not in lost and "a note" in said
        return None if good else f"wanted: roots stay, are lost with a server, and come back; got: {(opened, lost, back, said)}"
    machine.step("without_a_name_space_roots_stay_as_long_as_servers", gone)


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--deaths", type=int, default=40)
    args = parser.parse_args()
    print(f"note: names.py --seed {args.seed}")
    randomly = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        top = make_disk(f"{folder}/disk.img", folder, args.build, randomly)
        machine = Names("names", args, disk.file_backed(f"{folder}/disk.img"))
        with console.conversation(machine, args):
            machine.step("what_is_in_memory_is_new", lambda: console.comes_soon(machine, "", "tmpfs: new")
                         if "tmpfs: new" not in machine.machine.log else None)
            one_tree(machine)
            archive(machine, args)
            other_trees(machine, top)
            processes(machine)
            hostile(machine)
            deaths(machine, top, args.deaths, randomly)
            machine.end()
    console.conclude(machine)


if __name__ == "__main__":
    main()
