# SPDX-License-Identifier: MIT
"""From a source to a system that can be built, or to the list of what is wrong with it."""
import os
import struct

from system import layout, views
from system.keys import (CAPS_BY_NAME, CAPS_OF_CHILD, CAPS_OF_PROGRAM, KEYS, OVERHEAD_KIB, PATIENCE_MAX, PORTS,
                         Program, RANK_MAX, RANK_WARDEN, RESERVED_KIB, RESOURCES, ROOT_INTERFACE, SESSIONS,
                         SESSIONS_OF_PROGRAM, SESSION_MIN_KIB, TOP_KEYS, UNITS)


class System:
    """What a checked file says. interfaces: name to Program, None for the root program."""

    def __init__(self, source):
        self.source = source
        self.problems = []
        self.root = ""
        self.programs = []
        self.interfaces = {ROOT_INTERFACE: None}

    def report(self, path, text):
        self.problems.append(self.source.problem(path, text))

    def of(self, program, *keys):
        """The path of a key of a program, for report()."""
        return ("program", program.parent if program.is_child else program.name) + keys


def check_value(system, name, key, value):
    kind, allowed, _, want = KEYS[key]
    good = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if good and kind is list:
        good = all(isinstance(item, str) and item for item in value)
    if good and allowed is not None:
        good = value in allowed
    if not good:
        system.report(("program", name, key), f"{name}: {key} = {value!r} is not possible; write "
                      f"{want}")
    return good


def text_fits(system, path, record, field_name, text):
    room = layout.text_room(record, field_name)
    if len(text.encode()) > room or "\0" in text:
        system.report(path, f'"{text}" is too long; write at most {room} bytes')


def read_program(system, name, table):
    program = Program(name)
    path = ("program", name)
    if not isinstance(table, dict):
        system.report(path, f"{name} is no table; write [program.{name}] and its keys below")
        return
    for key, value in table.items():
        if key not in KEYS:
            system.report(path + (key,), f"{name}: there is no key {key}; known are "
                          f"{', '.join(sorted(KEYS))}")
        elif check_value(system, name, key, value):
            setattr(program, key, value)
    for key, (_, _, needed, want) in KEYS.items():
        if needed and key not in table:
            system.report(path, f"{name}: {key} is missing; write {want}")
    text_fits(system, path, "PROGRAM", "name", name)
    text_fits(system, path + ("program",), "PROGRAM", "binary", program.program)
    text_fits(system, path + ("args",), "PROGRAM", "args", program.args)
    if program.device and "pci" not in program.uses:
        program.uses = program.uses + ["pci"]
    program.calls = [name for name in program.calls if name not in program.uses]
    program.uses = program.uses + program.calls
    views.read(system, program)
    system.programs.append(program)


def read_top(system):
    data = system.source.data
    for key in data:
        if key not in TOP_KEYS:
            system.report((key,), f"there is no key {key}; known are {', '.join(sorted(TOP_KEYS))}")
    if isinstance(data.get("root"), str) and data["root"]:
        system.root = data["root"]
    else:
        system.report(("root",), 'there is no root program; write  root = "root"')
    programs = data.get("program", {})
    if not isinstance(programs, dict):
        system.report(("program",), "write [program.NAME] for each program")
        return
    patience = data.get("patience", 1)
    if not isinstance(patience, int) or isinstance(patience, bool) or not 1 <= patience <= PATIENCE_MAX:
        system.report(("patience",), f"write  patience = 1 .. {PATIENCE_MAX}, how many times as long as usual a program "
                                     "may be silent before it counts as hung")
    if data.get("dma", "remapped") not in ("remapped", "trusted"):
        system.report(("dma",), 'write  dma = "remapped", or "trusted" to let devices reach all memory')
    for name, table in programs.items():
        read_program(system, name, table)
    limit = layout.CONSTANTS["DESCRIPTION_PROGRAMS"]
    places = sum(program.children for program in system.programs)
    if len(system.programs) + places > limit:
        system.report(("program",), f"there are {len(system.programs)} programs and {places} places for "
                      f"children; write at most {limit}")


