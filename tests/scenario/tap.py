#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The network on a link of its own: a tap in a private network namespace, with a router, a DHCP server and a DNS server that are
written here; run from the top of the tree. IPv6 and IPv4 both ways by ping, curl and Python, names, hostile answers. What
the guest sent is judged by tcpdump.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last. Needs root, or a machine that lets its users have
name spaces.
"""
import argparse
import os
import random
import re
import socket
import subprocess
import sys
import tempfile

import console
import net
import qemu
import tap_link

MIB = 1 << 20
CALM = r"\bbad\b|incorrect|wrong|malformed|invalid|\[\||trunc|illegal"


class Tap(net.Net):
    """A machine on the tap. Its address for connect() may be changed."""

    def __init__(self, system, args, devices, pcap=None):
        settings = qemu.settings_of(system)
        dump = ["-object", f"filter-dump,id=dump,netdev=net,file={pcap},maxlen=65535"] if pcap else []
        settings.update(icount="sleep", devices=devices + [
            "-netdev", f"tap,id=net,ifname={tap_link.NAME},script=no,downscript=no,vnet_hdr=off", *dump,
            "-device", f"virtio-net-pci,netdev=net,mac={net.GUEST_MAC.hex(':')},disable-legacy=on,iommu_platform=on,romfile="])
        console.Scenario.__init__(self, console.Machine(qemu.command_for(system, args.build, settings)),
                                  args.timeout)
        self.host = tap_link.GUEST_6

    def connect(self):
        one = socket.create_connection((self.host, 7), self.timeout_s)
        one.settimeout(self.timeout_s)
        return one

    def runs(self, name, *words, wanted=None):
        """A step: a program here ends with 0 and says what is wanted."""
        def action():
            done = subprocess.run(words, capture_output=True, check=False, text=True,
                                  timeout=self.timeout_s, stdin=subprocess.DEVNULL)
            if done.returncode != 0 or (wanted and not re.search(wanted, done.stdout)):
                return f"{' '.join(words)}: wanted: {wanted or 'status 0'}; got: {done.returncode}, {done.stdout + done.stderr!r}"
            return None
        self.does(name, action)


def ping(scenario, name, address, size, count=5):
    scenario.runs(name, "ping", "-n", "-c", str(count), "-i", "0.2", "-W", "10", "-s", str(size), address,
                  wanted=rf"{count} received")


def udp_socket(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.settimeout(5)
    one.connect((address, port))
    return one


def udp_echo(address):
    """Of all sizes, some in fragments."""
    with udp_socket(address, 7) as one:
        for size in (1, 7, 8, 500, 1400, 1452, 1453, 1472, 1473, 2048) * 3:
            data = random.randbytes(size)
            one.send(data)
            got = one.recv(65536)
            if got != data:
                return net.difference(data, got)
    return None


def udp_refused(address):
    with udp_socket(address, 9) as one:
        one.send(b"anybody there")
        try:
            got = one.recv(100)
        except ConnectionRefusedError:
            return None
    return f"wanted: port unreachable; got: {got}"


def tcp_refused(address):
    try:
        socket.create_connection((address, 9), 10).close()
    except ConnectionRefusedError:
        return None
    return "wanted: refused; got: a connection"


def calls_out(scenario, address):
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
        thread = tap_link.echo_once(server)
        scenario.machine.type(f"start netcall {address} {server.getsockname()[1]} 1024\r")
        scenario.machine.wait_for("netcall: ", scenario.timeout_s)
        said = scenario.machine.wait_for("\n", scenario.timeout_s)
        scenario.machine.wait_for("netcall destroyed", scenario.timeout_s)
        thread.join(scenario.timeout_s)
    match = re.match(r"OK; 1048576 bytes sent, 1048576 received, 0 wrong", said)
    return None if match else f"wanted: all sent and received; got: {said!r}"


def neighbour_is_found_again(scenario):
    subprocess.run(["ip", "-6", "neigh", "flush", "dev", tap_link.NAME], check=True)
    why = udp_echo(tap_link.GUEST_6)
    said = subprocess.run(["ip", "-6", "neigh", "show", "dev", tap_link.NAME], check=True,
                          capture_output=True, text=True).stdout
    wanted = f"{tap_link.GUEST_6} lladdr {net.GUEST_MAC.hex(':')}"
    return why or (None if wanted in said else f"wanted: {wanted}; got: {said!r}")


def says(scenario, *texts):
    log = scenario.machine.log
    for text in texts:
        if text not in log:
            log += scenario.machine.wait_for(text, scenario.timeout_s)
    return None


def net_converse(scenario):
    four, six, local = tap_link.GUEST_4, tap_link.GUEST_6, f"{tap_link.GUEST_LOCAL}%{tap_link.NAME}"
    scenario.step("boots", lambda: says(scenario, "echo: listening"))
    scenario.step("has_an_address_by_dhcp", lambda: says(scenario, f"net: {four}/24 by DHCP"))
    scenario.step("has_an_address_by_autoconfiguration", lambda: says(scenario, f"net: {six.upper()}/64"))
    for name, address in (("ipv4", four), ("ipv6", six), ("link_local", local)):
        ping(scenario, f"answers_pings_{name}", address, 56)
        ping(scenario, f"answers_pings_in_fragments_{name}", address, 4000)
    for name, address in (("ipv4", four), ("ipv6", six)):
        scenario.host = address
        scenario.does(f"echoes_mebibytes_{name}", lambda: net.echo(scenario, 4 * MIB))
        scenario.does(f"echoes_on_many_connections_{name}", lambda: net.echo_many(scenario, 10, 100000))
        scenario.does(f"echoes_datagrams_{name}", lambda a=address: udp_echo(a))
        scenario.does(f"refuses_connections_{name}", lambda a=address: tcp_refused(a))
        scenario.does(f"refuses_datagrams_{name}", lambda a=address: udp_refused(a))
        scenario.does(f"calls_out_{name}", lambda a=address: calls_out(
            scenario, tap_link.HOST_6 if ":" in a else tap_link.HOST_4))
    scenario.does("is_found_by_its_neighbour_again", lambda: neighbour_is_found_again(scenario))
    dead = [("fail nic", "net: the link is up")] * 3
    scenario.does("a_connection_over_ipv6_survives_deaths_of_the_driver", lambda: net.survives(scenario, dead))
    console.machine_type_poweroff(scenario)


def tcpdump_is_content(pcap):
    mac = net.GUEST_MAC.hex(":")
    said = subprocess.run(["tcpdump", "-nn", "-vvv", "-r", pcap, "ether", "src", mac], capture_output=True,
                          check=True, text=True, errors="replace").stdout
    lines = said.splitlines()
    odd = [line for line in lines if re.search(CALM, line)]
    wanted = {"duplicates are looked for": r":: > ff02::1:ff12:3456: .*neighbor solicitation",
              "a router is asked for": r"router solicitation", "neighbours are told": r"neighbor advertisement",
              "the address is asked for": r"DHCP-Message \(53\), length 1: Request",
              "TCP over IPv6": r"next-header TCP \(6\)", "UDP over IPv6": r"next-header UDP \(17\)",
              "errors of IPv6": r"unreachable port", "fragments of IPv6": r"frag \(0x"}
    missing = [what for what, pattern in wanted.items() if not re.search(pattern, said)]
    print(f"note: tcpdump said {len(lines)} lines of what the guest sent")
    return f"wanted: nothing odd, nothing missing; got: {odd[:3]}, {missing}" if odd or missing else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for each step")
    parser.add_argument("--log", help="write all that the system said here")
    args = parser.parse_args()
    tap_link.enter()
    random.seed(1)
    done = []
    with tempfile.TemporaryDirectory() as folder, tap_link.Link():
        pcap = os.path.join(folder, "net.pcap")
        for system, devices, converse in (("net", [], net_converse),):
            scenario = Tap(system, args, devices, pcap)
            done.append(scenario)
            try:
                converse(scenario)
            finally:
                scenario.machine.end(0 if scenario.lost else 1)
                if args.log:
                    with open(args.log, "a", encoding="utf-8") as log:
                        log.write(scenario.machine.log)
            scenario.lost = False
            scenario.step(f"tcpdump_is_content_{system}", lambda: tcpdump_is_content(pcap))
    failed = sum(one.failed for one in done)
    print(f"{sum(one.passed for one in done)} passed, {failed} failed")
    sys.exit(0 if failed == 0 else 1)


if __name__ == "__main__":
    main()
