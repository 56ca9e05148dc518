# SPDX-License-Identifier: MIT
"""What comes out of a checked system: the description for the root program, a list, a drawing."""
from system import layout, views
from system.check import ports_of
from system.keys import DEBUG, DEVICES, RANK_WARDEN

C = layout.CONSTANTS


def flags_of(program):
    flags = DEBUG[program.debug]
    if program.start == "boot":
        flags |= C["DESCRIPTION_START"]
    if program.fpu:
        flags |= C["DESCRIPTION_FPU"]
    if program.view is not None:
        flags |= C["DESCRIPTION_VIEWED"]
    if program.is_child:
        return flags & C["DESCRIPTION_VIEWED"]
    if program.parent == "init":
        flags |= C["DESCRIPTION_OF_INIT"]
    elif program.probe:
        flags |= C["DESCRIPTION_PROBE"]
    if program.may_wait:
        flags |= C["DESCRIPTION_MAY_WAIT"]
    if "ecam" in program.resources:
        flags |= C["DESCRIPTION_ECAM"]
    if "trace" in program.resources:
        flags |= C["DESCRIPTION_TRACE"]
    if "archive" in program.resources:
        flags |= C["DESCRIPTION_ARCHIVE"]
    if views.INTERFACE in program.offers:
        flags |= C["DESCRIPTION_NAMES"]
    return flags


def binary(system):
    """The same bytes for the same file, always."""
    numbers = {name: number for number, name in enumerate(system.interfaces)}
    parts = []
    places = {p.name: number + 1 for number, p in enumerate(system.programs)}
    for p in system.programs:
        parts.append(layout.pack("PROGRAM", {
            "memory_bytes": p.memory_kib * 1024, "budget_ns": p.budget_us * 1000,
            "period_ns": p.period_us * 1000, "uses": sum(1 << numbers[name] for name in set(p.uses)),
            "calls": sum(1 << numbers[name] for name in set(p.calls)),
            "threads": p.threads, "priority": p.priority,
            "spare_priority": p.spare_priority, "irq_band": p.wanted_by // 16, "rank": p.rank, "core": p.core, "flags": flags_of(p),
            "restart_limit": p.restart_limit if p.restart == "always" else 0,
            "restart_window_ms": p.restart_window_s * 1000, "session_bytes": p.session_kib * 1024,
            "keeps_bytes": p.keeps_kib * 1024, "pool_bytes": p.pool_kib * 1024,
            "grants_bytes": p.grants_kib * 1024, "device_vendor": DEVICES.get(p.device, (0, 0))[0],
            "device_number": DEVICES.get(p.device, (0, 0))[1], "device_index": p.device_index,
            "ports_first": ports_of(p)[0], "ports_count": ports_of(p)[1], "line": ports_of(p)[2] + 1,
            "parent": places[p.parent] if p.is_child else 0,
            "name": p.name, "binary": p.program, "args": p.args}))
    for name, server in system.interfaces.items():
        parts.append(layout.pack("INTERFACE", {
            "server": C["DESCRIPTION_WARDEN"] if server is None else system.programs.index(server),
            "rank": RANK_WARDEN if server is None else server.rank, "name": name}))
    mounts = [(number, mount) for number, p in enumerate(system.programs) for mount in p.mounts]
    for number, mount in mounts:
        parts.append(layout.pack("VIEW", {
            "program": number, "flags": C["DESCRIPTION_VIEW_READ_ONLY"] if mount.is_read_only else 0,
            "server": mount.server, "path": mount.path, "base": mount.base}))
    body = b"".join(parts)
    head = {"magic": C["DESCRIPTION_MAGIC"], "version": C["DESCRIPTION_VERSION"],
            "flags": C["DESCRIPTION_DMA_TRUSTED"] if system.source.data.get("dma") == "trusted" else 0,
            "patience": system.source.data.get("patience", 1), "reserved": 0,
            "program_count": len(system.programs), "interface_count": len(system.interfaces),
            "child_count": sum(1 for p in system.programs if p.is_child),
            "view_count": len(mounts), "bytes": layout.size_of("HEADER") + len(body)}
    return layout.pack("HEADER", head) + body


def listing(system):
    """The programs that must be built, the root program first."""
    first = [system.root] + (["warden"] if system.root == "init" else [])
    return first + sorted({p.program for p in system.programs if not p.is_child} - set(first))


def graph(system):
    """Who can reach whom, for Graphviz: calls as lines, faults as dotted lines."""
    out = ["digraph system {", "    rankdir = TB;", '    node [shape=box, fontname="sans-serif"];',
           '    edge [fontname="sans-serif", fontsize=10];',
           f'    "root" [label="{system.root}\\nrank 0", style=bold];',
           f'    "warden" [label="warden\\nrank {RANK_WARDEN} and 15", style=bold];',
           '    "warden" -> "root" [style=dotted];']
    programs = sorted((p for p in system.programs if not p.is_child), key=lambda p: p.name)
    for p in programs:
        label = (f"{p.name}\\n{p.program} {p.args}".rstrip() +
                 f"\\nrank {p.rank}, priority {p.priority}\\n{p.budget_us} of {p.period_us} us, "
                 f"{p.memory_kib} KiB" + "".join(f"\\n{mount}" for mount in p.mounts))
        label += "".join(f"\\nchildren: {mount}" for mount in p.child_mounts)
        out.append(f'    "program {p.name}" [label="{label}"];')
    if any(p.debug != "none" for p in programs):
        out.append('    "debug UART" [shape=ellipse];')
    for p in programs:
        for name in sorted(set(p.uses)):
            server = system.interfaces[name]
            target = f"program {server.name}" if server else "warden"
            out.append(f'    "program {p.name}" -> "{target}" [label="{name}"];')
        for name in sorted(set(p.child_uses)):
            server = system.interfaces[name]
            target = f"program {server.name}" if server else "warden"
            out.append(f'    "program {p.name}" -> "{target}" [label="children: {name}", style=dashed];')
        if p.debug != "none":
            out.append(f'    "program {p.name}" -> "debug UART" [label="{p.debug}"];')
        out.append(f'    "program {p.name}" -> "{p.parent if p.parent != "init" else "root"}" '
                   '[style=dotted];')
    return "\n".join(out + ["}"]) + "\n"
