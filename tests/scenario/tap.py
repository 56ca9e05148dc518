#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The network on a link of its own: a tap in a private network namespace, with a router, a DHCP server and a DNS server that are
written here; run from the top of the tree. IPv6 and IPv4 both ways by ping, curl and Python, names, hostile answers. What
the guest sent is judged by tcpdump.

Prints `ok NAME` or `FAIL NAME: ...`, and `N passed, N failed` last. Needs root, or a machine that lets its users have
name spaces.
"""
import os
import random
import re
import socket
import subprocess
import sys
import tempfile

import console
import disk
import files
import net
import qemu

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "link"))

import dns  # noqa: E402
import tap_link  # noqa: E402

MIB = 1 << 20
CALM = r"\bbad\b|incorrect|wrong|malformed|invalid|\[\||trunc|illegal"


class Tap(net.Net):
    """A machine on the tap. Its address for connect() may be changed."""

    def __init__(self, system, args, devices, pcap=None, prefix=""):
        self.prefix = prefix
        settings = qemu.settings_of(system)
        dump = ["-object", f"filter-dump,id=dump,netdev=net,file={pcap},maxlen=65535"] if pcap else []
        settings.update(icount="sleep", devices=devices + [
            "-netdev", f"tap,id=net,ifname={tap_link.NAME},script=no,downscript=no,vnet_hdr=off", *dump,
            "-device", f"virtio-net-pci,netdev=net,mac={net.GUEST_MAC.hex(':')},disable-legacy=on,iommu_platform=on,romfile="])
        console.Scenario.__init__(self, console.Machine(qemu.command_for(system, args.build, settings)),
                                  args.timeout)
        self.host = tap_link.GUEST_6

    def step(self, name, action):
        super().step(self.prefix + name, action)

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


def net_converse(scenario):
    four, six, local = tap_link.GUEST_4, tap_link.GUEST_6, f"{tap_link.GUEST_LOCAL}%{tap_link.NAME}"
    scenario.step("boots", lambda: net.says(scenario, "echo: listening"))
    scenario.step("has_an_address_by_dhcp", lambda: net.says(scenario, f"net: {four}/24 by DHCP"))
    scenario.step("has_an_address_by_autoconfiguration", lambda: net.says(scenario, f"net: {six.upper()}/64"))
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


def lease_converse(scenario, link):
    """DHCP gives the address of another machine, which is this one."""
    four = tap_link.GUEST_4
    scenario.step("is_said_whose_address_it_is", lambda: net.says(scenario, f"net: {four} is another machine's"))
    tap_link.run("ip", "addr", "del", f"{four}/32", "dev", tap_link.NAME)
    scenario.step("has_it_once_it_is_free",
                  lambda: scenario.machine.wait_for(f"net: {four}/24 by DHCP", scenario.timeout_s) and None)
    wanted = [tap_link.DISCOVER, tap_link.REQUEST, tap_link.DECLINE, tap_link.DISCOVER, tap_link.REQUEST]
    scenario.step("and_declined_it_before", lambda: None if link.heard == wanted else f"wanted: {wanted}; got: {link.heard}")
    ping(scenario, "answers_pings_at_it", four, 56)
    console.machine_type_poweroff(scenario)


def web_converse(scenario, top):
    """Files over IPv6."""
    scenario.step("boots_with_files", lambda: net.says(scenario, f"net: {tap_link.GUEST_6.upper()}/64", "http: "))
    urls = {"global": f"http://[{tap_link.GUEST_6}]", "link_local": f"http://[{tap_link.GUEST_LOCAL}%25{tap_link.NAME}]"}
    for kind, url in urls.items():
        for name in sorted(os.listdir(top)):
            scenario.does(f"curl_gets_{name}_{kind}", lambda u=url, n=name: fetched(scenario, f"{u}/{n}", f"{top}/{n}"))
    scenario.does("curl_gets_a_range", lambda: fetched(scenario, f"{urls['global']}/big", f"{top}/big", 1000000, 99999))

    def harmed():
        for line in ("fail netcard", "fail disk"):
            scenario.harm(line, "restarted")
            why = fetched(scenario, f"{urls['global']}/big", f"{top}/big")
            if why:
                return f"{line}: {why}"
        return None
    scenario.does("and_while_drivers_die", harmed)
    console.machine_type_poweroff(scenario)


def fetched(scenario, url, path, first=0, count=None):
    with open(path, "rb") as file:
        file.seek(first)
        wanted = file.read(count)
    words = ["-r", f"{first}-{first + count - 1}"] if count else []
    done = subprocess.run(["curl", "-6", "-sS", "-g", "-m", str(scenario.timeout_s), *words, url],
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        return f"curl {url}: wanted: status 0; got: {done.returncode}, {done.stderr!r}"
    return net.difference(wanted, done.stdout)


def resolve(scenario, name):
    scenario.machine.type(f"start resolve {name}\r")
    return scenario.machine.wait_for("warden: resolve destroyed", scenario.timeout_s).replace(console.PROMPT, "")


def resolves(scenario, name, *wanted):
    """What the program `resolve` says of a name, in any order."""
    said = resolve(scenario, name)
    got = sorted(re.findall(rf"^{re.escape(name)}(?: is|:) (.*)$", said, re.M))
    return None if got == sorted(wanted) else f"wanted: {wanted}; got: {said!r}"


def names_converse(scenario, link):
    """Servers that DHCP and the router told of; there is no /etc/resolv.conf."""
    known, fails, again = f"echo.{dns.DOMAIN}", "Name does not resolve", "Try again"
    scenario.step("boots_with_a_c_library", lambda: net.says(scenario, f"net: {tap_link.GUEST_6.upper()}/64"))
    scenario.does("a_name_is_resolved", lambda: resolves(scenario, known, tap_link.HOST_4, tap_link.HOST_6))
    for server in (tap_link.HOST_4, tap_link.HOST_6):
        scenario.step(f"the_server_at_{server}_was_asked",
                      lambda s=server: None if (s, known) in link.asked else f"wanted: {s}; got: {link.asked}")
    scenario.does("one_that_is_not_there_is_not", lambda: resolves(scenario, f"nobody.{dns.DOMAIN}", fails))
    for kind in dns.HOSTILE:
        scenario.does(f"a_hostile_answer_{kind}_is_survived", lambda k=kind: survived(scenario, k))
    scenario.does("one_that_has_nothing_of_the_kind", lambda: resolves(scenario, f"empty.{dns.DOMAIN}", fails))
    scenario.does("servers_that_fail_are_told", lambda: resolves(scenario, f"fails.{dns.DOMAIN}", again))
    scenario.does("servers_that_are_silent_are_told", lambda: resolves(scenario, f"silent.{dns.DOMAIN}", again))
    scenario.does("and_all_goes_on", lambda: resolves(scenario, known, tap_link.HOST_4, tap_link.HOST_6))
    console.machine_type_poweroff(scenario)


def survived(scenario, kind):
    """Any word will do but silence and death."""
    name = f"{kind}.{dns.DOMAIN}"
    said = resolve(scenario, name)
    is_good = re.search(r"resolve ended with status [01]$", said, re.M) and re.search(rf"^{name}", said, re.M)
    return None if is_good else f"wanted: an answer; got: {said!r}"


def no_names_converse(scenario, _):
    """Nobody told of a server."""
    scenario.step("boots_where_nobody_knows_names", lambda: net.says(scenario, f"net: {tap_link.GUEST_6.upper()}/64"))
    scenario.does("a_name_is_not_resolved", lambda: resolves(scenario, f"echo.{dns.DOMAIN}", "Try again"))
    scenario.does("numbers_are", lambda: resolves(scenario, "10.1.2.3", "10.1.2.3"))
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


def machine(args, system, devices, converse, *words, pcap=None, prefix=""):
    scenario = Tap(system, args, devices, pcap, prefix)
    with console.conversation(scenario, args):
        converse(scenario, *words)
    return scenario


def main():
    args = console.parser_for(__doc__, 60).parse_args()
    tap_link.enter()
    random.seed(1)
    done = []
    with tempfile.TemporaryDirectory() as folder, tap_link.Link() as link:
        pcap = os.path.join(folder, "net.pcap")
        done.append(machine(args, "net", [], net_converse, pcap=pcap))
        done[-1].lost = False
        done[-1].step("tcpdump_is_content", lambda: tcpdump_is_content(pcap))
        link.heard.clear()
        tap_link.run("ip", "addr", "add", f"{tap_link.GUEST_4}/32", "dev", tap_link.NAME)
        done.append(machine(args, "net", [], lease_converse, link, prefix="lease_"))
        top, image = os.path.join(folder, "tree"), os.path.join(folder, "tree.img")
        for size in (0, 1, 4097, 300001):
            files.write(f"{top}/{size}.bin", random.randbytes(size))
        files.write(f"{top}/big", random.randbytes(8 * MIB))
        files.make_image(image, top, "-b", "4096", size="32M")
        done.append(machine(args, "default", disk.file_backed(image), web_converse, top, prefix="web_"))
        done.append(machine(args, "musl", disk.file_backed(image), names_converse, link, prefix="names_"))
        link.servers_4 = link.servers_6 = ()
        done.append(machine(args, "musl", disk.file_backed(image), no_names_converse, link, prefix="no_names_"))
    console.conclude(*done)


if __name__ == "__main__":
    main()
