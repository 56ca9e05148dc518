#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A web server on an ext4 disk, fetched from with curl while all around it dies; run from the top of the tree.

Everything that curl gets is compared with what this machine says of the same files.
Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import hashlib
import json
import os
import random
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import console
import disk
import files
import qemu

MIB = 1 << 20
BIG_BYTES = 64 * MIB
# What dies in the middle of downloads: all but the network server, which holds the connections, and http.
VICTIMS = ["disk", "netcard", "files", "names", "pci", "console", "uart", "random", "warden"]
HARMS = [f"{how} {who}" for who in VICTIMS for how in ("fail", "hang")]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def make_tree(top, randomly):
    for size in (0, 1, 511, 512, 4095, 4096, 4097, 32767, 32768, 32769, 131072, 300001):
        files.write(f"{top}/sizes/{size}.bin", randomly.randbytes(size))
    for name in ["with space", "ümläut-日本", "percent%20&amp;", "a" * 200, "'quotes'\"<b>", "colon:", "plus+",
                 "question?", "hash#", "...", "page.html", "text.md"]:
        files.write(f"{top}/odd/{name}", name.encode() * 3)
    for number in range(60):
        files.write(f"{top}/many/file {number}.txt", randomly.randbytes(randomly.randrange(2000)))
    with open(f"{top}/sparse", "wb") as file:
        for place in (0, 3 * MIB + 5, 9 * MIB):
            file.seek(place)
            file.write(randomly.randbytes(10000))
        file.truncate(12 * MIB)
    os.symlink("sizes/4097.bin", f"{top}/link")
    os.mkdir(f"{top}/empty")
    files.write(f"{top}/big", randomly.randbytes(BIG_BYTES))


