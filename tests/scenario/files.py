#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files on an ext4 disk, read while everything behind them dies; run from the top of the tree.

mkfs.ext4 makes the images; what the console says of each file is compared with what this machine says.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import hashlib
import os
import random
import re
import subprocess
import tempfile
import time

import console
import disk

MIB = 1 << 20
BIG_BYTES = 64 * MIB
HARMS = ["fail disk", "fail files", "hang files", "hang disk", "fail pci", "hang pci", "fail warden",
         "hang warden"]
os.environ["PATH"] += ":/usr/sbin:/sbin"


def run(*command, text=None):
    """A tool's output; its failure is the test's."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=True, text=True)
    return done.stdout


# --- Images ---

def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def make_tree(top, randomly):
    """A few hundred files of all shapes."""
    sizes = [0, 1, 59, 60, 61, 511, 512, 1023, 1024, 1025, 4095, 4096, 4097, 8192, 12345, 65536,
             131071, 131072, 131073, 300000, 5 * MIB + 7]
    for size in sizes:
        write(f"{top}/sizes/{size}", randomly.randbytes(size))
    for number in range(250):
        write(f"{top}/many/file number {number}.txt", randomly.randbytes(randomly.randrange(3000)))
    deep = top + "/deep"
    for level in range(18):
        deep += f"/level-{level}"
        write(f"{deep}/here", f"level {level}\n".encode())
    for name in ["with space", " leading", "ümläut-日本", "back\\slash", "new\nline", "tab\there", "-dash",
                 "...", "a" * 255, "'quotes'\"", "$dollar*?[]"]:
        write(f"{top}/odd/{name}", name.encode() * 3)
    with open(f"{top}/sparse", "wb") as file:
        for place in (0, 3 * MIB + 5, 9 * MIB, 40 * MIB):
            file.seek(place)
            file.write(randomly.randbytes(10000))
        file.truncate(50 * MIB)
    os.makedirs(f"{top}/links/dir")
    os.makedirs(f"{top}/empty directory")
    for name, target in [("short", "../sizes/4097"), ("absolute", "/sizes/1"), ("nowhere", "not there"),
                         ("long", "../" + "./" * 60 + "sizes/8192"), ("chain", "short"), ("loop", "loop"),
                         ("through", "dir/../../many"), ("of a directory", "../sizes")]:
        os.symlink(target, f"{top}/links/{name}")


def make_image(path, top, *options, size="128M"):
    run("mkfs.ext4", "-q", "-F", *options, "-d", top, path, size)


def debugfs(path, *commands, writable=True):
    return run("debugfs", *(["-w"] if writable else []), "-f", "-", path, text="\n".join(commands) + "\n")


def shown(name):
    """As the console prints a name."""
    return "".join(chr(c) if 0x20 <= c <= 0x7e and c != 0x5c else f"\\x{c:02x}" for c in os.fsencode(name))


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def sums_of(top):
    """What the console's `sums /` must say: {path: checksum, or `link` and the target}."""
    wanted = {}
    for folder, folders, names in os.walk(top):
        for name in names + [n for n in folders if os.path.islink(os.path.join(folder, n))]:
            path = os.path.join(folder, name)
            said = shown(path[len(top):])
            if os.path.islink(path):
                wanted[f"{said} -> {shown(os.readlink(path))}"] = "link"
            else:
                wanted[said] = sha256_of(path)
    return wanted


def sums_in(said):
    """What it said, in the same form."""
    return {m[2]: m[1] for m in re.finditer(r"^([0-9a-f]{64}|[A-Za-z_]+)  (/.*)$", said, re.M)}


# --- Machines ---

