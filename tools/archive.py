#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the boot archive of a system: a cpio "newc" file with the same bytes every time.

archive.py make SYSTEM.toml OUT PROGRAMS-FOLDER [DESCRIPTION]
    The first member is the root program, then the others that SYSTEM.toml names, by name; last the
    compiled description, as "system".
archive.py depend SYSTEM.toml OUT PROGRAMS-FOLDER
    Print a make rule: what the archive is made from.
archive.py list FILE
    Print the members of an archive.

The root program is the top-level key `root`; the others are every string under a key `program`
and the names in `programs`.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from system import source  # noqa: E402

MAGIC = b"070701"
MODE_FILE = 0o100644


def programs_in(value):
    """Every program that a table, at any depth, names."""
    found = set()
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "program" and isinstance(item, str):
                found.add(item)
            elif key == "programs" and isinstance(item, list):
                found.update(name for name in item if isinstance(name, str))
            found |= programs_in(item)
    elif isinstance(value, list):
        for item in value:
            found |= programs_in(item)
    return found


def members_of(path):
    try:
        system = source.Source(path).data
    except source.Problem as problem:
        sys.exit(str(problem))
    if not isinstance(system.get("root"), str):
        sys.exit(f'{path}: names no root program; add a line  root = "NAME"')
    root = system["root"]
    first = [root] + (["warden"] if root == "init" else [])
    return first + sorted(programs_in(system) - set(first))


def padded(data):
    return data + bytes(-len(data) % 4)


def member(inode, name, data):
    fields = [inode, MODE_FILE if name != "TRAILER!!!" else 0, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
              len(name) + 1, 0]
    head = MAGIC + b"".join(b"%08X" % field for field in fields)
    return padded(head + name.encode() + b"\0") + padded(data)


def make(system, out, folder, description=None):
    parts = []
    names = [(name, os.path.join(folder, name)) for name in members_of(system)]
    if description:
        names.append(("system", description))
    for inode, (name, path) in enumerate(names, 1):
        with open(path, "rb") as file:
            parts.append(member(inode, name, file.read()))
    with open(out, "wb") as file:
        file.write(b"".join(parts) + member(0, "TRAILER!!!", b""))


def depend(system, out, folder):
    paths = " ".join(os.path.join(folder, name) for name in members_of(system))
    print(f"{out}: {paths}")
    if out.endswith(".cpio"):
        print(f"{out[:-5]}.bin: {paths}")


def show(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while True:
        size = int(data[at + 54:at + 62], 16)
        length = int(data[at + 94:at + 102], 16)
        name = data[at + 110:at + 110 + length - 1].decode()
        if name == "TRAILER!!!":
            return
        print(f"{size:9d} {name}")
        at += (110 + length + 3) // 4 * 4
        at += (size + 3) // 4 * 4


if __name__ == "__main__":
    {"make": make, "depend": depend, "list": show}[sys.argv[1]](*sys.argv[2:])
