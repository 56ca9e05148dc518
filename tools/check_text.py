#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What every file must or must not hold: a licence line, no name of a machine, the habits of C."""
import argparse
import os
import re
import sys

import project

LICENSED = (".c", ".h", ".S", ".def", ".py", ".sh", ".mk", ".ld", ".idl", ".toml", ".pml")
SPDX = "SPDX-License-Identifier: MIT"
# Registries and folders of one machine. (In brackets, so that this file does not match itself.)
FORBIDDEN = re.compile(r"(deb|security|snapshot|ftp[.a-z]*)[.]debian[.](org|net)|registry[.]npmjs|"
                       r"pypi[.](org|python)|proxy[.]golang|(?<![\w.*)])[/](work|farm|root|tmp/bash_jobs)/|"
                       r"[.][.]/shared")
RULES_C = (
    (re.compile(r"^\s*extern\s+(?!\"C\")", re.M), (".c",), "extern in a .c: declare it in a header"),
    (re.compile(r"^\s*#\s*if\s+0\b", re.M), (".c", ".h", ".S"), "#if 0: delete dead code"),
    (re.compile(r"\bTODO\b(?!\(#\d+\)|: #\d+)"), (".c", ".h", ".S"),
     "a TODO names its issue: TODO(#12)"),
    (re.compile(r"\b(asm|__asm__)\b"), (".c", ".h"), "inline assembly belongs in arch"),
)
# Where inline assembly may stand: folders and files of one ISA, libraries, benchmarks, and boot tests,
# which try what is forbidden.
ASSEMBLY = re.compile(r"(^|/)arch(/|_)|x86_64|^bench/|^lib/|^tests/boot/")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def check(name):
    text = project.text(name)
    if name.endswith(LICENSED) or name == "Makefile":
        if SPDX not in "\n".join(text.split("\n")[:3]):
            yield f"{name}: no licence line at its top; add  {SPDX}"
    match = FORBIDDEN.search(text)
    if match:
        yield f"{name}:{line_of(text, match.start())}: names {match[0]}, which is of one machine"
    if name.endswith(".h") and "#pragma once" not in text:
        yield f"{name}: a header starts with #pragma once"
    for rule, ends, why in RULES_C:
        if not name.endswith(ends) or ("assembly" in why and ASSEMBLY.search(name)):
            continue
        match = rule.search(re.sub(r"/\*.*?\*/", lambda c: re.sub(r"[^\n]", " ", c[0])
                                   if "TODO" not in c[0] else c[0], text, flags=re.S))
        if match:
            yield f"{name}:{line_of(text, match.start())}: {why}"


def check_manual(build):
    """docs/abi.md is generated, and committed so that it can be read without a build."""
    made = os.path.join(build, "gen", "docs", "abi.md")
    if os.path.exists(made) and os.path.exists("docs/abi.md"):
        if project.text(made) != project.text("docs/abi.md"):
            yield f"docs/abi.md is not what abi/idl says: cp {made} docs/abi.md"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    args = parser.parse_args()
    complaints = [line for name in project.files() if not name.endswith((".png", ".jpg"))
                  for line in check(name)]
    complaints += check_manual(args.build)
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