def add_children(system):
    """Places for what programs start themselves: each is a client like a program, and comes after all of them."""
    for parent in list(system.programs):
        for number in range(parent.children):
            child = Program(f"{parent.name}.{number}", is_child=True, parent=parent.name,
                            uses=list(parent.child_uses), view=parent.child_view,
                            mounts=parent.child_mounts, priority=parent.child_priority, core=parent.core,
                            budget_us=parent.child_budget_us, period_us=parent.child_period_us,
                            threads=parent.child_threads)
            text_fits(system, system.of(child), "PROGRAM", "name", child.name)
            system.programs.append(child)


def check_offers(system):
    for program in system.programs:
        for name in program.offers:
            path = system.of(program, "offers")
            text_fits(system, path, "INTERFACE", "name", name)
            if name not in system.interfaces:
                system.interfaces[name] = program
                continue
            owner = system.interfaces[name]
            system.report(path, f"{program.name}: the interface {name} is offered by "
                          f"{owner.name if owner else 'the warden'} already; write it in one "
                          "place only")
        if len(program.offers) > 1:
            system.report(system.of(program, "offers"), f"{program.name} offers several interfaces; "
                          "write one: a thread waits at one endpoint")
    if len(system.interfaces) > layout.CONSTANTS["DESCRIPTION_INTERFACES"]:
        system.report(("program",), "there are too many interfaces; write at most "
                      f"{layout.CONSTANTS['DESCRIPTION_INTERFACES']}")


def check_uses(system):
    for program in system.programs:
        uses = [name for name in program.uses if name not in program.calls]
        for key, names in (("uses", uses), ("calls", program.calls), ("child_uses", program.child_uses)):
            for name in () if program.is_child else names:
                if name not in system.interfaces:
                    system.report(system.of(program, key), f"{program.name} {key} {name}, which nobody "
                                  f"offers; write one of {', '.join(sorted(system.interfaces))}")
                elif system.interfaces[name] is program and key != "child_uses":
                    system.report(system.of(program, key), f"{program.name} {key} {name}, which it "
                                  f"offers itself; take it off {key}")


def servers_of(system, program):
    return [system.interfaces[name] for name in program.uses
            if system.interfaces.get(name) not in (None, program)]


def session_servers(system, program):
    """Those with whom it shares memory."""
    return [server for server in servers_of(system, program)
            if server.session_kib and not set(server.offers) & set(program.calls)]


def assign_ranks(system):
    """Each program above all that it calls; the warden, whom all may call, is below all."""
    done = {}
    parents = {program.name: program for program in system.programs}

    def visit(program, path):
        if program.name in done:
            return done[program.name]
        if program in path:
            circle = [p.name for p in path[path.index(program):]] + [program.name]
            system.report(system.of(program, "uses"), f"calls go in a circle: {' > '.join(circle)}; "
                          "take one off uses and let it be told by a notification")
            return 1
        rank = 1 + max((visit(s, path + [program]) for s in servers_of(system, program)),
                       default=RANK_WARDEN)
        if program.is_child:  # its faults are calls of its parent
            rank = max(rank, 1 + visit(parents[program.parent], path + [program]))
        done[program.name] = program.rank = rank
        return rank

    for program in system.programs:
        if visit(program, []) > RANK_MAX:
            system.report(system.of(program, "uses"), f"{program.name} stands above "
                          f"{program.rank - RANK_WARDEN - 1}"
                          f" levels of servers; write a chain of at most {RANK_MAX - RANK_WARDEN}")


def assign_bands(system):
    """For whose sake a program's device interrupts: the most important of all whose calls may wait for it, and itself."""
    for program in sorted(system.programs, key=lambda p: -p.rank):
        program.wanted_by = max(program.wanted_by, program.priority)
        for server in servers_of(system, program):
            server.wanted_by = max(server.wanted_by, program.wanted_by)


def ports_of(program):
    """Row of PORTS; (0, 0, -1): it owns none."""
    return next((PORTS[name] for name in program.resources if name in PORTS), (0, 0, -1))


def check_ports(system, p, owners):
    """A program drives one thing, and what is typed at COM1 goes to one reader."""
    if sum(bool(row) for row in (p.device, *(name in PORTS for name in p.resources))) > 1:
        system.report(system.of(p, "resources"), f"{p.name} drives several devices; write one")
    if p.debug == "read-write" and "com1" in owners:
        system.report(system.of(p, "debug"), f"{p.name}: what is typed at the debug UART goes to "
                      f'{owners["com1"].name}, which has com1; write debug = "write"')


