#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The limits of docs/conventions.md, section 10, for C: lengths, parameters, nesting.

A file whose opening comment has a line `Size: reason` is excused. Relies on the formatter: a function
begins at a line that is not indented and its body is between `{` and `}` in the first column.
"""
import re
import sys

import project

FUNCTION_LINES = 60
FILE_LINES = {".c": 500, ".h": 200}
PARAMETERS = 5
NESTING = 5

OPENS_BLOCK = re.compile(r"(\)|\belse|\bdo|:|^)\s*\{$")
EXCUSE = re.compile(r"^\s*(/?\*+|//)\s*Size: \S", re.M)


def is_excused(text):
    opening = re.match(r"(\s*/\*.*?\*/)+", text, re.S)
    return bool(opening and EXCUSE.search(opening[0]))


def without_comments(text):
    """Comments and strings blanked, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"' r"|'(?:\\.|[^'\\\n])*'", blank, text,
                  flags=re.S)


def parameter_count(signature):
    inside = signature[signature.find("(") + 1:signature.rfind(")")]
    depth = 0
    count = 1
    for char in inside:
        depth += (char == "(") - (char == ")")
        count += char == "," and depth == 0
    return 0 if inside.strip() in ("", "void") else count


def functions(lines):
    """(first line, signature, body lines) of each function."""
    at = 0
    while at < len(lines):
        if lines[at] == "{":
            first = at
            while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "}#/":
                first -= 1
            end = at
            while end < len(lines) and not lines[end].startswith("}"):
                end += 1
            if "(" in "".join(lines[first:at]):
                yield first, " ".join(lines[first:at]), lines[at + 1:end]
            at = end
        at += 1


def nesting_of(body):
    depth = deepest = 0
    stack = []
    for line in body:
        stripped = line.strip()
        for position, char in enumerate(stripped):
            if char == "{":
                is_block = bool(OPENS_BLOCK.search(stripped[:position + 1]))
                stack.append(is_block)
                depth += is_block
                deepest = max(deepest, depth)
            elif char == "}" and stack:
                depth -= stack.pop()
    return deepest


def check(name):
    text = project.text(name)
    if is_excused(text):
        return
    lines = [line.rstrip() for line in without_comments(text).split("\n")]
    limit = FILE_LINES[name[-2:]]
    if len(lines) - 1 > limit:
        yield f"{name}: {len(lines) - 1} lines, at most {limit}: split it"
    for first, signature, body in functions(lines):
        where = f"{name}:{first + 1}: {signature.split('(')[0].split()[-1].lstrip('*')}()"
        length = len(body) + 3
        if length > FUNCTION_LINES:
            yield f"{where} has {length} lines, at most {FUNCTION_LINES}: split it"
        if parameter_count(signature) > PARAMETERS:
            yield f"{where} has {parameter_count(signature)} parameters, at most {PARAMETERS}"
        if nesting_of(body) > NESTING:
            yield f"{where} nests {nesting_of(body)} deep, at most {NESTING}"


def main():
    complaints = [line for name in project.files_ending(".c", ".h") for line in check(name)]
    for line in complaints:
        print(line + " (or say why in the opening comment: Size: reason)")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
