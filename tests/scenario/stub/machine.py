# SPDX-License-Identifier: MIT
"""A stopped machine, seen through the emulator's gdb stub: registers (also those that only an instruction reads), physical
memory, and the page tables as the processor walks them (SDM volume 3, 4.5)."""
import os
import re
import struct
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "../../../tools")]

import panic  # noqa: E402
import qemu  # noqa: E402

RDMSR, XGETBV, CPUID = b"\x0f\x32", b"\x0f\x01\xd0", b"\x0f\xa2"
PRESENT, WRITE, USER, LARGE, NO_EXEC = 1, 2, 4, 128, 1 << 63
ADDRESS = 0x000FFFFFFFFFF000
READ_BYTES = 1024  # what fits in one of the stub's answers
UPPER = 256  # the first entry of a root that is the kernel's


class Page:
    """What one entry maps, with what all entries on the way to it allow."""

    def __init__(self, virtual, physical, size, allows):
        self.virtual, self.physical, self.size = virtual, physical, size
        self.writes = bool(allows & WRITE)
        self.is_user = bool(allows & USER)
        self.executes = not allows & NO_EXEC

    def rights(self):
        return ("U" if self.is_user else "K") + "R" + ("W" if self.writes else "") + ("X" if self.executes else "")

    def __str__(self):
        return f"{self.virtual:016x} -> {self.physical:x}, {self.size:#x} bytes, {self.rights()}"


class Machine(panic.Stub):
    """The stub, with more questions."""

    def __init__(self, path, timeout_s):
        super().__init__(path, timeout_s)
        self.ask("?", "T")
        numbers = []
        text = self.description("target.xml")
        for name in re.findall(r'href="([^"]+)"', text):
            listed = re.sub("<!--.*?-->", "", self.description(name), flags=re.DOTALL)
            numbers += re.findall(r'<reg name="(\w+)" bitsize="(\d+)"', listed)
        self.numbers = {name: (number, int(bits) // 8) for number, (name, bits) in enumerate(numbers)}

    def select(self, core):
        """Whose registers are asked for: until something runs again, and then those of who stopped."""
        self.ask(f"Hg{core + 1:x}", "OK")

    def step(self, core=0):
        """One instruction of this core; the others stand still."""
        self.ask(f"vCont;s:{core + 1:x}", "T")

    def go(self, core=None):
        """On, all cores or one alone, to a breakpoint: which core came there."""
        answer = self.ask("c" if core is None else f"vCont;c:{core + 1:x}", "T")
        return int(re.search(r"thread:(\w+);", answer)[1], 16) - 1

    def run_core_to(self, address, core):
        """All go on until this one comes there, again if it is there. One that halts cannot make a step."""
        self.select(core)
        if self.register("rip") == address:
            self.step(core)
        self.ask(f"Z1,{address:x},1", "OK")
        while (other := self.go()) != core:
            self.step(other)  # away from where it would stop at once
        self.ask(f"z1,{address:x},1", "OK")

    def description(self, name):
        text = ""
        while True:
            answer = self.ask(f"qXfer:features:read:{name}:{len(text):x},7f0")
            text += answer[1:]
            if answer[0] == "l":
                return text

    def register(self, name):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{self.numbers[name][0]:x}")), "little")

    def set_register(self, name, value):
        number, size = self.numbers[name]
        self.ask(f"P{number:x}={value.to_bytes(size, 'little').hex()}", "OK")

    def memory(self, address, count):
        return bytes.fromhex(self.ask(f"m{address:x},{count:x}"))

    def write(self, address, data):
        self.ask(f"M{address:x},{len(data):x}:{data.hex()}", "OK")

    def physical(self, address, count):
        self.ask("Qqemu.PhyMemMode:1", "OK")
        data = b"".join(self.memory(address + at, min(READ_BYTES, count - at)) for at in range(0, count, READ_BYTES))
        self.ask("Qqemu.PhyMemMode:0", "OK")
        return data

    def write_physical(self, address, data):
        self.ask("Qqemu.PhyMemMode:1", "OK")
        self.write(address, data)
        self.ask("Qqemu.PhyMemMode:0", "OK")

    def execute(self, code, **inputs):
        """One instruction, where the machine stands, as if it had not been there: what it leaves in rax, rbx, rcx, rdx."""
        place = self.register("rip")
        before = self.ask("g")
        there = self.memory(place, len(code))
        self.write(place, code)
        for name, value in inputs.items():
            self.set_register(name, value)
        for _ in range(3):  # a step may end before the instruction, for something of the emulator's own
            self.ask("s", "T")
            if self.register("rip") != place:
                break
        found = [self.register(name) for name in ("rax", "rbx", "rcx", "rdx")]
        if self.register("rip") != place + len(code):
            raise OSError(f"{code.hex()} at {place:x} with {inputs} was not executed, but rip is {self.register('rip'):x}")
        self.write(place, there)
        self.ask("G" + before, "OK")
        return found

    def msr(self, number):
        low, _, _, high = self.execute(RDMSR, rcx=number)
        return high << 32 | low

    def xcr0(self):
        low, _, _, high = self.execute(XGETBV, rcx=0)
        return high << 32 | low

    def cpuid(self, leaf, part=0):
        return self.execute(CPUID, rax=leaf, rcx=part)

    def table(self, at):
        data = self.physical(at, 4096)
        return [int.from_bytes(data[i:i + 8], "little") for i in range(0, 4096, 8)]

    def pages(self, root, entries=range(512), tables=None):
        """Each page that these entries of the root lead to; the tables on the way go to the set tables."""
        tables = set() if tables is None else tables
        tables.add(root)
        return list(self.pages_below(root, 3, 0, WRITE | USER, entries, tables))

    def pages_below(self, table, level, base, allows, entries, tables):
        contents = self.table(table)
        for index in entries:
            entry = contents[index]
            if not entry & PRESENT:
                continue
            size = 1 << 12 + 9 * level
            virtual = base + index * size
            if level == 3 and index >= UPPER:
                virtual |= 0xFFFF000000000000
            here = allows & entry & (WRITE | USER) | (allows | entry) & NO_EXEC
            if level == 0 or entry & LARGE:
                yield Page(virtual, entry & ADDRESS & ~(size - 1), size, here)
            else:
                tables.add(entry & ADDRESS)
                yield from self.pages_below(entry & ADDRESS, level - 1, virtual, here, range(512), tables)

    def pages_of(self, root, address):
        """As pages(), but below the one entry of the root that an address belongs to."""
        return [page for page in self.pages(root, [address >> 39 & 511]) if page.virtual <= address < page.virtual + page.size]


def empty_disk(size=1 << 30, bits=16):
    """An image in the format qcow2 (QEMU, docs/interop/qcow2.txt), version 2: header, table and block of counts, first table; no data."""
    cluster = 1 << bits
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, bits, size, 0, size >> 2 * bits - 3, 3 * cluster, cluster, 1, 0, 0)
    clusters = header, struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1), b""
    return b"".join(part.ljust(cluster, b"\0") for part in clusters)


