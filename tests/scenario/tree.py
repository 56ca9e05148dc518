#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A tree of 2,000 files of all kinds, each read back by HTTP and by checksums made at the shell; run from the top.

What comes back is compared with what this machine says of the same tree. Of the 1 GiB of the largest file most is holes,
between pieces of data at random places, so that the image fits; both ways of reading see every byte of it all the same.
Its checksum is made by `sum`, started from the disk, which has more of the processor than the console has.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import hashlib
import http.client
import os
import queue
import random
import shutil
import tempfile
import threading
import time
import urllib.parse

import console
import files
import web

GIB = 1 << 30
ENTRIES = 2000
EXTENTS = 700  # of the largest file
LEVELS = 48
CONNECTIONS = 4
PART = 1 << 20
LARGE = "/large"
ODD = ["with space", " leading", "trailing ", "ümläut-日本-𝄞", "e\u0301 is not \u00e9", "back\\slash", "new\nline", "tab\there",
       "bell\a", "escape\x1b[1m", "delete\x7f", "-dash", "...", "..x", "~", "a" * 255, "é" * 127, "'quotes'\"<b>", "$dollar*?[]{}",
       "percent%20%2F&amp;", "colon:", "plus+", "question?", "hash#", "semi;colon", "pipe|", "back`tick`", "a=b&c=d", "@at", "\\x41"]
BYTES = [b"not-utf8-\xff\xfe", b"latin1-\xe9", b"overlong-\xc0\xaf"]


def make_large(path, randomly):
    """1 GiB; data in pieces that lie anywhere, the last byte among them."""
    with open(path, "wb") as file:
        for place in [0, GIB - 1] + [randomly.randrange(GIB) for _ in range(EXTENTS)]:
            file.seek(place)
            file.write(randomly.randbytes(min(randomly.randrange(1, 50000), GIB - place)))
        file.truncate(GIB)


def make_sparse(top, randomly):
    """Holes at the beginning, in the middle, at the end, and nothing else."""
    for number in range(40):
        size = randomly.randrange(1, 3 << 20)
        with open(f"{top}/sparse/{number}", "wb") as file:
            for _ in range(number % 4):
                file.seek(randomly.randrange(size))
                file.write(randomly.randbytes(min(randomly.randrange(1, 9000), size - file.tell())))
            file.truncate(size)


def make_links(top, randomly):
    """To files and directories, by absolute and relative paths, to nothing, in circles."""
    targets = [f"../tiny/{number}" for number in range(30)] + [f"/tree/tiny/{number}" for number in range(30)] + \
              ["../sizes/4097", "/tree/sizes/65537", "./1", "../links/../links/1", "../tiny", "/tree/odd", "/", "..", "../odd/new\nline",
               "../" + "./" * 400 + "tiny/3", "not there", "/not/there", "../tiny/1/2", "../../../tree/tiny/5", "self", "x" * 255,
               "../tiny/7/", "../empty/0"]
    os.symlink("self", f"{top}/links/self")
    os.symlink("pong", f"{top}/links/ping")
    os.symlink("ping", f"{top}/links/pong")
    for number, target in enumerate(targets):
        os.symlink(target, f"{top}/links/{number}")
    for number in range(60):
        os.symlink(f"chain{number + 1}" if number < 59 else "../sizes/512", f"{top}/links/chain{number}")
    for number in range(20):
        os.symlink(f"../tiny/{randomly.randrange(300)}", f"{top}/links/ünï {number}")


def make_tree(top, randomly):
    for folder in ("empty", "tiny", "sizes", "sparse", "odd", "links", "a directory with nothing in it"):
        os.makedirs(f"{top}/{folder}")
    for number in range(200):
        files.write(f"{top}/empty/{number}", b"")
    for number in range(600):
        files.write(f"{top}/tiny/{number}", randomly.randbytes(randomly.randrange(1, 200)))
    for size in (511, 512, 513, 4095, 4096, 4097, 8192, 32767, 32768, 32769, 65537, 131071, 131072, 131073, 1 << 20, 5000011):
        files.write(f"{top}/sizes/{size}", randomly.randbytes(size))
    make_sparse(top, randomly)
    for name in ODD + [os.fsdecode(name) for name in BYTES]:
        files.write(f"{top}/odd/{name}", os.fsencode(name) * 3)
        files.write(f"{top}/odd/directory {name}"[:len(top) + 5 + 120] + "/within", os.fsencode(name))
    deep = top
    for level in range(LEVELS):
        deep += f"/down-{level}"
        files.write(f"{deep}/here", f"level {level}\n".encode())
    files.write(f"{deep}/{'z' * 255}", randomly.randbytes(5000))
    make_links(top, randomly)
    left = ENTRIES - sum(len(names) for _, _, names in os.walk(top))
    for number in range(left):
        files.write(f"{top}/many/{number % 7}/file {number}.txt", randomly.randbytes(randomly.randrange(6000)))


def target_of(top, path):
    """What stands at a path in a tree that is its own root: a path of this machine; None: nothing, or a circle."""
    done, links = "", 0
    rest = [part for part in path.split("/") if part not in ("", ".")]
    while rest:
        part = rest.pop(0)
        if part == "..":
            done = os.path.dirname(done) if done else ""
            continue
        here = f"{top}{done}/{part}"
        if os.path.islink(here):
            links += 1
            target = os.readlink(here)
            if links > 40:
                return None
            done = "" if target.startswith("/") else done
            is_directory = target.endswith("/")
            rest = [part for part in target.split("/") if part not in ("", ".")] + rest
            if is_directory and not os.path.isdir(target_of(top, f"{done}/{target}") or ""):
                return None
        elif os.path.exists(here) and (not rest or os.path.isdir(here)):
            done += "/" + part
        else:
            return None
    return top + done


