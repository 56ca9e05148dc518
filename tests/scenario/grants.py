#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pages of the file server's cache, mapped by its clients, while everything behind them dies; run from the top of the tree.

mkfs.ext4 makes the image; what is seen through mappings is compared with what this machine says (docs/grants.md).
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import hashlib
import random
import re
import struct
import tempfile

import console
import disk
import files

BIG_BYTES = 16 * files.MIB + 5000


class Grants(files.Files):
    def granted(self):
        said = self.ask("volume")
        found = re.search(r", (\d+) pages granted", said)
        return int(found[1]) if found else said

    def comes_back(self, name):
        """No page is left granted."""
        def action():
            for _ in range(20):
                if self.granted() == 0:
                    return None
            return f"wanted: 0 pages granted; got: {self.granted()}"
        self.step(name, action)

    def sums(self, name, rounds, path, wanted, mapped, harms=(), randomly=None):
        """sum through mappings; at random moments something dies."""
        def action():
            harms_left = list(harms)
            said = self.ask(f"start sum map {rounds} {path}")
            while "files opened again" not in said:
                if not harms_left:
                    said += self.machine.wait_for("files opened again", self.timeout_s)
                    break
                files.time.sleep(randomly.uniform(0.02, 0.3))
                said += self.ask(harms_left.pop())
            sums = re.findall(r"sum: ([0-9a-f]{64})", said)
            pages = int(re.search(r"sum: (\d+) pages were mapped", said)[1])
            if len(sums) != rounds or set(sums) != {wanted}:
                return f"wanted: {rounds} times {wanted}; got: {sums} in {said[-600:]!r}"
            print(f"note: {name}: {pages} pages were mapped")
            return None if pages >= mapped else f"wanted: {mapped} pages mapped; got: {pages}"
        self.step(name, action)


def converse_while_all_dies(args, folder, randomly):
    big = randomly.randbytes(BIG_BYTES)
    small = randomly.randbytes(3 * 4096 + 1)
    files.write(f"{folder}/tree/big", big)
    files.write(f"{folder}/tree/small", small)
    with open(f"{folder}/tree/holes", "wb") as file:
        for place in (0, 1 << 20, 3 << 20):
            file.seek(place)
            file.write(randomly.randbytes(100000))
    image = f"{folder}/disk.img"
    files.make_image(image, f"{folder}/tree", "-b", "4096", size="64M")
    grants = Grants("grants", args, disk.file_backed(image))
    grants.ready()
    wanted = hashlib.sha256(big).hexdigest()
    grants.sums("what_is_mapped_is_the_file", 2, "/big", wanted, 2 * (BIG_BYTES // 4096) * 3 // 4)
    grants.comes_back("all_pages_come_back")
    grants.sums("few_pages_are_copied", 1, "/small", hashlib.sha256(small).hexdigest(), 0)
    grants.sums("holes_are_copied", 1, "/holes", files.sha256_of(f"{folder}/tree/holes"), 60)
    harms = [randomly.choice(files.HARMS) for _ in range(args.harms)]
    grants.sums("whatever_dies", 6, "/big", wanted, BIG_BYTES // 4096, harms, randomly)
    grants.comes_back("all_pages_come_back_whatever_died")
    yield grants.end()


class Mapper(Grants):
    """The system in which the program mapper (tests/mapper) is a client, in guest time."""

    system = "grants"

    def maps(self, name, how, *patterns, program="mapper"):
        """The program finds nothing wrong, and says that."""
        def action():
            end, gone = f"mapper: {how}: ", f"warden: {program} destroyed"
            said = self.ask(f"start {program} {how}")
            if gone not in said:
                said += self.machine.wait_for(gone, self.timeout_s)
            self.align()
            wrong = [line for line in said.splitlines() if "FAIL" in line]
            if wrong or f"{end}0 failures" not in said:
                return f"wanted: {end}0 failures; got: {wrong[:5] or said[-500:]!r}"
            for pattern in patterns:
                if not (found := re.search(pattern, said, re.M)):
                    return f"wanted: {pattern}; got: {said[-500:]!r}"
                print(f"note: {name}: {found[0]}")
            return None
        self.step(name, action)


def converse_about_what_may_be(args, folder, randomly):
    """What is mapped stays, what is wrong is refused, what is left comes back."""
    words = (((n + 1) * 0x9e3779b97f4a7c15) & (1 << 64) - 1 for n in range(8 * files.MIB // 8))
    files.write(f"{folder}/pattern/big", struct.pack(f"<{files.MIB}Q", *words))
    image = f"{folder}/pattern.img"
    files.make_image(image, f"{folder}/pattern", "-b", "4096", size="32M")
    mapper = Mapper("mapper", args, disk.file_backed(image))
    mapper.maps("what_is_mapped_stays_whoever_dies", "hold", r"mapper: \d+ pages held.*$")
    mapper.comes_back("and_comes_back")
    mapper.maps("who_ends_gives_back", "leave", "mapper: [1-9][0-9]* pages are granted")
    mapper.comes_back("what_it_had")
    mapper.step("another_client_stays", lambda: console.comes_soon(mapper, "start keeper", "it stays, with grant 1\n"))
    mapper.maps("what_is_wrong_is_refused", "refuse")
    mapper.maps("what_is_not_the_servers_is_refused", "lend", program="lender")
    mapper.maps("what_was_given_away", "smuggle")
    mapper.says("the_other_client_goes", "kill keeper", "^done$")
    mapper.maps("the_next_client_runs", "leave")
    mapper.comes_back("comes_back_too")
    mapper.maps("the_warden_dies_at_each_step_of_revoking", "revoke", r"mapper: the warden died at ([5-9]|\d\d) steps")
    mapper.comes_back("what_was_revoked")
    mapper.maps("the_warden_dies_at_each_step", "steps", r"mapper: the warden died at ([5-9]|\d\d) steps")
    mapper.comes_back("after_the_last_of_them")
    mapper.maps("the_warden_hangs_at_each_step", "hangs", r"mapper: the warden died at ([5-9]|\d\d) steps")
    mapper.says("another_does_what_follows_as_well", "start keeper storm", "^done$")
    mapper.maps("whatever_two_do_and_whoever_dies", "storm", r"mapper: [1-9]\d+ pages mapped.*, [1-9]\d* calls repeated.*$")
    mapper.step("the_other_ends", lambda: console.comes_soon(mapper, "time", "keeper destroyed") if
                "keeper destroyed" not in mapper.machine.log[-3000:] else None)
    mapper.step("and_nothing_was_wrong_there", lambda: None if re.search(
        "mapper: storm: 0 failures.*mapper: storm: 0 failures", mapper.machine.log, re.S) else
        "wanted: no failures of the other; got: " + mapper.machine.log[-2000:])
    mapper.maps("a_last_client_runs", "leave")
    mapper.comes_back("all_that_was_mapped")
    yield mapper.end()


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--harms", type=int, default=24, help="how many deaths")
    parser.add_argument("--only", default="", help="a word in the name of a part")
    args = parser.parse_args()
    print(f"note: grants.py --seed {args.seed}")
    with tempfile.TemporaryDirectory() as folder:
        done = []
        for part in (converse_about_what_may_be, converse_while_all_dies):
            if args.only in part.__name__:
                done += part(args, folder, random.Random(args.seed))
    console.conclude(*done)


if __name__ == "__main__":
    main()
