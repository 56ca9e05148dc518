# SPDX-License-Identifier: MIT
"""What an IDL file says, as plain data; and the errors of abi/errors.def."""
import hashlib
import os
import re
from dataclasses import dataclass, field

WORDS = 8
SCALARS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}


class IdlError(Exception):
    """A mistake in the input: where it is, and what to write instead."""

    def __init__(self, file, line, text):
        super().__init__(f"{file}:{line}: {text}")


@dataclass
class Constants:
    name: str
    prefix: str
    is_flags: bool
    text: str
    values: list  # of (name, number)


@dataclass
class Arg:
    name: str
    kind: str  # "scalar", "slot" or "cap"
    line: int
    bits: int = 64
    low: int = 0
    high: int = None  # None: all the bits allow
    type_name: str = None  # scalar: as written; cap: the interface
    rights: tuple = ()
    optional: bool = False

    @property
    def max(self):
        return self.high if self.high is not None else (1 << self.bits) - 1

    @property
    def c_type(self):
        return "uint64_t" if self.bits == 64 else "uint32_t"

    @property
    def can_be_out_of_range(self):
        return self.kind == "slot" or (self.kind == "scalar" and (self.low or self.max < 2**64 - 1))


@dataclass
class Op:
    name: str
    number: int
    args: list
    results: list
    right: str
    text: str
    errors: list  # of (name, text)
    notes: list
    file: str
    line: int


@dataclass
class Interface:
    name: str
    number: int
    text: str
    is_protocol: bool
    file: str
    line: int
    by: str = "call"  # the system call that carries its methods
    ops: list = field(default_factory=list)


@dataclass
class Syscall:
    name: str
    number: int
    text: str
    errors: list
    file: str
    line: int


@dataclass
class Model:
    constants: list = field(default_factory=list)
    types: dict = field(default_factory=dict)  # name: (base, text)
    interfaces: list = field(default_factory=list)
    protocols: list = field(default_factory=list)
    syscalls: list = field(default_factory=list)
    errors: list = field(default_factory=list)  # of (name, number, text)
    headers: list = field(default_factory=list)  # of (name, contents)
    sources: list = field(default_factory=list)

    def constants_named(self, name):
        return next((c for c in self.constants if c.name == name), None)

    def error_text(self, name):
        return next(text for error, _, text in self.errors if error == name)

    def abi_hash(self):
        """64 bits over all that the two sides must agree on; words of explanation do not count."""
        parts = []
        for c in self.constants:
            parts.append(("constants", c.prefix, c.is_flags, c.values))
        for i in self.interfaces:
            parts.append(("interface", i.name, i.number, i.by))
            for op in i.ops:
                args = [(a.kind, a.bits, a.low, a.max, a.kind == "cap" and a.type_name, a.rights,
                         a.optional) for a in op.args]
                results = [(r.kind, r.bits) for r in op.results]
                parts.append(("op", op.name, op.number, args, results, op.right))
        for s in self.syscalls:
            parts.append(("syscall", s.name, s.number))
        for name, number, _ in self.errors:
            parts.append(("error", name, number))
        for name, contents in self.headers:
            plain = re.sub(r"/\*.*?\*/|//[^\n]*", " ", contents, flags=re.S)
            parts.append(("header", name, plain.split()))
        digest = hashlib.sha256("\n".join(map(repr, parts)).encode()).digest()
        return int.from_bytes(digest[:8], "little")


def op_errors(model, op):
    """All (error, text) of a method: what it lists, after the common ones that can occur."""
    caps = [a for a in op.args if a.kind == "cap"]
    common = ["BAD_CAP"]
    if caps:
        common.append("WRONG_TYPE")
    if op.right or any(a.rights for a in caps):
        common.append("NO_RIGHT")
    if op.args:
        common.append("BAD_CALL")
    if any(a.can_be_out_of_range for a in op.args):
        common.append("RANGE")
    why = {
        "BAD_CAP": "a capability named in the call is not there",
        "WRONG_TYPE": "a capability argument names another type of object",
        "NO_RIGHT": "the target, or a capability argument, lacks the right",
        "BAD_CALL": "the message has fewer words than there are arguments",
        "RANGE": "an argument is outside the range given with it",
    }
    listed = dict(op.errors)
    merged = []
    for name in common:
        own = listed.pop(name, None)
        merged.append((name, why[name] + ("; " + own if own else "")))
    for name, text in op.errors:
        if name in listed:
            merged.append((name, text or model.error_text(name)))
    return merged


def syscall_errors(model, syscall):
    return [(name, text or model.error_text(name)) for name, text in syscall.errors]


def read_errors(path):
    """errors.def as a list of (name, number, text)."""
    errors = []
    with open(path, encoding="utf-8") as file:
        contents = file.read()
    for number, line in enumerate(contents.split("\n"), 1):
        if not line.startswith("ERR("):
            continue
        found = re.fullmatch(r'ERR\((\w+), (\d+), "([^"]*)"\)', line.strip())
        if not found:
            raise IdlError(path, number, 'write ERR(NAME, number, "what it tells the caller")')
        name, value, text = found.group(1), int(found.group(2)), found.group(3)
        for other, taken, _ in errors:
            if other == name or taken == value:
                raise IdlError(path, number, f"{name} {value} is taken by {other} {taken}; "
                               "write a new name with the next free number")
        errors.append((name, value, text))
    return errors


def read_headers(folder):
    headers = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".h"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                headers.append((name, file.read()))
    return headers
