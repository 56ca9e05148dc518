#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Check a system and compile its description for the root program; docs/systems.md says how to write one.

    tools/system.py systems/default.toml --out FILE --programs build/programs
    tools/system.py systems/default.toml --list     programs that it needs
    tools/system.py systems/default.toml --graph    who can reach whom, for Graphviz

Every problem is printed as FILE:LINE: what is wrong; what to write. The exit status is then 1.
"""
import argparse
import os
import sys

# This script and the package beside it have one name: the package is found first.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from system import check, emit, source  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--programs", help="where built programs are, to check sizes")
    parser.add_argument("--out", help="write the description here")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--graph", action="store_true")
    return parser.parse_args()


def main():
    args = arguments()
    try:
        system = check.check(source.Source(args.file), args.programs)
    except OSError as error:
        sys.exit(f"{args.file}: {error.strerror}")
    except source.Problem as problem:
        sys.exit(str(problem))
    if system.problems:
        sys.exit("\n".join(str(problem) for problem in system.problems))
    if args.list:
        print("\n".join(emit.listing(system)))
    if args.graph:
        print(emit.graph(system), end="")
    if args.out:
        with open(args.out, "wb") as file:
            file.write(emit.binary(system))


if __name__ == "__main__":
    main()
