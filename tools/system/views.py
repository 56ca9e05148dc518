# SPDX-License-Identifier: MIT
"""Views: which files a program can name, and by which paths (docs/names.md)."""
import re
from dataclasses import dataclass

from system import layout

INTERFACE = "names"
EXAMPLE = '["/ = file:/", "/tmp = tmp:/", "/docs = file:/public/docs read-only"]'
MOUNT = re.compile(r"(\S+) = ([^\s:]+):(\S*)( read-only)?")
SESSION_KIB = 24  # rings, a path, and a page of data: what lib/file can work with
MOUNTS_MAX = layout.CONSTANTS["FILES_MOUNTS_MAX"]
SERVERS_MAX = layout.CONSTANTS["FILES_SERVERS_MAX"]


@dataclass
class Mount:
    path: str
    server: str
    base: str
    is_read_only: bool

    def __str__(self):
        return f"{self.path} = {self.server}:{self.base}" + (" read-only" if self.is_read_only else "")


def plain(path):
    """As the same place is always written; None: it names none by itself."""
    names = path.split("/")
    if names[0] != "" or len(names) < 2 or any(name in ("", ".", "..") for name in names[1:] if path != "/"):
        return None
    return path


def read_mount(system, path, owner, text):
    """A Mount, or None and a problem."""
    match = MOUNT.fullmatch(text)
    if not match:
        system.report(path, f'{owner}: "{text}" is no part of a view; write "/PATH = INTERFACE:/PATH", and '
                      '" read-only" behind it if nothing is to be changed there')
        return None
    mount = Mount(match[1], match[2], match[3], bool(match[4]))
    for part, of, name in ((mount.path, "path", "where it stands"), (mount.base, "base", "what stands there")):
        room = layout.text_room("VIEW", of)
        if plain(part) is None:
            system.report(path, f'{owner}: "{text}": {name} is "{part}"; write a path from the top, without "..", '
                          '"." and needless slashes, as "/" or "/a/b"')
            return None
        if len(part.encode()) > room:
            system.report(path, f'{owner}: "{text}": {name} is too long; write at most {room} bytes')
            return None
    return mount


def read_view(system, program, key):
    path = ("program", program.name, key)
    mounts = [read_mount(system, path, program.name, text) for text in getattr(program, key) or ()]
    mounts = [mount for mount in mounts if mount]
    seen = set()
    for mount in mounts:
        if mount.path in seen:
            system.report(path, f"{program.name}: two parts of its {key} stand at {mount.path}; take one off, or write "
                          "another path")
        seen.add(mount.path)
    if len(mounts) > MOUNTS_MAX:
        system.report(path, f"{program.name}: its {key} has {len(mounts)} parts; write at most {MOUNTS_MAX}")
    servers = {mount.server for mount in mounts}
    if len(servers) > SERVERS_MAX:
        system.report(path, f"{program.name}: its {key} is of {len(servers)} servers; write at most {SERVERS_MAX}")
    return mounts


def read(system, program):
    """What the keys say, and what follows: who has a view uses the name space."""
    program.mounts = read_view(system, program, "view")
    program.child_mounts = read_view(system, program, "child_view")
    for view, uses in ((program.view, "uses"), (program.child_view, "child_uses")):
        if view is not None and INTERFACE not in getattr(program, uses):
            setattr(program, uses, getattr(program, uses) + [INTERFACE])


def check_mount(system, program, keys, mount):
    key, uses_key = keys
    path = system.of(program, key)
    names = system.interfaces[INTERFACE]
    server = system.interfaces.get(mount.server)
    if mount.server not in names.uses:
        system.report(path, f'{program.name}: "{mount}": {mount.server} is no file server that {names.name} knows; write '
                      f"one of {', '.join(sorted(names.uses))}, or add it to the uses of {names.name}")
    elif mount.server not in getattr(program, uses_key):
        system.report(path, f'{program.name}: "{mount}": it may not call {mount.server}; add {mount.server} to its '
                      f"{uses_key}")
    elif server and server.session_kib < SESSION_KIB:
        system.report(system.of(server, "session_kib"), f"{server.name}: with {server.session_kib} KiB for a session no "
                      f"files can be read; write session_kib = {SESSION_KIB} or more")


def check(system):
    """Once interfaces are known. That a program uses names and nobody offers it was said before."""
    names = system.interfaces.get(INTERFACE)
    if names is None:
        return
    if "archive" not in names.resources:
        system.report(system.of(names, "resources"), f"{names.name} reads views in the boot archive; write "
                      'resources = ["archive"]')
    for program in system.programs:
        if program.is_child:
            continue
        if INTERFACE in program.uses and program.view is None:
            system.report(system.of(program, "uses"), f"{program.name} uses {INTERFACE} and has no view; write "
                          f"view = {EXAMPLE}, or take {INTERFACE} off uses")
        for mounts, keys in ((program.mounts, ("view", "uses")), (program.child_mounts, ("child_view", "child_uses"))):
            for mount in mounts:
                check_mount(system, program, keys, mount)
    total = sum(len(program.mounts) for program in system.programs)
    if total > layout.CONSTANTS["DESCRIPTION_VIEWS"]:
        system.report(("program",), f"all views together have {total} parts; write at most "
                      f"{layout.CONSTANTS['DESCRIPTION_VIEWS']}")
