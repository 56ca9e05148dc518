# SPDX-License-Identifier: MIT
"""A DNS server for tests: names of one domain, some of which it answers as no server should."""
import os
import socket
import struct

DOMAIN = "pith.test"
KIND_A, KIND_AAAA = 1, 28
REFUSED_NAME, SERVER_FAILS = 3, 2


def name_of(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), query[12:at + 5]


def message(query, question, answers=b"", count=0, code=0, questions=1):
    return query[:2] + struct.pack(">HHHHH", 0x8180 | code, questions, count, 0, 0) + question + answers


def record(name, kind, data, length=None):
    return name + struct.pack(">HHIH", kind, 1, 60, len(data) if length is None else length) + data


def loop(query, question):
    """A name that points to itself."""
    at = struct.pack(">H", 0xc000 | (12 + len(question)))
    return message(query, question, record(at, KIND_A, b"\x01\x02\x03\x04"), 1)


HOSTILE = {
    "loop": loop,
    "ahead": lambda query, question: message(query, question, record(b"\xff\xff", KIND_A, b"\x01\x02\x03\x04"), 1),
    "short": lambda query, question: message(query, question, record(b"\xc0\x0c", KIND_A, b"\x01\x02", 4), 1),
    "long": lambda query, question: message(query, question, record(b"\xc0\x0c", KIND_A, b"\x01\x02\x03\x04", 65535), 1),
    "odd": lambda query, question: message(query, question, record(b"\xc0\x0c", KIND_A, b"\x01\x02\x03"), 1),
    "many": lambda query, question: message(query, question, b"", 65535),
    "none": lambda query, question: message(query, b"", b"", 65535, questions=0),
    "cut": lambda query, question: message(query, question)[:11],
    "header": lambda query, question: query[:2],
    "garbage": lambda query, question: query[:2] + b"\x81\x80" + os.urandom(300),
    "alias": lambda query, question: message(query, question, record(b"\xc0\x0c", 5, b"\xc0\x0c") * 20, 20),
}


class Names:
    """One server, at one address. asked gets what it is asked for."""

    def __init__(self, address, asked, answers):
        self.address, self.asked, self.answers = address, asked, answers
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(2000)
            answer = self.answer(query)
            if answer is not None:
                self.socket.sendto(answer, peer)

    def answer(self, query):
        name, question = name_of(query)
        self.asked.append((self.address, name))
        first, _, rest = name.partition(".")
        if rest != DOMAIN or first == "nobody":
            return message(query, question, code=REFUSED_NAME)
        if first in HOSTILE:
            return HOSTILE[first](query, question)
        if first in ("silent", "fails", "empty"):
            return {"silent": None, "fails": message(query, question, code=SERVER_FAILS),
                    "empty": message(query, question)}[first]
        kind = struct.unpack(">H", question[-4:-2])[0]
        address = self.answers.get(kind)
        if address is None:
            return message(query, question)
        family = socket.AF_INET if kind == KIND_A else socket.AF_INET6
        return message(query, question, record(b"\xc0\x0c", kind, socket.inet_pton(family, address)), 1)