def wanted_of(top, path):
    """(status of HTTP, checksum or None)"""
    found = target_of(top, path)
    if found is None:
        return 404, None
    return (301, None) if os.path.isdir(found) else (200, files.sha256_of(found))


class Fetcher(threading.Thread):
    """Takes paths until there are none, over one connection."""

    def __init__(self, tree, paths, wanted):
        super().__init__()
        self.tree, self.paths, self.wanted = tree, paths, wanted
        self.count, self.bytes, self.wrong = 0, 0, []

    def fetch(self, one, path):
        one.request("GET", urllib.parse.quote(os.fsencode(path)))
        answer = one.getresponse()
        got, size = hashlib.sha256(), 0
        while data := answer.read(PART):
            got.update(data)
            size += len(data)
        self.bytes += size
        status, checksum = self.wanted[path]
        if answer.status != status or (checksum and got.hexdigest() != checksum):
            self.wrong.append(f"{path!r}: wanted: {status}, {checksum}; got: {answer.status}, {got.hexdigest()}, {size} bytes")

    def run(self):
        one = http.client.HTTPConnection("127.0.0.1", self.tree.port, timeout=self.tree.timeout_s)
        while True:
            try:
                path = self.paths.get_nowait()
            except queue.Empty:
                break
            try:
                self.fetch(one, path)
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{path!r}: {type(error).__name__}: {error}")
                one.close()
            self.count += 1
        one.close()


def large_is_right(tree, wanted):
    start = time.monotonic()
    said = tree.ask(f"run uses=file /bin/sum {LARGE}")
    print(f"note: sum: {GIB} bytes; {time.monotonic() - start:.0f} s")
    return None if f"sum: {wanted}  {LARGE}" in said else f"wanted: {wanted}; got: {said!r}"


def told(wrong, count):
    for line in wrong[:10]:
        print(f"note: {line}")
    return f"{len(wrong)} of {count} are wrong, the first: {wrong[0]}" if wrong else None


def http_is_right(tree, wanted):
    """Each path, links to files too; many connections, each kept."""
    start = time.monotonic()
    paths = queue.SimpleQueue()
    for path in sorted(wanted, key=lambda path: path != LARGE):
        paths.put(path)
    fetchers = [Fetcher(tree, paths, wanted) for _ in range(CONNECTIONS)]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()
    count = sum(fetcher.count for fetcher in fetchers)
    print(f"note: HTTP: {count} paths, {sum(fetcher.bytes for fetcher in fetchers)} bytes compared; {time.monotonic() - start:.0f} s")
    if count < ENTRIES:
        return f"wanted: {ENTRIES} paths; got: {count}"
    return told([line for fetcher in fetchers for line in fetcher.wrong], count)


def sums_are_right(tree, wanted):
    start = time.monotonic()
    said = tree.ask("sums /tree")
    got = files.sums_in(said)
    wrong = [f"{path}: wanted: {wanted.get(path)}; got: {got.get(path)}" for path in sorted(wanted.keys() | got.keys())
             if wanted.get(path) != got.get(path)]
    print(f"note: sums: {len(got)} paths compared; {time.monotonic() - start:.0f} s")
    if len(wanted) < ENTRIES:
        return f"wanted: {ENTRIES} paths; got: {len(wanted)}"
    return told(wrong, len(wanted))


def paths_of(top):
    for folder, folders, names in os.walk(top):
        for name in names + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            yield os.path.join(folder, name)[len(top):]


def converse(tree):
    by_http = {path: wanted_of(tree.top, path) for path in paths_of(tree.top)}
    by_sums = {f"/tree{path}": found for path, found in files.sums_of(f"{tree.top}/tree").items()}
    tree.step("boots", lambda: tree.machine.wait_for(console.PROMPT, tree.timeout_s) and None)
    tree.step("is_patient", lambda: None if "100000 s" in tree.ask("patience 100000") else "wanted: patience")
    tree.does("a_page_is_there", lambda: tree.curl("--retry", "5", "--retry-all-errors", tree.url("/")) and None)
    tree.does("all_are_right_by_http", lambda: http_is_right(tree, by_http))
    tree.step("all_are_right_by_checksum", lambda: sums_are_right(tree, by_sums))
    tree.step("the_largest_is_right_by_checksum", lambda: large_is_right(tree, by_http[LARGE][1]))
    tree.says("nothing_was_damaged_or_left_open", "volume", "; 0 damages met; 0 handles")
    tree.step("nothing_died", lambda: None if not any(web.deaths_of(tree).values()) else f"got: {web.deaths_of(tree)}")
    tree.step("powers_off", lambda: web.power_off(tree))


def main():
    parser = console.parser_for(__doc__, 600)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    print(f"note: tree.py --seed {args.seed}")
    randomly = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        top = f"{folder}/top"
        make_tree(f"{top}/tree", randomly)
        make_large(top + LARGE, randomly)
        os.mkdir(f"{top}/bin")
        shutil.copy(f"{args.build}/programs/sum", f"{top}/bin/sum")
        files.make_image(f"{folder}/disk.img", top, "-b", "4096", size="1500M")
        tree = web.Web(args.build, args.timeout, f"{folder}/disk.img", top)
        with console.conversation(tree, args):
            converse(tree)
    console.conclude(tree)


if __name__ == "__main__":
    main()
