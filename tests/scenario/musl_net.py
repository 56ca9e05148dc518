#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sockets of a C program on musl, from outside over QEMU's user networking; run from the top of the tree.

An echo server and a client in the emulator, their peers here, and a name that a DNS server here answers (at port 53,
which takes root: without, that step says so in a note). Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import random
import re
import socket
import struct
import tempfile
import threading

import console
import disk
import files
import net
import qemu

NAME = "echo.pith.test"
PARTS = "= 4 sent, readv 4 four, at once"


class MuslNet(net.Net):
    """A machine with a disk and a network, whose port 7 is reached at a port of this one."""

    def __init__(self, args, image):
        self.port, self.udp_port = net.free_port(), net.free_port(socket.SOCK_DGRAM)
        settings = qemu.settings_of("musl")
        settings.update(icount="sleep", devices=disk.file_backed(image) + [
            "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:7,"
                       f"hostfwd=udp:127.0.0.1:{self.udp_port}-:7",
            "-device", "virtio-net-pci,netdev=net,disable-legacy=on,iommu_platform=on,romfile="])
        console.Scenario.__init__(self, console.Machine(qemu.command_for("musl", args.build, settings)),
                                  args.timeout)

    def run(self, args):
        """What socket_calls said, and how it ended."""
        self.machine.type(f"start socket_calls {args}\r")
        return self.rest()

    def rest(self):
        said = self.machine.wait_for("warden: socket_calls destroyed", self.timeout_s)
        said = said.replace(f"done\n{console.PROMPT}", "").replace(console.PROMPT, "")
        end = re.findall(r"^warden: socket_calls (.*)", said, re.M)
        return re.findall(r"^= .*", said, re.M), end[0] if end else "?"

    def answers(self, name, args, *wanted):
        def action():
            said, end = self.run(args)
            if said != list(wanted) or end != "ended with status 0":
                return f"wanted: {list(wanted)}; got: {said}, {end}"
            return None
        self.does(name, action)


class Peer:
    """An echo server here, for one connection."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        one, _ = self.server.accept()
        with one:
            while part := one.recv(65536):
                one.sendall(part)


def dns_answer(query):
    """One address for the name that is ours, none for the others."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    kind = struct.unpack(">H", question[-4:-2])[0]
    is_known = ".".join(labels) == NAME
    answer = (b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes([10, 0, 2, 2])
              if is_known and kind == 1 else b"")
    flags = 0x8180 if is_known else 0x8183
    return query[:2] + struct.pack(">HHHHH", flags, 1, bool(answer), 0, 0) + question + answer


def dns_serve():
    """False: port 53 is not to be had."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        server.bind(("127.0.0.1", 53))
    except OSError:
        return False

    def serve():
        while True:
            query, peer = server.recvfrom(2000)
            server.sendto(dns_answer(query), peer)
    threading.Thread(target=serve, daemon=True).start()
    return True


def ends_by_word(scenario):
    with scenario.connect() as one:
        one.sendall(b"end")
        net.receive_all(one) if one.recv(3) == b"end" else None
    said, end = scenario.rest()
    count = sum(line.startswith("= connection from 10.0.2.2") for line in said)
    print(f"note: {count} connections to a C program")
    return None if end == "ended with status 0" and count > 8 else f"wanted: status 0; got: {said}, {end}"


def serves(scenario):
    scenario.machine.type("start socket_calls serve 7\r")
    scenario.machine.wait_for("= serving at 7", scenario.timeout_s)


def converse(scenario):
    scenario.step("boots", lambda: scenario.machine.wait_for(
        "net: 10.0.2.15/24 by DHCP", scenario.timeout_s) and None)
    scenario.does("a_c_program_listens", lambda: serves(scenario))
    scenario.does("it_echoes", lambda: net.echo(scenario, 200000))
    scenario.does("it_echoes_small_pieces", lambda: net.small_pieces(scenario))
    scenario.does("it_echoes_on_eight_connections", lambda: net.echo_many(scenario, 8, 20000))
    scenario.does("it_echoes_datagrams", lambda: net.udp_echo(scenario))
    scenario.does("it_ends_when_told", lambda: ends_by_word(scenario))
    peer = Peer()
    scenario.answers("a_c_program_connects", f"call 10.0.2.2 {peer.port} 256", "= 10.0.2.2 is 10.0.2.2",
                     "= 262144 bytes came back right", PARTS, "= shutdown 0, then the end: 0")
    if dns_serve():
        peer = Peer()
        scenario.answers("names_are_resolved", f"call {NAME} {peer.port} 8", f"= {NAME} is 10.0.2.2",
                         "= 8192 bytes came back right", PARTS, "= shutdown 0, then the end: 0")
        scenario.does("names_that_are_not_there_are_not", lambda: None if scenario.run(
            f"call no.{NAME} 7 8") == (["= no address: -2"], "ended with status 3") else "wanted: -2")
    else:
        print("note: port 53 is not ours: names were not resolved")
    scenario.answers("what_goes_wrong_is_told", "wrong",
                     "= another family: 97", "= another protocol: 93", "= no socket: 88", "= nothing: 9",
                     "= not connected: 107", "= refused: 111", "= nothing came: 11", "= to nobody: 89",
                     "= bind: 22", "= patience: 0", "= no delay of datagrams: 92", "= no delay: 0", "= keep alive: 0",
                     "= linger: 92", "= begun: 115", "= ready after a moment: 0", "= it has no peer yet: 107",
                     "= poll of nothing: 0")
    console.machine_type_poweroff(scenario)


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        files.write(f"{folder}/tree/etc/resolv.conf", b"nameserver 10.0.2.2\n")
        image = os.path.join(folder, "tree.img")
        files.make_image(image, f"{folder}/tree", "-b", "4096", size="16M")
        scenario = MuslNet(args, image)
        with console.conversation(scenario, args):
            converse(scenario)
    console.conclude(scenario)


if __name__ == "__main__":
    main()
