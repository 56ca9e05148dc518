# SPDX-License-Identifier: MIT
"""What checkers ask about the project: its files, and what the build knows about its modules."""
import functools
import os
import subprocess


@functools.lru_cache(None)
def files():
    """All files of the project: tracked, or new and not ignored."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                         capture_output=True, text=True).stdout
    return [name for name in sorted(set(out.splitlines())) if os.path.isfile(name)]


def files_ending(*ends):
    return [name for name in files() if name.endswith(ends)]


@functools.lru_cache(None)
def text(name):
    with open(name, encoding="utf-8", errors="replace") as file:
        return file.read()


class Module:
    """One module.mk, as `make facts` prints it."""

    def __init__(self, name, kind):
        self.name = name
        self.kind = kind
        self.uses = self.test_uses = self.sources = self.tests = self.dirs = ()
        self.flags = {}

    def headers(self):
        return [name for name in files_ending(".h", ".def")
                if any(name.startswith(folder + "/") for folder in self.dirs)]

    def way(self):
        """How its sources are compiled: the name of a set of flags."""
        if self.kind == "kernel":
            return "host" if self.name.startswith("kernel/arch/host") else "many"
        return "host" if self.kind.startswith("host") else "user"


@functools.lru_cache(None)
def modules(build):
    out = subprocess.run(["make", "-s", "--no-print-directory", "facts", "BUILD=" + build],
                         check=True, capture_output=True, text=True).stdout
    found = {}
    for line in out.splitlines():
        fact, name, *values = line.split()
        if fact == "module":
            found[name] = Module(name, values[0])
        elif fact.startswith("flags."):
            found[name].flags[fact[6:]] = values
        elif name in found:
            setattr(found[name], fact, tuple(values))
    return found