class Files(disk.Disk):
    """A machine with the file server on a disk."""

    system = "files"

    def ready(self):
        self.step(f"{self.name}_is_patient", lambda: None if "100000 s" in self.ask("patience 100000")
                  else "wanted: patience")

    def sums(self, folder="/"):
        return sums_in(self.ask(f"sums {folder}"))

    def compares(self, name, wanted):
        """A step: sums of all files, compared."""
        def action():
            got = self.sums()
            wrong = {path: (wanted.get(path), got.get(path)) for path in wanted.keys() | got.keys()
                     if wanted.get(path) != got.get(path)}
            if wrong:
                path, (want, have) = next(iter(wrong.items()))
                return f"{len(wrong)} of {len(wanted)} paths; {path}: wanted: {want}; got: {have}"
            return None
        self.step(name, action)

    def survives(self, name, path, wanted, rounds, harms, randomly, how=""):
        """The program sum reads a file again and again; at random moments something dies."""
        def action():
            self.ask(f"start sum {how}{rounds} {path}")
            said = ""
            done = []
            while "files opened again" not in said:
                if not harms:
                    said += self.machine.wait_for("files opened again", self.timeout_s)
                    break
                line = harms.pop()
                time.sleep(randomly.uniform(0.02, 0.3))
                said += self.ask(line)
                done.append(line)
            sums = re.findall(r"sum: ([0-9a-f]{64})", said)
            repeated, reopened = re.findall(r"sum: (\d+) calls repeated, (\d+) files", said)[-1]
            print(f"note: {name}: {len(done)} deaths, {len(sums)} rounds, {repeated} calls repeated, "
                  f"{reopened} files opened again")
            if len(sums) != rounds or set(sums) != {wanted}:
                return f"after {done}: wanted: {rounds} times {wanted}; got: {sums} in {said[-600:]!r}"
            again = re.search(r"sum: (\d+) requests submitted again", said)
            if how and (not again or int(again[1]) == 0):
                return f"wanted: requests in flight when the server died; got: {said[-300:]!r}"
            if len(done) < 10 or int(reopened) == 0:
                return f"wanted: deaths in the middle; got: {done}, {reopened} files opened again"
            return None
        self.step(name, action)


def converse_about_a_tree(args, folder, randomly):
    top = f"{folder}/tree"
    make_tree(top, randomly)
    for blocks, name in (("4096", "blocks_of_4096"), ("1024", "blocks_of_1024")):
        image = f"{folder}/{name}.img"
        make_image(image, top, "-b", blocks)
        files = Files(name, args, disk.file_backed(image))
        files.ready()
        files.compares(f"{name}_all_files_are_right", sums_of(top))
        files.compares(f"{name}_and_once_more", sums_of(top))
        files.says(f"{name}_links_are_followed", "sum /links/chain", sha256_of(f"{top}/sizes/4097"))
        files.says(f"{name}_loops_end", "sum /links/loop", "^TOO_DEEP ")
        files.says(f"{name}_what_is_not_there_is_told", "cat /links/nowhere", "nothing of that name")
        files.says(f"{name}_directories_are_no_files", "sum /many", "^WRONG_TYPE ")
        files.says(f"{name}_names_are_listed", "ls /links", r"^l +13 short -> \.\./sizes/4097$")
        files.says(f"{name}_nothing_is_left_open", "volume", "; 0 damages met; 0 handles")
        yield files.end()


def converse_while_all_dies(args, folder, randomly):
    big = randomly.randbytes(BIG_BYTES)
    write(f"{folder}/large/big", big)
    image = f"{folder}/large.img"
    make_image(image, f"{folder}/large", "-b", "4096")
    files = Files("deaths", args, disk.file_backed(image))
    files.ready()
    harms = [randomly.choice(HARMS[:2]) if randomly.random() < 0.6 else randomly.choice(HARMS)
             for _ in range(args.harms)]
    files.survives("reads_on_whatever_dies", "/big", hashlib.sha256(big).hexdigest(), 2, harms, randomly)
    harms = [randomly.choice(HARMS) for _ in range(args.harms)]
    files.survives("requests_are_answered_whatever_dies", "/big", hashlib.sha256(big).hexdigest(), 2, harms, randomly, "many ")
    files.says("the_console_did_not_die", "recovery", r"^console +0 +0")
    yield files.end()


def converse_about_a_journal(args, folder, randomly):
    """A block of a file that is newer in the journal."""
    old = randomly.randbytes(6 * 4096)
    new = bytearray(old)
    write(f"{folder}/small/victim", old)
    write(f"{folder}/small/other", old)
    image = f"{folder}/journal.img"
    make_image(image, f"{folder}/small", "-b", "4096", size="32M")
    blocks = debugfs(image, "blocks /victim", writable=False).split("\n")[-2].split()
    for number, first in ((2, b""), (4, bytes.fromhex("c03b3998"))):  # the second has to be escaped
        data = first + randomly.randbytes(4096 - len(first))
        new[number * 4096:(number + 1) * 4096] = data
        write(f"{folder}/block{number}", data)
    debugfs(image, "jo", *(f"jw -b {blocks[n]} {folder}/block{n}" for n in (2, 4)), "jc")
    files = Files("journal", args, disk.file_backed(image))
    files.ready()
    files.says("the_journal_is_read", "sum /victim", hashlib.sha256(new).hexdigest())
    files.says("and_only_where_it_is_newer", "sum /other", hashlib.sha256(old).hexdigest())
    files.step("the_journal_is_told_of", lambda: None if re.search(
        "[1-9] blocks from the journal", files.machine.log) else "wanted: blocks from the journal")
    yield files.end()


