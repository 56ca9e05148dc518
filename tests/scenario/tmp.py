#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files in memory, changed while their server dies again and again; run from the top of the tree.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import random
import re
import time

import console
import qemu

ROUNDS = 8000


class Tmp(console.Scenario):
    """A machine with the system `tmp`."""

    def __init__(self, args):
        self.settings = qemu.settings_of("tmp")
        super().__init__(console.Machine(qemu.command_for("tmp", args.build, self.settings)), args.timeout)
        self.step("console_shows_its_prompt",
                  lambda: self.machine.wait_for(console.PROMPT, self.timeout_s) and None)
        self.step("its_file_system_is_new", lambda: console.comes_soon(self, "", "tmpfs: new"))


def names(tmp):
    tmp.are_done("files_and_directories_are_made", "mkdir /dir", "write /dir/one first line",
                  "append /dir/one second line", "write /two alone", "link /dir/way ../two")
    tmp.says("what_was_written_is_read", "cat /dir/one", "^first line$", "^second line$")
    tmp.says("a_directory_lists_them", "ls /dir", r"^- +23 one$", r"^l +6 way -> \.\./two$")
    tmp.says("a_link_is_followed", "cat /dir/way", "^alone$")
    tmp.says("dots_lead_up_from_where_a_link_leads", "cat /dir/way/../two", "no directory|other type|WRONG")
    tmp.says("dots_lead_up", "cat /dir/../dir/./../two", "^alone$")
    tmp.says("dots_do_not_lead_above_the_top", "cat /../../two", "^alone$")
    tmp.says("a_directory_with_names_stays", "rmdir /dir", "the directory holds names")
    tmp.says("a_directory_is_no_file", "rm /dir", "another type")
    tmp.says("what_is_there_is_not_made_again", "mkdir /dir", "something of that name already")
    tmp.are_done("names_change", "mv /two /dir/three", "mv /dir /other", "mv /other/three /other/one")
    tmp.says("what_was_replaced_is_gone", "cat /other/one", "^alone$")
    tmp.says("what_was_moved_is_not_there", "cat /dir/one", "nothing of that name")
    tmp.says("a_directory_is_not_moved_into_itself", "mv /other /other/inner", "outside what the call allows")


def refusals(tmp):
    def action():
        said = tmp.ask("start attacker changes")
        if "attacker destroyed" not in said:
            said += tmp.machine.wait_for("attacker destroyed", tmp.timeout_s)
        wanted = r"^attacker: changes: [1-9]\d+ answers, 0 of them wrong$"
        return None if re.search(wanted, said, re.M) else f"wanted: {wanted}; got: {said!r}"
    tmp.step("what_it_refuses_it_has_not_done", action)


def room(tmp):
    def action():
        unused = [re.search(r"(\d+) of (\d+) KiB unused, (\d+) of (\d+) names", tmp.ask("df"))]
        tmp.ask("write /more one")
        unused.append(re.search(r"(\d+) of (\d+) KiB unused, (\d+) of (\d+) names", tmp.ask("df")))
        tmp.ask("rm /more")
        unused.append(re.search(r"(\d+) of (\d+) KiB unused, (\d+) of (\d+) names", tmp.ask("df")))
        before, during, after = [tuple(int(n) for n in match.groups()) for match in unused]
        if before != after or during != (before[0] - 4, before[1], before[2] - 1, before[3]):
            return f"df: wanted: a page and a name less, then as before; got: {before}, {during}, {after}"
        return None
    tmp.step("room_is_told_and_comes_back", action)

    def fill():
        for number in range(200):
            if "no room is left" in tmp.ask(f"write /fill{number} {number}"):
                break
        else:
            return "wanted: no room; got: 200 files"
        if not re.search(rf"^{number - 1}$", tmp.ask(f"cat /fill{number - 1}"), re.M):
            return f"wanted: the last file that was made, {number - 1}"
        for one in range(number):
            tmp.ask(f"rm /fill{one}")
        return None
    tmp.step("when_it_is_full_it_says_so_and_nothing_is_lost", fill)


def deaths(tmp, count, randomly):
    tmp.step("its_server_dies", lambda: console.comes_soon(tmp, "fail tmp", "tmpfs: as it was"))
    tmp.says("files_are_there_after_it", "cat /other/one", "^alone$")
    tmp.step("it_hangs", lambda: console.comes_soon(tmp, "hang tmp", "tmpfs: as it was"))
    tmp.says("and_are_there_still", "ls /other", r"^- +6 one$", "^l +6 way")

    def action():
        tmp.ask(f"start scribe {ROUNDS} /")
        said = ""
        done = 0
        while done < count and "rounds were right" not in said:
            time.sleep(randomly.uniform(0.0, 0.12))
            part = tmp.ask("fail tmp" if randomly.random() < 0.9 else "hang tmp")
            if "tmpfs: as it was" not in part:
                part += tmp.machine.wait_for("tmpfs: as it was", tmp.timeout_s)
            said += part
            done += 1
        if "rounds were right" not in said:
            said += tmp.machine.wait_for("files opened again", tmp.timeout_s)
        rounds, repeated, reopened = re.search(
            r"scribe: (\d+) rounds were right; (\d+) calls repeated, (\d+) files", said).groups()
        completed = said.count("a change was completed")
        print(f"note: {done} deaths while {rounds} rounds were written, {repeated} calls repeated, "
              f"{reopened} files opened again, {completed} changes completed by successors")
        if int(rounds) != ROUNDS or "DAMAGE" in said:
            return f"wanted: {ROUNDS} rounds; got: {said[-700:]!r}"
        if done < count / 3:
            return f"wanted: {count} deaths while it writes; got: {done}"
        return None
    tmp.step("a_writer_notices_no_death", action)
    tmp.says("what_else_was_there_is", "cat /other/one", "^alone$")
    tmp.says("nothing_is_left_open", "volume", "; 0 handles")


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--deaths", type=int, default=30)
    args = parser.parse_args()
    print(f"note: tmp.py --seed {args.seed}")
    tmp = Tmp(args)
    with console.conversation(tmp, args):
        names(tmp)
        refusals(tmp)
        room(tmp)
        deaths(tmp, args.deaths, random.Random(args.seed))
        console.machine_type_poweroff(tmp)
    console.conclude(tmp)


if __name__ == "__main__":
    main()
