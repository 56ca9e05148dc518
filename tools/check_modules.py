#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compare the `uses` of each module.mk with what the module includes: both ways must agree.

With --fix, the lines are written as they should be. `test_uses` is compared with what only its
tests include. Headers of one's own, of arch_impl (the other side of kernel/arch) and of the C library
need no line.
"""
import argparse
import os
import re
import sys
import textwrap

import project

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def owners(build, modules):
    """Header as it is included -> module it belongs to."""
    found = {}
    places = [("abi", "abi/include")]
    places += [("tests/host", "tests/host/include")]
    places += [(m.name, folder) for m in modules.values() for folder in m.dirs]
    if "kernel/arch" not in modules:
        places.append(("kernel/arch", "kernel/arch/include"))
    folders = {}
    for owner, folder in places:
        for name in project.files_ending(".h", ".def", ".inc"):
            if name.startswith(folder + "/"):
                header = name[len(folder) + 1:]
                found[header] = owner
                folders[header.split("/")[0]] = owner
    # A generated header belongs to the module whose headers stand in a folder of the same name.
    generated = os.path.join(build, "gen", "include")
    for where, _, names in os.walk(generated):
        for name in names:
            header = os.path.relpath(os.path.join(where, name), generated)
            found[header] = folders.get(header.split("/")[0], "abi")
    return found


def included(names, module, owner_of):
    """Modules, other than its own, that these files include headers of; with one file each."""
    found = {}
    for name in names:
        if not os.path.exists(name):
            continue
        for header in INCLUDE.findall(project.text(name)):
            owner = owner_of.get(header)
            if owner and owner != module.name and not header.startswith("arch_impl/"):
                found.setdefault(owner, f"{name} includes {header}")
    return found


def files_of(module, tests):
    own = [name for name in project.files_ending(".c", ".h", ".S", ".inc")
           if name.startswith(module.name + "/")
           and not any(name.startswith(other + "/") for other in module.inner)]
    in_tests = {name for name in own if name.startswith(module.name + "/test/")}
    in_tests |= {os.path.join(module.name, test) for test in module.tests}
    return [name for name in own if (name in in_tests) == tests]


SETTING = r"^{} *[:+]?=(?:[^\n]*\\\n)*[^\n]*\n"


def rewrite(module, setting, values):
    """Replace (or add, or take out) one setting of a module.mk."""
    path = f"{module.name}/module.mk"
    line = textwrap.fill(f"{setting} := {' '.join(sorted(values))}", 98, break_on_hyphens=False,
                         break_long_words=False, subsequent_indent=" " * (len(setting) + 4))
    line = line.replace("\n", " \\\n") + "\n" if values else ""
    with open(path) as file:
        text = file.read()
    pattern = re.compile(SETTING.format(setting), re.M)
    text = pattern.sub(lambda _: line, text) if pattern.search(text) else text + line
    with open(path, "w") as file:
        file.write(text)


def fix(module, real, for_tests):
    libs = {owner for owner in module.uses if owner.startswith("lib/")}
    uses = set(real) | libs
    test_uses = set(for_tests) - uses
    if uses != set(module.uses):
        rewrite(module, "uses", uses)
    if test_uses != set(module.test_uses):
        rewrite(module, "test_uses", test_uses)


def look(module, owner_of):
    real = included(files_of(module, False), module, owner_of)
    for_tests = included(files_of(module, True), module, owner_of)
    for_tests.pop("tests/host", None)
    return real, for_tests


def compare(module, real, for_tests, complaints):
    where = f"{module.name}/module.mk"
    for owner, why in sorted(real.items()):
        if owner not in module.uses:
            complaints.append(f"{where}: add {owner} to uses ({why})")
    for owner in module.uses:
        if owner not in real and not owner.startswith("lib/"):
            complaints.append(f"{where}: take {owner} from uses (no file includes a header of it)")
    for owner, why in sorted(for_tests.items()):
        if owner not in module.uses and owner not in module.test_uses:
            complaints.append(f"{where}: add {owner} to test_uses ({why})")
    for owner in module.test_uses:
        if owner in module.uses or owner not in for_tests:
            complaints.append(f"{where}: take {owner} from test_uses")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--fix", action="store_true", help="write the lines as they should be")
    args = parser.parse_args()
    modules = project.modules(args.build)
    owner_of = owners(args.build, modules)
    complaints = []
    for module in modules.values():
        module.inner = [name for name in modules if name.startswith(module.name + "/")]
        real, for_tests = look(module, owner_of)
        if args.fix:
            fix(module, real, for_tests)
            continue
        compare(module, real, for_tests, complaints)
        for name in module.uses + module.test_uses:
            if name not in modules and name not in ("abi", "kernel/arch", "tests/host"):
                complaints.append(f"{module.name}/module.mk: uses {name}, which is no module")
    if complaints:
        print("\n".join(complaints + ["tools/check_modules.py --fix    # mends it"]))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