def inode_of(image, path):
    """Where an inode lies in the image: byte."""
    said = debugfs(image, f"imap {path}", writable=False)
    block, offset = re.search(r"located at block (\d+), offset (0x[0-9a-f]+)", said).groups()
    return int(block) * 4096 + int(offset, 16)


def first_block_of(image, path):
    return int(debugfs(image, f"blocks {path}", writable=False).split("\n")[-2].split()[0])


def flip(image, place):
    with open(image, "r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0x10]))


def converse_about_damage(args, folder, randomly):
    top = f"{folder}/hurt"
    for name in ("good", "bad inode", "bad sector", "bad directory/within"):
        write(f"{top}/{name}", randomly.randbytes(100000))
    image = f"{folder}/hurt.img"
    make_image(image, top, "-b", "4096", size="32M")
    flip(image, inode_of(image, '"/bad inode"') + 4)
    flip(image, first_block_of(image, '"/bad directory"') * 4096 + 20)
    sector = first_block_of(image, '"/bad sector"') * 8 + 8 * 12 + 3
    files = Files("damage", args, disk.failing(image, False, sector))
    files.ready()
    files.compares("damage_is_told_and_all_else_is_right", {
        "/good": sha256_of(f"{top}/good"), "/bad inode": "DAMAGED", "/bad sector": "IO",
        "/bad directory": "DAMAGED"})
    for how in ("", "map "):
        files.step(f"what_stands_before_a_bad_page_is_read{how and '_and_mapped'}", lambda how=how: console.comes_soon(
            files, f"start sum {how}1 /bad sector", f"sum: /bad sector: IO after {12 * 4096} bytes"))
    files.says("damage_is_counted", "volume", "[1-9][0-9]* damages met; 0 handles")
    files.step("damage_is_told_to_people", lambda: None if
               "the checksum of an inode is wrong" in files.machine.log and
               "the checksum of a block of a directory is wrong" in files.machine.log
               else "wanted: what is damaged, on the UART")
    yield files.end()


def converse_about_other_disks(args, folder, randomly):
    image = f"{folder}/empty.img"
    write(image, b"")
    os.truncate(image, 8 * MIB)
    files = Files("empty_disk", args, disk.file_backed(image))
    files.says("no_file_system_is_told", "ls /", "/: there is no file system")
    files.says("and_it_is_there_all_the_same", "recovery", "^files +0 +0")
    yield files.end()
    part = f"{folder}/part.img"
    write(f"{folder}/one/file", randomly.randbytes(50000))
    make_image(part, f"{folder}/one", size="16M")
    os.truncate(image, 24 * MIB)
    run("sfdisk", "-q", image, text="label: dos\nstart=63,size=100\nstart=2049,size=32768,type=83\n")
    run("dd", "status=none", f"if={part}", f"of={image}", "bs=512", "seek=2049", "conv=notrunc")
    files = Files("partition", args, disk.file_backed(image))
    files.says("the_whole_disk_is_no_file_system", "ls /", "there is no file system")
    files.says("the_server_ends", "kill files", "^done$")
    files.says("and_starts_on_a_partition", "start files partition=2", "^done$")
    files.says("a_partition_is_read", "sum /file", sha256_of(f"{folder}/one/file"))
    files.step("and_still_after_a_death", lambda: console.comes_soon(files, "fail files", "16384 blocks"))
    yield files.end()


def main():
    parser = console.parser_for(__doc__, 100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--harms", type=int, default=24, help="how many deaths")
    parser.add_argument("--only", default="", help="a word in the name of a part")
    args = parser.parse_args()
    print(f"note: files.py --seed {args.seed}")
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for part in (converse_about_a_tree, converse_while_all_dies, converse_about_a_journal,
                     converse_about_damage, converse_about_other_disks):
            if args.only in part.__name__:
                done += part(args, folder, random.Random(args.seed))
    console.conclude(*done)


if __name__ == "__main__":
    main()
