# SPDX-License-Identifier: MIT
"""What a system file may say of a program: its keys, their values, and the limits."""
from dataclasses import dataclass, field

from system import layout, views

RANK_WARDEN = 1  # of its ear, which all may call; init has 0
RANK_MAX = 14  # the warden's hand stands above all
ROOT_INTERFACE = "system"
BUDGET_MIN_US = 10
SESSIONS_OF_PROGRAM = 32
SESSIONS = 128
CAPS_OF_PROGRAM = 64
CAPS_BY_NAME = 8  # at most, beside interfaces: faults, stats, kept, children, ecam, archive, ports, trace
CAPS_OF_CHILD = 3  # that its parent gets, beside interfaces: context, events, faults
CHILDREN_MAX = 16
PERIOD_MAX_US = 3_600_000_000
THREADS_MAX = 16
PATIENCE_MAX = 100
TOP_KEYS = {"root", "run", "program", "programs", "about", "dma", "patience"}
DEVICES = {"virtio-net": (0x1AF4, 0x1041), "virtio-blk": (0x1AF4, 0x1042),
           "virtio-console": (0x1AF4, 0x1043), "virtio-rng": (0x1AF4, 0x1044),
           "edu": (0x1234, 0x11E8)}
# Old devices at fixed I/O ports: first port, ports, line of the interrupt controller.
PORTS = {"com1": (0x3F8, 8, 4), "com2": (0x2F8, 8, 3)}
RESOURCES = sorted(["archive", "ecam", "trace", *PORTS])
SESSION_MIN_KIB = 20  # two rings, and at least a page of data
DEBUG = {"none": 0, "write": layout.CONSTANTS["DESCRIPTION_DEBUG_WRITE"],
         "read-write": layout.CONSTANTS["DESCRIPTION_DEBUG_WRITE"] |
         layout.CONSTANTS["DESCRIPTION_DEBUG_READ"]}
# What a program needs besides its image: tables, thread, context, stack, pages handed over.
OVERHEAD_KIB = 128
# Kernel, archive and root program.
RESERVED_KIB = 32 * 1024
UNITS = {"K": 1, "M": 1024, "G": 1024 * 1024}


@dataclass
class Program:
    name: str
    program: str = ""
    priority: int = 0
    spare_priority: int = 0
    budget_us: int = 0
    period_us: int = 0
    threads: int = 0
    memory_kib: int = 0
    core: int = 0
    fpu: bool = False
    start: str = "boot"
    restart: str = "never"
    restart_limit: int = 3
    debug: str = "none"
    args: str = ""
    offers: list = field(default_factory=list)
    uses: list = field(default_factory=list)  # with those of calls
    calls: list = field(default_factory=list)
    parent: str = "warden"
    probe: bool = True
    may_wait: bool = False
    device: str = ""
    device_index: int = 0
    session_kib: int = 0
    keeps_kib: int = 0
    pool_kib: int = 0
    grants_kib: int = 0
    resources: list = field(default_factory=list)
    children: int = 0
    child_uses: list = field(default_factory=list)
    view: list = None  # None: it has none, and names the files of one server
    child_view: list = None
    mounts: list = field(default_factory=list)  # what view says
    child_mounts: list = field(default_factory=list)
    child_priority: int = 1
    child_budget_us: int = 5000
    child_period_us: int = 10000
    child_threads: int = 0
    wanted_by: int = 0  # the priority of the most important that may wait for it
    is_child: bool = False  # no program of the file: a place for one that its parent starts
    restart_window_s: int = 10
    rank: int = RANK_WARDEN + 1


# Key: type, allowed values (range, set or None), whether it must be there, and what to write.
KEYS = {
    "program": (str, None, True, 'program = "NAME", the name of a program in apps/ or servers/'),
    "priority": (int, range(0, 256), True, "priority = 0 .. 255, 255 is the most important"),
    "spare_priority": (int, range(1, 256), False,
                       "spare_priority = 1 or more, below its priority, for what it does when its budget is used up"),
    "budget_us": (int, range(BUDGET_MIN_US, PERIOD_MAX_US + 1), True,
                  f"budget_us = {BUDGET_MIN_US} or more, the time it may use in each period"),
    "period_us": (int, range(BUDGET_MIN_US, PERIOD_MAX_US + 1), True,
                  "period_us = at least the budget, at most one hour"),
    "threads": (int, range(0, THREADS_MAX + 1), False,
                f"threads = 0 .. {THREADS_MAX}, beside the first one"),
    "memory_kib": (int, range(4, 1 << 30), True, "memory_kib = KiB for the whole program"),
    "core": (int, range(0, 64), False, "core = 0 .. [run] cores - 1"),
    "fpu": (bool, None, False, "fpu = true or false"),
    "start": (str, {"boot", "manual"}, False, 'start = "boot" or "manual"'),
    "restart": (str, {"never", "always"}, False, 'restart = "never" or "always"'),
    "restart_limit": (int, range(1, 1000), False, "restart_limit = 1 .. 999"),
    "restart_window_s": (int, range(1, 3601), False, "restart_window_s = 1 .. 3600"),
    "parent": (str, {"warden", "init"}, False, 'parent = "warden" or "init"'),
    "probe": (bool, None, False, "probe = true or false"),
    "may_wait": (bool, None, False, "may_wait = true or false"),
    "device": (str, set(DEVICES), False, "device = one of " + ", ".join(sorted(DEVICES))),
    "device_index": (int, range(0, 256), False, "device_index = 0 for the first of its kind"),
    "session_kib": (int, range(SESSION_MIN_KIB, 1 << 20), False,
                    f"session_kib = {SESSION_MIN_KIB} or more, shared with each client"),
    "keeps_kib": (int, range(4, 1 << 20), False, "keeps_kib = KiB that outlive it"),
    "pool_kib": (int, range(64, 1 << 20), False, "pool_kib = KiB, of which it may make children"),
    "grants_kib": (int, range(4, 1 << 20), False, "grants_kib = KiB of its cache that clients may have mapped"),
    "children": (int, range(1, CHILDREN_MAX + 1), False,
                 f"children = 1 .. {CHILDREN_MAX}, that it may start at once"),
    "child_uses": (list, None, False, 'child_uses = ["INTERFACE", ...] that these may use'),
    "view": (list, None, False, f"view = {views.EXAMPLE}"),
    "child_view": (list, None, False, f"child_view = {views.EXAMPLE}"),
    "child_priority": (int, range(0, 256), False, "child_priority = less than all programs'"),
    "child_budget_us": (int, range(BUDGET_MIN_US, PERIOD_MAX_US + 1), False,
                        "child_budget_us = the most that each may use in a period"),
    "child_period_us": (int, range(BUDGET_MIN_US, PERIOD_MAX_US + 1), False,
                        "child_period_us = at least the budget"),
    "child_threads": (int, range(0, THREADS_MAX + 1), False,
                      f"child_threads = 0 .. {THREADS_MAX}, that each may have beside its first one"),
    "resources": (list, None, False, "resources = [...], of " + ", ".join(RESOURCES)),
    "debug": (str, set(DEBUG), False, 'debug = "none", "write" or "read-write"'),
    "args": (str, None, False, 'args = "words between blanks"'),
    "offers": (list, None, False, 'offers = ["INTERFACE", ...]'),
    "uses": (list, None, False, 'uses = ["INTERFACE", ...]'),
    "calls": (list, None, False, 'calls = ["INTERFACE", ...], without a session'),
}