class Run:
    """A system in the emulator, stopped before its first instruction: with Run(...) as machine. Then it goes on to its end.

    ends: what panic= says. snapshots: there is a disk for the monitor's savevm. lines: what it has printed.
    """

    def __init__(self, system, build, timeout_s, kernel="pith.elf", ends="exit", snapshots=False, **settings):
        self.settings = {**qemu.settings_of(system), **settings}
        self.settings["many"] = kernel == "pith-many.elf"
        self.settings["append"] = (self.settings["append"] + f" panic={ends}").strip()
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "gdb")
        self.command = qemu.command_for(system, build, self.settings)
        self.command += ["-S", "-gdb", f"unix:{self.path},server=on,wait=off"]
        if snapshots:
            disk = os.path.join(self.folder.name, "disk")
            with open(disk, "wb") as file:
                file.write(empty_disk())
            self.command += ["-drive", f"if=none,format=qcow2,file={disk}"]
        self.timeout_s = timeout_s
        self.lines = []
        self.kernel = panic.symbols_of(os.path.join(build, "kernel", kernel))
        self.results = []
        self.machine = None

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: self.results.append(qemu.run(self.command, self.timeout_s, self.lines.append)))
        self.thread.start()
        try:
            self.machine = Machine(self.path, self.timeout_s)
        except BaseException:
            self.__exit__()
            raise
        return self.machine

    def finish(self):
        """Goes on; what the machine printed until its end, and its status."""
        self.machine.send("c")
        self.thread.join(self.timeout_s + 10)
        return self.results[0]

    def __exit__(self, *_):
        if self.thread.is_alive() and self.machine:
            try:
                self.machine.send("k")
            except OSError:
                pass
        self.thread.join(self.timeout_s + 10)
        self.folder.cleanup()