def check_devices(system):
    """One owner for each device; what only some programs can have."""
    owners = {}
    for p in system.programs:
        for resource in p.resources:
            if resource not in RESOURCES:
                system.report(system.of(p, "resources"), f"{p.name}: there is no resource {resource}; "
                              f"write one of {', '.join(RESOURCES)}")
            elif resource != "archive" and owners.setdefault(resource, p) is not p:
                system.report(system.of(p, "resources"), f"{p.name}: {owners[resource].name} has {resource} "
                              f"already; write {resource} in one place only")
        if p.device:
            owner = owners.setdefault((p.device, p.device_index), p)
            if owner is not p:
                system.report(system.of(p, "device"), f"{p.name}: the {p.device} number "
                              f"{p.device_index} belongs to {owner.name}; write another device_index")
    for p in system.programs:
        check_ports(system, p, owners)
        if p.parent == "init" and (p.uses or p.children or p.offers or p.device or p.session_kib or p.keeps_kib
                                   or p.threads or p.resources):
            system.report(system.of(p, "parent"), f"{p.name}: a child of init is alone; take off uses, offers, "
                          "device, children, session_kib, keeps_kib, threads and resources, or the parent")
        if p.pool_kib and not p.children:
            system.report(system.of(p, "pool_kib"), f"{p.name} starts no programs, for which pool_kib is; take it off, "
                          "or write children")
        shared = max((server.session_kib for server in session_servers(system, p)), default=0)
        if p.grants_kib and not (p.session_kib and shared):
            system.report(system.of(p, "grants_kib"), f"{p.name} has no clients, or no memory that it shares with a "
                          "server, to grant pages of; take off grants_kib")
        elif p.grants_kib * 2 > shared:
            system.report(system.of(p, "grants_kib"), f"{p.name} shares {shared} KiB with its server, and may grant at "
                          f"most half of it; write grants_kib = {shared // 2} or less")
        if p.session_kib and not p.offers:
            system.report(system.of(p, "session_kib"), f"{p.name} offers nothing, so nobody can have a "
                          "session with it; take off session_kib")


def check_sessions(system):
    """As many as a program's info page and the supervisor's tables hold."""
    total = 0
    for p in system.programs:
        ends = len(session_servers(system, p))
        if p.session_kib:
            clients = sum(1 for q in system.programs if p in session_servers(system, q))
            ends += clients
            total += clients
        ends += sum(len(session_servers(system, q)) for q in system.programs
                    if q.is_child and q.parent == p.name)
        if ends > SESSIONS_OF_PROGRAM:
            system.report(system.of(p), f"{p.name} has {ends} sessions; write at most "
                          f"{SESSIONS_OF_PROGRAM}")
    if total > SESSIONS:
        system.report(("program",), f"there are {total} sessions; write at most {SESSIONS}")


def check_children(system):
    """Their time is a limit, not a promise: it may sum up to more than there is, but disturbs no program."""
    for p in system.programs:
        if not p.children:
            continue
        caps = (len(p.uses) + CAPS_BY_NAME + bool(p.grants_kib) + 12 * bool(p.device) +
                p.children * (CAPS_OF_CHILD + len(p.child_uses)))
        if caps > CAPS_OF_PROGRAM:
            system.report(system.of(p, "children"), f"{p.name} would get {caps} capabilities by name; "
                          f"write fewer children, so that there are at most {CAPS_OF_PROGRAM}")
        if p.children * (1 + p.child_threads) > CAPS_OF_PROGRAM:
            system.report(system.of(p, "child_threads"), f"{p.name} would get time for "
                          f"{p.children * p.child_threads} threads of children, and {p.children} groups; write at most "
                          f"child_threads = {CAPS_OF_PROGRAM // p.children - 1}")
        if p.child_budget_us > p.child_period_us:
            system.report(system.of(p, "child_budget_us"), f"{p.name}: the children's budget is longer than "
                          f"their period; write child_budget_us = {p.child_period_us} or less")
        low = min((q for q in system.programs if not q.is_child), key=lambda q: q.priority)
        if p.child_priority >= low.priority:
            system.report(system.of(p, "child_priority"), f"{p.name}: its children would be as important "
                          f"as {low.name}; write child_priority = {max(low.priority - 1, 0)} or less")


