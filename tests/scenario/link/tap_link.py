# SPDX-License-Identifier: MIT
"""A tap in a private network namespace, and who is on it: a router that advertises itself, a DHCP server, a DNS server."""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import dns

NAME = "tap0"
HOST_4, GUEST_4 = "10.0.3.1", "10.0.3.15"
PREFIX = "2001:db8:77::"
HOST_6, GUEST_6 = PREFIX + "1", "2001:db8:77:0:5054:ff:fe12:3456"
GUEST_LOCAL = "fe80::5054:ff:fe12:3456"
IS_ROOT = os.geteuid() == 0
INSIDE = "PITH_TEST_INSIDE"
GET_HARDWARE_ADDRESS = 0x8927
DHCP_MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, DECLINE, ACK = 1, 2, 3, 4, 5


def enter():
    """Begin anew in a network namespace of its own."""
    if os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "1"
    words = ["unshare", "-n"] if IS_ROOT else ["unshare", "-r", "-n"]
    os.execvp("unshare", words + [sys.executable, "-B"] + sys.argv)


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def spawn(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def echo_once(server):
    """Echo on one connection."""
    def serve():
        one, _ = server.accept()
        with one:
            while part := one.recv(65536):
                one.sendall(part)
    return spawn(serve)


class Link:
    """The tap and its servers. servers_4, servers_6: the DNS servers that are advertised."""

    def __init__(self, servers_4=(HOST_4,), servers_6=(HOST_6,)):
        self.servers_4, self.servers_6 = servers_4, servers_6
        self.is_over = False
        self.asked = []  # (address of the server, name)
        self.heard = []  # by the DHCP server: kinds of message

    def __enter__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "tuntap", "add", "dev", NAME, "mode", "tap")
        for key, value in (("accept_dad", "0"), ("accept_ra", "0")):
            with open(f"/proc/sys/net/ipv6/conf/{NAME}/{key}", "w", encoding="utf-8") as file:
                file.write(value)
        run("ip", "addr", "add", f"{HOST_4}/24", "dev", NAME)
        run("ip", "addr", "add", f"{HOST_6}/64", "dev", NAME, "nodad")
        run("ip", "link", "set", NAME, "up")
        self.dhcp = self.bound(67)
        self.dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        spawn(self.dhcp_serve)
        spawn(self.router_advertise)
        for address in (HOST_4, HOST_6):
            spawn(dns.Names(address, self.asked, {1: HOST_4, 28: HOST_6}).serve)
        return self

    def __exit__(self, *_):
        self.is_over = True

    @staticmethod
    def bound(port):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NAME.encode())
        one.bind(("0.0.0.0", port))
        return one

    def dhcp_serve(self):
        while True:
            asked, _ = self.dhcp.recvfrom(2000)
            at = asked.find(DHCP_MAGIC) + 4
            kind = None
            while at >= 4 and at + 1 < len(asked) and asked[at] != 255:
                if asked[at] == 53:
                    kind = asked[at + 2]
                at += 1 if asked[at] == 0 else 2 + asked[at + 1]
            self.heard.append(kind)
            if kind in (DISCOVER, REQUEST):
                answer = self.dhcp_answer(asked, OFFER if kind == DISCOVER else ACK)
                self.dhcp.sendto(answer, ("255.255.255.255", 68))

    def dhcp_answer(self, asked, kind):
        host, guest = socket.inet_aton(HOST_4), socket.inet_aton(GUEST_4)
        servers = b"".join(socket.inet_aton(one) for one in self.servers_4)
        options = [(53, bytes([kind])), (54, host), (51, struct.pack(">I", 3600)), (1, b"\xff\xff\xff\0"),
                   (3, host)] + ([(6, servers)] if servers else [])
        return (b"\x02" + asked[1:4] + asked[4:8] + asked[8:12] + b"\0" * 4 + guest + host + b"\0" * 4 +
                asked[28:44] + b"\0" * 192 + DHCP_MAGIC +
                b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff").ljust(300, b"\0")

    def advertisement(self):
        """RFC 4861, 4.2; the prefix is on link and for autoconfiguration; servers as RFC 8106 has them."""
        said = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
        said += struct.pack(">BBBBIII", 3, 4, 64, 0xc0, 86400, 14400, 0) + socket.inet_pton(socket.AF_INET6, PREFIX)
        request = struct.pack("16s24x", NAME.encode())
        said += b"\x01\x01" + fcntl.ioctl(self.dhcp.fileno(), GET_HARDWARE_ADDRESS, request)[18:24]
        if self.servers_6:
            said += struct.pack(">BBHI", 25, 1 + 2 * len(self.servers_6), 0, 600)
            said += b"".join(socket.inet_pton(socket.AF_INET6, one) for one in self.servers_6)
        return said

    def router_advertise(self):
        one = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        number = socket.if_nametoindex(NAME)
        while not self.is_over:
            said = self.advertisement()
            try:
                one.sendto(said, ("ff02::1", 0, 0, number))
            except OSError:
                pass  # nobody is at the other end yet
            time.sleep(1)