class Web(console.Scenario):
    """A machine whose port 80 is reached at a port of this one."""

    def __init__(self, build, timeout_s, image, top, system="default", icount="sleep", firmware=""):
        self.port, self.top = free_port(), top
        settings = qemu.settings_of(system)
        devices = disk.file_backed(image) + [
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:80",
            "-device", "virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile=",
            "-object", "rng-builtin,id=random",
            "-device", "virtio-rng-pci,rng=random,disable-legacy=on,iommu_platform=on"]
        # In guest time, so that nothing hangs there because this machine is busy.
        settings.update(devices=devices, icount=icount, firmware=firmware)
        self.has_exact_time = bool(icount)
        super().__init__(console.Machine(qemu.command_for(system, build, settings)), timeout_s)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{urllib.parse.quote(path)}"

    def curl(self, *words, status=0):
        """What curl writes; any other exit status than the one wanted is an OSError."""
        done = subprocess.run(["curl", "-sS", "-m", str(self.timeout_s), *words], capture_output=True,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode != status:
            raise OSError(f"curl {' '.join(words)}: wanted: status {status}; got: {done.returncode}, "
                          f"{done.stderr.decode()!r}")
        return done.stdout

    def does(self, name, action):
        def guarded():
            try:
                return action()
            except (OSError, ValueError) as error:
                return f"{type(error).__name__}: {error}"
        self.step(name, guarded)

    def answers(self, name, path, *patterns, words=()):
        """A step: head and body of the answer match."""
        def action():
            said = self.curl("-i", *words, self.url(path)).decode("utf-8", "replace").replace("\r", "")
            return next((f"wanted: {pattern}; got: {said[:600]!r}" for pattern in patterns
                         if not re.search(pattern, said, re.M)), None)
        self.does(name, action)

    def file(self, path):
        with open(self.top + path, "rb") as file:
            return file.read()


def tree_is_right(web):
    """Every file; those of a folder over one connection."""
    count = 0
    for folder, _, names in os.walk(web.top):
        paths = [os.path.join(folder, name)[len(web.top):] for name in sorted(names)]
        for path in paths:
            got = web.curl(web.url(path))
            if got != web.file(path):
                return f"{path}: wanted: {len(web.file(path))} bytes; got: {len(got)} others"
            count += 1
    print(f"note: web: {count} files compared")
    return None if count > 80 else f"wanted: more than 80 files; got: {count}"


def connection_is_kept(web):
    paths = [f"/many/file {number}.txt" for number in range(20)]
    words = [word for path in paths for word in ("-o", "-", web.url(path))]
    got = web.curl(*words, "-w", "%{num_connects}\n%{stderr}")
    wanted = b"".join(web.file(path) + (b"1\n" if path == paths[0] else b"0\n") for path in paths)
    return None if got == wanted else "wanted: 20 files over one connection; got: something else"


def ranges_are_right(web):
    whole = web.file("/sparse")
    for what in ("0-0", "5-99", "32760-32780", "3145720-3165720", f"{len(whole) - 7}-", "-1", "-40000", "100-99999999999"):
        first, last = what.split("-")
        if first == "":
            wanted = whole[-int(last):]
        else:
            wanted = whole[int(first):int(last) + 1 if last else None]
        if web.curl("-r", what, web.url("/sparse")) != wanted:
            return f"{what}: wanted: those {len(wanted)} bytes; got: others"
    return None


def names_are_listed(web):
    """Each link of a page leads to a file, and there is one for each file."""
    for folder in ("/", "/odd/", "/many/", "/empty/"):
        page = web.curl(web.url(folder)).decode()
        got = {urllib.parse.unquote(link) for link in re.findall(r'href="\./([^"]*)"', page)}
        wanted = {entry.name + ("/" if entry.is_dir() else "") for entry in os.scandir(web.top + folder)}
        if got - {"lost+found/"} != wanted:
            return f"{folder}: wanted: {sorted(wanted)}; got: {sorted(got)}"
    return None


def talk(web, data, shut=False):
    """Raw bytes there, all that comes back."""
    with socket.create_connection(("127.0.0.1", web.port), web.timeout_s) as one:
        one.sendall(data)
        if shut:
            one.shutdown(socket.SHUT_WR)
        parts = []
        while part := one.recv(65536):
            parts.append(part)
    return b"".join(parts)


def bad_requests_are_refused(web):
    for data, wanted in ((b"GET nonsense HTTP/1.1\r\nHost: a\r\n\r\n", b"400"), (b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
                         (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414"),
                         (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", b"431"),
                         (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", b"501"),
                         (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"505")):
        got = talk(web, data)
        if not got.startswith(b"HTTP/1.1 " + wanted):
            return f"{data[:40]!r}: wanted: {wanted}; got: {got[:60]!r}"
    return None


def pipelines_are_answered(web):
    one = b"GET /sizes/512.bin HTTP/1.1\r\nHost: a\r\n\r\n"
    got = talk(web, one * 9 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    count = got.count(web.file("/sizes/512.bin"))
    return None if count == 10 else f"wanted: 10 answers; got: {count}"


def many_at_once(web):
    """Sixteen downloads, each of a file of its own, while more clients wait in the backlog."""
    wrong = []

    def fetch(number):
        try:
            path = "/sizes/300001.bin" if number % 2 else "/sizes/131072.bin"
            if web.curl(web.url(path)) != web.file(path):
                wrong.append(f"{path}: other bytes")
        except OSError as error:
            wrong.append(str(error))
    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong[0] if wrong else None


def status_of(web):
    """{program: what status.json says of it}."""
    return {about["name"]: about for about in json.loads(web.curl(web.url("/status.json")))["programs"]}


def counts_are_right(web):
    """Opening a file is a call of the file server: counted there, each in one bucket of its histogram."""
    before = status_of(web)["files"]
    for _ in range(10):
        web.curl("-I", web.url("/sizes/512.bin"))
    time.sleep(1)  # the warden is not asked more often
    after = status_of(web)
    calls = after["files"]["calls"] - before["calls"]
    wrong = [name for name, about in after.items() if sum(about["times"]) != about["calls"]]
    if not 20 <= calls <= 100 or wrong:
        return f"wanted: about 20 calls to open and close 10 files; got: {calls}, with other sums in the histograms of {wrong}"
    return None


def deaths_are_shown(web):
    about = status_of(web)["http"]
    got = {key: about[key] for key in ("state", "restarts", "faults", "hangs")}
    wanted = {"state": "running", "restarts": 2, "faults": 1, "hangs": 1}
    return None if got == wanted else f"wanted: {wanted}; got: {got}"


def converse(web):
    # Before the guest has its address a connection of curl's waits in QEMU for its next try.
    web.does("a_page_is_there", lambda: web.curl("--retry", "5", "--retry-all-errors", web.url("/")) and None)
    web.does("all_files_are_right", lambda: tree_is_right(web))
    web.does("a_connection_is_kept", lambda: connection_is_kept(web))
    web.does("ranges_are_right", lambda: ranges_are_right(web))
    web.does("directories_are_listed", lambda: names_are_listed(web))
    web.answers("links_are_followed", "/link", "^HTTP/1.1 200 ", "^Content-Length: 4097$", words=["-I"])
    web.answers("a_head_has_no_body", "/sparse", "^Content-Length: 12582912$", r"\n\n\Z", words=["-I"])
    web.answers("what_is_not_there_is_told", "/nothing", "^HTTP/1.1 404 ", "404 Not Found</h1>")
    web.answers("a_file_is_no_directory", "/sparse/", "^HTTP/1.1 404 ")
    web.answers("a_directory_has_a_slash", "/many", "^HTTP/1.1 301 ", "^Location: /many/$")
    web.answers("a_range_behind_the_end_is_told", "/sparse", "^HTTP/1.1 416 ", r"bytes \*/12582912$",
                words=["-r", "12582912-"])
    web.answers("what_was_not_modified_is_not_sent", "/sparse", "^HTTP/1.1 304 ", r"\n\n\Z",
                words=["-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"])
    web.answers("nothing_can_be_changed", "/sparse", "^HTTP/1.1 405 ", "^Allow: GET, HEAD$", words=["-X", "DELETE"])
    web.does("bad_requests_are_refused", lambda: bad_requests_are_refused(web))
    web.does("pipelines_are_answered", lambda: pipelines_are_answered(web))
    web.does("many_are_served_at_once", lambda: many_at_once(web))
    web.step("files_in_memory_are_in_the_console_s_tree", lambda: None if "a note" in
             web.ask("write /tmp/note a note") + web.ask("cat /tmp/note") and "note" in web.ask("ls /boot/../tmp")
             else "wanted: the words that were written")
    web.says("so_is_what_was_booted", "ls /boot", r"^- +\d+ http$", r"^- +\d+ system$")
    web.says("and_programs_are_started_from_it", "run /boot/crasher null", "faulted: NOT_PRESENT at 0x8")
    web.answers("the_web_server_sees_neither", "/tmp/note", "^HTTP/1.1 404 ")
    web.answers("the_status_is_shown", "/status", '<tr role="row" id="p[0-9]+" data-state="running" data-name="http">',
                '<g class="box" id="g[0-9]+" data-state="running" .*data-name="http">', "<span>free</span>",
                "0 answers given up")
    web.does("the_status_is_told_to_programs", lambda: counts_are_right(web))


class Download(threading.Thread):
    """The big file, again and again until told to stop; checks each."""

    def __init__(self, web, wanted, timeout_s=None):
        super().__init__()
        self.web, self.wanted = web, wanted
        self.timeout_s = timeout_s or web.timeout_s
        self.rounds, self.why = 0, None
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set() and not self.why:
            command = ["curl", "-sS", "-m", str(self.timeout_s), self.web.url("/big")]
            got = hashlib.sha256()
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                size = 0
                while data := process.stdout.read(65536):
                    got.update(data)
                    size += len(data)
                said = process.stderr.read().decode()
            if process.returncode != 0:
                self.why = f"round {self.rounds}: wanted: status 0; got: {process.returncode}, {said!r}"
            elif got.hexdigest() != self.wanted:
                self.why = f"round {self.rounds}: wanted: {self.wanted}; got: {got.hexdigest()}, {size} bytes"
            self.rounds += 1


def deaths_of(web, who="warden"):
    """All that the warden and init have counted; asked again if the warden has just begun, or a line came in the middle of a row."""
    end = time.monotonic() + web.timeout_s
    while True:
        said = web.ask("recovery")
        rows = re.findall(r"^(\w+) +(\d+) +(\d+) +\d+ +\d+$", said, re.M)
        counts = {name: int(faults) + int(hangs) for name, faults, hangs in rows}
        if wardens := re.search(r"started anew (\d+) times", said):
            counts["warden"] = int(wardens[1])
            if who in counts:
                return counts
        if time.monotonic() > end:
            raise ValueError(f"recovery: wanted: rows with {who}; got: {said[-1500:]!r}")
        time.sleep(0.05)


def harm(web, line):
    """Type a line; back when it has been counted. Gives what is wrong."""
    who = line.split()[1]
    before = deaths_of(web, who)[who]
    web.ask(line)
    web.align()  # a console that died shows a prompt of its own
    end = time.monotonic() + web.timeout_s
    while deaths_of(web, who)[who] == before:
        if time.monotonic() > end:
            return f"{line}: wanted: a death that is counted; got: none"
        time.sleep(0.05)
    return None


def downloads_go_on(web, lines, randomly):
    downloads = [Download(web, files.sha256_of(f"{web.top}/big")) for _ in range(2)]
    for download in downloads:
        download.start()
    done, why = 0, None
    start = time.monotonic()
    try:
        for line in lines:
            time.sleep(randomly.uniform(0.1, 1.0))
            why = why or harm(web, line)
            if why or any(download.why for download in downloads):
                break
            done += 1
    finally:
        for download in downloads:
            download.stop.set()
        for download in downloads:
            download.join()
    rounds = sum(download.rounds for download in downloads)
    recoveries = deaths_of(web)
    print(f"note: web: {done} faults and hangs, {sum(recoveries.values())} recoveries, {rounds} downloads of "
          f"{BIG_BYTES // MIB} MiB, {rounds * BIG_BYTES} bytes, all checksums compared; {time.monotonic() - start:.0f} s")
    why = why or next((download.why for download in downloads if download.why), None)
    if why:
        return f"after {lines[:done + 1]}: {why}"
    # In the host's time a busy host makes false alarms, which lose nothing; whether there was one says nothing about the system.
    if web.has_exact_time and (recoveries["net"] or recoveries["http"]):
        return f"wanted: net and http alive; got: {recoveries}"
    return None


def slow_clients(web):
    """One that reads nothing, one that says half of a request."""
    ones = [socket.create_connection(("127.0.0.1", web.port), web.timeout_s) for _ in range(2)]
    ones[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    ones[0].sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    ones[1].sendall(b"GET /big HTTP/1.1\r\nHo")
    return ones


def slow_clients_are_left(web, ones):
    end = time.monotonic() + web.timeout_s
    while not re.search("1 clients stalled", web.curl(web.url("/status")).decode()):
        if time.monotonic() > end:
            return "wanted: a client that stalled is counted; got: none"
        time.sleep(0.5)
    said = ones[1].recv(1000)
    return None if said.startswith(b"HTTP/1.1 408 ") else f"wanted: 408; got: {said!r}"


def http_comes_back(web, line):
    why = harm(web, line)
    if not why and web.curl("--retry", "5", "--retry-all-errors", web.url("/sizes/4097.bin")) != web.file("/sizes/4097.bin"):
        why = f"after {line}: other bytes"
    return why


def long_command(web):
    """The console computes for long, answers no probe meanwhile, and is not taken for hung."""
    before = deaths_of(web)["console"]
    said = web.ask("sum /big")
    if files.sha256_of(f"{web.top}/big") not in said:
        return f"sum /big: wanted: the host's; got: {said[-300:]!r}"
    after = deaths_of(web)["console"]
    return None if after == before else f"wanted: a console that lives; got: {after - before} deaths"


def power_off(web):
    web.machine.type("poweroff\r")
    web.machine.wait_for("goodbye", web.timeout_s)
    status = web.machine.end(web.timeout_s)
    return None if status == qemu.EXIT_SUCCESS else f"wanted: success; got: status {status}"


def main():
    parser = console.parser_for(__doc__, 300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--harms", type=int, default=12, help="how many deaths")
    args = parser.parse_args()
    print(f"note: web.py --seed {args.seed}")
    randomly = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        make_tree(f"{folder}/tree", randomly)
        files.make_image(f"{folder}/disk.img", f"{folder}/tree", "-b", "4096")
        web = Web(args.build, args.timeout, f"{folder}/disk.img", f"{folder}/tree")
        with console.conversation(web, args):
            web.step("boots", lambda: web.machine.wait_for(console.PROMPT, args.timeout) and None)
            converse(web)
            harms = HARMS + [randomly.choice(HARMS) for _ in range(max(0, args.harms - len(HARMS)))]
            randomly.shuffle(harms)
            ones = [] if web.lost else slow_clients(web)
            web.does("downloads_go_on_whatever_dies", lambda: downloads_go_on(web, harms, randomly))
            web.does("slow_clients_are_left", lambda: slow_clients_are_left(web, ones))
            web.does("a_dead_http_comes_back", lambda: http_comes_back(web, "fail http"))
            web.does("a_hung_http_comes_back", lambda: http_comes_back(web, "hang http"))
            web.does("a_dead_net_comes_back", lambda: http_comes_back(web, "fail net"))
            web.does("deaths_are_shown", lambda: deaths_are_shown(web))
            web.says("nothing_is_left_open", "volume", "; 0 damages met; 0 handles")
            web.does("a_console_at_work_is_not_taken_for_hung", lambda: long_command(web))
            web.step("powers_off", lambda: power_off(web))
    console.conclude(web)


if __name__ == "__main__":
    main()
