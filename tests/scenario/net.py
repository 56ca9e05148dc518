#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The network from outside: an echo server in the emulator, talked to over QEMU's user networking while drivers, servers
and the echo server itself die; run from the top. What the guest sent is checked by its checksums.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last.
"""
import os
import random
import re
import socket
import struct
import tempfile
import threading
import time

import console
import qemu

GUEST_MAC = bytes.fromhex("525400123456")
MIB = 1 << 20
KILLS = 6


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Net(console.Scenario):
    """A machine whose ports 7 (TCP and UDP) and 9 (nobody there) are reached at ports of this one."""

    def __init__(self, build, timeout_s, pcap):
        self.port, self.udp_port, self.closed_port = free_port(), free_port(socket.SOCK_DGRAM), free_port()
        settings = qemu.settings_of("net")
        forwards = (f"hostfwd=tcp:127.0.0.1:{self.port}-:7,hostfwd=udp:127.0.0.1:{self.udp_port}-:7,"
                    f"hostfwd=tcp:127.0.0.1:{self.closed_port}-:9")
        devices = ["-netdev", f"user,id=net,{forwards}",
                   "-object", f"filter-dump,id=dump,netdev=net,file={pcap},maxlen=65535",
                   "-device", f"virtio-net-pci,netdev=net,mac={GUEST_MAC.hex(':')},"
                              "disable-legacy=on,iommu_platform=on,romfile="]
        # What waits for this machine waits in real time; what the guest computes it does in guest time, so
        # that no program of it hangs because this machine is busy.
        settings.update(devices=devices, icount="sleep")
        super().__init__(console.Machine(qemu.command_for("net", build, settings)), timeout_s)

    def connect(self):
        one = socket.create_connection(("127.0.0.1", self.port), self.timeout_s)
        one.settimeout(self.timeout_s)
        return one

    def does(self, name, action):
        """A step; what goes wrong with a socket is why it failed."""
        def guarded():
            try:
                return action()
            except OSError as error:
                return f"{type(error).__name__}: {error}"
        self.step(name, guarded)

    def harm(self, line, wanted):
        """Type a line, wait for what it brings about."""
        self.machine.type(line + "\r")
        self.machine.wait_for(wanted, self.timeout_s)


def receive_all(one):
    parts = []
    while part := one.recv(65536):
        parts.append(part)
    return b"".join(parts)


def difference(wanted, got):
    if wanted == got:
        return None
    at = next((i for i, (a, b) in enumerate(zip(wanted, got)) if a != b), min(len(wanted), len(got)))
    return f"wanted: the {len(wanted)} bytes sent; got: {len(got)} bytes, wrong from {at}"


def send_and_end(one, data):
    def send():
        try:
            one.sendall(data)
            one.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the receiving side says what happened
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def echo(scenario, size):
    data = random.randbytes(size)
    with scenario.connect() as one:
        thread = send_and_end(one, data)
        got = receive_all(one)
        thread.join()
    return difference(data, got)


def echo_many(scenario, count, size):
    """All connections are open at once."""
    datas = [random.randbytes(size) for _ in range(count)]
    ones = [scenario.connect() for _ in range(count)]
    threads = [send_and_end(one, data) for one, data in zip(ones, datas)]
    whys = [difference(data, receive_all(one)) for one, data in zip(ones, datas)]
    for one, thread in zip(ones, threads):
        thread.join()
        one.close()
    return next(filter(None, whys), None)


def slow_reader(scenario):
    """Nothing is read until nothing more can be sent: then everything between here and there is full."""
    data = random.randbytes(8 * MIB)
    sent = 0
    with scenario.connect() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        one.settimeout(1)
        try:
            while sent < len(data):
                sent += one.send(data[sent:sent + 65536])
        except TimeoutError:
            pass
        if sent == len(data):
            return "wanted: the echo server to stop reading; got: it took all"
        one.settimeout(scenario.timeout_s)
        thread = send_and_end(one, data[sent:])
        got = receive_all(one)
        thread.join()
    return difference(data, got)


def small_pieces(scenario):
    with scenario.connect() as one:
        for number in range(200):
            piece = random.randbytes(number % 50 + 1)
            one.sendall(piece)
            got = b""
            while len(got) < len(piece):
                part = one.recv(1000)
                if not part:
                    return f"wanted: {len(piece)} bytes; got: the end"
                got += part
            if got != piece:
                return difference(piece, got)
    return None


def reset_by_us(scenario):
    for _ in range(10):
        one = scenario.connect()
        one.sendall(random.randbytes(100000))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()
    return echo(scenario, 100000)


def refused(scenario):
    with socket.create_connection(("127.0.0.1", scenario.closed_port), scenario.timeout_s) as one:
        try:
            got = one.recv(1)
        except ConnectionResetError:
            return None
    return None if got == b"" else f"wanted: nobody there; got: {got}"


def udp_echo(scenario):
    lost = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(2)
        for size in (1, 7, 8, 500, 1400, 1472) * 10:
            data = random.randbytes(size)
            one.sendto(data, ("127.0.0.1", scenario.udp_port))
            try:
                got = one.recv(65536)
            except TimeoutError:
                lost += 1
                continue
            if got != data:
                return difference(data, got)
    return f"wanted: hardly any lost; got: {lost} of 60" if lost > 3 else None


def survives(scenario, lines):
    """One connection goes on, and every byte is right, over all of these."""
    data = random.randbytes(64 * MIB)
    got = []
    stop = threading.Event()
    sent = [0]
    with scenario.connect() as one:
        def send():
            while not stop.is_set() and sent[0] < len(data):
                sent[0] += one.send(data[sent[0]:sent[0] + 16384])
            one.shutdown(socket.SHUT_WR)

        def receive():
            got.append(receive_all(one))
        threads = [threading.Thread(target=work, daemon=True) for work in (send, receive)]
        for thread in threads:
            thread.start()
        for line, wanted in lines:
            scenario.harm(line, wanted)
            time.sleep(random.uniform(0.05, 0.3))
        stop.set()
        for thread in threads:
            thread.join(scenario.timeout_s)
    print(f"note: {sent[0] // 1024} KiB went there and back while {len(lines)} programs died")
    return difference(data[:sent[0]], b"".join(got))


def is_reset(scenario, line, wanted):
    """A connection is reset by what the line does, and a new one works."""
    with scenario.connect() as one:
        one.sendall(b"are you there")
        if one.recv(100) != b"are you there":
            return "wanted: an echo; got: something else"
        scenario.harm(line, wanted)
        one.settimeout(2)
        end = time.monotonic() + scenario.timeout_s
        while True:
            if time.monotonic() > end:
                return "wanted: a reset; got: silence"
            try:
                one.sendall(b"and now")
                if one.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
    return echo(scenario, 300000)


def netcall(scenario, port, kib):
    scenario.machine.type(f"start netcall 10.0.2.2 {port} {kib}\r")
    scenario.machine.wait_for("netcall: ", scenario.timeout_s)
    said = scenario.machine.wait_for("\n", scenario.timeout_s)
    scenario.machine.wait_for("netcall destroyed", scenario.timeout_s)  # so that it can be started again
    return said


def calls_out(scenario):
    """netcall connects to an echo server here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            one, _ = server.accept()
            with one:
                while part := one.recv(65536):
                    one.sendall(part)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        said = netcall(scenario, server.getsockname()[1], 2048)
        thread.join(scenario.timeout_s)
    match = re.match(r"OK; 2097152 bytes sent, 2097152 received, 0 wrong", said)
    return None if match else f"wanted: all sent and received; got: {said!r}"


