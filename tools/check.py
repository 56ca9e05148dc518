#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Everything but tests that a change must pass. Prints what is wrong and how to mend it, or
`check: ok`. --only STEP runs one step (its name as printed).
"""
import argparse
import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import project

JOBS = os.cpu_count() or 1
PYTHON = [sys.executable, "-B"]


def run(command, **options):
    """None if it succeeds, else what it said."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", **options)
    if done.returncode == 0:
        return None
    return (done.stdout + done.stderr).strip() or f"{command[0]} ended with {done.returncode}"


def run_all(commands):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return "\n".join(filter(None, pool.map(run, commands))) or None


def format_step(_):
    names = project.files_ending(".c", ".h")
    said = run(["clang-format", "--dry-run", "-Werror", *names]) if names else None
    if said:
        wrong = sorted({line.split(":")[0] for line in said.splitlines() if ": error: " in line})
        return "clang-format -i " + " ".join(wrong) + "    # mends it"
    return None


def make(*words):
    return run(["make", "-s", "--no-print-directory", f"-j{JOBS}", *words])


def gcc_step(args):
    return make("all", "host-tests", "plugin", "BUILD=" + args.build)


def clang_step(args):
    return make("all", "CC=clang", "BUILD=" + os.path.join(args.build, "clang"))


def script_step(name):
    return lambda args: run([*PYTHON, f"tools/{name}.py"] +
                            (["--build", args.build] if name != "check_sizes" else []))


def headers_step(args):
    """Each public header compiles alone, with the include path of its own module only."""
    commands = []
    modules = project.modules(args.build).values()
    places = [(folder, module.flags[module.way()], module.way()) for module in modules
              for folder in module.dirs]
    generated = os.path.join(args.build, "gen", "include")
    places.append(("abi/include", ["-Iabi/include", "-I" + generated], "user"))
    for folder, flags, way in places:
        for name in project.files_ending(".h"):
            if not name.startswith(folder + "/"):
                continue
            freestanding = ["-D_GNU_SOURCE"] if way == "host" else ["-ffreestanding"]
            commands.append(["gcc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                             *freestanding, *flags, "-x", "c", "-include", name, "/dev/null"])
    return run_all(commands)


def sources(args):
    """(module, source files that its own way of compiling takes)"""
    for module in project.modules(args.build).values():
        names = [os.path.join(module.name, name) for name in module.sources if name.endswith(".c")]
        yield module, [name for name in names if os.path.exists(name)]


def cppcheck_step(args):
    commands = []
    for module, names in sources(args):
        if names:
            paths = [flag for flag in module.flags[module.way()] if flag.startswith("-I")]
            commands.append(["cppcheck", "--quiet", "--std=c11", "--error-exitcode=1",
                             "--enable=warning,portability", "--inline-suppr", "--max-configs=1",
                             "--suppress=missingInclude", "--suppress=preprocessorErrorDirective",
                             # It does not know that a failed assert() ends here.
                             "--suppress=arrayIndexOutOfBoundsCond",
                             # It takes the outputs of inline assembly for uninitialised.
                             "--suppress=uninitvar:*/arch/*", "--suppress=uninitvar:*x86_64*",
                             "-D__x86_64__", "-D__GNUC__=12", *paths, *names])
    return run_all(commands)


def tidy_step(args):
    commands = []
    for module, names in sources(args):
        way = module.way()
        freestanding = ["-D_GNU_SOURCE"] if way == "host" else ["-ffreestanding"]
        for name in names:
            commands.append(["clang-tidy", "--quiet", name, "--", "-std=c17", *freestanding,
                             *module.flags[way]])
        for test in module.tests:
            commands.append(["clang-tidy", "--quiet", os.path.join(module.name, test), "--",
                             "-std=c17", "-D_GNU_SOURCE", *module.flags["host"]])
    said = run_all(commands)
    # The file and the line are enough; the same header complains once for each that includes it.
    return said and "\n".join(dict.fromkeys(line for line in said.splitlines()
                                            if ": error: " in line or line.startswith("Error")))


def products(build):
    found = {}
    for folder, ends in (("kernel", ".elf"), ("programs", ""), ("systems", ".cpio")):
        where = os.path.join(build, folder)
        for name in sorted(os.listdir(where)) if os.path.isdir(where) else []:
            path = os.path.join(where, name)
            if os.path.isfile(path) and name.endswith(ends):
                with open(path, "rb") as file:
                    found[f"{folder}/{name}"] = hashlib.sha256(file.read()).hexdigest()
    return found


def same_bytes_step(args):
    """Built in another folder, everything that boots must come out bit by bit the same."""
    with tempfile.TemporaryDirectory() as top:
        copy = os.path.join(top, "another", "place-for-it")
        for name in project.files():
            os.makedirs(os.path.dirname(os.path.join(copy, name)), exist_ok=True)
            shutil.copy(name, os.path.join(copy, name))
        # Source packages are the same wherever they lie.
        sources_folder = "SOURCES=" + os.path.abspath("build/sources")
        said = run(["make", "-s", f"-j{JOBS}", "all", sources_folder], cwd=copy)
        if said:
            return said
        here, there = products(args.build), products(os.path.join(copy, "build"))
    wrong = [name for name in there if here.get(name) != there[name]]
    return wrong and f"differ when built in another folder: {', '.join(wrong)}"


STEPS = (
    ("format", format_step),
    ("gcc", gcc_step),
    ("text", script_step("check_text")),
    ("sizes", script_step("check_sizes")),
    ("modules", script_step("check_modules")),
    ("clang", clang_step),
    ("headers", headers_step),
    ("cppcheck", cppcheck_step),
    ("tidy", tidy_step),
    ("same-bytes", same_bytes_step),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only")
    args = parser.parse_args()
    os.environ.pop("MAKEFLAGS", None)
    os.environ.pop("MAKELEVEL", None)
    failed = []
    for name, step in STEPS:
        if args.only not in (None, name):
            continue
        start = time.monotonic()
        said = step(args)
        print(f"{'ok  ' if not said else 'FAIL'} {name} ({time.monotonic() - start:.1f} s)")
        if said:
            print("    " + said.replace("\n", "\n    "))
            failed.append(name)
        sys.stdout.flush()
    print("check: ok" if not failed else "check: failed: " + ", ".join(failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