def check_time(system):
    cores = system.source.data.get("run", {}).get("cores", 1)
    used = {}
    for program in system.programs:
        if program.is_child:
            continue
        if program.budget_us > program.period_us:
            system.report(system.of(program, "budget_us"), f"{program.name}: the budget is longer than "
                          f"the period; write budget_us = {program.period_us} or less")
        if program.spare_priority > program.priority:
            system.report(system.of(program, "spare_priority"), f"{program.name}: it would be more important "
                          f"without budget than with it; write spare_priority = {program.priority} or less")
        if program.core >= cores:
            system.report(system.of(program, "core"), f"{program.name}: there is no core "
                          f"{program.core}; write core = 0 .. {cores - 1}, or more cores under [run]")
        # Priority 0 gets what is left, and takes nothing from anybody.
        if program.budget_us <= program.period_us and program.priority > 0:
            used.setdefault(program.core, []).append(program)
    for core, programs in used.items():
        # Each thread has its own budget.
        share_of = {p.name: p.budget_us / p.period_us * (1 + p.threads) for p in programs}
        share = sum(share_of.values())
        if share > 1 + 1e-9:
            last = programs[-1]
            system.report(system.of(last, "budget_us"), f"core {core} is promised {share:.0%}: "
                          + ", ".join(f"{p.name} {share_of[p.name]:.0%}" for p in programs)
                          + "; write smaller budgets, longer periods or another core")


def ram_kib(system):
    text = str(system.source.data.get("run", {}).get("memory", "512M"))
    unit = UNITS.get(text[-1:].upper())
    try:
        return int(text[:-1]) * unit if unit else int(text) * 1024
    except ValueError:
        system.report(("run", "memory"), f'memory = "{text}" is no size; write "512M" or the like')
        return 512 * 1024


def check_memory(system):
    if not system.programs:
        return
    # A program may get an eighth more than it asks for: lib/pith/src/memory.c leaves no crumbs.
    need = sum(p.memory_kib + p.memory_kib // 8 + p.keeps_kib + p.pool_kib for p in system.programs)
    need += sum(SESSION_MIN_KIB if views.INTERFACE in p.offers else q.session_kib
                for p in system.programs for q in session_servers(system, p))
    have = ram_kib(system) - RESERVED_KIB
    if need > have:
        largest = max(system.programs, key=lambda p: p.memory_kib)
        system.report(system.of(largest, "memory_kib"), f"the programs are promised {need} KiB, and "
                      f"{max(have, 0)} are there; write less here ({largest.name} has most), or more "
                      "under [run]")


def image_kib(path):
    """KiB of memory that the segments of an ELF file take."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x7fELF":
        return 0
    start, size, count = struct.unpack_from("<Q", data, 32) + struct.unpack_from("<HH", data, 54)
    pages = 0
    for at in range(start, start + size * count, size):
        kind, _, _, address, _, _, memory = struct.unpack_from("<IIQQQQQ", data, at)
        if kind == 1 and memory:
            pages += (address + memory + 4095) // 4096 - address // 4096
    return pages * 4


def check_binaries(system, folder):
    for program in system.programs:
        if program.is_child:
            continue
        path = os.path.join(folder, program.program)
        if not os.path.exists(path):
            system.report(system.of(program, "program"), f"{program.name}: there is no program "
                          f"{program.program}; write the name of a module of kind `program`")
            continue
        need = image_kib(path) + OVERHEAD_KIB
        if program.memory_kib < need:
            system.report(system.of(program, "memory_kib"), f"{program.name} needs {need} KiB to start; "
                          f"write memory_kib = {need} or more")


def check(source, programs_folder=None):
    """A System; its problems say what is wrong, in order of lines."""
    system = System(source)
    read_top(system)
    add_children(system)
    check_offers(system)
    check_uses(system)
    assign_ranks(system)
    assign_bands(system)
    check_devices(system)
    views.check(system)
    if not system.problems:
        check_sessions(system)
        check_children(system)
        check_time(system)
        check_memory(system)
        if programs_folder:
            check_binaries(system, programs_folder)
    system.problems.sort(key=lambda problem: problem.line)
    return system