def calls_nobody(scenario):
    said = netcall(scenario, free_port(), 1)
    return None if said.startswith("GONE;") else f"wanted: GONE; got: {said!r}"


def liar_is_refused(scenario):
    """A program that keeps no rule, while others work."""
    scenario.machine.type("start liar 20000\r")
    scenario.machine.wait_for("done", scenario.timeout_s)
    why = echo(scenario, 2 * MIB)
    scenario.machine.wait_for("liar: OK, ", scenario.timeout_s)
    said = scenario.machine.wait_for("refused", scenario.timeout_s)
    match = re.match(r"(\d+) answers, (\d+) refused", said)
    if not match or int(match[1]) < 100 or int(match[2]) < 100:
        return f"wanted: hundreds of answers and refusals; got: {said}"
    return why or echo(scenario, 100000)


def deaths_are(scenario, **wanted):
    scenario.machine.type("recovery\r")
    scenario.machine.wait_for("worst probe", scenario.timeout_s)
    said = scenario.machine.wait_for("the warden itself", scenario.timeout_s)
    got = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+) ", said, re.M)}
    wrong = {name: got.get(name) for name in wanted if got.get(name) != wanted[name]}
    return f"wanted: {wanted} deaths by faults; got: {wrong}" if wrong else None


def says(scenario, *texts):
    """All of the texts have been said, or will be, in whichever order."""
    for text in texts:
        if text not in scenario.machine.log:
            scenario.machine.wait_for(text, scenario.timeout_s)


