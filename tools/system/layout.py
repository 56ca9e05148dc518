# SPDX-License-Identifier: MIT
"""The compiled description, packed as lib/system/include/system/description.def says."""
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, "../../lib/system/include/system")
FIELD = re.compile(r"^(HEADER|PROGRAM|INTERFACE|VIEW)(?:\((\w+), (\w+)\)|_TEXT\((\w+), (\d+)\))", re.M)
CONSTANT = re.compile(r"^#define ((?:DESCRIPTION|FILES)_\w+)\s+(0x[0-9a-f]+|\d+)u?l*", re.M)
FLAG = re.compile(r"^\s+(DESCRIPTION_\w+) = (\d+),", re.M)
CODES = {"uint64_t": "Q", "uint32_t": "I"}


def read(name):
    with open(os.path.join(INCLUDE, name), encoding="utf-8") as file:
        return file.read()


def fields():
    """{record: [(field, struct code)]}"""
    found = {"HEADER": [], "PROGRAM": [], "INTERFACE": [], "VIEW": []}
    for record, c_type, name, text, size in FIELD.findall(read("description.def")):
        found[record].append((text, size + "s") if text else (name, CODES[c_type]))
    return found


def constants():
    text = read("description.h") + read("../../../file/include/file/file.h")
    return {name: int(value, 0) for name, value in CONSTANT.findall(text) + FLAG.findall(text)}


FIELDS = fields()
CONSTANTS = constants()


def text_room(record, field):
    """How many bytes of text fit, the final 0 not counted."""
    return int(dict(FIELDS[record])[field][:-1]) - 1


def size_of(record):
    return struct.calcsize("<" + "".join(code for _, code in FIELDS[record]))


def pack(record, values):
    data = []
    for name, code in FIELDS[record]:
        value = values.get(name, 0)
        data.append(value.encode() if code.endswith("s") else value)
    return struct.pack("<" + "".join(code for _, code in FIELDS[record]), *data)


def unpack(record, data):
    names = [name for name, _ in FIELDS[record]]
    values = struct.unpack("<" + "".join(code for _, code in FIELDS[record]), data)
    return {name: value.rstrip(b"\0").decode() if isinstance(value, bytes) else value
            for name, value in zip(names, values)}