def converse(scenario):
    scenario.step("boots", lambda: says(scenario, "echo: listening"))
    scenario.step("has_an_address_by_dhcp", lambda: says(scenario, "net: 10.0.2.15/24 by DHCP"))
    scenario.does("echoes_mebibytes", lambda: echo(scenario, 8 * MIB))
    scenario.does("echoes_small_pieces", lambda: small_pieces(scenario))
    scenario.does("echoes_on_many_connections_at_once", lambda: echo_many(scenario, 10, 300000))
    scenario.does("more_connections_than_rings_wait", lambda: echo_many(scenario, 24, 50000))
    scenario.does("stops_reading_when_nobody_takes_the_echo", lambda: slow_reader(scenario))
    scenario.does("outlives_resets", lambda: reset_by_us(scenario))
    scenario.does("refuses_where_nobody_listens", lambda: refused(scenario))
    scenario.does("echoes_datagrams", lambda: udp_echo(scenario))
    scenario.does("a_client_that_lies_harms_nobody", lambda: liar_is_refused(scenario))
    scenario.does("calls_out", lambda: calls_out(scenario))
    scenario.does("calls_nobody", lambda: calls_nobody(scenario))
    dead = [("fail nic", "net: the link is up")] * KILLS + [("hang nic", "net: the link is up")] * 2
    scenario.does("a_connection_survives_deaths_of_the_driver", lambda: survives(scenario, dead))
    for number, line in enumerate(("fail net", "hang net", "fail net", "fail echo", "hang echo"), 1):
        scenario.does(f"{line.replace(' ', '_')}_resets_and_comes_back_{number}",
                      lambda line=line: is_reset(scenario, line, "echo: listening"))
    scenario.does("outlives_a_dead_warden", lambda: survives(
        scenario, [("fail warden", " goes on")]))
    scenario.step("nobody_else_died", lambda: deaths_are(scenario, nic=KILLS, net=2, echo=1, pci=0))
    console.machine_type_poweroff(scenario)


def frames_of(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def sum_is_right(*parts):
    data = b"".join(parts)
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF


def checksums_are_right(path):
    """Of all TCP and UDP over IPv4 that the guest sent."""
    count = 0
    for frame in frames_of(path):
        if frame[6:12] != GUEST_MAC or frame[12:14] != b"\x08\x00":
            continue
        header = frame[14:14 + (frame[14] & 15) * 4]
        payload = frame[14 + len(header):14 + struct.unpack(">H", header[2:4])[0]]
        pseudo = header[12:20] + struct.pack(">HH", header[9], len(payload))
        if not sum_is_right(header) or header[9] in (6, 17) and not sum_is_right(pseudo, payload):
            return f"wanted: right checksums; got: a wrong one in frame {frame.hex()[:120]}"
        count += 1
    print(f"note: checksums of {count} packets")
    return None if count > 1000 else f"wanted: many packets; got: {count}"


def main():
    args = console.parser_for(__doc__, 30).parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        pcap = os.path.join(folder, "net.pcap")
        scenario = Net(args.build, args.timeout, pcap)
        with console.conversation(scenario, args):
            converse(scenario)
        scenario.lost = False
        scenario.step("checksums_are_right", lambda: checksums_are_right(pcap))
    console.conclude(scenario)


if __name__ == "__main__":
    main()
